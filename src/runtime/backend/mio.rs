//! The selector on mio: edge-triggered epoll or kqueue. It tells of every change, so nothing is armed.

use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Poll, Waker};

use super::{Backend, EVENTS, PerDirection, Readiness, Token};
use crate::inbox::Notify;

const NOTICE: mio::Token = mio::Token(usize::MAX);

pub(super) struct Mio {
    poll: Poll,
    events: Events,
    /// The loop owns it for life: mio forgets a wake whose `Waker` is dropped early.
    notifier: Arc<Waker>,
}

impl Mio {
    pub(super) fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let notifier = Arc::new(Waker::new(poll.registry(), NOTICE)?);
        Ok(Self { poll, events: Events::with_capacity(EVENTS), notifier })
    }
}

impl Backend for Mio {
    fn register(&mut self, fd: RawFd, token: Token) -> io::Result<()> {
        let both = mio::Interest::READABLE | mio::Interest::WRITABLE;
        self.poll.registry().register(&mut SourceFd(&fd), mio::Token(token.pack()), both)
    }

    fn arm(&mut self, _: RawFd, _: Token, _: PerDirection<bool>) -> io::Result<()> {
        Ok(())
    }

    fn deregister(&mut self, fd: RawFd) -> io::Result<()> {
        self.poll.registry().deregister(&mut SourceFd(&fd))
    }

    fn wait(&mut self, timeout: Option<Duration>, into: &mut Vec<Readiness>) -> io::Result<()> {
        self.poll.poll(&mut self.events, timeout)?;
        let events = self.events.iter().filter(|event| event.token() != NOTICE);
        into.extend(events.map(|event| {
            let error = event.is_error();
            Readiness {
                token: Token::unpack(event.token().0),
                ready: [event.is_readable() || error, event.is_writable() || error],
                closed: [event.is_read_closed() || error, event.is_write_closed() || error],
            }
        }));
        Ok(())
    }

    fn notifier(&self) -> io::Result<Arc<dyn Notify>> {
        Ok(self.notifier.clone())
    }
}

impl Notify for Waker {
    fn notify(&self) {
        // Fails only when the loop's descriptors are gone, and then nobody sleeps.
        let _ = self.wake();
    }
}
