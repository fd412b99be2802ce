//! The built-in album server, on our own loop: files made up or from a folder, as slow as one likes.
//!
//! It serves for `compare`, for tests and for trying things out. It is small and careful, but no
//! production server.

mod album;
mod connection;
mod index;

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_io::{AsyncRead, AsyncWrite};

pub use self::album::{Album, Content};
use self::connection::Connection;
use crate::net::{TcpListener, TcpStream, ToSocketAddrs};
use crate::task::JoinSet;
use crate::time;

/// How long to wait before accepting again when it failed, as it does when too many files are open:
/// trying at once would only spin until a connection closes.
const BREATH: Duration = Duration::from_millis(100);

/// What is served, and how slowly.
#[derive(Clone, Debug)]
pub struct Options {
    /// The files.
    pub album: Album,
    /// How long each request waits before it is answered.
    pub latency: Duration,
    /// The most bytes a second on each connection.
    pub bandwidth: Option<u64>,
}

/// A server that listens and waits to be [run](Self::run).
///
/// ```
/// use std::time::Duration;
/// use glassloop::server::{Album, Options, Server};
///
/// let options = Options {
///     album: Album::Generated { files: 2, size: 1024 },
///     latency: Duration::ZERO,
///     bandwidth: None,
/// };
/// let runtime = glassloop::Runtime::new()?;
/// let server = runtime.block_on(Server::bind("127.0.0.1:0", options))?;
/// println!("try http://{}/file-0001.bin", server.local_addr()?);
/// runtime.spawn(server.run()); // it serves during the next `block_on`
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Server<L = TcpListener> {
    listener: L,
    options: Rc<Options>,
}

/// What a server takes its connections from.
pub trait Accept {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + 'static;

    /// Polls for the next connection.
    ///
    /// # Errors
    /// When none can be had for the moment. Another attempt may bring one.
    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Self::Stream>>;
}

impl Accept for TcpListener {
    type Stream = TcpStream;

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        self.poll_accept(cx).map_ok(|(stream, _)| {
            // Answers are written in one piece each, so waiting for more only delays them. A connection
            // that refuses is broken, as reading from it will tell.
            let _ = stream.set_nodelay(true);
            stream
        })
    }
}

impl Server {
    /// Listens on `address`; port 0 lets the system choose.
    ///
    /// # Errors
    /// When the address cannot be had (a port in use), or the album's folder cannot be read.
    pub async fn bind(address: impl ToSocketAddrs, options: Options) -> io::Result<Self> {
        if let Album::Folder(folder) = &options.album {
            options.album.list("/").map_err(|error| {
                io::Error::new(error.kind(), format!("cannot serve {}: {error}", folder.display()))
            })?;
        }
        Ok(Self::on(TcpListener::bind(address).await?, options))
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl<L: Accept> Server<L> {
    /// A server of the connections that `listener` brings.
    pub fn on(listener: L, options: Options) -> Self {
        Self { listener, options: Rc::new(options) }
    }

    /// Serves, a task for each connection, until it is dropped; that closes them all.
    pub async fn run(self) {
        let mut connections = JoinSet::new();
        loop {
            let accepted = poll_fn(|cx| {
                // Those that are over make room.
                while let Poll::Ready(Some(_)) = connections.poll_join_next(cx) {}
                self.listener.poll_accept(cx)
            });
            match accepted.await {
                Ok(stream) => {
                    let options = Rc::clone(&self.options);
                    connections.spawn(async move { Connection::new(stream).serve(&options).await });
                }
                Err(_) => time::sleep(BREATH).await,
            }
        }
    }
}
