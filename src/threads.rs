//! A pool of threads, written by hand: for work that blocks, and for work that computes.
//!
//! ```
//! use glassloop::ThreadPool;
//!
//! let pool = ThreadPool::new(4)?;
//! let answer = pool.submit(|| 6 * 7);
//! let squares: Result<Vec<u64>, _> = pool.map(0..5, |number| number * number).collect();
//! assert_eq!(squares.unwrap(), [0, 1, 4, 9, 16]);
//! assert_eq!(answer.wait().unwrap(), 42);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! A job gives a [`JobHandle`], which can be waited for and awaited, on any
//! executor; [`as_completed`] takes many as they come. A panic is the job's error and its worker goes
//! on. A pool that is dropped finishes what is queued first.
//!
//! | wanted | take |
//! | --- | --- |
//! | threads that stay, jobs that own what they need | [`ThreadPool`] |
//! | something made once on each thread: a session, a cache | [`StatefulPool`] |
//! | jobs that borrow | [`scope`] |
//! | one thing that blocks, in a task | [`spawn_blocking`](crate::task::spawn_blocking) |
//!
//! # Reading order
//!
//! `work.rs`, `queue.rs`: what a job is; jobs in order, workers that sleep. `pool.rs`: what a worker does.
//! `job/promise.rs`: how a result gets from one thread to another. `batch.rs`, `board.rs`: a map, whose items are not
//! queued. The other files are what users see.

mod batch;
mod blocking;
mod board;
mod builder;
mod pool;
mod queue;
mod results;
mod scope;
mod stateful;
mod work;

use std::io;

pub(crate) use self::blocking::run;
pub use self::builder::Builder;
pub use self::results::{AsCompleted, Results, as_completed};
pub use self::scope::{Scope, scope};
pub use self::stateful::StatefulPool;
use crate::job::JobHandle;

/// Threads that work off jobs, in the order in which they were submitted. Python's
/// `ThreadPoolExecutor`.
///
/// Dropping it finishes what is queued and joins the threads. Dropped by one of its own jobs it joins
/// nobody, since that job would wait for itself; its threads finish what is queued, then they end.
///
/// A job may submit others and wait for them, whatever the size of the pool: see
/// [`JobHandle::wait`].
///
/// ```
/// use glassloop::ThreadPool;
///
/// let pool = ThreadPool::new(2)?;
/// let words = pool.map(["one", "two"], str::len);
/// let lengths: Vec<usize> = words.map(Result::unwrap).collect();
/// assert_eq!(lengths, [3, 3]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct ThreadPool(StatefulPool<()>);

impl ThreadPool {
    /// A pool of so many threads.
    ///
    /// # Errors
    /// When the size is 0, or the system has no more threads to give.
    pub fn new(size: usize) -> io::Result<Self> {
        Self::builder().size(size).build()
    }

    /// A pool to be described: see [`Builder`].
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Queues a job. Dropping its handle detaches it: it runs all the same.
    ///
    /// With a [queue that is bounded](Builder::queue_capacity) and full, blocks until there is room;
    /// a job that submits to its own pool then runs the new one at once instead.
    ///
    /// ```
    /// let pool = glassloop::ThreadPool::new(1)?;
    /// let job = pool.submit(|| "done");
    /// assert_eq!(job.wait().unwrap(), "done");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn submit<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> T + Send + 'static,
    ) -> JobHandle<T> {
        self.0.submit(|()| job())
    }

    /// Queues a job that nobody will hear of, at less cost than [`submit`](Self::submit). A panic in it is
    /// printed and goes no further.
    ///
    /// ```
    /// use std::sync::mpsc;
    ///
    /// let pool = glassloop::ThreadPool::new(1)?;
    /// let (tell, told) = mpsc::channel();
    /// pool.execute(move || tell.send("done").unwrap());
    /// assert_eq!(told.recv(), Ok("done"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn execute(&self, job: impl FnOnce() + Send + 'static) {
        self.0.execute(|()| job());
    }

    /// Queues a job for every item; their results come in the order of the items, all of which are drawn
    /// before the first job begins, unless the queue is [bounded](Builder::queue_capacity).
    ///
    /// ```
    /// let pool = glassloop::ThreadPool::new(3)?;
    /// let mut halves = pool.map([4, 3, 2], |number| {
    ///     assert!(number % 2 == 0, "{number} is odd");
    ///     number / 2
    /// });
    /// assert_eq!(halves.next().unwrap().unwrap(), 2);
    /// assert_eq!(halves.next().unwrap().unwrap_err().to_string(), "panicked: 3 is odd");
    /// assert_eq!(halves.next().unwrap().unwrap(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn map<I: Send + 'static, T: Send + 'static>(
        &self,
        items: impl IntoIterator<Item = I>,
        job: impl Fn(I) -> T + Send + Sync + 'static,
    ) -> Results<T> {
        self.0.map(items, move |(), item| job(item))
    }

    /// How many threads it has.
    pub fn size(&self) -> usize {
        self.0.size()
    }

    /// Finishes what is queued and joins the threads, as dropping does.
    pub fn shutdown(self) {
        self.0.shutdown();
    }

    /// Finishes what has begun and joins the threads. What is only queued never runs: its handles
    /// resolve as cancelled.
    ///
    /// ```
    /// use std::sync::mpsc;
    ///
    /// let pool = glassloop::ThreadPool::new(1)?;
    /// let (begun, has_begun) = mpsc::channel();
    /// let first = pool.submit(move || begun.send(()));
    /// has_begun.recv().unwrap();
    /// pool.shutdown_now();
    /// assert!(first.wait().is_ok());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown_now(self) {
        self.0.shutdown_now();
    }
}
