//! A pool for jobs that borrow. It lives for one call, on scoped threads of the standard library: the
//! compiler sees that no job outlives what it borrows, and no unsafe code has to promise it.

use std::sync::Arc;
use std::{fmt, io, thread};

use super::batch::{Batch, Share};
use super::pool::{NO_THREADS, not_started, refused};
use super::queue::{Limits, Queue, Refused};
use super::results::Results;
use super::work::{Job, detached, pack};
use crate::job::{JobHandle, JoinError};

type ScopedQueue<'env> = Queue<Box<dyn Job<()> + 'env>>;

/// Starts so many threads, lets `body` give them jobs that borrow, and joins them when all are done.
///
/// [`std::thread::scope`] with a queue in front of it. Threads are started for each call: where that costs too much, give a
/// [`ThreadPool`](super::ThreadPool) jobs that own what they need.
///
/// # Errors
/// When the size is 0, or a thread cannot be started; `body` has not been called then.
///
/// ```
/// use glassloop::threads;
///
/// let text = String::from("to be or not to be");
/// let words: Vec<&str> = text.split(' ').collect();
/// let longest = threads::scope(2, |pool| {
///     let halves = words.chunks(3);
///     pool.map(halves, |half| half.iter().map(|word| word.len()).max()).map(Result::unwrap).max()
/// })?;
/// assert_eq!(longest, Some(Some(3)));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn scope<'env, R>(size: usize, body: impl FnOnce(&Scope<'env>) -> R) -> io::Result<R> {
    if size == 0 {
        return Err(refused(NO_THREADS));
    }
    let limits = Limits { capacity: usize::MAX, threads: size, idle: None };
    let scope = Scope { queue: Queue::new(limits, size), size };
    thread::scope(|threads| {
        // Also when the body panics, or the scope would wait for its threads for ever.
        let _end = End(&scope.queue);
        let work = || {
            while let Some(job) = scope.queue.pop() {
                job.run(&mut ());
            }
        };
        for number in 0..size {
            let thread = thread::Builder::new().name(format!("glassloop-{number}"));
            let started = thread.spawn_scoped(threads, work);
            started.map_err(|error| not_started(number, size, &error))?;
        }
        Ok(body(&scope))
    })
}

struct End<'a, 'env>(&'a ScopedQueue<'env>);

impl Drop for End<'_, '_> {
    fn drop(&mut self) {
        self.0.end_when_empty();
    }
}

/// The pool of a [`scope`].
///
/// Its jobs cannot submit further ones, and begin in the order in which they were submitted. So one may
/// wait for those before it, whose handles it can own: they have begun. One that gets the handle of a
/// later job, by a channel say, needs another thread to run that job.
///
/// ```
/// let total = glassloop::threads::scope(2, |pool| {
///     let first = pool.submit(|| 40);
///     pool.submit(move || first.wait().unwrap() + 2).wait().unwrap()
/// })?;
/// assert_eq!(total, 42);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Scope<'env> {
    queue: ScopedQueue<'env>,
    size: usize,
}

impl<'env> Scope<'env> {
    /// Queues a job. Dropping its handle detaches it: it is done before the scope ends all the same.
    pub fn submit<T: Send + 'env>(&self, job: impl FnOnce() -> T + Send + 'env) -> JobHandle<T> {
        let (job, handle) = pack(|()| job());
        self.put(job);
        handle
    }

    /// Queues a job that nobody will hear of, at less cost than [`submit`](Self::submit).
    pub fn execute(&self, job: impl FnOnce() + Send + 'env) {
        self.put(detached(|()| job()));
    }

    /// Queues a job for every item; their results come in the order of the items, all of which are drawn
    /// before the first job begins.
    pub fn map<I: Send + 'env, T: Send + 'env>(
        &self,
        items: impl IntoIterator<Item = I>,
        job: impl Fn(I) -> T + Send + Sync + 'env,
    ) -> Results<T> {
        let items: Vec<_> = items.into_iter().collect();
        let (count, shares) = (items.len(), self.size.min(items.len()));
        let batch =
            Arc::new(Batch::new(items, move |(): &mut (), item| job(item), shares, || None));
        for _ in 0..shares {
            self.put(Box::new(Share(Arc::clone(&batch))));
        }
        Results::of_batch(count, batch.results(), None)
    }

    fn put(&self, job: Box<dyn Job<()> + 'env>) {
        if let Err(Refused::Full(job) | Refused::Ended(job)) = self.queue.push(job, true) {
            job.refuse(JoinError::cancelled());
        }
    }

    /// How many threads it has.
    pub fn size(&self) -> usize {
        self.size
    }
}

impl fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("size", &self.size).finish()
    }
}
