//! Sockets between processes of one machine, with a path for an address: streams and their halves, the
//! sockets that accept them, and datagrams.
//!
//! A path that begins with a zero byte is a name that no file has (Linux's abstract names).

mod datagram;
mod listener;
mod stream;

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use socket2::SockAddr;

pub use datagram::UnixDatagram;
pub use listener::UnixListener;
/// The address of a Unix socket: a path, a name without a file, or nothing.
pub use std::os::unix::net::SocketAddr;
pub use stream::UnixStream;

super::split::halves!(UnixStream, std::os::unix::net::UnixStream, SocketAddr);

/// A path as an address. The kernel would cut one with a zero byte in it short, and use another file.
fn address_of(path: &Path) -> io::Result<SockAddr> {
    if path.as_os_str().as_bytes().first() != Some(&0) {
        SocketAddr::from_pathname(path)?;
    }
    SockAddr::unix(path)
}

/// An error that says what was tried and where.
fn cannot(verb: &str, path: &Path) -> impl Fn(io::Error) -> io::Error {
    move |error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => {
                ": remove the file if the server that made it has ended; a server does not do that itself"
            }
            io::ErrorKind::WouldBlock => ": too many wait there already, try again later",
            _ => "",
        };
        // An abstract name shows its zero byte as @, as tools show it.
        let name = String::from_utf8_lossy(path.as_os_str().as_bytes()).replace('\0', "@");
        io::Error::new(error.kind(), format!("cannot {verb} {name}: {error}{advice}"))
    }
}
