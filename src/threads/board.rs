//! The results of a batch, each in its place: workers put them there, one reader takes them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::job::{JoinError, LOOKS, shielded};

/// How long the reader sleeps before it asks to be woken.
const NAP: Duration = Duration::from_micros(500);

pub(super) struct Board<T> {
    runs: Box<[Run<T>]>,
    run_length: usize,
    /// Many of them are not even begun.
    many_to_come: AtomicBool,
}

/// What different workers write to is not to share a line of their caches.
#[repr(align(128))]
struct Run<T>(Mutex<Places<T>>);

struct Places<T> {
    results: Box<[Option<Result<T, JoinError>>]>,
    /// The reader sleeps until the result in this place is there.
    reader: Option<(usize, Thread)>,
    /// The reader has gone.
    unwanted: bool,
}

impl<T> Board<T> {
    /// For `count` results, of which so many at a time come from one worker.
    pub(super) fn new(count: usize, run_length: usize) -> Self {
        let run = |start| {
            let results = (start..count.min(start + run_length)).map(|_| None).collect();
            Run(Mutex::new(Places { results, reader: None, unwanted: false }))
        };
        let runs = (0..count).step_by(run_length).map(run).collect();
        Self { runs, run_length, many_to_come: AtomicBool::new(run_length > 1) }
    }

    pub(super) fn set_many_to_come(&self, many: bool) {
        self.many_to_come.store(many, Ordering::Relaxed);
    }

    pub(super) fn settle(&self, (index, result): (usize, Result<T, JoinError>)) {
        let (mut places, place) = self.lock(index);
        if places.unwanted {
            drop(places);
            return shielded(|| drop(result));
        }
        debug_assert!(places.results[place].is_none(), "result {index} came twice");
        places.results[place] = Some(result);
        let reader = places.reader.take_if(|(awaited, _)| *awaited == place);
        drop(places);
        if let Some((_, reader)) = reader {
            reader.unpark();
        }
    }

    /// Blocks until this result is there, and takes it and some that follow it. While many are to come, it looks
    /// again after a nap: to wake the reader for each would cost the workers more than the jobs do.
    pub(super) fn take(&self, index: usize, taken: &mut VecDeque<Result<T, JoinError>>) {
        if !self.try_take(index, taken, None) && self.many_to_come.load(Ordering::Relaxed) {
            thread::sleep(NAP);
        }
        for _ in 0..LOOKS {
            if !taken.is_empty() || self.try_take(index, taken, None) {
                return;
            }
            thread::yield_now();
        }
        while !self.try_take(index, taken, Some(thread::current())) {
            thread::park();
        }
    }

    fn try_take(
        &self,
        index: usize,
        taken: &mut VecDeque<Result<T, JoinError>>,
        reader: Option<Thread>,
    ) -> bool {
        let (mut places, place) = self.lock(index);
        taken.extend(places.results[place..].iter_mut().map_while(Option::take));
        places.reader = reader.filter(|_| taken.is_empty()).map(|reader| (place, reader));
        !taken.is_empty()
    }

    /// Nobody will take the results from this one on.
    pub(super) fn leave(&self, index: usize) {
        for run in &self.runs[index / self.run_length..] {
            let mut places = lock(run);
            places.unwanted = true;
            let left = std::mem::take(&mut places.results);
            drop(places);
            left.into_iter().for_each(|result| shielded(|| drop(result)));
        }
    }

    fn lock(&self, index: usize) -> (MutexGuard<'_, Places<T>>, usize) {
        (lock(&self.runs[index / self.run_length]), index % self.run_length)
    }
}

/// Nothing panics under this lock, so poison says nothing.
fn lock<T>(run: &Run<T>) -> MutexGuard<'_, Places<T>> {
    run.0.lock().unwrap_or_else(PoisonError::into_inner)
}
