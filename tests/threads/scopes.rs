//! Jobs that borrow.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::soon;
use glassloop::JobHandle;
use glassloop::threads::scope;

#[test]
fn jobs_of_a_scope_borrow_and_are_done_when_it_ends() {
    let words = ["to", "be", "or", "not"].map(String::from);
    let ran = AtomicUsize::new(0);
    let (longest, detached) = scope(2, |pool| {
        for _ in 0..100 {
            drop(pool.submit(|| ran.fetch_add(1, Ordering::SeqCst)));
        }
        let by_length = pool.map(&words, |word| (word.len(), word)).map(Result::unwrap).max();
        assert_eq!(pool.size(), 2);
        (by_length.unwrap().1, pool.submit(|| &words[0]))
    })
    .unwrap();
    assert_eq!(longest, "not");
    assert!(detached.is_finished());
    assert_eq!(detached.wait().unwrap(), "to");
    assert_eq!(ran.load(Ordering::SeqCst), 100);
}

#[test]
fn a_panic_in_a_scope_stays_in_its_job_and_one_in_its_body_comes_out_at_the_end() {
    let error = scope(1, |pool| soon(pool.submit(|| panic!("job"))).map(|(): ()| ())).unwrap();
    assert_eq!(error.unwrap_err().to_string(), "panicked: job");
    let ran = AtomicUsize::new(0);
    let body = catch_unwind(AssertUnwindSafe(|| {
        scope(1, |pool| {
            drop(pool.submit(|| ran.fetch_add(1, Ordering::SeqCst)));
            panic!("body")
        })
    }));
    assert_eq!(*body.map(|_| ()).unwrap_err().downcast_ref::<&str>().unwrap(), "body");
    assert_eq!(ran.load(Ordering::SeqCst), 1);
}

#[test]
fn a_job_of_a_scope_may_wait_for_one_before_it() {
    let last = scope(1, |pool| {
        let first = pool.submit(|| 0);
        let add = |before: JobHandle<i32>, _| pool.submit(move || before.wait().unwrap() + 1);
        soon((0..1000).fold(first, add)).unwrap()
    });
    assert_eq!(last.unwrap(), 1000);
}
