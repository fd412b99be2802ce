//! Backpressure: two fast producers share a channel with room for two, and are held back to the pace of
//! a slow consumer. Nothing piles up.
//!
//! `cargo run --example channel`

use std::time::Duration;

use glassloop::spawn;
use glassloop::sync::mpsc;
use glassloop::time::sleep;

fn main() -> std::io::Result<()> {
    let runtime = glassloop::Runtime::new()?;
    runtime.block_on(async {
        let (sender, mut receiver) = mpsc::channel(2);
        for name in ["a", "b"] {
            let sender = sender.clone();
            spawn(async move {
                for number in 1..=4 {
                    sender.send(format!("{name}{number}")).await.expect("somebody receives");
                    println!("{name}{number} is on its way, room for {}", sender.capacity());
                }
            });
        }
        drop(sender); // the end comes with the last of them
        while let Some(value) = receiver.recv().await {
            sleep(Duration::from_millis(5)).await;
            println!("    {value} is used, {} behind it", receiver.len());
        }
    });
    Ok(())
}
