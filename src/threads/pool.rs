//! What the pools share: jobs are packed and queued, workers set themselves up and work them off.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::{io, thread};

use super::queue::{Limits, Pushed, Queue, Refused};
use crate::handle::InFlight;
use crate::job::workplace::{self, Place, PoolId, Ticket, Workplace};
use crate::job::{JobHandle, JoinError, Promise, promise, shielded};

/// What a pool of either kind queues.
pub(super) trait Job<S>: Send {
    fn run(self: Box<Self>, state: &mut S);

    /// It will never run.
    fn refuse(self: Box<Self>, why: JoinError);
}

struct Work<F, T> {
    work: F,
    promise: Promise<T>,
    /// Dropped last: whoever waits is woken by then.
    in_flight: Option<InFlight>,
}

impl<S, T: Send, F: FnOnce(&mut S) -> T + Send> Job<S> for Work<F, T> {
    fn run(self: Box<Self>, state: &mut S) {
        let Self { work, promise, in_flight: _until_the_end } = *self;
        promise.keep(move || work(state));
    }

    fn refuse(self: Box<Self>, why: JoinError) {
        let Self { work, promise, in_flight: _until_the_end } = *self;
        promise.settle(Err(why));
        shielded(|| drop(work));
    }
}

/// A job for the queue, and the handle that brings its result.
pub(super) fn pack<'job, S, T: Send + 'job>(
    work: impl FnOnce(&mut S) -> T + Send + 'job,
) -> (Box<dyn Job<S> + 'job>, JobHandle<T>) {
    let (promise, handle) = promise();
    (Box::new(Work { work, promise, in_flight: InFlight::begin() }), handle)
}

pub(super) type Initializer = Box<dyn Fn(usize) + Send + Sync>;

/// How a worker is made.
pub(super) struct Setup<S> {
    pub(super) name: String,
    pub(super) stack_size: Option<usize>,
    pub(super) initializer: Option<Initializer>,
    pub(super) make_state: Box<dyn Fn(usize) -> S + Send + Sync>,
}

/// Why no pool can be made.
pub(super) fn refused(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

pub(super) const NO_THREADS: &str = "a pool needs at least one thread";

/// The system has no thread `number`, counted from 0, of `size`.
pub(super) fn not_started(number: usize, size: usize, error: &io::Error) -> io::Error {
    let what = format!("cannot start thread {} of {size}: {error}", number + 1);
    io::Error::new(error.kind(), what)
}

pub(super) struct Pool<S> {
    pub(super) id: PoolId,
    queue: Queue<Box<dyn Job<S>>>,
    setup: Setup<S>,
    /// How many workers were ever started, for their numbers.
    started: AtomicUsize,
    /// Why the workers cannot work.
    broken: OnceLock<Arc<str>>,
}

impl<S: 'static> Pool<S> {
    /// A pool that has `threads` threads to begin with, which are to be started.
    pub(super) fn new(setup: Setup<S>, limits: Limits, threads: usize) -> Arc<Self> {
        let (id, queue) = (PoolId::next(), Queue::new(limits, threads));
        Arc::new(Self { id, queue, setup, started: AtomicUsize::new(0), broken: OnceLock::new() })
    }

    pub(super) fn submit<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> JobHandle<T> {
        let (job, mut handle) = pack(work);
        // A worker that waited for room in its own queue might be the one to make it.
        let inside = if self.queue.is_bounded() { workplace::number_in(self.id) } else { None };
        match self.queue.push(job, inside.is_none()) {
            Ok(Pushed { ticket, short_handed }) => {
                handle.place = Some(Place { pool: self.id, ticket });
                if short_handed {
                    self.start_or_give_up();
                }
            }
            Err(Refused::Full(job)) => self.run_inside(job, inside.unwrap_or_default()),
            Err(Refused::Ended(job)) => job.refuse(self.why_not()),
        }
        handle
    }

    /// Runs a job inside another one, which has the worker's state in its hands: so with one of its own.
    fn run_inside(&self, job: Box<dyn Job<S>>, worker: usize) {
        match self.make_state(worker) {
            Ok(mut state) => {
                job.run(&mut state);
                shielded(|| drop(state));
            }
            Err(why) => job.refuse(why),
        }
    }

    /// Starts a worker that the queue has counted.
    pub(super) fn start(self: &Arc<Self>) -> io::Result<thread::JoinHandle<()>> {
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let worker = Worker { pool: Arc::clone(self), number };
        let mut thread = thread::Builder::new().name(format!("{}-{number}", self.setup.name));
        if let Some(bytes) = self.setup.stack_size {
            thread = thread.stack_size(bytes);
        }
        thread.spawn(move || worker.work())
    }

    fn start_or_give_up(self: &Arc<Self>) {
        if let Err(error) = self.start() {
            let why: Arc<str> = format!("no thread could be started: {error}").into();
            for job in self.queue.thread_lost() {
                job.refuse(JoinError::cancelled_because(Arc::clone(&why)));
            }
        }
    }

    fn initialize(&self, worker: usize) -> Result<S, JoinError> {
        if let Some(initializer) = &self.setup.initializer {
            self.or_break(|| initializer(worker))?;
        }
        self.make_state(worker)
    }

    fn make_state(&self, worker: usize) -> Result<S, JoinError> {
        self.or_break(|| (self.setup.make_state)(worker))
    }

    /// A pool whose workers cannot be set up does nothing more: whoever relies on the initializer must
    /// not find a job run without it, nor wait for ever.
    fn or_break<R>(&self, user_written: impl FnOnce() -> R) -> Result<R, JoinError> {
        catch_unwind(AssertUnwindSafe(user_written)).map_err(|payload| {
            let error = JoinError::panicked(payload);
            let why = format!("a worker of the pool could not be initialized, it {error}");
            self.broken.get_or_init(|| why.into());
            shielded(|| drop(error));
            self.end_now();
            self.why_not()
        })
    }

    fn why_not(&self) -> JoinError {
        match self.broken.get() {
            Some(why) => JoinError::cancelled_because(Arc::clone(why)),
            None => JoinError::cancelled(),
        }
    }

    /// Lets the workers finish what is queued, and end.
    pub(super) fn end_when_empty(&self) {
        self.queue.end_when_empty();
    }

    /// Lets the workers end, and everyone know who waits for a job that is queued.
    pub(super) fn end_now(&self) {
        for job in self.queue.end_now() {
            job.refuse(self.why_not());
        }
    }
}

