//! A server that says back what it hears, and three clients, all tasks of one loop.
//!
//! `cargo run --example echo`

use std::io;

use futures::{AsyncReadExt, AsyncWriteExt};
use glassloop::net::{TcpListener, TcpStream};
use glassloop::task::{spawn, try_join_all};

fn main() -> io::Result<()> {
    let runtime = glassloop::Runtime::new()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // Both halves are the same socket: it can be read and written at once.
                spawn(async move { futures::io::copy(&stream, &mut &stream).await });
            }
        });
        let client = |name: &'static str| async move {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(name.as_bytes()).await?;
            stream.close().await?;
            let mut heard = String::new();
            stream.read_to_string(&mut heard).await?;
            Ok::<_, io::Error>(heard)
        };
        for heard in try_join_all(["mio", "polling", "epoll"].map(client)).await? {
            println!("heard {heard}");
        }
        Ok(())
    })
}
