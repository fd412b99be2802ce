//! Runs each test in a process of its own, this program again, and looks at what it leaves behind.
//!
//!   cargo test --test processes                 all of them
//!   cargo test --test processes killed          those with `killed` in their name
//!   GLASSLOOP_STRESS=1 cargo test --test processes stress    many more kills

use std::io::Write;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use nix::sys::prctl::set_child_subreaper;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::support::{children, state};

#[derive(Clone, Copy)]
pub(crate) struct Test {
    pub(crate) name: &'static str,
    pub(crate) run: fn(),
}

/// The status of a test that orphans processes by design. They must still end by themselves.
pub(crate) const ORPHANS_EXPECTED: i32 = 42;

/// A hang is a failure.
const LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 120 } else { 60 });
/// How long the processes of a test that is over may take to vanish.
const VANISHING: Duration = Duration::from_secs(2);

pub(crate) fn main(tests: &[Test]) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, name] = &arguments[..]
        && flag == "--only"
    {
        let test = tests.iter().find(|test| test.name == name).expect("a test of this name");
        (test.run)();
        return ExitCode::SUCCESS;
    }
    if arguments.iter().any(|argument| argument == "--list") {
        tests.iter().for_each(|test| println!("{}: test", test.name));
        return ExitCode::SUCCESS;
    }
    let filters: Vec<_> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |test: &&Test| {
        filters.is_empty() || filters.iter().any(|filter| test.name.contains(filter.as_str()))
    };
    let wanted: Vec<_> = tests.iter().filter(wanted).collect();
    // What a test leaves behind becomes a child of this process, and shows.
    set_child_subreaper(true).expect("this process can adopt orphans");
    println!("\nrunning {} tests", wanted.len());
    let start = Instant::now();
    let failed: Vec<_> = wanted.iter().filter(|test| !report(test)).map(|test| test.name).collect();
    let (word, passed) =
        (if failed.is_empty() { "ok" } else { "FAILED" }, wanted.len() - failed.len());
    println!(
        "\ntest result: {word}. {passed} passed; {} failed; 0 ignored; 0 measured; {} filtered out; \
         finished in {:.2}s\n",
        failed.len(),
        tests.len() - wanted.len(),
        start.elapsed().as_secs_f64()
    );
    failed.iter().for_each(|name| println!("failed: {name}"));
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn report(test: &Test) -> bool {
    print!("test {} ... ", test.name);
    std::io::stdout().flush().expect("standard output can be written");
    match run(test) {
        Ok(()) => println!("ok"),
        Err(why) => {
            println!("FAILED");
            println!("{why}");
            return false;
        }
    }
    true
}

fn run(test: &Test) -> Result<(), String> {
    let output = tempfile::tempfile().expect("a temporary file");
    let this = std::env::current_exe().expect("this program has a path");
    let copy = || Stdio::from(output.try_clone().expect("a copy of a file"));
    let process = Command::new(this)
        .args(["--only", test.name])
        .stdin(Stdio::null())
        .stdout(copy())
        .stderr(copy())
        .spawn()
        .expect("a process for the test");
    let test_process = Pid::from_raw(process.id() as i32);
    let deadline = Instant::now() + LIMIT;
    let mut outcome = None;
    let (mut adopted, mut orphans_expected) = (Vec::new(), false);
    while outcome.is_none() {
        match waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) if Instant::now() > deadline => {
                outcome = Some(Err("it hung".into()));
            }
            Ok(WaitStatus::StillAlive) => std::thread::sleep(Duration::from_millis(1)),
            Ok(status) if status.pid() == Some(test_process) => {
                outcome = Some(match status {
                    WaitStatus::Exited(_, 0) => Ok(()),
                    WaitStatus::Exited(_, ORPHANS_EXPECTED) => {
                        orphans_expected = true;
                        Ok(())
                    }
                    status => Err(format!("{status:?}")),
                });
            }
            Ok(status) => adopted.push(status),
            Err(error) => outcome = Some(Err(format!("cannot be waited for: {error}"))),
        }
    }
    let stubborn = end_what_is_left(&mut adopted);
    let mut outcome = outcome.expect("the loop ended");
    if outcome.is_ok() && !(stubborn.is_empty() && (orphans_expected || adopted.is_empty())) {
        outcome = Err(format!("it left processes behind: {adopted:?} {stubborn:?}"));
    }
    outcome.map_err(|why| {
        use std::io::{Read, Seek};
        let (mut text, mut output) = (Vec::new(), output);
        let _ = output.rewind().and_then(|()| output.read_to_end(&mut text));
        format!("--- {}: {why}\n{}", test.name, String::from_utf8_lossy(&text))
    })
}

/// Reaps what ends by itself; what does not, within a while, is returned, and made to.
fn end_what_is_left(adopted: &mut Vec<WaitStatus>) -> Vec<String> {
    let mut left = Vec::new();
    let deadline = Instant::now() + VANISHING;
    while let Ok(status) = waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG)) {
        if status != WaitStatus::StillAlive {
            adopted.push(status);
        } else if Instant::now() > deadline {
            for child in children(std::process::id()) {
                left.push(format!("{child} in state {:?}", state(child)));
                let _ = nix::sys::signal::kill(
                    Pid::from_raw(child as i32),
                    nix::sys::signal::Signal::SIGKILL,
                );
            }
            std::thread::sleep(Duration::from_millis(20));
        } else {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    left
}
