//! Sockets that wait in the loop instead of blocking its thread.

mod dns;
mod tcp;

pub use dns::{Lookup, ToSocketAddrs};
pub use tcp::{TcpListener, TcpStream};
