//! A waker is a number: which loop, which task, where to find it. Nothing is counted, nothing can
//! leak. `wake` goes to the loop that runs on this thread, or to another one's inbox.
//!
//! ```text
//!   bits   63 ......... 48 47 ......... 24 23 .......... 0
//!          loop (16)       generation (24) slot (24)
//! ```

// ANCHOR: waker_imports
use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::ptr::without_provenance;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::event_loop::EventLoop;
use super::queues::SlotIndex;
use super::remote::LoopId;
use crate::trace::TaskId;
// ANCHOR_END: waker_imports

// ANCHOR: layout
const _: () = assert!(
    usize::BITS == 64,
    "glassloop packs a waker into a pointer of 64 bits: this platform's pointers are smaller"
);

const BITS: u32 = 24;
const MASK: usize = (1 << BITS) - 1;

impl TaskId {
    /// The low bits, which tell the tasks apart that use one slot after another. After 16 million
    /// spawns they repeat: the price is one poll too many, which a future must bear anyway.
    pub(super) fn generation(self) -> u32 {
        self.0 as u32 & MASK as u32
    }
}
// ANCHOR_END: layout

// ANCHOR: running
thread_local! {
    /// The number of the task that runs on this thread and has not been woken since its turn began.
    static RUNNING: Cell<usize> = const { Cell::new(NOBODY) };
}

/// No task has this number: no slot has all bits.
const NOBODY: usize = usize::MAX;
// ANCHOR_END: running

// ANCHOR: number
/// The number of the task `id`, which stands in `slot` of the loop `loop_id`.
pub(super) fn number(LoopId(loop_id): LoopId, SlotIndex(slot): SlotIndex, id: TaskId) -> usize {
    (loop_id as usize) << (2 * BITS) | (id.generation() as usize) << BITS | slot as usize
}
// ANCHOR_END: number

// ANCHOR: waker
/// A task's waker. It need not be dropped: a number frees nothing.
#[allow(unsafe_code)]
pub(super) fn waker(number: usize) -> ManuallyDrop<Waker> {
    // SAFETY: the vtable keeps the contract with any number: it reads the pointer's address and
    // never what is there, clone copies it, drop has nothing to free, and all of it is thread-safe.
    ManuallyDrop::new(unsafe { Waker::new(without_provenance(number), &VTABLE) })
}
// ANCHOR_END: waker

// ANCHOR: turns
/// The turn of the task with this number begins.
pub(super) fn begin_turn(number: usize) {
    RUNNING.set(number);
}

/// Its turn is over. Whether it was woken meanwhile, or may have been: if another loop has run inside it, nobody
/// knows, and one poll too many does no harm.
pub(super) fn end_turn(number: usize) -> bool {
    RUNNING.replace(NOBODY) != number
}
// ANCHOR_END: turns

// ANCHOR: vtable
static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake, drop);

fn clone(number: *const ()) -> RawWaker {
    RawWaker::new(number, &VTABLE)
}

fn wake(number: *const ()) {
    let number = number.addr();
    if number == RUNNING.get() {
        return RUNNING.set(NOBODY); // the commonest wake, and the cheapest: `end_turn` will tell
    }
    let loop_id = LoopId((number >> (2 * BITS)) as u16);
    let generation = (number >> BITS & MASK) as u32;
    let slot = SlotIndex((number & MASK) as u32);
    EventLoop::wake(loop_id, slot, generation);
}

fn drop(_: *const ()) {}
// ANCHOR_END: vtable
