//! What `spawn` gives back: a handle to await a task, and one to end it from any thread.

// ANCHOR: join_imports
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::event_loop::EventLoop;
use super::queues::SlotIndex;
use super::remote::{LoopId, Message};
use super::task::{Join, Task, TaskCell};
use crate::job::JoinError;
use crate::trace::{TaskId, Wait};
// ANCHOR_END: join_imports

/// A task that may be awaited. Dropping it detaches the task, which goes on.
///
/// ```
/// let runtime = glassloop::Runtime::new()?;
/// let answer = runtime.block_on(async {
///     let task = glassloop::spawn(async { 6 * 7 });
///     task.await
/// });
/// assert_eq!(answer.unwrap(), 42);
/// # Ok::<(), std::io::Error>(())
/// ```
// ANCHOR: join_handle
pub struct JoinHandle<T> {
    task: Rc<dyn Join<T>>,
    abort: AbortHandle,
}
// ANCHOR_END: join_handle

// ANCHOR: join_spawn
impl<T: 'static> JoinHandle<T> {
    /// Puts a future into a loop as a new task.
    ///
    /// # Panics
    /// When 16 million tasks live already.
    #[track_caller]
    pub(super) fn spawn(on: &EventLoop, future: impl Future<Output = T> + 'static) -> Self {
        let task = Rc::new(TaskCell::new(future));
        if on.closing.get() {
            let _ = task.cancel();
            return Self { task, abort: AbortHandle::OF_NO_ONE };
        }
        let (slot, id) = on.queues.borrow_mut().insert(Some(task.clone()), &on.trace);
        Self { task, abort: AbortHandle { loop_id: on.id, slot, id } }
    }
}
// ANCHOR_END: join_spawn

// ANCHOR: join_methods
impl<T> JoinHandle<T> {
    /// Ends the task: its future is dropped at its next turn, on the loop's thread, and the handle
    /// yields a cancelled [`JoinError`]. A task that has finished keeps its result.
    pub fn abort(&self) {
        self.abort.abort();
    }

    /// A handle that can abort the task from any thread.
    pub fn abort_handle(&self) -> AbortHandle {
        self.abort
    }

    /// Whether the task has returned, panicked or been cancelled.
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }

    /// The task's number, by which a trace names it.
    pub fn id(&self) -> TaskId {
        self.abort.id
    }
}
// ANCHOR_END: join_methods

// ANCHOR: join_poll
impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    /// # Panics
    /// When polled again after it gave its result.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self.task.poll_join(cx);
        if polled.is_pending() {
            EventLoop::waits_for(|| Wait::Task(self.id()));
        }
        polled
    }
}
// ANCHOR_END: join_poll

// ANCHOR: join_drop
impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        self.task.detach();
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinHandle({})", self.id())
    }
}
// ANCHOR_END: join_drop

/// Ends a task from any thread. It holds the task's number only, so it keeps nothing alive and can
/// never hit another task.
///
/// ```
/// let runtime = glassloop::Runtime::new()?;
/// let error = runtime.block_on(async {
///     let task = glassloop::spawn(std::future::pending::<()>());
///     let abort = task.abort_handle();
///     std::thread::spawn(move || abort.abort());
///     task.await.unwrap_err()
/// });
/// assert!(error.is_cancelled());
/// # Ok::<(), std::io::Error>(())
/// ```
// ANCHOR: abort_handle
#[derive(Clone, Copy, Debug)]
pub struct AbortHandle {
    loop_id: LoopId,
    slot: SlotIndex,
    id: TaskId,
}
// ANCHOR_END: abort_handle

// ANCHOR: abort_handle_methods
impl AbortHandle {
    /// For a task that was refused because its loop is going away.
    const OF_NO_ONE: Self =
        Self { loop_id: LoopId(u16::MAX), slot: SlotIndex(u32::MAX), id: TaskId(u64::MAX) };

    /// The task's number, by which a trace names it.
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// Ends the task at its next turn; does nothing if it has finished.
    pub fn abort(&self) {
        EventLoop::deliver(self.loop_id, Message::Abort(self.slot, self.id));
    }
}
// ANCHOR_END: abort_handle_methods
