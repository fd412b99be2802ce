//! What the seats of a pool share: the queue, how many workers are on their way, how they have fared.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use nix::unistd::Pid;

use super::builder::{Control, Link, Settings};
use super::error::ProcessError;
use super::messenger::News;
use super::queue::Queue;
use crate::net::Source;

/// This many workers in a row that end before anything came of them are no accident.
const HOPELESS: u32 = 3;

/// What the seats share.
pub(super) struct Hall {
    pub(super) queue: Arc<Queue>,
    pub(super) settings: Settings,
    /// Workers that have been asked for and are not ready yet.
    pub(super) starting: Cell<usize>,
    /// Workers that wait for a job.
    pub(super) idle: Cell<usize>,
    pub(super) control: Source<Control>,
    pub(super) nursery: Pid,
    pub(super) news: RefCell<News>,
    luck: Luck,
}

/// How the workers have fared.
#[derive(Default)]
struct Luck {
    any_answer: Cell<bool>,
    deaths_in_a_row: Cell<u32>,
    stillbirths_in_a_row: Cell<u32>,
}

impl Hall {
    pub(super) fn new(queue: Arc<Queue>, link: Link, settings: Settings) -> Rc<Self> {
        Rc::new(Self {
            queue,
            settings,
            starting: Cell::new(0),
            idle: Cell::new(0),
            control: Source::new(link.control),
            nursery: link.nursery,
            news: RefCell::default(),
            luck: Luck::default(),
        })
    }

    /// An answer has come: workers can live here.
    pub(super) fn praise(&self) {
        self.luck.any_answer.set(true);
        self.luck.deaths_in_a_row.set(0);
    }

    pub(super) fn welcome(&self) {
        self.luck.stillbirths_in_a_row.set(0);
    }

    /// A worker has ended that was not to. `was_ready` says whether its initializer was done.
    pub(super) fn mourn(&self, was_ready: bool, what_happened: &str) {
        let counter = |counter: &Cell<u32>| {
            counter.set(counter.get() + 1);
            counter.get() >= HOPELESS
        };
        let never_any = counter(&self.luck.deaths_in_a_row) && !self.luck.any_answer.get();
        let never_ready = !was_ready && counter(&self.luck.stillbirths_in_a_row);
        if never_any || never_ready {
            let before = if never_ready { "they were ready" } else { "a first result" };
            self.queue.fail(ProcessError::pool(format!(
                "{HOPELESS} workers in a row ended before {before}; the last one {what_happened}"
            )));
        }
    }
}