struct Worker<S> {
    pool: Arc<Pool<S>>,
    number: usize,
}

// ANCHOR: work
impl<S: 'static> Worker<S> {
    fn work(self) {
        let worker = Rc::new(self);
        let _entered = workplace::enter(worker.clone());
        let Ok(mut state) = worker.pool.initialize(worker.number) else { return };
        while let Some(job) = worker.pool.queue.pop() {
            job.run(&mut state);
        }
        shielded(|| drop(state));
    }
}
// ANCHOR_END: work

// ANCHOR: workplace
impl<S: 'static> Workplace for Worker<S> {
    fn pool(&self) -> PoolId {
        self.pool.id
    }

    fn number(&self) -> usize {
        self.number
    }

    fn run_if_queued(&self, ticket: Ticket) -> bool {
        let Some(job) = self.pool.queue.remove(ticket) else { return false };
        self.pool.run_inside(job, self.number);
        true
    }
}
// ANCHOR_END: workplace

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    fn growing<S: 'static>(
        stack_size: Option<usize>,
        make_state: impl Fn(usize) -> S + Send + Sync + 'static,
    ) -> Arc<Pool<S>> {
        let (name, make_state) = ("growing".into(), Box::new(make_state));
        let setup = Setup { name, stack_size, initializer: None, make_state };
        let idle = Some(Duration::from_millis(1));
        Pool::new(setup, Limits { capacity: usize::MAX, threads: 1, idle }, 0)
    }

    struct Tells(mpsc::Sender<()>);

    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
        }
    }

    #[test]
    fn an_idle_thread_of_a_growing_pool_ends_and_the_next_job_starts_another() {
        let (tell, told) = mpsc::channel();
        let pool = growing(None, move |_| Tells(tell.clone()));
        for _ in 0..3 {
            pool.submit(|_| ()).wait().unwrap();
            told.recv_timeout(Duration::from_secs(10)).expect("the thread stays");
        }
        assert_eq!(pool.started.load(Ordering::Relaxed), 3);
    }

    #[test]
    fn a_job_for_which_no_thread_can_be_started_is_cancelled_and_says_why() {
        let pool = growing(Some(1 << 60), |_| ());
        for _ in 0..2 {
            let mut job = pool.submit(|()| ());
            assert!(job.wait_timeout(Duration::from_secs(10)), "it waits for a thread");
            let error = job.wait().unwrap_err();
            assert!(error.is_cancelled());
            assert!(error.to_string().contains("no thread could be started"), "{error}");
        }
    }
}
