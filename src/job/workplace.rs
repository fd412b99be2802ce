//! Which pool this thread works for. A worker that has to wait for a job of its own pool runs that
//! job itself, if nobody has begun it: otherwise a pool whose workers all wait would stand still.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A pool, by a number that is never given twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PoolId(u64);

impl PoolId {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// A job in the queue of its pool: the later it came, the higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket(pub(crate) u64);

/// Where a job was queued, for those who want to run it themselves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) pool: PoolId,
    pub(crate) ticket: Ticket,
}

/// A worker, as seen from the jobs that it runs.
pub(crate) trait Workplace {
    fn pool(&self) -> PoolId;

    /// Counted from 0 in its pool.
    fn number(&self) -> usize;

    /// Runs this job here and now, unless somebody has begun it; says whether it did.
    fn run_if_queued(&self, ticket: Ticket) -> bool;
}

thread_local! {
    static HERE: RefCell<Option<Rc<dyn Workplace>>> = const { RefCell::new(None) };
}

/// From now on until the guard is dropped this thread works there.
pub(crate) fn enter(workplace: Rc<dyn Workplace>) -> Entered {
    HERE.set(Some(workplace));
    Entered
}

pub(crate) struct Entered;

impl Drop for Entered {
    fn drop(&mut self) {
        drop(HERE.take());
    }
}

// ANCHOR: here
fn here(pool: PoolId) -> Option<Rc<dyn Workplace>> {
    // Nowhere, if the thread is ending and its thread-locals are gone.
    let here = HERE.try_with(|here| here.borrow().clone()).ok().flatten();
    here.filter(|here| here.pool() == pool)
}
// ANCHOR_END: here

/// Which worker of this pool the thread is, if it is one.
pub(crate) fn number_in(pool: PoolId) -> Option<usize> {
    here(pool).map(|here| here.number())
}

// ANCHOR: run_if_queued
/// Runs a job that is still queued, if this thread works for its pool; says whether it did.
pub(crate) fn run_if_queued(place: Place) -> bool {
    here(place.pool).is_some_and(|here| here.run_if_queued(place.ticket))
}
// ANCHOR_END: run_if_queued
