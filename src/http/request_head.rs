//! The head of a request as a server reads it: what is asked for, and of which host. `head.rs` finds where it
//! ends, `server.rs` reads the request, `answer.rs` answers it.

use std::mem::MaybeUninit;

use ::http::{HeaderMap, Method, Version, header};
use bytes::Bytes;

use super::Flaw;
use super::head::{MAX_HEADERS, head_flaw, header_map, version};

/// The head of a request, as a server reads it.
///
/// ```
/// use glassloop::http::RequestHead;
///
/// let head = RequestHead::parse(b"GET /a.png?w=1 HTTP/1.1\r\nHost: h\r\n\r\n")?;
/// assert_eq!((head.path(), head.query()), ("/a.png", Some("w=1")));
/// # Ok::<(), glassloop::http::Flaw>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHead {
    /// The method, known or not.
    pub method: Method,
    /// What is asked for, as it stood in the first line: `/path?query`, an http URL, or `*`.
    pub target: String,
    /// HTTP/1.0 or HTTP/1.1.
    pub version: Version,
    /// Headers by name, in the order they came within one name.
    pub headers: HeaderMap,
}

impl RequestHead {
    /// Reads a complete head, its empty line included.
    ///
    /// # Errors
    /// A [`Flaw`] when the bytes are not exactly one well-formed head, the target is no path, or an
    /// HTTP/1.1 request has no Host or two.
    pub fn parse(bytes: &[u8]) -> Result<Self, Flaw> {
        let bytes = &Bytes::copy_from_slice(bytes);
        let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut []);
        let parsed = request.parse_with_uninit_headers(bytes, &mut headers);
        let parsed = parsed.map_err(|error| match error {
            // A blank in the target pushes half of it into the place of the version.
            httparse::Error::Version if !has_three_words(bytes) => {
                head_flaw(httparse::Error::Token)
            }
            error => head_flaw(error),
        })?;
        match parsed {
            httparse::Status::Complete(length) if length == bytes.len() => {}
            _ => return Err(Flaw::Head { what: "it does not end with an empty line" }),
        }
        let method = Method::from_bytes(request.method.unwrap_or_default().as_bytes())
            .map_err(|_| Flaw::Head { what: "the method is malformed" })?;
        let target = request.path.unwrap_or_default().to_owned();
        let head = RequestHead {
            method,
            target,
            version: version(request.version)?,
            headers: header_map(request.headers, bytes)?,
        };
        head.check_target()?;
        head.check_host()?;
        Ok(head)
    }

    /// The path of the target, still percent-encoded, without the query. `*` for the server as a whole.
    pub fn path(&self) -> &str {
        let target = self.after_authority();
        match target.split_once('?') {
            Some(("", _)) => "/",
            Some((path, _)) => path,
            None => target,
        }
    }

    /// What follows the `?` of the target.
    pub fn query(&self) -> Option<&str> {
        self.after_authority().split_once('?').map(|(_, query)| query)
    }

    fn after_authority(&self) -> &str {
        let Some((_, rest)) = self.target.split_once("://").filter(|_| !self.is_origin_form())
        else {
            return &self.target;
        };
        rest.find(['/', '?']).map_or("/", |at| &rest[at..])
    }

    fn is_origin_form(&self) -> bool {
        self.target.starts_with('/')
    }

    fn check_target(&self) -> Result<(), Flaw> {
        if self.method == Method::CONNECT {
            return Err(Flaw::Tunnel);
        }
        let target = self.target.as_str();
        let lower = target.get(..8).unwrap_or(target).to_ascii_lowercase();
        let known = self.is_origin_form()
            || lower.starts_with("http://")
            || lower.starts_with("https://")
            || (target == "*" && self.method == Method::OPTIONS);
        match known && target.bytes().all(|byte| byte.is_ascii_graphic()) {
            true => Ok(()),
            false => Err(Flaw::Target),
        }
    }

    /// A request without a host, or with two, means one thing to a proxy and another to the server behind.
    fn check_host(&self) -> Result<(), Flaw> {
        let mut hosts = self.headers.get_all(header::HOST).iter();
        match (hosts.next(), hosts.next()) {
            (_, Some(_)) => Err(Flaw::Host),
            (None, _) if self.version == Version::HTTP_11 => Err(Flaw::Host),
            (Some(host), _) if host.as_bytes().iter().any(|b| b" \t,/?#@\\".contains(b)) => {
                Err(Flaw::Host)
            }
            _ => Ok(()),
        }
    }
}

/// Whether the first line consists of three words, whatever they are.
fn has_three_words(bytes: &[u8]) -> bool {
    let line = bytes.split(|&byte| byte == b'\r').next().unwrap_or_default();
    line.split(|&byte| byte == b' ').count() == 3
}
