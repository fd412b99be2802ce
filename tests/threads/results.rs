//! How results come, whatever a job does: in order, as they come, by callback, or not at all.

use std::panic::panic_any;
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use super::support::{Bell, poll_with, run, turns};
use super::{LONG, heard, occupy, pool, soon};
use glassloop::threads::as_completed;

#[test]
fn map_keeps_the_order_whatever_the_order_in_which_jobs_end() {
    let (pool, met) = (pool(2), Barrier::new(2));
    // The first ends only when the second has begun, and so on.
    let numbers = pool.map(0..100, move |number| {
        met.wait();
        number * 2
    });
    assert_eq!(numbers.len(), 100);
    let numbers: Vec<i32> = numbers.map(Result::unwrap).collect();
    assert_eq!(numbers, (0..200).step_by(2).collect::<Vec<_>>());
}

#[test]
fn map_submits_everything_before_the_first_result_is_asked_for() {
    let pool = pool(1);
    let (saw, seen) = mpsc::channel();
    let results = pool.map(0..3, move |number| saw.send(number).unwrap());
    assert_eq!([heard(&seen), heard(&seen), heard(&seen)], [0, 1, 2]);
    drop(results);
}

#[test]
fn a_panic_is_the_jobs_error_and_its_worker_goes_on() {
    let pool = pool(1);
    let error = soon(pool.submit(|| panic_any(7))).map(|(): ()| ()).unwrap_err();
    assert!(error.is_panic() && !error.is_cancelled());
    assert_eq!(error.into_panic().downcast_ref(), Some(&7));
    assert_eq!(soon(pool.submit(|| 1)).unwrap(), 1);
}

#[test]
fn a_result_whose_destructor_panics_harms_no_worker() {
    struct Grenade;
    impl Drop for Grenade {
        fn drop(&mut self) {
            panic!("boom");
        }
    }
    let pool = pool(1);
    let (go, _busy) = occupy(&pool);
    (0..10).for_each(|_| drop(pool.submit(|| Grenade))); // results that nobody takes
    pool.submit(|| panic_any(Grenade)).on_done(|_: &Result<(), _>| {});
    go.send(()).unwrap();
    assert_eq!(soon(pool.submit(|| 1)).unwrap(), 1);
}

#[test]
fn as_completed_gives_results_in_the_order_in_which_they_come() {
    let pool = pool(3);
    let gates: Vec<_> = (0..3).map(|_| mpsc::channel::<()>()).collect();
    let (go, gates): (Vec<_>, Vec<_>) = gates.into_iter().unzip();
    let jobs = gates.into_iter().map(|gate| pool.submit(move || gate.recv().unwrap()));
    let mut done = as_completed(jobs.collect::<Vec<_>>());
    for next in [2, 0, 1] {
        assert!(done.len() > 0);
        go[next].send(()).unwrap();
        let (index, result) = done.next().unwrap();
        assert!(index == next && result.is_ok());
    }
    assert!(done.next().is_none() && done.next().is_none());
}

#[test]
fn as_completed_gives_panics_and_cancelled_jobs_as_well() {
    let pool = pool(1);
    let (go, busy) = occupy(&pool);
    let bad = pool.submit(|| panic!("bad"));
    let jobs = vec![busy, bad];
    go.send(()).unwrap();
    let done: Vec<_> = as_completed(jobs).map(|(index, result)| (index, result.is_ok())).collect();
    assert_eq!(done, [(0, true), (1, false)]);
}

#[test]
fn a_handle_dropped_early_detaches_its_job() {
    let pool = pool(1);
    let (go, busy) = occupy(&pool);
    drop(busy);
    let (ran, has_run) = mpsc::channel();
    drop(pool.submit(move || ran.send(()).unwrap()));
    go.send(()).unwrap();
    heard(&has_run);
}

