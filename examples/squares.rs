//! The squares of 0 to 199 through a pool of threads: they come in order, whoever made them.
//!
//! `cargo run --example squares`

use std::io;
use std::thread;

use glassloop::ThreadPool;

fn main() -> io::Result<()> {
    let pool = ThreadPool::new(4)?;
    let squares = pool.map(0..200_u64, |number| (number * number, thread::current().id()));
    let squares: Vec<_> = squares.collect::<Result<_, _>>().map_err(io::Error::other)?;

    let mut workers: Vec<_> = squares.iter().map(|(_, worker)| worker).collect();
    workers.sort_by_key(|worker| format!("{worker:?}"));
    workers.dedup();
    let sum: u64 = squares.iter().map(|(square, _)| square).sum();
    println!("threads: {} squares by {} of {} workers", squares.len(), workers.len(), pool.size());
    println!("         the last is {}, all together {sum}", squares[199].0);
    Ok(())
}
