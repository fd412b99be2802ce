//! Connections of a session over plain TCP, on our own loop: where the pump meets `net`.

use std::io;
use std::time::Duration;

use super::{Connect, Origin};
use crate::net::TcpStream;
use crate::time::timeout;

/// Opens plain TCP connections, each within a time limit.
///
/// ```no_run
/// use std::time::Duration;
/// use glassloop::http::{Session, TcpConnect};
///
/// let runtime = glassloop::Runtime::new()?;
/// let page = runtime.block_on(async {
///     let session = Session::new(TcpConnect { timeout: Duration::from_secs(10) });
///     session.get("http://127.0.0.1:8000/").await?.bytes(1 << 20).await
/// });
/// # page.unwrap();
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TcpConnect {
    /// How long looking up the name and connecting may take together.
    pub timeout: Duration,
}

impl Connect for TcpConnect {
    type Stream = TcpStream;

    async fn connect(&self, origin: &Origin) -> io::Result<TcpStream> {
        refuse_https(origin)?;
        timeout(self.timeout, TcpStream::connect((origin.host(), origin.port()))).await?
    }
}

const NEEDS_TLS: &str = "https needs TLS, which this program does not have: use an http:// address, or build \
                         it with the feature `tls` and connect with `TlsConnect`";

/// What was to be encrypted must not be sent in the clear.
pub(crate) fn refuse_https(origin: &Origin) -> io::Result<()> {
    let refused = io::ErrorKind::Unsupported;
    match origin.is_https() {
        true => Err(io::Error::new(refused, NEEDS_TLS)),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::parse_url;

    #[test]
    fn https_is_refused_before_anything_is_sent_in_the_clear() {
        let origin = |url| Origin::of(&parse_url(url).unwrap()).unwrap();
        assert!(refuse_https(&origin("http://h.example/")).is_ok());
        assert!(refuse_https(&origin("https://h.example/")).is_err());
    }
}
