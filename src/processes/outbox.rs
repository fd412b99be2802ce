//! Memory that a worker shares with the pool. What would be written to the pipe only for the case that the worker dies,
//! is left here instead: which job it has begun, and results that are to be sent with others.

use std::io;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::packed::{Packed, values};
use super::sys::SharedMemory;

/// How many bytes of results wait at most.
const SPACE: usize = 16 * 1024 - 24;

/// Workers beyond so many have none, and send each result by itself.
const MOST: usize = 256;

/// Written by one worker; read by the pool when that worker is no more.
#[repr(C)]
pub(super) struct Outbox {
    /// How many frames with jobs were begun.
    begun: AtomicU64,
    /// How many times what was here has been sent.
    sent: AtomicU64,
    /// How many bytes of results are here.
    filled: AtomicU64,
    bytes: [AtomicU8; SPACE],
}

impl Outbox {
    /// The jobs of one more frame begin.
    pub(super) fn begin(&self) {
        self.begun.fetch_add(1, Ordering::Release);
    }

    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Acquire)
    }

    /// Adds packed results; false when there is no room for them.
    pub(super) fn add(&self, packed: &[u8]) -> bool {
        let filled = self.filled.load(Ordering::Relaxed) as usize;
        let Some(space) = self.bytes[filled..].get(..packed.len()) else { return false };
        space.iter().zip(packed).for_each(|(to, from)| to.store(*from, Ordering::Relaxed));
        // From here on they are not lost.
        self.filled.store((filled + packed.len()) as u64, Ordering::Release);
        true
    }

    /// All that is here has been sent.
    pub(super) fn clear(&self) {
        self.filled.store(0, Ordering::Release);
        self.sent.fetch_add(1, Ordering::Release);
    }

    /// What a worker left that was not received: it has sent so many times.
    pub(super) fn left(&self, received: u64) -> Packed {
        let mut left = Packed::default();
        if self.sent.load(Ordering::Acquire) == received {
            let filled = self.filled.load(Ordering::Acquire) as usize;
            let bytes = self.bytes.get(..filled).unwrap_or_default();
            left.bytes = bytes.iter().map(|byte| byte.load(Ordering::Relaxed)).collect();
            left.count = values(&left.bytes).count();
        }
        left
    }
}

/// Those of a pool, made before anything is forked.
#[derive(Debug)]
pub(super) struct Outboxes {
    memory: SharedMemory<Outbox>,
    /// The numbers of those that no worker has.
    free: Mutex<Vec<u32>>,
}

/// The number of none.
const NONE: u32 = u32::MAX;

impl Outboxes {
    pub(super) fn new(workers: usize) -> io::Result<Self> {
        let count = workers.min(MOST);
        let free = Mutex::new((0..count as u32).rev().collect());
        Ok(Self { memory: SharedMemory::zeroed(count)?, free })
    }

    pub(super) fn get(&self, number: u32) -> Option<&Outbox> {
        self.memory.get(number as usize)
    }

    /// An empty one for a new worker.
    pub(super) fn borrow(&self) -> u32 {
        let number = self.free().pop().unwrap_or(NONE);
        if let Some(outbox) = self.get(number) {
            outbox.begun.store(0, Ordering::Release);
            outbox.filled.store(0, Ordering::Release);
            outbox.sent.store(0, Ordering::Release);
        }
        number
    }

    /// Its worker has ended.
    pub(super) fn give_back(&self, number: u32) {
        if number != NONE {
            self.free().push(number);
        }
    }

    fn free(&self) -> MutexGuard<'_, Vec<u32>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn what_was_not_received_is_found_and_what_was_received_is_not() {
        let outboxes = Outboxes::new(1).unwrap();
        let outbox = outboxes.get(outboxes.borrow()).unwrap();
        let mut packed = Packed::default();
        packed.push(|bytes| bytes.write_all(b"result")).unwrap();
        assert!(outbox.add(&packed.bytes));
        assert_eq!(outbox.left(0).count, 1);
        assert_eq!(
            outbox.left(1).count,
            0,
            "received, and killed before it could say that it had sent"
        );
        outbox.clear();
        assert_eq!(outbox.left(1).count, 0);
        assert!(!outbox.add(&[0; SPACE + 1]));
    }

    #[test]
    fn an_outbox_that_is_given_back_is_empty_for_the_next() {
        let outboxes = Outboxes::new(1).unwrap();
        let number = outboxes.borrow();
        assert!(outboxes.get(outboxes.borrow()).is_none(), "there is only one");
        assert!(outboxes.get(number).unwrap().add(b"left"));
        outboxes.give_back(number);
        assert_eq!(outboxes.get(outboxes.borrow()).unwrap().left(0).bytes, b"");
    }
}
