//! A wait that belongs to a future.

use std::future::Future;
use std::io;
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Registered, Source};
use crate::net::interest::{Interest, Ready};
use crate::readiness::Waiter;

/// Waits until its source is ready. It owns its wait: only its latest waker is woken, and dropped it
/// leaves nothing behind.
pub(in crate::net) struct UntilReady<'a, T: AsRawFd> {
    source: &'a Source<T>,
    interest: Interest,
    owner: Option<u64>,
}

impl<'a, T: AsRawFd> UntilReady<'a, T> {
    pub(super) fn new(source: &'a Source<T>, interest: Interest) -> Self {
        Self { source, interest, owner: None }
    }
}

impl<T: AsRawFd> Future for UntilReady<'_, T> {
    type Output = io::Result<Ready>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { source, interest, owner } = &mut *self;
        source.poll_until_ready(*interest, cx, |Registered { owners, .. }| {
            Waiter::Owner(*owner.get_or_insert_with(|| {
                owners.set(owners.get() + 1);
                owners.get()
            }))
        })
    }
}

impl<T: AsRawFd> Drop for UntilReady<'_, T> {
    fn drop(&mut self) {
        if let (Some(owner), Some(registered)) = (self.owner, self.source.registered.get()) {
            for direction in self.interest.directions() {
                let waker = registered.entry.side(direction).forget(owner);
                drop(waker); // with nothing borrowed: it may be anybody's code
            }
        }
    }
}
