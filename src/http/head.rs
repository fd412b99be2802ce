//! The head of a message, out of bytes: find the empty line that ends it, then let httparse read it.
//! `request_head.rs` does the same for requests; `framing.rs` says which body follows.

use std::mem::MaybeUninit;

use ::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
use bytes::Bytes;

use super::Flaw;
use super::error::excerpt;

/// The largest head, in bytes, that is read.
pub const MAX_HEAD: usize = 64 * 1024;
/// The longest first line (request line or status line), in bytes.
pub const MAX_FIRST_LINE: usize = 8 * 1024;
/// The largest number of headers in a head, and of trailers after a body.
pub const MAX_HEADERS: usize = 100;
/// The largest trailers, in bytes.
pub const MAX_TRAILERS: usize = 16 * 1024;

/// Looks for the empty line that ends a head (or trailers). Remembers how far it has looked, so a head that
/// arrives byte by byte costs no more than one that arrives at once.
///
/// Nothing is parsed before the end is found: what a head means cannot depend on how it was split.
#[derive(Clone, Debug)]
pub(super) struct Scanner {
    looked_at: usize,
    line: usize,
    in_first_line: bool,
    after_cr: bool,
    limit: usize,
}

impl Scanner {
    pub(super) fn head() -> Self {
        let (limit, in_first_line) = (MAX_HEAD, true);
        Scanner { looked_at: 0, line: 0, in_first_line, after_cr: false, limit }
    }

    pub(super) fn trailers() -> Self {
        Scanner { limit: MAX_TRAILERS, in_first_line: false, ..Scanner::head() }
    }

    // ANCHOR: find_end
    /// The number of bytes up to and including the empty line, or `None` until it has arrived. `bytes` must
    /// begin with what it began with last time.
    pub(super) fn find_end(&mut self, bytes: &[u8]) -> Result<Option<usize>, Flaw> {
        while let Some(&byte) = bytes.get(self.looked_at) {
            let mut seen = 1;
            match (self.after_cr, byte) {
                (true, b'\n') if self.line == 0 => return Ok(Some(self.looked_at + 1)),
                (true, b'\n') => {
                    self.after_cr = false;
                    self.in_first_line = false;
                    self.line = 0;
                }
                // A lone CR or LF ends a line for some readers and not for others: two of them in a row
                // would disagree on where the head ends.
                (true, _) | (false, b'\n') => return Err(Flaw::BareLineEnd),
                (false, b'\r') => self.after_cr = true,
                (false, _) => {
                    seen = self.plain(&bytes[self.looked_at..]);
                    self.line += seen;
                }
            }
            self.looked_at += seen;
            if self.in_first_line && self.line > MAX_FIRST_LINE {
                return Err(Flaw::FirstLineTooLong { limit: MAX_FIRST_LINE });
            }
            if self.looked_at == self.limit {
                return Err(Flaw::HeadTooLarge { limit: self.limit });
            }
        }
        Ok(None)
    }
    // ANCHOR_END: find_end

    /// How many bytes at the start of `rest` do not end a line, up to a limit. Nearly all of a head is such, and
    /// the compiler makes one step of sixteen: there is no branch between them.
    fn plain(&self, rest: &[u8]) -> usize {
        let mut most = self.limit - self.looked_at;
        if self.in_first_line {
            most = most.min(MAX_FIRST_LINE + 1 - self.line);
        }
        let rest = &rest[..rest.len().min(most)];
        let is_plain =
            |block: &&[u8; 16]| block.iter().fold(true, |all, byte| all & (*byte > b'\r'));
        let blocks = 16 * rest.as_chunks().0.iter().take_while(is_plain).count();
        let ends_line = |byte: &u8| matches!(byte, b'\r' | b'\n');
        rest[blocks..].iter().position(ends_line).map_or(rest.len(), |at| blocks + at)
    }
}

