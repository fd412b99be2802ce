//! The loop's clock: nanoseconds since the runtime was built. The timers count in them.

use std::time::Instant;

use super::timers::Nanos;

pub(super) struct Clock {
    pub(super) start: Instant,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { start: Instant::now() }
    }

    pub(super) fn now(&self) -> Nanos {
        self.at(Instant::now())
    }

    /// A moment in the clock's own count: 0 if it is before the start. Five centuries fit.
    pub(super) fn at(&self, moment: Instant) -> Nanos {
        let since_start = moment.saturating_duration_since(self.start);
        since_start.as_nanos().try_into().unwrap_or(Nanos::MAX)
    }
}
