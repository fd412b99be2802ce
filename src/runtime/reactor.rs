//! From kernel event to waker. Sources ask here to be told; the tick lets the backend wait and wakes
//! those whose descriptor has become ready.
//!
//! Readiness is remembered for each direction: an event sets it, an attempt that would block clears
//! it, and so does a short read or write. Only "closed" outlives a short read: the end of the file is
//! still to be read, and the kernel will not tell of it twice.

use std::cell::RefCell;
use std::io;
use std::os::fd::RawFd;
use std::task::Waker;
use std::time::Duration;

use slab::Slab;

use super::backend::{Backend, Direction, Interest, Readiness, Token};

pub(super) struct Reactor {
    backend: RefCell<Box<dyn Backend>>,
    sources: RefCell<Sources>,
    /// Reused from one wait to the next.
    happened: RefCell<Vec<Readiness>>,
}

#[derive(Default)]
struct Sources {
    slots: Slab<Registration>,
    registered: u32,
}

struct Registration {
    fd: RawFd,
    generation: u32,
    read: Side,
    write: Side,
}

/// One direction of one source.
#[derive(Default)]
struct Side {
    ready: bool,
    closed: bool,
    waiters: Vec<Waker>,
}

impl Registration {
    fn side(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Read => &mut self.read,
            Direction::Write => &mut self.write,
        }
    }

    fn interest(&self) -> Interest {
        Interest { read: !self.read.waiters.is_empty(), write: !self.write.waiters.is_empty() }
    }
}

impl Side {
    fn happened(&mut self, ready: bool, closed: bool, woken: &mut Vec<Waker>) {
        self.closed |= closed;
        if ready || closed {
            self.ready = true;
            woken.append(&mut self.waiters);
        }
    }
}

impl Sources {
    /// The registration that `token` names, unless its slot has another owner by now.
    fn get(&mut self, token: Token) -> Option<&mut Registration> {
        self.slots
            .get_mut(token.index as usize)
            .filter(|registration| registration.generation == token.generation)
    }
}

impl Reactor {
    pub(super) fn new(backend: Box<dyn Backend>) -> Self {
        Self {
            backend: RefCell::new(backend),
            sources: RefCell::default(),
            happened: RefCell::default(),
        }
    }

    pub(super) fn has_sources(&self) -> bool {
        !self.sources.borrow().slots.is_empty()
    }

    /// Takes in a descriptor that has just refused to be used in the direction `blocked`; the other
    /// one is worth an attempt.
    pub(super) fn register(&self, fd: RawFd, blocked: Direction) -> io::Result<Token> {
        let mut sources = self.sources.borrow_mut();
        sources.registered = (sources.registered + 1) & (u32::MAX >> 1);
        let generation = sources.registered;
        let mut registration =
            Registration { fd, generation, read: Side::default(), write: Side::default() };
        registration.read.ready = blocked != Direction::Read;
        registration.write.ready = blocked != Direction::Write;
        let entry = sources.slots.vacant_entry();
        let token = Token { index: entry.key() as u32, generation };
        self.backend.borrow_mut().register(fd, token)?;
        entry.insert(registration);
        Ok(token)
    }

    /// Forgets a descriptor, before it is closed. Events of it still on their way find no owner.
    pub(super) fn deregister(&self, token: Token) {
        let registration = {
            let mut sources = self.sources.borrow_mut();
            let known = sources.get(token).is_some();
            known.then(|| sources.slots.remove(token.index as usize))
        };
        if let Some(registration) = registration {
            // Fails only if somebody closed the descriptor under us, and then it is out already.
            let _ = self.backend.borrow_mut().deregister(registration.fd);
            drop(registration); // with its wakers, which may be anybody's code: nothing is borrowed
        }
    }

    pub(super) fn is_ready(&self, token: Token, direction: Direction) -> bool {
        let mut sources = self.sources.borrow_mut();
        sources.get(token).is_none_or(|registration| registration.side(direction).ready)
    }

    /// An attempt would have blocked: nothing is ready there, whatever was said before.
    pub(super) fn clear(&self, token: Token, direction: Direction) {
        if let Some(registration) = self.sources.borrow_mut().get(token) {
            let side = registration.side(direction);
            (side.ready, side.closed) = (false, false);
        }
    }

    /// A short read or write: the kernel's buffer is used up, and a new event will tell of more.
    pub(super) fn used_up(&self, token: Token, direction: Direction) {
        if let Some(registration) = self.sources.borrow_mut().get(token) {
            let side = registration.side(direction);
            side.ready = side.closed;
        }
    }

    /// Wakes `waker` when the source becomes ready. Waiting twice with one waker is waiting once.
    pub(super) fn wait_for(
        &self,
        token: Token,
        direction: Direction,
        waker: &Waker,
    ) -> io::Result<()> {
        let waker = waker.clone();
        let mut sources = self.sources.borrow_mut();
        let Some(registration) = sources.get(token) else { return Ok(()) };
        let waiters = &mut registration.side(direction).waiters;
        if !waiters.iter().any(|known| known.will_wake(&waker)) {
            waiters.push(waker);
        }
        self.backend.borrow_mut().arm(registration.fd, token, registration.interest())
    }

    /// Lets the kernel wait for at most `timeout` and adds whom to wake to `woken`.
    pub(super) fn wait(&self, timeout: Option<Duration>, woken: &mut Vec<Waker>) -> io::Result<()> {
        let mut happened = self.happened.borrow_mut();
        let mut backend = self.backend.borrow_mut();
        match backend.wait(timeout, &mut happened) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        let mut sources = self.sources.borrow_mut();
        for event in happened.drain(..) {
            let Some(registration) = sources.get(event.token) else { continue };
            registration.read.happened(event.readable, event.read_closed, woken);
            registration.write.happened(event.writable, event.write_closed, woken);
            // A oneshot event for the reader has disarmed the writer too.
            let interest = registration.interest();
            if interest.read || interest.write {
                backend.arm(registration.fd, event.token, interest)?;
            }
        }
        Ok(())
    }
}
