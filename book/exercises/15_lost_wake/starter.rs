//! A signal, raised once. Whoever waits for it is woken, nearly always.

use std::cell::Cell;
use std::future::poll_fn;
use std::task::{Poll, Waker};

use glassloop::task::yield_now;

#[derive(Default)]
pub struct Signal {
    raised: Cell<bool>,
    waiter: Cell<Option<Waker>>,
}

impl Signal {
    pub fn raise(&self) {
        self.raised.set(true);
        if let Some(waiter) = self.waiter.take() {
            waiter.wake();
        }
    }

    pub async fn wait(&self) {
        if self.raised.get() {
            return;
        }
        yield_now().await;
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