#[test]
fn wait_timeout_keeps_its_limit_and_can_be_repeated() {
    let pool = pool(1);
    let (go, mut busy) = occupy(&pool);
    assert!(!busy.wait_timeout(Duration::ZERO) && !busy.wait_timeout(Duration::from_millis(1)));
    assert!(!busy.is_finished());
    go.send(()).unwrap();
    assert!(busy.wait_timeout(Duration::MAX) && busy.wait_timeout(Duration::ZERO));
    assert!(busy.is_finished());
    busy.wait().unwrap();
}

#[test]
fn a_handle_can_be_awaited_on_the_loop_and_on_any_other_executor() {
    let pool = pool(1);
    assert_eq!(run(pool.submit(|| 1)).unwrap(), 1);
    assert_eq!(futures::executor::block_on(pool.submit(|| 2)).unwrap(), 2);
    let (go, busy) = occupy(&pool);
    run(async move {
        let busy = glassloop::spawn(busy);
        turns(3).await;
        assert!(!busy.is_finished()); // the loop went on meanwhile
        go.send(()).unwrap();
        busy.await.unwrap().unwrap();
    });
}

#[test]
fn only_the_latest_waiter_of_a_handle_is_woken() {
    let pool = pool(1);
    let (go, mut busy) = occupy(&pool);
    let ((old_bell, old), (bell, new)) = (Bell::new(), Bell::new());
    assert!(poll_with(&old, &mut busy).is_pending());
    assert!(poll_with(&new, &mut busy).is_pending());
    go.send(()).unwrap();
    soon(pool.submit(|| ())).unwrap(); // so the one before is settled and has woken
    assert_eq!((old_bell.rings(), bell.rings()), (0, 1));
    assert!(poll_with(&new, &mut busy).is_ready());
}

#[test]
fn callbacks_are_called_with_the_result_in_order_and_before_anyone_is_woken() {
    let pool = pool(1);
    let (go, mut busy) = occupy(&pool);
    let told = Arc::new(Mutex::new(Vec::new()));
    for name in ["first", "second"] {
        let told = Arc::clone(&told);
        busy.on_done(move |result| told.lock().unwrap().push((name, result.is_ok())));
    }
    assert!(told.lock().unwrap().is_empty());
    go.send(()).unwrap();
    soon(busy).unwrap();
    assert_eq!(*told.lock().unwrap(), [("first", true), ("second", true)]);
}

#[test]
fn a_callback_set_after_the_end_is_called_at_once_and_leaves_the_result() {
    let pool = pool(1);
    let mut job = pool.submit(|| 6);
    assert!(job.wait_timeout(LONG));
    let (tell, told) = mpsc::channel();
    job.on_done(move |result| {
        tell.send((*result.as_ref().unwrap(), thread::current().id())).unwrap()
    });
    assert_eq!(told.try_recv(), Ok((6, thread::current().id())));
    assert_eq!(job.wait().unwrap(), 6);
}

#[test]
fn a_callback_is_called_though_the_handle_was_dropped() {
    let pool = pool(1);
    let (go, mut busy) = occupy(&pool);
    let (tell, told) = mpsc::channel();
    busy.on_done(move |result| tell.send(result.is_ok()).unwrap());
    drop(busy);
    go.send(()).unwrap();
    assert!(heard(&told));
}

#[test]
fn a_callback_that_panics_harms_neither_the_others_nor_the_worker() {
    let pool = pool(1);
    let (go, mut busy) = occupy(&pool);
    let (tell, told) = mpsc::channel();
    busy.on_done(|_| panic!("a bad callback"));
    busy.on_done(move |_| tell.send(()).unwrap());
    go.send(()).unwrap();
    heard(&told);
    assert!(soon(busy).is_ok());
    let mut late = pool.submit(|| 1);
    assert!(late.wait_timeout(LONG));
    late.on_done(|_| panic!("another one"));
    assert_eq!(soon(late).unwrap(), 1);
}

#[test]
fn a_callback_may_submit_further_jobs() {
    let pool = Arc::new(pool(1));
    let (go, mut busy) = occupy(&pool);
    let (tell, told) = mpsc::channel();
    let again = Arc::clone(&pool);
    busy.on_done(move |_| drop(again.submit(move || tell.send(()).unwrap())));
    go.send(()).unwrap();
    heard(&told);
}
