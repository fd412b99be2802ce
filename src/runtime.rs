//! The event loop itself: the executor, its queues, the reactor and the timers.
//!
//! ```text
//!                      ┌──────────────────────── the tick (executor.rs) ───────────────────────┐
//!                      ▼                                                                       │
//!   other threads ─▶ inbox ─▶ ┌───────────────┐  oldest   ┌────────────────┐  Ready            │
//!        (remote.rs)          │ ready, waiting│ ────────▶ │ Future::poll   │ ───────▶ done     │
//!                       wake  │  (queues.rs)  │ ◀──────── │   (task.rs)    │                   │
//!                     ┌─────▶ └───────────────┘  Pending  └────────────────┘                   │
//!                     │                                           │ WouldBlock: wait_for       │
//!              Waker  │                                           ▼                            │
//!          (waker.rs) │       ┌───────────────┐           ┌────────────────┐                   │
//!                     ├────── │ due timers    │           │ reactor        │ ◀── kernel        │
//!                     │       │  (timers.rs)  │           │  (reactor.rs)  │    (backend/)     │
//!                     │       └───────────────┘           └────────────────┘                   │
//!                     └───────────┴───────────────────────────────┴────────────────────────────┘
//! ```
//!
//! Read it in this order: `executor.rs` (the tick), `queues.rs`, `task.rs`, `waker.rs`; then
//! `net/source.rs`, `reactor.rs` and `backend/`; then `timers.rs`, `remote.rs` and the rest.
//!
//! Nothing that a user wrote (a poll, a wake, a drop) ever runs while one of these structures is
//! borrowed.

// ANCHOR: rooms
mod backend;
mod event_loop;
mod executor;
mod join;
mod queues;
mod reactor;
mod remote;
mod task;
mod timers;
mod waker;
// ANCHOR_END: rooms

// ANCHOR: names
pub use crate::builder::Builder;
pub use crate::handle::{Handle, TryCurrentError};
pub use crate::snapshot::{Snapshot, TaskSnapshot, TaskState};
pub use backend::{BackendKind, UnknownBackend};
pub use executor::{Runtime, spawn};
pub use join::{AbortHandle, JoinHandle};

// What the rooms beside this one build on: sockets, sleeping, locks and channels, handles for other threads.
pub(crate) use event_loop::EventLoop;
pub(crate) use reactor::{Reactor, Registration};
pub(crate) use remote::{LoopId, Mailbox, Message, inboxes};
pub(crate) use timers::TimerKey;
// ANCHOR_END: names
