//! TCP: connections and the sockets that accept them.

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::{self, Shutdown, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};
use socket2::{Domain, SockAddr, Socket, Type};

use super::dns::{ToSocketAddrs, resolve};
use super::source::Source;
use crate::trace::Direction;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// A socket that accepts connections.
///
/// ```
/// use futures::{AsyncReadExt, AsyncWriteExt};
/// use glassloop::net::{TcpListener, TcpStream};
///
/// let runtime = glassloop::Runtime::new()?;
/// let done: std::io::Result<()> = runtime.block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let address = listener.local_addr()?;
///     glassloop::spawn(async move {
///         let (mut stream, _) = listener.accept().await.unwrap();
///         stream.write_all(b"hello").await.unwrap();
///     });
///     let mut heard = String::new();
///     TcpStream::connect(address).await?.read_to_string(&mut heard).await?;
///     assert_eq!(heard, "hello");
///     Ok(())
/// });
/// # done?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct TcpListener(Source<net::TcpListener>);

impl TcpListener {
    /// Listens on the first of the addresses that can be bound. Port 0 lets the system choose.
    ///
    /// # Errors
    /// When the name has no address, or none can be bound; the error names the address.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        first_that_works(resolve(address).await?, "listen on", async |address| {
            let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
            // A server that starts again must not wait for its old connections to be forgotten.
            socket.set_reuse_address(true)?;
            socket.set_nonblocking(true)?;
            socket.bind(&SockAddr::from(address))?;
            socket.listen(BACKLOG)?;
            Ok(Self(Source::new(socket.into())))
        })
        .await
    }

    /// Waits for a connection. One that was given up before it could be accepted is passed over.
    ///
    /// # Errors
    /// When the process has too many files open, for one; the listener can be used again.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        poll_fn(|cx| self.poll_accept(cx)).await
    }

    /// Polls for a connection.
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        let accepted = self.0.poll_io(Direction::Read, cx, |listener| {
            loop {
                match listener.accept() {
                    Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                    result => return result,
                }
            }
        });
        accepted.map_ok(|(stream, peer)| (stream.set_nonblocking(true).map(|()| stream), peer)).map(
            |accepted| {
                let (stream, peer) = accepted?;
                Ok((TcpStream(Source::new(stream?)), peer))
            },
        )
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.get().local_addr()
    }
}

/// A TCP connection. Shared references read and write too, so two tasks can use one connection.
///
/// See [`TcpListener`] for an example.
#[derive(Debug)]
pub struct TcpStream(Source<net::TcpStream>);

impl TcpStream {
    /// Connects to the first of the addresses that answers.
    ///
    /// # Errors
    /// When the name has no address, or none answers; the error names the last one tried.
    pub async fn connect(address: impl ToSocketAddrs) -> io::Result<Self> {
        first_that_works(resolve(address).await?, "connect to", Self::connect_to).await
    }

    async fn connect_to(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        match socket.connect(&SockAddr::from(address)) {
            // EINPROGRESS has no kind of its own.
            Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => return Err(error),
            _ => {}
        }
        let stream = Self(Source::new(socket.into()));
        poll_fn(|cx| stream.0.poll_io(Direction::Write, cx, connected)).await?;
        Ok(stream)
    }

    /// Whether small writes are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    /// Those of the system call.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.0.get().set_nodelay(on)
    }

    /// The address of this end.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.get().local_addr()
    }

    /// The address of the other end.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get().peer_addr()
    }

    /// Closes one direction or both; the other end reads the end of the stream.
    ///
    /// # Errors
    /// When the connection is gone already.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.get().shutdown(how)
    }
}

/// Whether a connection has come about: an attempt as `poll_io` wants it.
fn connected(stream: &net::TcpStream) -> io::Result<()> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    match stream.peer_addr() {
        Err(error) if error.kind() == io::ErrorKind::NotConnected => {
            Err(io::ErrorKind::WouldBlock.into())
        }
        result => result.map(|_| ()),
    }
}

/// Tries one address after another; the error of the last says which one it was.
async fn first_that_works<T>(
    addresses: Vec<SocketAddr>,
    verb: &str,
    attempt: impl AsyncFn(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in addresses {
        match attempt(address).await {
            Ok(done) => return Ok(done),
            Err(error) => {
                let text = format!("cannot {verb} {address}: {error}");
                last = io::Error::new(error.kind(), text);
            }
        }
    }
    Err(last)
}

impl AsyncRead for &TcpStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let len = buffer.len();
        self.0.poll_transfer(Direction::Read, cx, len, |mut stream| stream.read(buffer))
    }
}

impl AsyncWrite for &TcpStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_transfer(Direction::Write, cx, bytes.len(), |mut stream| stream.write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(match self.shutdown(Shutdown::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            result => result,
        })
    }
}

impl AsyncRead for TcpStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_read(cx, buffer)
    }
}

impl AsyncWrite for TcpStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self).poll_close(cx)
    }
}
