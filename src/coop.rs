//! A budget inside one poll. A task whose sockets and channels are always ready would never give control
//! back, since it never has to wait: so each poll may make so much progress, and then what it asks for
//! next is refused for this turn. The task has been woken already and goes on after the others.
//!
//! The tick's budget (`runtime/executor.rs`) is the other half: it bounds the polls between two looks at
//! the kernel, this one bounds the poll. The idea is tokio's `coop`.
//!
//! Everything that can be ready without waiting asks here first, and says afterwards that it has got
//! something:
//!
//! ```text
//!   ready!(coop::poll_budget(cx));          nothing left? then Pending, and woken
//!   ... take what is there ...
//!   coop::spend();                          only if there was something
//! ```

use std::cell::Cell;
use std::task::{Context, Poll};

// ANCHOR: left
/// What one poll may get: many things, so that asking costs little beside them, and few enough that the
/// others wait for microseconds.
const BUDGET: u32 = 128;

thread_local! {
    /// What the running poll may still get. Outside a loop nobody counts.
    static LEFT: Cell<u32> = const { Cell::new(u32::MAX) };
}
// ANCHOR_END: left

// ANCHOR: refill
/// A poll begins.
pub(crate) fn refill() {
    LEFT.set(BUDGET);
}
// ANCHOR_END: refill

/// The loop's own code runs, or nobody's: no limit.
pub(crate) fn lift() {
    LEFT.set(u32::MAX);
}

// ANCHOR: poll_budget
/// `Pending` when this poll has got enough; the task will be polled again.
pub(crate) fn poll_budget(cx: &mut Context<'_>) -> Poll<()> {
    if LEFT.get() == 0 {
        cx.waker().wake_by_ref();
        return Poll::Pending;
    }
    Poll::Ready(())
}
// ANCHOR_END: poll_budget

// ANCHOR: spend
/// Something was got.
pub(crate) fn spend() {
    LEFT.set(LEFT.get().saturating_sub(1));
}
// ANCHOR_END: spend

// ANCHOR: unlimited
/// Runs `poll` without a limit, for what must have its chance whatever others have got.
pub(crate) fn unlimited<R>(poll: impl FnOnce() -> R) -> R {
    let left = LEFT.replace(u32::MAX);
    let result = poll();
    LEFT.set(left);
    result
}
// ANCHOR_END: unlimited
