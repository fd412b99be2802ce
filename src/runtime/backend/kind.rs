//! Which backends there are, and how one is chosen: by value, so that one build has all of them.

// ANCHOR: kind_imports
use std::io;
use std::str::FromStr;

use super::contract::Backend;
use super::{mio, polling};
// ANCHOR_END: kind_imports

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
