//! The pool as its users see it.

use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::builder::{Builder, Settings};
use super::error::{ProcessError, StartError};
use super::frame::{Kind, encode, encode_onto};
use super::handle::{ProcessHandle, decoded};
use super::job::{Answer, Job, Part};
use super::link::{Link, reap};
use super::packed::{Packed, values};
use super::queue::Queue;
use super::results::{Imap, ImapUnordered};
use super::supervisor;

/// More workers than this are not asked for before there is somebody to hear of them.
const MOST_EARLY: usize = 64;

/// So many bytes of arguments are queued before more are drawn.
const TOGETHER: usize = 256 * 1024;

/// Workers in processes of their own, for one job function: Python's `multiprocessing.Pool`.
///
/// Make it first thing in `main`, before any thread; after that it may be used from any. Dropping it
/// finishes what is queued, ends the workers and reaps them, as [`shutdown`](Self::shutdown) does.
///
/// ```
/// use glassloop::processes::ProcessPool;
///
/// let pool = ProcessPool::new(4, |number: u64| number * number)?;
/// let squares: Vec<u64> = pool.map(0..10).into_iter().collect::<Result<_, _>>()?;
/// assert_eq!(squares, [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ProcessPool<In, Out> {
    queue: Arc<Queue>,
    settings: Settings,
    supervision: Mutex<Supervision>,
    /// The process that made it. A copy in a forked child has no supervisor and owns no worker.
    owner: u32,
    types: PhantomData<fn(In) -> Out>,
}

#[derive(Debug)]
enum Supervision {
    NotStarted(Link),
    Running(JoinHandle<()>),
    Over,
}

impl ProcessPool<(), ()> {
    /// A pool with settings of your own.
    ///
    /// ```
    /// let builder = glassloop::processes::ProcessPool::builder().workers(2);
    /// let pool = builder.build(|(), text: String| text.len())?;
    /// assert_eq!(pool.submit("four".into()).wait(), Ok(4));
    /// # Ok::<(), glassloop::processes::StartError>(())
    /// ```
    pub fn builder() -> Builder<fn()> {
        Builder::new()
    }
}

impl<In, Out> ProcessPool<In, Out> {
    /// A pool of at most `workers` workers, whose jobs need no state.
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn new(workers: usize, job: impl Fn(In) -> Out) -> Result<Self, StartError>
    where
        In: Serialize + DeserializeOwned,
        Out: Serialize + DeserializeOwned,
    {
        Builder::new().workers(workers).build(|(), argument| job(argument))
    }

    pub(super) fn new_with(link: Link, settings: Settings) -> Self {
        Self {
            queue: Arc::new(Queue::new(link.nursery.as_raw().unsigned_abs())),
            settings,
            supervision: Mutex::new(Supervision::NotStarted(link)),
            owner: std::process::id(),
            types: PhantomData,
        }
    }

    /// Gives a job to the next worker that is free. At most once: a job that may have begun is never
    /// given to a second worker. What goes wrong, with the argument or with the pool, comes out of the handle.
    ///
    /// ```
    /// let pool = glassloop::processes::ProcessPool::new(2, |number: u32| 10 / number)?;
    /// let (good, bad) = (pool.submit(5), pool.submit(0));
    /// assert_eq!(good.wait(), Ok(2));
    /// assert!(bad.wait().unwrap_err().to_string().contains("attempt to divide by zero"));
    /// # Ok::<(), glassloop::processes::StartError>(())
    /// ```
    pub fn submit(&self, argument: In) -> ProcessHandle<Out>
    where
        In: Serialize,
        Out: DeserializeOwned,
    {
        let (answer, handle) = ProcessHandle::new();
        self.give(argument, answer);
        handle
    }

