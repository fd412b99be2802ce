//! What drives the pool from this side: a thread with an event loop of its own. A task for each slot of the
//! pool keeps one worker at a time (`proxy.rs`); one speaks with the nursery (`link.rs`).

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::builder::Settings;
use super::control::Request;
use super::error::ProcessError;
use super::link::{Control, Link, News, reap};
use super::outbox::Outboxes;
use super::proxy::Proxy;
use super::queue::Queue;
use crate::net::Source;
use crate::runtime::{Runtime, spawn};
use crate::time::{sleep, timeout};

/// How long a worker may take to end after SIGTERM, before it is killed.
const GRACE: Duration = Duration::from_millis(500);

/// This many workers in a row that end before anything came of them are no accident.
const HOPELESS: u32 = 3;

/// How long a slot waits with the next worker when one could not be had: doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Starts the thread. It ends when no worker is needed any more, and the nursery with it.
pub(super) fn start(
    queue: Arc<Queue>,
    link: Link,
    settings: Settings,
) -> io::Result<JoinHandle<()>> {
    let work = move || {
        let _last_word = LastWord(Arc::clone(&queue));
        let nursery = link.nursery;
        let reaped = match Runtime::new() {
            Ok(runtime) => Supervisor::new(queue, link, settings).run(&runtime),
            Err(error) => {
                drop(link);
                queue.fail(ProcessError::pool(format!("no event loop for its pipes: {error}")));
                false
            }
        };
        // Nobody holds the control socket any more, so the nursery goes.
        if !reaped {
            reap(nursery);
        }
    };
    thread::Builder::new().name("glassloop-processes".into()).spawn(work)
}

/// Whatever ends the thread, no job waits for it for ever.
struct LastWord(Arc<Queue>);

impl Drop for LastWord {
    fn drop(&mut self) {
        self.0.fail(ProcessError::pool("the thread that drives it has ended"));
    }
}

/// What the tasks share.
pub(super) struct Supervisor {
    pub(super) queue: Arc<Queue>,
    pub(super) settings: Settings,
    pub(super) control: Source<Control>,
    pub(super) nursery: Pid,
    pub(super) outboxes: Arc<Outboxes>,
    /// Workers that were asked for before there were tasks to take them.
    pub(super) asked_early: Cell<usize>,
    pub(super) news: RefCell<News>,
    /// Workers that have been asked for and are not ready yet.
    starting: Cell<usize>,
    /// Workers that wait for a job.
    pub(super) idle: Cell<usize>,
    any_answer: Cell<bool>,
    deaths_in_a_row: Cell<u32>,
    failed_starts_in_a_row: Cell<u32>,
}

impl Supervisor {
    fn new(queue: Arc<Queue>, link: Link, settings: Settings) -> Rc<Self> {
        Rc::new(Self {
            queue,
            settings,
            control: Source::new(link.control),
            nursery: link.nursery,
            outboxes: link.outboxes,
            asked_early: Cell::new(link.asked),
            news: RefCell::default(),
            starting: Cell::new(0),
            idle: Cell::new(0),
            any_answer: Cell::new(false),
            deaths_in_a_row: Cell::new(0),
            failed_starts_in_a_row: Cell::new(0),
        })
    }

    /// Until no slot is needed any more; whether the nursery has ended and been reaped before.
    fn run(self: Rc<Self>, runtime: &Runtime) -> bool {
        runtime.block_on(async {
            let others = [
                spawn(Rc::clone(&self).speak_with_nursery()),
                spawn(Rc::clone(&self).await_terminate()),
            ];
            let slots: Vec<_> =
                (0..self.settings.workers).map(|_| spawn(Rc::clone(&self).fill_slot())).collect();
            for slot in slots {
                let _ = slot.await; // one that panicked has cancelled its jobs; the others go on
            }
            for task in others {
                task.abort();
                let _ = task.await;
            }
        });
        self.nursery_is_gone()
    }

    /// One worker after another, as long as there is need.
    async fn fill_slot(self: Rc<Self>) {
        let mut pause = FIRST_PAUSE;
        while self.needs_worker().await {
            let starting = Counted::new(&self.starting);
            match self.fork_worker().await {
                None => return,
                Some(Ok((id, socket, outbox))) => {
                    pause = FIRST_PAUSE;
                    Proxy::new(&self, id, socket, outbox, starting).run().await;
                    self.outboxes.give_back(outbox);
                }
                // The workers that there are do the work meanwhile.
                Some(Err(_)) if self.queue.lock().processes.len() > 1 => {
                    let _ = timeout(pause, self.is_over()).await;
                    pause = LONGEST_PAUSE.min(2 * pause);
                }
                Some(Err(why)) => self.worker_failed(false, &why),
            }
        }
    }

    /// Waits until no slot is needed any more.
    async fn is_over(&self) {
        poll_fn(|cx| self.queue.poll(cx, |state| state.is_over().then_some(()))).await
    }

    /// Waits until there are more jobs than workers to take them; false when there never will be.
    async fn needs_worker(&self) -> bool {
        poll_fn(|cx| {
            self.queue.poll(cx, |state| match state.unassigned() {
                _ if state.is_over() => Some(false),
                jobs => (jobs > self.starting.get() + self.idle.get()).then_some(true),
            })
        })
        .await
    }

    /// Asks all workers to end when the pool is terminated, and later makes them.
    async fn await_terminate(self: Rc<Self>) {
        poll_fn(|cx| self.queue.poll(cx, |state| state.terminating.then_some(()))).await;
        self.ask(Request::Signal { worker: 0, signal: Signal::SIGTERM as i32 });
        sleep(GRACE).await;
        self.ask(Request::Signal { worker: 0, signal: Signal::SIGKILL as i32 });
    }

    pub(super) fn worker_is_ready(&self) {
        self.failed_starts_in_a_row.set(0);
    }

    pub(super) fn worker_answered(&self) {
        self.any_answer.set(true);
        self.deaths_in_a_row.set(0);
    }

    /// A worker has ended that was not to, or could not be had. When that happens again and again, and nothing
    /// else, the pool fails. `was_ready` says whether its initializer was done.
    pub(super) fn worker_failed(&self, was_ready: bool, what_happened: &str) {
        let is_hopeless = |counter: &Cell<u32>| {
            counter.set(counter.get() + 1);
            counter.get() >= HOPELESS
        };
        let never_any = is_hopeless(&self.deaths_in_a_row) && !self.any_answer.get();
        let never_ready = !was_ready && is_hopeless(&self.failed_starts_in_a_row);
        if never_any || never_ready {
            let before = if never_ready { "they were ready" } else { "a first result" };
            self.queue.fail(ProcessError::pool(format!(
                "{HOPELESS} workers in a row ended before {before}; the last one {what_happened}"
            )));
        }
    }
}

/// Counts a worker in one of the supervisor's numbers, as long as this lives.
pub(super) struct Counted<'a>(&'a Cell<usize>);

impl<'a> Counted<'a> {
    pub(super) fn new(count: &'a Cell<usize>) -> Self {
        count.set(count.get() + 1);
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
