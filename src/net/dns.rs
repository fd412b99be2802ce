//! Names to addresses. The system's resolver blocks, so it runs on a thread of the pool.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};

use crate::threads;

/// What can be turned into addresses to connect or bind to: an address, `"127.0.0.1:80"`,
/// `"example.org:80"`, or a host and a port.
///
/// ```
/// use glassloop::net::TcpListener;
///
/// let runtime = glassloop::Runtime::new()?;
/// let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
/// assert!(listener.local_addr()?.ip().is_loopback());
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait ToSocketAddrs {
    /// The addresses, or the name that has to be looked up.
    fn lookup(&self) -> Lookup;
}

/// What is known of an address.
#[derive(Clone, Debug)]
pub enum Lookup {
    /// The address itself.
    Address(SocketAddr),
    /// A host's name and a port.
    Host(String, u16),
    /// A text `host:port` that is not an address; the resolver says what is wrong with it, if anything.
    Text(String),
}

impl ToSocketAddrs for SocketAddr {
    fn lookup(&self) -> Lookup {
        Lookup::Address(*self)
    }
}

impl ToSocketAddrs for (IpAddr, u16) {
    fn lookup(&self) -> Lookup {
        Lookup::Address((*self).into())
    }
}

impl ToSocketAddrs for (&str, u16) {
    fn lookup(&self) -> Lookup {
        let (host, port) = *self;
        match host.parse::<IpAddr>() {
            Ok(ip) => Lookup::Address((ip, port).into()),
            Err(_) => Lookup::Host(host.into(), port),
        }
    }
}

impl ToSocketAddrs for str {
    fn lookup(&self) -> Lookup {
        match self.parse() {
            Ok(address) => Lookup::Address(address),
            Err(_) => Lookup::Text(self.into()),
        }
    }
}

impl ToSocketAddrs for String {
    fn lookup(&self) -> Lookup {
        self.as_str().lookup()
    }
}

impl<A: ToSocketAddrs + ?Sized> ToSocketAddrs for &A {
    fn lookup(&self) -> Lookup {
        (**self).lookup()
    }
}

/// Looks a name up, off the loop. An address needs no thread.
pub(super) async fn resolve(address: impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
    let (name, looked_up) = match address.lookup() {
        Lookup::Address(address) => return Ok(vec![address]),
        Lookup::Text(text) => {
            (text.clone(), threads::run(move || text.to_socket_addrs().map(Vec::from_iter)).await)
        }
        Lookup::Host(host, port) => {
            let pair = (host.clone(), port);
            (host, threads::run(move || pair.to_socket_addrs().map(Vec::from_iter)).await)
        }
    };
    let addresses = looked_up
        .map_err(io::Error::other)?
        .map_err(|error| io::Error::new(error.kind(), format!("cannot look up {name}: {error}")))?;
    match addresses.is_empty() {
        true => Err(io::Error::new(io::ErrorKind::NotFound, format!("{name} has no address"))),
        false => Ok(addresses),
    }
}
