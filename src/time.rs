//! Waiting for time to pass. Deadlines stand in the loop's timer wheel until then.

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::runtime::{EventLoop, LoopId, Message, TimerKey};
use crate::trace::Wait;

/// Waits for `duration` from now. Never returns early; on an idle loop it returns within a
/// millisecond after it. A duration too long to come (`Duration::MAX`) waits for ever.
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
    Sleep { deadline: Instant::now().checked_add(duration), set: None }
}

/// Waits until `deadline`; one that is past gives the other tasks a turn.
///
/// # Panics
/// When polled outside a running loop.
///
/// ```
/// use std::time::Instant;
///
/// let runtime = glassloop::Runtime::new()?;
/// runtime.block_on(glassloop::time::sleep_until(Instant::now()));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep { deadline: Some(deadline), set: None }
}

/// The future of [`sleep`]. It holds numbers only, so it is `Send` and `Sync`, and so is what
/// contains it.
#[derive(Debug)]
pub struct Sleep {
    /// `None` is too far away to ever come.
    deadline: Option<Instant>,
    /// Its place in a loop's wheel.
    set: Option<(LoopId, TimerKey)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.deadline else { return Poll::Pending };
        let here = EventLoop::current();
        let at = here.at(deadline);
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
                self.forget(); // it was set in another loop, or never
                let key = here.timers.borrow_mut().insert(at, waker);
                self.set = Some((here.id, key));
            }
        }
        here.trace.waits_for(|| Wait::Deadline(Duration::from_nanos(at)));
        Poll::Pending
    }
}

impl Sleep {
    fn forget(&mut self) {
        if let Some((id, key)) = self.set.take() {
            EventLoop::deliver(id, Message::CancelTimer(key));
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.forget();
    }
}

/// Waits for `future`, but no longer than `duration`; then drops it. A future that is ready when
/// time runs out wins.
///
/// # Errors
/// [`Elapsed`] when time ran out.
///
/// # Panics
/// When polled outside a running loop.
///
/// ```
/// use std::time::Duration;
/// use glassloop::time::timeout;
///
/// let runtime = glassloop::Runtime::new()?;
/// runtime.block_on(async {
///     assert_eq!(timeout(Duration::from_secs(1), async { 7 }).await, Ok(7));
///     assert!(timeout(Duration::from_millis(1), std::future::pending::<()>()).await.is_err());
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub async fn timeout<F: Future>(duration: Duration, future: F) -> Result<F::Output, Elapsed> {
    let mut sleep = sleep(duration);
    let mut future = pin!(future);
    std::future::poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Ok(output)),
        Poll::Pending => Pin::new(&mut sleep).poll(cx).map(|()| Err(Elapsed(()))),
    })
    .await
}

/// Time ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("time ran out")
    }
}

impl std::error::Error for Elapsed {}

impl From<Elapsed> for std::io::Error {
    fn from(elapsed: Elapsed) -> Self {
        Self::new(std::io::ErrorKind::TimedOut, elapsed)
    }
}
