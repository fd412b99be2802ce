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

    fn poll(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<u64> {
        while let Some(value) = self.queue.pop_front() {
            self.sum += value;
        }
        Poll::Ready(self.sum)
    }
}
