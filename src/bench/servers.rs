//! The servers to measure, on each runtime: the same, in the words that they share.

use std::net;
use std::num::NonZeroUsize;
use std::time::Duration;

use anyhow::{Result, bail};

use super::peer::{LOCAL, OURS, Ours, Peer, SMOL, SPAWN, Smol, TokioLocal, TokioSpawn};
use crate::server::{Album, Options, Server};

macro_rules! servers {
    ($name:ident, $listener:path, $spawn:path, $io:path) => {
        mod $name {
            use $io::{AsyncReadExt as _, AsyncWriteExt as _};
            use $listener as Listener;

            pub(super) async fn echo(listener: std::net::TcpListener) -> std::io::Result<()> {
                let listener = Listener::from_std(listener)?;
                loop {
                    let (mut stream, _) = listener.accept().await?;
                    stream.set_nodelay(true)?;
                    drop($spawn(async move {
                        let mut buffer = vec![0; 1024];
                        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                            if stream.write_all(&buffer[..count]).await.is_err() {
                                break;
                            }
                        }
                    }));
                }
            }

            pub(super) async fn accept(listener: std::net::TcpListener) -> std::io::Result<()> {
                let listener = Listener::from_std(listener)?;
                loop {
                    drop(listener.accept().await?);
                }
            }
        }
    };
}

servers!(ours, crate::net::TcpListener, crate::spawn, futures_lite);
servers!(local, tokio::net::TcpListener, tokio::task::spawn_local, tokio::io);
servers!(spawn, tokio::net::TcpListener, tokio::spawn, tokio::io);

/// The same two as one writes them with smol's crates: their words differ, and an executor is there to be named.
mod smol {
    use std::io;
    use std::net::TcpListener;

    use async_executor::LocalExecutor;
    use async_io::Async;
    use futures_lite::{AsyncReadExt, AsyncWriteExt};

    pub(super) async fn echo(tasks: &LocalExecutor<'static>, on: TcpListener) -> io::Result<()> {
        let listener = Async::new_nonblocking(on)?;
        loop {
            let (mut stream, _) = listener.accept().await?;
            stream.get_ref().set_nodelay(true)?;
            let serve = async move {
                let mut buffer = vec![0; 1024];
                while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                    if stream.write_all(&buffer[..count]).await.is_err() {
                        break;
                    }
                }
            };
            tasks.spawn(serve).detach();
        }
    }

    pub(super) async fn accept(on: TcpListener) -> io::Result<()> {
        let listener = Async::new_nonblocking(on)?;
        loop {
            drop(listener.accept().await?);
        }
    }
}

/// `what` is a job and who does it.
pub(super) fn run(what: &str, listener: net::TcpListener) -> Result<()> {
    match what.split_once(' ') {
        Some(("echo", OURS)) => Ours::new()?.block_on(ours::echo(listener))?,
        Some(("echo", LOCAL)) => TokioLocal::new()?.block_on(local::echo(listener))?,
        Some(("echo", SPAWN)) => TokioSpawn::new()?.block_on(spawn::echo(listener))?,
        Some(("echo", SMOL)) => {
            let peer = Smol::new()?;
            peer.block_on(smol::echo(peer.tasks(), listener))?;
        }
        Some(("accept", OURS)) => Ours::new()?.block_on(ours::accept(listener))?,
        Some(("accept", LOCAL)) => TokioLocal::new()?.block_on(local::accept(listener))?,
        Some(("accept", SPAWN)) => TokioSpawn::new()?.block_on(spawn::accept(listener))?,
        Some(("accept", SMOL)) => Smol::new()?.block_on(smol::accept(listener))?,
        Some(("album", files)) => album(files.parse()?, listener)?,
        _ => bail!("no server is called {what:?}"),
    }
    Ok(())
}

/// The built-in server, whose every answer takes 50 ms.
fn album(files: NonZeroUsize, listener: net::TcpListener) -> Result<()> {
    let album = Album::Generated { files: files.get(), size: 1 << 14 };
    let options = Options { album, latency: Duration::from_millis(50), bandwidth: None };
    crate::Runtime::new()?.block_on(async {
        Server::on(crate::net::TcpListener::from_std(listener)?, options).run().await;
        Ok(())
    })
}
