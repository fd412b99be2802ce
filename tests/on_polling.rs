//! Whatever is promised of the loop on mio, once more on the other backend: the same tests, compiled into
//! this binary, in which `support::builder` chooses polling.

#[path = "sockets.rs"]
mod sockets;
#[path = "tasks.rs"]
mod tasks;
#[path = "time.rs"]
mod time;
#[path = "trace.rs"]
mod trace;
