//! Chapter 4, how it fails: worker processes count together, and the one who asked sees nothing of it.
//!
//! `cargo run --example 04_fails_shared_counter`

use std::sync::atomic::{AtomicUsize, Ordering};

use glassloop::ThreadPool;
use glassloop::processes::ProcessPool;

// ANCHOR: main
static COUNTER: AtomicUsize = AtomicUsize::new(0);

fn count(_job: u32) -> usize {
    COUNTER.fetch_add(1, Ordering::SeqCst) + 1
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // First thing in main, since it forks: see the end of this program.
    let processes = ProcessPool::new(1, count)?;
    let counted: Vec<usize> = processes.map(0..3).into_iter().collect::<Result<_, _>>()?;
    println!(
        "a process counts {counted:?}, and here it stands at {}",
        COUNTER.load(Ordering::SeqCst)
    );
    processes.shutdown();

    let threads = ThreadPool::new(1)?;
    let counted: Vec<usize> = threads.map(0..3, count).collect::<Result<_, _>>()?;
    println!(
        "a thread counts  {counted:?}, and here it stands at {}",
        COUNTER.load(Ordering::SeqCst)
    );

    match ProcessPool::new(1, count) {
        Ok(_) => println!("forked beside threads"),
        Err(refused) => println!("beside a thread: {refused}"),
    }
    drop(threads);
    Ok(())
}
// ANCHOR_END: main
