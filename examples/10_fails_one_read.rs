//! It fails: a client that takes what one read brings for the whole response.
//!
//! `cargo run --example 10_fails_one_read`

use std::io;
use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt};
use glassloop::net::UnixStream;
use glassloop::{spawn, time::sleep};

// ANCHOR: cuts
/// One response, cut in three ways.
const CUTS: [&[&str]; 3] = [
    &["HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nhello, world"],
    &["HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nhello", ", world"],
    &["HTTP/1.1 200 OK\r\nContent-Le", "ngth: 12\r\n\r\nhello, world"],
];
// ANCHOR_END: cuts

fn main() -> io::Result<()> {
    let runtime = glassloop::Runtime::new()?;
    runtime.block_on(async {
        for pieces in CUTS {
            let (mut client, server) = UnixStream::pair()?;
            spawn(send(server, pieces));
            match naive(&mut client).await? {
                Some(body) => println!("in {} piece(s): the body is {body:?}", pieces.len()),
                None => println!("in {} piece(s): this is no response", pieces.len()),
            }
        }
        println!("It was one and the same response, cut in other places.");
        Ok(())
    })
}

// ANCHOR: naive
/// One read, and whatever stands behind the empty line.
async fn naive(stream: &mut UnixStream) -> io::Result<Option<String>> {
    let mut buffer = [0; 1024];
    let count = stream.read(&mut buffer).await?;
    let text = String::from_utf8_lossy(&buffer[..count]);
    Ok(text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()))
}
// ANCHOR_END: naive

/// A server on a slow line.
async fn send(mut stream: UnixStream, pieces: &'static [&str]) -> io::Result<()> {
    for piece in pieces {
        stream.write_all(piece.as_bytes()).await?;
        sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}
