//! A lost wake, and a test of it that passes a thousand times.
//!
//! `cargo run --example 15_fails_a_test_that_passes`

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::task::{Poll, Waker};

use glassloop::task::yield_now;
use glassloop::{Runtime, spawn};

// ANCHOR: signal
/// Raised once; one task may wait for it.
#[derive(Default)]
struct Signal {
    raised: Cell<bool>,
    waiter: Cell<Option<Waker>>,
}

impl Signal {
    fn raise(&self) {
        self.raised.set(true);
        if let Some(waiter) = self.waiter.take() {
            waiter.wake();
        }
    }

    async fn wait(&self) {
        if self.raised.get() {
            return;
        }
        yield_now().await; // something that has to be waited for in between: a lock, a line in a log
        let mut left_a_waker = false;
        poll_fn(|cx| {
            if std::mem::replace(&mut left_a_waker, true) {
                return Poll::Ready(());
            }
            self.waiter.set(Some(cx.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}
// ANCHOR_END: signal

/// One task waits, the other has some work and then raises the signal.
async fn scene() {
    let signal = Rc::new(Signal::default());
    let waiter = spawn({
        let signal = Rc::clone(&signal);
        async move { signal.wait().await }
    });
    let worker = spawn(async move {
        for _ in 0..6 {
            yield_now().await;
        }
        signal.raise();
    });
    worker.await.expect("it neither panics nor is it aborted");
    waiter.await.expect("it neither panics nor is it aborted");
}

fn main() -> io::Result<()> {
    for _ in 0..1000 {
        Runtime::new()?.block_on(scene());
    }
    println!("1,000 runs, and in each of them the waiter was woken.");
    println!(
        "Yet there is an order of the same turns in which it is not: all runs took the same one."
    );
    Ok(())
}
