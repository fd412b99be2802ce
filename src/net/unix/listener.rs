//! A socket that accepts Unix streams.

use std::future::poll_fn;
use std::io;
use std::os::unix::net;
use std::path::Path;
use std::task::{Context, Poll};

use socket2::{Domain, Socket, Type};

use super::{SocketAddr, UnixStream, address_of, cannot};
use crate::net::socket::wraps_std;
use crate::net::source::Source;
use crate::trace::Direction;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// A socket that accepts connections at a path.
///
/// Dropping it leaves the file where it is; nobody can bind the path until it is removed.
///
/// ```
/// use futures::AsyncReadExt;
/// use glassloop::net::{UnixListener, UnixStream};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("socket");
/// let runtime = glassloop::Runtime::new()?;
/// let done: std::io::Result<()> = runtime.block_on(async {
///     let listener = UnixListener::bind(&path)?;
///     let mut near = UnixStream::connect(&path).await?;
///     let (far, _) = listener.accept().await?;
///     far.try_write(b"hello")?;
///     drop(far);
///     let mut heard = String::new();
///     near.read_to_string(&mut heard).await?;
///     assert_eq!(heard, "hello");
///     Ok(())
/// });
/// # done?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct UnixListener(Source<net::UnixListener>);

wraps_std!(UnixListener, net::UnixListener);

impl UnixListener {
    /// Listens at a path, where it makes a file.
    ///
    /// # Errors
    /// When there is a file already, the path is too long (about 100 bytes), or it cannot be written.
    /// The error names the path.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let bind = || {
            let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
            socket.bind(&address_of(path)?)?;
            socket.listen(BACKLOG)?;
            Self::from_std(socket.into())
        };
        bind().map_err(cannot("listen on", path))
    }

    /// Waits for a connection.
    ///
    /// # Errors
    /// When the process has too many files open, for one. The listener can be used again, and the
    /// connection still waits: a loop that accepts must pause before it goes on, or it spins.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, it has accepted nothing.
    pub async fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        poll_fn(|cx| self.poll_accept(cx)).await
    }

    /// Polls for a connection.
    ///
    /// # Errors
    /// As [`accept`](Self::accept).
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(UnixStream, SocketAddr)>> {
        self.0.poll_io(Direction::Read, cx, net::UnixListener::accept).map(|accepted| {
            let (stream, peer) = accepted?;
            Ok((UnixStream::from_std(stream)?, peer))
        })
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.get().local_addr()
    }
}
