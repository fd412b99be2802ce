//! Where other threads leave messages for one that may be asleep. Each loop has one (`remote.rs`).
//!
//! The race it must win: a message that comes between "there is no mail" and the sleep. The sleeper
//! announces its sleep and looks for mail in one step under the lock; whoever posts before that is
//! seen, whoever posts after it sees the announcement and sends a notice.

// ANCHOR: inbox_imports
use std::mem;
use std::sync::PoisonError;

use crate::threading::{Arc, AtomicBool, Mutex, MutexGuard, Ordering};
// ANCHOR_END: inbox_imports

// ANCHOR: notify
/// Rouses the sleeper, also one that has announced its sleep but not begun it.
pub(crate) trait Notify: Send + Sync {
    fn notify(&self);
}

impl<N: Notify + ?Sized> Notify for Arc<N> {
    fn notify(&self) {
        (**self).notify();
    }
}
// ANCHOR_END: notify

// ANCHOR: inbox
pub(crate) struct Inbox<M, N> {
    state: Mutex<State<M>>,
    /// Says without the lock whether it is worth taking.
    has_mail: AtomicBool,
    notifier: N,
}
// ANCHOR_END: inbox

// ANCHOR: inbox_state
struct State<M> {
    mail: Vec<M>,
    asleep: bool,
    closed: bool,
}
// ANCHOR_END: inbox_state

impl<M, N: Notify> Inbox<M, N> {
    // ANCHOR: inbox_new
    pub(crate) fn new(notifier: N) -> Self {
        let state = State { mail: Vec::new(), asleep: false, closed: false };
        Self { state: Mutex::new(state), has_mail: AtomicBool::new(false), notifier }
    }
    // ANCHOR_END: inbox_new

    // ANCHOR: inbox_send
    /// Posts a message, and rouses the loop if it sleeps: one notice for a burst, none when it is
    /// awake. Once the loop has gone, the message comes back.
    pub(crate) fn send(&self, message: M) -> Result<(), M> {
        let mut state = self.lock();
        if state.closed {
            return Err(message);
        }
        state.mail.push(message);
        self.has_mail.store(true, Ordering::Release);
        let was_asleep = mem::take(&mut state.asleep);
        drop(state);
        if was_asleep {
            self.notifier.notify();
        }
        Ok(())
    }
    // ANCHOR_END: inbox_send

    // ANCHOR: receive
    /// What has come since the last time.
    pub(crate) fn receive(&self) -> Vec<M> {
        if !self.has_mail.load(Ordering::Acquire) {
            return Vec::new();
        }
        let mut state = self.lock();
        self.has_mail.store(false, Ordering::Relaxed);
        mem::take(&mut state.mail)
    }
    // ANCHOR_END: receive

    // ANCHOR: may_sleep
    /// Announces that the loop is about to sleep; false if it must not, since there is mail.
    /// Whoever posts before this is seen here, and whoever posts after it sends a notice.
    pub(crate) fn may_sleep(&self) -> bool {
        let mut state = self.lock();
        state.asleep = state.mail.is_empty();
        state.asleep
    }

    /// The loop is awake: it will look by itself.
    pub(crate) fn awake(&self) {
        self.lock().asleep = false;
    }
    // ANCHOR_END: may_sleep

    // ANCHOR: close
    /// Refuses all mail from now on; gives back what was not read.
    pub(crate) fn close(&self) -> Vec<M> {
        let mut state = self.lock();
        state.closed = true;
        mem::take(&mut state.mail)
    }

    fn lock(&self) -> MutexGuard<'_, State<M>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
    // ANCHOR_END: close
}
