//! The pool's end of a worker's socket: writes job frames and reads answers at the same time, so that
//! neither side ever waits for the other to read first.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Read, Write};
use std::os::unix::net::UnixStream;
use std::task::{Context, Poll};

use super::frame::{Frame, Inflow};
use super::queue::Job;
use crate::net::Source;
use crate::trace::Direction;

/// How many frames one write takes at most.
const TOGETHER: usize = 64;

/// How many reads in a row before the other seats get a turn.
const READS: usize = 16;

pub(super) struct Pipe {
    socket: Source<UnixStream>,
    inflow: Inflow,
    /// The lengths of the frames that were given and not begun. The last of them are the last given.
    lengths: VecDeque<usize>,
    /// How many of those bytes have been written.
    written: usize,
    /// The other side reads no more. What it has written can still be read.
    deaf: bool,
}

impl Pipe {
    /// `socket` is made non-blocking here; should that fail, the first read says so.
    pub(super) fn new(socket: UnixStream, limit: usize) -> Self {
        let deaf = socket.set_nonblocking(true).is_err();
        let (inflow, lengths) = (Inflow::new(limit), VecDeque::new());
        Self { socket: Source::new(socket), inflow, lengths, written: 0, deaf }
    }

    /// Frames of these lengths are to be written next.
    pub(super) fn send(&mut self, lengths: impl Iterator<Item = usize>) {
        self.lengths.extend(lengths);
    }

    /// Whether all of the first frame has been written, and no more is known of it.
    pub(super) fn has_sent_one(&self) -> bool {
        self.lengths.front().is_some_and(|length| self.written >= *length)
    }

    /// Whether the first frame has been written in part.
    pub(super) fn has_sent_part(&self) -> bool {
        self.written > 0 && !self.has_sent_one() && !self.lengths.is_empty()
    }

    /// The first frame has been read by the other side.
    pub(super) fn forget_one(&mut self) {
        self.written -= self.lengths.pop_front().expect("a frame was sent");
    }

    /// The next frame from the worker; none at its end. Meanwhile writes what is to be written of the
    /// frames of `given`. `ended` says that the worker is no more: whatever it wrote is here by now.
    pub(super) fn poll_frame(
        &mut self,
        given: &VecDeque<Job>,
        ended: bool,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Frame>, String>> {
        if !ended && self.poll_write(given, cx).is_err() {
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

    fn poll_write(&mut self, given: &VecDeque<Job>, cx: &mut Context<'_>) -> io::Result<()> {
        let all: usize = self.lengths.iter().sum();
        while self.written < all && !self.deaf {
            let begun = given.len() - self.lengths.len();
            let mut skip = self.written;
            let mut unwritten = Vec::new();
            for job in given.iter().skip(begun) {
                let skipped = skip.min(job.frame.len());
                skip -= skipped;
                if skipped < job.frame.len() && unwritten.len() < TOGETHER {
                    unwritten.push(IoSlice::new(&job.frame[skipped..]));
                }
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
