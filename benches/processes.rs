//! What a job costs in another process. A binary of its own, without criterion: a pool is made before there
//! are threads.

use std::time::{Duration, Instant};

use glassloop::processes::{ProcessPool, StartError};

const ROUNDS: usize = 2000;

fn main() -> Result<(), StartError> {
    // `cargo test --benches` only wants to see it run.
    let rounds = if std::env::args().any(|argument| argument == "--bench") { ROUNDS } else { 10 };

    let cold = median((0..rounds / 10).map(|_| {
        let start = Instant::now();
        let pool = ProcessPool::new(1, |number: u64| number).expect("no thread runs");
        pool.submit(1).wait().expect("it lives");
        start.elapsed()
    }));
    println!("cold: make a pool, one job                 {cold:>10.1?}");

    let pool = ProcessPool::builder().workers(1).max_tasks_per_worker(1).build(|(), n: u64| n)?;
    let fresh = median((0..rounds / 10).map(|_| round_trip(&pool)));
    println!("a job in a new worker, the old one reaped  {fresh:>10.1?}");
    drop(pool);

    let pool = ProcessPool::new(1, |number: u64| number)?;
    round_trip(&pool);
    let warm = median((0..rounds).map(|_| round_trip(&pool)));
    println!("warm: one job, there and back              {warm:>10.1?}");
    drop(pool);

    for chunk in [1, 16, 256] {
        let builder = ProcessPool::builder().workers(2).chunk_size(chunk);
        let pool = builder.build(|(), number: u64| number)?;
        pool.map(0..2);
        let start = Instant::now();
        let jobs = rounds as u64 * 20;
        assert!(pool.map(0..jobs).into_iter().all(|result| result.is_ok()));
        let each = start.elapsed() / jobs as u32;
        println!("2 workers, {jobs} jobs, chunks of {chunk:<3}       {each:>10.1?} each");
    }

    let pool = ProcessPool::new(1, |text: String| text)?;
    let text = "x".repeat(rounds * 50_000);
    let megabytes = text.len() as f64 / 1e6;
    let start = Instant::now();
    assert_eq!(pool.submit(text).wait().map(|text| text.len()), Ok(rounds * 50_000));
    let rate = 2.0 * megabytes / start.elapsed().as_secs_f64();
    println!("{megabytes} MB there and back                   {rate:>7.0} MB/s");
    Ok(())
}

fn round_trip(pool: &ProcessPool<u64, u64>) -> Duration {
    let start = Instant::now();
    pool.submit(7).wait().expect("it lives");
    start.elapsed()
}

fn median(times: impl Iterator<Item = Duration>) -> Duration {
    let mut times: Vec<_> = times.collect();
    times.sort();
    times[times.len() / 2]
}
