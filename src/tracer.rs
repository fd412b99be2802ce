//! Where events go: into a record of the run, into the table behind snapshots, or nowhere. The one place
//! that the queues, the tick and the futures of this crate tell what happens.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;

use crate::clock::Clock;
use crate::snapshot::{Snapshot, Table};
use crate::trace::{Cause, Event, Record, TaskId, Wait};

pub(crate) struct Tracer {
    clock: Rc<Clock>,
    listens: bool,
    records: Option<RefCell<Vec<Record>>>,
    table: Option<RefCell<Table>>,
    acting: Cell<Cause>,
    /// What the running task has said it waits for.
    reasons: RefCell<Vec<Wait>>,
}

impl Tracer {
    /// One that keeps a record if `recording`, and `table` up to date if there is one.
    pub(crate) fn new(clock: Rc<Clock>, recording: bool, table: Option<Table>) -> Self {
        Self {
            clock,
            listens: recording || table.is_some(),
            records: recording.then(RefCell::default),
            table: table.map(RefCell::new),
            acting: Cell::new(Cause::Outside),
            reasons: RefCell::default(),
        }
    }

    /// Who acts from now on: the cause of what becomes ready.
    pub(crate) fn acting(&self, cause: Cause) {
        self.acting.set(cause);
    }

    pub(crate) fn cause(&self) -> Cause {
        self.acting.get()
    }

    pub(crate) fn listens(&self) -> bool {
        self.listens
    }

    #[inline]
    pub(crate) fn begin_poll(&self, task: TaskId) {
        self.emit(|| {
            self.reasons.borrow_mut().clear(); // a task that was woken meanwhile did not wait for them
            Event::PollStart { task }
        });
    }

    /// The running task says why its poll will be `Pending`.
    pub(crate) fn waits_for(&self, reason: impl FnOnce() -> Wait) {
        if self.listens {
            self.reasons.borrow_mut().push(reason());
        }
    }

    /// What the task that ran has said, each reason once: within a poll it may have asked twice.
    pub(crate) fn take_reasons(&self) -> Vec<Wait> {
        let mut reasons = self.reasons.take();
        let mut said = HashSet::new();
        reasons.retain(|reason| said.insert(reason.clone()));
        reasons
    }

    /// Costs one look at a flag when nobody listens, as is usual.
    #[inline(always)]
    pub(crate) fn emit(&self, event: impl FnOnce() -> Event) {
        if self.listens {
            self.enter(event);
        }
    }

    #[cold]
    #[inline(never)]
    fn enter(&self, event: impl FnOnce() -> Event) {
        let record = Record { at: self.now(), event: event() };
        if let Some(table) = &self.table {
            table.borrow_mut().enter(&record);
        }
        if let Some(records) = &self.records {
            records.borrow_mut().push(record);
        }
    }

    pub(crate) fn take(&self) -> Vec<Record> {
        self.records.as_ref().map(RefCell::take).unwrap_or_default()
    }

    pub(crate) fn snapshot(&self) -> Option<Snapshot> {
        Some(self.table.as_ref()?.borrow().snapshot(self.now()))
    }

    pub(crate) fn report_deadlock(&self) -> ! {
        const DEADLOCK: &str = "deadlock: every task waits, the clock stands still, and there is neither \
                                a deadline nor a Handle by which somebody outside could wake them";
        match self.snapshot() {
            Some(everyone) => panic!("{DEADLOCK}\n{everyone}"),
            None => panic!("{DEADLOCK}; Builder::watch(true) lets this list them"),
        }
    }

    fn now(&self) -> Duration {
        Duration::from_nanos(self.clock.now())
    }
}
