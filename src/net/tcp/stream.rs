//! A TCP connection.

use std::future::poll_fn;
use std::io;
use std::net::{self, SocketAddr};
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::SockRef;

use super::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, TcpSocket, WriteHalf};
use crate::net::dns::{ToSocketAddrs, first_that_works, resolve};
use crate::net::source::Source;
use crate::trace::Direction;

/// A TCP connection. Shared references read and write too, so two tasks can use one connection; or it
/// can be [split](Self::into_split).
///
/// To read or write without waiting:
///
/// ```
/// use std::io::ErrorKind;
/// use glassloop::net::{TcpListener, TcpStream};
///
/// let runtime = glassloop::Runtime::new()?;
/// let done: std::io::Result<()> = runtime.block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let near = TcpStream::connect(listener.local_addr()?).await?;
///     let (far, _) = listener.accept().await?;
///     let mut buffer = [0; 8];
///     assert_eq!(near.try_read(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
///     far.try_write(b"hello")?;
///     near.readable().await?; // a hint: for another attempt, see `ready`
///     assert_eq!(near.try_read(&mut buffer)?, 5);
///     Ok(())
/// });
/// # done?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Two tasks, one for each half:
///
/// ```
/// use futures::{AsyncReadExt, AsyncWriteExt};
/// use glassloop::net::{TcpListener, TcpStream};
///
/// let runtime = glassloop::Runtime::new()?;
/// let done: std::io::Result<()> = runtime.block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let near = TcpStream::connect(listener.local_addr()?).await?;
///     let (far, _) = listener.accept().await?;
///     let (from_far, to_far) = near.into_split();
///     glassloop::spawn(async move {
///         let mut to_far = to_far;
///         to_far.write_all(b"all I have to say").await
///     }); // the half is dropped: the far end reads the end
///     let mut heard = Vec::new();
///     (&far).read_to_end(&mut heard).await?;
///     assert_eq!(heard, b"all I have to say");
///     drop(from_far);
///     Ok(())
/// });
/// # done?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct TcpStream(pub(super) Source<net::TcpStream>);

crate::net::stream::stream!(TcpStream, net::TcpStream);

impl TcpStream {
    /// Connects to the first of the addresses that answers.
    ///
    /// # Errors
    /// When the name has no address, or none answers; the error names the last one tried.
    pub async fn connect(address: impl ToSocketAddrs) -> io::Result<Self> {
        first_that_works(resolve(address).await?, "connect to", async |address| {
            TcpSocket::for_address(address)?.connect(address).await
        })
        .await
    }

    /// Waits until the connection has come about.
    pub(super) async fn connecting(stream: net::TcpStream) -> io::Result<Self> {
        let stream = Self(Source::new(stream));
        stream.0.io(Direction::Write, connected).await?;
        Ok(stream)
    }

    /// Reads what has come without taking it: the next read finds it again. Zero is the end of the
    /// stream.
    ///
    /// # Errors
    /// When the connection is broken.
    ///
    /// # Cancel safety
    /// It takes nothing, so nothing can be lost.
    ///
    /// ```
    /// use futures::AsyncReadExt;
    /// use glassloop::net::{TcpListener, TcpStream};
    ///
    /// let runtime = glassloop::Runtime::new()?;
    /// let done: std::io::Result<()> = runtime.block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let mut near = TcpStream::connect(listener.local_addr()?).await?;
    ///     listener.accept().await?.0.try_write(b"GET /")?;
    ///     let mut first = [0; 3];
    ///     assert_eq!(near.peek(&mut first).await?, 3);
    ///     assert_eq!(&first, b"GET");
    ///     let mut all = [0; 5];
    ///     near.read_exact(&mut all).await?;
    ///     assert_eq!(&all, b"GET /");
    ///     Ok(())
    /// });
    /// # done?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        poll_fn(|cx| self.poll_peek(cx, buffer)).await
    }

    /// Polls to [`peek`](Self::peek).
    ///
    /// # Errors
    /// As [`peek`](Self::peek).
    pub fn poll_peek(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.poll_io(Direction::Read, cx, |stream| stream.peek(buffer))
    }

    /// Whether small writes are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    /// Those of the system call.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.0.get().nodelay()
    }

    /// Sets what [`nodelay`](Self::nodelay) tells.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.0.get().set_nodelay(on)
    }

    /// How long closing waits for what has not been sent yet (`SO_LINGER`); `None` sends it in the
    /// background.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        SockRef::from(self).linger()
    }

    /// Sets what [`linger`](Self::linger) tells, in whole seconds. Zero resets the connection when it is
    /// closed; anything longer may stop the whole loop for that time when the stream is dropped.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn set_linger(&self, duration: Option<Duration>) -> io::Result<()> {
        SockRef::from(self).set_linger(duration)
    }

    /// How many routers its packets may pass (`IP_TTL`).
    ///
    /// # Errors
    /// Those of the system call.
    pub fn ttl(&self) -> io::Result<u32> {
        self.0.get().ttl()
    }

    /// Sets what [`ttl`](Self::ttl) tells.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.0.get().set_ttl(ttl)
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
}

/// Whether a connection has come about: an attempt as `poll_io` wants it.
fn connected(stream: &net::TcpStream) -> io::Result<()> {
    match stream.peer_addr() {
        Err(error) if error.kind() == io::ErrorKind::NotConnected => {
            Err(stream.take_error()?.unwrap_or_else(|| io::ErrorKind::WouldBlock.into()))
        }
        result => result.map(|_| ()),
    }
}
