//! A loop's clock: real time, or time that stands still until somebody moves it.
//!
//! A standing clock makes hours of a test pass in no time. The tick moves it to the next deadline when
//! nothing else can happen (`runtime/executor.rs`); `time::advance` moves it by hand.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// Nanoseconds since the runtime was built. Five centuries fit.
pub(crate) type Nanos = u64;

pub(crate) struct Clock {
    /// The moment that `Nanos` count from.
    origin: Instant,
    hands: Cell<Hands>,
}

#[derive(Clone, Copy)]
enum Hands {
    /// At `since` they stood at `from`.
    Moving {
        from: Nanos,
        since: Instant,
    },
    Standing(Nanos),
}

impl Clock {
    pub(crate) fn new(paused: bool) -> Self {
        let origin = Instant::now();
        let hands = match paused {
            true => Hands::Standing(0),
            false => Hands::Moving { from: 0, since: origin },
        };
        Self { origin, hands: Cell::new(hands) }
    }

    pub(crate) fn now(&self) -> Nanos {
        match self.hands.get() {
            Hands::Moving { from, since } => from.saturating_add(nanos(since.elapsed())),
            Hands::Standing(at) => at,
        }
    }

    /// A moment on this clock: 0 if it is before the runtime was built.
    pub(crate) fn at(&self, moment: Instant) -> Nanos {
        nanos(moment.saturating_duration_since(self.origin))
    }

    /// The moment at which this clock stands.
    pub(crate) fn instant(&self) -> Instant {
        match self.hands.get() {
            Hands::Moving { from: 0, .. } => Instant::now(), // as every clock that was never stopped
            _ => self.origin + Duration::from_nanos(self.now()),
        }
    }

    pub(crate) fn is_paused(&self) -> bool {
        matches!(self.hands.get(), Hands::Standing(_))
    }

    pub(crate) fn pause(&self) {
        self.hands.set(Hands::Standing(self.now()));
    }

    pub(crate) fn resume(&self) {
        self.hands.set(Hands::Moving { from: self.now(), since: Instant::now() });
    }

    /// Moves a standing clock forward; it never goes back.
    pub(crate) fn move_to(&self, moment: Nanos) {
        self.hands.set(Hands::Standing(moment.max(self.now())));
    }
}

pub(crate) fn nanos(duration: Duration) -> Nanos {
    duration.as_nanos().try_into().unwrap_or(Nanos::MAX)
}
