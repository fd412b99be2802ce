//! A request, and its bytes on the wire. Text becomes a URL here and nowhere else, so what could split a
//! request (CR, LF, NUL) is refused in one place. `redirect.rs` makes the next request out of one.

use std::fmt;

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use percent_encoding::percent_decode_str;
use url::{Position, Url};

use super::framing::keeps_alive;
use super::{Error, Origin};

const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("glassloop/", env!("CARGO_PKG_VERSION")));

/// A request's head is hardly ever larger, in bytes: it is written without growing.
const USUAL_HEAD: usize = 512;

/// Headers that say where a message ends or who it is for. Two opinions on that are an attack.
const RESERVED: [HeaderName; 3] = [header::HOST, header::CONTENT_LENGTH, header::TRANSFER_ENCODING];

/// Reads text as a URL that can be fetched.
///
/// # Errors
/// [`Error::Url`], with what to do, when it is no URL, its scheme is neither http nor https, it names no host,
/// or it holds a control character: the rules for URLs would drop tabs and line ends without a word.
///
/// ```
/// use glassloop::http::parse_url;
///
/// assert_eq!(parse_url("http://example.org/a b")?.as_str(), "http://example.org/a%20b");
/// assert!(parse_url("http://example.org/a\r\nX-Injected: 1").is_err());
/// # Ok::<(), glassloop::http::Error>(())
/// ```
pub fn parse_url(text: &str) -> Result<Url, Error> {
    let refuse = |why: String| Error::Url { url: text.to_owned(), why };
    if let Some(control) = text.chars().find(|char| char.is_control()) {
        return Err(refuse(format!("it holds the control character {control:?}; remove it")));
    }
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(url::ParseError::RelativeUrlWithoutBase) => {
            return Err(refuse("it has no scheme; put http:// or https:// before it".to_owned()));
        }
        Err(error) => return Err(refuse(format!("{error}; correct it"))),
    };
    // The text is quoted as it was given, not as the URL rules rewrote it.
    Origin::check(&url).map_err(|error| match error {
        Error::Url { why, .. } => refuse(why),
        other => other,
    })?;
    Ok(url)
}

/// A request: what to do, with what, and what to send along.
///
/// ```
/// use glassloop::http::Request;
///
/// let request = Request::get("http://user:secret@example.org:8000/a?b#c")?.header("Range", "bytes=5-")?;
/// let bytes = String::from_utf8(request.encode()?).unwrap();
/// assert!(bytes.starts_with("GET /a?b HTTP/1.1\r\nhost: example.org:8000\r\n"));
/// assert!(bytes.contains("\r\nauthorization: Basic dXNlcjpzZWNyZXQ=\r\n"));
/// # Ok::<(), glassloop::http::Error>(())
/// ```
#[derive(Clone)]
pub struct Request {
    /// GET, HEAD, POST, …; not CONNECT.
    pub method: Method,
    /// What it is about. User name and password in it are sent as Basic authorization.
    pub url: Url,
    /// Headers beside those that every request gets (Host, User-Agent, Accept, Content-Length).
    pub headers: HeaderMap,
    /// What to send along; may be empty.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers or body.
    pub fn new(method: Method, url: Url) -> Self {
        Request { method, url, headers: HeaderMap::new(), body: Vec::new() }
    }

    /// Asks for what is at `url`.
    ///
    /// # Errors
    /// [`Error::Url`], as [`parse_url`].
    pub fn get(url: &str) -> Result<Self, Error> {
        Ok(Request::new(Method::GET, parse_url(url)?))
    }

    /// Asks for the head of the response to [`Request::get`] only.
    ///
    /// # Errors
    /// [`Error::Url`], as [`parse_url`].
    pub fn head(url: &str) -> Result<Self, Error> {
        Ok(Request::new(Method::HEAD, parse_url(url)?))
    }

