//! Forking among threads is refused; afterwards threads are free.

use std::process::id;
use std::sync::mpsc;
use std::thread;

use glassloop::processes::{ProcessError, ProcessPool, StartError};

use crate::support::children;
use crate::tests;

tests![
    a_pool_made_while_a_thread_runs_is_refused_with_a_sentence,
    a_pool_made_when_a_thread_has_just_been_joined_is_not_refused,
    two_pools_can_be_made_one_after_the_other,
    a_second_pool_keeps_nothing_of_the_first_alive,
    a_pool_can_be_used_from_several_threads,
    a_pool_can_get_workers_while_threads_hold_locks,
    a_worker_may_have_a_pool_of_its_own,
    a_fork_of_the_owner_cannot_use_the_pool_nor_harm_it,
];

fn a_pool_made_while_a_thread_runs_is_refused_with_a_sentence() {
    let (end, ended) = mpsc::channel::<()>();
    let other = thread::spawn(move || ended.recv());
    let error = ProcessPool::new(2, |number: u32| number).unwrap_err();
    assert!(matches!(error, StartError::ThreadsRunning { threads: 1 }));
    assert_eq!(
        error.to_string(),
        "cannot fork a pool while 1 other thread runs: create it first thing in main"
    );
    assert_eq!(children(id()), [0; 0], "it forked all the same");
    drop(end);
    let _ = other.join().unwrap();
    ProcessPool::new(2, |number: u32| number).unwrap();
}

fn a_pool_made_when_a_thread_has_just_been_joined_is_not_refused() {
    for round in 0..50 {
        let others: Vec<_> = (0..8).map(|_| thread::spawn(|| ())).collect();
        others.into_iter().for_each(|other| other.join().unwrap());
        let pool = ProcessPool::new(1, |number: u32| number + 1);
        assert!(pool.is_ok(), "round {round}: {}", pool.unwrap_err());
    }
}

fn two_pools_can_be_made_one_after_the_other() {
    let one = ProcessPool::new(2, |number: u32| number + 1).unwrap();
    let two = ProcessPool::new(2, |text: String| text + "!").unwrap();
    let first = one.submit(1);
    assert_eq!(two.submit("a".into()).wait().unwrap(), "a!");
    assert_eq!(first.wait(), Ok(2));
    drop(one);
    assert_eq!(two.submit("b".into()).wait().unwrap(), "b!");
}

/// The second nursery inherits the first one's control socket: kept open, it would keep that one from
/// seeing its end.
fn a_second_pool_keeps_nothing_of_the_first_alive() {
    let one = ProcessPool::new(2, |number: u32| number + 1).unwrap();
    let two = ProcessPool::new(2, |number: u32| number + 2).unwrap();
    drop(one);
    assert_eq!(two.submit(1).wait(), Ok(3));
}

fn a_pool_can_be_used_from_several_threads() {
    let pool = ProcessPool::new(3, |number: u32| number * 2).unwrap();
    thread::scope(|scope| {
        for start in [0, 1000, 2000, 3000] {
            let pool = &pool;
            scope.spawn(move || {
                let doubled: Vec<u32> =
                    pool.map(start..start + 500).into_iter().map(Result::unwrap).collect();
                assert!(doubled.into_iter().eq((start..start + 500).map(|number| number * 2)));
            });
        }
    });
}

fn a_pool_can_get_workers_while_threads_hold_locks() {
    let pool = ProcessPool::builder().workers(4).max_tasks_per_worker(1).build(print).unwrap();
    let busy = || {
        for _ in 0..2000 {
            println!("{}", vec![0_u8; fastrand::usize(1..100_000)].len());
        }
    };
    thread::scope(|scope| {
        scope.spawn(busy);
        scope.spawn(busy);
        assert!(pool.map([(); 100]).into_iter().all(|result| result.is_ok()));
    });
}

fn print(_: &mut (), (): ()) {
    println!("from a worker");
}

fn a_worker_may_have_a_pool_of_its_own() {
    let outer = |number: u32| {
        let inner = ProcessPool::new(2, |number: u32| number + 1).unwrap();
        inner.submit(number).wait().unwrap()
    };
    let pool = ProcessPool::new(2, outer).unwrap();
    assert_eq!(pool.map([1, 2, 3]), [Ok(2), Ok(3), Ok(4)]);
}

fn a_fork_of_the_owner_cannot_use_the_pool_nor_harm_it() {
    let pool = ProcessPool::new(1, |number: u32| number + 1).unwrap();
    let pool = std::cell::RefCell::new(Some(pool));
    let use_and_drop = |number: u32| {
        let Some(pool) = pool.take() else { return false };
        let error = pool.submit(number).wait().unwrap_err();
        matches!(error, ProcessError::PoolFailed { .. })
    };
    let other = ProcessPool::new(1, use_and_drop).unwrap();
    assert_eq!(other.submit(1).wait(), Ok(true));
    assert_eq!(other.submit(1).wait(), Ok(false), "the worker has died of it");
    assert_eq!(pool.take().unwrap().submit(1).wait(), Ok(2));
}
