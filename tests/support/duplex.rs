//! A connection in memory: no descriptor, so that on a paused clock only the clock can be waited for.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures::{AsyncRead, AsyncWrite};

/// One end of the connection. Dropping it closes both directions.
pub(crate) struct End {
    incoming: Rc<RefCell<Pipe>>,
    outgoing: Rc<RefCell<Pipe>>,
}

/// Two ends, between which `room` bytes fit in each direction.
pub(crate) fn duplex(room: usize) -> (End, End) {
    let pipe = || Rc::new(RefCell::new(Pipe { room, ..Pipe::default() }));
    let (there, back) = (pipe(), pipe());
    let near = End { incoming: Rc::clone(&back), outgoing: Rc::clone(&there) };
    (near, End { incoming: there, outgoing: back })
}

#[derive(Default)]
struct Pipe {
    room: usize,
    bytes: VecDeque<u8>,
    closed: bool,
    waiting: Option<Waker>,
}

impl Pipe {
    /// Something has changed, for whoever waits: with an end on each side it is the other one.
    fn changed(&mut self) {
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }

    fn wait<T>(&mut self, cx: &Context<'_>) -> Poll<T> {
        self.waiting = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl AsyncRead for End {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut pipe = self.incoming.borrow_mut();
        if pipe.bytes.is_empty() && !pipe.closed {
            return pipe.wait(cx);
        }
        let length = io::Read::read(&mut pipe.bytes, buffer)?;
        pipe.changed();
        Poll::Ready(Ok(length))
    }
}

impl AsyncWrite for End {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut pipe = self.outgoing.borrow_mut();
        if pipe.closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let length = bytes.len().min(pipe.room - pipe.bytes.len());
        if length == 0 {
            return pipe.wait(cx);
        }
        pipe.bytes.extend(&bytes[..length]);
        pipe.changed();
        Poll::Ready(Ok(length))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut pipe = self.outgoing.borrow_mut();
        pipe.closed = true;
        pipe.changed();
        Poll::Ready(Ok(()))
    }
}

impl Drop for End {
    fn drop(&mut self) {
        for pipe in [&self.incoming, &self.outgoing] {
            let mut pipe = pipe.borrow_mut();
            pipe.closed = true;
            pipe.changed();
        }
    }
}
