//! From kernel event to waker. Sources ask here to be told; the tick lets the backend wait and wakes
//! those whose descriptor has become ready.
//!
//! Readiness is remembered for each direction: an event sets it, an attempt that would block clears
//! it, and so does a short read or write. Only "closed" outlives a short read: the end of the file is
//! still to be read, and the kernel will not tell of it twice.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::RawFd;
use std::rc::Rc;
use std::task::Waker;
use std::time::Duration;

use slab::Slab;

use super::backend::{Backend, PerDirection, Readiness, Token};
use crate::trace::Direction;

pub(crate) struct Reactor {
    backend: RefCell<Box<dyn Backend>>,
    sources: RefCell<Slab<Rc<Registration>>>,
    registered: Cell<u32>,
    /// Reused from one wait to the next.
    happened: RefCell<Vec<Readiness>>,
}

/// A descriptor in the reactor, shared with the source that owns it.
pub(crate) struct Registration {
    fd: RawFd,
    token: Token,
    sides: RefCell<PerDirection<Side>>,
}

#[derive(Default)]
struct Side {
    ready: bool,
    closed: bool,
    waiters: Vec<Waker>,
}

impl Registration {
    pub(crate) fn is_ready(&self, direction: Direction) -> bool {
        self.sides.borrow()[direction as usize].ready
    }

    /// An attempt would have blocked: nothing is ready there, whatever was said before.
    pub(crate) fn clear(&self, direction: Direction) {
        let side = &mut self.sides.borrow_mut()[direction as usize];
        (side.ready, side.closed) = (false, false);
    }

    /// A short read or write: the kernel's buffer is used up, and a new event will tell of more.
    pub(crate) fn used_up(&self, direction: Direction) {
        let side = &mut self.sides.borrow_mut()[direction as usize];
        side.ready = side.closed;
    }

    fn happened(&self, event: Readiness, woken: &mut Vec<Waker>) {
        for (direction, side) in self.sides.borrow_mut().iter_mut().enumerate() {
            side.closed |= event.closed[direction];
            if event.ready[direction] || event.closed[direction] {
                side.ready = true;
                woken.append(&mut side.waiters);
            }
        }
    }

    /// The directions in which somebody waits.
    fn waiting(&self) -> PerDirection<bool> {
        self.sides.borrow().each_ref().map(|side| !side.waiters.is_empty())
    }
}

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

    /// Takes in a descriptor that has just refused to be used in the direction `blocked`; the other
    /// one is worth an attempt.
    pub(crate) fn register(&self, fd: RawFd, blocked: Direction) -> io::Result<Rc<Registration>> {
        let mut sources = self.sources.borrow_mut();
        let entry = sources.vacant_entry();
        let generation = (self.registered.get() + 1) & (u32::MAX >> 1);
        self.registered.set(generation);
        let token = Token { index: entry.key() as u32, generation };
        self.backend.borrow_mut().register(fd, token)?;
        let side = |direction| Side { ready: direction != blocked, ..Side::default() };
        let sides = RefCell::new(Direction::BOTH.map(side));
        Ok(Rc::clone(entry.insert(Rc::new(Registration { fd, token, sides }))))
    }

    /// Forgets a descriptor, before it is closed. Events of it still on their way find no owner.
    pub(crate) fn deregister(&self, registration: &Registration) {
        self.sources.borrow_mut().remove(registration.token.index as usize);
        // Fails only if somebody closed the descriptor under us, and then it is out already.
        let _ = self.backend.borrow_mut().deregister(registration.fd);
    }

    /// Wakes `waker` when the source becomes ready. Waiting twice with one waker is waiting once.
    pub(crate) fn wait_for(
        &self,
        registration: &Registration,
        direction: Direction,
        waker: &Waker,
    ) -> io::Result<()> {
        let waker = waker.clone();
        let mut sides = registration.sides.borrow_mut();
        let waiters = &mut sides[direction as usize].waiters;
        if !waiters.iter().any(|known| known.will_wake(&waker)) {
            waiters.push(waker);
        }
        drop(sides);
        let Registration { fd, token, .. } = *registration;
        self.backend.borrow_mut().arm(fd, token, registration.waiting())
    }

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
            source.happened(event, woken);
            let waiting = source.waiting();
            if waiting.contains(&true) {
                // A oneshot event for the reader has disarmed the writer too.
                backend.arm(source.fd, source.token, waiting)?;
            }
        }
        Ok(())
    }
}
