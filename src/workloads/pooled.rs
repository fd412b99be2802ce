//! What the two workloads share when processes do the work.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::Interrupt;
use crate::processes::{ProcessError, ProcessPool};
use crate::runtime::Runtime;
use crate::task::JoinSet;

/// Does all jobs and ends the pool; `done` hears of each as it is over, with the place of its argument.
/// An interrupt terminates the pool: the jobs under way end as their workers see SIGTERM.
pub(super) fn do_all<In: Serialize, Out: serde::de::DeserializeOwned + 'static>(
    pool: ProcessPool<In, Out>,
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
        let mut pool = Some(pool);
        loop {
            let next = poll_fn(|cx| {
                if pool.is_some() && stop.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(None);
                }
                pin!(under_way.join_next()).poll(cx).map(Some)
            });
            match next.await {
                Some(Some(Ok((place, result)))) => done(place, result),
                Some(Some(Err(_))) => {} // nothing in there panics
                Some(None) => break,
                None => pool.take().into_iter().for_each(ProcessPool::terminate),
            }
        }
    });
    Ok(())
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
