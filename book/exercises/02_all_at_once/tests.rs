use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::exercise::*;

/// Jobs that wait until all of them are here, but not for ever.
fn meeting(size: usize) -> Vec<Box<dyn FnOnce() -> bool + Send>> {
    let here = Arc::new(AtomicUsize::new(0));
    let job = |_| {
        let here = Arc::clone(&here);
        Box::new(move || {
            here.fetch_add(1, Ordering::SeqCst);
            let patience = Instant::now() + Duration::from_millis(500);
            while here.load(Ordering::SeqCst) < size && Instant::now() < patience {
                thread::yield_now();
            }
            here.load(Ordering::SeqCst) == size
        }) as Box<dyn FnOnce() -> bool + Send>
    };
    (0..size).map(job).collect()
}

#[test]
fn every_job_meets_every_other() {
    assert_eq!(all_at_once(meeting(4)), [true; 4]);
}

#[test]
fn results_come_in_the_order_of_the_jobs() {
    let job = |number: u64| {
        Box::new(move || {
            thread::sleep(Duration::from_millis(10 * (3 - number)));
            number
        }) as Box<dyn FnOnce() -> u64 + Send>
    };
    assert_eq!(all_at_once((0..3).map(job).collect()), [0, 1, 2]);
}