    /// Does all jobs, and returns what came of each, in the order of the arguments. It blocks this thread, and
    /// all arguments and results are in memory at once: [`imap`](Self::imap) has a few at a time. Arguments are drawn
    /// before the first job begins, unless they take much memory.
    ///
    /// Jobs that take less than a millisecond are given to workers in runs; longer ones, one by one.
    ///
    /// ```
    /// let pool = glassloop::processes::ProcessPool::new(2, |number: u32| number + 1)?;
    /// assert_eq!(pool.map([1, 2, 3]), [Ok(2), Ok(3), Ok(4)]);
    /// # Ok::<(), glassloop::processes::StartError>(())
    /// ```
    pub fn map(&self, arguments: impl IntoIterator<Item = In>) -> Vec<Result<Out, ProcessError>>
    where
        In: Serialize,
        Out: DeserializeOwned,
    {
        let (parts, replies) = mpsc::channel();
        let mut results = Vec::new();
        let mut packed = Packed::default();
        let push = |packed: &mut Packed, end: usize| {
            if packed.count > 0 {
                let first = end - packed.count;
                self.push(Job::many(std::mem::take(packed), first, parts.clone()));
            }
        };
        for (place, argument) in arguments.into_iter().enumerate() {
            results.push(None);
            let limit = self.settings.frame_limit;
            let encoded = packed.push(|bytes| encode_onto(bytes, "argument", &argument, limit));
            if let Err(reason) = encoded {
                push(&mut packed, place);
                results[place] = Some(Err(ProcessError::Transfer { reason }));
            }
            if packed.bytes.len() >= TOGETHER {
                push(&mut packed, place + 1);
            }
        }
        push(&mut packed, results.len());
        drop(parts);
        for Part { first, count, reply, is_packed } in replies {
            let places = results[first..first + count].iter_mut();
            match reply {
                Ok(body) if is_packed => places
                    .zip(values(&body))
                    .for_each(|(place, value)| *place = Some(decoded(value))),
                Ok(body) => places.for_each(|place| *place = Some(decoded(&body))),
                Err(error) => places.for_each(|place| *place = Some(Err(error.clone()))),
            }
        }
        // Every job answers.
        results.into_iter().map(|result| result.unwrap_or(Err(ProcessError::Cancelled))).collect()
    }

