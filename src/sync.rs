//! Talking and taking turns between tasks of one thread: channels, notifications, permits, locks.
//!
//! | to | use |
//! | --- | --- |
//! | hand values from many tasks to one, no faster than it takes them | [`mpsc`] |
//! | hand over a single value | [`oneshot`] |
//! | tell a task that something has changed | [`Notify`] |
//! | let no more than so many at it at once | [`Semaphore`] |
//! | keep a value to oneself across an `.await` | [`Mutex`] |
//!
//! All of it is local: `Rc` and `Cell` instead of atomics, so nothing here is `Send`, and nothing needs
//! this crate's loop; any executor on the thread will do. From other threads comes a
//! [`Handle`](crate::Handle). Names and meanings are tokio's.
//!
//! Everyone is served in the order of asking. A future that is dropped while it waits gives up its place,
//! and what it had been given already goes to the next: see *Cancel safety* at each function. A value that
//! is only touched between two `.await`s needs no lock: `Cell` and `RefCell` will do.
//!
//! Begin with `sync/wait.rs`, who waits and how they are woken; the primitives only add what for.

mod list;
pub mod mpsc;
mod mutex;
mod notify;
pub mod oneshot;
mod semaphore;
mod wait;

pub use mutex::{Mutex, MutexGuard, OwnedMutexGuard, TryLockError};
pub use notify::{Notified, Notify};
pub use semaphore::{
    AcquireError, OwnedSemaphorePermit, Permits, Semaphore, SemaphorePermit, TryAcquireError,
};
