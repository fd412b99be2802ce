//! Results as they come, not as they were asked for: the shortest nap ends first.
//!
//! `cargo run --example as_completed`

use std::io;
use std::thread;
use std::time::Duration;

use glassloop::ThreadPool;
use glassloop::threads::as_completed;

const NAPS: [u64; 4] = [120, 30, 90, 60];

fn main() -> io::Result<()> {
    let pool = ThreadPool::new(NAPS.len())?;
    let nap = |ms| pool.submit(move || thread::sleep(Duration::from_millis(ms)));
    for (index, result) in as_completed(NAPS.map(nap)) {
        result.map_err(io::Error::other)?;
        println!("job {index} is done: it slept for {} ms", NAPS[index]);
    }
    Ok(())
}
