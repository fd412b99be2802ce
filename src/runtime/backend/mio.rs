//! The selector on mio: edge-triggered epoll or kqueue. It tells of every change, so nothing is armed.

// ANCHOR: mio_imports
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Poll, Waker};
use rustix::event::{PollFd, PollFlags};

use super::contract::{Backend, EVENTS, PerDirection, Readiness, Token, borrow};
use crate::inbox::Notify;
// ANCHOR_END: mio_imports

// ANCHOR: mio
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
// ANCHOR_END: mio

// ANCHOR: mio_sources
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
    // ANCHOR_END: mio_sources

    // ANCHOR: mio_wait
    fn wait(&mut self, timeout: Option<Duration>, into: &mut Vec<Readiness>) -> io::Result<()> {
        let timeout = match timeout {
            Some(timeout) if is_too_fine_for_epoll(timeout) => {
                let fd = borrow(self.poll.as_raw_fd());
                let mut epoll = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
                let timeout = timeout.try_into().expect("it is short");
                if rustix::event::poll(&mut epoll, Some(&timeout))? == 0 {
                    return Ok(());
                }
                Some(Duration::ZERO)
            }
            other => other,
        };
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
    // ANCHOR_END: mio_wait

    // ANCHOR: mio_notifier
    fn notifier(&self) -> io::Result<Arc<dyn Notify>> {
        Ok(self.notifier.clone())
    }
}
// ANCHOR_END: mio_notifier

// ANCHOR: too_fine
/// epoll counts in milliseconds, and mio rounds up: for a short sleep that is a lot. So epoll's own descriptor
/// is waited for first, by a call that counts in nanoseconds. (kqueue counts in nanoseconds.)
fn is_too_fine_for_epoll(timeout: Duration) -> bool {
    const SHORT: Duration = Duration::from_secs(1);
    let whole = timeout.subsec_nanos().is_multiple_of(1_000_000);
    cfg!(target_os = "linux") && timeout < SHORT && !whole
}

impl Notify for Waker {
    fn notify(&self) {
        // Fails only when the loop's descriptors are gone, and then nobody sleeps.
        let _ = self.wake();
    }
}
// ANCHOR_END: too_fine
