//! A way into a loop from other threads.

use std::future::Future;
use std::sync::Arc;

use crate::job::{JobHandle, promise};
use crate::runtime::{EventLoop, LoopId, Mailbox, Message, inboxes, spawn};
use crate::snapshot::Snapshot;
use crate::task::spawn_blocking;

/// Spawns onto a loop from any thread. Clones are cheap; none keeps the loop running.
///
/// ```
/// use glassloop::{Handle, Runtime};
///
/// let runtime = Runtime::new()?;
/// let answer = runtime.block_on(async {
///     let handle = Handle::current();
///     let outside = std::thread::spawn(move || handle.spawn(async { 6 * 7 }));
///     outside.join().unwrap().await
/// });
/// assert_eq!(answer.unwrap(), 42);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Handle(Arc<Mailbox>);

impl Handle {
    /// The handle of the loop that runs on this thread.
    ///
    /// # Panics
    /// When none does.
    #[track_caller]
    pub fn current() -> Self {
        Self::of(&EventLoop::current())
    }

    /// The handle of the loop that runs on this thread.
    ///
    /// # Errors
    /// When none does.
    pub fn try_current() -> Result<Self, TryCurrentError> {
        EventLoop::try_current().map(|here| Self::of(&here)).ok_or(TryCurrentError(()))
    }

    /// The handles of all loops of this process, the oldest first. Tools that look into a program from outside
    /// begin here.
    ///
    /// ```
    /// let runtime = glassloop::Runtime::new()?;
    /// assert!(!glassloop::Handle::all().is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn all() -> Vec<Self> {
        inboxes().into_iter().map(Self).collect()
    }

    /// Every task as it stands when the loop next looks around: between two tasks, or as soon as it wakes.
    /// `None` unless the loop was built to [`watch`](crate::runtime::Builder::watch).
    ///
    /// ```
    /// let runtime = glassloop::runtime::Builder::new().watch(true).build()?;
    /// let handle = runtime.handle();
    /// let snapshot = runtime.block_on(async { handle.snapshot().await });
    /// assert_eq!(snapshot.unwrap().unwrap().tasks.len(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn snapshot(&self) -> JobHandle<Option<Snapshot>> {
        let (promise, handle) = promise();
        let look = move || promise.settle(Ok(EventLoop::current().trace.snapshot()));
        let _ = self.0.send(Message::Run(Box::new(look))); // refused: the loop is gone, and so is the promise
        handle
    }

    pub(crate) fn of(event_loop: &EventLoop) -> Self {
        Self(Arc::clone(&event_loop.inbox))
    }

    /// Spawns a future that may cross threads. Its handle can be awaited anywhere or waited for
    /// without a loop, and resolves as cancelled if the loop goes away first.
    pub fn spawn<F>(&self, future: F) -> JobHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_with(move || future)
    }

    // ANCHOR: spawn_with
    /// Calls `make` on the loop's thread and spawns the future it makes, which need not be `Send`.
    pub fn spawn_with<M, F>(&self, make: M) -> JobHandle<F::Output>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        let (promise, handle) = promise();
        let start = move || {
            // The inner task turns a panic, even one of `make`, into the handle's error.
            let task = spawn(async move { make().await });
            spawn(async move { promise.settle(task.await) });
        };
        // Refused when the loop is gone: dropping the message settles the promise.
        let _ = self.0.send(Message::Run(Box::new(start)));
        handle
    }
    // ANCHOR_END: spawn_with

    /// As [`task::spawn_blocking`](crate::task::spawn_blocking). The loop has no part in it.
    pub fn spawn_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JobHandle<T> {
        spawn_blocking(work)
    }
}

/// No loop runs on this thread.
#[derive(Debug, thiserror::Error)]
#[error("no event loop runs on this thread: call this inside block_on, or use Runtime::handle")]
pub struct TryCurrentError(());

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handle")
    }
}

/// A job on another thread that was begun by a loop whose clock stands still. The clock waits for it: there is
/// no telling what it will bring.
pub(crate) struct InFlight(LoopId);

impl InFlight {
    /// `None` where no clock stands still.
    pub(crate) fn begin() -> Option<Self> {
        let here = EventLoop::try_current().filter(|here| here.clock.is_paused())?;
        here.in_flight.update(|jobs| jobs + 1);
        Some(Self(here.id))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        EventLoop::deliver(self.0, Message::JobDone);
    }
}
