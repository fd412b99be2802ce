//! UDP: datagrams between addresses.

use std::io;
use std::net::{self, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::{Context, Poll};

use super::dns::{ToSocketAddrs, first_that_works, resolve};
use super::interest::Interest;
use super::source::Source;
use crate::trace::Direction;

/// A socket for datagrams.
///
/// ```
/// use glassloop::net::UdpSocket;
///
/// let runtime = glassloop::Runtime::new()?;
/// let done: std::io::Result<()> = runtime.block_on(async {
///     let near = UdpSocket::bind("127.0.0.1:0").await?;
///     let far = UdpSocket::bind("127.0.0.1:0").await?;
///     near.send_to(b"who is there?", far.local_addr()?).await?;
///     let mut buffer = [0; 64];
///     let (length, sender) = far.recv_from(&mut buffer).await?;
///     assert_eq!(&buffer[..length], b"who is there?");
///     assert_eq!(sender, near.local_addr()?);
///
///     far.connect(sender).await?;
///     far.send(b"me").await?;
///     assert_eq!(near.recv(&mut buffer).await?, 2);
///     Ok(())
/// });
/// # done?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct UdpSocket(Source<net::UdpSocket>);

super::datagram::datagrams!(UdpSocket, net::UdpSocket, SocketAddr);

impl UdpSocket {
    /// Takes the first of the addresses that can be had. Port 0 lets the system choose.
    ///
    /// # Errors
    /// When the name has no address, or none can be bound; the error names the address.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        first_that_works(resolve(address).await?, "receive datagrams at", async |address| {
            Self::from_std(net::UdpSocket::bind(address)?)
        })
        .await
    }

    /// Sets the peer: [`send`](Self::send) goes there, and what comes from others is not received.
    ///
    /// # Errors
    /// When the name has no address, or none can be reached; the error names the address.
    pub async fn connect(&self, address: impl ToSocketAddrs) -> io::Result<()> {
        first_that_works(resolve(address).await?, "send datagrams to", async |address| {
            self.0.get().connect(address)
        })
        .await
    }

    /// Sends a datagram to the first of the addresses.
    ///
    /// # Errors
    /// As [`send`](Self::send), and when the name has no address.
    ///
    /// # Cancel safety
    /// As [`send`](Self::send).
    pub async fn send_to(&self, bytes: &[u8], target: impl ToSocketAddrs) -> io::Result<usize> {
        let Some(target) = resolve(target).await?.into_iter().next() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no address was given"));
        };
        self.0.io(Direction::Write, |socket| socket.send_to(bytes, target)).await
    }

    /// Polls to [`send_to`](Self::send_to).
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        bytes: &[u8],
        target: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        self.0.poll_io(Direction::Write, cx, |socket| socket.send_to(bytes, target))
    }

    /// As [`send_to`](Self::send_to), without waiting.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send).
    pub fn try_send_to(&self, bytes: &[u8], target: SocketAddr) -> io::Result<usize> {
        self.0.try_io(Interest::WRITABLE, |socket| socket.send_to(bytes, target))
    }

    /// As [`recv`](Self::recv), but leaves the datagram there: it can be received again.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.io(Direction::Read, |socket| socket.peek(buffer)).await
    }

    /// As [`try_recv`](Self::try_recv), but leaves the datagram there.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv).
    pub fn try_peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.try_io(Interest::READABLE, |socket| socket.peek(buffer))
    }

    /// As [`recv_from`](Self::recv_from), but leaves the datagram there.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub async fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.0.io(Direction::Read, |socket| socket.peek_from(buffer)).await
    }

    /// As [`try_recv_from`](Self::try_recv_from), but leaves the datagram there.
    ///
    /// # Errors
    /// As [`try_recv`](Self::try_recv).
    pub fn try_peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.0.try_io(Interest::READABLE, |socket| socket.peek_from(buffer))
    }

    /// Receives what is sent to this group, on the interface with this address; unspecified lets the
    /// system choose.
    ///
    /// # Errors
    /// When the address is not one of a group, for one.
    pub fn join_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.0.get().join_multicast_v4(&group, &interface)
    }

    /// Ends what [`join_multicast_v4`](Self::join_multicast_v4) began.
    ///
    /// # Errors
    /// When it had not joined.
    pub fn leave_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.0.get().leave_multicast_v4(&group, &interface)
    }

    /// Receives what is sent to this group, on the interface with this number; 0 lets the system choose.
    ///
    /// # Errors
    /// When the address is not one of a group, for one.
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.0.get().join_multicast_v6(group, interface)
    }

    /// Ends what [`join_multicast_v6`](Self::join_multicast_v6) began.
    ///
    /// # Errors
    /// When it had not joined.
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.0.get().leave_multicast_v6(group, interface)
    }
}

/// An option of the socket, to ask and to set.
macro_rules! options {
    ($($(#[$doc:meta])+ $ask:ident $set:ident $value:ty;)+) => {
        impl UdpSocket {
            $(
                $(#[$doc])+
                ///
                /// # Errors
                /// Those of the system call.
                pub fn $ask(&self) -> io::Result<$value> {
                    self.0.get().$ask()
                }

                #[doc = concat!("Sets what [`", stringify!($ask), "`](Self::", stringify!($ask), ") tells.")]
                ///
                /// # Errors
                /// Those of the system call.
                pub fn $set(&self, value: $value) -> io::Result<()> {
                    self.0.get().$set(value)
                }
            )+
        }
    };
}

options! {
    /// Whether it may send to everybody on the network (`SO_BROADCAST`).
    broadcast set_broadcast bool;
    /// How many routers its packets may pass (`IP_TTL`).
    ttl set_ttl u32;
    /// Whether what it sends to a group comes back to this machine, too.
    multicast_loop_v4 set_multicast_loop_v4 bool;
    /// Whether what it sends to a group of IPv6 comes back to this machine, too.
    multicast_loop_v6 set_multicast_loop_v6 bool;
    /// How many routers what it sends to a group may pass; 1 stays in the local network.
    multicast_ttl_v4 set_multicast_ttl_v4 u32;
}
