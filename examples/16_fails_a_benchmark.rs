//! A benchmark in which glassloop beats glassloop: both contenders are the same function.
//!
//! `cargo run --example 16_fails_a_benchmark`

use std::io;
use std::time::{Duration, Instant};

use glassloop::{Runtime, spawn};

/// Spawns many tasks, and then waits for all of them.
fn contender(runtime: &Runtime) -> Duration {
    let start = Instant::now();
    runtime.block_on(async {
        let tasks: Vec<_> = (0..200_000_u64).map(|i| spawn(async move { [i; 8] })).collect();
        for task in tasks {
            std::hint::black_box(task.await.expect("it neither panics nor is it aborted"));
        }
    });
    start.elapsed()
}

fn main() -> io::Result<()> {
    let runtime = Runtime::new()?;
    let (a, b) = (contender(&runtime), contender(&runtime));
    println!("contender A: {} ms", a.as_millis());
    println!("contender B: {} ms", b.as_millis());
    println!(
        "\nB is A. The first that runs pays for memory that the kernel has to find; the second finds it warm."
    );
    Ok(())
}
