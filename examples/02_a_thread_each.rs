//! Chapter 2: a thread for each file, all started before any is waited for; and what a thread costs.
//!
//! `cargo run --example 02_a_thread_each`

use std::io;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use glassloop::trace::{Recorder, file};

#[path = "book/client.rs"]
mod client;
#[path = "book/server.rs"]
mod server;

const FILES: usize = 6;
const MANY: usize = 1000;

fn main() -> io::Result<()> {
    let recorder = Recorder::new();
    all_at_once(&recorder)?;
    let (to_start, memory) = cost()?;
    println!("{MANY} threads that do nothing:");
    println!("  {to_start:.0?} to start each");
    println!("  {memory} KiB of memory for each");
    file::save_if_asked(|| recorder.finish("a thread each"))
}

// ANCHOR: all_at_once
fn all_at_once(recorder: &Recorder) -> io::Result<()> {
    let server = server::start(FILES)?;
    let start = Instant::now();
    let threads: Vec<_> = (1..=FILES)
        .map(|file| {
            let track = recorder.track(format!("file {file}"));
            thread::spawn(move || track.run(|| client::Session::open(server)?.fetch(file)))
        })
        .collect(); // all of them have been started now
    for thread in threads {
        thread.join().unwrap()?;
    }
    println!("{FILES} files by as many threads: {:.0?}", start.elapsed());
    Ok(())
}
// ANCHOR_END: all_at_once

// ANCHOR: cost
/// What one of many threads costs: the time to start it, and KiB of memory while it does nothing.
fn cost() -> io::Result<(Duration, usize)> {
    let (before, all_here) = (memory()?, Barrier::new(MANY + 1));
    thread::scope(|scope| {
        let start = Instant::now();
        for _ in 0..MANY {
            // The first barrier shows that all exist, the second lets them go.
            scope.spawn(|| (all_here.wait(), all_here.wait()));
        }
        let to_start = start.elapsed() / MANY as u32;
        all_here.wait();
        let each = (memory()?.saturating_sub(before)) / MANY;
        all_here.wait();
        Ok((to_start, each))
    })
}

/// KiB of memory that this process really occupies (Linux tells; elsewhere it looks like none).
fn memory() -> io::Result<usize> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    Ok(line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0))
}
// ANCHOR_END: cost
