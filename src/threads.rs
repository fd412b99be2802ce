//! Threads for work that blocks. For now one pool that grows as needed serves `spawn_blocking` and
//! the resolving of names.

mod blocking;

pub(crate) use blocking::run;
