//! From kernel event to waker. Sources ask here to be told; the tick lets the backend wait and wakes
//! those whose descriptor has become ready.
//!
//! What is remembered of each direction, readiness and waiters, is in `readiness.rs`.

// ANCHOR: reactor_imports
use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::RawFd;
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;

use slab::Slab;

use super::backend::{Backend, PerDirection, Readiness, Token};
use crate::readiness::{Side, Waiter};
use crate::trace::Direction;
// ANCHOR_END: reactor_imports

// ANCHOR: reactor
pub(crate) struct Reactor {
    backend: RefCell<Box<dyn Backend>>,
    sources: RefCell<Slab<Rc<Registration>>>,
    registered: Cell<u32>,
    /// Reused from one wait to the next.
    happened: RefCell<Vec<Readiness>>,
}
// ANCHOR_END: reactor

// ANCHOR: registration
/// A descriptor in the reactor, shared with the source that owns it.
pub(crate) struct Registration {
    fd: RawFd,
    token: Token,
    sides: PerDirection<Side>,
}

impl Registration {
    pub(crate) fn side(&self, direction: Direction) -> &Side {
        &self.sides[direction as usize]
    }

    /// The directions in which somebody waits.
    pub(crate) fn awaited(&self) -> PerDirection<bool> {
        self.sides.each_ref().map(Side::is_awaited)
    }
}
// ANCHOR_END: registration

// ANCHOR: new_reactor
impl Reactor {
    pub(super) fn new(backend: Box<dyn Backend>) -> Self {
        Self {
            backend: RefCell::new(backend),
            sources: RefCell::default(),
            registered: Cell::new(0),
            happened: RefCell::default(),
        }
    }

    pub(crate) fn has_sources(&self) -> bool {
        !self.sources.borrow().is_empty()
    }
    // ANCHOR_END: new_reactor

    // ANCHOR: register
    /// Takes in a descriptor that has just refused to be used in the direction `blocked`; the other
    /// one is worth an attempt.
    pub(crate) fn register(&self, fd: RawFd, blocked: Direction) -> io::Result<Rc<Registration>> {
        let mut sources = self.sources.borrow_mut();
        let entry = sources.vacant_entry();
        let generation = (self.registered.get() + 1) & (u32::MAX >> 1);
        self.registered.set(generation);
        let token = Token { index: entry.key() as u32, generation };
        self.backend.borrow_mut().register(fd, token)?;
        let sides = Direction::BOTH.map(|side| Side::new(side != blocked));
        Ok(Rc::clone(entry.insert(Rc::new(Registration { fd, token, sides }))))
    }
    // ANCHOR_END: register

    // ANCHOR: deregister
    /// Forgets a descriptor, before it is closed. Events of it still on their way find no owner.
    pub(crate) fn deregister(&self, registration: &Registration) {
        self.sources.borrow_mut().remove(registration.token.index as usize);
        // Fails only if somebody closed the descriptor under us, and then it is out already.
        let _ = self.backend.borrow_mut().deregister(registration.fd);
    }
    // ANCHOR_END: deregister

    // ANCHOR: wait_for
    /// Wakes `waker` when the source becomes ready.
    pub(crate) fn wait_for(
        &self,
        entry: &Registration,
        direction: Direction,
        who: Waiter,
        waker: &Waker,
    ) -> io::Result<()> {
        drop(entry.side(direction).wait(who, waker.clone())); // a waker that is not needed
        self.backend.borrow_mut().arm(entry.fd, entry.token, entry.awaited())
    }
    // ANCHOR_END: wait_for

    // ANCHOR: reactor_wait
    /// Lets the kernel wait for at most `timeout` and adds whom to wake to `woken`.
    pub(super) fn wait(&self, timeout: Option<Duration>, woken: &mut Vec<Waker>) -> io::Result<()> {
        let mut happened = self.happened.borrow_mut();
        let mut backend = self.backend.borrow_mut();
        match backend.wait(timeout, &mut happened) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        let sources = self.sources.borrow();
        for event in happened.drain(..) {
            // The slot may be empty by now, or have another owner.
            let source = sources.get(event.token.index as usize);
            let Some(source) = source.filter(|source| source.token == event.token) else {
                continue;
            };
            for at in Direction::BOTH {
                let (ready, closed) = (event.ready[at as usize], event.closed[at as usize]);
                source.side(at).happened(ready, closed, woken);
            }
            let awaited = source.awaited();
            if awaited.contains(&true) {
                // A oneshot event for the reader has disarmed the writer too.
                backend.arm(source.fd, source.token, awaited)?;
            }
        }
        Ok(())
    }
}
// ANCHOR_END: reactor_wait
