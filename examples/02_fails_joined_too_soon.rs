//! Chapter 2, how it fails: six threads, and they run one after another.
//!
//! `cargo run --example 02_fails_joined_too_soon`

use std::io;
use std::thread;
use std::time::Instant;

#[path = "book/client.rs"]
mod client;
#[path = "book/server.rs"]
mod server;

// ANCHOR: main
fn main() -> io::Result<()> {
    let server = server::start(6)?;
    let start = Instant::now();
    let answers: Vec<String> = (1..=6)
        .map(|file| thread::spawn(move || client::Session::open(server)?.fetch(file)))
        .map(|thread| thread.join().unwrap())
        .collect::<io::Result<_>>()?;
    println!("{} files by as many threads: {:.0?}", answers.len(), start.elapsed());
    println!("That is what one thread takes.");
    Ok(())
}
// ANCHOR_END: main
