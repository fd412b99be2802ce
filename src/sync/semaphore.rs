//! Permits, handed out in the order of asking. The lock is a semaphore with one permit, the bounded
//! channel one with as many as it has room.
//!
//! Whoever waits longest is given permits as they come back, a part of what it asked for too; so a task
//! that wants many is not overtaken for ever by those that want one. While anyone waits, none is available.

mod permits;

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use super::wait::{Place, WaitList, pending};
use crate::coop;

pub use permits::{OwnedSemaphorePermit, Permits, SemaphorePermit};

/// A number of permits; whoever holds one may go ahead. It returns when it is dropped.
///
/// Fair: permits are handed out in the order of asking, to the first in full before the second gets any.
/// The idea is Dijkstra's, the interface tokio's.
///
/// ```
/// use std::rc::Rc;
/// use glassloop::{sync::Semaphore, task::{join_all, yield_now}};
///
/// let runtime = glassloop::Runtime::new()?;
/// runtime.block_on(async {
///     let two_at_a_time = Rc::new(Semaphore::new(2));
///     join_all((0..10).map(|_| {
///         let semaphore = Rc::clone(&two_at_a_time);
///         async move {
///             let _permit = semaphore.acquire().await.unwrap();
///             yield_now().await; // never more than two of the ten are here
///         }
///     }))
///     .await;
///     assert_eq!(two_at_a_time.available_permits(), 2);
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
// ANCHOR: semaphore
pub struct Semaphore {
    available: Cell<usize>,
    closed: Cell<bool>,
    /// How many permits each of them still lacks.
    waiting: WaitList<usize>,
    /// What a trace calls it.
    name: &'static str,
}
// ANCHOR_END: semaphore

/// The semaphore was closed: there will be no permit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the semaphore is closed")]
pub struct AcquireError(());

/// Why there is no permit at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TryAcquireError {
    /// There will be none: the semaphore was closed.
    #[error("the semaphore is closed")]
    Closed,
    /// Too few are available now.
    #[error("too few permits are available now")]
    NoPermits,
}

impl Semaphore {
    /// The most permits that can be available: no sum of them overflows.
    pub const MAX_PERMITS: usize = usize::MAX >> 3;

    /// A semaphore with so many permits.
    ///
    /// # Panics
    /// With more than [`MAX_PERMITS`](Self::MAX_PERMITS).
    #[track_caller]
    pub fn new(permits: usize) -> Self {
        Self::named("permit", permits)
    }

    #[track_caller]
    pub(super) fn named(name: &'static str, permits: usize) -> Self {
        assert!(permits <= Self::MAX_PERMITS, "a semaphore holds at most MAX_PERMITS permits");
        let (available, closed) = (Cell::new(permits), Cell::new(false));
        Self { available, closed, waiting: WaitList::new(), name }
    }

    /// How many could be had at once. What was given to someone who waits for more does not count.
    pub fn available_permits(&self) -> usize {
        self.available.get()
    }

    /// Adds new permits; those who wait get them first.
    ///
    /// # Panics
    /// When more than [`MAX_PERMITS`](Self::MAX_PERMITS) would be available.
    ///
    /// ```
    /// let semaphore = glassloop::sync::Semaphore::new(0);
    /// semaphore.add_permits(3);
    /// assert_eq!(semaphore.available_permits(), 3);
    /// ```
    #[track_caller]
    // ANCHOR: add_permits
    pub fn add_permits(&self, permits: usize) {
        let available = self.available.get().saturating_add(permits);
        assert!(available <= Self::MAX_PERMITS, "a semaphore holds at most MAX_PERMITS permits");
        self.available.set(available);
        let give = |missing: &mut usize| {
            let given = self.available.get().min(*missing);
            self.available.set(self.available.get() - given);
            *missing -= given;
            *missing == 0
        };
        while self.available.get() > 0 && self.waiting.serve_first(give) {}
    }
    // ANCHOR_END: add_permits

    /// Takes permits away for good, as far as they are available; returns how many.
    ///
    /// ```
    /// let semaphore = glassloop::sync::Semaphore::new(2);
    /// assert_eq!(semaphore.forget_permits(5), 2);
    /// assert!(semaphore.try_acquire().is_err());
    /// ```
    pub fn forget_permits(&self, permits: usize) -> usize {
        let forgotten = self.available.get().min(permits);
        self.available.set(self.available.get() - forgotten);
        forgotten
    }

    /// Waits for a permit.
    ///
    /// # Errors
    /// When the semaphore is closed, before or meanwhile.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in the queue; a permit that was on its way goes to the next.
    pub async fn acquire(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.acquire_many(1).await
    }

