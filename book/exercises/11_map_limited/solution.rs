use std::future::Future;
use std::rc::Rc;

use glassloop::sync::Semaphore;
use glassloop::task::join_all;

/// The outputs of all futures, in order. Never are more than `limit` of them under way.
pub async fn map_limited<F>(limit: usize, futures: Vec<F>) -> Vec<F::Output>
where
    F: Future<Output: 'static> + 'static,
{
    let permits = Rc::new(Semaphore::new(limit));
    let limited = futures.into_iter().map(|future| {
        let permits = Rc::clone(&permits);
        async move {
            let _permit = permits.acquire().await.expect("nobody closes it");
            future.await
        }
    });
    join_all(limited).await
}
