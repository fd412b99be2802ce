//! Tasks that belong together, in the order in which they finish.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use slab::Slab;

use crate::coop;
use crate::job::{JoinError, shielded};
use crate::runtime::{AbortHandle, EventLoop, JoinHandle, spawn};
use crate::task::spawn_blocking;
use crate::trace::{TaskId, Wait};

/// A set of tasks whose results come as they finish. Dropping it aborts those that have not.
///
/// ```
/// use std::time::Duration;
/// use glassloop::{task::JoinSet, time::sleep};
///
/// let runtime = glassloop::Runtime::new()?;
/// let first = runtime.block_on(async {
///     let mut set = JoinSet::new();
///     for millis in [20, 1] {
///         set.spawn(async move {
///             sleep(Duration::from_millis(millis)).await;
///             millis
///         });
///     }
///     set.join_next().await
/// });
/// assert_eq!(first.unwrap().unwrap(), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct JoinSet<T> {
    tasks: Slab<JoinHandle<T>>,
    finished: Rc<Finished>,
}

/// For so many of its tasks, at most, a trace says that the set waits for them: a server with ten thousand connections
/// would have to say it of all at each turn.
const TOLD: usize = 256;

// ANCHOR: farewell
/// Where the tasks leave word that they are done.
#[derive(Default)]
struct Finished {
    keys: RefCell<VecDeque<usize>>,
    waiter: Cell<Option<Waker>>,
}

impl Finished {
    fn next(&self) -> Option<usize> {
        self.keys.borrow_mut().pop_front()
    }
}

/// Leaves word when it is dropped with its task's future, however that ends.
struct Farewell {
    key: usize,
    finished: Rc<Finished>,
}

impl Drop for Farewell {
    fn drop(&mut self) {
        self.finished.keys.borrow_mut().push_back(self.key);
        if let Some(waiter) = self.finished.waiter.take() {
            shielded(|| waiter.wake());
        }
    }
}
// ANCHOR_END: farewell

