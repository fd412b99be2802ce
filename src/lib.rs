//! glassloop: an event loop in a glass case.

pub mod http;
mod job;
pub mod net;
pub mod runtime;
pub mod signal;
pub mod task;
mod threads;
pub mod time;
pub mod workloads;

pub use job::{JobHandle, JoinError};
pub use runtime::{Handle, Runtime, spawn};
