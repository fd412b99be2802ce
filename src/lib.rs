//! An event loop in a glass case: a single-threaded async runtime to read, to watch and to use, and
//! two jobs, *download* and *sum*, that run on it and on other models of concurrency.
//!
//! ```
//! use std::time::Duration;
//! use glassloop::{Runtime, spawn, time::sleep};
//!
//! let runtime = Runtime::new()?;
//! let greeting = runtime.block_on(async {
//!     let task = spawn(async {
//!         sleep(Duration::from_millis(1)).await;
//!         "hello from a task"
//!     });
//!     task.await
//! });
//! assert_eq!(greeting.unwrap(), "hello from a task");
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! New to async? The book in `book/` builds all of this step by step; its first page is `book/src/README.md`, and
//! has a path for those with 15 minutes. (`mdbook build book --open`, of mdBook 0.5, makes pages of
//! it, with this code in them.)
//!
//! # The straight line
//!
//! ```text
//! kernel → Backend::wait → Reactor::wait → Waker::wake → Queues::wake → tick → Future::poll
//!        → TcpStream::poll_read → WouldBlock → Reactor::wait_for → Queues::suspend → (sleep)
//! ```
//!
//! # Reading order
//!
//! 1. [`runtime`]: the loop itself. Begin with `executor.rs`, whose `run` is the tick; then `queues.rs`,
//!    `task.rs`, `waker.rs`; then `reactor.rs` and `timers.rs`.
//! 2. [`net`], [`mod@time`], [`task`], [`signal`]: what waits in it. `net/source.rs` is where a socket meets
//!    the reactor, `readiness.rs` what that remembers of it; `net/tcp/stream.rs` is what stands on it.
//!    [`io::unix::AsyncFd`] waits for any other descriptor, [`fs`] for files. `inbox.rs`, `job.rs` and
//!    `handle.rs` are the way between threads.
//! 3. [`sync`]: what tasks say to each other, and whose turn it is. Begin with `sync/wait.rs`. [`threads`]:
//!    pools of threads, for what blocks and what computes. `processes`: a pool of forked workers, whose own side
//!    is a program on this loop.
//! 4. [`http`]: messages as bytes, without a socket; then two pumps, blocking and async, to diff; TLS below them.
//! 5. [`workloads`]: the same job under each model, one short file each. [`server`]: the other end.
//! 6. `hyper`: what a guest that was not written for this loop asks of it.
//! 7. [`trace`]: what happened in a run, on a loop, on threads or in processes; `glass` draws it. [`sim`]: a world
//!    in memory where all of this runs and everything fails.
//!
//! Names are tokio's where there is one, so that the two can be compared line by line.

#[cfg(feature = "bench")]
#[doc(hidden)]
pub mod bench;
mod builder;
mod clock;
mod coop;
pub mod fs;
#[cfg(feature = "glass")]
pub mod glass;
mod handle;
pub mod http;
#[cfg(feature = "hyper")]
pub mod hyper;
mod inbox;
pub mod io;
mod job;
pub mod net;
#[cfg(feature = "processes")]
pub mod processes;
mod readiness;
pub mod runtime;
pub mod server;
pub mod signal;
pub mod sim;
mod snapshot;
pub mod sync;
pub mod task;
pub mod threads;
pub mod time;
pub mod trace;
mod tracer;
pub mod workloads;

pub use handle::Handle;
pub use job::{JobHandle, JoinError};
pub use runtime::{Runtime, spawn};
pub use threads::ThreadPool;

/// The standard library's, here. `tests/loom` puts its own in their place.
mod threading {
    pub(crate) use std::sync::atomic::{AtomicBool, Ordering};
    pub(crate) use std::sync::{Arc, Mutex, MutexGuard};
}
