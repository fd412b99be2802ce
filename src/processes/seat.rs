//! A seat of the pool: one worker after another, as long as there is need (`served.rs` has the life of one).

use std::cell::Cell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Context;
use std::time::Duration;

use super::control::Request;
use super::hall::Hall;
use super::served::Worker;
use crate::time::sleep;

/// How long to wait with a next worker when one could not be had.
const REFUSED: Duration = Duration::from_millis(100);

/// Keeps the seat taken as long as there is need.
pub(super) async fn occupy(hall: Rc<Hall>) {
    while hall.needs_worker().await {
        let mut starting = Counted::new(&hall.starting);
        starting.set(true);
        hall.ask(Request::Fork);
        match hall.arrival().await {
            None => return,
            // Those that are there do the work.
            Some(Err(_)) if hall.queue.lock().processes.len() > 1 => sleep(REFUSED).await,
            Some(Err(why)) => hall.mourn(false, &why),
            Some(Ok((id, socket))) => Worker::new(&hall, id, socket, starting).live().await,
        }
    }
}

impl Hall {
    /// Waits until there are more jobs than workers to take them; false when there never will be.
    async fn needs_worker(&self) -> bool {
        let look = |cx: &mut Context<'_>| {
            self.queue.poll(cx, |state| match state.jobs.len() {
                _ if state.is_over() => Some(false),
                jobs => (jobs > self.starting.get() + self.idle.get()).then_some(true),
            })
        };
        poll_fn(look).await
    }
}

/// Counts a worker in one of the hall's numbers, as long as it is set.
pub(super) struct Counted<'a>(&'a Cell<usize>, bool);

impl<'a> Counted<'a> {
    pub(super) fn new(count: &'a Cell<usize>) -> Self {
        Self(count, false)
    }

    pub(super) fn set(&mut self, counts: bool) {
        match (std::mem::replace(&mut self.1, counts), counts) {
            (false, true) => self.0.set(self.0.get() + 1),
            (true, false) => self.0.set(self.0.get() - 1),
            _ => {}
        }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.set(false);
    }
}
