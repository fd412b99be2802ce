//! The selector on polling: oneshot. It tells of a descriptor once, and then only when it is armed again.
//! Each arming looks at the state as it is, so nothing that was ready before is missed.

// ANCHOR: imports
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Duration;

use polling::{Event, Events, Poller};

use super::contract::{Backend, EVENTS, PerDirection, Readiness, Token, borrow};
use crate::inbox::Notify;
// ANCHOR_END: imports

// ANCHOR: new
pub(super) struct Polling {
    poller: Arc<Poller>,
    events: Events,
}

impl Polling {
    pub(super) fn new() -> io::Result<Self> {
        let events = Events::with_capacity(NonZeroUsize::new(EVENTS).expect("not zero"));
        Ok(Self { poller: Arc::new(Poller::new()?), events })
    }
}
// ANCHOR_END: new

// ANCHOR: register
impl Backend for Polling {
    #[allow(unsafe_code)]
    fn register(&mut self, fd: RawFd, token: Token) -> io::Result<()> {
        // SAFETY: whoever registers owns the descriptor, and deregisters it before it closes it.
        unsafe { self.poller.add(fd, Event::none(token.pack())) }
    }

    fn arm(
        &mut self,
        fd: RawFd,
        token: Token,
        [read, write]: PerDirection<bool>,
    ) -> io::Result<()> {
        self.poller.modify(borrow(fd), Event::new(token.pack(), read, write))
    }

    fn deregister(&mut self, fd: RawFd) -> io::Result<()> {
        self.poller.delete(borrow(fd))
    }
    // ANCHOR_END: register

    // ANCHOR: wait
    fn wait(&mut self, timeout: Option<Duration>, into: &mut Vec<Readiness>) -> io::Result<()> {
        self.events.clear();
        self.poller.wait(&mut self.events, timeout)?;
        into.extend(self.events.iter().map(|event| {
            let over = event.is_interrupt() || event.is_err().unwrap_or(false);
            let ready = [event.readable || over, event.writable || over];
            Readiness { token: Token::unpack(event.key), ready, closed: [over; 2] }
        }));
        Ok(())
    }
    // ANCHOR_END: wait

    // ANCHOR: notify
    fn notifier(&self) -> io::Result<Arc<dyn Notify>> {
        Ok(self.poller.clone())
    }
}

impl Notify for Poller {
    fn notify(&self) {
        // Fails only when the loop's descriptors are gone, and then nobody sleeps.
        let _ = Poller::notify(self);
    }
}
// ANCHOR_END: notify
