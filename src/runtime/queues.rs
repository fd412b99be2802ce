//! Where tasks stand. Ready: a queue, oldest first, threaded through the slots. Waiting: in its slot and in no
//! queue, as those who wait have no order; a wake knows the slot. The executor takes the next task out and puts
//! it back, a wake makes a waiting one ready.
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

// ANCHOR: queues_imports
use std::panic::Location;
use std::rc::Rc;

use slab::Slab;

use super::task::Task;
use crate::trace::{Event, TaskId};
use crate::tracer::Tracer;
// ANCHOR_END: queues_imports

// ANCHOR: slot_index
/// Where a task's slot is. It may be another task's later: the `TaskId` tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SlotIndex(pub(super) u32);

/// A waker has 24 bits for it, all of them set mean nobody, and `block_on` must find a place too.
const MAX_TASKS: usize = (1 << 24) - 2;
// ANCHOR_END: slot_index

// ANCHOR: slot
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Ready,
    Running,
    Waiting,
}

struct Slot {
    id: TaskId,
    /// `None` while it runs; and always for the future of `block_on`, which lives on that function's stack.
    task: Option<Rc<dyn Task>>,
    /// Who is ready next after it.
    next: u32,
    state: State,
    aborted: bool,
}
// ANCHOR_END: slot

// ANCHOR: turn
/// Whose turn it is.
pub(super) struct Turn {
    pub(super) slot: SlotIndex,
    pub(super) id: TaskId,
    /// `None` is the future of `block_on`.
    pub(super) task: Option<Rc<dyn Task>>,
    pub(super) aborted: bool,
}
// ANCHOR_END: turn

// ANCHOR: ready
/// First and last; each slot names the next.
struct Ready {
    first: u32,
    last: u32,
}

/// Nobody comes next.
const NONE: u32 = u32::MAX;

impl Ready {
    fn push(&mut self, slots: &mut Slab<Slot>, index: u32) {
        match self.first {
            NONE => self.first = index,
            _ => slots[self.last as usize].next = index,
        }
        self.last = index;
    }

    fn pop<'a>(&mut self, slots: &'a mut Slab<Slot>) -> Option<(u32, &'a mut Slot)> {
        if self.first == NONE {
            return None;
        }
        let index = self.first;
        let slot = &mut slots[index as usize];
        self.first = std::mem::replace(&mut slot.next, NONE);
        Some((index, slot))
    }
}
// ANCHOR_END: ready

// ANCHOR: queues
pub(super) struct Queues {
    /// Everyone who has not finished.
    slots: Slab<Slot>,
    ready: Ready,
    spawned: u64,
    /// Picks at random instead of the oldest, so that a test meets every order.
    lots: Option<fastrand::Rng>,
}

impl Queues {
    /// `spawned` is the first task's number.
    pub(super) fn new(spawned: u64, seed: Option<u64>) -> Self {
        let ready = Ready { first: NONE, last: NONE };
        let lots = seed.map(fastrand::Rng::with_seed);
        Self { slots: Slab::new(), ready, spawned, lots }
    }
    // ANCHOR_END: queues

