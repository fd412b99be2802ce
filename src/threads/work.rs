//! What the queues of the pools hold.

use crate::handle::InFlight;
use crate::job::{JobHandle, JoinError, Promise, promise, shielded};

/// What a pool of either kind queues.
pub(super) trait Job<S>: Send {
    fn run(self: Box<Self>, state: &mut S);

    /// It will never run.
    fn refuse(self: Box<Self>, why: JoinError);
}

struct Work<F, T> {
    work: F,
    promise: Promise<T>,
    /// Dropped last: whoever waits is woken by then.
    in_flight: Option<InFlight>,
}

impl<S, T: Send, F: FnOnce(&mut S) -> T + Send> Job<S> for Work<F, T> {
    fn run(self: Box<Self>, state: &mut S) {
        let Self { work, promise, in_flight: _until_the_end } = *self;
        promise.keep(move || work(state));
    }

    fn refuse(self: Box<Self>, why: JoinError) {
        let Self { work, promise, in_flight: _until_the_end } = *self;
        promise.settle(Err(why));
        shielded(|| drop(work));
    }
}

/// A job for the queue, and the handle that brings its result.
pub(super) fn pack<'job, S, T: Send + 'job>(
    work: impl FnOnce(&mut S) -> T + Send + 'job,
) -> (Box<dyn Job<S> + 'job>, JobHandle<T>) {
    let (promise, handle) = promise();
    (Box::new(Work { work, promise, in_flight: InFlight::begin() }), handle)
}

/// Work of which nobody wants to hear.
struct Detached<W>(W);

impl<S, W: FnOnce(&mut S) + Send> Job<S> for Detached<W> {
    fn run(self: Box<Self>, state: &mut S) {
        shielded(|| (self.0)(state));
    }

    fn refuse(self: Box<Self>, _: JoinError) {
        shielded(|| drop(self));
    }
}

/// A job for the queue that has no handle. No promise is made for it, and one that captures nothing takes no memory.
pub(super) fn detached<'job, S>(work: impl FnOnce(&mut S) + Send + 'job) -> Box<dyn Job<S> + 'job> {
    let Some(in_flight) = InFlight::begin() else { return Box::new(Detached(work)) };
    Box::new(Detached(move |state: &mut S| {
        let _until_the_end = in_flight;
        work(state);
    }))
}
