//! Datagrams between processes of one machine.

use std::io;
use std::net::Shutdown;
use std::os::unix::net;
use std::path::Path;
use std::task::{Context, Poll};

use socket2::{Domain, SockAddr, SockRef, Socket, Type};

use super::{SocketAddr, address_of, cannot};
use crate::net::interest::Interest;
use crate::net::source::Source;
use crate::trace::Direction;

/// A socket for datagrams between processes of one machine. None is lost, and none overtakes another:
/// who sends too fast waits.
///
/// ```
/// use glassloop::net::UnixDatagram;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("socket");
/// let runtime = glassloop::Runtime::new()?;
/// let done: std::io::Result<()> = runtime.block_on(async {
///     let server = UnixDatagram::bind(&path)?;
///     let client = UnixDatagram::unbound()?;
///     client.send_to(b"hello", &path).await?;
///     let mut buffer = [0; 64];
///     let (length, sender) = server.recv_from(&mut buffer).await?;
///     assert_eq!(&buffer[..length], b"hello");
///     assert!(sender.is_unnamed(), "it has no address to answer to");
///     Ok(())
/// });
/// # done?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct UnixDatagram(Source<net::UnixDatagram>);

crate::net::datagram::datagrams!(UnixDatagram, net::UnixDatagram, SocketAddr);

impl UnixDatagram {
    /// Takes a path as its address, where it makes a file. Dropping it leaves the file where it is.
    ///
    /// # Errors
    /// When there is a file already, the path is too long (about 100 bytes), or it cannot be written.
    /// The error names the path.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let bind = || {
            let socket = Socket::new(Domain::UNIX, Type::DGRAM, None)?;
            socket.bind(&address_of(path)?)?;
            Self::from_std(socket.into())
        };
        bind().map_err(cannot("receive datagrams at", path))
    }

    /// A socket without an address: it can send, and nobody can answer.
    ///
    /// # Errors
    /// When the process has too many files open, for one.
    pub fn unbound() -> io::Result<Self> {
        Self::from_std(net::UnixDatagram::unbound()?)
    }

    /// Two sockets that are connected to each other.
    ///
    /// # Errors
    /// As [`unbound`](Self::unbound).
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = net::UnixDatagram::pair()?;
        Ok((Self::from_std(one)?, Self::from_std(other)?))
    }

    /// Sets the peer: [`send`](Self::send) goes there, and what comes from others is not received.
    ///
    /// # Errors
    /// When nobody receives there. The error names the path.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        address_of(path)
            .and_then(|address| SockRef::from(self).connect(&address))
            .map_err(cannot("send datagrams to", path))
    }

    /// Sends a datagram to whoever receives at a path. While too many wait there it waits, too.
    ///
    /// The kernel wakes a socket that is not connected only when one of its own datagrams is received: if
    /// others have filled the queue, [connect](Self::connect) first.
    ///
    /// # Errors
    /// When nobody receives there, or the datagram is too big. The error names the path.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, it has sent nothing.
    pub async fn send_to(&self, bytes: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        let path = path.as_ref();
        let explain = cannot("send a datagram to", path);
        let target = address_of(path).map_err(&explain)?;
        self.0.io(Direction::Write, |socket| send_to(socket, bytes, &target)).await.map_err(explain)
    }

    /// Polls to [`send_to`](Self::send_to).
    ///
    /// # Errors
    /// As [`send_to`](Self::send_to).
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        path: impl AsRef<Path>,
    ) -> Poll<io::Result<usize>> {
        let path = path.as_ref();
        let target = address_of(path)?;
        self.0
            .poll_io(Direction::Write, cx, |socket| send_to(socket, bytes, &target))
            .map_err(cannot("send a datagram to", path))
    }

    /// As [`send_to`](Self::send_to), without waiting.
    ///
    /// # Errors
    /// As [`send_to`](Self::send_to), and `WouldBlock` when there is no room.
    pub fn try_send_to(&self, bytes: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        let path = path.as_ref();
        address_of(path)
            .and_then(|target| {
                self.0.try_io(Interest::WRITABLE, |socket| send_to(socket, bytes, &target))
            })
            .map_err(cannot("send a datagram to", path))
    }

    /// Closes one direction or both.
    ///
    /// # Errors
    /// When it is not connected.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.get().shutdown(how)
    }
}

fn send_to(socket: &net::UnixDatagram, bytes: &[u8], target: &SockAddr) -> io::Result<usize> {
    SockRef::from(socket).send_to(bytes, target)
}
