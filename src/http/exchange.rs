//! One request and the response to it, as the client sees it: bytes in, events out. No socket, no clock, no
//! buffer. `head.rs`, `framing.rs` and `body.rs` do the reading; `connection.rs` feeds it.

use std::ops::Range;

use ::http::{HeaderMap, Method, StatusCode};

use super::framing::keeps_alive;
use super::head::Scanner;
use super::{BodyDecoder, Flaw, Framing, Request, ResponseHead};

/// How many interim responses (100 Continue, 103 Early Hints, …) are skipped before the real one.
const MAX_INTERIM: usize = 16;

/// The client's side of one request on one connection.
///
/// ```text
///               1xx: skipped
///              ┌──────┐
///            ┌─┴──────▼─┐  Head   ┌────────┐  last byte   ┌────────┐  End
///   new ────►│   Head   ├────────►│  Body  ├─────────────►│  Done  ├──────► …
///            └────┬─────┘         └─┬────┬─┘              └────────┘
///                 │                 │    └─ Data ─┐
///                 └── any Flaw ─────┴► Failed ◄───┘
/// ```
///
/// ```
/// use glassloop::http::{Event, Exchange, Request};
///
/// let mut exchange = Exchange::new(&Request::get("http://example.org/")?);
/// let mut bytes: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
/// let mut body = Vec::new();
/// loop {
///     let (consumed, event) = exchange.step(bytes).unwrap();
///     match event {
///         Some(Event::Head(head)) => assert_eq!(head.status, 200),
///         Some(Event::Data(range)) => body.extend_from_slice(&bytes[range]),
///         Some(Event::End) => break,
///         None => unreachable!("all bytes are here"),
///     }
///     bytes = &bytes[consumed..];
/// }
/// assert_eq!(body, b"hello");
/// assert!(exchange.is_reusable(&[]));
/// # Ok::<(), glassloop::http::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Exchange {
    method: Method,
    keep_alive: bool,
    framing: Option<Framing>,
    state: State,
}

/// What [`Exchange::step`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The head of the response; comes once.
    Head(ResponseHead),
    /// A piece of the body: this range of the bytes given.
    Data(Range<usize>),
    /// The end of the response.
    End,
}

#[derive(Clone, Debug)]
// ANCHOR: state
enum State {
    Head { scanner: Scanner, interim: usize },
    Body(BodyDecoder),
    Failed(Flaw),
}
// ANCHOR_END: state

impl Exchange {
    /// The exchange that sending `request` begins.
    pub fn new(request: &Request) -> Self {
        Exchange {
            method: request.method.clone(),
            keep_alive: request.keeps_alive(),
            framing: None,
            state: State::Head { scanner: Scanner::head(), interim: 0 },
        }
    }

    /// Goes through `bytes` up to the next event. Returns how many to drop before the next call, and the
    /// event; without one more bytes are needed, behind those not dropped.
    ///
    /// # Errors
    /// A [`Flaw`], and the same one again ever after.
    // ANCHOR: step
    pub fn step(&mut self, bytes: &[u8]) -> Result<(usize, Option<Event>), Flaw> {
        let result = match &mut self.state {
            State::Head { .. } => self.head(bytes),
            State::Body(body) => body.step(bytes).map(|step| match step {
                step if !step.data.is_empty() => (step.consumed, Some(Event::Data(step.data))),
                step if step.end => (step.consumed, Some(Event::End)),
                step => (step.consumed, None),
            }),
            State::Failed(flaw) => Err(flaw.clone()),
        };
        result.inspect_err(|flaw| self.fail(flaw.clone()))
    }
    // ANCHOR_END: step

    /// Says that nothing follows `rest`, the bytes not dropped so far. The next step says whether that was
    /// the end.
    // ANCHOR: eof
    pub fn eof(&mut self, rest: &[u8]) {
        let result = match &mut self.state {
            State::Head { interim: 0, .. } if rest.is_empty() => Err(Flaw::NoAnswer),
            State::Head { .. } => Err(Flaw::TruncatedHead),
            State::Body(body) => body.eof(),
            State::Failed(_) => Ok(()),
        };
        if let Err(flaw) = result {
            self.fail(flaw);
        }
    }
    // ANCHOR_END: eof

    /// Says that the response cannot go on.
    pub(super) fn fail(&mut self, flaw: Flaw) {
        self.state = State::Failed(flaw);
    }

    // ANCHOR: reusable
    /// Whether the connection can carry another request: both sides mean to keep it, the body has ended by
    /// itself, and not a byte follows it (`rest` are the bytes not dropped).
    pub fn is_reusable(&self, rest: &[u8]) -> bool {
        let delimited = self.framing != Some(Framing::ToClose);
        self.has_ended() && delimited && self.keep_alive && rest.is_empty()
    }
    // ANCHOR_END: reusable

    /// Whether the last byte of the response has been seen.
    pub(super) fn has_ended(&self) -> bool {
        matches!(&self.state, State::Body(body) if body.is_done())
    }

    /// How the body is delimited, once the head is known.
    pub fn framing(&self) -> Option<Framing> {
        self.framing
    }

    /// The headers that came after a chunked body, once it has ended.
    pub fn trailers(&self) -> Option<&HeaderMap> {
        match &self.state {
            State::Body(body) => Some(body.trailers()),
            _ => None,
        }
    }

    /// Reads heads up to the first that is not an interim one.
    fn head(&mut self, bytes: &[u8]) -> Result<(usize, Option<Event>), Flaw> {
        let mut at = 0;
        while let State::Head { scanner, interim } = &mut self.state {
            ResponseHead::check_start(&bytes[at..])?;
            let Some(length) = scanner.find_end(&bytes[at..])? else {
                return Ok((at, None));
            };
            let head = ResponseHead::parse(&bytes[at..at + length])?;
            at += length;
            if head.status == StatusCode::SWITCHING_PROTOCOLS {
                return Err(Flaw::Upgrade);
            }
            if head.status.is_informational() {
                if *interim == MAX_INTERIM {
                    return Err(Flaw::TooManyInterim { limit: MAX_INTERIM });
                }
                let interim = *interim + 1;
                self.state = State::Head { scanner: Scanner::head(), interim };
                continue;
            }
            let framing = Framing::of_response(&self.method, &head)?;
            self.keep_alive &= keeps_alive(head.version, &head.headers);
            self.framing = Some(framing);
            self.state = State::Body(BodyDecoder::new(framing));
            return Ok((at, Some(Event::Head(head))));
        }
        Ok((at, None))
    }
}
