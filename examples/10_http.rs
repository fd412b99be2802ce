//! When is a message whole? A state machine is fed a response in pieces and says after each what it knows;
//! then it meets messages whose end is in doubt.
//!
//! `cargo run --example 10_http`, and to see it drawn:
//! `cargo run --example 10_http -- --trace http.jsonl && cargo run -- timeline http.jsonl`

use std::io;
use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt};
use glassloop::http::{Event, Exchange, Flaw, Request};
use glassloop::net::UnixStream;
use glassloop::runtime::Builder;
use glassloop::trace::{Run, file};
use glassloop::{task, time::sleep};

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
                          5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n";

fn main() -> io::Result<()> {
    let runtime = Builder::new().trace(true).build()?;
    let whole = runtime.block_on(async {
        let (client, server) = UnixStream::pair()?;
        task::Builder::new().name("server").spawn(send_in_pieces(server));
        let client = task::Builder::new().name("client").spawn(receive(client));
        client.await.map_err(io::Error::other)?
    })?;
    file::save_if_asked(|| Run::of_loop("a response in pieces", runtime.take_trace()))?;

    let mut byte_by_byte = Vec::new();
    let mut machine = Machine::new();
    for byte in RESPONSE {
        machine.feed(&[*byte], &mut byte_by_byte).map_err(io::Error::other)?;
    }
    println!("\nbyte by byte it is the same: {}\n", byte_by_byte == whole);

    for bytes in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 50\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n",
        "SSH-2.0-OpenSSH_9.6\r\n",
    ] {
        if let Err(flaw) = Machine::new().feed(bytes.as_bytes(), &mut Vec::new()) {
            println!("refused: the server {flaw}");
        }
    }
    let mut cut_short = Machine::new();
    let five_of_twelve = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nhello";
    cut_short.feed(five_of_twelve, &mut Vec::new()).map_err(io::Error::other)?;
    cut_short.exchange.eof(&cut_short.unused);
    if let Err(flaw) = cut_short.exchange.step(&[]) {
        println!("refused: the server {flaw}");
    }
    Ok(())
}

// ANCHOR: machine
/// What every pump keeps: the bytes that were not used yet, and the state machine.
struct Machine {
    exchange: Exchange,
    unused: Vec<u8>,
    ended: bool,
}

impl Machine {
    fn new() -> Self {
        let request = Request::get("http://example.org/").expect("this URL is one");
        Self { exchange: Exchange::new(&request), unused: Vec::new(), ended: false }
    }

    /// Takes bytes, however many came; puts the body's into `body`, and says what it found.
    fn feed(&mut self, bytes: &[u8], body: &mut Vec<u8>) -> Result<Vec<String>, Flaw> {
        self.unused.extend_from_slice(bytes);
        let mut found = Vec::new();
        loop {
            let (consumed, event) = self.exchange.step(&self.unused)?;
            let more = event.is_none();
            match event {
                None => found.push("more, please".to_owned()),
                Some(Event::Head(head)) => found.push(format!("the head ({})", head.status)),
                Some(Event::Data(range)) => {
                    found.push(format!(
                        "body {:?}",
                        self.unused[range.clone()].escape_ascii().to_string()
                    ));
                    body.extend_from_slice(&self.unused[range]);
                }
                Some(Event::End) => {
                    found.push("the end".to_owned());
                    self.ended = true;
                }
            }
            self.unused.drain(..consumed);
            if more || self.ended {
                return Ok(found);
            }
        }
    }
}
// ANCHOR_END: machine

// ANCHOR: receive
/// The whole pump: it reads, and asks the machine what that was.
async fn receive(mut stream: UnixStream) -> io::Result<Vec<u8>> {
    let (mut machine, mut body, mut buffer) = (Machine::new(), Vec::new(), [0; 1024]);
    while !machine.ended {
        let count = stream.read(&mut buffer).await?;
        let found = machine.feed(&buffer[..count], &mut body).map_err(io::Error::other)?;
        println!("{count:2} bytes: {}", found.join(", then "));
    }
    Ok(body)
}
// ANCHOR_END: receive

/// Cuts where nothing in HTTP ends: within a name, behind a chunk's size, within a chunk.
async fn send_in_pieces(mut stream: UnixStream) -> io::Result<()> {
    let mut rest = RESPONSE;
    for length in [28, 20, 3, 9, usize::MAX] {
        let (piece, after) = rest.split_at(length.min(rest.len()));
        stream.write_all(piece).await?;
        sleep(Duration::from_millis(8)).await;
        rest = after;
    }
    Ok(())
}
