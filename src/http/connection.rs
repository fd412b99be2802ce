//! What the two pumps share: a stream with its read buffer and the exchange on it. It does no I/O: a pump asks
//! what comes [`next`](Connection::next), and when that is `Read`, reads into [`space`](Connection::space)
//! and says what came of it.

use std::cell::{Cell, RefCell};
use std::io;
use std::ops::Range;
use std::rc::Rc;

use ::http::HeaderMap;

use super::pool::Pool;
use super::{Error, Event, Exchange, Flaw, Framing, MAX_HEAD, Origin, Request, ResponseHead};

/// How much is read at once. The largest head fits, and a large body takes few reads.
const BUFFER: usize = MAX_HEAD;

/// A read buffer that no connection of a session needs at the moment. A connection takes one when it is about
/// to read, and gives it back when all that has come is used and it has to wait: so as a rule one buffer,
/// which stays in the processor's cache, is enough for any number of connections.
pub(super) type Spare = Rc<Cell<Vec<u8>>>;

/// How much of a redirect's body is read for the sake of using its connection again.
pub(super) const DRAIN: usize = 16 * 1024;

/// What a pump has to do next.
pub(super) enum Next {
    Read,
    Head(ResponseHead),
    Data(Range<usize>),
    End,
}

/// A stream, what has been read from it and not yet been used, and the exchange on it.
pub(super) struct Connection<S> {
    pub(super) origin: Origin,
    pub(super) stream: S,
    exchange: Exchange,
    /// Whether a byte has arrived since the request began.
    heard: bool,
    /// Empty, or `BUFFER` bytes.
    buffer: Vec<u8>,
    unread: Range<usize>,
    spare: Spare,
}

impl<S> Connection<S> {
    pub(super) fn new(origin: Origin, stream: S, request: &Request, spare: Spare) -> Self {
        let (exchange, buffer) = (Exchange::new(request), Vec::new());
        Connection { origin, stream, exchange, heard: false, buffer, unread: 0..0, spare }
    }

    /// Begins another exchange, on a connection from the pool.
    pub(super) fn begin(&mut self, request: &Request) {
        debug_assert!(self.unread.is_empty(), "a connection with bytes left over was pooled");
        self.exchange = Exchange::new(request);
        self.heard = false;
    }

    /// Whether this error means that the server had closed the connection before the request reached it: not a
    /// byte has come back. A time limit that has passed is no such thing.
    pub(super) fn was_stale(&self, error: &Error) -> bool {
        use io::ErrorKind::{TimedOut, WouldBlock};
        let closed = match error {
            Error::Send { cause, .. } | Error::Receive { cause, .. } => {
                !matches!(cause.kind(), TimedOut | WouldBlock)
            }
            error => matches!(error, Error::Answer { .. }),
        };
        closed && !self.heard
    }

    // ANCHOR: next
    pub(super) fn next(&mut self) -> Result<Next, Error> {
        let start = self.unread.start;
        let step = self.exchange.step(&self.buffer[self.unread.clone()]);
        let (consumed, event) = step.map_err(|flaw| {
            let origin = self.origin.clone();
            Error::Answer { origin, flaw }
        })?;
        self.unread.start += consumed;
        Ok(match event {
            None => Next::Read,
            Some(Event::Head(head)) => Next::Head(head),
            Some(Event::Data(data)) => Next::Data(start + data.start..start + data.end),
            Some(Event::End) => Next::End,
        })
    }
    // ANCHOR_END: next

    /// The stream, and where to put what it reads. Whatever [`data`](Self::data) gave out is gone after that.
    // ANCHOR: space
    pub(super) fn space(&mut self) -> (&mut S, &mut [u8]) {
        if self.buffer.is_empty() {
            self.buffer = self.spare.take();
            self.buffer.resize(BUFFER, 0);
        }
        // There is room behind: an unfinished head is all that is ever left over, and `head.rs` refuses one
        // that fills the buffer.
        self.buffer.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        (&mut self.stream, &mut self.buffer[self.unread.end..])
    }
    // ANCHOR_END: space

