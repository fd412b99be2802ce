//! Records what jobs do on threads and in worker processes, in the words of a loop: a job is a task, which is
//! ready while it is queued, is polled by the thread that does it, and waits while that thread is blocked.

use std::panic::Location;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use super::account::{Account, Blocked, Keeping};
use super::{Cause, Entry, Event, Lane, LaneKind, Record, Run, TaskId};

/// Records a run of jobs on threads or in worker processes. Clones share one record.
///
/// ```
/// use glassloop::trace::Recorder;
///
/// let recorder = Recorder::new();
/// let tracks = ["one", "two"].map(|name| recorder.track(name));
/// std::thread::scope(|scope| {
///     for track in &tracks {
///         scope.spawn(|| track.run(|| 1 + 1));
///     }
/// });
/// let run = recorder.finish("two sums, a thread each");
/// assert_eq!(run.lanes.len(), 3); // these two threads, and the one that queued the jobs
/// ```
#[derive(Clone, Debug)]
pub struct Recorder(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    clock: Instant,
    next: AtomicU64,
    log: Mutex<Log>,
}

#[derive(Debug, Default)]
struct Log {
    workers: Vec<(Worker, Lane)>,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Worker {
    Thread(ThreadId),
    Process(u32),
}

impl Recorder {
    /// One whose clock begins now.
    #[allow(clippy::new_without_default)] // what begins now is no default
    pub fn new() -> Self {
        let (clock, next, log) = (Instant::now(), AtomicU64::new(1), Mutex::default());
        Self(Arc::new(Shared { clock, next, log }))
    }

    /// A job is queued from now on. Whoever does it runs it on its track.
    #[track_caller]
    pub fn track(&self, name: impl Into<String>) -> Track {
        let task = TaskId(self.0.next.fetch_add(1, Ordering::Relaxed));
        let at = self.0.clock.elapsed();
        let events = [
            Event::Spawned { task, at: Location::caller().to_string() },
            Event::Ready { task, by: Cause::Outside },
            Event::Named { task, name: name.into() },
        ];
        let mut log = self.log();
        let lane = log.lane_of_this_thread(LaneKind::Thread);
        log.entries.extend(events.map(|event| Entry { at, lane, event }));
        Track { recorder: self.clone(), task }
    }

    /// What a loop of this thread has recorded, in a run that has no jobs of its own: both count their tasks.
    pub(crate) fn add_loop(&self, records: Vec<Record>) {
        let mut log = self.log();
        let lane = log.lane_of_this_thread(LaneKind::Loop);
        let entry = |Record { at, event }| Entry { at, lane, event: event.told() };
        log.entries.extend(records.into_iter().map(entry));
    }

    /// Takes what has been recorded so far.
    pub fn finish(&self, name: impl Into<String>) -> Run {
        let Log { workers, mut entries } = std::mem::take(&mut *self.log());
        entries.sort_by_key(|entry| entry.at);
        let lanes = workers.into_iter().map(|(_, lane)| lane).collect();
        Run { name: name.into(), lanes, entries }
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.0.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    fn lane_of_this_thread(&mut self, kind: LaneKind) -> usize {
        let thread = thread::current();
        let name = match thread.name() {
            Some(name) => name.to_owned(),
            None => format!("thread {}", self.workers.len()),
        };
        self.lane(Worker::Thread(thread.id()), Lane { name, kind })
    }

    fn lane(&mut self, worker: Worker, lane: Lane) -> usize {
        let known = self.workers.iter().position(|(known, _)| *known == worker);
        known.unwrap_or_else(|| {
            self.workers.push((worker, lane));
            self.workers.len() - 1
        })
    }
}

/// The record of one job.
#[derive(Clone, Debug)]
pub struct Track {
    recorder: Recorder,
    task: TaskId,
}

impl Track {
    /// Does the job on this thread. What blocks in it tells so by [`wait_for`](super::wait_for).
    pub fn run<T>(&self, job: impl FnOnce() -> T) -> T {
        let _at_work = AtWork(self, Some(Keeping::begin(self.recorder.0.clock)));
        job()
    }

    /// The job is over and nobody can tell how it went, as when its worker was killed.
    pub fn lost(&self) {
        let at = self.recorder.0.clock.elapsed();
        let mut log = self.recorder.log();
        let lane = log.lane_of_this_thread(LaneKind::Thread);
        log.entries.push(Entry { at, lane, event: Event::Finished { task: self.task } });
    }

    /// The job was done elsewhere; its account is in times since `clock`.
    pub fn add(&self, clock: Instant, account: Account) {
        let task = self.task;
        let mut log = self.recorder.log();
        let lane = match account.process == process::id() {
            true => log.lane_of_this_thread(LaneKind::Thread),
            false => {
                let name = format!("process {}", account.process);
                log.lane(Worker::Process(account.process), Lane { name, kind: LaneKind::Process })
            }
        };
        let mut tell = |at: Duration, event| {
            let at = (clock + at).saturating_duration_since(self.recorder.0.clock);
            log.entries.push(Entry { at, lane, event });
        };
        tell(account.begun, Event::PollStart { task });
        for Blocked { from, to, on } in account.waits {
            tell(from, Event::PollEnd { task });
            tell(from, Event::Waiting { task, on: vec![on] });
            // Whatever blocks a thread, it is the kernel that lets it go on; and it does not tell when the thread
            // could run, only when it does.
            tell(to, Event::Ready { task, by: Cause::Kernel });
            tell(to, Event::PollStart { task });
        }
        tell(account.ended, Event::PollEnd { task });
        tell(account.ended, Event::Finished { task });
    }
}

/// Ends the account also of a job that panics.
struct AtWork<'a>(&'a Track, Option<Keeping>);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        let Self(track, keeping) = self;
        if let Some(keeping) = keeping.take() {
            track.add(track.recorder.0.clock, keeping.end());
        }
    }
}
