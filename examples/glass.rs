//! Looks through the glass: two tasks play ping-pong over a socket, and the loop tells what happened.
//!
//! `cargo run --example glass`

use std::io;

use futures::{AsyncReadExt, AsyncWriteExt};
use glassloop::net::{TcpListener, TcpStream};
use glassloop::runtime::Builder;
use glassloop::spawn;

fn main() -> io::Result<()> {
    let runtime = Builder::new().trace(true).build()?;
    let played: io::Result<()> = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = spawn(async move {
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
    for record in runtime.take_trace() {
        println!("{:>9.1?}  {:?}", record.at, record.event);
    }
    played
}
