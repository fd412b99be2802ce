//! Many jobs, and many who wait: none is lost, and no worker sleeps that is needed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::{in_time, pool, soon};
use glassloop::ThreadPool;

#[test]
fn a_hundred_thousand_tiny_jobs_all_run_once() {
    let pool = pool(4);
    let sum = Arc::new(AtomicUsize::new(0));
    let jobs: Vec<_> = (0..100_000)
        .map(|number| {
            let sum = Arc::clone(&sum);
            pool.submit(move || sum.fetch_add(number, Ordering::Relaxed))
        })
        .collect();
    assert!(jobs.into_iter().all(|job| soon(job).is_ok()));
    assert_eq!(sum.load(Ordering::SeqCst), 99_999 * 50_000);
}

#[test]
fn many_threads_may_submit_and_wait_at_once() {
    let pool = ThreadPool::builder().size(3).queue_capacity(5).build().unwrap();
    let submitter = |from: usize| {
        let jobs = (from..from + 500).map(|number| pool.submit(move || number));
        jobs.map(|job| soon(job).unwrap()).sum::<usize>()
    };
    let sums = thread::scope(|threads| {
        let submitters: Vec<_> =
            (0..8).map(|k| threads.spawn(move || submitter(k * 500))).collect();
        submitters.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
    });
    assert_eq!(sums, 3_999 * 2_000);
}

#[test]
fn one_job_after_another_never_misses_the_worker_or_the_waiter_falling_asleep() {
    let pool = pool(2);
    in_time(move || {
        for number in 0..2_000 {
            linger(number % 201);
            let job = pool.submit(move || linger(number % 97));
            assert!(job.wait().is_ok());
        }
    });
}

#[test]
fn jobs_that_come_at_once_wake_as_many_workers_as_they_need() {
    let (pool, met) = (pool(3), Arc::new(Barrier::new(3)));
    for number in 0..300 {
        linger(number);
        let jobs = [(); 3].map(|()| {
            let met = Arc::clone(&met);
            pool.submit(move || met.wait().is_leader()) // ends when all three are under way
        });
        assert!(jobs.into_iter().all(|job| soon(job).is_ok()));
    }
}

#[test]
fn a_job_wakes_a_worker_that_sleeps_while_another_is_busy() {
    let pool = pool(3);
    let (finish, held) = mpsc::channel::<()>();
    let busy = pool.submit(move || held.recv());
    thread::sleep(Duration::from_millis(50)); // the two others have looked long enough, and sleep
    assert!(soon(pool.submit(|| ())).is_ok());
    finish.send(()).unwrap();
    assert!(soon(busy).is_ok());
}

/// Whoever has to wait looks for some microseconds before it sleeps: this is to last shorter than that,
/// or about as long, or longer.
fn linger(micros: u64) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_micros(micros) {}
}
