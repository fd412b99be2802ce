//! A job of a pool, awaited by a task: the loop goes on while another thread computes. Python's
//! `loop.run_in_executor`.
//!
//! `cargo run --example pool_in_loop`

use std::io;
use std::time::Duration;

use glassloop::time::sleep;
use glassloop::{Runtime, ThreadPool, spawn};

fn main() -> io::Result<()> {
    let pool = ThreadPool::new(1)?;
    Runtime::new()?.block_on(async {
        let ticking = spawn(async {
            for tick in 1..=3 {
                sleep(Duration::from_millis(10)).await;
                println!("tick {tick}: the loop is free");
            }
        });
        let primes = pool.submit(|| (2..30_000_u32).filter(|&number| is_prime(number)).count());
        println!("there are {} primes below 30,000", primes.await.map_err(io::Error::other)?);
        ticking.await.map_err(io::Error::other)
    })
}

fn is_prime(number: u32) -> bool {
    (2..number).all(|divisor| !number.is_multiple_of(divisor))
}
