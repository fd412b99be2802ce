//! The receiving end of a channel, bounded or not.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::chan::Chan;
use super::error::TryRecvError;

/// Receives what is sent, in the order of sending. A `Stream` of it, too. Dropping it closes the channel
/// and drops what was not received.
pub struct Receiver<T>(pub(super) Rc<Chan<T>>);

/// The receiving end of an [`unbounded_channel`](super::unbounded_channel): the same as of a bounded one.
pub type UnboundedReceiver<T> = Receiver<T>;

impl<T> Receiver<T> {
    /// Waits for the next value; `None` when no more can come.
    ///
    /// # Cancel safety
    /// Dropping the future loses no value.
    pub async fn recv(&mut self) -> Option<T> {
        let chan = &self.0;
        let _leave = chan.receiver.leave_on_drop();
        poll_fn(|cx| chan.poll_recv(cx)).await
    }

    /// Waits for values, and appends those that are there to `buffer`, at most `limit` of them. How many
    /// they were; 0 when no more can come, or `limit` is 0.
    ///
    /// # Cancel safety
    /// Dropping the future loses no value, and `buffer` is as it was.
    ///
    /// ```
    /// let (sender, mut receiver) = glassloop::sync::mpsc::channel(4);
    /// (1..=3).for_each(|number| sender.try_send(number).unwrap());
    /// futures::executor::block_on(async {
    ///     let mut numbers = Vec::new();
    ///     assert_eq!(receiver.recv_many(&mut numbers, 2).await, 2);
    ///     assert_eq!(receiver.recv_many(&mut numbers, 2).await, 1);
    ///     assert_eq!(numbers, [1, 2, 3]);
    /// });
    /// ```
    pub async fn recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
        let chan = &self.0;
        let _leave = chan.receiver.leave_on_drop();
        poll_fn(|cx| chan.poll_recv_many(cx, buffer, limit)).await
    }

    /// The next value, if it is there.
    ///
    /// # Errors
    /// When it may still come, and when no more can.
    ///
    /// ```
    /// use glassloop::sync::mpsc::{channel, error::TryRecvError};
    ///
    /// let (sender, mut receiver) = channel(1);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// sender.try_send(1).unwrap();
    /// drop(sender);
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    /// ```
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.0.pop()
    }

    /// Refuses what is not yet sent. What is on the way, or will be sent through a
    /// [`Permit`](super::Permit), can still be received; then comes `None`.
    ///
    /// ```
    /// let (sender, mut receiver) = glassloop::sync::mpsc::channel(2);
    /// sender.try_send(1).unwrap();
    /// receiver.close();
    /// assert!(sender.try_send(2).is_err());
    /// futures::executor::block_on(async {
    ///     assert_eq!(receiver.recv().await, Some(1));
    ///     assert_eq!(receiver.recv().await, None);
    /// });
    /// ```
    pub fn close(&mut self) {
        self.0.close();
    }

    /// Polls for the next value. Only the latest waker is woken.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.0.poll_recv(cx)
    }

    /// Polls for values as [`recv_many`](Self::recv_many) does. Only the latest waker is woken.
    pub fn poll_recv_many(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<T>,
        limit: usize,
    ) -> Poll<usize> {
        self.0.poll_recv_many(cx, buffer, limit)
    }

    /// How many values are on the way.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no value is on the way.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether nothing can be sent any more: it was closed, or all senders are gone.
    pub fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    /// How many values could be sent at once.
    pub fn capacity(&self) -> usize {
        self.0.room.available_permits()
    }

    /// How many values the channel was made for.
    pub fn max_capacity(&self) -> usize {
        self.0.capacity
    }
}

impl<T> Chan<T> {
    fn poll_recv(&self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.receiver.poll(cx, "message", || match self.pop() {
            Ok(value) => Some(Some(value)),
            Err(TryRecvError::Disconnected) => Some(None),
            Err(TryRecvError::Empty) => None,
        })
    }

    fn poll_recv_many(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<T>,
        limit: usize,
    ) -> Poll<usize> {
        self.receiver.poll(cx, "message", || match self.pop_into(buffer, limit) {
            0 if limit > 0 && !self.at_end() => None,
            count => Some(count),
        })
    }
}

impl<T> Stream for Receiver<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.0.poll_recv(cx)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receiver({} on the way)", self.len())
    }
}
