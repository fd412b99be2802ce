//! A descriptor that waits in the loop. Sockets are wrapped in it; behind it stands the reactor, and
//! nothing else in this crate speaks to it.
//!
//! There are two ways to wait. `poll_io` attempts first and waits when it would block. `until_ready` is a
//! future that waits for the kernel's word, and then the attempt is the caller's: `try_io`.

mod until_ready;

use std::cell::{Cell, OnceCell};
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use self::until_ready::UntilReady;
use super::interest::{Interest, Ready};
use crate::coop;
use crate::readiness::{Seen, Waiter};
use crate::runtime::{EventLoop, Reactor, Registration};
use crate::trace::{Direction, Wait};

/// Something non-blocking with a descriptor. It is registered when it first has to wait, so one that
/// never waits costs no call.
// ANCHOR: source
#[derive(Debug)]
pub(crate) struct Source<T: AsRawFd> {
    // Before `io`, so that it is dropped first: deregister, then close.
    registered: OnceCell<Registered>,
    io: T,
}

pub(super) struct Registered {
    reactor: Rc<Reactor>,
    entry: Rc<Registration>,
    /// Futures that have owned a wait here.
    owners: Cell<u64>,
}
// ANCHOR_END: source

impl<T: AsRawFd> Source<T> {
    /// `io` must be non-blocking.
    pub(crate) fn new(io: T) -> Self {
        Self { registered: OnceCell::new(), io }
    }

    pub(crate) fn get(&self) -> &T {
        &self.io
    }

    pub(super) fn get_mut(&mut self) -> &mut T {
        &mut self.io
    }

    /// Takes it out of the loop.
    pub(super) fn into_inner(self) -> T {
        let Self { registered, io } = self;
        drop(registered);
        io
    }

    // ─── Attempt, then wait ─────────────────────────────────────────────────────────────────────

    /// Attempts, and only after `WouldBlock` waits. Any number of tasks may wait at once.
    ///
    /// # Errors
    /// Those of the attempt; of registering; and when it has waited in another loop before.
    // ANCHOR: poll_io
    pub(crate) fn poll_io<R>(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        mut attempt: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        ready!(coop::poll_budget(cx));
        loop {
            if let Some(registered) = self.registered.get()
                && !registered.entry.side(direction).is_ready()
            {
                self.wait(registered, direction, Waiter::Anybody, cx)?;
                return Poll::Pending;
            }
            match attempt(&self.io) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    match self.registered.get() {
                        Some(registered) => registered.entry.side(direction).clear(),
                        None => drop(self.register(direction)?),
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => {
                    coop::spend();
                    return Poll::Ready(result);
                }
            }
        }
    }
    // ANCHOR_END: poll_io

    /// As [`poll_io`](Self::poll_io), for an attempt that moves bytes to or from a buffer of `len`: fewer
    /// than that mean that the kernel has no more, and spare the attempt that would only find it out.
    // ANCHOR: poll_transfer
    pub(crate) fn poll_transfer(
        &self,
        direction: Direction,
        cx: &mut Context<'_>,
        len: usize,
        attempt: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        let moved = ready!(self.poll_io(direction, cx, attempt))?;
        self.moved(direction, moved, len);
        Poll::Ready(Ok(moved))
    }
    // ANCHOR_END: poll_transfer

    /// [`poll_io`](Self::poll_io) as a future.
    pub(super) async fn io<R>(
        &self,
        direction: Direction,
        mut attempt: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        poll_fn(|cx| self.poll_io(direction, cx, &mut attempt)).await
    }

    // ─── Wait, then attempt ─────────────────────────────────────────────────────────────────────