    /// Nothing can be read for now, or nothing more will be: others may have the buffer.
    pub(super) fn lend_buffer(&mut self) {
        if self.unread.is_empty() && !self.buffer.is_empty() {
            self.unread = 0..0;
            self.spare.set(std::mem::take(&mut self.buffer));
        }
    }

    /// Says what came of reading into the space: a number of bytes, 0 for the end, or an error.
    pub(super) fn received(&mut self, result: io::Result<usize>) -> Result<(), Error> {
        match result {
            Ok(0) => self.exchange.eof(&self.buffer[self.unread.clone()]),
            Ok(count) => {
                self.heard = true;
                self.unread.end = (self.unread.end + count).min(self.buffer.len());
            }
            Err(cause) => {
                self.exchange.fail(Flaw::Broken);
                return Err(Error::Receive { origin: self.origin.clone(), cause });
            }
        }
        Ok(())
    }

    pub(super) fn data(&self, range: Range<usize>) -> &[u8] {
        &self.buffer[range]
    }

    pub(super) fn framing(&self) -> Option<Framing> {
        self.exchange.framing()
    }
}

/// The idle connections of a session and of the responses that may yet bring theirs back.
pub(super) type Shared<S> = Rc<RefCell<Pool<Box<Connection<S>>>>>;

/// A connection on loan to a response: it goes back to the pool when the body has ended cleanly, and is
/// closed when the response is dropped before that.
pub(super) struct Loan<S> {
    connection: Option<Box<Connection<S>>>,
    pool: Shared<S>,
    trailers: Option<HeaderMap>,
}

impl<S> Loan<S> {
    pub(super) fn new(connection: Box<Connection<S>>, pool: Shared<S>) -> Self {
        let ended = connection.exchange.has_ended();
        let mut loan = Loan { connection: Some(connection), pool, trailers: None };
        // Nobody asks a response without a body for its end.
        if ended {
            loan.end();
        }
        loan
    }

    /// The connection, until the body has ended.
    pub(super) fn connection(&mut self) -> Option<&mut Connection<S>> {
        self.connection.as_deref_mut()
    }

    /// The piece of the body that [`Next::Data`] spoke of.
    pub(super) fn data(&self, range: Range<usize>) -> &[u8] {
        self.connection.as_ref().map_or(&[], |connection| connection.data(range))
    }

    pub(super) fn trailers(&self) -> Option<&HeaderMap> {
        self.trailers.as_ref()
    }

    /// Whether a body of this framing may be small enough to drain.
    pub(super) fn may_drain(&self) -> bool {
        match self.connection.as_ref().and_then(|connection| connection.framing()) {
            Some(Framing::Length(length)) => length <= DRAIN as u64,
            Some(Framing::Chunked) => true,
            _ => false,
        }
    }

    // ANCHOR: end
    /// The body has ended: the connection goes back if it is clean, and is closed if not.
    pub(super) fn end(&mut self) {
        let Some(mut connection) = self.connection.take() else { return };
        self.trailers = connection.exchange.trailers().cloned();
        let rest = &connection.buffer[connection.unread.clone()];
        if connection.exchange.is_reusable(rest) {
            connection.lend_buffer();
            let origin = connection.origin.clone();
            let surplus = self.pool.borrow_mut().put(origin, connection);
            // Dropping a stream runs the code of whoever wrote it: only now, when the borrow has ended.
            drop(surplus);
        }
    }
    // ANCHOR_END: end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_that_wait_share_one_buffer_and_one_with_bytes_left_keeps_its_own() {
        let request = Request::get("http://h/").unwrap();
        let origin = Origin::of(&request.url).unwrap();
        let spare = Spare::default();
        let connection = || Connection::new(origin.clone(), (), &request, Rc::clone(&spare));
        let (mut first, mut second) = (connection(), connection());

        let buffer = first.space().1.as_ptr();
        first.lend_buffer();
        assert_eq!(second.space().1.as_ptr(), buffer);
        second.received(Ok(5)).unwrap();
        second.lend_buffer();
        assert_ne!(first.space().1.as_ptr(), buffer, "it still holds the start of a head");
        assert_eq!(second.space().1.len(), BUFFER - 5);
    }
}
