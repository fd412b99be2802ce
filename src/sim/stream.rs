//! An end of a connection: what a program reads from and writes to.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use futures_io::{AsyncRead, AsyncWrite};

use super::pipe::{Found, Pipe};
use super::{Fault, World};
use crate::coop;
use crate::runtime::EventLoop;
use crate::time::{Instant, Sleep, sleep_until};
use crate::trace::Wait;

/// An end of a connection of the simulated [`Network`](super::Network). Dropping it closes the connection: what
/// has been written still arrives.
pub struct Stream {
    world: World,
    link: Rc<RefCell<Link>>,
    side: usize,
    reading: Alarm,
    writing: Alarm,
}

/// What the two ends share. Side 0 writes into the first pipe and reads from the second.
struct Link([Pipe; 2]);

impl Link {
    fn waiters(&mut self) -> Vec<Waker> {
        self.0.iter_mut().flat_map(Pipe::waiters).collect()
    }
}

impl Stream {
    /// The two ends of a new connection.
    pub(super) fn pair(world: &World) -> (Self, Self) {
        let (latency, now) = (world.latency(), Instant::now());
        let pipes = [(); 2].map(|()| Pipe::new(world, latency, now));
        let link = Rc::new(RefCell::new(Link(pipes)));
        world.0.open.update(|ends| ends + 2);
        let end = |side| Self {
            world: world.clone(),
            link: Rc::clone(&link),
            side,
            reading: Alarm::default(),
            writing: Alarm::default(),
        };
        (end(0), end(1))
    }

    /// Less than `length`, if the lot says so.
    fn shortened(&self, fault: Fault, length: usize) -> usize {
        match length > 1 && self.world.strikes(fault) {
            true => 1 + self.world.below(length - 1),
            false => length,
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        ready!(coop::poll_budget(cx));
        let this = &mut *self;
        let space = this.shortened(Fault::ShortRead, buffer.len());
        let waker = cx.waker().clone();
        let mut link = this.link.borrow_mut();
        let pipe = &mut link.0[1 - this.side];
        match pipe.read(&mut buffer[..space], Instant::now()) {
            Ok(Found::Nothing(until)) if space > 0 => {
                let stale = pipe.reader.replace(waker);
                drop(link);
                drop(stale); // like the clone: anybody's code
                this.reading.set(&this.world, until, cx);
                Poll::Pending
            }
            Ok(Found::Nothing(_)) => Poll::Ready(Ok(0)),
            Ok(Found::Bytes(count)) => {
                let room = pipe.writer.take();
                drop(link);
                this.reading.clear();
                coop::spend();
                room.into_iter().for_each(Waker::wake);
                Poll::Ready(Ok(count))
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(coop::poll_budget(cx));
        let this = &mut *self;
        let length = this.shortened(Fault::ShortWrite, bytes.len());
        let waker = cx.waker().clone();
        let mut link = this.link.borrow_mut();
        let pipe = &mut link.0[this.side];
        let (count, fault) = pipe.write(&bytes[..length], Instant::now())?;
        if count == 0 && length > 0 {
            let stale = pipe.writer.replace(waker);
            drop(link);
            drop(stale);
            this.writing.set(&this.world, None, cx);
            return Poll::Pending;
        }
        let woken = match fault {
            Some(fault) => {
                this.world.note(fault);
                if fault == Fault::Reset {
                    link.0.iter_mut().for_each(Pipe::reset);
                }
                link.waiters()
            }
            None => pipe.reader.take().into_iter().collect(),
        };
        drop(link);
        this.writing.clear();
        coop::spend();
        woken.into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Closes the direction in which this end writes.
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut link = self.link.borrow_mut();
        let pipe = &mut link.0[self.side];
        pipe.end(Instant::now());
        let reader = pipe.reader.take();
        drop(link);
        reader.into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(()))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.world.0.open.update(|ends| ends - 1);
        let mut link = self.link.borrow_mut();
        link.0[self.side].end(Instant::now());
        link.0[1 - self.side].abandon();
        let woken = link.waiters();
        drop(link);
        woken.into_iter().for_each(Waker::wake);
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stream(side {} in {:?})", self.side, self.world)
    }
}

/// Wakes who waits on a stream or listener at the moment when there will be something; and, if the lot says
/// so, at some moment before, for nothing.
#[derive(Default)]
pub(super) struct Alarm(Option<Sleep>);

// ANCHOR: alarm
impl Alarm {
    pub(super) fn set(&mut self, world: &World, until: Option<Instant>, cx: &mut Context<'_>) {
        let spurious = world.strikes(Fault::SpuriousWake).then(|| {
            let soon = Duration::from_secs_f64(world.magnitude(0.000_001, 0.2));
            Instant::now() + soon
        });
        self.0 = [until, spurious].into_iter().flatten().min().map(sleep_until);
        match &mut self.0 {
            // The first poll of a sleep is always pending.
            Some(sleep) => _ = Pin::new(sleep).poll(cx),
            None => EventLoop::current().trace.waits_for(|| Wait::from("simulated network")),
        }
    }
    // ANCHOR_END: alarm

    pub(super) fn clear(&mut self) {
        self.0 = None;
    }
}
