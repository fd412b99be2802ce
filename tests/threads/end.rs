//! Pools that end, or cannot begin: what is queued, who is joined.

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;

use super::support::on_drop;
use super::{LONG, heard, occupy, pool, soon};
use glassloop::threads::scope;
use glassloop::{JobHandle, ThreadPool};

#[test]
fn a_pool_that_is_dropped_finishes_what_is_queued_and_joins_its_threads() {
    let pool = pool(2);
    let ran = Arc::new(AtomicUsize::new(0));
    let threads = Arc::new(Mutex::new(Vec::new()));
    for _ in 0..1000 {
        let (ran, threads) = (Arc::clone(&ran), Arc::clone(&threads));
        drop(pool.submit(move || {
            thread_local!(static LEFT: RefCell<Option<Box<dyn std::any::Any>>> = RefCell::default());
            let on_exit = on_drop(move || threads.lock().unwrap().push(thread::current().id()));
            // Dropped when its thread ends, and not before.
            LEFT.with_borrow_mut(|left| left.get_or_insert_with(|| Box::new(on_exit)).is::<()>());
            ran.fetch_add(1, Ordering::SeqCst);
        }));
    }
    drop(pool);
    assert_eq!(ran.load(Ordering::SeqCst), 1000);
    assert!(!threads.lock().unwrap().is_empty());
    assert_eq!(Arc::strong_count(&ran), 1);
}

#[test]
fn shutdown_does_what_dropping_does() {
    let pool = pool(1);
    let jobs: Vec<_> = (0..100).map(|number| pool.submit(move || number)).collect();
    pool.shutdown();
    assert!(jobs.iter().all(JobHandle::is_finished));
}

#[test]
fn a_pool_dropped_by_its_own_job_does_not_wait_for_itself() {
    for size in [1, 3] {
        let pool = Arc::new(pool(size));
        let inner = Arc::clone(&pool);
        let (go, gone) = mpsc::channel::<()>();
        let last = pool.submit(move || {
            gone.recv().unwrap();
            drop(inner); // the last one
        });
        let queued: Vec<_> = (0..10).map(|number| pool.submit(move || number)).collect();
        drop(pool);
        go.send(()).unwrap();
        soon(last).unwrap();
        for (number, job) in queued.into_iter().enumerate() {
            assert_eq!(soon(job).unwrap(), number);
        }
    }
}

#[test]
fn a_pool_dropped_by_its_own_job_does_not_wait_for_one_that_waits_for_that_job() {
    let pool = Arc::new(pool(2));
    let inner = Arc::clone(&pool);
    let (go, gone) = mpsc::channel::<()>();
    let dropping = pool.submit(move || {
        gone.recv().unwrap();
        drop(inner);
    });
    let waiting = pool.submit(move || dropping.wait().is_ok());
    drop(pool);
    go.send(()).unwrap();
    assert!(soon(waiting).unwrap());
}

#[test]
fn a_pool_dropped_as_one_of_its_threads_goes_away_does_not_wait_for_that_thread() {
    thread_local!(static LAST: RefCell<Option<Arc<ThreadPool>>> = const { RefCell::new(None) });
    let (give, given) = mpsc::channel();
    let (here, is_gone) = mpsc::channel::<()>();
    let given = Mutex::new((given, here));
    let initializer = move |_| {
        let (given, _here) = &*given.lock().unwrap();
        LAST.set(Some(given.recv().unwrap()));
        panic!("this thread ends before its pool");
    };
    let pool = Arc::new(ThreadPool::builder().size(1).initializer(initializer).build().unwrap());
    let job = pool.submit(|| ());
    give.send(Arc::clone(&pool)).unwrap();
    drop(pool);
    assert!(soon(job).unwrap_err().is_cancelled());
    // A panic here, in the destructor of a thread-local, would have ended the process.
    assert_eq!(is_gone.recv_timeout(LONG), Err(RecvTimeoutError::Disconnected));
}

#[test]
fn shutdown_now_cancels_what_is_queued_and_finishes_what_has_begun() {
    let pool = pool(1);
    let (go, busy) = occupy(&pool);
    let dropped = Arc::new(());
    let mut queued: Vec<_> = (0..10)
        .map(|_| {
            let kept = Arc::clone(&dropped);
            pool.submit(move || drop(kept))
        })
        .collect();
    let (tell, told) = mpsc::channel();
    queued[0].on_done(move |result| tell.send(result.is_err()).unwrap());
    let ending = thread::spawn(move || pool.shutdown_now());
    for job in queued {
        let error = soon(job).unwrap_err();
        assert!(error.is_cancelled());
        assert_eq!(error.to_string(), "cancelled");
    }
    assert!(heard(&told));
    go.send(()).unwrap();
    ending.join().unwrap();
    assert!(busy.is_finished());
    assert_eq!(Arc::strong_count(&dropped), 1);
}

#[test]
fn a_job_that_is_cancelled_may_panic_as_it_is_dropped() {
    let pool = pool(1);
    let (go, _busy) = occupy(&pool);
    let grenade = on_drop(|| panic!("dropped"));
    let jobs = [pool.submit(move || drop(grenade)), pool.submit(|| ())];
    let ending = thread::spawn(move || pool.shutdown_now());
    for job in jobs {
        assert!(soon(job).unwrap_err().is_cancelled());
    }
    go.send(()).unwrap();
    ending.join().unwrap();
}

#[test]
fn a_pool_of_no_threads_or_a_queue_of_no_jobs_is_refused() {
    let error = ThreadPool::new(0).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    assert!(ThreadPool::builder().queue_capacity(0).build().is_err());
    assert!(scope(0, |_| ()).is_err());
}

#[test]
fn a_pool_whose_threads_cannot_be_started_is_refused_and_says_which() {
    let error = ThreadPool::builder().size(2).stack_size(1 << 60).build().unwrap_err();
    assert!(error.to_string().starts_with("cannot start thread 1 of 2: "), "{error}");
}

#[test]
fn jobs_without_a_handle_are_all_done_before_the_pool_is_gone_and_may_panic() {
    let (pool, done) = (pool(2), Arc::new(AtomicUsize::new(0)));
    for number in 0..1000 {
        let done = Arc::clone(&done);
        pool.execute(move || {
            done.fetch_add(1, Ordering::Relaxed);
            assert!(number % 100 != 0, "as told");
        });
    }
    pool.shutdown();
    assert_eq!(done.load(Ordering::Relaxed), 1000);
}
