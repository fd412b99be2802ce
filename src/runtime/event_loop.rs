//! All that one event loop owns, and which loop runs on this thread. Wakers, handles, sources and
//! alarms come here to reach it; the executor drives it.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;

use super::backend::Backend;
use super::clock::Clock;
use super::queues::{Queues, SlotIndex};
use super::reactor::Reactor;
use super::remote::{self, Inbox, LoopId};
use super::timers::Timers;
use super::trace::Tracer;

pub(super) struct EventLoop {
    pub(super) id: LoopId,
    pub(super) queues: RefCell<Queues>,
    pub(super) timers: RefCell<Timers>,
    /// Sources share it, so that they can leave it whenever they are dropped.
    pub(super) reactor: Rc<Reactor>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) clock: Clock,
    pub(super) trace: Tracer,
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
        let inbox = Arc::new(Inbox::new(backend.notifier()?));
        let clock = Clock::new();
        Ok(Self {
            id: remote::register(Arc::clone(&inbox))?,
            queues: RefCell::default(),
            timers: RefCell::default(),
            reactor: Rc::new(Reactor::new(backend)),
            inbox,
            trace: Tracer::new(clock.start, recording),
            clock,
            closing: Cell::new(false),
            woken: Cell::default(),
        })
    }

    /// The loop that runs on this thread.
    ///
    /// # Panics
    /// When none does.
    #[track_caller]
    pub(super) fn current() -> Rc<Self> {
        let current = CURRENT.with_borrow(Option::clone);
        current.expect("no event loop runs on this thread: call this inside Runtime::block_on")
    }

    /// Shows the loop that runs on this thread, if one does, to `f`, which runs nothing user-written.
    pub(super) fn with_current<R>(f: impl FnOnce(&Self) -> R) -> Option<R> {
        // A thread that is ending may wake from the destructor of a thread-local of its own.
        CURRENT.try_with(|current| current.borrow().as_deref().map(f)).ok().flatten()
    }

    /// Makes this the thread's loop until the guard is dropped, and then the one before again.
    pub(super) fn enter(self: &Rc<Self>) -> Entered {
        Entered(CURRENT.replace(Some(Rc::clone(self))))
    }

    pub(super) fn wake(&self, slot: SlotIndex, generation: u32) {
        self.queues.borrow_mut().wake(slot, generation, &self.trace);
    }
}

/// The loop that was current before.
pub(super) struct Entered(Option<Rc<EventLoop>>);

impl Drop for Entered {
    fn drop(&mut self) {
        // The loop comes out first: its last owner may be this thread-local.
        let _left = CURRENT.replace(self.0.take());
    }
}
