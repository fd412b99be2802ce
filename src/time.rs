//! Waiting for time to pass, by a clock that a test can stop.

mod instant;
mod interval;
mod sleep;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::clock::nanos;
use crate::coop;
use crate::runtime::EventLoop;
use crate::task::yield_now;

pub use self::instant::Instant;
pub use self::interval::{Interval, MissedTickBehavior, interval, interval_at};
pub use self::sleep::{Sleep, sleep, sleep_until};

/// Stops the clock of the loop that runs on this thread. From now on time passes only when every task waits:
/// then the clock jumps to the next deadline, if neither a job on a thread nor a socket could come before it.
/// So what takes hours takes none, and takes exactly that long.
///
/// A socket that has waited keeps the clock from jumping for as long as it is open: nobody can tell how
/// long the world outside will take.
///
/// # Panics
/// Outside a running loop; when the clock stands still already; later, in `block_on`, when every task waits
/// and nothing can ever wake them.
///
/// ```
/// use std::time::Duration;
/// use glassloop::time::{self, Instant, sleep};
///
/// let runtime = glassloop::Runtime::new()?;
/// runtime.block_on(async {
///     time::pause();
///     let start = Instant::now();
///     sleep(Duration::from_secs(3600)).await;
///     assert_eq!(start.elapsed(), Duration::from_secs(3600));
///     time::resume();
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn pause() {
    let here = EventLoop::current();
    assert!(
        !here.clock.is_paused(),
        "the clock stands still already: resume() it before you pause() it"
    );
    here.clock.pause();
}

/// Lets the clock go on from where it stands. See [`pause`].
///
/// # Panics
/// Outside a running loop; when the clock does not stand still.
///
/// ```
/// let runtime = glassloop::runtime::Builder::new().start_paused(true).build()?;
/// runtime.block_on(async { glassloop::time::resume() });
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn resume() {
    let here = EventLoop::current();
    assert!(
        here.clock.is_paused(),
        "the clock does not stand still: pause() it before you resume() it"
    );
    here.clock.resume();
}

/// Moves a standing clock forward by `duration`, and gives those whose time has come a turn.
///
/// # Panics
/// Outside a running loop; when the clock does not stand still.
///
/// ```
/// use std::time::Duration;
/// use glassloop::time::{Instant, advance};
///
/// let runtime = glassloop::runtime::Builder::new().start_paused(true).build()?;
/// runtime.block_on(async {
///     let start = Instant::now();
///     advance(Duration::from_secs(7)).await;
///     assert_eq!(start.elapsed(), Duration::from_secs(7));
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub async fn advance(duration: Duration) {
    let here = EventLoop::current();
    assert!(
        here.clock.is_paused(),
        "the clock does not stand still: pause() it before you advance() it"
    );
    here.clock.move_to(here.clock.now().saturating_add(nanos(duration)));
    drop(here);
    // A deadline that is past wakes its task after this turn, in the order of the deadlines: ours is last.
    sleep_until(Instant::now()).await;
    yield_now().await;
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
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout { future: future.into_future(), limit: sleep(duration) }
}

/// As [`timeout`], until `deadline`.
///
/// # Errors
/// [`Elapsed`] when time ran out.
///
/// # Panics
/// When polled outside a running loop.
///
/// ```
/// use glassloop::time::{Instant, timeout_at};
///
/// let runtime = glassloop::Runtime::new()?;
/// let done = runtime.block_on(async { timeout_at(Instant::now(), async { "in time" }).await });
/// assert_eq!(done, Ok("in time"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    Timeout { future: future.into_future(), limit: sleep_until(deadline) }
}

// ANCHOR: timeout_struct
pin_project_lite::pin_project! {
    /// The future of [`timeout`].
    #[derive(Debug)]
    pub struct Timeout<F> {
        #[pin]
        future: F,
        limit: Sleep,
    }
}
// ANCHOR_END: timeout_struct

impl<F> Timeout<F> {
    /// The future that is waited for.
    pub fn get_ref(&self) -> &F {
        &self.future
    }

    /// The future that is waited for.
    pub fn get_mut(&mut self) -> &mut F {
        &mut self.future
    }

    /// The future that was waited for.
    pub fn into_inner(self) -> F {
        self.future
    }
}

// ANCHOR: timeout
impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            this.limit.forget();
            return Poll::Ready(Ok(output));
        }
        // Also when the future has used up this turn's budget, time must be able to run out.
        coop::unlimited(|| Pin::new(this.limit).poll(cx)).map(|()| Err(Elapsed(())))
    }
}
// ANCHOR_END: timeout

/// What can go wrong, where tokio has it.
pub mod error {
    pub use super::Elapsed;
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
