//! The jobs of one `map`: all items and all results in two pieces of memory, and one *share* for each worker in
//! the queue. What a tiny job costs is mostly the queueing of it, and here nothing is queued for an item.
//!
//! The items are cut into runs. A share takes run after run, so that two workers seldom touch the same
//! memory; when all are taken, it goes through those that others still have in hand. What nobody has begun
//! is free for whoever comes: no job ever waits behind another while a worker is idle.

use std::iter;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::board::Board;
use super::work::Job;
use crate::handle::InFlight;
use crate::job::{JoinError, shielded};

/// Longer runs save nothing more; shorter ones leave less in hand at the end.
const LONGEST_RUN: usize = 64;
const RUNS_PER_WORKER: usize = 8;

pub(super) struct Batch<'env, I, T, F> {
    /// Without those that were begun.
    runs: Box<[Run<I>]>,
    run_length: usize,
    /// The first run that no share has taken.
    next_run: AtomicUsize,
    /// The items that were not done when their run was last left.
    left: AtomicUsize,
    job: Mutex<Held<T, F>>,
    results: Arc<Board<T>>,
    /// Why nothing more is to be begun, once that is so.
    over: Box<dyn Fn() -> Option<JoinError> + Send + Sync + 'env>,
}

/// What different workers write to is not to share a line of their caches.
#[repr(align(128))]
struct Run<I>(Mutex<Box<[Option<I>]>>);

/// The job function, and who uses it. It is gone before the last result is there: whoever has all results finds that
/// what it captured was let go.
struct Held<T, F> {
    job: Option<Arc<F>>,
    users: usize,
    /// The result that was the last to come, until there are no more users.
    last: Option<Done<T>>,
    in_flight: Option<InFlight>,
}

/// The result of the item with this index.
type Done<T> = (usize, Result<T, JoinError>);

impl<'env, I, T, F> Batch<'env, I, T, F> {
    pub(super) fn new(
        items: Vec<I>,
        job: F,
        workers: usize,
        over: impl Fn() -> Option<JoinError> + Send + Sync + 'env,
    ) -> Self {
        let count = items.len();
        let run_length = (count / (RUNS_PER_WORKER * workers.max(1))).clamp(1, LONGEST_RUN);
        let mut items = items.into_iter().map(Some);
        let run = |_| Run(Mutex::new(items.by_ref().take(run_length).collect()));
        let job = (count > 0).then(|| Arc::new(job));
        Self {
            runs: (0..count).step_by(run_length).map(run).collect(),
            run_length,
            next_run: AtomicUsize::new(0),
            left: AtomicUsize::new(count),
            job: Mutex::new(Held { job, users: 0, last: None, in_flight: InFlight::begin() }),
            results: Arc::new(Board::new(count, run_length)),
            over: Box::new(over),
        }
    }

    pub(super) fn results(&self) -> Arc<Board<T>> {
        Arc::clone(&self.results)
    }

    pub(super) fn is_begun(&self, index: usize) -> bool {
        lock(&self.runs[index / self.run_length].0)[index % self.run_length].is_none()
    }

    /// Does what is left to be done, with others.
    fn work<S>(&self, state: &mut S)
    where
        F: Fn(&mut S, I) -> T,
    {
        self.with_job(|job| {
            let count = self.runs.len();
            let not_taken = iter::from_fn(|| {
                Some(self.next_run.fetch_add(1, Ordering::Relaxed)).filter(|run| *run < count)
            });
            not_taken.chain(0..count).find_map(|run| {
                self.results.set_many_to_come(run + 1 < count);
                self.do_items(run, 0..self.run_length, |item| result_of(|| job(state, item)))
            })
        });
    }

    /// Does this item, unless somebody has begun it.
    fn work_on<S>(&self, index: usize, state: &mut S)
    where
        F: Fn(&mut S, I) -> T,
    {
        let (run, place) = (index / self.run_length, index % self.run_length);
        self.with_job(|job| {
            self.do_items(run, place..place + 1, |item| result_of(|| job(state, item)))
        });
    }

    /// Cancels what nobody has begun.
    fn cancel(&self) {
        let refuse = |item| {
            shielded(|| drop(item));
            Err(JoinError::cancelled())
        };
        self.with_job(|_| {
            (0..self.runs.len()).find_map(|run| self.do_items(run, 0..self.run_length, refuse))
        });
    }

    /// Does those items in these places of a run that nobody has begun. Their results are settled, but for the very
    /// last of the batch, which comes back.
    fn do_items(
        &self,
        run: usize,
        places: Range<usize>,
        mut result_of: impl FnMut(I) -> Result<T, JoinError>,
    ) -> Option<Done<T>> {
        let (mut held, mut count) = (None, 0);
        for place in places {
            let Some(item) = lock(&self.runs[run].0).get_mut(place).and_then(Option::take) else {
                continue;
            };
            // With this item in hand, the one before was not the last.
            if let Some(done) = held.take() {
                self.results.settle(done);
            }
            let result = match (self.over)() {
                None => result_of(item),
                Some(why) => {
                    shielded(|| drop(item));
                    Err(why)
                }
            };
            held = Some((run * self.run_length + place, result));
            count += 1;
        }
        let held = held?;
        if self.left.fetch_sub(count, Ordering::AcqRel) == count {
            return Some(held);
        }
        self.results.settle(held);
        None
    }

    /// Lends out the job function, unless all is done. What `body` gives is the last result of all.
    fn with_job(&self, body: impl FnOnce(&F) -> Option<Done<T>>) {
        let job = {
            let mut held = lock(&self.job);
            let Some(job) = held.job.clone() else { return };
            held.users += 1;
            job
        };
        let last = body(&job);
        drop(job);
        let mut held = lock(&self.job);
        held.users -= 1;
        if last.is_some() {
            held.last = last;
        }
        if held.users > 0 {
            return;
        }
        if let Some(last) = held.last.take() {
            let (job, in_flight) = (held.job.take(), held.in_flight.take());
            drop(held);
            shielded(|| drop(job));
            self.results.settle(last);
            drop(in_flight); // whoever waits is woken by now
        }
    }
}

fn result_of<T>(work: impl FnOnce() -> T) -> Result<T, JoinError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(JoinError::panicked)
}

/// Nothing panics under these locks, so poison says nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A job for the queue: to help with a batch until nothing is left of it to begin.
pub(super) struct Share<'env, I, T, F>(pub(super) Arc<Batch<'env, I, T, F>>);

impl<S, I: Send, T: Send, F: Fn(&mut S, I) -> T + Send + Sync> Job<S> for Share<'_, I, T, F> {
    fn run(self: Box<Self>, state: &mut S) {
        self.0.work(state);
    }

    fn refuse(self: Box<Self>, _: JoinError) {
        self.0.cancel();
    }
}

/// A job that is one item of a batch, for a worker that would have to wait for it.
pub(super) struct Item<'env, I, T, F>(pub(super) Arc<Batch<'env, I, T, F>>, pub(super) usize);

impl<S, I: Send, T: Send, F: Fn(&mut S, I) -> T + Send + Sync> Job<S> for Item<'_, I, T, F> {
    fn run(self: Box<Self>, state: &mut S) {
        self.0.work_on(self.1, state);
    }

    /// The pool is over, and so all of the batch.
    fn refuse(self: Box<Self>, _: JoinError) {
        self.0.cancel();
    }
}
