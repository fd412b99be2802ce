//! Four sleeps of 50 ms, one after another and at once: waiting overlaps on a single thread.
//!
//! `cargo run --example overlap`

use std::time::{Duration, Instant};

use glassloop::task::join_all;
use glassloop::time::sleep;

const NAP: Duration = Duration::from_millis(50);

fn main() -> std::io::Result<()> {
    let runtime = glassloop::Runtime::new()?;
    runtime.block_on(async {
        let start = Instant::now();
        for _ in 0..4 {
            sleep(NAP).await;
        }
        println!("one after another: {:.0?}", start.elapsed());

        let start = Instant::now();
        join_all((0..4).map(|_| sleep(NAP))).await;
        println!("all at once:       {:.0?}", start.elapsed());
    });
    Ok(())
}
