//! The results of a batch, each in its place: workers put them there, one reader takes them.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::job::{JoinError, LOOKS, shielded};

/// How long the reader sleeps before it asks to be woken.
const NAP: Duration = Duration::from_micros(200);

pub(super) struct Board<T> {
    places: Box<[Mutex<Place<T>>]>,
    /// Many of them are not even begun.
    many_to_come: AtomicBool,
}

enum Place<T> {
    Open,
    /// As `Open`, and the reader sleeps.
    Awaited(Thread),
    Settled(Result<T, JoinError>),
    /// The reader has the result, or does not want it.
    Left,
}

impl<T> Board<T> {
    pub(super) fn new(places: usize) -> Self {
        let places = (0..places).map(|_| Mutex::new(Place::Open)).collect();
        Self { places, many_to_come: AtomicBool::new(false) }
    }

    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    pub(super) fn set_many_to_come(&self, many: bool) {
        self.many_to_come.store(many, Ordering::Relaxed);
    }

    pub(super) fn settle(&self, (index, result): (usize, Result<T, JoinError>)) {
        let mut place = self.lock(index);
        match mem::replace(&mut *place, Place::Settled(result)) {
            Place::Open => {}
            Place::Awaited(reader) => {
                drop(place);
                reader.unpark();
            }
            Place::Left => {
                let unwanted = mem::replace(&mut *place, Place::Left);
                drop(place);
                shielded(|| drop(unwanted));
            }
            Place::Settled(_) => unreachable!("an item is done once"),
        }
    }

    /// Blocks until a result is there, and takes it. While many are to come, it looks again after a nap: to wake the
    /// reader for each would cost the workers more than the jobs do.
    pub(super) fn take(&self, index: usize) -> Result<T, JoinError> {
        for _ in 0..LOOKS {
            if !self.is_open(index) {
                break;
            }
            thread::yield_now();
        }
        if self.many_to_come.load(Ordering::Relaxed) && self.is_open(index) {
            thread::sleep(NAP);
        }
        loop {
            let mut place = self.lock(index);
            match mem::replace(&mut *place, Place::Left) {
                Place::Settled(result) => return result,
                Place::Left => unreachable!("a result is taken once"),
                Place::Open | Place::Awaited(_) => *place = Place::Awaited(thread::current()),
            }
            drop(place);
            thread::park();
        }
    }

    /// Nobody will take this result.
    pub(super) fn leave(&self, index: usize) {
        let left = mem::replace(&mut *self.lock(index), Place::Left);
        shielded(|| drop(left));
    }

    fn is_open(&self, index: usize) -> bool {
        matches!(*self.lock(index), Place::Open)
    }

    /// Nothing panics under this lock, so poison says nothing.
    fn lock(&self, index: usize) -> MutexGuard<'_, Place<T>> {
        self.places[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}
