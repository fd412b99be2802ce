//! The squares of 0 to 199 through a pool of four processes: `map` keeps the order, whoever worked them out.

use std::collections::BTreeSet;
use std::process;

use glassloop::processes::ProcessPool;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // First thing in main: a pool is forked, and that is safe only while there is one thread.
    let pool = ProcessPool::new(4, |number: u64| (number * number, process::id()))?;

    let results: Vec<(u64, u32)> = pool.map(0..200).into_iter().collect::<Result<_, _>>()?;

    for (number, (square, _)) in (0..).zip(&results) {
        assert_eq!(*square, number * number);
    }
    let workers: BTreeSet<u32> = results.iter().map(|(_, worker)| *worker).collect();
    println!("{} squares, from {} to {}", results.len(), results[0].0, results[199].0);
    println!("worked out by the processes {workers:?}, printed by {}", process::id());
    Ok(())
}
