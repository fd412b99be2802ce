//! Where tasks stand: ready to run, oldest first, or waiting, longest first. The executor takes the
//! next one out and puts it back; a wake moves it from waiting to ready.
//!
//! ```text
//!   spawn ──▶ New ──┐                         ┌──▶ Finished (its slot is free again)
//!                   ├─▶ Ready ──▶ Running ────┤
//!             wake ─┘    ▲         │  │       └──▶ Waiting ──┐
//!                        └─────────┘  (woken while it ran)   │
//!                        └───────────── wake ────────────────┘
//! ```
//!
//! New differs from Ready only in that it never ran; the trace tells them apart, the queue need not.

use std::panic::Location;
use std::rc::Rc;

use slab::Slab;

use super::list::{Linked, Links, List};
use super::task::Task;
use crate::trace::{Event, TaskId};
use crate::tracer::Tracer;

/// Where a task's slot is. It may be another task's later: the `TaskId` tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SlotIndex(pub(super) u32);

/// A waker has 24 bits for it, and `block_on` must find a place too.
const MAX_TASKS: usize = (1 << 24) - 2;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Ready,
    Running,
    Waiting,
}

struct Slot {
    id: TaskId,
    /// `None` stands for the future of `block_on`, which lives on that function's stack.
    task: Option<Rc<dyn Task>>,
    /// Who is ready next after it.
    next: u32,
    state: State,
    aborted: bool,
}

/// The ready queue, threaded through the slots.
struct Ready {
    first: u32,
    last: u32,
}

/// Behind the last one.
const NONE: u32 = u32::MAX;

/// Whose turn it is.
pub(super) struct Turn {
    pub(super) slot: SlotIndex,
    pub(super) id: TaskId,
    pub(super) task: Option<Rc<dyn Task>>,
    pub(super) aborted: bool,
}

pub(super) struct Queues {
    slots: Slab<Slot>,
    /// Oldest first.
    ready: Ready,
    spawned: u64,
    /// Draws lots instead, so that a test meets every order.
    lots: Option<fastrand::Rng>,
}

impl Queues {
    /// `spawned` is the first task's number.
    pub(super) fn new(spawned: u64, seed: Option<u64>) -> Self {
        let lots = seed.map(fastrand::Rng::with_seed);
        Self { slots: Slab::new(), ready: Ready { first: NONE, last: NONE }, spawned, lots }
    }

    /// Puts a new task at the end of the ready queue.
    #[track_caller]
    pub(super) fn insert(
        &mut self,
        task: Option<Rc<dyn Task>>,
        trace: &Tracer,
    ) -> (SlotIndex, TaskId) {
        assert!(
            task.is_none() || self.slots.len() < MAX_TASKS,
            "16 million tasks live already: await some before you spawn more"
        );
        let id = TaskId(self.spawned);
        self.spawned += 1;
        let slot = Slot { id, task, state: State::Ready, aborted: false, next: NONE };
        let index = self.slots.insert(slot) as u32;
        let at = Location::caller();
        trace.emit(|| Event::Spawned { task: id, at });
        self.push_ready(index, id, trace);
        (SlotIndex(index), id)
    }

    /// Takes the task that has been ready longest. It is Running until `suspend` or `remove`.
    pub(super) fn next_turn(&mut self, trace: &Tracer) -> Option<Turn> {
        if self.ready.first == NONE {
            return None;
        }
        let index = self.ready.first;
        let slot = &mut self.slots[index as usize];
        self.ready.first = std::mem::replace(&mut slot.next, NONE);
        slot.state = State::Running;
        let Slot { id, aborted, .. } = *slot;
        trace.begin_poll(id);
        Some(Turn { slot: SlotIndex(index), id, task: slot.task.take(), aborted })
    }

    /// Its poll was `Pending`: it waits, unless it was woken meanwhile.
    pub(super) fn suspend(
        &mut self,
        SlotIndex(index): SlotIndex,
        task: Option<Rc<dyn Task>>,
        woken: bool,
        trace: &Tracer,
    ) {
        let slot = &mut self.slots[index as usize];
        slot.task = task;
        let task = slot.id;
        trace.emit(|| Event::PollEnd { task });
        if woken || slot.aborted {
            slot.state = State::Ready;
            self.push_ready(index, task, trace);
        } else {
            slot.state = State::Waiting;
            trace.emit(|| Event::Waiting { task, on: trace.take_reasons() });
        }
    }

    /// Makes a waiting task ready. A second wake before its next poll changes nothing, and a wake
    /// for a task that is gone meets another generation in its slot, or none.
    pub(super) fn wake(&mut self, SlotIndex(index): SlotIndex, generation: u32, trace: &Tracer) {
        if let Some(slot) = self.slots.get_mut(index as usize)
            && slot.id.generation() == generation
            && slot.state == State::Waiting
        {
            slot.state = State::Ready;
            let task = slot.id;
            self.push_ready(index, task, trace);
        }
    }

