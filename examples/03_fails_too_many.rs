//! Chapter 3, how it fails: a thread for each of 80 files, and a server that has room for 8 callers.
//!
//! `cargo run --example 03_fails_too_many`

use std::io;
use std::thread;

#[path = "book/client.rs"]
mod client;
#[path = "book/server.rs"]
mod server;

// ANCHOR: main
fn main() -> io::Result<()> {
    let server = server::start(8)?;
    let threads: Vec<_> = (1..=80)
        .map(|file| thread::spawn(move || client::Session::open(server)?.fetch(file)))
        .collect();
    let results: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    let failed = results.iter().filter(|result| result.is_err()).count();
    println!("80 threads, and a server with room for 8 callers:");
    println!("  {}", if failed > 40 { "most of the files failed" } else { "the server kept up" });
    if let Some(Err(error)) = results.iter().find(|result| result.is_err()) {
        println!("  one of the errors: {}", in_words(error));
    }
    Ok(())
}

/// A caller who is turned away sees it when it writes or when it reads, as chance will have it.
fn in_words(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => "the server hung up",
        io::ErrorKind::Other => "the server hung up",
        _ => "something else",
    }
}
// ANCHOR_END: main
