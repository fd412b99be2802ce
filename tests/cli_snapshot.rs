//! SIGUSR1 shows what the event loop of a command is doing, and does it no harm.

#![cfg(feature = "cli")]

mod e2e_support;

use std::io::Write;

use e2e_support::servers::say_nothing;
use e2e_support::{Folder, Running, Scripted, glassloop, wait_for};
use nix::sys::signal::Signal;

/// A download whose one file stands still half-way.
fn standing_still(model: &str) -> (Scripted, Folder, Running) {
    let stalling = Scripted::start(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbeginning")?;
        say_nothing(stream)
    });
    let folder = Folder::new();
    let args = ["download", &stalling.url("file"), "-o", folder.arg(), "--model", model];
    let running = Running::start(&mut glassloop(args));
    wait_for("the beginning", || folder.has("file.part").then_some(()));
    (stalling, folder, running)
}

#[test]
fn a_download_shows_its_tasks_by_their_urls_and_what_they_wait_for() {
    let (server, folder, mut running) = standing_still("event-loop");
    running.signal(Signal::SIGUSR1);
    running.wait_until_it_says("descriptor");
    running.interrupt();
    let run = running.end();
    run.exits(130).says(" tasks\n");
    let url = server.url("file");
    let line = run.stderr.lines().find(|line| line.contains(&url)).expect("the task's name");
    // Below the one that awaits it; it waits for its socket, or an interrupt.
    assert!(line.starts_with("    task "), "{run}");
    assert!(line.contains("waiting for descriptor ") && line.contains(" to be read"), "{run}");
    assert!(line.contains("event_loop.rs:") && line.contains("; polled "), "{run}");
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn a_model_without_a_loop_says_so() {
    let (_server, _folder, mut running) = standing_still("threads");
    running.signal(Signal::SIGUSR1);
    running.wait_until_it_says("no event loop runs in this process");
    running.interrupt();
    running.end().exits(130);
}
