//! What things cost, counted by others: instructions by valgrind, system calls by strace.

#![cfg(feature = "cli")]

mod e2e_support;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use e2e_support::{Folder, Running, for_every_model, tools, wait_for};
use glassloop::workloads::Model;

/// How many instructions a sum takes.
fn instructions(valgrind: &Path, model: Model, last: u64) -> u64 {
    let mut command = Command::new(valgrind);
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.args([env!("CARGO_BIN_EXE_glassloop"), "sum", "--model", model.name()]);
    // Each process is counted by itself, and a worker is the first to end: one of them is to add it all.
    let chunks = if model == Model::Processes { "1" } else { "2" };
    command.args(["--chunks", chunks, "--range", &format!("1..={last}")]);
    let run = Running::start(&mut command).end();
    run.exits(0);
    assert!(run.stdout.contains(&format!(" {}\n", last * (last + 1) / 2)), "{run}");
    let count = run.stderr.split("Collected : ").nth(1).and_then(|rest| rest.lines().next());
    count.and_then(|count| count.trim().parse().ok()).unwrap_or_else(|| panic!("no count: {run}"))
}

#[test]
fn a_sum_adds_every_number_under_every_model() {
    let Some(valgrind) = tools::find("valgrind") else { return };
    for_every_model(|model| {
        let [one, two, four] =
            [100_000, 200_000, 400_000].map(|last| instructions(&valgrind, model, last));
        // What is left after subtraction is the adding: 100,000 numbers, then 200,000.
        let (first, second) = (two - one, four - two);
        assert!(first >= 100_000, "{model}: {first} instructions for 100,000 numbers");
        let ratio = second as f64 / first as f64;
        assert!((1.9..2.1).contains(&ratio), "{model}: twice the numbers took {ratio} times");
    });
}

/// An example, which `cargo test` builds beside the tests.
fn example(name: &str) -> Option<PathBuf> {
    let tests = std::env::current_exe().unwrap();
    let example = tests.parent()?.parent()?.join("examples").join(name);
    if !example.is_file() {
        tools::skip(&format!("the example {name} is not built: `cargo build --examples`"));
        return None;
    }
    Some(example)
}

/// The system calls in a log of strace, each once.
fn calls(log: &str) -> impl Iterator<Item = &str> {
    // A call that another thread's interrupts is resumed in a second line; signals and ends are none.
    log.lines().filter(|line| line.contains('(') && !line.contains(" resumed>"))
}

#[test]
fn a_sleep_of_two_seconds_makes_at_most_five_system_calls() {
    let Some(strace) = tools::strace() else { return };
    let Some(example) = example("idle_sleep") else { return };
    let folder = Folder::new();
    let mut command = Command::new(strace);
    command.args(["-f", "-qq", "-o", &folder.at("log")]).arg(example);
    let run = Running::start(&mut command).end();
    run.exits(0);
    assert!(run.took >= Duration::from_secs(2), "{run}");
    let log = fs::read_to_string(folder.path().join("log")).unwrap();
    let calls: Vec<_> = calls(&log).collect();
    let position = |marker: &str| calls.iter().position(|call| call.contains(marker)).unwrap();
    let between = &calls[position("falling asleep") + 1..position("awake again")];
    assert!(between.iter().any(|call| call.contains("epoll_")), "no sleep at all: {between:#?}");
    assert!(between.len() <= 5, "{between:#?}");
}

#[test]
fn a_server_without_clients_makes_no_system_call() {
    let Some(strace) = tools::strace() else { return };
    let folder = Folder::new();
    let mut child = Command::new(strace)
        .args(["-f", "-qq", "-o", &folder.at("log"), env!("CARGO_BIN_EXE_glassloop")])
        .args(["serve", "--addr", "127.0.0.1:0", "--until-stdin-ends"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
    let count = || calls(&fs::read_to_string(folder.path().join("log")).unwrap()).count();
    // Until it has nothing left to do.
    let mut before = 0;
    wait_for("the server to be idle", || {
        thread::sleep(Duration::from_millis(300));
        let now = count();
        (std::mem::replace(&mut before, now) == now).then_some(())
    });
    let before = count();
    thread::sleep(Duration::from_secs(1));
    assert_eq!(count(), before, "it does something while nobody asks for anything");

    // What it does when somebody does shows in the log.
    let address = url.trim_end().trim_start_matches("http://").trim_end_matches('/');
    let mut client = TcpStream::connect(address).unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
    client.read_to_end(&mut Vec::new()).unwrap();
    assert!(count() > before);
    drop(child.stdin.take());
    assert!(wait_for("the server to end", || child.try_wait().unwrap()).success());
}
