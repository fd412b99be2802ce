//! The server's side: the head of a response into bytes, and whether the connection outlives it. `server.rs`
//! reads what is answered here.

use ::http::{HeaderMap, Method, StatusCode, Version, header};

use super::framing::keeps_alive;
use super::{Framing, Refusal, RequestHead};

/// What to send before the body of a request that [waits for it](RequestHead::expects_continue) is read.
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// What ends a chunked body.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

impl RequestHead {
    /// Whether the client means to send another request on this connection.
    pub fn keeps_alive(&self) -> bool {
        keeps_alive(self.version, &self.headers)
    }

    /// Whether the client waits for [`CONTINUE`] before it sends the body.
    pub fn expects_continue(&self) -> bool {
        let expected = self.headers.get(header::EXPECT).map(|value| value.as_bytes());
        self.version == Version::HTTP_11
            && expected.is_some_and(|value| value.eq_ignore_ascii_case(b"100-continue"))
    }

    /// How to delimit a body of this length in the response; `None` means that it is not known yet. HTTP/1.0
    /// has no chunks: there the connection has to be closed at the end.
    pub fn framing_for(&self, length: Option<u64>) -> Framing {
        match (length, self.version) {
            (Some(length), _) => Framing::Length(length),
            (None, Version::HTTP_10) => Framing::ToClose,
            (None, _) => Framing::Chunked,
        }
    }

    /// The head of a response to this request, in bytes, and whether the connection stays open after it.
    ///
    /// Framing and Connection headers are written here, those in `headers` are left out; `close` asks for
    /// the connection to be closed. Send no body after it for HEAD, 204 and 304.
    ///
    /// ```
    /// use glassloop::http::{Framing, RequestHead};
    /// use http::{HeaderMap, StatusCode};
    ///
    /// let request = RequestHead::parse(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")?;
    /// let (head, stays_open) =
    ///     request.respond(StatusCode::OK, &HeaderMap::new(), request.framing_for(Some(5)), false);
    /// assert_eq!(head, b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: keep-alive\r\n\r\n");
    /// assert!(stays_open);
    /// # Ok::<(), glassloop::http::Flaw>(())
    /// ```
    pub fn respond(
        &self,
        status: StatusCode,
        headers: &HeaderMap,
        framing: Framing,
        close: bool,
    ) -> (Vec<u8>, bool) {
        let bodiless = status == StatusCode::NO_CONTENT || status.is_informational();
        // A HEAD response ends with its head, however the body would have been delimited.
        let ends_itself = bodiless || framing != Framing::ToClose || self.method == Method::HEAD;
        let stays_open = self.keeps_alive() && ends_itself && !close;
        let framing = if bodiless { Framing::None } else { framing };
        (response_head(status, headers, framing, stays_open), stays_open)
    }
}

impl Refusal {
    /// The whole response to a refused request: its status, the reason as text, and the end of the connection.
    pub fn response(&self) -> Vec<u8> {
        let body = format!("{self}\n");
        let framing = Framing::Length(body.len() as u64);
        let mut bytes = response_head(self.status, &HeaderMap::new(), framing, false);
        bytes.extend_from_slice(body.as_bytes());
        bytes
    }
}

/// The head of a response. Its version is always 1.1, the highest that the server speaks.
fn response_head(
    status: StatusCode,
    headers: &HeaderMap,
    framing: Framing,
    stays_open: bool,
) -> Vec<u8> {
    let reason = status.canonical_reason().unwrap_or_default();
    let mut head = format!("HTTP/1.1 {} {reason}\r\n", status.as_str()).into_bytes();
    let ours = [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION];
    for (name, value) in headers.iter().filter(|(name, _)| !ours.contains(name)) {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            head.extend_from_slice(part);
        }
    }
    match framing {
        Framing::Length(length) => {
            head.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
        }
        Framing::Chunked => head.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        Framing::None | Framing::ToClose => {}
    }
    let connection = if stays_open { "keep-alive" } else { "close" };
    head.extend_from_slice(format!("connection: {connection}\r\n\r\n").as_bytes());
    head
}

/// Appends `data` to `out` as one chunk. Nothing at all if it is empty: an empty chunk would end the body.
///
/// ```
/// let mut out = Vec::new();
/// glassloop::http::put_chunk(&mut out, b"hello, glass");
/// assert_eq!(out, b"c\r\nhello, glass\r\n");
/// ```
pub fn put_chunk(out: &mut Vec<u8>, data: &[u8]) {
    if !data.is_empty() {
        out.extend_from_slice(format!("{:x}\r\n", data.len()).as_bytes());
        out.extend_from_slice(data);
        out.extend_from_slice(b"\r\n");
    }
}
