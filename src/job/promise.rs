//! The two ends of a result that is to come, and what lies between them.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread::Thread;

use super::JobHandle;
use super::error::{JoinError, shielded};

/// The end of whoever does the work, who settles it: by dropping it if need be.
pub(crate) struct Promise<T>(Option<Arc<Shared<T>>>);

pub(super) struct Shared<T>(Mutex<State<T>>);

// ANCHOR: shared
pub(super) enum State<T> {
    Open(Open<T>),
    Settled(Result<T, JoinError>),
    Taken,
}
// ANCHOR_END: shared

/// What to do when the result comes.
pub(super) struct Open<T> {
    pub(super) callbacks: Vec<Callback<T>>,
    /// Only the latest: there is one handle.
    pub(super) waiter: Option<Waiter>,
    /// The handle is gone: nobody will take the result.
    pub(super) detached: bool,
}

type Callback<T> = Box<dyn FnOnce(&Result<T, JoinError>) + Send>;

pub(super) enum Waiter {
    Task(Waker),
    Thread(Thread),
}

/// A promise and the handle that sees it kept.
pub(crate) fn promise<T>() -> (Promise<T>, JobHandle<T>) {
    let open = Open { callbacks: Vec::new(), waiter: None, detached: false };
    let shared = Arc::new(Shared(Mutex::new(State::Open(open))));
    (Promise(Some(Arc::clone(&shared))), JobHandle { shared, place: None })
}

impl<T> Shared<T> {
    /// A panic never leaves this lock with a state that is wrong, so poison says nothing.
    pub(super) fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, result: Result<T, JoinError>) {
        let mut state = self.lock();
        // Callbacks come first, so that whoever has waited for the job finds them done.
        while let State::Open(open) = &mut *state
            && !open.callbacks.is_empty()
        {
            let callbacks = mem::take(&mut open.callbacks);
            drop(state);
            for callback in callbacks {
                shielded(|| callback(&result));
            }
            state = self.lock();
        }
        let State::Open(open) = mem::replace(&mut *state, State::Settled(result)) else {
            unreachable!("a promise is kept once")
        };
        let unwanted = open.detached.then(|| mem::replace(&mut *state, State::Taken));
        drop(state);
        if unwanted.is_some() {
            shielded(|| drop(unwanted));
        }
        match open.waiter {
            Some(Waiter::Task(waker)) => shielded(|| waker.wake()),
            Some(Waiter::Thread(thread)) => thread.unpark(),
            None => {}
        }
    }
}

impl<T> Promise<T> {
    pub(crate) fn settle(mut self, result: Result<T, JoinError>) {
        let shared = self.0.take().expect("taken here and in the drop only");
        shared.settle(result);
    }

    // ANCHOR: keep
    /// Does the work here and now; its panic becomes the job's error.
    pub(crate) fn keep(self, work: impl FnOnce() -> T) {
        self.settle(catch_unwind(AssertUnwindSafe(work)).map_err(JoinError::panicked));
    }
    // ANCHOR_END: keep
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if let Some(shared) = self.0.take() {
            shared.settle(Err(JoinError::cancelled()));
        }
    }
}
