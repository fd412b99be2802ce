//! A result that another thread will bring. The loop's `Handle` and the thread pool both promise it;
//! whoever holds the [`JobHandle`] awaits it on any executor, or blocks for it without one.

mod error;
mod promise;
pub(crate) mod workplace;

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

pub use self::error::JoinError;
pub(crate) use self::error::{panic_text, shielded};
pub(crate) use self::promise::{Promise, promise};
use self::promise::{Shared, State, Waiter};
use self::workplace::Place;

/// How often a thread looks for what it waits for, giving way to others in between, before it sleeps. To
/// fall asleep and be woken takes longer, and costs the one who wakes it a system call.
pub(crate) const LOOKS: usize = 16;

/// The result of work done elsewhere: a future, and something a thread without a loop can wait for.
///
/// It is `Send`, it resolves whatever happens to the worker, and dropping it detaches the work. Python's
/// `concurrent.futures.Future` and `asyncio.Future` in one.
///
/// ```
/// let job = glassloop::task::spawn_blocking(|| 6 * 7);
/// assert_eq!(job.wait().unwrap(), 42);
/// ```
pub struct JobHandle<T> {
    shared: Arc<Shared<T>>,
    /// Where the job was queued, if a pool has it.
    pub(crate) place: Option<Place>,
}

impl<T> JobHandle<T> {
    /// Whether the result is there.
    pub fn is_finished(&self) -> bool {
        !matches!(*self.shared.lock(), State::Open(_))
    }

    /// Blocks this thread until the result is there. For use without a loop; a task awaits instead.
    ///
    /// On a worker of the pool that has the job queued, it is run here and now: a job may submit
    /// others and wait for them in a pool of any size. No other job is ever run meanwhile, so jobs of
    /// two pools that wait for each other's can bring both to a stand. To await the handle on a worker,
    /// by an executor of its own, does not run the job.
    ///
    /// # Errors
    /// When the job panicked or will never run.
    ///
    /// # Panics
    /// When the result has been awaited already.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// let pool = Arc::new(glassloop::ThreadPool::new(1)?);
    /// let inner = Arc::clone(&pool);
    /// let job = pool.submit(move || inner.submit(|| 6).wait().unwrap() * 7);
    /// assert_eq!(job.wait().unwrap(), 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    // ANCHOR: wait
    pub fn wait(mut self) -> Result<T, JoinError> {
        self.help();
        (0..LOOKS).take_while(|_| !self.is_finished()).for_each(|_| thread::yield_now());
        loop {
            match self.take_or_register(|| Waiter::Thread(thread::current())) {
                Poll::Ready(result) => return result,
                Poll::Pending => thread::park(),
            }
        }
    }
    // ANCHOR_END: wait

    /// Blocks this thread until the result is there, at most for so long; says whether it is.
    ///
    /// It keeps to the limit on a worker of the job's pool too, and so does not run the job itself as
    /// [`wait`](Self::wait) does.
    ///
    /// ```
    /// use std::{sync::mpsc, time::Duration};
    ///
    /// let (go, gone) = mpsc::channel();
    /// let mut job = glassloop::task::spawn_blocking(move || gone.recv());
    /// assert!(!job.wait_timeout(Duration::from_millis(1)));
    /// go.send("away").unwrap();
    /// assert!(job.wait_timeout(Duration::MAX));
    /// assert_eq!(job.wait().unwrap(), Ok("away"));
    /// ```
    pub fn wait_timeout(&mut self, limit: Duration) -> bool {
        let deadline = Instant::now().checked_add(limit);
        loop {
            let left = match deadline {
                Some(deadline) => deadline.saturating_duration_since(Instant::now()),
                None => limit, // further off than time goes
            };
            let waiter = Waiter::Thread(thread::current());
            let mut state = self.shared.lock();
            let State::Open(open) = &mut *state else { return true };
            if left.is_zero() {
                return false;
            }
            let old = open.waiter.replace(waiter);
            drop(state);
            drop(old); // it may be anybody's code
            thread::park_timeout(left);
        }
    }

    /// Has `callback` called with the result, before anybody who waits for it is woken; several are
    /// called in the order given. Dropping the handle does not take them back.
    ///
    /// They are called on the thread that did the work, or here and now if it is done. A panic in one
    /// is printed and goes no further. Python's `add_done_callback`.
    ///
    /// # Panics
    /// When the result has been awaited already.
    ///
    /// ```
    /// use std::sync::mpsc;
    ///
    /// let (told, hear) = mpsc::channel();
    /// let mut job = glassloop::task::spawn_blocking(|| 6 * 7);
    /// job.on_done(move |result| told.send(*result.as_ref().unwrap()).unwrap());
    /// assert_eq!(hear.recv(), Ok(42));
    /// assert_eq!(job.wait().unwrap(), 42);
    /// ```
    pub fn on_done(&mut self, callback: impl FnOnce(&Result<T, JoinError>) + Send + 'static) {
        let mut state = self.shared.lock();
        match mem::replace(&mut *state, State::Taken) {
            State::Open(mut open) => {
                open.callbacks.push(Box::new(callback));
                *state = State::Open(open);
            }
            State::Settled(result) => {
                // The promise is kept and the handle is in our hands: nobody sees it missing.
                drop(state);
                shielded(|| callback(&result));
                *self.shared.lock() = State::Settled(result);
            }
            State::Taken => panic!("the result of this job was taken before"),
        }
    }

    /// Runs the job here and now if this is a worker of its pool and nobody has begun it.
    pub(crate) fn help(&self) -> bool {
        self.place.is_some_and(workplace::run_if_queued)
    }

    fn take_or_register(&mut self, waiter: impl FnOnce() -> Waiter) -> Poll<Result<T, JoinError>> {
        // Made and dropped outside the lock: a waker may be anybody's code.
        let new = waiter();
        let mut state = self.shared.lock();
        let _old = match &mut *state {
            State::Open(open) => open.waiter.replace(new),
            settled => match mem::replace(settled, State::Taken) {
                State::Settled(result) => return Poll::Ready(result),
                _ => panic!("the result of this job was taken before"),
            },
        };
        drop(state);
        Poll::Pending
    }
}

impl<T> Future for JobHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.take_or_register(|| Waiter::Task(cx.waker().clone()))
    }
}

impl<T> Drop for JobHandle<T> {
    fn drop(&mut self) {
        // The waker or the result, which nobody will take: dropped outside the lock.
        let mut state = self.shared.lock();
        match &mut *state {
            State::Open(open) => {
                open.detached = true;
                let waiter = open.waiter.take();
                drop(state);
                shielded(|| drop(waiter));
            }
            settled => {
                let left = mem::replace(settled, State::Taken);
                drop(state);
                shielded(|| drop(left));
            }
        }
    }
}

impl<T> fmt::Debug for JobHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobHandle").field("finished", &self.is_finished()).finish()
    }
}
