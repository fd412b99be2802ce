use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use super::exercise::*;

#[derive(Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn drain(values: u64) -> Drain {
    Drain { queue: (1..=values).collect(), sum: 0 }
}

#[test]
fn one_poll_takes_no_more_than_the_budget() {
    let mut drain = drain(1000);
    let polled = Pin::new(&mut drain).poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Pending);
    assert_eq!(drain.queue.len(), 1000 - BUDGET);
}

#[test]
fn whoever_is_not_done_has_seen_to_its_next_turn() {
    let counter = Arc::new(Counter::default());
    let waker = Waker::from(Arc::clone(&counter));
    let (mut drain, mut polls) = (drain(1000), 1);
    while Pin::new(&mut drain).poll(&mut Context::from_waker(&waker)).is_pending() {
        assert_eq!(counter.0.load(Ordering::Relaxed), polls, "Pending, and nobody will wake it");
        polls += 1;
    }
    assert_eq!(polls, 8);
}

#[test]
fn in_the_end_everything_is_there() {
    assert_eq!(futures::executor::block_on(drain(1000)), 500_500);
}