    /// Waits for so many permits at once. They are gathered as they come, so those who want fewer and
    /// asked later wait longer.
    ///
    /// # Errors
    /// When the semaphore is closed, before or meanwhile.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in the queue; what was gathered goes to the next.
    ///
    /// ```
    /// let runtime = glassloop::Runtime::new()?;
    /// runtime.block_on(async {
    ///     let semaphore = glassloop::sync::Semaphore::new(5);
    ///     let permit = semaphore.acquire_many(3).await.unwrap();
    ///     assert_eq!(semaphore.available_permits(), 2);
    ///     drop(permit);
    ///     assert_eq!(semaphore.available_permits(), 5);
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub async fn acquire_many(&self, permits: u32) -> Result<SemaphorePermit<'_>, AcquireError> {
        Acquire::new(self, permits).await?;
        Ok(Permits::new(self, permits))
    }

    /// As [`acquire`](Self::acquire), with a permit that borrows nothing, to be moved into a task. Needs an
    /// `Rc`, where tokio's needs an `Arc`.
    ///
    /// # Errors
    /// When the semaphore is closed, before or meanwhile.
    ///
    /// # Cancel safety
    /// That of [`acquire`](Self::acquire).
    ///
    /// ```
    /// use std::rc::Rc;
    /// use glassloop::{spawn, sync::Semaphore, task::yield_now};
    ///
    /// let runtime = glassloop::Runtime::new()?;
    /// runtime.block_on(async {
    ///     let semaphore = Rc::new(Semaphore::new(2));
    ///     for _ in 0..10 {
    ///         // Not even spawned before there is a permit.
    ///         let permit = Rc::clone(&semaphore).acquire_owned().await.unwrap();
    ///         spawn(async move {
    ///             yield_now().await;
    ///             drop(permit);
    ///         });
    ///     }
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub async fn acquire_owned(self: Rc<Self>) -> Result<OwnedSemaphorePermit, AcquireError> {
        self.acquire_many_owned(1).await
    }

    /// As [`acquire_many`](Self::acquire_many), with permits that borrow nothing.
    ///
    /// # Errors
    /// When the semaphore is closed, before or meanwhile.
    ///
    /// # Cancel safety
    /// That of [`acquire_many`](Self::acquire_many).
    pub async fn acquire_many_owned(
        self: Rc<Self>,
        permits: u32,
    ) -> Result<OwnedSemaphorePermit, AcquireError> {
        Acquire::new(&self, permits).await?;
        Ok(Permits::new(self, permits))
    }

    /// A permit, if there is one at once.
    ///
    /// # Errors
    /// When there is none, or the semaphore is closed.
    ///
    /// ```
    /// use glassloop::sync::{Semaphore, TryAcquireError};
    ///
    /// let semaphore = Semaphore::new(1);
    /// let permit = semaphore.try_acquire()?;
    /// assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    /// # drop(permit);
    /// # Ok::<(), TryAcquireError>(())
    /// ```
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// So many permits, if they are available at once.
    ///
    /// # Errors
    /// When there are fewer, or the semaphore is closed.
    pub fn try_acquire_many(&self, permits: u32) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.take(permits as usize)?;
        Ok(Permits::new(self, permits))
    }

    /// As [`try_acquire`](Self::try_acquire), with a permit that borrows nothing.
    ///
    /// # Errors
    /// When there is none, or the semaphore is closed.
    pub fn try_acquire_owned(self: Rc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// As [`try_acquire_many`](Self::try_acquire_many), with permits that borrow nothing.
    ///
    /// # Errors
    /// When there are fewer, or the semaphore is closed.
    pub fn try_acquire_many_owned(
        self: Rc<Self>,
        permits: u32,
    ) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.take(permits as usize)?;
        Ok(Permits::new(self, permits))
    }

    /// Hands out no more permits: all who wait, and all who come, get an error. Permits that were handed
    /// out stay valid.
    ///
    /// ```
    /// let semaphore = glassloop::sync::Semaphore::new(1);
    /// semaphore.close();
    /// assert!(futures::executor::block_on(semaphore.acquire()).is_err());
    /// ```
    // ANCHOR: close
    pub fn close(&self) {
        self.closed.set(true);
        self.waiting.serve_all(|_| {});
    }
    // ANCHOR_END: close

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.closed.get()
    }

    // ANCHOR: take
    /// Takes permits at once or not at all. Nobody is overtaken: while someone waits, none is available.
    pub(super) fn take(&self, permits: usize) -> Result<(), TryAcquireError> {
        if self.closed.get() {
            return Err(TryAcquireError::Closed);
        }
        let left = self.available.get().checked_sub(permits);
        self.available.set(left.ok_or(TryAcquireError::NoPermits)?);
        Ok(())
    }
    // ANCHOR_END: take
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Semaphore({} available)", self.available.get())
    }
}

/// Gathers permits. They are the caller's when it is ready; before that they go back when it is dropped.
// ANCHOR: acquire
pub(super) struct Acquire<'a> {
    semaphore: &'a Semaphore,
    wanted: usize,
    place: Place<'a, usize>,
}
// ANCHOR_END: acquire

impl<'a> Acquire<'a> {
    pub(super) fn new(semaphore: &'a Semaphore, permits: u32) -> Self {
        Self { semaphore, wanted: permits as usize, place: Place::new(&semaphore.waiting) }
    }

    // ANCHOR: advance
    /// Decides; `waker` was cloned before, since that may be anybody's code.
    fn advance(&mut self, waker: Waker) -> Poll<Result<(), AcquireError>> {
        let semaphore = self.semaphore;
        if semaphore.is_closed() {
            return Poll::Ready(Err(AcquireError(())));
        }
        match self.place.state() {
            Some(0) => {
                self.place.leave();
                return Poll::Ready(Ok(()));
            }
            None if semaphore.take(self.wanted).is_ok() => return Poll::Ready(Ok(())),
            _ => {}
        }
        self.place.wait(Some(waker), || self.wanted - semaphore.available.take());
        Poll::Pending
    }
    // ANCHOR_END: advance
}

impl Future for Acquire<'_> {
    type Output = Result<(), AcquireError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(coop::poll_budget(cx));
        let waker = cx.waker().clone();
        if let Poll::Ready(result) = self.advance(waker) {
            coop::spend();
            return Poll::Ready(result);
        }
        pending(self.semaphore.name)
    }
}

// ANCHOR: drop_acquire
impl Drop for Acquire<'_> {
    fn drop(&mut self) {
        if let Some(missing) = self.place.leave() {
            self.semaphore.add_permits(self.wanted - missing);
        }
    }
}
// ANCHOR_END: drop_acquire
