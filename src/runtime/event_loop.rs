//! All that one event loop owns, and which loop runs on this thread. Wakers, handles, sources and
//! alarms come here to reach it; the executor drives it.

// ANCHOR: event_loop_imports
use std::cell::{Cell, RefCell};
use std::io;
use std::mem::ManuallyDrop;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;

use super::backend::Backend;
use super::queues::{Queues, SlotIndex};
use super::reactor::Reactor;
use super::remote::{self, LoopId, Mailbox, Message};
use super::timers::{TimerKey, Timers};
use crate::clock::Clock;
use crate::job::shielded;
use crate::trace::Wait;
use crate::tracer::Tracer;
// ANCHOR_END: event_loop_imports

// ANCHOR: event_loop
pub(crate) struct EventLoop {
    pub(crate) id: LoopId,
    pub(super) queues: RefCell<Queues>,
    pub(crate) timers: RefCell<Timers>,
    /// Sources share it, so that they can leave it whenever they are dropped.
    pub(crate) reactor: Rc<Reactor>,
    pub(crate) inbox: Arc<Mailbox>,
    pub(crate) clock: Rc<Clock>,
    pub(crate) trace: Tracer,
    /// Blocking jobs that a paused clock waits for.
    pub(crate) in_flight: Cell<usize>,
    /// The runtime is being dropped: nothing new begins.
    pub(super) closing: Cell<bool>,
    /// Whom to wake, collected while something is borrowed; reused from tick to tick.
    pub(super) woken: Cell<Vec<Waker>>,
}
// ANCHOR_END: event_loop

// ANCHOR: current_loop
thread_local! {
    /// Never dropped: whoever entered a loop leaves it before the thread ends. So it is there until the very
    /// end, for the destructors of other thread-locals too.
    static CURRENT: RefCell<ManuallyDrop<Option<Rc<EventLoop>>>> =
        const { RefCell::new(ManuallyDrop::new(None)) };
}
// ANCHOR_END: current_loop

// ANCHOR: new_loop
impl EventLoop {
    pub(crate) fn new(
        backend: Box<dyn Backend>,
        clock: Rc<Clock>,
        trace: Tracer,
        seed: Option<u64>,
    ) -> io::Result<Self> {
        let inbox = Arc::new(Mailbox::new(backend.notifier()?));
        let (id, count_from) = remote::register(Arc::clone(&inbox))?;
        Ok(Self {
            id,
            queues: RefCell::new(Queues::new(count_from, seed)),
            timers: RefCell::new(Timers::new(count_from)),
            reactor: Rc::new(Reactor::new(backend)),
            inbox,
            clock,
            trace,
            in_flight: Cell::new(0),
            closing: Cell::new(false),
            woken: Cell::default(),
        })
    }
    // ANCHOR_END: new_loop

    // ANCHOR: current
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
        CURRENT.with_borrow(|current| Option::clone(current))
    }
    // ANCHOR_END: current

    // ANCHOR: look
    /// A short look at the loop that runs on this thread, if one does, without taking a share of it. `look` must
    /// not run anybody's code.
    pub(crate) fn look<R>(look: impl FnOnce(Option<&Self>) -> R) -> R {
        CURRENT.with_borrow(|current| look(current.as_deref()))
    }

    /// The running task says why its poll will be `Pending`. Heard by a loop that records; elsewhere it says it
    /// to nobody.
    pub(crate) fn waits_for(reason: impl FnOnce() -> Wait) {
        Self::look(|here| here.map_or((), |here| here.trace.waits_for(reason)));
    }
    // ANCHOR_END: look

    // ANCHOR: wake_loop
    /// What `act` gives, if the loop `to` runs on this thread.
    fn if_here<R>(to: LoopId, act: impl FnOnce(&Self) -> R) -> Option<R> {
        Self::look(|here| here.filter(|here| here.id == to).map(act))
    }

    /// Wakes a task of the loop `to`.
    #[inline(never)]
    pub(super) fn wake(to: LoopId, slot: SlotIndex, generation: u32) {
        let wake = |here: &Self| here.queues.borrow_mut().wake(slot, generation, &here.trace);
        if Self::if_here(to, wake).is_none() {
            remote::send(to, Message::Wake(slot, generation));
        }
    }
    // ANCHOR_END: wake_loop

    // ANCHOR: forget_timer
    /// Forgets a deadline of the loop `to`.
    pub(crate) fn cancel_timer(to: LoopId, key: TimerKey) {
        match Self::if_here(to, |here| here.timers.borrow_mut().cancel(key)) {
            Some(waker) => shielded(|| drop(waker)), // it may be anybody's code: nothing is borrowed by now
            None => remote::send(to, Message::CancelTimer(key)),
        }
    }
    // ANCHOR_END: forget_timer

    // ANCHOR: deliver
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
            Message::CancelTimer(key) => Self::cancel_timer(self.id, key),
            Message::Run(run) => shielded(run),
            Message::JobDone => self.in_flight.update(|jobs| jobs - 1),
        }
    }
    // ANCHOR_END: deliver

    // ANCHOR: nobody_outside
    /// Whether no `Handle` is left by which another thread could reach it; wakers do not count.
    pub(super) fn nobody_outside(&self) -> bool {
        let ours_and_the_registrys = 2;
        Arc::strong_count(&self.inbox) == ours_and_the_registrys
    }
    // ANCHOR_END: nobody_outside

    // ANCHOR: enter_loop
    /// Makes this the thread's loop until the guard is dropped, and then the one before again.
    pub(super) fn enter(self: &Rc<Self>) -> Entered {
        Entered(set_current(Some(Rc::clone(self))))
    }
}

/// Gives back the loop before.
fn set_current(next: Option<Rc<EventLoop>>) -> Option<Rc<EventLoop>> {
    ManuallyDrop::into_inner(CURRENT.replace(ManuallyDrop::new(next)))
}

/// The loop that was current before.
pub(super) struct Entered(Option<Rc<EventLoop>>);

impl Drop for Entered {
    fn drop(&mut self) {
        // The loop comes out first: its last owner may be this thread-local.
        let _left = set_current(self.0.take());
    }
}
// ANCHOR_END: enter_loop