    /// Waits for the kernel to say that the source is ready for any of what `interest` names.
    pub(super) fn until_ready(&self, interest: Interest) -> UntilReady<'_, T> {
        UntilReady::new(self, interest)
    }

    /// As [`until_ready`](Self::until_ready), for who has no future to own the wait: the waker stays
    /// until the next event.
    pub(super) fn poll_ready(
        &self,
        interest: Interest,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Ready>> {
        self.poll_until_ready(interest, cx, |_| Waiter::Anybody)
    }

    /// Attempts, and while it would block waits until it is ready for any of what `interest` names.
    pub(super) async fn io_when_ready<R>(
        &self,
        interest: Interest,
        mut attempt: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        loop {
            self.until_ready(interest).await?;
            match self.try_io(interest, &mut attempt) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
        }
    }

    /// Attempts once, whatever is known of the readiness. `WouldBlock` clears it: `until_ready` waits anew.
    pub(super) fn try_io<R>(
        &self,
        interest: Interest,
        attempt: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        let seen = self.seen();
        let result = attempt(&self.io);
        if matches!(&result, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
            self.clear(interest, seen);
        }
        result
    }

    /// As [`try_io`](Self::try_io), for an attempt that moves bytes to or from a buffer of `len`.
    pub(super) fn try_transfer(
        &self,
        direction: Direction,
        len: usize,
        attempt: impl FnOnce(&T) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let moved = self.try_io(Interest::only(direction), attempt)?;
        self.moved(direction, moved, len);
        Ok(moved)
    }

    /// What is known to have happened, for [`clear`](Self::clear).
    pub(super) fn seen(&self) -> [Seen; 2] {
        Direction::BOTH.map(|direction| match self.registered.get() {
            Some(registered) => registered.entry.side(direction).seen(),
            None => Seen::default(),
        })
    }

    /// Nothing is ready any more, except what has been heard of since.
    pub(super) fn clear(&self, interest: Interest, seen: [Seen; 2]) {
        if let Some(Registered { entry, .. }) = self.registered.get() {
            for direction in interest.directions() {
                entry.side(direction).clear_seen(seen[direction as usize]);
            }
        }
    }

    /// Registers it if it is not yet. Nothing counts as ready until the kernel says so.
    pub(super) fn await_news(&self) -> io::Result<&Registered> {
        match self.registered.get() {
            Some(registered) => Ok(registered),
            None => {
                let registered = self.register(Direction::Read)?;
                registered.entry.side(Direction::Write).clear();
                Ok(registered)
            }
        }
    }

    fn poll_until_ready(
        &self,
        interest: Interest,
        cx: &mut Context<'_>,
        who: impl FnOnce(&Registered) -> Waiter,
    ) -> Poll<io::Result<Ready>> {
        ready!(coop::poll_budget(cx));
        let registered = self.await_news()?;
        let ready = registered.ready(interest);
        if !ready.is_empty() {
            coop::spend();
            return Poll::Ready(Ok(ready));
        }
        let who = who(registered);
        for direction in interest.directions() {
            self.wait(registered, direction, who, cx)?;
        }
        Poll::Pending
    }

    // ─── Where it meets the reactor ─────────────────────────────────────────────────────────────

    // ANCHOR: source_register
    /// An attempt in the direction `blocked` has just failed; the other one is worth one.
    fn register(&self, blocked: Direction) -> io::Result<&Registered> {
        let reactor = Rc::clone(&EventLoop::current().reactor);
        let entry = reactor.register(self.io.as_raw_fd(), blocked)?;
        debug_assert!(self.registered.get().is_none(), "registered twice");
        Ok(self.registered.get_or_init(|| Registered { reactor, entry, owners: Cell::new(0) }))
    }
    // ANCHOR_END: source_register

    // ANCHOR: source_wait
    fn wait(
        &self,
        registered: &Registered,
        direction: Direction,
        who: Waiter,
        cx: &mut Context<'_>,
    ) -> io::Result<()> {
        let Registered { reactor, entry, .. } = registered;
        let here = EventLoop::current();
        if !Rc::ptr_eq(&here.reactor, reactor) {
            return Err(io::Error::other(
                "this socket has waited in another event loop: use it there, or open it anew here",
            ));
        }
        reactor.wait_for(entry, direction, who, cx.waker())?;
        here.trace.waits_for(|| Wait::Io { fd: self.io.as_raw_fd(), direction });
        Ok(())
    }
    // ANCHOR_END: source_wait

    // ANCHOR: source_moved
    fn moved(&self, direction: Direction, moved: usize, len: usize) {
        if moved < len {
            self.used_up(direction);
        }
    }

    /// The kernel has no more for now, as the attempt that has just succeeded has shown: an event will tell
    /// of news.
    pub(super) fn used_up(&self, direction: Direction) {
        if let Some(Registered { entry, .. }) = self.registered.get() {
            entry.side(direction).used_up();
        }
    }
    // ANCHOR_END: source_moved
}

impl Registered {
    fn ready(&self, interest: Interest) -> Ready {
        let mut ready = Ready::EMPTY;
        for direction in interest.directions() {
            let side = self.entry.side(direction);
            if side.is_ready() {
                ready = ready | Ready::of(direction, side.is_closed());
            }
        }
        ready
    }
}

// ANCHOR: source_drop
impl Drop for Registered {
    fn drop(&mut self) {
        self.reactor.deregister(&self.entry);
    }
}
// ANCHOR_END: source_drop

impl fmt::Debug for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Registered")
    }
}

#[cfg(test)]
mod tests;
