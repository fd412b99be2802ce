//! Four sleeps of a second overlap to one, whoever sleeps: four threads, a pool of four threads or
//! of four processes, or one event loop. One after another they add up; that is shown with shorter ones.
//!
//! `cargo run --example overlapping_sleeps`

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use glassloop::processes::ProcessPool;
use glassloop::task::join_all;
use glassloop::{Runtime, ThreadPool, time};

const SLEEPS: usize = 4;
const LONG: Duration = Duration::from_secs(1);
const SHORT: Duration = Duration::from_millis(100);

fn main() -> io::Result<()> {
    // First, since it forks: the others start threads.
    show("processes", LONG, processes)?;
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

fn processes(nap: Duration) -> io::Result<()> {
    let pool = ProcessPool::new(SLEEPS, thread::sleep).map_err(io::Error::other)?;
    pool.map([nap; SLEEPS]).into_iter().collect::<Result<(), _>>().map_err(io::Error::other)
}

fn event_loop(nap: Duration) -> io::Result<()> {
    Runtime::new()?.block_on(async {
        join_all((0..SLEEPS).map(|_| time::sleep(nap))).await;
        Ok(())
    })
}
