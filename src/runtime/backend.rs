//! The selectors: the contract that each of them meets, the two there are, and how one is chosen.

// ANCHOR: backend_parts
mod contract;
mod kind;
mod mio;
mod polling;

pub(super) use contract::{Backend, PerDirection, Readiness, Token};
pub use kind::{BackendKind, UnknownBackend};
// ANCHOR_END: backend_parts
