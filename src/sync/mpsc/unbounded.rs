//! The sending end of a channel without a bound.

use std::fmt;

use super::chan::{SenderShare, WeakShare};
use super::error::SendError;

/// Sends into a channel made by [`unbounded_channel`](super::unbounded_channel). Clones send into the
/// same one.
pub struct UnboundedSender<T>(pub(super) SenderShare<T>);

impl<T> UnboundedSender<T> {
    /// Sends a value; never waits.
    ///
    /// # Errors
    /// The value itself, when the receiver is closed or gone.
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.0.room.take(1).is_err() {
            return Err(SendError(value));
        }
        self.0.push(value);
        Ok(())
    }

    /// Waits until the receiver is closed or gone.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
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
    pub fn downgrade(&self) -> WeakUnboundedSender<T> {
        WeakUnboundedSender(self.0.downgrade())
    }
}

impl<T> Clone for UnboundedSender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for UnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnboundedSender({} on the way)", self.0.len())
    }
}

/// Leads to an [`UnboundedSender`] as long as there is one, and does not itself keep the channel open.
///
/// ```
/// let (sender, _receiver) = glassloop::sync::mpsc::unbounded_channel::<u8>();
/// let weak = sender.downgrade();
/// drop(sender);
/// assert!(weak.upgrade().is_none());
/// ```
pub struct WeakUnboundedSender<T>(WeakShare<T>);

impl<T> WeakUnboundedSender<T> {
    /// A sender, unless the last one is gone.
    pub fn upgrade(&self) -> Option<UnboundedSender<T>> {
        self.0.upgrade().map(UnboundedSender)
    }
}

impl<T> Clone for WeakUnboundedSender<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> fmt::Debug for WeakUnboundedSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakUnboundedSender")
    }
}
