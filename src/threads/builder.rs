//! What a pool is to be like.

use std::{fmt, io};

use super::pool::Initializer;
use super::{StatefulPool, ThreadPool};

/// Describes a pool of threads.
///
/// ```
/// use glassloop::ThreadPool;
///
/// let pool = ThreadPool::builder().size(2).name("resize").queue_capacity(100).build()?;
/// let name = pool.submit(|| std::thread::current().name().map(String::from));
/// assert!(name.wait().unwrap().unwrap().starts_with("resize-"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "it describes a pool, and `build` makes it"]
pub struct Builder(Settings);

pub(super) struct Settings {
    /// As many as there are processors, if it is not said.
    pub(super) size: Option<usize>,
    pub(super) name: String,
    pub(super) initializer: Option<Initializer>,
    pub(super) capacity: usize,
    pub(super) stack_size: Option<usize>,
}

impl Builder {
    pub(super) fn new() -> Self {
        let name = "glassloop".into();
        let capacity = usize::MAX;
        Self(Settings { size: None, name, initializer: None, capacity, stack_size: None })
    }

    /// How many threads it has; as many as there are processors, if it is not said.
    pub fn size(mut self, threads: usize) -> Self {
        self.0.size = Some(threads);
        self
    }

    /// What its threads are called: `name-0`, `name-1` and so on.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.0.name = name.into();
        self
    }

    /// Has every thread call this before its first job, with its number, counted from 0: for what
    /// belongs to a thread, such as its priority or its thread-locals. What the jobs need comes better
    /// from [`build_with_state`](Self::build_with_state).
    ///
    /// If it panics the pool does no more work: all that is queued then and later resolves as cancelled
    /// and says why; what has begun on other threads is finished.
    ///
    /// ```
    /// use std::cell::Cell;
    ///
    /// thread_local!(static WORKER: Cell<Option<usize>> = const { Cell::new(None) });
    ///
    /// let set = |number| WORKER.set(Some(number));
    /// let pool = glassloop::ThreadPool::builder().size(1).initializer(set).build()?;
    /// assert_eq!(pool.submit(|| WORKER.get()).wait().unwrap(), Some(0));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn initializer(mut self, initializer: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.0.initializer = Some(Box::new(initializer));
        self
    }

    /// The most jobs that may be queued; any number, if it is not said. Whoever submits more has to
    /// wait until there is room, which keeps a fast producer from filling the memory.
    pub fn queue_capacity(mut self, jobs: usize) -> Self {
        self.0.capacity = jobs;
        self
    }

    /// How many bytes of stack each thread has; as many as the standard library gives, if it is not said.
    /// A job that is run inside another lies on top of it: with jobs that wait for jobs that wait for
    /// jobs, thousands deep, the stack has to be as for any other recursion.
    ///
    /// ```
    /// let pool = glassloop::ThreadPool::builder().stack_size(64 * 1024).build()?;
    /// assert!(pool.submit(|| [0_u8; 1024].len()).wait().is_ok());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.0.stack_size = Some(bytes);
        self
    }

    /// Starts the threads.
    ///
    /// # Errors
    /// When the size or the queue's capacity is 0, or a thread cannot be started; those that were are
    /// ended.
    pub fn build(self) -> io::Result<ThreadPool> {
        self.build_with_state(|_worker| ()).map(ThreadPool)
    }

    /// Starts the threads. Each makes a state for itself, on its own thread and before its first job;
    /// `make_state` gets its number, counted from 0, and is called again for a job that is run inside
    /// another. A panic in it is one of the [initializer](Self::initializer).
    ///
    /// # Errors
    /// As those of [`build`](Self::build).
    ///
    /// ```
    /// let pool = glassloop::ThreadPool::builder()
    ///     .size(2)
    ///     .build_with_state(|worker| format!("session of worker {worker}"))?;
    /// let session = pool.submit(|session| session.clone()).wait().unwrap();
    /// assert!(session.starts_with("session of worker "));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn build_with_state<S>(
        self,
        make_state: impl Fn(usize) -> S + Send + Sync + 'static,
    ) -> io::Result<StatefulPool<S>> {
        StatefulPool::start(self.0, make_state)
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("size", &self.0.size).field("name", &self.0.name).finish()
    }
}
