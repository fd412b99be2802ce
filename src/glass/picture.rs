//! Who was in which state, from when to when, and who woke whom.

use std::collections::HashMap;

use super::scale::time;

/// A run as rows of spans. Times are nanoseconds since the run began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// The name of the run.
    pub name: String,
    /// The threads and processes that worked, if that tells more than the tasks do; then the tasks, in the order in
    /// which they came about.
    pub rows: Vec<Row>,
    /// Which tasks of a loop were woken, in the order of time. The first time that a task is ready is no wake, nor
    /// is a yield. (Nor is it one that a blocked thread goes on: nobody but the kernel has a part in that.)
    pub wakes: Vec<Wake>,
    /// How long the run took.
    pub took: u64,
    /// The moments between which there is something to see.
    pub window: (u64, u64),
    /// How many rows there are besides.
    pub folded: usize,
}

/// A thread, a process or a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which of these.
    pub kind: RowKind,
    /// Its name.
    pub label: String,
    /// The line of the program that spawned it; empty for a thread or a process.
    pub place: String,
    /// What it did, in the order of time; where there is none, it was not there or had nothing to do.
    pub spans: Vec<Span>,
}

/// What a row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// A thread or a process.
    Worker,
    /// A task or a job.
    Task,
}

/// Some time in one state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its beginning.
    pub from: u64,
    /// Its end, which is later.
    pub to: u64,
    /// What it was doing.
    pub state: State,
    /// What it was waiting for; empty in the other states.
    pub why: String,
}

/// What a task or a thread is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It could run, and others do: it is in a queue.
    Ready,
    /// It runs.
    Running,
    /// It could not run, or is blocked.
    Waiting,
}

/// A task that waited may run again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wake {
    /// When.
    pub at: u64,
    /// Who saw to it.
    pub by: Woken,
    /// Its row.
    pub row: usize,
}

/// Who woke a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// The task in this row.
    By(usize),
    /// The kernel, which had something for it.
    ByKernel,
    /// A deadline.
    ByTimer,
    /// Another thread.
    FromOutside,
}

impl Picture {
    /// How many of its rows are tasks, those that are folded included.
    pub fn tasks(&self) -> usize {
        self.rows.iter().filter(|row| row.kind == RowKind::Task).count() + self.folded
    }

    pub(super) fn heading(&self) -> String {
        let tasks = self.tasks();
        let s = if tasks == 1 { "" } else { "s" };
        format!("{}: {tasks} task{s} in {}", self.name, time(self.took))
    }
}

impl Row {
    /// How long it was in a state.
    pub fn total(&self, state: State) -> u64 {
        let spans = self.spans.iter().filter(|span| span.state == state);
        spans.map(|span| span.to - span.from).fold(0, u64::saturating_add)
    }

    /// What it waited for longest, and how long.
    pub fn longest_wait(&self) -> Option<(&str, u64)> {
        let waits = || self.spans.iter().filter(|span| span.state == State::Waiting);
        let mut times: HashMap<&str, u64> = HashMap::new();
        for Span { from, to, why, .. } in waits() {
            let time = times.entry(why).or_default();
            *time = time.saturating_add(to - from);
        }
        let longest = *times.values().max()?;
        // Of several that are equal, the first.
        let span = waits().find(|span| times[&*span.why] == longest)?;
        Some((&span.why, longest))
    }
}