    /// Marks a task and wakes it: at its next turn it is dropped, not polled.
    pub(super) fn abort(&mut self, slot: SlotIndex, id: TaskId, trace: &Tracer) {
        if let Some(found) = self.slots.get_mut(slot.0 as usize)
            && found.id == id
        {
            found.aborted = true;
            self.wake(slot, id.generation(), trace);
        }
    }

    /// The running task has finished.
    pub(super) fn remove(&mut self, SlotIndex(index): SlotIndex, trace: &Tracer) {
        // Only a panic of the loop itself takes `block_on`'s future away before its turn.
        match self.slots[index as usize].state {
            State::Ready => todo!(),
            _ => {}
        }
        let task = self.slots.remove(index as usize).id;
        trace.emit(|| Event::PollEnd { task });
        trace.emit(|| Event::Finished { task });
    }

    /// Makes every task ready to be dropped: the loop is going away.
    pub(super) fn abort_all(&mut self, trace: &Tracer) {
        let everyone: Vec<_> = self.slots.iter().map(|(index, slot)| (index, slot.id)).collect();
        for (index, id) in everyone {
            self.abort(SlotIndex(index as u32), id, trace);
        }
    }

    pub(super) fn nothing_ready(&self) -> bool {
        self.ready.first == NONE
    }

    /// At the end of the ready queue.
    fn push_ready(&mut self, index: u32, task: TaskId, trace: &Tracer) {
        match self.ready.first {
            NONE => self.ready.first = index,
            _ => self.slots[self.ready.last as usize].next = index,
        }
        self.ready.last = index;
        let by = trace.cause();
        trace.emit(|| Event::Ready { task, by });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn queues(spawned: u64) -> (Queues, Tracer) {
        (Queues::new(spawned, None), Tracer::new(Rc::new(Clock::new(false)), false, None))
    }

    /// A new task that has been polled once and waits.
    fn waiting(queues: &mut Queues, trace: &Tracer) -> (SlotIndex, TaskId) {
        let (slot, id) = queues.insert(None, trace);
        assert_eq!(queues.next_turn(trace).unwrap().id, id);
        queues.suspend(slot, false, trace);
        (slot, id)
    }

    #[test]
    fn after_the_generations_have_wrapped_an_old_waker_costs_one_poll_and_an_abort_nothing() {
        let (mut queues, trace) = queues(0);
        let (old_slot, old) = waiting(&mut queues, &trace);
        queues.wake(old_slot, old.generation(), &trace);
        queues.next_turn(&trace);
        queues.remove(old_slot, &trace);

        queues.spawned = 1 << 24;
        let (slot, id) = waiting(&mut queues, &trace);
        assert_eq!((slot, id.generation()), (old_slot, old.generation()));
        assert_ne!(id, old);
        queues.abort(old_slot, old, &trace);
        assert!(queues.nothing_ready(), "an abort met a task that is not its own");
        queues.wake(old_slot, old.generation(), &trace);
        assert!(!queues.next_turn(&trace).unwrap().aborted);
        queues.suspend(slot, false, &trace);
        assert!(queues.nothing_ready(), "the wake counted more than once");
    }

    #[test]
    fn a_wake_of_another_generation_or_of_an_empty_slot_does_nothing() {
        let (mut queues, trace) = queues(7);
        let (slot, id) = waiting(&mut queues, &trace);
        queues.wake(slot, id.generation() + 1, &trace);
        queues.wake(SlotIndex(slot.0 + 1), id.generation(), &trace);
        queues.abort(SlotIndex(u32::MAX), id, &trace);
        assert!(queues.nothing_ready());
    }

    #[test]
    fn a_task_taken_out_of_the_middle_leaves_the_others_in_their_order() {
        let (mut queues, trace) = queues(0);
        let tasks: Vec<_> = (0..5).map(|_| waiting(&mut queues, &trace)).collect();
        for at in [2, 0, 4] {
            let (slot, id) = tasks[at];
            queues.wake(slot, id.generation(), &trace);
        }
        let mut left = Vec::new();
        let mut next = queues.waiting.first();
        while let Some(index) = next {
            left.push(queues.slots[index as usize].id);
            next = List::after(&mut queues.slots, index);
        }
        assert_eq!(left, [tasks[1].1, tasks[3].1]);
        let woken: Vec<_> =
            std::iter::from_fn(|| queues.next_turn(&trace)).map(|turn| turn.id).collect();
        assert_eq!(woken, [tasks[2].1, tasks[0].1, tasks[4].1]);
    }
}
