//! Who is there, and what everybody waits for: a look into a running loop. It is the sum of the events so
//! far, kept in a table beside the loop if the builder was asked to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{Write, stderr};
use std::panic::Location;
use std::time::{Duration, Instant};

use crate::trace::{Event, Record, TaskId, Wait};

/// All tasks of a loop at one moment. Shown, it is a tree: a task stands below the one that awaits it.
///
/// ```
/// use std::time::Duration;
/// use glassloop::{Runtime, runtime::Builder, spawn, task::yield_now, time::sleep};
///
/// let runtime = Builder::new().watch(true).build()?;
/// runtime.block_on(async {
///     spawn(sleep(Duration::from_secs(60)));
///     yield_now().await;
/// });
/// let snapshot = runtime.snapshot().unwrap();
/// assert_eq!(snapshot.tasks.len(), 1);
/// assert!(snapshot.to_string().contains("waiting for the time 60."));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Time since the runtime was built, on its own clock.
    pub at: Duration,
    /// Every task that has not finished, the oldest first. The future of a `block_on` is one of them.
    pub tasks: Vec<TaskSnapshot>,
}

/// One task of a [`Snapshot`].
#[derive(Clone, Debug)]
pub struct TaskSnapshot {
    /// Its number.
    pub id: TaskId,
    /// Its name, if it was given one.
    pub name: Option<String>,
    /// The line of the program that spawned it.
    pub spawned_at: &'static Location<'static>,
    /// Where it stands.
    pub state: TaskState,
    /// Since when, counted from the moment the runtime was built.
    pub since: Duration,
    /// How often it was polled.
    pub polls: u64,
    /// How long its polls took together, in real time.
    pub busy: Duration,
}

/// Where a task stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// In the ready queue, and not yet polled.
    New,
    /// In the ready queue.
    Ready,
    /// It is being polled.
    Running,
    /// In the waiting queue.
    Waiting {
        /// For these; empty when what it waits for did not say (a foreign future).
        on: Vec<Wait>,
    },
}

/// What the events so far come to.
pub(crate) struct Table {
    tasks: BTreeMap<TaskId, TaskSnapshot>,
    running_since: Instant,
    /// Polls that take longer are told of.
    slow: Option<Duration>,
}

impl Table {
    pub(crate) fn new(slow: Option<Duration>) -> Self {
        Self { tasks: BTreeMap::new(), running_since: Instant::now(), slow }
    }

    pub(crate) fn snapshot(&self, at: Duration) -> Snapshot {
        Snapshot { at, tasks: self.tasks.values().cloned().collect() }
    }

    pub(crate) fn enter(&mut self, record: &Record) {
        match &record.event {
            Event::Spawned { task, at } => self.add(*task, at, record.at),
            Event::Named { task, name } => {
                self.with(*task, |entry| entry.name = Some(name.clone()))
            }
            Event::Ready { task, .. } => self.with(*task, |entry| {
                if entry.polls > 0 {
                    (entry.state, entry.since) = (TaskState::Ready, record.at);
                }
            }),
            Event::PollStart { task } => {
                self.with(*task, |entry| {
                    entry.polls += 1;
                    (entry.state, entry.since) = (TaskState::Running, record.at);
                });
                self.running_since = Instant::now();
            }
            // ANCHOR: poll_end
            Event::PollEnd { task } => {
                let (took, slow) = (self.running_since.elapsed(), self.slow);
                self.with(*task, |entry| {
                    entry.busy += took;
                    if slow.is_some_and(|limit| took > limit) {
                        tell_of_a_slow_poll(entry, took);
                    }
                });
            }
            // ANCHOR_END: poll_end
            Event::Waiting { task, on } => self.with(*task, |entry| {
                (entry.state, entry.since) = (TaskState::Waiting { on: on.clone() }, record.at);
            }),
            Event::Finished { task } => _ = self.tasks.remove(task),
            Event::LoopSleep { .. } | Event::LoopWake => {}
        }
    }

