//! A TCP socket before it connects or listens: the place for options that must be set by then.

use std::io;
use std::net::{self, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};

use super::{TcpListener, TcpStream};
use crate::net::source::Source;

/// A TCP socket that is not connected and does not listen yet.
///
/// ```
/// use glassloop::net::{TcpSocket, TcpStream};
///
/// let runtime = glassloop::Runtime::new()?;
/// let done: std::io::Result<()> = runtime.block_on(async {
///     let socket = TcpSocket::new_v4()?;
///     socket.set_reuseaddr(true)?;
///     socket.bind("127.0.0.1:0".parse().unwrap())?;
///     let listener = socket.listen(16)?;
///
///     let socket = TcpSocket::new_v4()?;
///     socket.set_keepalive(true)?;
///     let stream: TcpStream = socket.connect(listener.local_addr()?).await?;
///     assert_eq!(stream.peer_addr()?, listener.local_addr()?);
///     Ok(())
/// });
/// # done?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct TcpSocket(Socket);

impl TcpSocket {
    /// For IPv4.
    ///
    /// # Errors
    /// When the process has too many files open, for one.
    pub fn new_v4() -> io::Result<Self> {
        Self::new(Domain::IPV4)
    }

    /// For IPv6.
    ///
    /// # Errors
    /// As [`new_v4`](Self::new_v4), and where there is no IPv6.
    pub fn new_v6() -> io::Result<Self> {
        Self::new(Domain::IPV6)
    }

    pub(super) fn for_address(address: SocketAddr) -> io::Result<Self> {
        Self::new(Domain::for_address(address))
    }

    fn new(domain: Domain) -> io::Result<Self> {
        let socket = Socket::new(domain, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        Ok(Self(socket))
    }

    /// Takes over a socket of the standard library that is not connected, and makes it non-blocking.
    ///
    /// # Panics
    /// When the descriptor is not one that can be non-blocking.
    pub fn from_std_stream(stream: net::TcpStream) -> Self {
        stream.set_nonblocking(true).expect("a socket can be non-blocking");
        Self(stream.into())
    }

    /// Takes an address for this end. Port 0 lets the system choose.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn bind(&self, address: SocketAddr) -> io::Result<()> {
        self.0.bind(&SockAddr::from(address))
    }

    /// Connects.
    ///
    /// # Errors
    /// When nobody answers or the connection is refused.
    ///
    /// # Cancel safety
    /// Dropped, it closes the socket and gives the connection up.
    pub async fn connect(self, address: SocketAddr) -> io::Result<TcpStream> {
        match self.0.connect(&SockAddr::from(address)) {
            // EINPROGRESS has no kind of its own.
            Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
            _ => TcpStream::connecting(self.0.into()).await,
        }
    }

    /// Listens for connections, of which `backlog` may wait to be accepted.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn listen(self, backlog: u32) -> io::Result<TcpListener> {
        self.0.listen(backlog.try_into().unwrap_or(i32::MAX))?;
        Ok(TcpListener(Source::new(self.0.into())))
    }

    /// The address of this end, once it is bound.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        let address = self.0.local_addr()?.as_socket();
        address.ok_or_else(|| io::Error::other("the address of this socket is not one of IP"))
    }

    /// The error that the kernel has kept for this socket, if there is one, and clears it.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.0.take_error()
    }

    /// Whether an address can be bound while old connections of it are remembered (`SO_REUSEADDR`).
    ///
    /// # Errors
    /// Those of the system call.
    pub fn reuseaddr(&self) -> io::Result<bool> {
        self.0.reuse_address()
    }

    /// Sets what [`reuseaddr`](Self::reuseaddr) tells.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn set_reuseaddr(&self, on: bool) -> io::Result<()> {
        self.0.set_reuse_address(on)
    }

    /// Whether several sockets can bind one address and share what comes (`SO_REUSEPORT`).
    ///
    /// # Errors
    /// Those of the system call.
    pub fn reuseport(&self) -> io::Result<bool> {
        self.0.reuse_port()
    }

    /// Sets what [`reuseport`](Self::reuseport) tells.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn set_reuseport(&self, on: bool) -> io::Result<()> {
        self.0.set_reuse_port(on)
    }

    /// Whether a connection on which nothing happens is checked now and then (`SO_KEEPALIVE`).
    ///
    /// # Errors
    /// Those of the system call.
    pub fn keepalive(&self) -> io::Result<bool> {
        self.0.keepalive()
    }

    /// Sets what [`keepalive`](Self::keepalive) tells.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn set_keepalive(&self, on: bool) -> io::Result<()> {
        self.0.set_keepalive(on)
    }

    /// Whether small writes are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    /// Those of the system call.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.0.tcp_nodelay()
    }

    /// Sets what [`nodelay`](Self::nodelay) tells.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.0.set_tcp_nodelay(on)
    }

    /// As [`TcpStream::linger`].
    ///
    /// # Errors
    /// Those of the system call.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        self.0.linger()
    }

    /// As [`TcpStream::set_linger`].
    ///
    /// # Errors
    /// Those of the system call.
    pub fn set_linger(&self, duration: Option<Duration>) -> io::Result<()> {
        self.0.set_linger(duration)
    }

    /// Bytes the kernel holds that are not sent yet (`SO_SNDBUF`). Linux tells twice what was asked for.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn send_buffer_size(&self) -> io::Result<u32> {
        self.0.send_buffer_size().map(|size| size as u32)
    }

    /// Sets what [`send_buffer_size`](Self::send_buffer_size) tells.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn set_send_buffer_size(&self, size: u32) -> io::Result<()> {
        self.0.set_send_buffer_size(size as usize)
    }

    /// Bytes the kernel holds that are not read yet (`SO_RCVBUF`). Linux tells twice what was asked for.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn recv_buffer_size(&self) -> io::Result<u32> {
        self.0.recv_buffer_size().map(|size| size as u32)
    }

    /// Sets what [`recv_buffer_size`](Self::recv_buffer_size) tells.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn set_recv_buffer_size(&self, size: u32) -> io::Result<()> {
        self.0.set_recv_buffer_size(size as usize)
    }
}

impl AsFd for TcpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for TcpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}
