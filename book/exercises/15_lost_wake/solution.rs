//! A signal, raised once. Whoever waits for it is woken.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::task::{Poll, Waker};

use glassloop::task::yield_now;

#[derive(Default)]
pub struct Signal {
    raised: Cell<bool>,
    waiters: RefCell<Vec<Waker>>,
}

impl Signal {
    pub fn raise(&self) {
        self.raised.set(true);
        // Taken out first: a wake is anybody's code, and may come back here.
        let waiters = self.waiters.take();
        waiters.into_iter().for_each(Waker::wake);
    }

    pub async fn wait(&self) {
        yield_now().await;
        poll_fn(|cx| {
            if self.raised.get() {
                return Poll::Ready(());
            }
            // Nothing runs between the look and this: both are in one poll.
            self.waiters.borrow_mut().push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
