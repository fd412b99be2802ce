//! The small runtimes of chapters 5 to 9 write down here what happens in them, in the words of
//! `glassloop::trace`, so that `glassloop timeline` can draw them too:
//! `cargo run --example 05_ready_and_waiting -- --trace run.jsonl && cargo run -- timeline run.jsonl`

#![allow(dead_code)] // each of them uses some

use std::cell::RefCell;
use std::io;
use std::time::{Duration, Instant};

use glassloop::trace::{Cause, Entry, Event, Lane, LaneKind, Run, TaskId, Wait, file};

pub(crate) struct Notes {
    start: Instant,
    entries: RefCell<Vec<Entry>>,
}

impl Notes {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now(), entries: RefCell::default() }
    }

    pub(crate) fn spawned(&self, task: usize, name: &str) {
        let task = id(task);
        self.tell(Event::Spawned { task, at: String::new() });
        self.tell(Event::Named { task, name: name.into() });
        self.tell(Event::Ready { task, by: Cause::Outside });
    }

    pub(crate) fn ready(&self, task: usize, by: Cause) {
        self.tell(Event::Ready { task: id(task), by });
    }

    pub(crate) fn begins(&self, task: usize) {
        self.tell(Event::PollStart { task: id(task) });
    }

    /// It gave control back, and will be ready again at once.
    pub(crate) fn ends(&self, task: usize) {
        self.tell(Event::PollEnd { task: id(task) });
    }

    pub(crate) fn waits(&self, task: usize, what: &'static str) {
        self.ends(task);
        self.tell(Event::Waiting { task: id(task), on: vec![Wait::from(what)] });
    }

    pub(crate) fn finished(&self, task: usize) {
        self.ends(task);
        self.tell(Event::Finished { task: id(task) });
    }

    /// `sleep` blocks the whole loop.
    pub(crate) fn sleeping<T>(&self, timeout: Option<Duration>, sleep: impl FnOnce() -> T) -> T {
        self.tell(Event::LoopSleep { timeout });
        let slept = sleep();
        self.tell(Event::LoopWake);
        slept
    }

    /// Into the file that was asked for with `--trace FILE` or `GLASSLOOP_TRACE=FILE`, if any.
    pub(crate) fn save(&self, name: &str) -> io::Result<()> {
        let lanes = vec![Lane { name: "the loop".into(), kind: LaneKind::Loop }];
        let entries = self.entries.take();
        file::save_if_asked(|| Run { name: name.into(), lanes, entries })
    }

    fn tell(&self, event: Event<String>) {
        self.entries.borrow_mut().push(Entry { at: self.start.elapsed(), lane: 0, event });
    }
}

/// Only a loop can make the number of a task; but it can be read.
pub(crate) fn id(task: usize) -> TaskId {
    serde_json::from_value(task.into()).expect("a task's number is a number")
}