impl<T: 'static> JoinSet<T> {
    /// An empty set.
    pub fn new() -> Self {
        Self { tasks: Slab::new(), finished: Rc::default() }
    }

    /// Spawns a task that belongs to the set.
    ///
    /// # Panics
    /// Outside a running loop.
    #[track_caller]
    // ANCHOR: set_spawn
    pub fn spawn(&mut self, future: impl Future<Output = T> + 'static) -> AbortHandle {
        let _refused_before_anything_is_noted = EventLoop::current();
        let entry = self.tasks.vacant_entry();
        let farewell = Farewell { key: entry.key(), finished: Rc::clone(&self.finished) };
        let task = spawn(async move {
            let _farewell = farewell;
            future.await
        });
        let abort = task.abort_handle();
        entry.insert(task);
        abort
    }
    // ANCHOR_END: set_spawn

    /// As [`spawn`](Self::spawn), for a task that has a name.
    ///
    /// ```
    /// use glassloop::task::JoinSet;
    ///
    /// let runtime = glassloop::Runtime::new()?;
    /// runtime.block_on(async {
    ///     let mut set = JoinSet::new();
    ///     set.build_task().name("answer").spawn(async { 42 });
    ///     assert_eq!(set.join_next().await.unwrap().unwrap(), 42);
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn build_task<'a>(&'a mut self) -> Builder<'a, T> {
        Builder { set: self, name: None }
    }

    /// Adds a task that waits for work on a thread of the pool, as
    /// [`spawn_blocking`](crate::task::spawn_blocking) starts it. An abort ends the task; the work goes on.
    ///
    /// # Panics
    /// Outside a running loop.
    #[track_caller]
    pub fn spawn_blocking(&mut self, work: impl FnOnce() -> T + Send + 'static) -> AbortHandle
    where
        T: Send,
    {
        let _refused_before_anything_is_begun = EventLoop::current();
        let job = spawn_blocking(work);
        self.spawn(async {
            match job.await.map_err(JoinError::try_into_panic) {
                Ok(output) => output,
                Err(Ok(payload)) => resume_unwind(payload),
                Err(Err(cancelled)) => panic!("the pool for blocking work is gone: {cancelled}"),
            }
        })
    }

    /// How many tasks have not been joined yet.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether all have been joined.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Waits for the next task to finish; `None` when the set is empty.
    ///
    /// Dropping the future loses nothing.
    ///
    /// # Errors
    /// When that task panicked or was aborted.
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        poll_fn(|cx| self.poll_join_next(cx)).await
    }

    /// Polls for the next task to finish.
    ///
    /// # Errors
    /// As [`join_next`](Self::join_next).
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        let polled = self.poll_join_next_with_id(cx);
        polled.map(|next| next.map(|result| result.map(|(_, output)| output)))
    }

    /// Polls for the next task to finish, with its number.
    ///
    /// # Errors
    /// As [`join_next_with_id`](Self::join_next_with_id).
    // ANCHOR: poll_next
    pub fn poll_join_next_with_id(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(TaskId, T), JoinError>>> {
        ready!(coop::poll_budget(cx));
        if self.is_empty() {
            return Poll::Ready(None);
        }
        let next = self.finished.next().or_else(|| {
            self.finished.waiter.set(Some(cx.waker().clone()));
            self.finished.next() // the clone may run anybody's code, and that may have ended a task
        });
        let Some(key) = next else {
            // There may be many: only if somebody listens, and not of all.
            EventLoop::look(|here| {
                if let Some(here) = here.filter(|here| here.trace.listens()) {
                    for (_, task) in self.tasks.iter().take(TOLD) {
                        here.trace.waits_for(|| Wait::Task(task.id()));
                    }
                }
            });
            return Poll::Pending;
        };
        let id = self.tasks[key].id();
        let result = Pin::new(&mut self.tasks[key]).poll(cx);
        if result.is_ready() {
            coop::spend();
            drop(self.tasks.remove(key));
        } else {
            // Word came from within the task's own last moments; its handle wakes us when it is over.
            self.finished.keys.borrow_mut().push_front(key);
        }
        result.map(|result| Some(result.map(|output| (id, output))))
    }
    // ANCHOR_END: poll_next

    /// As [`join_next`](Self::join_next), with the task's number.
    ///
    /// # Errors
    /// As [`join_next`](Self::join_next); the number of a task that failed is not told.
    pub async fn join_next_with_id(&mut self) -> Option<Result<(TaskId, T), JoinError>> {
        poll_fn(|cx| self.poll_join_next_with_id(cx)).await
    }

    /// Takes the result of a task that has finished, if there is one; does not wait.
    ///
    /// # Errors
    /// As [`join_next`](Self::join_next).
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        self.try_join_next_with_id().map(|result| result.map(|(_, output)| output))
    }

    /// As [`try_join_next`](Self::try_join_next), with the task's number.
    ///
    /// # Errors
    /// As [`join_next_with_id`](Self::join_next_with_id).
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(TaskId, T), JoinError>> {
        let cx = &mut Context::from_waker(Waker::noop());
        match coop::unlimited(|| self.poll_join_next_with_id(cx)) {
            Poll::Ready(result) => result,
            Poll::Pending => None,
        }
    }

    /// Waits for all tasks; gives their results in the order in which they finished.
    ///
    /// # Panics
    /// When a task panicked, with its panic; when one was aborted.
    pub async fn join_all(mut self) -> Vec<T> {
        let mut results = Vec::with_capacity(self.len());
        while let Some(result) = self.join_next().await {
            match result.map_err(JoinError::try_into_panic) {
                Ok(result) => results.push(result),
                Err(Ok(payload)) => resume_unwind(payload),
                Err(Err(cancelled)) => panic!("a task of the set was aborted: {cancelled}"),
            }
        }
        results
    }

    /// Lets every task go its own way; the set is empty then.
    pub fn detach_all(&mut self) {
        self.tasks.clear();
        self.finished = Rc::default(); // word of those who have left reaches nobody
    }

    /// Aborts every task; their cancelled results can still be joined.
    pub fn abort_all(&self) {
        for (_, task) in &self.tasks {
            task.abort();
        }
    }

    /// Aborts every task and waits until all of their futures are gone.
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }
}

impl<T: 'static> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: 'static, F: Future<Output = T> + 'static> FromIterator<F> for JoinSet<T> {
    /// Spawns every future.
    ///
    /// # Panics
    /// Outside a running loop.
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        let mut set = Self::new();
        for future in futures {
            set.spawn(future);
        }
        set
    }
}

// ANCHOR: drop_set
impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        let nobody_waits_any_more = self.finished.waiter.take();
        shielded(|| drop(nobody_waits_any_more));
        for (_, task) in &self.tasks {
            task.abort();
        }
    }
}
// ANCHOR_END: drop_set

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinSet({} tasks)", self.tasks.len())
    }
}

/// Names a task before it is spawned; see [`JoinSet::build_task`].
#[derive(Debug)]
pub struct Builder<'a, T> {
    set: &'a mut JoinSet<T>,
    name: Option<&'a str>,
}

impl<'a, T: 'static> Builder<'a, T> {
    /// Gives it a name, by which a trace and a snapshot call it.
    pub fn name(mut self, name: &'a str) -> Self {
        self.name = Some(name);
        self
    }

    /// Spawns the task.
    ///
    /// # Panics
    /// Outside a running loop.
    #[track_caller]
    pub fn spawn(self, future: impl Future<Output = T> + 'static) -> AbortHandle {
        let abort = self.set.spawn(future);
        if let Some(name) = self.name {
            super::builder::tell_name(abort.id(), name);
        }
        abort
    }
}
