//! What all of `sync` promises, and what permits, locks and notifications add. Channels: `channels.rs`.

mod all;
mod cases;
mod locks;
mod notifications;
mod permits;
#[path = "../support/mod.rs"]
mod support;

use std::future::Future;

use futures::FutureExt;

/// Waits for a moment and gives up.
fn glance<T>(future: impl Future<Output = T>) {
    drop(future.now_or_never());
}
