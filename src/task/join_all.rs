//! All results at once, in the order of the futures. Python's `asyncio.gather`.

use std::future::Future;
use std::panic::resume_unwind;

use crate::job::JoinError;
use crate::runtime::{JoinHandle, spawn};

// ANCHOR: abort_on_drop
/// Aborts its task when it is dropped before the result was taken.
struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
// ANCHOR_END: abort_on_drop

fn spawn_each<F: Future<Output: 'static> + 'static>(
    futures: impl IntoIterator<Item = F>,
) -> Vec<AbortOnDrop<F::Output>> {
    futures.into_iter().map(|future| AbortOnDrop(spawn(future))).collect()
}

fn unwrap<T>(result: Result<T, JoinError>) -> T {
    result.unwrap_or_else(|error| match error.is_panic() {
        true => resume_unwind(error.into_panic()),
        false => panic!("a task of join_all was aborted while its loop went away"),
    })
}

/// Runs each future as a task and waits for all of them: their outputs, in order. Dropping it
/// aborts those that are left.
///
/// # Panics
/// When one of the futures panics, with its payload; outside a running loop.
///
/// ```
/// let runtime = glassloop::Runtime::new()?;
/// let squares = runtime.block_on(async {
///     glassloop::task::join_all((1..=4).map(|number| async move { number * number })).await
/// });
/// assert_eq!(squares, [1, 4, 9, 16]);
/// # Ok::<(), std::io::Error>(())
/// ```
// ANCHOR: join_all
pub async fn join_all<F: Future<Output: 'static> + 'static>(
    futures: impl IntoIterator<Item = F>,
) -> Vec<F::Output> {
    let mut outputs = Vec::new();
    for mut task in spawn_each(futures) {
        outputs.push(unwrap((&mut task.0).await));
    }
    outputs
}
// ANCHOR_END: join_all

/// As [`join_all`] for futures that may fail: the first error ends the wait and aborts the rest.
///
/// # Errors
/// The error of the future that failed first.
///
/// # Panics
/// As [`join_all`].
///
/// ```
/// use glassloop::task::try_join_all;
///
/// let runtime = glassloop::Runtime::new()?;
/// let parsed = runtime.block_on(async {
///     try_join_all(["1", "two"].map(|text| async { text.parse::<u32>() })).await
/// });
/// assert!(parsed.is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
pub async fn try_join_all<T: 'static, E: 'static, F: Future<Output = Result<T, E>> + 'static>(
    futures: impl IntoIterator<Item = F>,
) -> Result<Vec<T>, E> {
    let mut set = super::JoinSet::new();
    let mut outputs = Vec::new();
    for (position, future) in futures.into_iter().enumerate() {
        outputs.push(None);
        set.spawn(async move { future.await.map(|output| (position, output)) });
    }
    while let Some(joined) = set.join_next().await {
        let (position, output) = unwrap(joined)?;
        outputs[position] = Some(output);
    }
    Ok(outputs.into_iter().flatten().collect())
}
