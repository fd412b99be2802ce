//! The budget of one poll, by hand.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::coop;

/// Counts a piece of work against what a task may get in one poll, and gives the others a turn when that is
/// used up. For loops over things that are always ready and do not count themselves, as this crate's
/// sockets, channels and deadlines do.
///
/// ```
/// let runtime = glassloop::Runtime::new()?;
/// let sum = runtime.block_on(async {
///     let mut sum = 0;
///     for number in 1..=1000 {
///         sum += number;
///         glassloop::task::consume_budget().await;
///     }
///     sum
/// });
/// assert_eq!(sum, 500_500);
/// # Ok::<(), std::io::Error>(())
/// ```
// ANCHOR: consume_budget
pub async fn consume_budget() {
    poll_fn(|cx| {
        ready!(coop::poll_budget(cx));
        coop::spend();
        Poll::Ready(())
    })
    .await;
}
// ANCHOR_END: consume_budget

/// Runs a future without counting what it gets: it gives control back only when it has to wait. The others
/// wait for it meanwhile.
///
/// ```
/// let runtime = glassloop::Runtime::new()?;
/// let done = runtime.block_on(glassloop::task::unconstrained(async { "alone" }));
/// assert_eq!(done, "alone");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn unconstrained<F: Future>(future: F) -> Unconstrained<F> {
    Unconstrained { future }
}

pin_project_lite::pin_project! {
    /// The future of [`unconstrained`].
    #[derive(Debug)]
    pub struct Unconstrained<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Unconstrained<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        coop::unlimited(|| self.project().future.poll(cx))
    }
}
