//! The sending end of a bounded channel.

use std::fmt;

use super::super::TryAcquireError;
use super::super::semaphore::Acquire;
use super::chan::{Chan, SenderShare, WeakShare};
use super::error::{SendError, TrySendError};

/// Sends into a channel made by [`channel`](super::channel). Clones send into the same one.
pub struct Sender<T>(pub(super) SenderShare<T>);

impl<T> Sender<T> {
    /// Sends a value, as soon as there is room. Senders are served in the order of asking.
    ///
    /// That it was sent does not mean that it will be received: the receiver may go away first.
    ///
    /// # Errors
    /// The value itself, when the receiver is closed or gone.
    ///
    /// # Cancel safety
    /// When the future is dropped the value was not sent; it is dropped too, and the place in the queue
    /// given up. To keep the value, [`reserve`](Self::reserve) first.
    // ANCHOR: send
    pub async fn send(&self, value: T) -> Result<(), SendError<T>> {
        match self.reserve().await {
            Ok(permit) => {
                permit.send(value);
                Ok(())
            }
            Err(SendError(())) => Err(SendError(value)),
        }
    }
    // ANCHOR_END: send

    /// Sends a value if there is room and nobody waits for it.
    ///
    /// # Errors
    /// The value itself, when the channel is full or closed.
    ///
    /// ```
    /// use glassloop::sync::mpsc::{channel, error::TrySendError};
    ///
    /// let (sender, receiver) = channel(1);
    /// assert_eq!(sender.try_send(1), Ok(()));
    /// assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    /// drop(receiver);
    /// assert_eq!(sender.try_send(3), Err(TrySendError::Closed(3)));
    /// ```
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        match self.try_reserve() {
            Ok(permit) => {
                permit.send(value);
                Ok(())
            }
            Err(TrySendError::Full(())) => Err(TrySendError::Full(value)),
            Err(TrySendError::Closed(())) => Err(TrySendError::Closed(value)),
        }
    }

    /// Waits for room for one value and keeps it, so that sending cannot fail or wait any more.
    ///
    /// # Errors
    /// When the receiver is closed or gone.
    ///
    /// # Cancel safety
    /// Dropping the future gives up the place in the queue; room that was on its way goes to the next.
    ///
    /// ```
    /// use glassloop::sync::mpsc;
    ///
    /// let runtime = glassloop::Runtime::new()?;
    /// runtime.block_on(async {
    ///     let (sender, mut receiver) = mpsc::channel(1);
    ///     let permit = sender.reserve().await.unwrap();
    ///     assert_eq!(sender.capacity(), 0);
    ///     permit.send("only now is it made");
    ///     assert_eq!(receiver.recv().await, Some("only now is it made"));
    /// });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    // ANCHOR: reserve
    pub async fn reserve(&self) -> Result<Permit<'_, T>, SendError<()>> {
        Acquire::new(&self.0.room, 1).await.map_err(|_| SendError(()))?;
        Ok(Permit::new(&self.0))
    }
    // ANCHOR_END: reserve

    /// Room for one value, if there is some and nobody waits for it.
    ///
    /// # Errors
    /// When the channel is full or closed.
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TrySendError<()>> {
        self.0.room.take(1).map_err(|refused| match refused {
            TryAcquireError::NoPermits => TrySendError::Full(()),
            TryAcquireError::Closed => TrySendError::Closed(()),
        })?;
        Ok(Permit::new(&self.0))
    }

    /// How many values could be sent at once.
    pub fn capacity(&self) -> usize {
        self.0.room.available_permits()
    }

    /// How many values the channel was made for.
    pub fn max_capacity(&self) -> usize {
        self.0.capacity
    }

    /// Waits until the receiver is closed or gone: what it would get need not be made.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    ///
    /// ```
    /// let (sender, receiver) = glassloop::sync::mpsc::channel::<()>(1);
    /// drop(receiver);
    /// futures::executor::block_on(sender.closed());
    /// ```
    pub async fn closed(&self) {
        self.0.closed().await;
    }

    /// Whether the receiver is closed or gone.
    pub fn is_closed(&self) -> bool {
        self.0.room.is_closed()
    }

    /// Whether both send into one channel.
    pub fn same_channel(&self, other: &Self) -> bool {
        self.0.same_channel(&other.0)
    }

    /// A sender that does not keep the channel open.
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender(self.0.downgrade())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sender(room for {} of {})", self.capacity(), self.max_capacity())
    }
}

/// Leads to a [`Sender`] as long as there is one, and does not itself keep the channel open.
///
/// ```
/// let (sender, _receiver) = glassloop::sync::mpsc::channel::<u8>(1);
/// let weak = sender.downgrade();
/// assert!(weak.upgrade().unwrap().same_channel(&sender));
/// drop(sender);
/// assert!(weak.upgrade().is_none());
/// ```
pub struct WeakSender<T>(WeakShare<T>);

impl<T> WeakSender<T> {
    /// A sender, unless the last one is gone.
    pub fn upgrade(&self) -> Option<Sender<T>> {
        self.0.upgrade().map(Sender)
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakSender")
    }
}

/// Room for one value, kept by [`Sender::reserve`]. Dropping it gives the room to others.
#[must_use = "room that is dropped goes to others"]
pub struct Permit<'a, T>(&'a Chan<T>);

impl<'a, T> Permit<'a, T> {
    /// For room that was taken.
    fn new(chan: &'a Chan<T>) -> Self {
        chan.reserved.set(chan.reserved.get() + 1);
        Self(chan)
    }

    // ANCHOR: permit
    /// Sends the value. Also into a channel that was closed meanwhile: its receiver waits for it.
    pub fn send(self, value: T) {
        let chan = self.0;
        std::mem::forget(self); // the room is used, it does not go back
        chan.reserved.set(chan.reserved.get() - 1);
        chan.push(value);
    }
    // ANCHOR_END: permit
}

// ANCHOR: drop_permit
impl<T> Drop for Permit<'_, T> {
    fn drop(&mut self) {
        let chan = self.0;
        chan.reserved.set(chan.reserved.get() - 1);
        chan.room.add_permits(1);
        if chan.at_end() {
            chan.receiver.wake();
        }
    }
}
// ANCHOR_END: drop_permit

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}