    fn add(&mut self, id: TaskId, spawned_at: &'static Location<'static>, since: Duration) {
        let (name, state, polls, busy) = (None, TaskState::New, 0, Duration::ZERO);
        self.tasks.insert(id, TaskSnapshot { id, name, spawned_at, state, since, polls, busy });
    }

    fn with(&mut self, id: TaskId, change: impl FnOnce(&mut TaskSnapshot)) {
        if let Some(entry) = self.tasks.get_mut(&id) {
            change(entry);
        }
    }
}

// ANCHOR: slow_poll
fn tell_of_a_slow_poll(task: &TaskSnapshot, took: Duration) {
    // Where there is nobody to tell, the work goes on.
    let _ = writeln!(
        stderr(),
        "glassloop: {} held the loop for {took:.1?} without giving control back: \
         .await yield_now() now and then, or move the work to spawn_blocking",
        Who(task)
    );
}
// ANCHOR_END: slow_poll

/// `task 7 "fetch" (src/main.rs:12:5)`
struct Who<'a>(&'a TaskSnapshot);

impl fmt::Display for Who<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TaskSnapshot { id, name, spawned_at, .. } = self.0;
        write!(f, "task {id}")?;
        if let Some(name) = name {
            write!(f, " {name:?}")?;
        }
        write!(f, " ({spawned_at})")
    }
}

impl TaskSnapshot {
    fn awaits(&self) -> impl Iterator<Item = TaskId> {
        let reasons = match &self.state {
            TaskState::Waiting { on } => &on[..],
            _ => &[],
        };
        reasons.iter().filter_map(|reason| match reason {
            Wait::Task(task) => Some(*task),
            _ => None,
        })
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, at: Duration, depth: usize) -> fmt::Result {
        let indent = 2 * depth;
        write!(f, "{:indent$}{}: ", "", Who(self))?;
        match &self.state {
            TaskState::New => write!(f, "new")?,
            TaskState::Ready => write!(f, "ready")?,
            TaskState::Running => write!(f, "running")?,
            TaskState::Waiting { on } if on.is_empty() => {
                write!(f, "waiting for something unknown")?
            }
            TaskState::Waiting { on } => {
                let mut words = "waiting for";
                for reason in on.iter().take(SHOWN) {
                    write!(f, "{words} {reason}")?;
                    words = " or";
                }
                if on.len() > SHOWN {
                    write!(f, " or one of {} more", on.len() - SHOWN)?;
                }
            }
        }
        let since = at.saturating_sub(self.since);
        let times = if self.polls == 1 { "time" } else { "times" };
        writeln!(f, ", since {since:.1?}; polled {} {times}, {:.1?} in all", self.polls, self.busy)
    }
}

/// Reasons for waiting that one line can hold.
const SHOWN: usize = 3;

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.tasks.len();
        writeln!(f, "{count} {}", if count == 1 { "task" } else { "tasks" })?;
        let tasks: BTreeMap<_, _> = self.tasks.iter().map(|task| (task.id, task)).collect();
        let awaited: BTreeSet<_> = self.tasks.iter().flat_map(TaskSnapshot::awaits).collect();
        // Those that nobody awaits are the roots; tasks that await each other in a ring have none, so
        // whoever is left stands as a root too.
        let roots = self.tasks.iter().filter(|task| !awaited.contains(&task.id));
        let mut to_show: Vec<_> = roots.chain(&self.tasks).rev().map(|task| (task.id, 1)).collect();
        let mut shown = BTreeSet::new();
        while let Some((id, depth)) = to_show.pop() {
            let Some(task) = tasks.get(&id).filter(|_| shown.insert(id)) else { continue };
            task.write(f, self.at, depth)?;
            let children: Vec<_> = task.awaits().map(|child| (child, depth + 1)).collect();
            to_show.extend(children.into_iter().rev());
        }
        Ok(())
    }
}
