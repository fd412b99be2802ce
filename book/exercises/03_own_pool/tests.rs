use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::exercise::*;

#[test]
fn a_dropped_pool_finishes_what_is_queued() {
    let done = Arc::new(AtomicUsize::new(0));
    let pool = Pool::new(2);
    for _ in 0..20 {
        let done = Arc::clone(&done);
        pool.submit(move || {
            done.fetch_add(1, Ordering::SeqCst);
        });
    }
    drop(pool);
    assert_eq!(done.load(Ordering::SeqCst), 20);
}

#[test]
fn jobs_that_panic_cost_no_worker() {
    let done = Arc::new(AtomicUsize::new(0));
    let pool = Pool::new(2);
    for number in 0..10 {
        let done = Arc::clone(&done);
        pool.submit(move || {
            assert!(number % 2 == 1, "on purpose: {number} is even");
            done.fetch_add(1, Ordering::SeqCst);
        });
    }
    drop(pool);
    assert_eq!(done.load(Ordering::SeqCst), 5);
}
