//! Fails: each sleep has a thread of its own, which sleeps for it and then wakes it. That works, and costs a stack,
//! an entry in the kernel's tables and two switches for what is no more than a moment to remember.
//!
//! `cargo run --example 08_fails_a_thread_per_sleep`

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use glassloop::Runtime;
use glassloop::task::join_all;
use glassloop::time;

const SLEEPERS: usize = 500;
const NAP: Duration = Duration::from_millis(1500);

// ANCHOR: thread_per_sleep
fn main() -> std::io::Result<()> {
    println!("{SLEEPERS} sleeps, each on a thread of its own:");
    let start = Instant::now();
    let sleepers: Vec<_> = (0..SLEEPERS).map(|_| thread::spawn(|| thread::sleep(NAP))).collect();
    println!("  to start them took {:.1?}", start.elapsed());
    println!("  threads now: more than {SLEEPERS}? {}", threads()? > SLEEPERS);
    for sleeper in sleepers {
        sleeper.join().expect("a sleep does not panic");
    }

    println!("{SLEEPERS} sleeps in the loop:");
    Runtime::new()?.block_on(async {
        let start = Instant::now();
        let sleepers: Vec<_> = (0..SLEEPERS).map(|_| glassloop::spawn(time::sleep(NAP))).collect();
        println!("  to start them took {:.1?}", start.elapsed());
        println!("  threads now: more than {SLEEPERS}? {}", threads()? > SLEEPERS);
        join_all(sleepers).await;
        Ok(())
    })
}
// ANCHOR_END: thread_per_sleep

/// How many this process has; on Linux the kernel tells.
fn threads() -> std::io::Result<usize> {
    Ok(fs::read_dir("/proc/self/task")?.count())
}
