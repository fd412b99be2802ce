//! The executor: turns the loop until the future it was given has finished.

// ANCHOR: executor_imports
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::event_loop::EventLoop;
use super::join::JoinHandle;
use super::queues::SlotIndex;
use super::{remote, waker};
use crate::coop;
use crate::job::shielded;
use crate::trace::{Cause, Event};
// ANCHOR_END: executor_imports

// ANCHOR: budget
/// Polls between two looks at the kernel, the inbox and the clock: many enough that looking costs
/// little beside them, few enough that a socket never waits long for tasks that are always ready.
const BUDGET: u32 = 128;
// ANCHOR_END: budget

/// A single-threaded event loop.
///
/// Dropping it drops every task, then its sources.
///
/// ```
/// let runtime = glassloop::Runtime::new()?;
/// assert_eq!(runtime.block_on(async { 1 + 1 }), 2);
/// # Ok::<(), std::io::Error>(())
/// ```
// ANCHOR: runtime
pub struct Runtime(pub(crate) Rc<EventLoop>);
// ANCHOR_END: runtime

// ANCHOR: block_on
impl Runtime {
    /// Turns the loop until `future` has finished, and returns what it gave. Other tasks run
    /// meanwhile; those that are left stay where they are until the next call.
    ///
    /// # Panics
    /// When the future panics; inside another `block_on` of this thread; when the kernel fails to
    /// report events.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        assert!(
            EventLoop::try_current().is_none(),
            "block_on inside block_on would stop the loop that runs on this thread: \
             .await the future, or spawn it"
        );
        let _entered = self.0.enter();
        let mut future = pin!(future);
        let mut output = None;
        let (slot, _) = self.0.queues.borrow_mut().insert(None, &self.0.trace);
        let _root = Root(&self.0, slot);
        self.0.run(&mut |cx| future.as_mut().poll(cx).map(|done| output = Some(done)));
        output.expect("the loop runs until the future has finished")
    }
    // ANCHOR_END: block_on

    // ANCHOR: runtime_spawn
    /// Puts a future into the loop as a task that runs during the next `block_on`.
    #[track_caller]
    pub fn spawn<F: Future<Output: 'static> + 'static>(&self, future: F) -> JoinHandle<F::Output> {
        JoinHandle::spawn(&self.0, future)
    }
}
// ANCHOR_END: runtime_spawn

/// Puts a future into the loop that runs on this thread, as a task of its own. It need not be `Send`.
///
/// # Panics
/// Outside a running loop; when 16 million tasks live already.
///
/// ```
/// let runtime = glassloop::Runtime::new()?;
/// let text = std::rc::Rc::new("not Send");
/// let length = runtime.block_on(async { glassloop::spawn(async move { text.len() }).await });
/// assert_eq!(length.unwrap(), 8);
/// # Ok::<(), std::io::Error>(())
/// ```
// ANCHOR: spawn
#[track_caller]
pub fn spawn<F: Future<Output: 'static> + 'static>(future: F) -> JoinHandle<F::Output> {
    JoinHandle::spawn(&EventLoop::current(), future)
}
// ANCHOR_END: spawn

// ANCHOR: root_poll
/// Polls the future that `block_on` was given; no task has its type.
type RootPoll<'a> = dyn FnMut(&mut Context<'_>) -> Poll<()> + 'a;
// ANCHOR_END: root_poll

// ANCHOR: run
impl EventLoop {
    /// The tick, again and again until the root future has finished.
    fn run(&self, root: &mut RootPoll<'_>) {
        loop {
            self.receive_remote();
            if self.run_ready(root) {
                break;
            }
            self.react();
            self.fire_timers();
        }
    }
    // ANCHOR_END: run

    // ANCHOR: receive_remote
    /// Does what other threads asked for.
    fn receive_remote(&self) {
        self.trace.acting(Cause::Outside);
        for message in self.inbox.receive() {
            self.receive(message);
        }
    }
    // ANCHOR_END: receive_remote