    // ANCHOR: insert
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
        if self.slots.is_empty() {
            self.slots.clear(); // free places again in the order of memory, not of who left
        }
        let id = TaskId(self.spawned);
        self.spawned += 1;
        let slot = Slot { id, task, state: State::Ready, aborted: false, next: NONE };
        let index = self.slots.insert(slot) as u32;
        let at = Location::caller();
        trace.emit(|| Event::Spawned { task: id, at });
        self.push_ready(index, id, trace);
        (SlotIndex(index), id)
    }
    // ANCHOR_END: insert

    // ANCHOR: next_turn
    /// Takes the task that has been ready longest. It is Running until `suspend` or `remove`.
    pub(super) fn next_turn(&mut self, trace: &Tracer) -> Option<Turn> {
        if let Some(mut lots) = self.lots.take() {
            self.reorder_ready(|everyone| lots.shuffle(everyone));
            self.lots = Some(lots);
        }
        let (index, slot) = self.ready.pop(&mut self.slots)?;
        slot.state = State::Running;
        let Slot { id, aborted, .. } = *slot;
        trace.begin_poll(id);
        Some(Turn { slot: SlotIndex(index), id, task: slot.task.take(), aborted })
    }
    // ANCHOR_END: next_turn

    // ANCHOR: suspend
    /// Its poll was `Pending`: it waits, unless it was woken or aborted meanwhile.
    pub(super) fn suspend(&mut self, turn: Turn, woken: bool, trace: &Tracer) {
        let Turn { slot: SlotIndex(index), id: task, .. } = turn;
        let slot = &mut self.slots[index as usize];
        slot.task = turn.task;
        trace.emit(|| Event::PollEnd { task });
        if woken || slot.aborted {
            slot.state = State::Ready;
            self.push_ready(index, task, trace);
        } else {
            slot.state = State::Waiting;
            trace.emit(|| Event::Waiting { task, on: trace.take_reasons() });
        }
    }
    // ANCHOR_END: suspend

    // ANCHOR: wake
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
    // ANCHOR_END: wake

    // ANCHOR: abort
    /// Marks a task and wakes it: at its next turn it is dropped, not polled.
    pub(super) fn abort(&mut self, slot: SlotIndex, id: TaskId, trace: &Tracer) {
        if let Some(found) = self.slots.get_mut(slot.0 as usize)
            && found.id == id
        {
            found.aborted = true;
            self.wake(slot, id.generation(), trace);
        }
    }
    // ANCHOR_END: abort

    // ANCHOR: remove
    /// The running task has finished.
    pub(super) fn remove(&mut self, SlotIndex(index): SlotIndex, trace: &Tracer) {
        if self.slots[index as usize].state == State::Ready {
            // Only a panic of the loop itself takes `block_on`'s future away before its turn.
            self.reorder_ready(|everyone| everyone.retain(|ready| *ready != index));
        }
        let task = self.slots.remove(index as usize).id;
        trace.emit(|| Event::PollEnd { task });
        trace.emit(|| Event::Finished { task });
    }
    // ANCHOR_END: remove

    // ANCHOR: abort_all
    /// Makes every task ready to be dropped: the loop is going away.
    pub(super) fn abort_all(&mut self, trace: &Tracer) {
        let everyone: Vec<_> = self.slots.iter().map(|(index, slot)| (index, slot.id)).collect();
        for (index, id) in everyone {
            self.abort(SlotIndex(index as u32), id, trace);
        }
    }
    // ANCHOR_END: abort_all

    // ANCHOR: push_ready
    pub(super) fn nothing_ready(&self) -> bool {
        self.ready.first == NONE
    }

    fn push_ready(&mut self, index: u32, task: TaskId, trace: &Tracer) {
        self.ready.push(&mut self.slots, index);
        let by = trace.cause();
        trace.emit(|| Event::Ready { task, by });
    }
    // ANCHOR_END: push_ready

    // ANCHOR: reorder_ready
    #[cold]
    fn reorder_ready(&mut self, reorder: impl FnOnce(&mut Vec<u32>)) {
        let pop = || Some(self.ready.pop(&mut self.slots)?.0);
        let mut everyone = std::iter::from_fn(pop).collect();
        reorder(&mut everyone);
        everyone.into_iter().for_each(|index| self.ready.push(&mut self.slots, index));
    }
}
// ANCHOR_END: reorder_ready

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use std::collections::HashSet;

    fn queues(spawned: u64) -> (Queues, Tracer) {
        (Queues::new(spawned, None), Tracer::new(Rc::new(Clock::new(false)), false, None))
    }

    /// A new task that has been polled once and waits.
    fn waiting(queues: &mut Queues, trace: &Tracer) -> (SlotIndex, TaskId) {
        let (slot, id) = queues.insert(None, trace);
        let turn = queues.next_turn(trace).unwrap();
        assert_eq!(turn.id, id);
        queues.suspend(turn, false, trace);
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
        let turn = queues.next_turn(&trace).unwrap();
        assert!(!turn.aborted);
        queues.suspend(turn, false, &trace);
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
    fn tasks_run_in_the_order_in_which_they_were_woken() {
        let (mut queues, trace) = queues(0);
        let tasks: Vec<_> = (0..5).map(|_| waiting(&mut queues, &trace)).collect();
        for at in [2, 0, 4, 2, 0] {
            let (slot, id) = tasks[at];
            queues.wake(slot, id.generation(), &trace);
        }
        assert_eq!(turns(&mut queues, &trace), [2, 0, 4].map(|at| tasks[at].1));
        assert_eq!(turns(&mut queues, &trace), []);
    }

    #[test]
    fn who_goes_before_its_turn_leaves_the_others_in_their_order() {
        for gone in 0..3 {
            let (mut queues, trace) = queues(0);
            let mut tasks: Vec<_> = (0..3).map(|_| queues.insert(None, &trace)).collect();
            queues.remove(tasks.remove(gone).0, &trace);
            tasks.push(queues.insert(None, &trace));
            assert_eq!(
                turns(&mut queues, &trace),
                tasks.iter().map(|task| task.1).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn with_a_seed_everybody_has_one_turn_in_some_order() {
        let orders = (0..50).map(|seed| {
            let (_, trace) = queues(0);
            let mut queues = Queues::new(0, Some(seed));
            (0..3).for_each(|_| _ = queues.insert(None, &trace));
            turns(&mut queues, &trace).into_iter().map(|id| id.0).collect::<Vec<_>>()
        });
        let orders: HashSet<_> = orders.collect();
        assert_eq!(orders.len(), 6, "{orders:?}");
        assert!(orders.iter().all(|order| order.len() == 3));
    }

    fn turns(queues: &mut Queues, trace: &Tracer) -> Vec<TaskId> {
        std::iter::from_fn(|| queues.next_turn(trace)).map(|turn| turn.id).collect()
    }
}
