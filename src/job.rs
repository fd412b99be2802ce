//! A result that another thread will bring. The loop's `Handle` and the thread pool both promise it;
//! whoever holds the [`JobHandle`] awaits it on any executor, or blocks for it without one.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Why a task or a job brought no value: it was cancelled, or it panicked.
///
/// The idea and the names are tokio's.
///
/// ```
/// let runtime = glassloop::Runtime::new()?;
/// let error = runtime.block_on(async {
///     let task = glassloop::spawn(std::future::pending::<()>());
///     task.abort();
///     task.await.unwrap_err()
/// });
/// assert!(error.is_cancelled());
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct JoinError(Failure);

enum Failure {
    Cancelled,
    /// In a mutex so that the error is `Sync`, as an error type should be; a payload is only `Send`.
    Panic(Mutex<Box<dyn Any + Send>>),
}

impl JoinError {
    pub(crate) fn cancelled() -> Self {
        Self(Failure::Cancelled)
    }

    pub(crate) fn panicked(payload: Box<dyn Any + Send>) -> Self {
        Self(Failure::Panic(Mutex::new(payload)))
    }

    /// Whether it was aborted, or its loop or pool ended before it did.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.0, Failure::Cancelled)
    }

    /// Whether it panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.0, Failure::Panic(_))
    }

    /// The payload of the panic, for [`std::panic::resume_unwind`].
    ///
    /// # Panics
    /// When it was cancelled instead: ask [`is_panic`](Self::is_panic) first.
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        match self.0 {
            Failure::Panic(payload) => payload.into_inner().unwrap_or_else(PoisonError::into_inner),
            Failure::Cancelled => panic!("this task was cancelled, it did not panic"),
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure::Panic(payload) = &self.0 else { return f.write_str("cancelled") };
        let payload = payload.lock().unwrap_or_else(PoisonError::into_inner);
        let text = payload.downcast_ref::<&str>().copied();
        match text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)) {
            Some(text) => write!(f, "panicked: {text}"),
            None => f.write_str("panicked"),
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl std::error::Error for JoinError {}

/// Runs what a user wrote (a wake, a drop) and lets no panic of it out: others must go on.
/// The panic hook has printed it by then.
pub(crate) fn shielded(user_written: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(user_written)) {
        // A payload whose own destructor panics is given up.
        if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(again);
        }
    }
}

/// The result of work done elsewhere: a future, and something a thread without a loop can wait for.
///
/// It is `Send`, it resolves whatever happens to the worker, and dropping it detaches the work.
///
/// ```
/// let job = glassloop::task::spawn_blocking(|| 6 * 7);
/// assert_eq!(job.wait().unwrap(), 42);
/// ```
#[derive(Debug)]
pub struct JobHandle<T>(Arc<Shared<T>>);

/// The other end: whoever does the work settles it, by dropping it if need be.
pub(crate) struct Promise<T>(Arc<Shared<T>>);

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    settled: Condvar,
}

#[derive(Debug)]
enum State<T> {
    Open(Option<Waker>),
    Settled(Result<T, JoinError>),
    Taken,
}

/// A promise and the handle that sees it kept.
pub(crate) fn promise<T>() -> (Promise<T>, JobHandle<T>) {
    let state = Mutex::new(State::Open(None));
    let shared = Arc::new(Shared { state, settled: Condvar::new() });
    (Promise(Arc::clone(&shared)), JobHandle(shared))
}

impl<T> Shared<T> {
    /// A panic never happens under this lock, so poison says nothing.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first word counts: a promise that was kept is dropped afterwards as well.
    fn settle(&self, result: Result<T, JoinError>) {
        let mut state = self.lock();
        let State::Open(waker) = &mut *state else {
            drop(state);
            return shielded(|| drop(result)); // nobody will take it
        };
        let waker = waker.take();
        *state = State::Settled(result);
        drop(state);
        self.settled.notify_all();
        if let Some(waker) = waker {
            shielded(|| waker.wake());
        }
    }
}

impl<T> Promise<T> {
    pub(crate) fn settle(self, result: Result<T, JoinError>) {
        self.0.settle(result);
    }

    /// Does the work here and now; its panic becomes the job's error.
    pub(crate) fn keep(self, work: impl FnOnce() -> T) {
        self.settle(catch_unwind(AssertUnwindSafe(work)).map_err(JoinError::panicked));
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        self.0.settle(Err(JoinError::cancelled()));
    }
}

impl<T> JobHandle<T> {
    /// Whether the result is there.
    pub fn is_finished(&self) -> bool {
        !matches!(*self.0.lock(), State::Open(_))
    }

    /// Blocks this thread until the result is there. For use without a loop; a task awaits instead.
    ///
    /// # Errors
    /// When the job panicked or will never run.
    ///
    /// # Panics
    /// When the result has been awaited already.
    pub fn wait(self) -> Result<T, JoinError> {
        let state = self.0.lock();
        let still_open = |state: &mut State<T>| matches!(state, State::Open(_));
        let mut state =
            self.0.settled.wait_while(state, still_open).unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(&mut *state, State::Taken) {
            State::Settled(result) => result,
            _ => panic!("the result of this job was taken before"),
        }
    }
}

impl<T> Future for JobHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Cloned and dropped outside the lock: a waker may be anybody's code.
        let new = cx.waker().clone();
        let mut state = self.0.lock();
        let _old = match &mut *state {
            State::Open(waker) => waker.replace(new),
            settled => match std::mem::replace(settled, State::Taken) {
                State::Settled(result) => return Poll::Ready(result),
                _ => panic!("the result of this job was taken before"),
            },
        };
        drop(state);
        Poll::Pending
    }
}

impl<T> Drop for JobHandle<T> {
    fn drop(&mut self) {
        // The waker or the result, which nobody will take: dropped outside the lock.
        let left = std::mem::replace(&mut *self.0.lock(), State::Taken);
        shielded(|| drop(left));
    }
}
