//! Sockets that wait in the loop instead of blocking its thread.

mod dns;
mod source;
mod tcp;

pub use dns::{Lookup, ToSocketAddrs};
pub use tcp::{TcpListener, TcpStream};

pub(crate) use source::Source;
