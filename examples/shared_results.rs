//! Squares by key, worked out in other processes and gathered in one table, as a tutorial would do with
//! Python's `Manager().dict()`: the jobs return what belongs under their key, and the table is filled here.

use std::collections::HashMap;
use std::process;

use glassloop::processes::ProcessPool;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // First thing in main: a pool is forked, and that is safe only while there is one thread.
    let pool = ProcessPool::new(4, |number: u64| (number * number, process::id()))?;

    let mut squares = HashMap::new();
    let mut workers = HashMap::new();
    for (number, result) in pool.imap_unordered(0..200) {
        let (square, worker) = result?;
        squares.insert(number, square);
        *workers.entry(worker).or_insert(0) += 1;
    }
    pool.shutdown();

    println!("{} squares, the last is {}", squares.len(), squares[&199]);
    for (worker, jobs) in workers {
        println!("process {worker} did {jobs} of them");
    }
    Ok(())
}
