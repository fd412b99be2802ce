//! Setting up a loop, and what one can ask of it that is not its work.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use crate::clock::Clock;
use crate::handle::Handle;
use crate::job::JobHandle;
use crate::runtime::{BackendKind, EventLoop, Runtime};
use crate::snapshot::{Snapshot, Table};
use crate::task::spawn_blocking;
use crate::trace::Record;
use crate::tracer::Tracer;

/// Sets up a [`Runtime`].
///
/// ```
/// use glassloop::runtime::{BackendKind, Builder};
///
/// let runtime = Builder::new().backend(BackendKind::Polling).trace(true).build()?;
/// runtime.block_on(async {});
/// assert!(!runtime.take_trace().is_empty());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Builder {
    backend: BackendKind,
    trace: bool,
    watch: bool,
    slow_poll: Option<Duration>,
    start_paused: bool,
    seed: Option<u64>,
}

impl Builder {
    /// The defaults: mio, real time, nothing is recorded.
    pub fn new() -> Self {
        Self::default()
    }

    /// As [`new`](Self::new): a loop has the one thread that calls `block_on`. The name, and
    /// [`enable_all`](Self::enable_all), are here for programs that come from tokio.
    ///
    /// ```
    /// use glassloop::runtime::Builder;
    ///
    /// let runtime = Builder::new_current_thread().enable_all().build()?;
    /// assert_eq!(runtime.block_on(async { 7 }), 7);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new_current_thread() -> Self {
        Self::new()
    }

    /// Changes nothing: what it enables in tokio is always there, and costs nothing before it is used.
    pub fn enable_all(self) -> Self {
        self
    }

    /// Changes nothing, as [`enable_all`](Self::enable_all): sockets always work.
    pub fn enable_io(self) -> Self {
        self
    }

    /// Changes nothing, as [`enable_all`](Self::enable_all): time always passes.
    pub fn enable_time(self) -> Self {
        self
    }

    /// Chooses who speaks with the kernel.
    pub fn backend(mut self, backend: BackendKind) -> Self {
        self.backend = backend;
        self
    }

    /// Records every event of the run, for [`Runtime::take_trace`]. The records stay in memory, about
    /// 60 bytes each, until they are taken.
    pub fn trace(mut self, on: bool) -> Self {
        self.trace = on;
        self
    }

    /// Keeps a table of who does what, for [`Runtime::snapshot`]. It costs each poll two looks at the
    /// clock.
    pub fn watch(mut self, on: bool) -> Self {
        self.watch = on;
        self
    }

    /// Tells on standard error of each poll that takes longer: which task it was, and where it was spawned.
    /// Whoever holds the loop that long keeps everybody else waiting. It keeps the table of
    /// [`watch`](Self::watch).
    pub fn warn_slow_poll(mut self, limit: Duration) -> Self {
        self.slow_poll = Some(limit);
        self
    }

    /// Builds the loop with its clock standing still: see [`pause`](crate::time::pause). It keeps the table
    /// of [`watch`](Self::watch), so that a deadlock can be told of in full.
    pub fn start_paused(mut self, on: bool) -> Self {
        self.start_paused = on;
        self
    }

    /// Draws the next task by lot, where without a seed the one that has been ready longest is next. With
    /// time paused, the same seed gives the same run: so a seed that brings out a mistake in what should
    /// not depend on the order brings it out again.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Builds the loop.
    ///
    /// # Errors
    /// When the kernel refuses a selector (too many open files), or 65,536 loops live already.
    pub fn build(self) -> io::Result<Runtime> {
        let clock = Rc::new(Clock::new(self.start_paused));
        let watch = self.watch || self.start_paused || self.slow_poll.is_some();
        let table = watch.then(|| Table::new(self.slow_poll));
        let trace = Tracer::new(Rc::clone(&clock), self.trace, table);
        let event_loop = EventLoop::new(self.backend.build()?, clock, trace, self.seed)?;
        Ok(Runtime(Rc::new(event_loop)))
    }
}

impl Runtime {
    /// A loop with the defaults of [`Builder`].
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn new() -> io::Result<Self> {
        Builder::new().build()
    }

    /// As [`task::spawn_blocking`](crate::task::spawn_blocking).
    pub fn spawn_blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JobHandle<T> {
        spawn_blocking(work)
    }

    /// A way into the loop from other threads.
    pub fn handle(&self) -> Handle {
        Handle::of(&self.0)
    }

    /// Takes what has been recorded since the last time; nothing unless the builder was asked to
    /// [`trace`](Builder::trace).
    pub fn take_trace(&self) -> Vec<Record> {
        self.0.trace.take()
    }

    /// Every task as it stands now; `None` unless the builder was asked to [`watch`](Builder::watch).
    pub fn snapshot(&self) -> Option<Snapshot> {
        self.0.trace.snapshot()
    }
}

impl std::fmt::Debug for Runtime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0.id)
    }
}
