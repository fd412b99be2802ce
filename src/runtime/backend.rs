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

// ANCHOR: imports
mod mio;
mod polling;

use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::inbox::Notify;

/// Events taken from the kernel at once; more stay there for the next wait.
const EVENTS: usize = 1024;
// ANCHOR_END: imports

/// Who speaks with the kernel on behalf of a loop.
///
/// ```
/// use glassloop::runtime::{BackendKind, Builder};
///
/// for backend in BackendKind::ALL {
///     let runtime = Builder::new().backend(backend).build()?;
///     assert_eq!(runtime.block_on(async { 1 + 1 }), 2);
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
// ANCHOR: kind
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum BackendKind {
    /// mio: edge-triggered. The kernel tells of each change once, without being asked again.
    #[default]
    Mio,
    /// polling: oneshot. The kernel tells what was asked for, once, and is asked again: one more system
    /// call for each wait.
    Polling,
}
// ANCHOR_END: kind

// ANCHOR: choose
impl BackendKind {
    /// All there are.
    pub const ALL: [Self; 2] = [Self::Mio, Self::Polling];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mio => "mio",
            Self::Polling => "polling",
        }
    }

    pub(crate) fn build(self) -> io::Result<Box<dyn Backend>> {
        Ok(match self {
            Self::Mio => Box::new(mio::Mio::new()?),
            Self::Polling => Box::new(polling::Polling::new()?),
        })
    }
}
// ANCHOR_END: choose

// ANCHOR: token
/// Names a registration: where the reactor keeps it, and which one it is of those kept there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Token {
    pub(super) index: u32,
    pub(super) generation: u32,
}
// ANCHOR_END: token

// ANCHOR: parse
impl FromStr for BackendKind {
    type Err = UnknownBackend;

    fn from_str(name: &str) -> Result<Self, UnknownBackend> {
        let named = Self::ALL.into_iter().find(|backend| backend.name() == name);
        named.ok_or_else(|| UnknownBackend(name.into()))
    }
}
// ANCHOR_END: parse

/// No backend has this name.
///
/// ```
/// let error = "magic".parse::<glassloop::runtime::BackendKind>().unwrap_err();
/// assert_eq!(error.to_string(), "no backend is called \"magic\": choose mio or polling");
/// ```
// ANCHOR: unknown
#[derive(Debug, thiserror::Error)]
#[error("no backend is called {0:?}: choose {names}", names = BackendKind::ALL.map(BackendKind::name).join(" or "))]
pub struct UnknownBackend(String);
// ANCHOR_END: unknown

// ANCHOR: token_numbers
impl Token {
    /// Generations stay below 2³¹ (see the reactor), so this is never `usize::MAX`, which selectors keep
    /// for themselves.
    fn pack(self) -> usize {
        (self.generation as usize) << 32 | self.index as usize
    }

    fn unpack(number: usize) -> Self {
        Self { generation: (number >> 32) as u32, index: number as u32 }
    }
}
// ANCHOR_END: token_numbers

// ANCHOR: readiness
/// What the kernel says about one descriptor. "Closed" is a hint: no more will come that way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Readiness {
    pub(super) token: Token,
    pub(super) ready: PerDirection<bool>,
    pub(super) closed: PerDirection<bool>,
}

/// Indexed by `Direction as usize`.
pub(crate) type PerDirection<T> = [T; 2];
// ANCHOR_END: readiness

// ANCHOR: backend
pub(crate) trait Backend {
    fn register(&mut self, fd: RawFd, token: Token) -> io::Result<()>;
    fn arm(&mut self, fd: RawFd, token: Token, waiting: PerDirection<bool>) -> io::Result<()>;
    fn deregister(&mut self, fd: RawFd) -> io::Result<()>;
    fn wait(&mut self, timeout: Option<Duration>, into: &mut Vec<Readiness>) -> io::Result<()>;
    fn notifier(&self) -> io::Result<Arc<dyn Notify>>;
}
// ANCHOR_END: backend

// ANCHOR: borrow
/// Lends a descriptor to a call.
#[allow(unsafe_code)]
fn borrow<'a>(fd: RawFd) -> BorrowedFd<'a> {
    // SAFETY: backends call with their own descriptor or with one that the reactor has registered, which so are
    // open; and the loan ends with the call.
    unsafe { BorrowedFd::borrow_raw(fd) }
}
// ANCHOR_END: borrow
