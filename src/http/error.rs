//! What can go wrong, in two layers: a [`Flaw`] is what is wrong with the bytes of a message, and the
//! sans-I/O parts speak of nothing else; an [`Error`] is what a session tells its caller, with the name of
//! the server in it.

use std::io;

use ::http::{HeaderName, StatusCode};
use url::Url;

use super::Origin;

/// What is wrong with the bytes the other side sent. Reads as the end of a sentence: "the server at … ".
///
/// ```
/// use glassloop::http::Flaw;
///
/// let flaw = Flaw::TruncatedBody { missing: 120 };
/// assert_eq!(flaw.to_string(), "closed the connection 120 bytes before the end of the body");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // each variant's text is its documentation
pub enum Flaw {
    #[error("closed the connection without sending a response")]
    NoAnswer,
    #[error("closed the connection in the middle of the head")]
    TruncatedHead,
    #[error("closed the connection {missing} bytes before the end of the body")]
    TruncatedBody { missing: u64 },
    #[error("closed the connection before the last chunk of the body")]
    TruncatedChunks,
    #[error("does not speak HTTP/1: its first bytes are \"{start}\"")]
    NotHttp { start: String },
    #[error("speaks TLS on this port: write https:// instead of http://")]
    Tls,
    #[error("uses a version of HTTP other than 1.0 and 1.1")]
    Version,
    #[error("sent a malformed head: {what}")]
    Head { what: &'static str },
    #[error("sent a CR or LF that is not part of a CRLF")]
    BareLineEnd,
    #[error("sent a first line longer than {limit} bytes")]
    FirstLineTooLong { limit: usize },
    #[error("sent a head or trailers longer than {limit} bytes")]
    HeadTooLarge { limit: usize },
    #[error("sent more than {limit} headers")]
    TooManyHeaders { limit: usize },
    #[error("sent both Content-Length and Transfer-Encoding")]
    LengthAndCoding,
    #[error("sent two different lengths, {first} and {second}")]
    TwoLengths { first: u64, second: u64 },
    #[error("sent a Content-Length that is not a number: \"{value}\"")]
    Length { value: String },
    #[error("uses a transfer coding other than chunked: \"{value}\"")]
    Coding { value: String },
    #[error("uses chunks in HTTP/1.0, which has none")]
    CodingInHttp10,
    #[error("sent a chunk size that is not a hexadecimal number of at most 64 bits")]
    ChunkSize,
    #[error("sent a chunk whose size and extensions take more than {limit} bytes")]
    ChunkLineTooLong { limit: usize },
    #[error("sent a chunk that does not end where its size says")]
    ChunkEnd,
    #[error("sent more than {limit} interim (1xx) responses")]
    TooManyInterim { limit: usize },
    #[error("switched protocols (101) without having been asked to")]
    Upgrade,
    #[error("sent an HTTP/1.1 request without exactly one valid Host")]
    Host,
    #[error("asked for something that is neither a path nor an http URL")]
    Target,
    #[error("asked for a tunnel (CONNECT)")]
    Tunnel,
    #[error("was cut off by an error earlier in this response")]
    Broken,
}

/// What a session tells its caller: what was tried, on what, and why it failed.
///
/// ```
/// use glassloop::http::{Error, parse_url};
///
/// let error = parse_url("ftp://example.org/file").unwrap_err();
/// assert!(matches!(error, Error::Url { .. }));
/// assert!(error.to_string().contains("http:// or https://"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // each variant's text is its documentation
pub enum Error {
    #[error("{url:?} cannot be fetched: {why}")]
    Url { url: String, why: String },
    #[error("the header {name:?} cannot be sent: its name or value holds a forbidden character")]
    Header { name: String },
    #[error("the header {name} says how the message is framed or routed: leave it to the session")]
    ReservedHeader { name: HeaderName },
    #[error(
        "the user name or password in the URL of {origin} holds a control character or a colon"
    )]
    Credentials { origin: Origin },
    #[error("CONNECT opens a tunnel, which a session cannot use: send another method")]
    Tunnel,
    #[error("cannot connect to {origin}: {cause}")]
    Connect { origin: Origin, cause: io::Error },
    #[error("cannot send the request to {origin}: {cause}")]
    Send { origin: Origin, cause: io::Error },
    #[error("cannot read the response of {origin}: {cause}")]
    Receive { origin: Origin, cause: io::Error },
    #[error("the server at {origin} {flaw}")]
    Answer { origin: Origin, flaw: Flaw },
    #[error("the body of {url} is larger than the {limit} bytes allowed here")]
    TooLarge { url: Box<Url>, limit: usize },
    #[error("{url} redirects again after {limit} redirects: it is probably a loop")]
    TooManyRedirects { url: Box<Url>, limit: usize },
    #[error("{from} redirects from https to {to}, which is not encrypted: refused")]
    Downgrade { from: Box<Url>, to: Box<Url> },
    #[error("{url} answers {status} without saying where to (no Location)")]
    NoLocation { url: Box<Url>, status: StatusCode },
    #[error("{url} redirects to {location:?}, which cannot be followed: {why}")]
    Location { url: Box<Url>, location: String, why: String },
}

/// A few bytes of what the other side sent, safe to print.
pub(super) fn excerpt(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(40)].escape_ascii().to_string()
}
