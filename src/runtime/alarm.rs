//! A deadline that somebody awaits, and its place in the loop's wheel. It takes the place with it when
//! it is dropped, on whatever thread that is.

use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::event_loop::EventLoop;
use super::remote::{self, LoopId, Message};
use super::timers::TimerKey;
use super::trace::Wait;

/// Holds numbers only, so it is `Send` and `Sync`, and so is what contains it.
#[derive(Debug)]
pub(crate) struct Alarm {
    /// `None` is too far away to ever come.
    deadline: Option<Instant>,
    set: Option<(LoopId, TimerKey)>,
}

impl Alarm {
    pub(crate) fn new(deadline: Option<Instant>) -> Self {
        Self { deadline, set: None }
    }

    /// Ready once the deadline has passed. The first poll is always pending, so that sleeping gives
    /// the others a turn even when there is nothing to wait for.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.deadline else { return Poll::Pending };
        let here = EventLoop::current();
        let at = here.clock.at(deadline);
        let waker = cx.waker().clone();
        match self.set {
            Some((id, key)) if id == here.id => {
                // The waker that is not needed is dropped when nothing is borrowed any more.
                let unneeded = here.timers.borrow_mut().rewake(key, waker);
                if unneeded.is_err() {
                    self.set = None; // it stands no more: it has fired
                    return Poll::Ready(());
                }
            }
            _ => {
                self.cancel(); // it was set in another loop, or never
                let key = here.timers.borrow_mut().insert(at, waker);
                self.set = Some((here.id, key));
            }
        }
        here.trace.waits_for(|| Wait::Deadline(Duration::from_nanos(at)));
        Poll::Pending
    }

    fn cancel(&mut self) {
        let Some((id, key)) = self.set.take() else { return };
        let here = EventLoop::with_current(|here| {
            (here.id == id).then(|| here.timers.borrow_mut().cancel(key))
        });
        if here.flatten().is_none() {
            remote::send(id, Message::CancelTimer(key));
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.cancel();
    }
}
