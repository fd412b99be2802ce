//! A task with a name.

use std::future::Future;

use crate::runtime::{EventLoop, JoinHandle, spawn};
use crate::trace::{Event, TaskId};

/// Spawns a task that has a name, by which a trace and a snapshot call it.
///
/// ```
/// use glassloop::{runtime, task};
///
/// let runtime = runtime::Builder::new().watch(true).build()?;
/// runtime.block_on(async {
///     task::Builder::new().name("the other one").spawn(std::future::pending::<()>());
/// });
/// assert!(runtime.snapshot().unwrap().to_string().contains("the other one"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Builder<'a> {
    name: Option<&'a str>,
}

impl<'a> Builder<'a> {
    /// A task without a name.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives it a name. Several tasks may have the same.
    pub fn name(mut self, name: &'a str) -> Self {
        self.name = Some(name);
        self
    }

    /// Spawns the task.
    ///
    /// # Panics
    /// As [`spawn`]: outside a running loop; when 16 million tasks live already.
    #[track_caller]
    pub fn spawn<F: Future<Output: 'static> + 'static>(self, future: F) -> JoinHandle<F::Output> {
        let task = spawn(future);
        if let Some(name) = self.name {
            tell_name(task.id(), name);
        }
        task
    }
}

pub(super) fn tell_name(task: TaskId, name: &str) {
    EventLoop::current().trace.emit(|| Event::Named { task, name: name.to_owned() });
}
