//! Working with many tasks: a turn for the others, all results, the first result, work that blocks.

mod budget;
mod builder;
mod join_all;
mod join_set;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::job::JobHandle;
use crate::runtime::EventLoop;
use crate::threads;
use crate::trace::Cause;

pub use crate::job::JoinError;
pub use crate::runtime::{AbortHandle, JoinHandle, spawn};
pub use crate::trace::TaskId;
pub use budget::{Unconstrained, consume_budget, unconstrained};
pub use builder::Builder;
pub use join_all::{join_all, try_join_all};
pub use join_set::JoinSet;

/// The number of the task that runs, by which a trace and a snapshot name it.
///
/// # Panics
/// Outside a task.
///
/// ```
/// let runtime = glassloop::Runtime::new()?;
/// runtime.block_on(async {
///     let task = glassloop::spawn(async { glassloop::task::id() });
///     let number = task.id();
///     assert_eq!(task.await.unwrap(), number);
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn id() -> TaskId {
    try_id().expect("no task runs on this thread: call this inside Runtime::block_on")
}

/// As [`id`], but `None` outside a task.
///
/// ```
/// assert_eq!(glassloop::task::try_id(), None);
/// ```
pub fn try_id() -> Option<TaskId> {
    match EventLoop::look(|here| here.map(|here| here.trace.cause()))? {
        Cause::Task(task) => Some(task),
        _ => None,
    }
}

/// Gives every other ready task a turn before this one goes on.
///
/// ```
/// let runtime = glassloop::Runtime::new()?;
/// runtime.block_on(glassloop::task::yield_now());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// The future of [`yield_now`].
#[derive(Debug)]
pub struct YieldNow {
    yielded: bool,
}

// ANCHOR: yield_now
impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
// ANCHOR_END: yield_now

/// Runs work that blocks on a thread of a pool, so that the loop goes on meanwhile. Python's
/// `asyncio.to_thread`.
///
/// Dropping the handle detaches the work: a thread cannot be stopped from outside.
///
/// ```
/// let runtime = glassloop::Runtime::new()?;
/// let manifest = runtime.block_on(async {
///     glassloop::task::spawn_blocking(|| std::fs::read_to_string("Cargo.toml")).await
/// });
/// assert!(manifest.unwrap()?.contains("glassloop"));
/// # Ok::<(), std::io::Error>(())
/// ```
// ANCHOR: spawn_blocking
pub fn spawn_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> JobHandle<T> {
    threads::run(work)
}
// ANCHOR_END: spawn_blocking
