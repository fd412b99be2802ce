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

mod mio;

use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::Duration;

use crate::inbox::Notify;

pub(super) use mio::Mio;

/// Names a registration: where the reactor keeps it, and which one it is of those kept there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Token {
    pub(super) index: u32,
    pub(super) generation: u32,
}

/// What the kernel says about one descriptor. "Closed" is a hint: no more will come that way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Readiness {
    pub(super) token: Token,
    pub(super) ready: PerDirection<bool>,
    pub(super) closed: PerDirection<bool>,
}

/// Indexed by `Direction as usize`.
pub(super) type PerDirection<T> = [T; 2];

pub(super) trait Backend {
    fn register(&mut self, fd: RawFd, token: Token) -> io::Result<()>;
    fn arm(&mut self, fd: RawFd, token: Token, waiting: PerDirection<bool>) -> io::Result<()>;
    fn deregister(&mut self, fd: RawFd) -> io::Result<()>;
    fn wait(&mut self, timeout: Option<Duration>, into: &mut Vec<Readiness>) -> io::Result<()>;
    fn notifier(&self) -> io::Result<Arc<dyn Notify>>;
}
