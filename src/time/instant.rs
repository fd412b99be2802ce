//! A moment on the loop's clock.

use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::time::{self, Duration};

use crate::runtime::EventLoop;

/// A moment, as [`std::time::Instant`], except that [`now`](Self::now) asks the clock of the loop that runs
/// on this thread: it may stand still ([`pause`](super::pause)). Where no loop runs it asks the system's.
///
/// ```
/// use std::time::Duration;
/// use glassloop::time::{Instant, sleep};
///
/// let runtime = glassloop::runtime::Builder::new().start_paused(true).build()?;
/// runtime.block_on(async {
///     let start = Instant::now();
///     sleep(Duration::from_secs(86_400)).await;
///     assert_eq!(start.elapsed(), Duration::from_secs(86_400));
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(time::Instant);

impl Instant {
    /// This moment.
    pub fn now() -> Self {
        Self(EventLoop::look(|here| {
            here.map_or_else(time::Instant::now, |here| here.clock.instant())
        }))
    }

    /// A moment of the standard library's.
    pub fn from_std(moment: time::Instant) -> Self {
        Self(moment)
    }

    /// The same moment for the standard library.
    pub fn into_std(self) -> time::Instant {
        self.0
    }

    /// How much time has passed since then; nothing if it lies ahead.
    pub fn elapsed(&self) -> Duration {
        Self::now().duration_since(*self)
    }

    /// How much later this is; nothing if it is sooner.
    pub fn duration_since(&self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }

    /// As [`duration_since`](Self::duration_since), under its other name.
    pub fn saturating_duration_since(&self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }

    /// How much later this is; `None` if it is sooner.
    pub fn checked_duration_since(&self, earlier: Self) -> Option<Duration> {
        self.0.checked_duration_since(earlier.0)
    }

    /// A later moment; `None` if there is none so late.
    pub fn checked_add(&self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration).map(Self)
    }

    /// A sooner moment; `None` if there is none so soon.
    pub fn checked_sub(&self, duration: Duration) -> Option<Self> {
        self.0.checked_sub(duration).map(Self)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// # Panics
    /// When there is no moment so late.
    fn add(self, duration: Duration) -> Self {
        Self(self.0 + duration)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    /// # Panics
    /// When there is no moment so soon.
    fn sub(self, duration: Duration) -> Self {
        Self(self.0 - duration)
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }
}

impl From<time::Instant> for Instant {
    fn from(moment: time::Instant) -> Self {
        Self(moment)
    }
}

impl From<Instant> for time::Instant {
    fn from(moment: Instant) -> Self {
        moment.0
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
