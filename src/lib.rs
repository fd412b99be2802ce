//! glassloop: an event loop in a glass case.

mod handle;
pub mod http;
mod inbox;
mod job;
pub mod net;
pub mod runtime;
pub mod server;
pub mod signal;
pub mod task;
mod threads;
pub mod time;
pub mod trace;
pub mod workloads;

pub use handle::Handle;
pub use job::{JobHandle, JoinError};
pub use runtime::{Runtime, spawn};