    /// As [`map`](Self::map), but gives each result as soon as it and all before it are there, and reads
    /// only a few arguments ahead.
    ///
    /// ```
    /// let pool = glassloop::processes::ProcessPool::new(2, |number: u32| number + 1)?;
    /// assert_eq!(pool.imap(0..).nth(100), Some(Ok(101)));
    /// # Ok::<(), glassloop::processes::StartError>(())
    /// ```
    pub fn imap<A: IntoIterator<Item = In>>(&self, arguments: A) -> Imap<'_, In, Out, A::IntoIter> {
        Imap::new(self, arguments.into_iter())
    }

    /// As [`imap`](Self::imap), but gives each result as it comes, with the place of its argument.
    ///
    /// ```
    /// let pool = glassloop::processes::ProcessPool::new(2, |number: u32| number + 1)?;
    /// let mut results = vec![0; 3];
    /// for (place, result) in pool.imap_unordered([5, 6, 7]) {
    ///     results[place] = result?;
    /// }
    /// assert_eq!(results, [6, 7, 8]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn imap_unordered<A: IntoIterator<Item = In>>(
        &self,
        arguments: A,
    ) -> ImapUnordered<'_, In, Out, A::IntoIter> {
        ImapUnordered::new(self, arguments.into_iter())
    }

    /// Finishes what is queued, ends the workers and reaps them all. It blocks for as long as that takes: the
    /// jobs, and the destructors of the workers' states.
    ///
    /// ```
    /// let pool = glassloop::processes::ProcessPool::new(2, |number: u32| number + 1)?;
    /// let handle = pool.submit(1);
    /// pool.shutdown();
    /// assert!(handle.is_finished());
    /// # Ok::<(), glassloop::processes::StartError>(())
    /// ```
    pub fn shutdown(self) {
        drop(self);
    }

    /// Cancels what is queued, finishes what is under way, ends the workers and reaps them all.
    ///
    /// ```
    /// let pool = glassloop::processes::ProcessPool::new(1, |number: u32| number + 1)?;
    /// let handles: Vec<_> = (0..1000).map(|number| pool.submit(number)).collect();
    /// pool.shutdown_now();
    /// assert!(handles.iter().all(|handle| handle.is_finished()));
    /// # Ok::<(), glassloop::processes::StartError>(())
    /// ```
    pub fn shutdown_now(self) {
        self.queue.cancel();
    }

    /// Cancels what is queued, and sends the workers SIGTERM; those that live on after half a second are
    /// killed. A job that wants to clean up catches SIGTERM: its initializer installs the handler.
    ///
    /// ```
    /// use std::{thread, time::Duration};
    ///
    /// let for_ever = |()| thread::sleep(Duration::MAX);
    /// let pool = glassloop::processes::ProcessPool::new(1, for_ever)?;
    /// let handle = pool.submit(());
    /// pool.terminate();
    /// assert!(handle.wait().is_err());
    /// # Ok::<(), glassloop::processes::StartError>(())
    /// ```
    pub fn terminate(self) {
        self.end_jobs();
    }

    /// As [`terminate`](Self::terminate), without waiting for the end.
    pub(crate) fn end_jobs(&self) {
        self.queue.terminate();
    }

    /// The ids of the nursery, which comes first, and of the workers that there are at the moment: to look at
    /// what they cost, say. Empty when the nursery has died.
    ///
    /// ```
    /// let pool = glassloop::processes::ProcessPool::new(2, |number: u32| number)?;
    /// assert_eq!(pool.processes().len(), 1, "workers come with the first jobs");
    /// # Ok::<(), glassloop::processes::StartError>(())
    /// ```
    pub fn processes(&self) -> Vec<u32> {
        self.queue.lock().processes.clone()
    }

    /// How many jobs the iterators keep under way: enough that no worker waits for the next.
    pub(super) fn ahead(&self) -> usize {
        self.settings.workers.saturating_mul(self.settings.chunk).saturating_mul(2)
    }

    pub(super) fn give(&self, argument: In, answer: Answer)
    where
        In: Serialize,
    {
        match encode(Kind::Job, "argument", &argument, self.settings.frame_limit) {
            Ok(frame) => self.push(Job::one(frame, answer)),
            Err(reason) => answer.give(Err(ProcessError::Transfer { reason })),
        }
    }

    fn push(&self, job: Job) {
        if std::process::id() != self.owner {
            let forked = "it belongs to the process that made it, and this one is a fork of that";
            return job.fail(ProcessError::pool(forked));
        }
        self.start(job.count);
        self.queue.push(job);
    }

    /// At the first job, starts the thread that drives the pipes.
    fn start(&self, jobs: usize) {
        let mut supervision = self.supervision();
        if let Supervision::NotStarted(_) = &*supervision
            && let Supervision::NotStarted(mut link) =
                std::mem::replace(&mut *supervision, Supervision::Over)
        {
            let nursery = link.nursery;
            link.ask_early(jobs.min(self.settings.workers).min(MOST_EARLY));
            match supervisor::start(Arc::clone(&self.queue), link, self.settings) {
                Ok(thread) => *supervision = Supervision::Running(thread),
                Err(error) => {
                    // The link went down with the thread that was not to be.
                    reap(nursery);
                    let reason = format!("no thread could be had to drive it: {error}");
                    self.queue.fail(ProcessError::pool(reason));
                }
            }
        }
    }

    fn supervision(&self) -> MutexGuard<'_, Supervision> {
        self.supervision.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<In, Out> Drop for ProcessPool<In, Out> {
    fn drop(&mut self) {
        let supervision = std::mem::replace(&mut *self.supervision(), Supervision::Over);
        if std::process::id() != self.owner {
            return std::mem::forget(supervision);
        }
        self.queue.close();
        match supervision {
            // On that thread itself, when a waker drops the last of the pool, it ends by itself.
            Supervision::Running(thread) if thread.thread().id() == thread::current().id() => {}
            Supervision::Running(thread) => _ = thread.join(),
            Supervision::NotStarted(Link { control, nursery, .. }) => {
                drop(control);
                reap(nursery);
            }
            Supervision::Over => {}
        }
    }
}
