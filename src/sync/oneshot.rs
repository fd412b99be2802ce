//! A channel for a single value: an answer, a result, a word that something has ended.
//!
//! ```
//! use glassloop::{spawn, sync::oneshot};
//!
//! let runtime = glassloop::Runtime::new()?;
//! let answer = runtime.block_on(async {
//!     let (sender, receiver) = oneshot::channel();
//!     spawn(async move { sender.send(6 * 7) });
//!     receiver.await
//! });
//! assert_eq!(answer, Ok(42));
//! # Ok::<(), std::io::Error>(())
//! ```

use std::cell::Cell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::wait::Waiter;
use crate::job::shielded;
use error::{RecvError, TryRecvError};

/// Why there is no value.
pub mod error {
    /// The sender was dropped without sending, or the value was taken before.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
    #[error("no value will come: the sender is gone")]
    pub struct RecvError(pub(super) ());

    /// Why there is no value at once.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
    pub enum TryRecvError {
        /// It may still come.
        #[error("no value has come yet")]
        Empty,
        /// The sender was dropped without sending, or the value was taken before.
        #[error("no value will come: the sender is gone")]
        Closed,
    }
}

/// What both ends share.
struct Shared<T> {
    value: Cell<Option<T>>,
    /// The sender is gone, with the value sent or without.
    sent: Cell<bool>,
    /// The receiver wants nothing any more.
    closed: Cell<bool>,
    /// Waits for the value.
    receiver: Waiter,
    /// Waits for the receiver to lose interest.
    sender: Waiter,
}

/// A channel for one value.
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let shared = Rc::new(Shared {
        value: Cell::new(None),
        sent: Cell::new(false),
        closed: Cell::new(false),
        receiver: Waiter::default(),
        sender: Waiter::default(),
    });
    (Sender(Rc::clone(&shared)), Receiver(shared))
}

/// The end that sends, once. Dropping it tells the receiver that nothing will come.
pub struct Sender<T>(Rc<Shared<T>>);

/// The end that receives: a future of the value. Dropping it closes the channel.
///
/// Awaiting it by reference (`&mut receiver`) and giving up loses nothing. As a future it ends in
/// [`RecvError`] when the sender is gone without a word, and, where tokio's panics, when the value was
/// taken before.
pub struct Receiver<T>(Rc<Shared<T>>);

impl<T> Sender<T> {
    /// Sends the value; never waits.
    ///
    /// # Errors
    /// The value itself, when the receiver is gone or closed.
    pub fn send(self, value: T) -> Result<(), T> {
        if self.is_closed() {
            return Err(value);
        }
        self.0.value.set(Some(value));
        Ok(()) // the drop of `self` wakes the receiver
    }

    /// Whether the receiver is gone or closed.
    pub fn is_closed(&self) -> bool {
        self.0.closed.get()
    }

    /// Waits until the receiver is gone or closed: the work for it can stop.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    ///
    /// ```
    /// let (mut sender, receiver) = glassloop::sync::oneshot::channel::<()>();
    /// drop(receiver);
    /// futures::executor::block_on(sender.closed());
    /// ```
    pub async fn closed(&mut self) {
        let shared = &self.0;
        let _leave = shared.sender.leave_on_drop();
        poll_fn(|cx| shared.poll_closed(cx)).await;
    }

    /// Polls for the receiver to be gone or closed. Only the latest waker is woken.
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_closed(cx)
    }
}

impl<T> Shared<T> {
    fn poll_closed(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.sender.poll(cx, "closing", || self.closed.get().then_some(()))
    }

    fn take(&self) -> Result<T, TryRecvError> {
        match self.value.take() {
            Some(value) => Ok(value),
            None if self.sent.get() || self.closed.get() => Err(TryRecvError::Closed),
            None => Err(TryRecvError::Empty),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.sent.set(true);
        self.0.sender.leave();
        self.0.receiver.wake();
    }
}

impl<T> Receiver<T> {
    /// The value, if it is there.
    ///
    /// # Errors
    /// When it may still come, and when it never will.
    ///
    /// ```
    /// use glassloop::sync::oneshot::{self, error::TryRecvError};
    ///
    /// let (sender, mut receiver) = oneshot::channel();
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// sender.send(7).unwrap();
    /// assert_eq!(receiver.try_recv(), Ok(7));
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    /// ```
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.0.take()
    }

    /// Refuses what has not been sent yet; a value that has can still be received.
    ///
    /// ```
    /// let (sender, mut receiver) = glassloop::sync::oneshot::channel();
    /// receiver.close();
    /// assert_eq!(sender.send(7), Err(7));
    /// ```
    pub fn close(&mut self) {
        self.0.closed.set(true);
        self.0.sender.wake();
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let shared = &self.0;
        shared.receiver.poll(cx, "oneshot", || match shared.take() {
            Ok(value) => Some(Ok(value)),
            Err(TryRecvError::Closed) => Some(Err(RecvError(()))),
            Err(TryRecvError::Empty) => None,
        })
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.close();
        self.0.receiver.leave();
        // Nobody will take it. Sent meanwhile it cannot be: the channel is closed.
        let value = self.0.value.take();
        shielded(|| drop(value));
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sender(closed: {})", self.is_closed())
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receiver(sent: {})", self.0.sent.get())
    }
}
