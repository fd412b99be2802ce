//! Names to addresses. The system's resolver blocks, so it runs on a thread of the pool.

use std::io;
use std::net::{
    IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, ToSocketAddrs as _,
};

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
#[non_exhaustive]
pub enum Lookup {
    /// The address itself.
    Address(SocketAddr),
    /// Several, to be tried in their order.
    Addresses(Vec<SocketAddr>),
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

/// Addresses that `SocketAddr` can be made of.
macro_rules! addresses {
    ($($address:ty),+) => {$(
        impl ToSocketAddrs for $address {
            fn lookup(&self) -> Lookup {
                Lookup::Address((*self).into())
            }
        }
    )+};
}

addresses!(SocketAddrV4, SocketAddrV6, (IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16));

impl ToSocketAddrs for [SocketAddr] {
    fn lookup(&self) -> Lookup {
        Lookup::Addresses(self.to_vec())
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

impl ToSocketAddrs for (String, u16) {
    fn lookup(&self) -> Lookup {
        (self.0.as_str(), self.1).lookup()
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

/// Looks a name up, on a thread that may block. An address needs no thread.
///
/// # Errors
/// When the name has no address, or cannot be looked up; the error names it.
///
/// # Cancel safety
/// Dropped, it lets the resolver go on, and forgets what that finds.
///
/// ```
/// let runtime = glassloop::Runtime::new()?;
/// let mut found = runtime.block_on(glassloop::net::lookup_host("localhost:80"))?;
/// assert!(found.all(|address| address.ip().is_loopback() && address.port() == 80));
/// # Ok::<(), std::io::Error>(())
/// ```
pub async fn lookup_host(host: impl ToSocketAddrs) -> io::Result<impl Iterator<Item = SocketAddr>> {
    Ok(resolve(host).await?.into_iter())
}

/// Looks a name up, off the loop.
pub(super) async fn resolve(address: impl ToSocketAddrs) -> io::Result<Vec<SocketAddr>> {
    let (name, looked_up) = match address.lookup() {
        Lookup::Address(address) => return Ok(vec![address]),
        Lookup::Addresses(addresses) => return Ok(addresses),
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

/// Tries one address after another; the error of the last says which one it was.
pub(super) async fn first_that_works<T>(
    addresses: Vec<SocketAddr>,
    verb: &str,
    attempt: impl AsyncFn(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let none = "no address was given";
    let mut last = io::Error::new(io::ErrorKind::InvalidInput, none);
    for address in addresses {
        match attempt(address).await {
            Ok(done) => return Ok(done),
            Err(error) => {
                let text = format!("cannot {verb} {address}: {error}");
                last = io::Error::new(error.kind(), text);
            }
        }
    }
    Err(last)
}
