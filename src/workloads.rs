//! The two jobs that every model of concurrency does here: *download* and *sum*.
//!
//! What a job does is written once (`download.rs`, `sum.rs`). Each model is one short file beside it
//! that says only how it waits.

pub mod download;
mod interrupt;
pub mod names;
pub mod part_file;
#[cfg(feature = "processes")]
mod pooled;
pub mod sum;

use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};

pub use self::interrupt::Interrupt;
use crate::runtime::{Builder, Runtime};
use crate::trace::Recorder;

/// A way to do many jobs: who runs them, and what waits while one waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Model {
    /// One job after another on the calling thread.
    Sequential,
    /// A thread for each job.
    ThreadPerTask,
    /// A pool of threads, which take job after job.
    Threads,
    /// Worker processes, each with one job at a time.
    #[cfg(feature = "processes")]
    Processes,
    /// A task for each job, all on one thread.
    EventLoop,
}

impl Model {
    /// Every model, from the simplest on.
    pub const ALL: [Self; 4 + cfg!(feature = "processes") as usize] = [
        Self::Sequential,
        Self::ThreadPerTask,
        Self::Threads,
        #[cfg(feature = "processes")]
        Self::Processes,
        Self::EventLoop,
    ];

    /// The name on the command line.
    ///
    /// ```
    /// assert_eq!(glassloop::workloads::Model::EventLoop.name(), "event-loop");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Sequential => "sequential",
            Self::ThreadPerTask => "thread-per-task",
            Self::Threads => "threads",
            #[cfg(feature = "processes")]
            Self::Processes => "processes",
            Self::EventLoop => "event-loop",
        }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Model {
    type Err = UnknownModel;

    fn from_str(name: &str) -> Result<Self, UnknownModel> {
        Self::ALL
            .into_iter()
            .find(|model| model.name() == name)
            .ok_or_else(|| UnknownModel(name.into()))
    }
}

/// No model has this name.
#[derive(Debug, thiserror::Error)]
#[error("no model is called {0:?}: choose one of {models}", models = Model::ALL.map(Model::name).join(", "))]
pub struct UnknownModel(String);

/// Counts the jobs that are under way at once, and remembers the most there have been.
#[derive(Debug, Default)]
pub struct InFlight {
    now: AtomicUsize,
    peak: AtomicUsize,
}

impl InFlight {
    /// Counts one more job until the guard is dropped.
    pub fn enter(&self) -> InFlightGuard<'_> {
        let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
        self.peak.fetch_max(now, Ordering::Relaxed);
        InFlightGuard(self)
    }

    /// The most jobs that were under way at once.
    pub fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }
}

/// One job under way.
#[derive(Debug)]
pub struct InFlightGuard<'a>(&'a InFlight);

impl Drop for InFlightGuard<'_> {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Has a loop do `work`, and its record kept if anybody wants it.
fn recorded<T>(
    builder: Builder,
    recorder: Option<&Recorder>,
    work: impl FnOnce(&Runtime) -> T,
) -> io::Result<T> {
    let Some(recorder) = recorder else { return Ok(work(&builder.build()?)) };
    let runtime = builder.trace(true).build()?;
    let done = work(&runtime);
    recorder.add_loop(runtime.take_trace());
    Ok(done)
}
