//! Making a pool: the settings, and the fork.

use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use nix::sys::signal::{SigSet, SigmaskHow};
use nix::unistd::getpid;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::StartError;
use super::link::Link;
use super::nursery;
use super::outbox::Outboxes;
use super::pool::ProcessPool;
use super::sys::{self, Alone};
use super::worker;

/// Larger than anything one wants to send, smaller than a machine's memory.
const FRAME_LIMIT: usize = 1 << 30;

/// What was asked for, without the functions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) workers: usize,
    /// How many jobs a worker takes at once.
    pub(super) chunk: usize,
    /// After how many jobs a worker is replaced.
    pub(super) max_tasks: usize,
    pub(super) frame_limit: usize,
}

/// Sets up a [`ProcessPool`].
///
/// ```
/// use glassloop::processes::ProcessPool;
///
/// let pool = ProcessPool::builder()
///     .workers(2)
///     .initializer(|| 0_u64) // each worker has a total of its own
///     .build(|total: &mut u64, number: u64| {
///         *total += number;
///         *total
///     })?;
/// assert_eq!(pool.submit(7).wait(), Ok(7));
/// # Ok::<(), glassloop::processes::StartError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is forked before `build`"]
pub struct Builder<I> {
    settings: Settings,
    initializer: I,
}

impl Builder<fn()> {
    pub(super) fn new() -> Self {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let settings =
            Settings { workers, chunk: 1, max_tasks: usize::MAX, frame_limit: FRAME_LIMIT };
        Self { settings, initializer: || () }
    }
}

impl<S, I: Fn() -> S> Builder<I> {
    /// How many workers there are at most; by default as many as processors. A worker is forked when
    /// there are more jobs than workers to take them.
    pub fn workers(mut self, workers: usize) -> Self {
        self.settings.workers = workers;
        self
    }

    /// What each worker does first: it makes the state that every job of that worker gets. When the
    /// worker ends in order, the state is dropped.
    ///
    /// A worker whose initializer panics ends; three of them in a row fail the pool.
    pub fn initializer<T, J: Fn() -> T>(self, initializer: J) -> Builder<J> {
        Builder { settings: self.settings, initializer }
    }

    /// After how many jobs a worker is replaced by a new one, as a cure for what leaks; never by default.
    pub fn max_tasks_per_worker(mut self, tasks: usize) -> Self {
        self.settings.max_tasks = tasks;
        self
    }

    /// How many jobs are sent to a worker at once, at most; 1 by default. More of them save time between
    /// jobs that are tiny. What each one brings, and what a death costs, is the same: one job.
    ///
    /// It does not concern those of a [`map`](ProcessPool::map): there the pool sees how long they take.
    pub fn chunk_size(mut self, jobs: usize) -> Self {
        self.settings.chunk = jobs;
        self
    }

    /// How many bytes an argument or a result may take when it travels; 1 GiB by default.
    pub fn frame_limit(mut self, bytes: usize) -> Self {
        self.settings.frame_limit = bytes;
        self
    }

    /// Forks the nursery, which has a copy of `job`, of the initializer and of all they captured; they may
    /// borrow. Starts no thread: several pools can be made one after the other.
    ///
    /// Standard output is flushed first, or a half line in its buffer would be written by every worker.
    ///
    /// # Errors
    /// When this process has other threads (it waits up to 100 ms for those that were joined; where
    /// there is no `/proc` to count them in, this is yours to see to), when there would be no worker,
    /// or when the system refuses.
    pub fn build<In, Out>(
        self,
        job: impl Fn(&mut S, In) -> Out,
    ) -> Result<ProcessPool<In, Out>, StartError>
    where
        In: Serialize + DeserializeOwned,
        Out: Serialize + DeserializeOwned,
    {
        let Self { settings, initializer } = self;
        let Settings { workers, chunk, max_tasks, frame_limit } = settings;
        if workers == 0 || chunk == 0 || max_tasks == 0 {
            return Err(StartError::Nobody);
        }
        let outboxes = Arc::new(Outboxes::new(workers)?);
        let work = |pipe, outbox| {
            let outbox = outboxes.get(outbox);
            worker::work(pipe, outbox, &initializer, &job, frame_limit)
        };
        let _ = io::stdout().flush();
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let parent = getpid();
        let alone = Alone::prove()?;
        // A signal that comes now waits: in the child, a handler of the parent's would act for the parent.
        let mask =
            SigSet::all().thread_swap_mask(SigmaskHow::SIG_BLOCK).map_err(io::Error::from)?;
        let forked = sys::fork(&alone);
        if !matches!(forked, Ok(None)) {
            let _ = mask.thread_set_mask();
        }
        let Some(nursery) = forked.map_err(io::Error::from)? else {
            // Nothing here may return: above stands the parent's code.
            let _ = catch_unwind(AssertUnwindSafe(|| {
                drop(ours);
                nursery::run(theirs, parent, alone, &work)
            }));
            sys::exit(1);
        };
        Ok(ProcessPool::new_with(Link::new(ours, nursery, outboxes), settings))
    }
}
