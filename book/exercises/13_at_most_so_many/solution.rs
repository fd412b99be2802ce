use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The most values that are taken in one poll.
pub const BUDGET: usize = 128;

/// Takes all values; gives their sum.
pub struct Drain {
    pub queue: VecDeque<u64>,
    pub sum: u64,
}

impl Future for Drain {
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u64> {
        for _ in 0..BUDGET {
            match self.queue.pop_front() {
                Some(value) => self.sum += value,
                None => return Poll::Ready(self.sum),
            }
        }
        cx.waker().wake_by_ref(); // nobody else will: what it waits for is its own next turn
        Poll::Pending
    }
}
