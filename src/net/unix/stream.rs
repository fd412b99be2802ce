//! A connection between two processes of one machine.

use std::io;
use std::os::unix::net;
use std::path::Path;

use socket2::{Domain, Socket, Type};

use super::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, SocketAddr, WriteHalf, address_of, cannot};
use crate::net::source::Source;

/// A connection between two processes of one machine. Shared references read and write too, so two tasks
/// can use one connection; or it can be [split](Self::into_split).
///
/// ```
/// use futures::{AsyncReadExt, AsyncWriteExt};
/// use glassloop::net::UnixStream;
///
/// let runtime = glassloop::Runtime::new()?;
/// let done: std::io::Result<()> = runtime.block_on(async {
///     let (mut near, mut far) = UnixStream::pair()?;
///     near.write_all(b"hello").await?;
///     near.close().await?;
///     let mut heard = String::new();
///     far.read_to_string(&mut heard).await?;
///     assert_eq!(heard, "hello");
///     Ok(())
/// });
/// # done?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct UnixStream(pub(super) Source<net::UnixStream>);

crate::net::stream::stream!(UnixStream, net::UnixStream);

impl UnixStream {
    /// Connects to whoever listens at a path. It never has to wait: the kernel answers at once.
    ///
    /// # Errors
    /// When nobody listens there, and `WouldBlock` when too many wait to be accepted already: nothing
    /// tells when that is over. The error names the path.
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let connect = || {
            let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
            socket.set_nonblocking(true)?;
            socket.connect(&address_of(path)?)?;
            Ok(Self(Source::new(socket.into())))
        };
        connect().map_err(cannot("connect to", path))
    }

    /// Two sockets that are connected to each other.
    ///
    /// # Errors
    /// When the process has too many files open, for one.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = net::UnixStream::pair()?;
        Ok((Self::from_std(one)?, Self::from_std(other)?))
    }

    /// The address of this end. The one that connected has none.
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
