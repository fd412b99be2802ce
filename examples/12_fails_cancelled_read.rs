//! It fails: a read that takes several steps, inside a timeout. Who gives up loses what was read so far.
//!
//! `cargo run --example 12_fails_cancelled_read`

use std::time::Duration;

use glassloop::runtime::Builder;
use glassloop::spawn;
use glassloop::sync::mpsc::{self, Receiver};
use glassloop::time::{sleep, timeout};

fn main() -> std::io::Result<()> {
    // The clock jumps when all wait, so every run is the same.
    let runtime = Builder::new().start_paused(true).build()?;
    runtime.block_on(async {
        let (sender, mut bytes) = mpsc::channel(64);
        spawn(async move {
            for (piece, pause) in [("\x05he", 15), ("llo\x05world\x03abc", 0)] {
                for byte in piece.bytes() {
                    let _ = sender.send(byte).await;
                }
                sleep(Duration::from_millis(pause)).await;
            }
        });
        loop {
            match timeout(Duration::from_millis(10), message(&mut bytes)).await {
                Err(_elapsed) => println!("nothing whole within 10 ms: try again"),
                Ok(Ok(text)) => println!("a message: {text:?}"),
                Ok(Err(why)) => break println!("{why}"),
            }
        }
    });
    Ok(())
}

// ANCHOR: message
/// A length, then as many bytes.
async fn message(bytes: &mut Receiver<u8>) -> Result<String, String> {
    let length = bytes.recv().await.ok_or("the stream has ended")?;
    let mut text = String::new();
    for read in 0..length {
        match bytes.recv().await {
            Some(byte) => text.push(byte.into()),
            None => return Err(format!("the end came after {read} of {length} bytes: {text:?}")),
        }
    }
    Ok(text)
}
// ANCHOR_END: message
