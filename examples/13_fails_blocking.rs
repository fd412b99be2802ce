//! It fails: one task computes for a while, and everybody else waits, without knowing for what.
//!
//! `cargo run --example 13_fails_blocking`

use std::time::Duration;

use glassloop::runtime::Builder;
use glassloop::task;
use glassloop::time::{Instant, sleep_until};

const STEP: Duration = Duration::from_millis(10);

fn main() -> std::io::Result<()> {
    let runtime = Builder::new().warn_slow_poll(Duration::from_millis(20)).build()?;
    // ANCHOR: main
    runtime.block_on(async {
        let ticker = task::spawn(tick());
        task::spawn(async { compute(Duration::from_millis(75)) });
        let (late, worst) = ticker.await.expect("it does not panic");
        println!(
            "ten ticks of 10 ms: some came late: {late}; the worst was {} ms late",
            worst.as_millis()
        );
    });
    // ANCHOR_END: main
    Ok(())
}

/// Ten ticks; whether one of them was late, and by how much at most.
async fn tick() -> (bool, Duration) {
    let (start, mut worst) = (Instant::now(), Duration::ZERO);
    for number in 1..=10 {
        let due = start + number * STEP;
        sleep_until(due).await;
        worst = worst.max(due.elapsed());
    }
    (worst > STEP, worst)
}

/// Stands for whatever takes its time and has no `await` in it.
fn compute(how_long: Duration) {
    let start = std::time::Instant::now();
    while start.elapsed() < how_long {
        std::hint::spin_loop();
    }
}