    // ANCHOR: run_ready
    /// Gives the ready tasks their turns, oldest first; whether the root future finished.
    fn run_ready(&self, root: &mut RootPoll<'_>) -> bool {
        for _ in 0..BUDGET {
            let Some(turn) = self.queues.borrow_mut().next_turn(&self.trace) else { break };
            self.trace.acting(Cause::Task(turn.id));
            let number = waker::number(self.id, turn.slot, turn.id);
            let waker = waker::waker(number);
            let cx = &mut Context::from_waker(&waker);
            waker::begin_turn(number);
            coop::refill();
            let polled = match &turn.task {
                None => root(cx),
                Some(task) if turn.aborted => task.cancel(),
                Some(task) => task.poll(cx),
            };
            let woken = waker::end_turn(number);
            if polled.is_pending() {
                self.queues.borrow_mut().suspend(turn, woken, &self.trace);
                continue;
            }
            let Some(task) = turn.task else { return true };
            self.queues.borrow_mut().remove(turn.slot, &self.trace);
            if let Some(joiner) = task.take_joiner() {
                shielded(|| joiner.wake());
            }
        }
        false
    }
    // ANCHOR_END: run_ready

    // ANCHOR: react
    /// Lets the kernel say what has happened: sleeps if nothing is ready, glances if something is.
    fn react(&self) {
        let idle = self.queues.borrow().nothing_ready();
        let sleeping = idle && self.inbox.may_sleep();
        let timeout = if sleeping { self.until_deadline() } else { Some(Duration::ZERO) };
        if !sleeping && !self.reactor.has_sources() {
            return;
        }
        if sleeping {
            self.trace.emit(|| Event::LoopSleep { timeout });
        }
        let mut woken = self.woken.take();
        let waited = self.reactor.wait(timeout, &mut woken);
        if sleeping {
            self.inbox.awake();
            self.trace.emit(|| Event::LoopWake);
        }
        self.wake_all(Cause::Kernel, woken);
        waited.expect("the kernel failed to report events");
    }
    // ANCHOR_END: react

    // ANCHOR: fire_timers
    fn fire_timers(&self) {
        let mut woken = self.woken.take();
        self.timers.borrow_mut().expire(|| self.clock.now(), &mut woken);
        self.wake_all(Cause::Timer, woken);
    }
    // ANCHOR_END: fire_timers

    // ANCHOR: until_deadline
    /// How long an idle loop may sleep; `None` until something happens. A clock that stands still jumps to
    /// the deadline, if nothing from outside can come before it.
    fn until_deadline(&self) -> Option<Duration> {
        let deadline = self.timers.borrow_mut().next();
        if self.clock.is_paused() {
            if self.in_flight.get() > 0 || self.reactor.has_sources() {
                return None;
            }
            match deadline {
                Some(deadline) => self.clock.move_to(deadline),
                None if self.nobody_outside() => self.trace.report_deadlock(),
                None => {}
            }
        }
        Some(Duration::from_nanos(deadline?.saturating_sub(self.clock.now())))
    }
    // ANCHOR_END: until_deadline

    // ANCHOR: wake_all
    /// Wakes everyone, with nothing borrowed: a waker may be anybody's code.
    fn wake_all(&self, cause: Cause, mut woken: Vec<Waker>) {
        self.trace.acting(cause);
        for waker in woken.drain(..) {
            shielded(|| waker.wake());
        }
        self.woken.set(woken);
    }
}
// ANCHOR_END: wake_all

// ANCHOR: root
/// The place of `block_on`'s future in the queues; given back also when that future panics.
struct Root<'a>(&'a EventLoop, SlotIndex);

impl Drop for Root<'_> {
    fn drop(&mut self) {
        coop::lift();
        self.0.queues.borrow_mut().remove(self.1, &self.0.trace);
        self.0.trace.acting(Cause::Outside);
    }
}
// ANCHOR_END: root

// ANCHOR: drop_runtime
impl Drop for Runtime {
    fn drop(&mut self) {
        let event_loop = &self.0;
        let _entered = event_loop.enter();
        event_loop.closing.set(true);
        event_loop.queues.borrow_mut().abort_all(&event_loop.trace);
        while !event_loop.queues.borrow().nothing_ready() {
            event_loop.run_ready(&mut |_| Poll::Pending);
        }
        for unread in remote::unregister(event_loop.id) {
            shielded(|| drop(unread));
        }
    }
}
// ANCHOR_END: drop_runtime
