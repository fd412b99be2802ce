use std::time::Duration;

use glassloop::runtime::Builder;
use glassloop::spawn;
use glassloop::sync::mpsc;
use glassloop::time::{sleep, timeout};

use super::exercise::*;

/// The lines of a text that comes with a pause after each byte, read with this much patience.
fn read(text: &'static str, pause: u64, patience: u64) -> Vec<String> {
    let runtime = Builder::new().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let (sender, bytes) = mpsc::channel(1);
        spawn(async move {
            for byte in text.bytes() {
                let _ = sender.send(byte).await;
                sleep(Duration::from_millis(pause)).await;
            }
        });
        let (mut lines, mut read) = (Lines::new(bytes), Vec::new());
        loop {
            match timeout(Duration::from_millis(patience), lines.next()).await {
                Err(_elapsed) => {}
                Ok(Some(line)) => read.push(line),
                Ok(None) => return read,
            }
        }
    })
}

#[test]
fn whoever_has_patience_reads_every_line() {
    assert_eq!(read("one\ntwo\n\n", 1, 1000), ["one", "two", ""]);
}

#[test]
fn whoever_gives_up_and_comes_back_reads_the_same() {
    assert_eq!(read("one\ntwo\n\n", 7, 10), ["one", "two", ""]);
}
