//! glassloop: an event loop in a glass case.

pub mod http;
pub mod workloads;
