//! The way in from other threads: each loop has an inbox, and a registry finds it by the loop's id.
//! Wakers, abort handles and [`Handle`](super::Handle)s post here; the tick empties it.

use std::collections::BTreeMap;
use std::io;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::backend::Notify;
use super::queues::SlotIndex;
use super::task::TaskId;
use super::timers::TimerKey;

/// Names a loop among those that live now.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct LoopId(pub(super) u16);

/// What other threads may ask of a loop.
pub(super) enum Message {
    /// The slot and the generation that a waker names.
    Wake(SlotIndex, u32),
    Abort(SlotIndex, TaskId),
    /// A sleep was dropped on another thread.
    CancelTimer(TimerKey),
    /// Runs on the loop's thread, between two polls.
    Run(Box<dyn FnOnce() + Send>),
}

pub(super) struct Inbox<N = Arc<dyn Notify>> {
    state: Mutex<State>,
    /// Says without the lock whether it is worth taking.
    has_mail: AtomicBool,
    notifier: N,
}

#[derive(Default)]
struct State {
    mail: Vec<Message>,
    asleep: bool,
    closed: bool,
}

impl<N: Notify> Inbox<N> {
    pub(super) fn new(notifier: N) -> Self {
        Self { state: Mutex::default(), has_mail: AtomicBool::new(false), notifier }
    }

    /// Posts a message, and rouses the loop if it sleeps: one notice for a burst, none when it is
    /// awake. Once the loop has gone, the message comes back.
    pub(super) fn send(&self, message: Message) -> Result<(), Message> {
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

    /// What has come since the last time.
    pub(super) fn receive(&self) -> Vec<Message> {
        if !self.has_mail.load(Ordering::Acquire) {
            return Vec::new();
        }
        let mut state = self.lock();
        self.has_mail.store(false, Ordering::Relaxed);
        mem::take(&mut state.mail)
    }

    /// Announces that the loop is about to sleep; false if it must not, since there is mail.
    /// Whoever posts before this is seen here, and whoever posts after it sends a notice.
    pub(super) fn may_sleep(&self) -> bool {
        let mut state = self.lock();
        state.asleep = state.mail.is_empty();
        state.asleep
    }

    /// The loop is awake: it will look by itself.
    pub(super) fn awake(&self) {
        self.lock().asleep = false;
    }

    /// Refuses all mail from now on; gives back what was not read.
    fn close(&self) -> Vec<Message> {
        let mut state = self.lock();
        state.closed = true;
        mem::take(&mut state.mail)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The loops that live now.
static LOOPS: RwLock<Registry> = RwLock::new(Registry { next: 0, inboxes: BTreeMap::new() });

struct Registry {
    next: u16,
    inboxes: BTreeMap<u16, Arc<Inbox>>,
}

/// Enters a new loop. Ids go round, so that an old waker meets its number again as late as can be.
pub(super) fn register(inbox: Arc<Inbox>) -> io::Result<LoopId> {
    let mut loops = LOOPS.write().unwrap_or_else(PoisonError::into_inner);
    if loops.inboxes.len() > usize::from(u16::MAX) {
        return Err(io::Error::other("65,536 event loops live already: drop one first"));
    }
    while loops.inboxes.contains_key(&loops.next) {
        loops.next = loops.next.wrapping_add(1);
    }
    let id = loops.next;
    loops.next = id.wrapping_add(1);
    loops.inboxes.insert(id, inbox);
    Ok(LoopId(id))
}

/// Strikes a loop out; gives back the mail that it did not read.
pub(super) fn unregister(LoopId(id): LoopId) -> Vec<Message> {
    let mut loops = LOOPS.write().unwrap_or_else(PoisonError::into_inner);
    let inbox = loops.inboxes.remove(&id);
    drop(loops);
    inbox.map(|inbox| inbox.close()).unwrap_or_default()
}

/// Posts to a loop by its id. A loop that is gone needs nothing any more.
pub(super) fn send(LoopId(id): LoopId, message: Message) {
    let inbox = {
        let loops = LOOPS.read().unwrap_or_else(PoisonError::into_inner);
        loops.inboxes.get(&id).cloned()
    };
    if let Some(inbox) = inbox {
        // A message refused is dropped here, outside every lock.
        let _ = inbox.send(message);
    }
}
