//! A task: one allocation that holds a future and later its output. The queues keep it, the executor
//! polls it, a `JoinHandle` shares it.
//!
//! ```text
//!            poll: Pending
//!           ┌───────────┐
//!           ▼           │
//!        Future ──────▶ Busy ──────▶ Output ──────▶ Empty
//!          ▲  poll,      │  finished,        taken by
//!          │  cancel     │  panicked,        the handle
//!        spawn           │  cancelled
//!                        └─────────────────────────▶ Empty   (nobody holds a handle)
//! ```

use std::cell::{Cell, UnsafeCell};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::job::{JoinError, shielded};

/// What the executor needs of a task, whatever its future is.
pub(super) trait Task {
    /// Polls the future once. `Ready`: it is dropped, and the output kept for the handle.
    fn poll(&self, cx: &mut Context<'_>) -> Poll<()>;
    /// Drops the future where it stands; the handle learns that it was cancelled. Always `Ready`.
    fn cancel(&self) -> Poll<()>;
    /// Whoever awaits the handle.
    fn take_joiner(&self) -> Option<Waker>;
}

/// What a handle needs of its task, knowing only the output's type.
pub(super) trait Join<T> {
    fn poll_join(&self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>>;
    fn is_finished(&self) -> bool;
    /// The handle is gone: nobody will take the output.
    fn detach(&self);
}

/// What stands in the storage. `Busy` while anything that a user wrote runs with access to it:
/// then no one else may look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Future,
    Busy,
    Output,
    Empty,
}

enum Storage<F: Future> {
    Future(F),
    Output(Result<F::Output, JoinError>),
    Empty,
}

pub(super) struct TaskCell<F: Future> {
    stage: Cell<Stage>,
    detached: Cell<bool>,
    joiner: Cell<Option<Waker>>,
    storage: UnsafeCell<Storage<F>>,
}

impl<F: Future> TaskCell<F> {
    pub(super) fn new(future: F) -> Self {
        Self {
            stage: Cell::new(Stage::Future),
            detached: Cell::new(false),
            joiner: Cell::new(None),
            storage: UnsafeCell::new(Storage::Future(future)),
        }
    }

    /// Lends the storage to `f` alone. Code that `f` runs may come back to this task, through a
    /// handle that the future owns: it finds the task busy. `f` must not unwind.
    #[allow(unsafe_code)]
    fn exclusively<R>(&self, f: impl FnOnce(&mut Storage<F>) -> R) -> R {
        let stage = self.stage.replace(Stage::Busy);
        assert_ne!(stage, Stage::Busy, "a task was entered while it ran");
        // SAFETY: every reference to the storage is made here, and none while another lives: the
        // stage was not Busy, is Busy until this one is gone, and the cell stays on one thread.
        let storage = unsafe { &mut *self.storage.get() };
        let result = f(storage);
        self.stage.set(match storage {
            Storage::Future(_) => Stage::Future,
            Storage::Output(_) => Stage::Output,
            Storage::Empty => Stage::Empty,
        });
        result
    }

    /// Drops the future in place, then keeps the result for the handle, if there still is one.
    fn conclude(&self, storage: &mut Storage<F>, result: Result<F::Output, JoinError>) -> Poll<()> {
        let dropped = catch_unwind(AssertUnwindSafe(|| *storage = Storage::Empty));
        let (result, lost) = match dropped {
            Ok(()) => (result, None),
            Err(payload) => (Err(JoinError::panicked(payload)), Some(result)),
        };
        shielded(|| drop(lost));
        if self.detached.get() {
            shielded(|| drop(result));
        } else {
            *storage = Storage::Output(result);
        }
        Poll::Ready(())
    }
}

impl<F: Future> Task for TaskCell<F> {
    #[allow(unsafe_code)]
    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.exclusively(|storage| {
            let Storage::Future(future) = storage else { return Poll::Ready(()) };
            // SAFETY: the cell never moves: it is created inside its `Rc` and only ever reached
            // through it. The future is dropped in place (`conclude`), never moved out.
            let future = unsafe { Pin::new_unchecked(future) };
            let result = match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(output)) => Ok(output),
                Err(payload) => Err(JoinError::panicked(payload)),
            };
            self.conclude(storage, result)
        })
    }

    fn cancel(&self) -> Poll<()> {
        self.exclusively(|storage| self.conclude(storage, Err(JoinError::cancelled())))
    }

    fn take_joiner(&self) -> Option<Waker> {
        self.joiner.take()
    }
}

impl<F: Future> Join<F::Output> for TaskCell<F> {
    fn poll_join(&self, cx: &mut Context<'_>) -> Poll<Result<F::Output, JoinError>> {
        // Only the latest waker is woken: the handle may have moved to another task. It is set
        // before the look: cloning it may run anybody's code, which may even end the task.
        self.joiner.set(Some(cx.waker().clone()));
        match self.stage.get() {
            Stage::Output => Poll::Ready(self.exclusively(|storage| {
                match std::mem::replace(storage, Storage::Empty) {
                    Storage::Output(result) => result,
                    _ => unreachable!("the stage says that the output is there"),
                }
            })),
            Stage::Empty => panic!("a JoinHandle was polled again after it gave its result"),
            Stage::Future | Stage::Busy => Poll::Pending,
        }
    }

    fn is_finished(&self) -> bool {
        matches!(self.stage.get(), Stage::Output | Stage::Empty)
    }

    fn detach(&self) {
        self.detached.set(true);
        shielded(|| drop(self.joiner.take()));
        if self.stage.get() == Stage::Output {
            // Out of the cell first: its destructor may come back here.
            let output = self.exclusively(|storage| std::mem::replace(storage, Storage::Empty));
            shielded(|| drop(output));
        }
    }
}
