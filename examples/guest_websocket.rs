//! A websocket on this loop: async-tungstenite takes any stream of `futures_io`'s, so it needs nothing of ours
//! but the socket.
//!
//! `cargo run --example guest_websocket`, or `cargo run --example guest_websocket -- serve 127.0.0.1:8000`.

use std::error::Error;
use std::io;

use async_tungstenite::tungstenite::{self, Bytes, Message};
use async_tungstenite::{accept_async, client_async};
use futures::{SinkExt, StreamExt};
use glassloop::net::{TcpListener, TcpStream};
use glassloop::spawn;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    glassloop::Runtime::new()?.block_on(async {
        match &arguments[..] {
            [] => show().await,
            [verb, address] if verb == "serve" => {
                let listener = TcpListener::bind(address.as_str()).await?;
                println!("ws://{}/", listener.local_addr()?);
                Ok(serve(listener).await?)
            }
            _ => Err("usage: guest_websocket [serve ADDRESS]".into()),
        }
    })
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, peer) = listener.accept().await?;
        spawn(async move {
            if let Err(error) = echo(stream).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

/// Says back what it hears. A ping is answered and a close returned by tungstenite itself.
async fn echo(stream: TcpStream) -> tungstenite::Result<()> {
    let mut socket = accept_async(stream).await?;
    while let Some(message) = socket.next().await {
        let message = message?;
        if message.is_text() || message.is_binary() {
            SinkExt::send(&mut socket, message).await?;
        }
    }
    Ok(())
}

async fn show() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    spawn(serve(listener));

    let stream = TcpStream::connect(address).await?;
    let (mut socket, _) = client_async(format!("ws://{address}/"), stream).await?;
    let messages = [
        Message::text("hello"),
        Message::binary(vec![1, 2, 3]),
        Message::Ping(Bytes::from_static(b"are you there?")),
        Message::Close(None),
    ];
    for message in messages {
        print!("{message:?} → ");
        SinkExt::send(&mut socket, message).await?;
        println!("{:?}", socket.next().await.ok_or("the server has gone")??);
    }
    assert!(socket.next().await.is_none(), "after a close nothing comes");
    Ok(())
}
