//! Sockets that wait in the loop instead of blocking its thread.
//!
//! The names and signatures are tokio's. Streams speak the traits of `futures_io`, and shared references
//! to them do, too. Every socket is made non-blocking; it is registered with the selector when it first
//! has to wait, and belongs to that loop from then on.

pub(crate) mod async_fd;
mod datagram;
mod dns;
pub(crate) mod interest;
mod socket;
mod source;
mod split;
mod stream;
pub mod tcp;
mod udp;
pub mod unix;

pub use dns::{Lookup, ToSocketAddrs, lookup_host};
pub use tcp::{TcpListener, TcpSocket, TcpStream};
pub use udp::UdpSocket;
pub use unix::{UnixDatagram, UnixListener, UnixStream};

pub(crate) use source::Source;
