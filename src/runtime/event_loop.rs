//! All that one event loop owns, and which loop runs on this thread. Wakers, handles, sources and
//! alarms come here to reach it; the executor drives it.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use super::backend::Backend;
use super::queues::Queues;
use super::reactor::Reactor;
use super::remote::{self, LoopId, Mailbox, Message};
use super::timers::{Nanos, Timers};
use crate::job::shielded;
use crate::trace::Tracer;

pub(crate) struct EventLoop {
    pub(crate) id: LoopId,
    pub(super) queues: RefCell<Queues>,
    pub(crate) timers: RefCell<Timers>,
    /// Sources share it, so that they can leave it whenever they are dropped.
    pub(crate) reactor: Rc<Reactor>,
    pub(crate) inbox: Arc<Mailbox>,
    pub(super) start: Instant,
    pub(crate) trace: Tracer,
    /// The runtime is being dropped: nothing new begins.
    pub(super) closing: Cell<bool>,
    /// Whom to wake, collected while something is borrowed; reused from tick to tick.
    pub(super) woken: Cell<Vec<Waker>>,
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<EventLoop>>> = const { RefCell::new(None) };
}

impl EventLoop {
    pub(super) fn new(backend: Box<dyn Backend>, recording: bool) -> io::Result<Self> {
        let inbox = Arc::new(Mailbox::new(backend.notifier()?));
        let (id, count_from) = remote::register(Arc::clone(&inbox))?;
        let start = Instant::now();
        Ok(Self {
            id,
            queues: RefCell::new(Queues::new(count_from)),
            timers: RefCell::new(Timers::new(count_from)),
            reactor: Rc::new(Reactor::new(backend)),
            inbox,
            start,
            trace: Tracer::new(start, recording),
            closing: Cell::new(false),
            woken: Cell::default(),
        })
    }

    /// The loop that runs on this thread.
    ///
    /// # Panics
    /// When none does.
    #[track_caller]
    pub(crate) fn current() -> Rc<Self> {
        let current = Self::try_current();
        current.expect("no event loop runs on this thread: call this inside Runtime::block_on")
    }

    /// The loop that runs on this thread, if one does.
    pub(crate) fn try_current() -> Option<Rc<Self>> {
        // A thread that is ending may come here from the destructor of a thread-local of its own.
        CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
    }

    /// Does what `message` asks of the loop `to`: at once if it runs on this thread, through its inbox
    /// if not.
    pub(crate) fn deliver(to: LoopId, message: Message) {
        match Self::try_current() {
            Some(here) if here.id == to => here.receive(message),
            _ => remote::send(to, message),
        }
    }

    pub(super) fn receive(&self, message: Message) {
        match message {
            Message::Wake(slot, generation) => {
                self.queues.borrow_mut().wake(slot, generation, &self.trace);
            }
            Message::Abort(slot, id) => self.queues.borrow_mut().abort(slot, id, &self.trace),
            Message::CancelTimer(key) => {
                let waker = self.timers.borrow_mut().cancel(key);
                shielded(|| drop(waker)); // it may be anybody's code: nothing is borrowed by now
            }
            Message::Run(run) => shielded(run),
        }
    }

    /// The time on the loop's clock.
    pub(super) fn now(&self) -> Nanos {
        self.at(Instant::now())
    }

    /// A moment on the loop's clock: 0 if it is before the start. Five centuries fit.
    pub(crate) fn at(&self, moment: Instant) -> Nanos {
        let since_start = moment.saturating_duration_since(self.start);
        since_start.as_nanos().try_into().unwrap_or(Nanos::MAX)
    }

    /// Makes this the thread's loop until the guard is dropped, and then the one before again.
    pub(super) fn enter(self: &Rc<Self>) -> Entered {
        Entered(set_current(Some(Rc::clone(self))))
    }
}

/// Gives back the loop before. When the thread is ending, and its thread-locals with it, there is
/// none: a runtime that is dropped as late as that has no loop to be found by destructors.
fn set_current(next: Option<Rc<EventLoop>>) -> Option<Rc<EventLoop>> {
    CURRENT.try_with(|current| current.replace(next)).ok().flatten()
}

/// The loop that was current before.
pub(super) struct Entered(Option<Rc<EventLoop>>);

impl Drop for Entered {
    fn drop(&mut self) {
        // The loop comes out first: its last owner may be this thread-local.
        let _left = set_current(self.0.take());
    }
}
