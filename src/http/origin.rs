//! Who a URL talks to. Connections are kept by origin (`pool.rs`), and credentials never leave it
//! (`redirect.rs`).

use std::fmt;

use url::Url;

use super::Error;
use super::request::without_credentials;

/// A scheme, a host and a port: two URLs with the same origin may share a connection and credentials.
///
/// ```
/// use glassloop::http::{Origin, parse_url};
///
/// let origin = Origin::of(&parse_url("HTTP://Example.org:80/a?b")?)?;
/// assert_eq!(origin, Origin::of(&parse_url("http://example.org/c")?)?);
/// assert_eq!((origin.host(), origin.port(), origin.is_https()), ("example.org", 80, false));
/// assert_eq!(origin.to_string(), "http://example.org");
/// # Ok::<(), glassloop::http::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    scheme: Scheme,
    host: String,
    port: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Scheme {
    Http,
    Https,
}

impl Scheme {
    fn name_and_port(self) -> (&'static str, u16) {
        match self {
            Scheme::Http => ("http", 80),
            Scheme::Https => ("https", 443),
        }
    }
}

impl Origin {
    /// The origin of a URL.
    ///
    /// # Errors
    /// [`Error::Url`] when the scheme is neither http nor https, or there is no host.
    pub fn of(url: &Url) -> Result<Self, Error> {
        let (scheme, host, port) = Self::parts(url)?;
        Ok(Origin { scheme, host: host.to_owned(), port })
    }

    /// Whether the URL has an origin.
    pub(super) fn check(url: &Url) -> Result<(), Error> {
        Self::parts(url).map(|_| ())
    }

    fn parts(url: &Url) -> Result<(Scheme, &str, u16), Error> {
        let refuse = |why: &str| Error::Url {
            url: without_credentials(url).to_string(),
            why: why.to_owned(),
        };
        let scheme = match url.scheme() {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return Err(refuse("its scheme has to be http:// or https://")),
        };
        let Some(host) = url.host_str() else {
            return Err(refuse("it names no host; write http:// or https://, a host and a path"));
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        Ok((scheme, host, url.port().unwrap_or(scheme.name_and_port().1)))
    }

    /// The name or address to connect to; an IPv6 address comes without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port to connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the connection has to be encrypted.
    pub fn is_https(&self) -> bool {
        self.scheme == Scheme::Https
    }

    /// The connection that an encrypted one to here runs over.
    #[cfg(feature = "tls")]
    pub(super) fn unencrypted(&self) -> Self {
        Origin { scheme: Scheme::Http, ..self.clone() }
    }

    /// The host and, unless it is the scheme's own, the port, as the Host header wants them.
    pub(super) fn authority(&self) -> String {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        match self.port == self.scheme.name_and_port().1 {
            true => host,
            false => format!("{host}:{}", self.port),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.name_and_port().0, self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(url: &str) -> Origin {
        Origin::of(&Url::parse(url).unwrap()).unwrap()
    }

    #[test]
    fn an_origin_is_scheme_host_and_port_and_nothing_else() {
        assert_eq!(origin("http://h/a"), origin("http://u:p@H:80/b?c#d"));
        assert_ne!(origin("http://h/"), origin("https://h/"));
        assert_ne!(origin("http://h/"), origin("http://h:8080/"));
        assert_ne!(origin("http://h/"), origin("http://h.example/"));
    }

    #[test]
    fn an_ipv6_host_is_bare_to_connect_and_bracketed_to_print() {
        assert_eq!(origin("http://[::1]:8000/").host(), "::1");
        assert_eq!(origin("http://[::1]:8000/").to_string(), "http://[::1]:8000");
        assert_eq!(origin("https://[::1]:443/").to_string(), "https://[::1]");
    }
}