/// The head of a response.
///
/// ```
/// use glassloop::http::ResponseHead;
///
/// let head = ResponseHead::parse(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n")?;
/// assert_eq!(head.status, 200);
/// assert_eq!(head.headers["content-length"], "3");
/// # Ok::<(), glassloop::http::Flaw>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHead {
    /// The three digits.
    pub status: StatusCode,
    /// HTTP/1.0 or HTTP/1.1.
    pub version: Version,
    /// Headers by name, in the order they came within one name.
    pub headers: HeaderMap,
}

impl ResponseHead {
    /// Reads a complete head, its empty line included.
    ///
    /// # Errors
    /// A [`Flaw`] when the bytes are not exactly one well-formed head.
    pub fn parse(bytes: &[u8]) -> Result<Self, Flaw> {
        let bytes = &Bytes::copy_from_slice(bytes);
        let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut []);
        let parser = httparse::ParserConfig::default();
        let parsed = parser.parse_response_with_uninit_headers(&mut response, bytes, &mut headers);
        match parsed.map_err(head_flaw)? {
            httparse::Status::Complete(length) if length == bytes.len() => {}
            _ => return Err(Flaw::Head { what: "it does not end with an empty line" }),
        }
        let status = StatusCode::from_u16(response.code.unwrap_or_default())
            .map_err(|_| Flaw::Head { what: "the status is not a number from 100 to 999" })?;
        let headers = header_map(response.headers, bytes)?;
        Ok(ResponseHead { status, version: version(response.version)?, headers })
    }

    /// Whether `start` can still become a response: refuses at once what would otherwise be waited for.
    pub(super) fn check_start(start: &[u8]) -> Result<(), Flaw> {
        const EXPECTED: &[u8] = b"HTTP/";
        // Begins an alert or a handshake of TLS; HTTP has no such byte.
        if let Some(21 | 22) = start.first() {
            return Err(Flaw::Tls);
        }
        let length = start.iter().zip(EXPECTED).take_while(|(a, b)| a == b).count();
        match length == start.len().min(EXPECTED.len()) {
            true => Ok(()),
            false => Err(Flaw::NotHttp { start: excerpt(&start[..=length]) }),
        }
    }
}

/// Reads a complete header section, its empty line included, into a map.
pub(super) fn parse_trailers(bytes: &[u8]) -> Result<HeaderMap, Flaw> {
    let bytes = &Bytes::copy_from_slice(bytes);
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    match httparse::parse_headers(bytes, &mut headers).map_err(head_flaw)? {
        httparse::Status::Complete((_, headers)) => header_map(headers, bytes),
        httparse::Status::Partial => {
            Err(Flaw::Head { what: "the trailers do not end with an empty line" })
        }
    }
}

/// `head` is what the headers were parsed from: their values share it.
pub(super) fn header_map(
    headers: &[httparse::Header<'_>],
    head: &Bytes,
) -> Result<HeaderMap, Flaw> {
    let mut map = HeaderMap::with_capacity(headers.len());
    for header in headers {
        let name = HeaderName::from_bytes(header.name.as_bytes())
            .map_err(|_| head_flaw(httparse::Error::HeaderName))?;
        let value = HeaderValue::from_maybe_shared(head.slice_ref(header.value))
            .map_err(|_| head_flaw(httparse::Error::HeaderValue))?;
        map.append(name, value);
    }
    Ok(map)
}

pub(super) fn version(minor: Option<u8>) -> Result<Version, Flaw> {
    match minor {
        Some(0) => Ok(Version::HTTP_10),
        Some(1) => Ok(Version::HTTP_11),
        _ => Err(Flaw::Version),
    }
}

pub(super) fn head_flaw(error: httparse::Error) -> Flaw {
    let what = match error {
        httparse::Error::Version => return Flaw::Version,
        httparse::Error::TooManyHeaders => return Flaw::TooManyHeaders { limit: MAX_HEADERS },
        httparse::Error::HeaderName => {
            "a header's name is malformed, has a space around it, or is folded"
        }
        httparse::Error::HeaderValue => "a header's value holds a control character",
        httparse::Error::NewLine => "a line does not end with CRLF",
        httparse::Error::Status => "the status is malformed",
        httparse::Error::Token => "the first line is malformed",
    };
    Flaw::Head { what }
}
