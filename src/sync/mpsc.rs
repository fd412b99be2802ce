//! A queue from many tasks to one. The bounded one makes senders wait while it is full: whoever is fast
//! is held back to the pace of whoever is slow (*backpressure*).
//!
//! ```
//! use glassloop::{spawn, sync::mpsc};
//!
//! let runtime = glassloop::Runtime::new()?;
//! let sum = runtime.block_on(async {
//!     let (sender, mut receiver) = mpsc::channel(2);
//!     spawn(async move {
//!         for number in 1..=100 {
//!             sender.send(number).await.unwrap(); // waits while two are on the way
//!         }
//!     });
//!     let mut sum = 0;
//!     while let Some(number) = receiver.recv().await {
//!         sum += number;
//!     }
//!     sum
//! });
//! assert_eq!(sum, 5050);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! It ends from either side: when the last sender is dropped the receiver gets what is left and then
//! `None`; when the receiver is closed or dropped, senders get their values back.

mod chan;
mod receiver;
mod sender;
mod unbounded;

pub use receiver::{Receiver, UnboundedReceiver};
pub use sender::{Permit, Sender, WeakSender};
pub use unbounded::{UnboundedSender, WeakUnboundedSender};

use std::rc::Rc;

use super::Semaphore;
use chan::{Chan, SenderShare};

/// Why a value was not sent or received.
pub mod error {
    use std::fmt;

    /// The receiver is closed or gone. Holds what was to be sent.
    #[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
    #[error("the channel is closed: nobody will receive this")]
    pub struct SendError<T>(pub T);

    /// Why a value could not be sent at once. Holds it.
    #[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
    pub enum TrySendError<T> {
        /// The channel is full, or somebody waits to send.
        #[error("the channel is full")]
        Full(T),
        /// The receiver is closed or gone.
        #[error("the channel is closed: nobody will receive this")]
        Closed(T),
    }

    /// Why nothing could be received at once.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
    pub enum TryRecvError {
        /// Something may still come.
        #[error("nothing has been sent")]
        Empty,
        /// Nothing will come any more.
        #[error("nothing will be sent: all senders are gone, or the channel is closed")]
        Disconnected,
    }

    impl<T> TrySendError<T> {
        /// What was to be sent.
        pub fn into_inner(self) -> T {
            match self {
                Self::Full(value) | Self::Closed(value) => value,
            }
        }
    }

    // The value need not be `Debug`, so that `unwrap` works with any.
    impl<T> fmt::Debug for SendError<T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("SendError(..)")
        }
    }

    impl<T> fmt::Debug for TrySendError<T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(match self {
                Self::Full(_) => "Full(..)",
                Self::Closed(_) => "Closed(..)",
            })
        }
    }
}

/// A channel with room for `capacity` values that were sent and not received.
///
/// # Panics
/// When `capacity` is 0, or more than [`Semaphore::MAX_PERMITS`].
#[track_caller]
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(capacity > 0, "a channel needs room for one value at least");
    let chan = Rc::new(Chan::new(capacity));
    (Sender(SenderShare::new(&chan)), Receiver(chan))
}

/// A channel without a bound: sending never waits, and what is not received piles up in memory. The
/// bounded one is the better choice unless the senders must not wait or something else limits them.
///
/// ```
/// let (sender, mut receiver) = glassloop::sync::mpsc::unbounded_channel();
/// sender.send(1).unwrap();
/// sender.send(2).unwrap();
/// drop(sender);
/// futures::executor::block_on(async {
///     assert_eq!(receiver.recv().await, Some(1));
///     assert_eq!(receiver.recv().await, Some(2));
///     assert_eq!(receiver.recv().await, None);
/// });
/// ```
pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    // More than fits into memory.
    let chan = Rc::new(Chan::new(Semaphore::MAX_PERMITS));
    (UnboundedSender(SenderShare::new(&chan)), Receiver(chan))
}
