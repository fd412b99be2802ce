//! It fails: a queue without a bound between one who is fast and one who is slow.
//!
//! `cargo run --example 11_fails_unbounded`

use std::time::Duration;

use glassloop::runtime::Builder;
use glassloop::spawn;
use glassloop::sync::mpsc;
use glassloop::time::{Instant, sleep};

const PAGE: usize = 16 * 1024;

fn main() -> std::io::Result<()> {
    // The clock jumps when all wait, so three seconds take no time and every run is the same.
    let runtime = Builder::new().start_paused(true).build()?;
    runtime.block_on(async {
        let start = Instant::now();
        // ANCHOR: pair
        let (sender, mut receiver) = mpsc::unbounded_channel();
        spawn(async move {
            loop {
                sleep(Duration::from_millis(1)).await; // the network is fast
                if sender.send(vec![0u8; PAGE]).is_err() {
                    return;
                }
            }
        });
        let mut written = 0;
        while let Some(page) = receiver.recv().await {
            sleep(Duration::from_millis(10)).await; // the disk is slow
            written += page.len();
            if (written / PAGE).is_multiple_of(50) {
                let (time, waiting) = (start.elapsed().as_secs_f32(), receiver.len());
                println!(
                    "after {time:.1} s {waiting:5} pages, {:2} MiB",
                    waiting * PAGE / (1 << 20)
                );
                if time > 2.5 {
                    break;
                }
            }
        }
        // ANCHOR_END: pair
        println!("Nobody was told to stop: this grows until memory ends.");
    });
    Ok(())
}
