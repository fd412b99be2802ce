//! Chapter 1, how it fails: the code is made ten times as fast, and the program takes as long as before.
//!
//! `cargo run --example 01_fails_faster_code`

use std::hint::black_box;
use std::io;
use std::time::Instant;

#[path = "book/client.rs"]
mod client;
#[path = "book/server.rs"]
mod server;

// ANCHOR: main
fn main() -> io::Result<()> {
    let server = server::start(2)?;
    for (name, rounds) in [("slow code", 5_000), ("ten times as fast", 500)] {
        let mut session = client::Session::open(server)?;
        let start = Instant::now();
        for file in 1..=6 {
            checksum(&session.fetch(file)?, rounds);
        }
        println!("{name:<18} {:>5.0?}", start.elapsed());
    }
    println!("The program is not slow because of its code.");
    Ok(())
}

/// Work on the contents of a file, the more rounds the more of it.
fn checksum(contents: &str, rounds: u32) -> u64 {
    (0..rounds).fold(0, |sum, _| {
        contents.bytes().fold(sum, |sum, byte| black_box(sum.rotate_left(5) ^ u64::from(byte)))
    })
}
// ANCHOR_END: main
