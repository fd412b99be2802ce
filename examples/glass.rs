//! Looks through the glass: two tasks play ping-pong over a socket, and the loop tells what happened.
//!
//! `cargo run --example glass`, or to see it drawn:
//! `cargo run --example glass -- --trace ping-pong.jsonl && cargo run -- timeline ping-pong.jsonl`

use std::io;

use futures::{AsyncReadExt, AsyncWriteExt};
use glassloop::net::{TcpListener, TcpStream};
use glassloop::runtime::Builder;
use glassloop::task;
use glassloop::trace::{Run, file};

fn main() -> io::Result<()> {
    let runtime = Builder::new().trace(true).build()?;
    let played: io::Result<()> = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = task::Builder::new().name("the server").spawn(async move {
            let (mut stream, _) = listener.accept().await?;
            let mut ping = [0; 4];
            stream.read_exact(&mut ping).await?;
            stream.write_all(b"pong").await
        });
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"ping").await?;
        let mut pong = [0; 4];
        stream.read_exact(&mut pong).await?;
        server.await.map_err(io::Error::other)?
    });
    let records = runtime.take_trace();
    for record in &records {
        println!("{:>9.1?}  {:?}", record.at, record.event);
    }
    file::save_if_asked(|| Run::of_loop("ping-pong", records))?;
    played
}
