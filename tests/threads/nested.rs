//! Jobs that submit jobs and wait for them, in a pool of any size.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use super::{heard, occupy, pool, soon};
use glassloop::ThreadPool;
use glassloop::task::spawn_blocking;
use glassloop::threads::as_completed;

#[test]
fn a_job_may_wait_for_what_it_submits_in_a_pool_of_one() {
    let pool = Arc::new(pool(1));
    let inner = Arc::clone(&pool);
    let outer = pool.submit(move || {
        let sum: i32 = inner.map(0..10, |number| number).map(Result::unwrap).sum();
        let panicked = inner.submit(|| panic!("inside")).wait().map(|(): ()| ()).unwrap_err();
        (sum, panicked.is_panic())
    });
    assert_eq!(soon(outer).unwrap(), (45, true));
}

#[test]
fn a_worker_that_waits_runs_the_awaited_job_and_no_other() {
    let pool = Arc::new(pool(1));
    let inner = Arc::clone(&pool);
    let order = soon(pool.submit(move || {
        let ran = Arc::new(Mutex::new(Vec::new()));
        let jobs = ["before", "awaited", "after"].map(|name| {
            let ran = Arc::clone(&ran);
            inner.submit(move || ran.lock().unwrap().push(name))
        });
        let [_before, awaited, _after] = jobs;
        awaited.wait().unwrap();
        ran.lock().unwrap().clone()
    }));
    assert_eq!(order.unwrap(), ["awaited"]);
}

#[test]
fn a_worker_that_waits_for_a_job_that_runs_elsewhere_runs_nothing() {
    let pool = Arc::new(pool(2));
    let (go, busy) = occupy(&pool);
    let (inner, ran) = (Arc::clone(&pool), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&ran);
    let (wait, waits) = mpsc::channel();
    let waiting = pool.submit(move || {
        drop(inner.submit(move || ran.fetch_add(1, Ordering::SeqCst)));
        wait.send(()).unwrap();
        busy.wait().unwrap();
        seen.load(Ordering::SeqCst)
    });
    heard(&waits);
    go.send(()).unwrap();
    // The other worker may have run it since; this one has not: it would be on its stack.
    assert!(soon(waiting).unwrap() <= 1);
}

#[test]
fn as_completed_inside_a_pool_of_one_runs_what_is_queued() {
    let pool = Arc::new(pool(1));
    let inner = Arc::clone(&pool);
    let outer = pool.submit(move || {
        let jobs: Vec<_> = (0..10).map(|number| inner.submit(move || number)).collect();
        as_completed(jobs).map(|(index, result)| (index, result.unwrap())).collect::<Vec<_>>()
    });
    assert_eq!(soon(outer).unwrap(), (0..10).map(|n| (n, n)).collect::<Vec<_>>());
}

#[test]
fn thousands_of_jobs_that_wait_for_the_one_before_need_no_stack() {
    let pool = Arc::new(pool(1));
    let inner = Arc::clone(&pool);
    let chained = pool.submit(move || {
        let first = inner.submit(|| 0);
        (0..5_000).fold(first, |before, _| inner.submit(move || before.wait().unwrap() + 1))
    });
    assert_eq!(soon(soon(chained).unwrap()).unwrap(), 5_000);
}

#[test]
fn jobs_nested_5000_deep_take_less_than_2_kib_of_stack_each() {
    fn down(pool: Arc<ThreadPool>, depth: usize) -> usize {
        let inner = Arc::clone(&pool);
        match depth {
            0 => 0,
            _ => pool.submit(move || down(inner, depth - 1)).wait().unwrap() + 1,
        }
    }
    for size in [1, 2] {
        let pool = ThreadPool::builder().size(size).stack_size(5_000 * 2048);
        let pool = Arc::new(pool.build().unwrap());
        let inner = Arc::clone(&pool);
        assert_eq!(soon(pool.submit(move || down(inner, 5_000))).unwrap(), 5_000);
    }
}

#[test]
fn a_handle_of_another_pool_is_waited_for_and_not_run_here() {
    let (here, there) = (pool(1), pool(1));
    let (go, busy) = occupy(&there);
    let job = there.submit(|| thread::current().id());
    let waiting = here.submit(move || (thread::current().id(), job.wait().unwrap()));
    go.send(()).unwrap();
    let (waited, ran) = soon(waiting).unwrap();
    assert_ne!(waited, ran);
    soon(busy).unwrap();
}

#[test]
fn blocking_work_may_wait_for_blocking_work() {
    let jobs = (0..200)
        .map(|number| spawn_blocking(move || spawn_blocking(move || number).wait().unwrap()));
    let numbers = jobs.collect::<Vec<_>>().into_iter().map(|job| soon(job).unwrap());
    assert_eq!(numbers.sum::<i32>(), 199 * 100);
}
