//! The server's side: one request after another out of bytes. No socket, no clock: a server that has waited too
//! long for a request answers 408 by itself. `request_head.rs`, `framing.rs` and `body.rs` read; `answer.rs`
//! writes.

use std::ops::Range;

use ::http::{HeaderMap, StatusCode};

use super::head::Scanner;
use super::{BodyDecoder, Flaw, Framing, RequestHead};

/// Empty lines that are skipped before a request: old clients send one after the body of a POST.
const MAX_EMPTY_LINES: usize = 4;

/// Reads one request after another from the bytes of a connection.
///
/// ```
/// use glassloop::http::{RequestEvent, Requests};
///
/// let mut requests = Requests::default();
/// let mut bytes: &[u8] = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n";
/// let mut paths = Vec::new();
/// loop {
///     let (consumed, event) = requests.step(bytes)?;
///     bytes = &bytes[consumed..];
///     match event {
///         Some(RequestEvent::Head(head)) => paths.push(head.path().to_owned()),
///         Some(RequestEvent::Data(_)) => {}
///         Some(RequestEvent::End) => {} // answer here: the next step begins the next request
///         None => break,                // read more here
///     }
/// }
/// assert_eq!(paths, ["/a", "/b"]);
/// # Ok::<(), glassloop::http::Refusal>(())
/// ```
#[derive(Clone, Debug)]
pub struct Requests {
    state: State,
    trailers: HeaderMap,
}

/// What [`Requests::step`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestEvent {
    /// The head of a request.
    Head(RequestHead),
    /// A piece of its body: this range of the bytes given.
    Data(Range<usize>),
    /// The end of the request. The next step reads the next request.
    End,
}

/// A request that is not served: answer `status`, and close the connection. What follows cannot be trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the client {flaw}")]
pub struct Refusal {
    /// What to answer: 400, 414, 431, 501 or 505.
    pub status: StatusCode,
    /// Why.
    pub flaw: Flaw,
}

#[derive(Clone, Debug)]
enum State {
    Head { scanner: Scanner, empty_lines: usize },
    Body(BodyDecoder),
    Failed(Flaw),
}

impl State {
    fn new() -> Self {
        State::Head { scanner: Scanner::head(), empty_lines: 0 }
    }
}

impl Default for Requests {
    fn default() -> Self {
        Requests { state: State::new(), trailers: HeaderMap::new() }
    }
}

impl Requests {
    /// Goes through `bytes` up to the next event. Returns how many to drop before the next call, and the
    /// event; without one more bytes are needed, behind those not dropped.
    ///
    /// # Errors
    /// A [`Refusal`], and the same one again ever after.
    pub fn step(&mut self, bytes: &[u8]) -> Result<(usize, Option<RequestEvent>), Refusal> {
        let result = match &mut self.state {
            State::Head { .. } => self.head(bytes),
            State::Body(body) => match body.step(bytes) {
                Ok(step) if !step.data.is_empty() => {
                    Ok((step.consumed, Some(RequestEvent::Data(step.data))))
                }
                Ok(step) if step.end => {
                    self.trailers = body.trailers().clone();
                    self.state = State::new();
                    Ok((step.consumed, Some(RequestEvent::End)))
                }
                Ok(step) => Ok((step.consumed, None)),
                Err(flaw) => Err(flaw),
            },
            State::Failed(flaw) => Err(flaw.clone()),
        };
        result.map_err(|flaw| {
            self.state = State::Failed(flaw.clone());
            Refusal { status: status_for(&flaw), flaw }
        })
    }

    /// Says that nothing follows `rest`, the bytes not dropped so far.
    ///
    /// # Errors
    /// A [`Flaw`] unless the last request has ended. There is nobody left to answer.
    pub fn eof(&mut self, rest: &[u8]) -> Result<(), Flaw> {
        match &mut self.state {
            State::Head { .. } if rest.is_empty() => Ok(()),
            State::Head { .. } => Err(Flaw::TruncatedHead),
            State::Body(body) => body.eof(),
            State::Failed(flaw) => Err(flaw.clone()),
        }
    }

    /// The headers that came after the chunked body of the last request that ended.
    pub fn trailers(&self) -> &HeaderMap {
        &self.trailers
    }

    fn head(&mut self, bytes: &[u8]) -> Result<(usize, Option<RequestEvent>), Flaw> {
        let mut at = 0;
        while let State::Head { scanner, empty_lines } = &mut self.state {
            let Some(length) = scanner.find_end(&bytes[at..])? else { break };
            if length == b"\r\n".len() && *empty_lines < MAX_EMPTY_LINES {
                at += length;
                *empty_lines += 1;
                *scanner = Scanner::head();
                continue;
            }
            let head = RequestHead::parse(&bytes[at..at + length])?;
            self.state = State::Body(BodyDecoder::new(Framing::of_request(&head)?));
            return Ok((at + length, Some(RequestEvent::Head(head))));
        }
        Ok((at, None))
    }
}

fn status_for(flaw: &Flaw) -> StatusCode {
    match flaw {
        Flaw::FirstLineTooLong { .. } => StatusCode::URI_TOO_LONG,
        Flaw::HeadTooLarge { .. } | Flaw::TooManyHeaders { .. } => {
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
        }
        Flaw::Coding { .. } | Flaw::Tunnel => StatusCode::NOT_IMPLEMENTED,
        Flaw::Version => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
        _ => StatusCode::BAD_REQUEST,
    }
}
