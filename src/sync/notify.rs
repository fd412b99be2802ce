//! Telling tasks that something has changed.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use super::wait::{Place, WaitList, pending};
use crate::coop;

/// Wakes a task, or all that wait. It carries no value: what has changed is seen elsewhere.
///
/// A [`notify_one`](Self::notify_one) that finds nobody is kept for the next who waits, once. The idea is
/// that of `std::thread::park` and `unpark`, the interface tokio's.
///
/// ```
/// use std::rc::Rc;
/// use glassloop::{spawn, sync::Notify};
///
/// let runtime = glassloop::Runtime::new()?;
/// runtime.block_on(async {
///     let notify = Rc::new(Notify::new());
///     let waits = spawn({
///         let notify = Rc::clone(&notify);
///         async move { notify.notified().await }
///     });
///     notify.notify_one();
///     waits.await.unwrap();
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Notify {
    /// A notification that found nobody.
    stored: Cell<bool>,
    /// How often all were notified.
    rounds: Cell<u64>,
    waiting: WaitList<Option<Told>>,
}

/// What woke a waiter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// It alone: if it is dropped before it comes to see, the next is told.
    Alone,
    /// Together with all others.
    WithAll,
}

impl Notify {
    /// Nobody waits and nothing is stored.
    pub fn new() -> Self {
        let (stored, rounds) = (Cell::new(false), Cell::new(0));
        Self { stored, rounds, waiting: WaitList::new() }
    }

    /// Notifies the one that has waited longest; if nobody waits, the next to come. Several of these that
    /// find nobody count as one.
    pub fn notify_one(&self) {
        let tell = |told: &mut Option<Told>| told.replace(Told::Alone).is_none();
        if !self.waiting.serve_first(tell) {
            self.stored.set(true);
        }
    }

    /// Notifies all who wait, that is, every [`Notified`] that exists, polled or not. Nothing is stored.
    ///
    /// ```
    /// let notify = glassloop::sync::Notify::new();
    /// let (first, second) = (notify.notified(), notify.notified());
    /// notify.notify_waiters();
    /// futures::executor::block_on(async {
    ///     first.await;
    ///     second.await;
    /// });
    /// ```
    pub fn notify_waiters(&self) {
        self.rounds.set(self.rounds.get() + 1);
        self.waiting.serve_all(|told| *told = Some(Told::WithAll));
    }

    /// Waits for a notification. The place in the queue is taken at the first poll or by
    /// [`enable`](Notified::enable).
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place; if [`notify_one`](Self::notify_one) has chosen this one
    /// already, the next is notified in its stead.
    pub fn notified(&self) -> Notified<'_> {
        let (round, place) = (self.rounds.get(), Place::new(&self.waiting));
        Notified { notify: self, round, place, done: false }
    }
}

impl Default for Notify {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Notify(stored: {})", self.stored.get())
    }
}

/// The future of [`Notify::notified`].
#[must_use = "it does nothing until it is awaited"]
pub struct Notified<'a> {
    notify: &'a Notify,
    /// The last round before this one existed.
    round: u64,
    place: Place<'a, Option<Told>>,
    done: bool,
}

impl Notified<'_> {
    /// Takes the place in the queue now and not at the first poll, so that no notification is missed while
    /// one looks whether waiting is needed. True when it has been notified: then the notification is used
    /// up, and awaiting this returns at once.
    ///
    /// ```
    /// use std::pin::pin;
    ///
    /// let notify = glassloop::sync::Notify::new();
    /// let mut notified = pin!(notify.notified());
    /// assert!(!notified.as_mut().enable());
    /// // Look here: whatever is told from now on, this one will hear of.
    /// notify.notify_one();
    /// futures::executor::block_on(notified);
    /// ```
    pub fn enable(mut self: Pin<&mut Self>) -> bool {
        self.advance(None)
    }

    /// Whether it has been notified; if not, it waits. `waker` was cloned before, since that may be
    /// anybody's code.
    fn advance(&mut self, waker: Option<Waker>) -> bool {
        self.done = self.done
            || match self.place.state() {
                None => self.notify.rounds.get() != self.round || self.notify.stored.take(),
                Some(told) => told.is_some(),
            };
        match self.done {
            true => drop(self.place.leave()),
            false => self.place.wait(waker, || None),
        }
        self.done
    }
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(coop::poll_budget(cx));
        let waker = cx.waker().clone();
        if self.advance(Some(waker)) {
            coop::spend();
            return Poll::Ready(());
        }
        pending("notification")
    }
}

impl Drop for Notified<'_> {
    fn drop(&mut self) {
        if self.place.leave() == Some(Some(Told::Alone)) {
            self.notify.notify_one();
        }
    }
}

impl fmt::Debug for Notified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Notified(done: {})", self.done)
    }
}
