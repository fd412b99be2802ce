//! A queue that is full blocks those outside, and none of its own workers.

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use super::{heard, in_time, narrow, occupy, soon};

#[test]
fn submitting_to_a_full_queue_blocks_until_there_is_room() {
    let pool = narrow();
    let (go, _busy) = occupy(&pool);
    drop(pool.submit(|| ())); // fills the queue
    let (submitting, outside) = (Arc::clone(&pool), thread::current());
    let (submitted, is_submitted) = mpsc::channel();
    let third = thread::spawn(move || {
        let job = submitting.submit(|| 3);
        submitted.send(()).unwrap();
        outside.unpark();
        job
    });
    thread::park_timeout(Duration::from_millis(20));
    assert!(is_submitted.try_recv().is_err(), "there was no room, and it went in");
    go.send(()).unwrap();
    heard(&is_submitted);
    assert_eq!(soon(third.join().unwrap()).unwrap(), 3);
}

#[test]
fn a_job_that_submits_to_its_own_full_queue_runs_the_new_one_at_once() {
    let pool = narrow();
    let inner = Arc::clone(&pool);
    let ran_on = soon(pool.submit(move || {
        let queued = inner.submit(|| ());
        let at_once = inner.submit(|| thread::current().id());
        assert!(at_once.is_finished() && !queued.is_finished());
        (thread::current().id(), at_once.wait().unwrap())
    }));
    let (outer, inner) = ran_on.unwrap();
    assert_eq!(outer, inner);
}

#[test]
fn a_job_taken_out_of_a_full_queue_makes_room() {
    let pool = narrow();
    let inner = Arc::clone(&pool);
    let (tell, told) = mpsc::channel();
    let (go, gone) = mpsc::channel::<()>();
    let outer = pool.submit(move || {
        let queued = inner.submit(move || gone.recv().unwrap());
        tell.send(()).unwrap();
        queued.wait().unwrap(); // runs it, on this worker
    });
    heard(&told);
    // Blocks until the queued job was taken out by the one that waits for it.
    let last = in_time(move || pool.submit(|| 1));
    go.send(()).unwrap();
    soon(outer).unwrap();
    assert_eq!(soon(last).unwrap(), 1);
}
