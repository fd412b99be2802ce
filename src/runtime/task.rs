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

// ANCHOR: task_imports
use std::cell::{Cell, UnsafeCell};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::job::{JoinError, shielded};
// ANCHOR_END: task_imports

// ANCHOR: task
/// What the executor needs of a task, whatever its future is.
pub(super) trait Task {
    /// Polls the future once. `Ready`: it is dropped, and the output kept for the handle.
    fn poll(&self, cx: &mut Context<'_>) -> Poll<()>;
    /// Drops the future where it stands; the handle learns that it was cancelled. Always `Ready`.
    fn cancel(&self) -> Poll<()>;
    /// Whoever awaits the handle.
    fn take_joiner(&self) -> Option<Waker>;
}
// ANCHOR_END: task

// ANCHOR: join
/// What a handle needs of its task, knowing only the output's type.
pub(super) trait Join<T> {
    fn poll_join(&self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>>;
    fn is_finished(&self) -> bool;
    /// The handle is gone: nobody will take the output.
    fn detach(&self);
}
// ANCHOR_END: join

// ANCHOR: stage
/// What stands in the storage. `Busy` while anything that a user wrote runs with access to it:
/// then no one else may look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Future,
    Busy,
    Output,
    Empty,
}
// ANCHOR_END: stage

// ANCHOR: storage
/// One place for both, as a task never has both. The stage says which one it is, so that the two together
/// need no more room than the larger. A cell that is dropped has neither any more: the loop has ended the
/// future (`conclude`), and the handle has taken the output or let it go (`detach`).
union Storage<F: Future> {
    future: ManuallyDrop<F>,
    output: ManuallyDrop<Result<F::Output, JoinError>>,
}
// ANCHOR_END: storage

// ANCHOR: task_cell
pub(super) struct TaskCell<F: Future> {
    joiner: Cell<Option<Waker>>,
    storage: UnsafeCell<Storage<F>>,
    stage: Cell<Stage>,
    detached: Cell<bool>,
}

impl<F: Future> TaskCell<F> {
    pub(super) fn new(future: F) -> Self {
        Self {
            joiner: Cell::new(None),
            storage: UnsafeCell::new(Storage { future: ManuallyDrop::new(future) }),
            stage: Cell::new(Stage::Future),
            detached: Cell::new(false),
        }
    }
    // ANCHOR_END: task_cell

    // ANCHOR: enter
    /// The future is now the caller's alone: whatever it runs and comes back to this task, through a handle
    /// that the future owns, finds it busy.
    fn enter(&self) {
        let stage = self.stage.replace(Stage::Busy);
        assert_eq!(stage, Stage::Future, "a task was entered that runs or has finished");
    }
    // ANCHOR_END: enter

    // ANCHOR: conclude
    /// Drops the future in place, then keeps the result for the handle, if there still is one. While Busy.
    #[allow(unsafe_code)]
    fn conclude(&self, result: Result<F::Output, JoinError>) -> Poll<()> {
        debug_assert_eq!(self.stage.get(), Stage::Busy);
        // SAFETY: it is Busy because of a future that stands there, and no reference to it is left. After
        // this nothing takes the storage for a future again: the stages below are others.
        let drop_future = || unsafe { ManuallyDrop::drop(&mut (*self.storage.get()).future) };
        let (result, lost) = match catch_unwind(AssertUnwindSafe(drop_future)) {
            Ok(()) => (result, None),
            Err(payload) => (Err(JoinError::panicked(payload)), Some(result)),
        };
        shielded(|| drop(lost));
        if self.detached.get() {
            shielded(|| drop(result));
            self.stage.set(Stage::Empty);
        } else {
            // SAFETY: as above; nothing that needs to be dropped stands there any more.
            unsafe { (*self.storage.get()).output = ManuallyDrop::new(result) };
            self.stage.set(Stage::Output);
        }
        Poll::Ready(())
    }
    // ANCHOR_END: conclude

    // ANCHOR: take_output
    /// Takes the output, if it is there.
    #[allow(unsafe_code)]
    fn take_output(&self) -> Option<Result<F::Output, JoinError>> {
        if self.stage.get() != Stage::Output {
            return None;
        }
        self.stage.set(Stage::Empty);
        // SAFETY: the stage was Output, so that is what stands there; now that it is Empty nobody takes it again.
        Some(unsafe { ManuallyDrop::take(&mut (*self.storage.get()).output) })
    }
}
// ANCHOR_END: take_output

// ANCHOR: poll
impl<F: Future> Task for TaskCell<F> {
    #[allow(unsafe_code)]
    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.enter();
        // SAFETY: the stage was Future, so that is what stands there. It is Busy until the next stage is set,
        // and whoever looks at the storage asks the stage first: this is the only reference. It is pinned: the
        // cell never moves, as it is created inside its `Rc`, and `conclude` drops the future in place.
        let future = unsafe { Pin::new_unchecked(&mut *(*self.storage.get()).future) };
        match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(Poll::Pending) => {
                self.stage.set(Stage::Future);
                Poll::Pending
            }
            Ok(Poll::Ready(output)) => self.conclude(Ok(output)),
            Err(payload) => self.conclude(Err(JoinError::panicked(payload))),
        }
    }
    // ANCHOR_END: poll

    // ANCHOR: cancel
    fn cancel(&self) -> Poll<()> {
        self.enter();
        self.conclude(Err(JoinError::cancelled()))
    }

    fn take_joiner(&self) -> Option<Waker> {
        self.joiner.take()
    }
}
// ANCHOR_END: cancel

// ANCHOR: poll_join
impl<F: Future> Join<F::Output> for TaskCell<F> {
    fn poll_join(&self, cx: &mut Context<'_>) -> Poll<Result<F::Output, JoinError>> {
        if !self.is_finished() {
            // Only the latest waker is woken: the handle may have moved to another task. Cloning it may run
            // anybody's code, which may even end the task: so look again.
            self.joiner.set(Some(cx.waker().clone()));
        }
        let given = self.stage.get() == Stage::Empty;
        assert!(!given, "a JoinHandle was polled again after it gave its result");
        self.take_output().map_or(Poll::Pending, Poll::Ready)
    }
    // ANCHOR_END: poll_join

    // ANCHOR: detach
    fn is_finished(&self) -> bool {
        matches!(self.stage.get(), Stage::Output | Stage::Empty)
    }

    fn detach(&self) {
        self.detached.set(true);
        shielded(|| drop(self.joiner.take()));
        shielded(|| drop(self.take_output()));
    }
}
// ANCHOR_END: detach
