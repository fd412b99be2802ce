//! The runtimes, behind the few words that all of them understand. Each method is what that runtime's own
//! documentation would have one write; generics cost nothing when compiled.

use std::future::Future;
use std::time::Duration;

use anyhow::Result;

/// A runtime that stays for all rounds.
///
/// Futures are `Send` because `tokio::spawn` wants it; the others would not.
// ANCHOR: peer
pub(super) trait Peer: Sized + 'static {
    fn new() -> Result<Self>;
    fn block_on<F: Future>(&self, future: F) -> F::Output;
    /// Inside `block_on`. Gives what waits for the task's end.
    fn spawn<F: Future<Output: Send + 'static> + Send + 'static>(&self, future: F) -> impl Future;
    /// As `spawn`, with nobody who waits.
    fn detach<F: Future<Output: Send + 'static> + Send + 'static>(&self, future: F) {
        drop(self.spawn(future));
    }
    fn sleep(duration: Duration) -> impl Future<Output: Send> + Send + 'static;
}
// ANCHOR_END: peer

/// This one.
pub(super) struct Ours(crate::Runtime);

impl Peer for Ours {
    fn new() -> Result<Self> {
        Ok(Self(crate::Runtime::new()?))
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }

    fn spawn<F: Future<Output: Send + 'static> + Send + 'static>(&self, future: F) -> impl Future {
        crate::spawn(future)
    }

    fn sleep(duration: Duration) -> impl Future<Output: Send> + Send + 'static {
        crate::time::sleep(duration)
    }
}

fn tokio_runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// tokio's scheduler for futures of one thread, as ours are.
pub(super) struct TokioLocal(tokio::runtime::Runtime, tokio::task::LocalSet);

impl Peer for TokioLocal {
    fn new() -> Result<Self> {
        Ok(Self(tokio_runtime()?, tokio::task::LocalSet::new()))
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.1.block_on(&self.0, future)
    }

    fn spawn<F: Future<Output: Send + 'static> + Send + 'static>(&self, future: F) -> impl Future {
        tokio::task::spawn_local(future)
    }

    fn sleep(duration: Duration) -> impl Future<Output: Send> + Send + 'static {
        tokio::time::sleep(duration)
    }
}

/// tokio's current_thread scheduler itself, for futures that are `Send`.
pub(super) struct TokioSpawn(tokio::runtime::Runtime);

impl Peer for TokioSpawn {
    fn new() -> Result<Self> {
        Ok(Self(tokio_runtime()?))
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }

    fn spawn<F: Future<Output: Send + 'static> + Send + 'static>(&self, future: F) -> impl Future {
        tokio::spawn(future)
    }

    fn sleep(duration: Duration) -> impl Future<Output: Send> + Send + 'static {
        tokio::time::sleep(duration)
    }
}

/// What `smol` gives for one thread. `smol` itself only gathers these two crates and others that are not needed.
pub(super) struct Smol(async_executor::LocalExecutor<'static>);

impl Smol {
    pub(super) fn tasks(&self) -> &async_executor::LocalExecutor<'static> {
        &self.0
    }
}

impl Peer for Smol {
    fn new() -> Result<Self> {
        Ok(Self(async_executor::LocalExecutor::new()))
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        async_io::block_on(self.0.run(future))
    }

    fn spawn<F: Future<Output: Send + 'static> + Send + 'static>(&self, future: F) -> impl Future {
        self.0.spawn(future)
    }

    fn detach<F: Future<Output: Send + 'static> + Send + 'static>(&self, future: F) {
        self.0.spawn(future).detach();
    }

    fn sleep(duration: Duration) -> impl Future<Output: Send> + Send + 'static {
        async_io::Timer::after(duration)
    }
}

pub(super) const OURS: &str = "glassloop";
pub(super) const LOCAL: &str = "tokio LocalSet";
pub(super) const SPAWN: &str = "tokio spawn";
pub(super) const SMOL: &str = "smol";
