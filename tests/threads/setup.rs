//! Workers that set themselves up: states and initializers.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread::{self, ThreadId};

use super::support::on_drop;
use super::{heard, in_time, soon};
use glassloop::ThreadPool;
use glassloop::threads::StatefulPool;

/// Not `Send`: which thread made it, and how many jobs it has seen.
type Seen = (ThreadId, Rc<Cell<usize>>);

fn counting(size: usize, made: &Arc<AtomicUsize>) -> StatefulPool<Seen> {
    let made = Arc::clone(made);
    let make = move |_worker| {
        made.fetch_add(1, Ordering::SeqCst);
        (thread::current().id(), Rc::new(Cell::new(0)))
    };
    ThreadPool::builder().size(size).build_with_state(make).unwrap()
}

#[test]
fn each_worker_makes_its_state_once_on_its_own_thread_and_lends_it_to_its_jobs() {
    let made = Arc::new(AtomicUsize::new(0));
    let pool = counting(3, &made);
    let met = Arc::new(Barrier::new(3));
    for round in 1..=4 {
        let jobs: Vec<_> = (0..3)
            .map(|_| {
                let met = Arc::clone(&met);
                pool.submit(move |(maker, seen): &mut Seen| {
                    met.wait(); // so each worker has one of the three
                    seen.set(seen.get() + 1);
                    assert_eq!(*maker, thread::current().id());
                    seen.get()
                })
            })
            .collect();
        assert!(jobs.into_iter().all(|job| soon(job).unwrap() == round));
    }
    assert_eq!(made.load(Ordering::SeqCst), 3);
}

#[test]
fn a_job_inside_another_gets_a_state_of_its_own() {
    let made = Arc::new(AtomicUsize::new(0));
    let pool = Arc::new(counting(1, &made));
    let inner = Arc::clone(&pool);
    let outer = pool.submit(move |(_, seen): &mut Seen| {
        seen.set(7);
        inner.submit(|(_, seen): &mut Seen| seen.get()).wait().unwrap()
    });
    assert_eq!(soon(outer).unwrap(), 0);
    assert_eq!(soon(pool.submit(|(_, seen)| seen.get())).unwrap(), 7);
    assert_eq!(made.load(Ordering::SeqCst), 2);
}

#[test]
fn states_are_dropped_on_their_own_threads_before_the_pool_is_gone() {
    let (tell, told) = mpsc::channel();
    let make = move |_| {
        let (tell, maker) = (tell.clone(), thread::current().id());
        on_drop(move || tell.send(maker == thread::current().id()).unwrap())
    };
    let pool = ThreadPool::builder().size(2).build_with_state(make).unwrap();
    drop(pool);
    assert_eq!(told.iter().collect::<Vec<_>>(), [true, true]);
}

#[test]
fn the_initializer_runs_once_on_each_thread_before_its_first_job() {
    thread_local!(static WORKER: Cell<Option<usize>> = const { Cell::new(None) });
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let initializer = move |worker| {
        counted.fetch_add(1, Ordering::SeqCst);
        WORKER.set(Some(worker));
    };
    let pool = ThreadPool::builder().size(2).name("named").initializer(initializer);
    let pool = Arc::new(pool.build().unwrap());
    let met = Arc::new(Barrier::new(2));
    let jobs = pool.map(0..2, move |_| {
        met.wait();
        (WORKER.get(), thread::current().name().map(String::from))
    });
    let mut workers: Vec<_> = jobs.map(Result::unwrap).collect();
    workers.sort();
    assert_eq!(workers, [0, 1].map(|number| (Some(number), Some(format!("named-{number}")))));
    // A job inside another finds the thread as it is.
    let inner = Arc::clone(&pool);
    let nested = pool.submit(move || inner.submit(|| WORKER.get()).wait().unwrap());
    assert!(soon(nested).unwrap().is_some());
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[test]
fn an_initializer_that_panics_resolves_all_handles_with_an_error_that_says_so() {
    let (go, gone) = mpsc::channel::<()>();
    let gone = Mutex::new(gone);
    let initializer = move |worker: usize| {
        let _ = gone.lock().unwrap_or_else(|poison| poison.into_inner()).recv();
        panic!("no database for worker {worker}");
    };
    let pool = ThreadPool::builder().size(1).initializer(initializer).build().unwrap();
    let early: Vec<_> = (0..3).map(|number| pool.submit(move || number)).collect();
    go.send(()).unwrap();
    let mut errors: Vec<_> = early.into_iter().map(|job| soon(job).unwrap_err()).collect();
    errors.push(soon(pool.submit(|| 3)).unwrap_err());
    for error in errors {
        assert!(error.is_cancelled() && !error.is_panic());
        let why = "cancelled: a worker of the pool could not be initialized, it panicked: \
                   no database for worker 0";
        assert_eq!(error.to_string(), why);
    }
    in_time(move || drop(pool));
}

#[test]
fn a_submit_that_waits_for_room_ends_when_the_initializer_panics() {
    let (go, gone) = mpsc::channel::<()>();
    let gone = Mutex::new(gone);
    let make = move |_| {
        let _ = gone.lock().unwrap_or_else(|poison| poison.into_inner()).recv();
        panic!("no state")
    };
    let pool = ThreadPool::builder().size(1).queue_capacity(1);
    let pool = pool.build_with_state::<()>(make).unwrap();
    let (begin, begun) = mpsc::channel();
    let submitting = thread::spawn(move || {
        let first = pool.submit(|()| ());
        begin.send(()).unwrap();
        (first, pool.submit(|()| ()))
    });
    heard(&begun);
    go.send(()).unwrap();
    let (first, second) = submitting.join().unwrap();
    assert!(soon(first).unwrap_err().is_cancelled() && soon(second).unwrap_err().is_cancelled());
}
