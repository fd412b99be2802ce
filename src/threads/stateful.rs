//! A pool whose workers have something of their own.

use std::sync::Arc;
use std::{fmt, io, mem, thread};

use super::builder::Settings;
use super::pool::{NO_THREADS, Pool, Setup, not_started, refused};
use super::queue::Limits;
use super::results::Results;
use crate::job::JobHandle;

/// A [`ThreadPool`](super::ThreadPool) each of whose workers has a state `S`, made on its own thread
/// and lent to every job that runs there: a session with its open connections, a buffer, a cache.
/// What Python's tutorials put into a `threading.local()`.
///
/// The state never leaves its thread, so it need not be `Send`. After a job that panicked the next one
/// gets the state as it was left. A job that is run inside another (see [`JobHandle::wait`] and
/// [`submit`](Self::submit)) gets a state made for it alone, as the worker's is in the other's hands.
///
/// Made by [`Builder::build_with_state`](super::Builder::build_with_state).
///
/// ```
/// use std::rc::Rc;
/// use glassloop::ThreadPool;
///
/// let pool = ThreadPool::builder().size(1).build_with_state(|_worker| Rc::new(0))?;
/// let count = |seen: &mut Rc<i32>| {
///     *Rc::make_mut(seen) += 1;
///     **seen
/// };
/// assert_eq!(pool.submit(count).wait().unwrap(), 1);
/// assert_eq!(pool.submit(count).wait().unwrap(), 2);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct StatefulPool<S: 'static> {
    pool: Arc<Pool<S>>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl<S: 'static> StatefulPool<S> {
    pub(super) fn start(
        settings: Settings,
        make_state: impl Fn(usize) -> S + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let Settings { size, name, initializer, capacity, stack_size } = settings;
        // Asked only now: the system answers by way of several files.
        let size = size.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
        if size == 0 {
            return Err(refused(NO_THREADS));
        }
        if capacity == 0 {
            return Err(refused("a queue that holds no job takes none: give it a capacity of 1"));
        }
        let limits = Limits { capacity, threads: size, idle: None };
        let setup = Setup { name, stack_size, initializer, make_state: Box::new(make_state) };
        let pool = Pool::new(setup, limits, size);
        // Dropped on the way out, it ends the threads that did start.
        let mut started = Self { pool, threads: Vec::with_capacity(size) };
        for number in 0..size {
            let thread = started.pool.start();
            started.threads.push(thread.map_err(|error| not_started(number, size, &error))?);
        }
        Ok(started)
    }

    /// A pool without threads, which starts them as they are needed and lets go of those that idle.
    pub(super) fn growing(
        name: &str,
        limits: Limits,
        make_state: impl Fn(usize) -> S + Send + Sync + 'static,
    ) -> Self {
        let (name, make_state) = (name.into(), Box::new(make_state));
        let setup = Setup { name, stack_size: None, initializer: None, make_state };
        let pool = Pool::new(setup, limits, 0);
        Self { pool, threads: Vec::new() }
    }

    /// Queues a job, which gets the state of the worker that runs it. Dropping the handle detaches it.
    ///
    /// With a [queue that is bounded](super::Builder::queue_capacity) and full, blocks until there is
    /// room; a job that submits to its own pool then runs the new one at once instead.
    pub fn submit<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> JobHandle<T> {
        self.pool.submit(job)
    }

    /// Queues a job that nobody will hear of, at less cost than [`submit`](Self::submit). A panic in it is
    /// printed and goes no further.
    pub fn execute(&self, job: impl FnOnce(&mut S) + Send + 'static) {
        self.pool.execute(job);
    }

    /// Queues a job for every item; their results come in the order of the items, all of which are drawn
    /// before the first job begins, unless the queue is [bounded](super::Builder::queue_capacity).
    ///
    /// ```
    /// let pool = glassloop::ThreadPool::builder().build_with_state(|_worker| String::new())?;
    /// let greet = |buffer: &mut String, name: &str| {
    ///     buffer.clear();
    ///     buffer.push_str("hello ");
    ///     buffer.push_str(name);
    ///     buffer.len()
    /// };
    /// let lengths: Vec<usize> = pool.map(["you", "world"], greet).map(Result::unwrap).collect();
    /// assert_eq!(lengths, [9, 11]);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn map<I: Send + 'static, T: Send + 'static>(
        &self,
        items: impl IntoIterator<Item = I>,
        job: impl Fn(&mut S, I) -> T + Send + Sync + 'static,
    ) -> Results<T> {
        self.pool.map(items, job)
    }

    /// How many threads it has.
    pub fn size(&self) -> usize {
        self.threads.len()
    }

    /// Finishes what is queued and joins the threads, as dropping does.
    pub fn shutdown(self) {
        drop(self);
    }

    /// Finishes what has begun and joins the threads. What is only queued never runs: its handles
    /// resolve as cancelled.
    pub fn shutdown_now(self) {
        self.pool.end_now();
    }
}

impl<S: 'static> Drop for StatefulPool<S> {
    fn drop(&mut self) {
        self.pool.end_when_empty();
        // On a thread of this pool, joining that one would wait for itself, and joining another would
        // wait for jobs that may wait for this one.
        let here = thread::current().id();
        if self.threads.iter().all(|thread| thread.thread().id() != here) {
            for thread in mem::take(&mut self.threads) {
                // It ended with a panic only if the last of what the pool was made of did, as it went.
                let _ = thread.join();
            }
        }
    }
}

impl<S: 'static> fmt::Debug for StatefulPool<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatefulPool").field("size", &self.size()).finish()
    }
}
