//! The pool's end of a worker's socket: writes job frames and reads answers at the same time, so that
//! neither side ever waits for the other to read first.

use std::io::{self, IoSlice, Read, Write};
use std::os::unix::net::UnixStream;
use std::task::{Context, Poll};

use super::frame::{Frame, Inflow, MOST_TEXT};
use crate::net::Source;
use crate::trace::Direction;

/// How many frames one write takes at most.
const TOGETHER: usize = 64;

/// How many reads in a row before the other workers get a turn.
const READS: usize = 16;

pub(super) struct Pipe {
    socket: Source<UnixStream>,
    inflow: Inflow,
    /// How many bytes have been written of the frames that the worker has not begun, one after the other.
    written: usize,
    /// The other side reads no more. What it has written can still be read.
    deaf: bool,
}

impl Pipe {
    /// `socket` is made non-blocking here; should that fail, the first read says so.
    pub(super) fn new(socket: UnixStream, limit: usize) -> Self {
        let deaf = socket.set_nonblocking(true).is_err();
        Self {
            socket: Source::new(socket),
            inflow: Inflow::new(limit.max(MOST_TEXT)),
            written: 0,
            deaf,
        }
    }

    pub(super) fn written(&self) -> usize {
        self.written
    }

    /// The worker has begun the first frame, which is so long and will not be among the frames from now on.
    pub(super) fn forget(&mut self, length: usize) {
        self.written -= length;
    }

    /// The next frame from the worker; none at its end. Meanwhile writes what is to be written of `frames`,
    /// which the worker has not begun. `ended` says that it is no more: whatever it wrote is here by now.
    pub(super) fn poll_frame<'f>(
        &mut self,
        frames: impl Iterator<Item = &'f [u8]> + Clone,
        ended: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Frame>, String>> {
        if !ended && self.poll_write(frames, cx).is_err() {
            self.deaf = true;
        }
        for _ in 0..READS {
            if let Some(frame) = self.inflow.next()? {
                return Poll::Ready(Ok(Some(frame)));
            }
            let space = self.inflow.space();
            let length = space.len();
            let read = if ended {
                // Its own socket may have been inherited by a child of its: there is no end to see.
                Poll::Ready(self.socket.get().read(space))
            } else {
                self.socket.poll_transfer(Direction::Read, cx, length, |mut pipe| pipe.read(space))
            };
            match read {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Ok(None)),
                Poll::Ready(Ok(length)) => self.inflow.filled(length),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Writes as much as the socket takes.
    fn poll_write<'f>(
        &mut self,
        frames: impl Iterator<Item = &'f [u8]> + Clone,
        cx: &mut Context<'_>,
    ) -> io::Result<()> {
        while !self.deaf {
            let mut skip = self.written;
            let unwritten = frames.clone().filter_map(|frame| {
                let rest = frame.get(skip..).unwrap_or_default();
                skip = skip.saturating_sub(frame.len());
                (!rest.is_empty()).then(|| IoSlice::new(rest))
            });
            let unwritten: Vec<_> = unwritten.take(TOGETHER).collect();
            if unwritten.is_empty() {
                break;
            }
            let written = self
                .socket
                .poll_io(Direction::Write, cx, |mut pipe| pipe.write_vectored(&unwritten));
            match written {
                Poll::Ready(written) => self.written += written?,
                Poll::Pending => break,
            }
        }
        Ok(())
    }
}
