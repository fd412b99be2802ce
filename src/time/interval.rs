//! Something that happens again and again.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use super::{Instant, Sleep, sleep_until};

/// Ticks at once, and then every `period`.
///
/// # Panics
/// When `period` is zero.
///
/// ```
/// use std::time::Duration;
/// use glassloop::time::{Instant, interval};
///
/// let runtime = glassloop::runtime::Builder::new().start_paused(true).build()?;
/// runtime.block_on(async {
///     let start = Instant::now();
///     let mut ticks = interval(Duration::from_secs(60));
///     for _ in 0..=60 {
///         ticks.tick().await;
///     }
///     assert_eq!(start.elapsed(), Duration::from_secs(3600));
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn interval(period: Duration) -> Interval {
    interval_at(Instant::now(), period)
}

/// Ticks at `start`, and then every `period`.
///
/// # Panics
/// When `period` is zero.
///
/// ```
/// use std::time::Duration;
/// use glassloop::time::{Instant, interval_at};
///
/// let runtime = glassloop::runtime::Builder::new().start_paused(true).build()?;
/// runtime.block_on(async {
///     let soon = Instant::now() + Duration::from_secs(5);
///     assert_eq!(interval_at(soon, Duration::from_secs(60)).tick().await, soon);
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert!(!period.is_zero(), "an interval of no length would tick without end: give it a period");
    Interval { next: sleep_until(start), period, missed: MissedTickBehavior::default() }
}

/// What to do when a tick was missed, since nobody asked in time.
///
/// ```text
///   every 50 ms, and nobody asks from 60 ms to 180 ms:
///
///   Burst    0    50    ········· 180 180   200   250      all of them, at once
///   Delay    0    50    ········· 180       230   280      a full period from now on
///   Skip     0    50    ········· 180   200   250          those to come, where they would have been
/// ```
///
/// ```
/// use std::time::Duration;
/// use glassloop::time::{MissedTickBehavior, advance, interval};
///
/// let runtime = glassloop::runtime::Builder::new().start_paused(true).build()?;
/// runtime.block_on(async {
///     let mut ticks = interval(Duration::from_millis(50));
///     ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
///     let first = ticks.tick().await;
///     advance(Duration::from_millis(180)).await;
///     assert_eq!(ticks.tick().await - first, Duration::from_millis(50));
///     assert_eq!(ticks.tick().await - first, Duration::from_millis(200));
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTickBehavior {
    /// Ticks at once until those that were missed are made up for.
    #[default]
    Burst,
    /// Counts full periods from the late tick on.
    Delay,
    /// Leaves out what was missed and keeps to the old times.
    Skip,
}

impl MissedTickBehavior {
    fn next(self, due: Instant, now: Instant, period: Duration) -> Option<Instant> {
        match self {
            Self::Burst => due.checked_add(period),
            Self::Delay => now.checked_add(period),
            Self::Skip => {
                let late = now - due;
                let periods = late.as_nanos() / period.as_nanos() + 1;
                due.checked_add(period.checked_mul(periods.try_into().ok()?)?)
            }
        }
    }
}

/// What [`interval`] gives. Between two ticks it holds nothing but its next deadline.
#[derive(Debug)]
pub struct Interval {
    next: Sleep,
    period: Duration,
    missed: MissedTickBehavior,
}

impl Interval {
    /// Waits for the next tick; gives the moment for which it was meant. Dropping the future loses no tick.
    ///
    /// # Panics
    /// When polled outside a running loop.
    pub async fn tick(&mut self) -> Instant {
        poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// Polls for the next tick.
    ///
    /// # Panics
    /// As [`tick`](Self::tick).
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        ready!(Pin::new(&mut self.next).poll(cx));
        let (due, now) = (self.next.deadline(), Instant::now());
        // The clock of the kernel may be a little late: that is no tick missed.
        let late = now - due > TOLERANCE;
        let next = if late {
            self.missed.next(due, now, self.period)
        } else {
            due.checked_add(self.period)
        };
        self.next.set_deadline(next);
        Poll::Ready(due)
    }

    /// The next tick comes a full period from now.
    pub fn reset(&mut self) {
        self.reset_after(self.period);
    }

    /// The next tick comes at once.
    pub fn reset_immediately(&mut self) {
        self.reset_after(Duration::ZERO);
    }

    /// The next tick comes after `wait`.
    pub fn reset_after(&mut self, wait: Duration) {
        self.next.set_deadline(Instant::now().checked_add(wait));
    }

    /// The next tick comes at `moment`.
    pub fn reset_at(&mut self, moment: Instant) {
        self.next.set_deadline(Some(moment));
    }

    /// What is done when a tick was missed.
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed
    }

    /// Sets what is done when a tick was missed.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed = behavior;
    }

    /// The time between two ticks.
    pub fn period(&self) -> Duration {
        self.period
    }
}

/// A tick later than this was missed. As tokio's.
const TOLERANCE: Duration = Duration::from_millis(5);
