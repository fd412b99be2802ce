//! One run as it is kept: everything that happened, on one clock, and on which thread or process.

use std::time::Duration;

#[cfg(feature = "glass")]
use super::nanos;
use super::{Event, Record};

/// A recorded run: of a loop, or of jobs on threads or in worker processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// What it was, in a few words.
    pub name: String,
    /// The threads and processes that worked.
    pub lanes: Vec<Lane>,
    /// What happened, in the order of time.
    pub entries: Vec<Entry>,
}

/// A thread or a process that worked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "glass", derive(serde::Serialize, serde::Deserialize))]
pub struct Lane {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: LaneKind,
}

/// Who works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "glass", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "glass", serde(rename_all = "snake_case"))]
pub enum LaneKind {
    /// A thread that turns a loop: while one task waits, it does another.
    Loop,
    /// A thread that does one job at a time: while that waits, so does the thread.
    Thread,
    /// A process that does one job at a time.
    Process,
}

/// One event of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "glass", derive(serde::Serialize, serde::Deserialize))]
pub struct Entry {
    /// Time since the run began.
    #[cfg_attr(feature = "glass", serde(with = "nanos"))]
    pub at: Duration,
    /// Where: an index into the lanes.
    pub lane: usize,
    /// What happened.
    pub event: Event<String>,
}

impl Run {
    /// What a loop has [recorded](crate::Runtime::take_trace).
    ///
    /// ```
    /// use glassloop::trace::Run;
    ///
    /// let runtime = glassloop::runtime::Builder::new().trace(true).build()?;
    /// runtime.block_on(async {});
    /// let run = Run::of_loop("nothing to do", runtime.take_trace());
    /// assert_eq!(run.entries.len(), 5);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn of_loop(name: impl Into<String>, records: Vec<Record>) -> Self {
        let lane = Lane { name: "the loop".into(), kind: LaneKind::Loop };
        let entry = |Record { at, event }| Entry { at, lane: 0, event: event.told() };
        let entries = records.into_iter().map(entry).collect();
        Self { name: name.into(), lanes: vec![lane], entries }
    }
}
