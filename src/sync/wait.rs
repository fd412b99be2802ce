//! Who waits, for all of `sync`: a list, longest first, and a place for one alone. What is waited for
//! lives with each primitive.
//!
//! A waker is anybody's code: its clone, its drop and its wake may come back to the very list. So it is
//! cloned before anything is decided, and woken or dropped when nothing is borrowed any more; a panic of
//! it harms nobody but itself.

use std::cell::{Cell, RefCell};
use std::task::{Context, Poll, Waker, ready};

use slab::Slab;

use super::list::{Linked, Links, List};
use crate::coop;
use crate::job::shielded;
use crate::runtime::EventLoop;
use crate::trace::Wait;

/// Those who wait for one thing, longest first. `S` is what the primitive notes about each of them.
pub(super) struct WaitList<S>(RefCell<Entries<S>>);

struct Entries<S> {
    queue: List,
    /// Those in the queue, and those who were served and have not come to see it.
    slab: Slab<Entry<S>>,
}

struct Entry<S> {
    links: Links,
    queued: bool,
    waker: Option<Waker>,
    state: S,
}

impl<S> Linked for Entry<S> {
    fn links(&mut self) -> &mut Links {
        &mut self.links
    }
}

impl<S> Entries<S> {
    // ANCHOR: serve_first_entry
    /// Whoever has waited longest leaves the queue if `serve` says so; the entry stays for its owner.
    fn serve_first(&mut self, serve: impl FnOnce(&mut S) -> bool) -> Option<Option<Waker>> {
        let first = self.queue.first()?;
        let entry = &mut self.slab[first as usize];
        if !serve(&mut entry.state) {
            return None;
        }
        entry.queued = false;
        let waker = entry.waker.take();
        self.queue.take_out(&mut self.slab, first);
        Some(waker)
    }
    // ANCHOR_END: serve_first_entry
}

impl<S> WaitList<S> {
    pub(super) fn new() -> Self {
        Self(RefCell::new(Entries { queue: List::EMPTY, slab: Slab::new() }))
    }

    // ANCHOR: serve_first
    /// Lets `serve` give something to whoever has waited longest; if that was all it waited for (true),
    /// it leaves the queue and is woken. Whether that happened.
    pub(super) fn serve_first(&self, serve: impl FnOnce(&mut S) -> bool) -> bool {
        let served = self.0.borrow_mut().serve_first(serve);
        let Some(waker) = served else { return false };
        wake(waker);
        true
    }
    // ANCHOR_END: serve_first

    /// Serves all who wait now; who comes while they are being woken has come too late.
    pub(super) fn serve_all(&self, mut serve: impl FnMut(&mut S)) {
        let mut entries = self.0.borrow_mut();
        let mut all = Vec::new();
        while let Some(waker) = entries.serve_first(|state| {
            serve(state);
            true
        }) {
            all.push(waker);
        }
        drop(entries);
        all.into_iter().for_each(wake);
    }
}

/// A future's place in a list. Dropping it leaves the list.
pub(super) struct Place<'a, S> {
    list: &'a WaitList<S>,
    key: Option<usize>,
}

impl<'a, S> Place<'a, S> {
    /// Not in the list yet.
    pub(super) fn new(list: &'a WaitList<S>) -> Self {
        Self { list, key: None }
    }

    /// What is noted about this one; `None` before it has waited.
    pub(super) fn state(&self) -> Option<S>
    where
        S: Copy,
    {
        self.key.map(|key| self.list.0.borrow().slab[key].state)
    }

    /// Waits at the end of the queue, or where it waits already. Only the latest waker is kept, since the
    /// future may have moved to another task; with none, it is in the queue and nobody is woken.
    pub(super) fn wait(&mut self, waker: Option<Waker>, joins_with: impl FnOnce() -> S) {
        let Some(key) = self.key else {
            let state = joins_with();
            let entries = &mut *self.list.0.borrow_mut();
            let entry = Entry { links: Links::UNLINKED, queued: true, waker, state };
            let key = entries.slab.insert(entry);
            entries.queue.push(&mut entries.slab, key as u32);
            self.key = Some(key);
            return;
        };
        if waker.is_some() {
            let old = std::mem::replace(&mut self.list.0.borrow_mut().slab[key].waker, waker);
            shielded(|| drop(old));
        }
    }

    // ANCHOR: leave
    /// Leaves the list, in the queue or served; gives back what was noted.
    pub(super) fn leave(&mut self) -> Option<S> {
        let key = self.key.take()?;
        let entry = {
            let entries = &mut *self.list.0.borrow_mut();
            if entries.slab[key].queued {
                entries.queue.take_out(&mut entries.slab, key as u32);
            }
            entries.slab.remove(key)
        };
        shielded(|| drop(entry.waker));
        Some(entry.state)
    }
    // ANCHOR_END: leave
}

impl<S> Drop for Place<'_, S> {
    fn drop(&mut self) {
        self.leave();
    }
}

/// Where at most one waits: the only receiver of a channel, either end of a oneshot.
#[derive(Default)]
pub(super) struct Waiter(Cell<Option<Waker>>);

impl Waiter {
    // ANCHOR: waiter_poll
    /// What `look` finds; until then waits, for what `wait` names. Only the latest waker is kept.
    pub(super) fn poll<R>(
        &self,
        cx: &mut Context<'_>,
        what: &'static str,
        mut look: impl FnMut() -> Option<R>,
    ) -> Poll<R> {
        ready!(coop::poll_budget(cx));
        let found = look().or_else(|| {
            let old = self.0.replace(Some(cx.waker().clone()));
            shielded(|| drop(old));
            look() // once more: the clone and the drop may have been what brings it
        });
        match found {
            Some(found) => {
                self.leave();
                coop::spend();
                Poll::Ready(found)
            }
            None => pending(what),
        }
    }
    // ANCHOR_END: waiter_poll

    pub(super) fn wake(&self) {
        wake(self.0.take());
    }

    /// Nobody waits any more.
    pub(super) fn leave(&self) {
        let waker = self.0.take();
        shielded(|| drop(waker));
    }

    /// Nobody waits any more when the guard is dropped.
    pub(super) fn leave_on_drop(&self) -> impl Drop + '_ {
        struct Leave<'a>(&'a Waiter);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                self.0.leave();
            }
        }
        Leave(self)
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        shielded(|| waker.wake());
    }
}

/// `Pending`; a loop that records is told what the task waits for.
pub(super) fn pending<R>(what: &'static str) -> Poll<R> {
    EventLoop::waits_for(|| Wait::from(what));
    Poll::Pending
}
