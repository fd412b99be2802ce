//! A descriptor that waits in the loop. Sockets are wrapped in it; behind it stands the reactor.

use std::cell::OnceCell;
use std::fmt;
use std::io;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use crate::runtime::{Direction, EventLoop, Reactor, Registration};
use crate::trace::Wait;

/// Something non-blocking with a descriptor. It is registered when it first has to wait, so one that
/// never waits costs no call.
#[derive(Debug)]
pub(crate) struct Source<T: AsRawFd> {
    // Before `io`, so that it is dropped first: deregister, then close.
    registered: OnceCell<Registered>,
    io: T,
}

struct Registered {
    reactor: Rc<Reactor>,
    entry: Rc<Registration>,
}

impl<T: AsRawFd> Source<T> {
    /// `io` must be non-blocking.
    pub(crate) fn new(io: T) -> Self {
        Self { registered: OnceCell::new(), io }
    }

    pub(crate) fn get(&self) -> &T {
        &self.io
    }

    /// Attempts, and only after `WouldBlock` waits. Any number of tasks may wait at once.
    ///
    /// # Errors
    /// Those of the attempt; of registering; and when it has waited in another loop before.
    pub(crate) fn poll_io<R>(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        loop {
            ready!(self.poll_ready(direction, cx))?;
            match attempt(&self.io) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.blocked(direction)?
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return Poll::Ready(result),
            }
        }
    }

    /// As [`poll_io`](Self::poll_io), for an attempt that moves bytes to or from a buffer of `len`: fewer
    /// than that mean that the kernel has no more, and spare the attempt that would only find it out.
    pub(crate) fn poll_transfer(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        len: usize,
        attempt: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let moved = ready!(self.poll_io(direction, cx, attempt))?;
        if moved < len
            && let Some(Registered { entry, .. }) = self.registered.get()
        {
            entry.used_up(direction);
        }
        Poll::Ready(Ok(moved))
    }

    fn poll_ready(&self, direction: Direction, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(Registered { reactor, entry }) = self.registered.get() else {
            return Poll::Ready(Ok(()));
        };
        if entry.is_ready(direction) {
            return Poll::Ready(Ok(()));
        }
        let here = EventLoop::current();
        if !Rc::ptr_eq(&here.reactor, reactor) {
            return Poll::Ready(Err(io::Error::other(
                "this socket has waited in another event loop: use it there, or open it anew here",
            )));
        }
        reactor.wait_for(entry, direction, cx.waker())?;
        here.trace.waits_for(|| Wait::Io { fd: self.io.as_raw_fd(), direction });
        Poll::Pending
    }

    fn blocked(&self, direction: Direction) -> io::Result<()> {
        if let Some(Registered { entry, .. }) = self.registered.get() {
            entry.clear(direction);
        } else {
            let reactor = Rc::clone(&EventLoop::current().reactor);
            let entry = reactor.register(self.io.as_raw_fd(), direction)?;
            let fresh = self.registered.set(Registered { reactor, entry });
            debug_assert!(fresh.is_ok(), "registered twice");
        }
        Ok(())
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.reactor.deregister(&self.entry);
    }
}

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Registered")
    }
}
