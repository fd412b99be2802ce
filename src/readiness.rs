//! What is remembered of a descriptor in one direction: whether it is ready, and who waits until it is.
//! The reactor keeps two of them for each descriptor; `net/source.rs` asks and tells them.
//!
//! An event makes a side ready, an attempt that would block clears it, and so does a short read or write.
//! Only "closed" outlives a short read: the end of the file is still to be read, and the kernel will not
//! tell of it twice.
//!
//! Wakers may be anybody's code, also when they are dropped. So what is not needed any more is handed
//! out, and dropped when nothing is borrowed.

use std::cell::{Cell, RefCell};
use std::task::Waker;

// ANCHOR: side
#[derive(Default)]
pub(crate) struct Side {
    ready: Cell<bool>,
    closed: Cell<bool>,
    /// How many have told of something, to tell old news from new.
    events: Cell<u32>,
    waiting: RefCell<Vec<(Waiter, Waker)>>,
}
// ANCHOR_END: side

// ANCHOR: waiter
/// Who waits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Waiter {
    /// Whoever has this waker. It stays until the next event.
    Anybody,
    /// A future that owns its wait: only its latest waker counts, and it takes it along when it goes.
    Owner(u64),
}
// ANCHOR_END: waiter

/// The last event that somebody knew of.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Seen(u32);

impl Side {
    /// `ready`: an attempt is worth making, although the kernel has said nothing yet.
    pub(crate) fn new(ready: bool) -> Self {
        Self { ready: Cell::new(ready), ..Self::default() }
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.ready.get()
    }

    /// No more will come this way, or so it seems.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    pub(crate) fn seen(&self) -> Seen {
        Seen(self.events.get())
    }

    // ANCHOR: side_clear
    /// An attempt would have blocked: nothing is ready there, whatever was said before.
    pub(crate) fn clear(&self) {
        self.ready.set(false);
        self.closed.set(false);
    }
    // ANCHOR_END: side_clear

    /// As `clear`, unless there has been news in the meantime.
    pub(crate) fn clear_seen(&self, seen: Seen) {
        if self.seen() == seen {
            self.clear();
        }
    }

    // ANCHOR: side_used_up
    /// A short read or write: the kernel's buffer is used up, and a new event will tell of more.
    pub(crate) fn used_up(&self) {
        self.ready.set(self.closed.get());
    }
    // ANCHOR_END: side_used_up

    // ANCHOR: side_happened
    /// The kernel told of something; all who wait are to be woken.
    pub(crate) fn happened(&self, ready: bool, closed: bool, woken: &mut Vec<Waker>) {
        if ready || closed {
            self.ready.set(true);
            self.closed.set(self.closed.get() | closed);
            self.events.set(self.events.get().wrapping_add(1));
            for (_, waker) in self.waiting.borrow_mut().drain(..) {
                woken.push(waker);
            }
        }
    }
    // ANCHOR_END: side_happened

    // ANCHOR: side_wait
    /// Waiting twice is waiting once. Gives back the waker that is not needed.
    pub(crate) fn wait(&self, who: Waiter, waker: Waker) -> Option<Waker> {
        let same = |(known, theirs): &&mut (Waiter, Waker)| {
            *known == who && (who != Waiter::Anybody || theirs.will_wake(&waker))
        };
        let mut waiting = self.waiting.borrow_mut();
        match waiting.iter_mut().find(same) {
            Some((_, known)) => Some(std::mem::replace(known, waker)),
            None => {
                waiting.push((who, waker));
                None
            }
        }
    }
    // ANCHOR_END: side_wait

    /// It waits no more.
    pub(crate) fn forget(&self, owner: u64) -> Option<Waker> {
        let mut waiting = self.waiting.borrow_mut();
        let at = waiting.iter().position(|(who, _)| *who == Waiter::Owner(owner))?;
        Some(waiting.swap_remove(at).1)
    }

    pub(crate) fn is_awaited(&self) -> bool {
        !self.waiting.borrow().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Bell(AtomicUsize);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn bell() -> (Arc<Bell>, Waker) {
        let bell = Arc::new(Bell::default());
        (Arc::clone(&bell), bell.into())
    }

    fn ring(side: &Side) {
        let mut woken = Vec::new();
        side.happened(true, false, &mut woken);
        woken.into_iter().for_each(Waker::wake);
    }

    #[test]
    fn an_owner_that_forgets_its_wait_leaves_that_of_others() {
        let [(anybody, first), (gone, second), (owner, third)] = [bell(), bell(), bell()];
        let side = Side::default();
        side.wait(Waiter::Anybody, first.clone());
        side.wait(Waiter::Owner(1), second);
        side.wait(Waiter::Owner(2), third);
        side.wait(Waiter::Owner(3), first); // the same waker, but its own wait
        side.forget(1);
        side.forget(3);
        side.forget(4);
        ring(&side);
        let rings = [anybody, gone, owner].map(|bell| bell.0.load(Ordering::Relaxed));
        assert_eq!(rings, [1, 0, 1]);
        assert!(!side.is_awaited());
    }

    #[test]
    fn only_the_latest_waker_of_an_owner_is_woken() {
        let ((old, first), (new, second)) = (bell(), bell());
        let side = Side::default();
        side.wait(Waiter::Owner(1), first);
        side.wait(Waiter::Owner(1), second);
        ring(&side);
        assert_eq!((old.0.load(Ordering::Relaxed), new.0.load(Ordering::Relaxed)), (0, 1));
    }

    #[test]
    fn what_happened_since_it_was_seen_is_not_cleared() {
        let side = Side::default();
        ring(&side);
        let seen = side.seen();
        ring(&side);
        side.clear_seen(seen);
        assert!(side.is_ready());
        side.clear_seen(side.seen());
        assert!(!side.is_ready());
    }
}
