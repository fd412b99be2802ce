//! What the two workloads share when processes do the work.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::Interrupt;
use crate::processes::{ProcessError, ProcessPool};
use crate::runtime::Runtime;
use crate::task::JoinSet;
use crate::trace::Account;

/// Does all jobs; `done` hears of each as it is over, with the place of its argument. An interrupt ends
/// the pool's work for good: the jobs under way end as their workers see SIGTERM.
pub(super) fn do_all<In: Serialize, Out: serde::de::DeserializeOwned + 'static>(
    pool: &ProcessPool<In, Out>,
    arguments: impl Iterator<Item = In>,
    interrupt: &Interrupt,
    mut done: impl FnMut(usize, Result<Out, ProcessError>),
) -> io::Result<()> {
    Runtime::new()?.block_on(async {
        let mut under_way = JoinSet::new();
        for (place, argument) in arguments.enumerate() {
            let handle = pool.submit(argument);
            under_way.spawn(async move { (place, handle.await) });
        }
        let mut stop = pin!(interrupt.wait());
        let mut stopped = false;
        loop {
            let next = poll_fn(|cx| {
                if !stopped && stop.as_mut().poll(cx).is_ready() {
                    stopped = true;
                    pool.end_jobs();
                }
                pin!(under_way.join_next()).poll(cx)
            });
            match next.await {
                Some(Ok((place, result))) => done(place, result),
                Some(Err(_)) => {} // nothing in there panics
                None => break,
            }
        }
    });
    Ok(())
}

/// For a worker, before a job and after one that failed: `interrupt` is set by SIGTERM and for good. A worker
/// that lived on would stop every job it gets; so it dies of the signal, as if it had not listened.
pub(super) fn die_if_told(interrupt: &Interrupt) {
    if interrupt.is_set() {
        let _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTERM);
    }
}

/// Does a job in a worker, and keeps account of it if the one at home records.
pub(super) fn accounted<T>(
    wanted: bool,
    clock: Instant,
    work: impl FnOnce() -> T,
) -> (T, Option<Account>) {
    if !wanted {
        return (work(), None);
    }
    let (result, account) = Account::of(clock, work);
    (result, Some(account))
}

/// When a job began and ended, on a clock that began before the workers were forked: they share it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Span(Duration, Duration);

impl Span {
    pub(super) fn of<T>(clock: Instant, work: impl FnOnce() -> T) -> (Self, T) {
        let start = clock.elapsed();
        let result = work();
        (Self(start, clock.elapsed()), result)
    }

    /// The most of these jobs that were under way at one moment.
    pub(super) fn peak(spans: &[Self]) -> usize {
        let starts = spans.iter().map(|span| (span.0, 1));
        let mut changes: Vec<(Duration, isize)> =
            starts.chain(spans.iter().map(|span| (span.1, -1))).collect();
        changes.sort(); // at one moment, ends come before starts
        let mut now = 0;
        let counts = changes.into_iter().map(|(_, change)| {
            now += change;
            now
        });
        counts.max().unwrap_or(0).unsigned_abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_the_most_at_one_moment() {
        let span = |(start, end)| Span(Duration::from_secs(start), Duration::from_secs(end));
        for (spans, peak) in [
            (&[][..], 0),
            (&[(0, 1)], 1),
            (&[(0, 1), (1, 2), (2, 3)], 1),
            (&[(0, 9), (1, 2), (2, 4), (3, 5)], 3),
        ] {
            let spans: Vec<Span> = spans.iter().copied().map(span).collect();
            assert_eq!(Span::peak(&spans), peak, "{spans:?}");
        }
    }
}
