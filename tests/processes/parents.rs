//! The process that owns the pool is killed, or interrupted.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio, id};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use glassloop::processes::ProcessPool;
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::support::*;
use crate::tests;

tests![
    a_parent_that_is_killed_leaves_nobody_behind,
    a_parent_that_is_killed_before_its_first_job_leaves_nobody_behind,
    a_worker_killed_by_nobody_else_ends_when_the_parent_exits_in_the_middle,
    ctrl_c_reaches_the_whole_group_and_only_the_parent_acts_on_it,
];

const VICTIM: &str = "VICTIM_MARK";

/// This test again, as a victim: a process group of its own, which makes `mark` when it is ready.
pub(crate) fn victim(test: &str, mark: &Mark) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--only", test]).env(VICTIM, mark.path()).process_group(0);
    command.stdin(Stdio::null()).spawn().unwrap()
}

pub(crate) fn is_victim() -> Option<String> {
    std::env::var(VICTIM).ok()
}

/// Reaps all that is orphaned, until there is no child left. (A nursery may reap some workers before.)
pub(crate) fn reap_all() {
    until("all descendants have ended", || {
        loop {
            match waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) => return false,
                Ok(_) => {}
                Err(_) => return true,
            }
        }
    });
}

/// A process and all its descendants.
fn family(process: u32) -> Vec<u32> {
    let descendants = children(process).into_iter().flat_map(family);
    [process].into_iter().chain(descendants).collect()
}

fn sleep_then_mark(path: String) {
    std::fs::write(path, "").unwrap();
    std::thread::sleep(Duration::from_secs(100));
}

fn a_parent_that_is_killed_leaves_nobody_behind() {
    if let Some(mark) = is_victim() {
        let pool = ProcessPool::new(3, sleep_then_mark).unwrap();
        let others = [pool.submit(format!("{mark}.1")), pool.submit(format!("{mark}.2"))];
        until("they work", || std::path::Path::new(&format!("{mark}.2")).exists());
        pool.submit(mark).wait().unwrap();
        drop(others);
    }
    set_child_subreaper(true).unwrap();
    let mark = Mark::new();
    let victim = victim("a_parent_that_is_killed_leaves_nobody_behind", &mark);
    mark.wait();
    let family = family(victim.id());
    assert_eq!(family.len(), 5, "the victim, its nursery, its three workers");
    murder(victim.id());
    reap_all();
    assert!(family.into_iter().all(|process| state(process).is_none()));
}

fn a_parent_that_is_killed_before_its_first_job_leaves_nobody_behind() {
    if let Some(mark) = is_victim() {
        let _one = ProcessPool::new(3, sleep_then_mark).unwrap();
        let _two = ProcessPool::new(3, sleep_then_mark).unwrap();
        sleep_then_mark(mark);
    }
    set_child_subreaper(true).unwrap();
    let mark = Mark::new();
    let victim = victim("a_parent_that_is_killed_before_its_first_job_leaves_nobody_behind", &mark);
    mark.wait();
    let family = family(victim.id());
    assert_eq!(family.len(), 3, "the victim and two nurseries");
    murder(victim.id());
    reap_all();
    assert!(family.into_iter().all(|process| state(process).is_none()));
}

/// By `exit`, no destructor of the pool runs.
fn a_worker_killed_by_nobody_else_ends_when_the_parent_exits_in_the_middle() {
    if let Some(mark) = is_victim() {
        let pool = ProcessPool::new(1, sleep_then_mark).unwrap();
        let _held = pool.submit(mark.clone());
        until("it works", || std::path::Path::new(&mark).exists());
        until("it is told to exit", || std::path::Path::new(&format!("{mark}.exit")).exists());
        std::process::exit(0);
    }
    set_child_subreaper(true).unwrap();
    let mark = Mark::new();
    let name = "a_worker_killed_by_nobody_else_ends_when_the_parent_exits_in_the_middle";
    let victim = victim(name, &mark);
    mark.wait();
    let family = family(victim.id());
    assert_eq!(family.len(), 3, "the victim, its nursery, its worker");
    std::fs::write(format!("{}.exit", mark.path()), "").unwrap();
    reap_all();
    assert!(family.into_iter().all(|process| state(process).is_none()));
}

fn ctrl_c_reaches_the_whole_group_and_only_the_parent_acts_on_it() {
    if let Some(mark) = is_victim() {
        let job = |(path, number): (String, u32)| {
            if number == 0 {
                std::fs::write(path, "").unwrap();
                std::thread::sleep(Duration::from_millis(200));
            }
            number + 1
        };
        let pool = ProcessPool::new(1, job).unwrap();
        let interrupted = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(Signal::SIGINT as i32, Arc::clone(&interrupted)).unwrap();
        let held = pool.submit((mark.clone(), 0));
        until("the signal has come", || interrupted.load(Ordering::Relaxed));
        assert_eq!(held.wait(), Ok(1));
        assert_eq!(pool.submit((mark, 1)).wait(), Ok(2));
        return;
    }
    let mark = Mark::new();
    let mut victim = victim("ctrl_c_reaches_the_whole_group_and_only_the_parent_acts_on_it", &mark);
    mark.wait();
    assert_ne!(victim.id(), id());
    killpg(Pid::from_raw(victim.id() as i32), Signal::SIGINT).unwrap();
    assert!(victim.wait().unwrap().success());
}
