//! Waiting for a moment. The deadline stands in the loop's timer wheel until then.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::Instant;
use crate::coop;
use crate::runtime::{EventLoop, LoopId, TimerKey};
use crate::trace::Wait;

/// Waits for `duration` from now. Never returns early; on an idle loop it returns some
/// 60 µs after it (as late as Linux lets a sleep end). A duration too long to come (`Duration::MAX`) waits for ever.
///
/// `sleep(Duration::ZERO)` gives the other tasks a turn. Dropping it forgets the deadline.
///
/// # Panics
/// When polled outside a running loop.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// let runtime = glassloop::Runtime::new()?;
/// let start = Instant::now();
/// runtime.block_on(glassloop::time::sleep(Duration::from_millis(5)));
/// assert!(start.elapsed() >= Duration::from_millis(5));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn sleep(duration: Duration) -> Sleep {
    Sleep { deadline: Instant::now().checked_add(duration), stage: Stage::Unset }
}

/// Waits until `deadline`; one that is past gives the other tasks a turn.
///
/// # Panics
/// When polled outside a running loop.
///
/// ```
/// use glassloop::time::{Instant, sleep_until};
///
/// let runtime = glassloop::Runtime::new()?;
/// runtime.block_on(async { sleep_until(Instant::now()).await });
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep { deadline: Some(deadline), stage: Stage::Unset }
}

/// The future of [`sleep`]. It holds numbers only, so it is `Send` and `Sync`, and so is what
/// contains it.
///
/// ```
/// use std::time::Duration;
/// use glassloop::time::{Instant, sleep};
///
/// let runtime = glassloop::runtime::Builder::new().start_paused(true).build()?;
/// runtime.block_on(async {
///     let start = Instant::now();
///     let mut nap = std::pin::pin!(sleep(Duration::from_secs(3600)));
///     nap.as_mut().reset(start + Duration::from_secs(60));
///     nap.as_mut().await;
///     assert!(nap.is_elapsed());
///     assert_eq!(start.elapsed(), Duration::from_secs(60));
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
// ANCHOR: sleep
#[derive(Debug)]
pub struct Sleep {
    /// `None` is too far away to ever come.
    deadline: Option<Instant>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Unset,
    /// Its place in a loop's wheel.
    Set(LoopId, TimerKey),
    Elapsed,
}
// ANCHOR_END: sleep

impl Sleep {
    /// When it ends; one that never does gives a moment 30 years away.
    pub fn deadline(&self) -> Instant {
        const FAR: Duration = Duration::from_secs(30 * 365 * 86_400);
        self.deadline.unwrap_or_else(|| Instant::now() + FAR)
    }

    /// Whether it has been awaited to its end.
    pub fn is_elapsed(&self) -> bool {
        matches!(self.stage, Stage::Elapsed)
    }

    /// Begins anew with another deadline, also after the end.
    pub fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        self.set_deadline(Some(deadline));
    }

    pub(super) fn set_deadline(&mut self, deadline: Option<Instant>) {
        self.forget();
        self.deadline = deadline;
    }

    // ANCHOR: forget
    /// Wakes nobody any more.
    pub(super) fn forget(&mut self) {
        if let Stage::Set(id, key) = std::mem::replace(&mut self.stage, Stage::Unset) {
            EventLoop::cancel_timer(id, key);
        }
    }
    // ANCHOR_END: forget
}

// ANCHOR: sleep_poll
impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(coop::poll_budget(cx));
        let Some(deadline) = self.deadline else { return Poll::Pending };
        let here = EventLoop::current();
        let at = here.clock.at(deadline.into_std());
        let timers = || here.timers.borrow();
        match self.stage {
            Stage::Elapsed => return Poll::Ready(()),
            Stage::Set(id, key) if id == here.id && timers().has_fired(key, at) => {
                self.stage = Stage::Elapsed;
                coop::spend();
                return Poll::Ready(());
            }
            Stage::Set(id, key) if id == here.id && timers().stands(key) => {
                let waker = cx.waker().clone();
                // The one before is dropped when nothing is borrowed any more.
                let _before = here.timers.borrow_mut().rewake(key, waker);
            }
            _ => {
                self.forget(); // it was set in another loop, or never
                let waker = cx.waker().clone();
                let key = here.timers.borrow_mut().insert(at, waker);
                self.stage = Stage::Set(here.id, key);
            }
        }
        here.trace.waits_for(|| Wait::Deadline(Duration::from_nanos(at)));
        Poll::Pending
    }
}
// ANCHOR_END: sleep_poll

// ANCHOR: sleep_drop
impl Drop for Sleep {
    fn drop(&mut self) {
        self.forget();
    }
}
// ANCHOR_END: sleep_drop
