//! Four sleeps of a second overlap to one, whoever sleeps: four threads, a pool of four, or one event
//! loop. One after another they add up; that is shown with shorter ones.
//!
//! `cargo run --example overlapping_sleeps`

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use glassloop::task::join_all;
use glassloop::{Runtime, ThreadPool, time};

const SLEEPS: usize = 4;
const LONG: Duration = Duration::from_secs(1);
const SHORT: Duration = Duration::from_millis(100);

fn main() -> io::Result<()> {
    // Models that fork belong before those that start threads.
    show("sequential", SHORT, sequential)?;
    show("thread-per-task", LONG, thread_per_task)?;
    show("threads", LONG, threads)?;
    show("event-loop", LONG, event_loop)
}

fn show(model: &str, nap: Duration, run: fn(Duration) -> io::Result<()>) -> io::Result<()> {
    let start = Instant::now();
    run(nap)?;
    println!("{model:<16} {SLEEPS} sleeps of {nap:<5?} took {:.2?}", start.elapsed());
    Ok(())
}

fn sequential(nap: Duration) -> io::Result<()> {
    (0..SLEEPS).for_each(|_| thread::sleep(nap));
    Ok(())
}

fn thread_per_task(nap: Duration) -> io::Result<()> {
    thread::scope(|scope| {
        for _ in 0..SLEEPS {
            scope.spawn(|| thread::sleep(nap));
        }
    });
    Ok(())
}

/// The pool waits for its jobs when it is dropped, as Python's does at the end of its `with`.
fn threads(nap: Duration) -> io::Result<()> {
    let pool = ThreadPool::new(SLEEPS)?;
    for _ in 0..SLEEPS {
        pool.submit(move || thread::sleep(nap));
    }
    Ok(())
}

fn event_loop(nap: Duration) -> io::Result<()> {
    Runtime::new()?.block_on(async {
        join_all((0..SLEEPS).map(|_| time::sleep(nap))).await;
        Ok(())
    })
}
