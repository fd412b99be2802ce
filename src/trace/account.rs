//! What one job did on its thread: when it began, when it was blocked and by what, when it ended. It is kept in
//! the thread while the job runs, so whatever blocks can tell without being handed anything; and it is small
//! enough to come home from a worker process with the job's result.

use std::cell::RefCell;
use std::process;
use std::time::{Duration, Instant};

use super::Wait;
#[cfg(feature = "processes")]
use super::nanos;

/// What one job did; see [`Account::of`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "processes", derive(serde::Serialize, serde::Deserialize))]
pub struct Account {
    /// The process in which it ran.
    pub(super) process: u32,
    #[cfg_attr(feature = "processes", serde(with = "nanos"))]
    pub(super) begun: Duration,
    pub(super) waits: Vec<Blocked>,
    #[cfg_attr(feature = "processes", serde(with = "nanos"))]
    pub(super) ended: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "processes", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Blocked {
    #[cfg_attr(feature = "processes", serde(with = "nanos"))]
    pub(super) from: Duration,
    #[cfg_attr(feature = "processes", serde(with = "nanos"))]
    pub(super) to: Duration,
    pub(super) on: Wait,
}

thread_local! {
    /// The account of the job that runs on this thread, if somebody keeps one.
    static CURRENT: RefCell<Option<Open>> = const { RefCell::new(None) };
}

struct Open {
    clock: Instant,
    account: Account,
}

impl Account {
    /// Does `work` on this thread and keeps account of it, in times since `clock`. This is for worker processes:
    /// they inherit the clock when they are forked, and the account goes home with the result, to
    /// [`Track::add`](super::Track::add). On threads, [`Track::run`](super::Track::run) does both.
    ///
    /// ```
    /// use std::time::Instant;
    /// use glassloop::trace::{Account, Recorder};
    ///
    /// let clock = Instant::now();
    /// let recorder = Recorder::new();
    /// let track = recorder.track("seven");
    /// let (result, account) = Account::of(clock, || 7); // in the worker
    /// track.add(clock, account); // at home
    /// assert_eq!((result, recorder.finish("a sum").entries.len()), (7, 6));
    /// ```
    pub fn of<T>(clock: Instant, work: impl FnOnce() -> T) -> (T, Self) {
        let keeping = Keeping::begin(clock);
        let result = work();
        (result, keeping.end())
    }
}

/// Keeps the account of this thread's job; dropped early, as when the job panics, it forgets it.
pub(super) struct Keeping {
    /// A pool may run one job inside another.
    outer: Option<Open>,
}

impl Keeping {
    pub(super) fn begin(clock: Instant) -> Self {
        let begun = clock.elapsed();
        let account = Account { process: process::id(), begun, waits: Vec::new(), ended: begun };
        Self { outer: CURRENT.replace(Some(Open { clock, account })) }
    }

    pub(super) fn end(self) -> Account {
        let Open { clock, mut account } = CURRENT.take().expect("it was begun on this thread");
        account.ended = clock.elapsed();
        account
    }
}

impl Drop for Keeping {
    fn drop(&mut self) {
        CURRENT.set(self.outer.take());
    }
}

/// Does `wait`, which blocks this thread, and puts it into the account of the job that runs here: its row in the
/// timeline shows that it waited, and what for. Where nobody keeps an account, it only waits.
///
/// ```
/// use std::time::Duration;
/// use glassloop::trace::{Event, Recorder, wait_for};
///
/// let recorder = Recorder::new();
/// recorder.track("a nap").run(|| wait_for("the alarm", || std::thread::sleep(Duration::from_millis(1))));
/// let run = recorder.finish("naps");
/// let waits = run.entries.iter().filter(|entry| matches!(entry.event, Event::Waiting { .. }));
/// assert_eq!(waits.count(), 1);
/// ```
// ANCHOR: wait_for
pub fn wait_for<T>(on: impl Into<Wait>, wait: impl FnOnce() -> T) -> T {
    let now = || CURRENT.with_borrow(|current| Some(current.as_ref()?.clock.elapsed()));
    let Some(from) = now() else { return wait() };
    let result = wait();
    CURRENT.with_borrow_mut(|current| {
        if let Some(Open { clock, account }) = current {
            account.waits.push(Blocked { from, to: clock.elapsed(), on: on.into() });
        }
    });
    result
}
// ANCHOR_END: wait_for
