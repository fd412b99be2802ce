//! Waiting for a descriptor of any kind, and the words for it: where tokio has them.
//!
//! Reading and writing are the traits of `futures_io`, with the helpers of `futures::io`.

pub use crate::net::interest::{Interest, Ready};

/// What Unix has: every resource is a descriptor.
pub mod unix {
    pub use crate::net::async_fd::{AsyncFd, AsyncFdReadyGuard, TryIoError};
}
