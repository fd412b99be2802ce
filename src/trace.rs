//! What happened in a run, event by event. The queues and the tick tell `Tracer::emit` (`tracer.rs`), the
//! one place that records; when nobody listens, as it is unless the builder was asked to, it does nothing.
//!
//! ```
//! use glassloop::trace::Event;
//!
//! let runtime = glassloop::runtime::Builder::new().trace(true).build()?;
//! runtime.block_on(async {});
//! let events: Vec<Event> = runtime.take_trace().into_iter().map(|record| record.event).collect();
//! assert!(matches!(
//!     events[..],
//!     [
//!         Event::Spawned { .. },
//!         Event::Ready { .. },
//!         Event::PollStart { .. },
//!         Event::PollEnd { .. },
//!         Event::Finished { .. },
//!     ]
//! ));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Threads and worker processes have no loop to tell of them. For them a [`Recorder`] writes down the same events:
//! a job that is queued is ready, one that blocks waits. Either way a [`Run`] comes of it, which `file.rs` writes
//! and reads and `glass` draws.

mod account;
#[cfg(feature = "glass")]
pub mod file;
#[cfg(any(feature = "processes", feature = "glass"))]
mod nanos;
mod recorder;
mod run;

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

pub use self::account::{Account, wait_for};
pub use self::recorder::{Recorder, Track};
pub use self::run::{Entry, Lane, LaneKind, Run};

/// One event of a run and when it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Time since the runtime was built, on its own clock.
    pub at: Duration,
    /// What happened.
    pub event: Event,
}

/// What can happen in a loop.
///
/// A task's life reads `Spawned Ready (PollStart PollEnd (Waiting)? Ready)* PollStart PollEnd Finished`.
///
/// `P` is a place in a program: known to the program itself, a text in a [`Run`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "glass", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "glass", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Event<P = &'static Location<'static>> {
    /// A task exists now.
    Spawned {
        /// The new task.
        task: TaskId,
        /// The line of the program that spawned it.
        at: P,
    },
    /// A task was given a name.
    Named {
        /// Whose name it is.
        task: TaskId,
        /// The name.
        name: String,
    },
    /// A task stands at the end of the ready queue.
    Ready {
        /// Who may run.
        task: TaskId,
        /// Who saw to it.
        by: Cause,
    },
    /// The loop hands control to a task.
    PollStart {
        /// Who runs.
        task: TaskId,
    },
    /// The task gave control back.
    PollEnd {
        /// Who ran.
        task: TaskId,
    },
    /// The task stands at the end of the waiting queue.
    Waiting {
        /// Who waits.
        task: TaskId,
        /// For what; empty when what it waits for did not say (a foreign future).
        on: Vec<Wait>,
    },
    /// The task's future is gone: it returned, panicked or was aborted.
    Finished {
        /// Who has finished.
        task: TaskId,
    },
    /// Nothing is ready: the loop asks the kernel to be woken.
    LoopSleep {
        /// For at most this long; `None` waits for an event alone.
        #[cfg_attr(feature = "glass", serde(with = "nanos::optional"))]
        timeout: Option<Duration>,
    },
    /// The kernel let the loop go on.
    LoopWake,
}

impl Event {
    /// The same, with its place in words.
    fn told(self) -> Event<String> {
        match self {
            Self::Spawned { task, at } => Event::Spawned { task, at: at.to_string() },
            Self::Named { task, name } => Event::Named { task, name },
            Self::Ready { task, by } => Event::Ready { task, by },
            Self::PollStart { task } => Event::PollStart { task },
            Self::PollEnd { task } => Event::PollEnd { task },
            Self::Waiting { task, on } => Event::Waiting { task, on },
            Self::Finished { task } => Event::Finished { task },
            Self::LoopSleep { timeout } => Event::LoopSleep { timeout },
            Self::LoopWake => Event::LoopWake,
        }
    }
}

/// Names a task for as long as its loop lives: the spawn counter, never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    any(feature = "processes", feature = "glass"),
    derive(serde::Serialize, serde::Deserialize)
)]
pub struct TaskId(pub(crate) u64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskId({})", self.0)
    }
}

/// To be read, or to be written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(
    any(feature = "processes", feature = "glass"),
    derive(serde::Serialize, serde::Deserialize)
)]
#[cfg_attr(any(feature = "processes", feature = "glass"), serde(rename_all = "snake_case"))]
pub enum Direction {
    /// Data to read, a connection to accept, or the end of the stream.
    Read,
    /// Room to write, or a connection that has come about.
    Write,
}

impl Direction {
    pub(crate) const BOTH: [Self; 2] = [Self::Read, Self::Write];
}

/// Who made a task ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "glass", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "glass", serde(rename_all = "snake_case"))]
pub enum Cause {
    /// Another task, or the task itself, while it ran.
    Task(TaskId),
    /// The kernel: a socket became ready.
    Kernel,
    /// A deadline that came due.
    Timer,
    /// Another thread, or code outside the loop.
    Outside,
}

/// What a task waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    any(feature = "processes", feature = "glass"),
    derive(serde::Serialize, serde::Deserialize)
)]
#[cfg_attr(any(feature = "processes", feature = "glass"), serde(rename_all = "snake_case"))]
pub enum Wait {
    /// A socket to become ready.
    Io {
        /// The descriptor's number.
        fd: i32,
        /// To be read or to be written.
        direction: Direction,
    },
    /// A deadline, counted from the moment the runtime was built.
    Deadline(
        #[cfg_attr(any(feature = "processes", feature = "glass"), serde(with = "nanos"))] Duration,
    ),
    /// Another task to finish.
    Task(TaskId),
    /// Something of [`sync`](crate::sync): `"message"`, `"capacity"` (of a channel), `"permit"`, `"lock"`,
    /// `"notification"`, `"oneshot"`, `"closing"` (of a channel); or the `"simulated network"` of
    /// [`sim`](crate::sim); or whatever was given to [`wait_for`].
    Named(Cow<'static, str>),
}

impl From<&'static str> for Wait {
    fn from(name: &'static str) -> Self {
        Self::Named(name.into())
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { fd, direction: Direction::Read } => write!(f, "descriptor {fd} to be read"),
            Self::Io { fd, direction: Direction::Write } => {
                write!(f, "descriptor {fd} to be written")
            }
            Self::Deadline(at) => write!(f, "the time {at:.3?}"),
            Self::Task(task) => write!(f, "task {task}"),
            Self::Named(name) => write!(f, "{name}"),
        }
    }
}