    /// Adds a header.
    ///
    /// # Errors
    /// [`Error::Header`] when the name is no token, or the value holds CR, LF, NUL or another control character.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, Error> {
        let refuse = || Error::Header { name: name.to_owned() };
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refuse())?;
        let value = HeaderValue::from_str(value).map_err(|_| refuse())?;
        self.headers.append(name, value);
        Ok(self)
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// The bytes to send: head and body.
    ///
    /// # Errors
    /// When the request cannot be sent as HTTP/1.1: a URL that is none of http, a header that belongs to the
    /// session, credentials that cannot be written as Basic authorization, or CONNECT.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        Origin::check(&self.url)?;
        if self.method == Method::CONNECT {
            return Err(Error::Tunnel);
        }
        if let Some(name) = RESERVED.into_iter().find(|name| self.headers.contains_key(name)) {
            return Err(Error::ReservedHeader { name });
        }
        let target = &self.url[Position::BeforePath..Position::AfterQuery];
        let authority = &self.url[Position::BeforeHost..Position::AfterPort];
        // The URL type promises this already; here it is kept even if that promise should break.
        if ![target, authority].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_graphic()))
        {
            let why = "a byte of it cannot stand in a request line; percent-encode it".to_owned();
            return Err(Error::Url { url: target.to_owned(), why });
        }

        let mut bytes = Vec::with_capacity(USUAL_HEAD + self.body.len());
        for part in [self.method.as_str(), " ", target, " HTTP/1.1\r\n"] {
            bytes.extend_from_slice(part.as_bytes());
        }
        put(&mut bytes, &header::HOST, authority.as_bytes());
        if !self.headers.contains_key(header::USER_AGENT) {
            put(&mut bytes, &header::USER_AGENT, USER_AGENT.as_bytes());
        }
        if !self.headers.contains_key(header::ACCEPT) {
            put(&mut bytes, &header::ACCEPT, b"*/*");
        }
        if let Some(basic) = self.basic()? {
            put(&mut bytes, &header::AUTHORIZATION, basic.as_bytes());
        }
        let expects_body = [Method::POST, Method::PUT, Method::PATCH].contains(&self.method);
        if expects_body || !self.body.is_empty() {
            put(&mut bytes, &header::CONTENT_LENGTH, self.body.len().to_string().as_bytes());
        }
        for (name, value) in &self.headers {
            put(&mut bytes, name, value.as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        Ok(bytes)
    }

    /// Whether this request lets the connection be used again.
    pub(super) fn keeps_alive(&self) -> bool {
        keeps_alive(::http::Version::HTTP_11, &self.headers)
    }

    /// The Basic authorization of the URL's user name and password, unless a header says something else.
    fn basic(&self) -> Result<Option<String>, Error> {
        let (user, password) = (self.url.username(), self.url.password());
        if (user.is_empty() && password.is_none())
            || self.headers.contains_key(header::AUTHORIZATION)
        {
            return Ok(None);
        }
        let user: Vec<u8> = percent_decode_str(user).collect();
        let password: Vec<u8> = percent_decode_str(password.unwrap_or_default()).collect();
        if user.contains(&b':') || user.iter().chain(&password).any(u8::is_ascii_control) {
            return Err(Error::Credentials { origin: Origin::of(&self.url)? });
        }
        Ok(Some(format!("Basic {}", base64(&[&user, &b":"[..], &password].concat()))))
    }
}

/// Without user name and password: a request ends up in logs.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = without_credentials(&self.url);
        write!(f, "Request({} {url}, {} bytes)", self.method, self.body.len())
    }
}

/// The URL without user name and password, to print and to pass on.
pub(super) fn without_credentials(url: &Url) -> Url {
    let mut url = url.clone();
    // These fail only for URLs without a host, which have no credentials to remove.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

fn put(bytes: &mut Vec<u8>, name: &HeaderName, value: &[u8]) {
    for part in [name.as_str().as_bytes(), b": ", value, b"\r\n"] {
        bytes.extend_from_slice(part);
    }
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for position in 0..4 {
            match position <= group.len() {
                true => {
                    text.push(char::from(ALPHABET[(bits >> (18 - 6 * position) & 63) as usize]))
                }
                false => text.push('='),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_fills_the_last_group_with_equals_signs() {
        let pairs =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")];
        for (plain, coded) in pairs {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfd]), "//79");
    }
}
