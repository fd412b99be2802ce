//! A socket that accepts TCP connections.

use std::future::poll_fn;
use std::io;
use std::net::{self, SocketAddr};
use std::task::{Context, Poll};

use super::{TcpSocket, TcpStream};
use crate::net::dns::{ToSocketAddrs, first_that_works, resolve};
use crate::net::socket::wraps_std;
use crate::net::source::Source;
use crate::trace::Direction;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// Takes a connection that does not block, in one system call.
#[cfg(any(target_os = "android", target_os = "freebsd", target_os = "linux"))]
fn accept(listener: &net::TcpListener) -> io::Result<(net::TcpStream, SocketAddr)> {
    use rustix::net::{SocketFlags, acceptfrom_with};

    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let (stream, peer) = acceptfrom_with(listener, flags)?;
    let peer = peer.and_then(|peer| SocketAddr::try_from(peer).ok());
    Ok((stream.into(), peer.ok_or(io::ErrorKind::ConnectionAborted)?))
}

/// Takes a connection that does not block.
#[cfg(not(any(target_os = "android", target_os = "freebsd", target_os = "linux")))]
fn accept(listener: &net::TcpListener) -> io::Result<(net::TcpStream, SocketAddr)> {
    let (stream, peer) = listener.accept()?;
    stream.set_nonblocking(true)?;
    Ok((stream, peer))
}

/// Whether there is another connection. To find out by accepting costs more when there is none: the kernel makes
/// a socket and a file before it looks, and throws them away.
fn somebody_waits(listener: &net::TcpListener) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    let mut asked = [PollFd::new(listener, PollFlags::IN)];
    !matches!(poll(&mut asked, Some(&Timespec::default())), Ok(0))
}

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
pub struct TcpListener(pub(super) Source<net::TcpListener>);

wraps_std!(TcpListener, net::TcpListener);

impl TcpListener {
    /// Listens on the first of the addresses that can be bound. Port 0 lets the system choose.
    ///
    /// # Errors
    /// When the name has no address, or none can be bound; the error names the address.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        first_that_works(resolve(address).await?, "listen on", async |address| {
            let socket = TcpSocket::for_address(address)?;
            // A server that starts again must not wait for its old connections to be forgotten.
            socket.set_reuseaddr(true)?;
            socket.bind(address)?;
            socket.listen(BACKLOG)
        })
        .await
    }

    /// Waits for a connection. One that was given up before it could be accepted is passed over.
    ///
    /// # Errors
    /// When the process has too many files open, for one. The listener can be used again, and the
    /// connection still waits: a loop that accepts must pause before it goes on, or it spins.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, it has accepted nothing.
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
                match accept(listener) {
                    Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                    result => return result,
                }
            }
        });
        accepted.map_ok(|(stream, peer)| {
            if !somebody_waits(self.0.get()) {
                self.0.used_up(Direction::Read);
            }
            (TcpStream(Source::new(stream)), peer)
        })
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.get().local_addr()
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
}
