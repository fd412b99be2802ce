//! The way in from other threads: each loop has an inbox, and a registry finds it by the loop's id.
//! Wakers, abort handles and [`Handle`](super::Handle)s post here; the tick empties it.

// ANCHOR: remote_imports
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use super::queues::SlotIndex;
use super::timers::TimerKey;
use crate::inbox::{Inbox, Notify};
use crate::trace::TaskId;
// ANCHOR_END: remote_imports

// ANCHOR: loop_id
/// Names a loop among those that live now.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct LoopId(pub(super) u16);

pub(crate) type Mailbox = Inbox<Message, Arc<dyn Notify>>;
// ANCHOR_END: loop_id

// ANCHOR: message
/// What other threads may ask of a loop.
pub(crate) enum Message {
    /// The slot and the generation that a waker names.
    Wake(SlotIndex, u32),
    Abort(SlotIndex, TaskId),
    /// A sleep was dropped on another thread.
    CancelTimer(TimerKey),
    /// A job that a paused clock waits for is over.
    JobDone,
    /// Runs on the loop's thread, between two polls.
    Run(Box<dyn FnOnce() + Send>),
}
// ANCHOR_END: message

// ANCHOR: registry
/// The loops that live now.
static LOOPS: RwLock<Registry> = RwLock::new(Registry { entered: 0, inboxes: BTreeMap::new() });

struct Registry {
    entered: u64,
    inboxes: BTreeMap<u16, Arc<Mailbox>>,
}
// ANCHOR_END: registry

// ANCHOR: register_loop
/// Enters a new loop: its id, and the number from which it counts tasks and deadlines. Ids go round,
/// so that an old waker meets its loop's id again as late as can be; the counts do not, so that the
/// names of what an earlier loop had name nothing in a later one with its id.
pub(super) fn register(inbox: Arc<Mailbox>) -> io::Result<(LoopId, u64)> {
    let mut loops = LOOPS.write().unwrap_or_else(PoisonError::into_inner);
    if loops.inboxes.len() > usize::from(u16::MAX) {
        return Err(io::Error::other("65,536 event loops live already: drop one first"));
    }
    while loops.inboxes.contains_key(&(loops.entered as u16)) {
        loops.entered += 1;
    }
    let (id, round) = (loops.entered as u16, loops.entered >> u16::BITS);
    loops.entered += 1;
    loops.inboxes.insert(id, inbox);
    Ok((LoopId(id), round << 40))
}
// ANCHOR_END: register_loop

// ANCHOR: unregister
/// Strikes a loop out; gives back the mail that it did not read.
pub(super) fn unregister(LoopId(id): LoopId) -> Vec<Message> {
    let mut loops = LOOPS.write().unwrap_or_else(PoisonError::into_inner);
    let inbox = loops.inboxes.remove(&id);
    drop(loops);
    inbox.map(|inbox| inbox.close()).unwrap_or_default()
}
// ANCHOR_END: unregister

// ANCHOR: inboxes
/// The inboxes of all loops that live now.
pub(crate) fn inboxes() -> Vec<Arc<Mailbox>> {
    let loops = LOOPS.read().unwrap_or_else(PoisonError::into_inner);
    loops.inboxes.values().cloned().collect()
}
// ANCHOR_END: inboxes

// ANCHOR: send
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
// ANCHOR_END: send
