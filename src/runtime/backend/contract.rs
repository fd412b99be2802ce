//! What a selector must supply for the reactor to stand on it.
//!
//! The contract:
//! - `register` takes a non-blocking descriptor once; from then on its events carry its token.
//! - `arm` says in which directions somebody waits. An edge-triggered selector ignores it: it tells
//!   of every change. A oneshot selector tells only of what is armed, and only once.
//! - `deregister` comes before the descriptor is closed.
//! - `wait` appends what has happened, and returns early only for an event or a notice. It may report
//!   what is not so (a spurious event costs an attempt), but must not miss what is.
//! - the notifier ends a `wait` from any thread, also one that has not begun yet, and may outlive the
//!   selector.

// ANCHOR: contract_imports
use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use crate::inbox::Notify;

/// Events taken from the kernel at once; more stay there for the next wait.
pub(super) const EVENTS: usize = 1024;
// ANCHOR_END: contract_imports

// ANCHOR: backend
pub(crate) trait Backend {
    fn register(&mut self, fd: RawFd, token: Token) -> io::Result<()>;
    fn arm(&mut self, fd: RawFd, token: Token, waiting: PerDirection<bool>) -> io::Result<()>;
    fn deregister(&mut self, fd: RawFd) -> io::Result<()>;
    fn wait(&mut self, timeout: Option<Duration>, into: &mut Vec<Readiness>) -> io::Result<()>;
    fn notifier(&self) -> io::Result<Arc<dyn Notify>>;
}
// ANCHOR_END: backend

// ANCHOR: token
/// Names a registration: where the reactor keeps it, and which one it is of those kept there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Token {
    pub(in crate::runtime) index: u32,
    pub(in crate::runtime) generation: u32,
}
// ANCHOR_END: token

// ANCHOR: token_numbers
impl Token {
    /// Generations stay below 2³¹ (see the reactor), so this is never `usize::MAX`, which selectors keep
    /// for themselves.
    pub(super) fn pack(self) -> usize {
        (self.generation as usize) << 32 | self.index as usize
    }

    pub(super) fn unpack(number: usize) -> Self {
        Self { generation: (number >> 32) as u32, index: number as u32 }
    }
}
// ANCHOR_END: token_numbers

// ANCHOR: readiness
/// What the kernel says about one descriptor. "Closed" is a hint: no more will come that way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Readiness {
    pub(in crate::runtime) token: Token,
    pub(in crate::runtime) ready: PerDirection<bool>,
    pub(in crate::runtime) closed: PerDirection<bool>,
}

/// Indexed by `Direction as usize`.
pub(crate) type PerDirection<T> = [T; 2];
// ANCHOR_END: readiness

// ANCHOR: borrow
/// Lends a descriptor to a call.
#[allow(unsafe_code)]
pub(super) fn borrow<'a>(fd: RawFd) -> BorrowedFd<'a> {
    // SAFETY: backends call with their own descriptor or with one that the reactor has registered, which so are
    // open; and the loan ends with the call.
    unsafe { BorrowedFd::borrow_raw(fd) }
}
// ANCHOR_END: borrow
