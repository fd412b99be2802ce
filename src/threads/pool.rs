//! What the pools that stay share: jobs are queued, workers set themselves up and work them off.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::{io, thread};

use super::batch::{Batch, Item, Share};
use super::queue::{Limits, Pushed, Queue, Refused};
use super::results::{Help, Results};
use super::work::{Job, detached, pack};
use crate::job::workplace::{self, Place, PoolId, Ticket, Workplace};
use crate::job::{JobHandle, JoinError, shielded};

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
    /// What is not begun never will be.
    over: AtomicBool,
}

impl<S: 'static> Pool<S> {
    /// A pool that has `threads` threads to begin with, which are to be started.
    pub(super) fn new(setup: Setup<S>, limits: Limits, threads: usize) -> Arc<Self> {
        let (id, queue) = (PoolId::next(), Queue::new(limits, threads));
        let (started, broken, over) =
            (AtomicUsize::new(0), OnceLock::new(), AtomicBool::new(false));
        Arc::new(Self { id, queue, setup, started, broken, over })
    }

    pub(super) fn submit<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut S) -> T + Send + 'static,
    ) -> JobHandle<T> {
        let (job, mut handle) = pack(work);
        handle.place = self.put(job).map(|ticket| Place { pool: self.id, ticket });
        handle
    }

    pub(super) fn execute(self: &Arc<Self>, work: impl FnOnce(&mut S) + Send + 'static) {
        self.put(detached(work));
    }

    pub(super) fn map<I: Send + 'static, T: Send + 'static>(
        self: &Arc<Self>,
        items: impl IntoIterator<Item = I>,
        job: impl Fn(&mut S, I) -> T + Send + Sync + 'static,
    ) -> Results<T> {
        if self.queue.is_bounded() {
            // An item is drawn when there is room for it.
            let job = Arc::new(job);
            return Results::of(items.into_iter().map(|item| {
                let job = Arc::clone(&job);
                self.submit(move |state: &mut S| job(state, item))
            }));
        }
        let (items, pool): (Vec<_>, _) = (items.into_iter().collect(), Arc::clone(self));
        let (count, workers) = (items.len(), self.queue.most_threads().min(items.len()));
        let over = move || pool.over.load(Ordering::Acquire).then(|| pool.why_not());
        let batch = Arc::new(Batch::new(items, job, workers, over));
        for _ in 0..workers {
            self.put(Box::new(Share(Arc::clone(&batch))));
        }
        let results = batch.results();
        Results::of_batch(count, results, Some(Arc::new(Helper { pool: Arc::clone(self), batch })))
    }

    /// Queues a job, and says where; nowhere, if it has been run or refused.
    fn put(self: &Arc<Self>, job: Box<dyn Job<S>>) -> Option<Ticket> {
        // A worker that waited for room in its own queue might be the one to make it.
        let inside = if self.queue.is_bounded() { workplace::number_in(self.id) } else { None };
        match self.queue.push(job, inside.is_none()) {
            Ok(Pushed { ticket, short_handed }) => {
                if short_handed {
                    self.start_or_give_up();
                }
                return Some(ticket);
            }
            Err(Refused::Full(job)) => self.run_inside(job, inside.unwrap_or_default()),
            Err(Refused::Ended(job)) => job.refuse(self.why_not()),
        }
        None
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
        self.over.store(true, Ordering::Release);
        for job in self.queue.end_now() {
            job.refuse(self.why_not());
        }
    }
}

/// Whoever waits for an item on a worker of the pool does it there.
struct Helper<S, I, T, F> {
    pool: Arc<Pool<S>>,
    batch: Arc<Batch<'static, I, T, F>>,
}

impl<S, I, T, F> Help for Helper<S, I, T, F>
where
    S: 'static,
    I: Send + 'static,
    T: Send + 'static,
    F: Fn(&mut S, I) -> T + Send + Sync + 'static,
{
    fn help(&self, index: usize) {
        if let Some(worker) = workplace::number_in(self.pool.id)
            && !self.batch.is_begun(index)
        {
            self.pool.run_inside(Box::new(Item(Arc::clone(&self.batch), index)), worker);
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
