//! What the pools of threads promise.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Barrier, Mutex};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use glassloop::task::spawn_blocking;
use glassloop::threads::{StatefulPool, as_completed, scope};
use glassloop::{JobHandle, JoinError, ThreadPool};

mod support;
use support::{Bell, on_drop, poll_with, run};

fn pool(size: usize) -> ThreadPool {
    ThreadPool::new(size).unwrap()
}

/// One worker, and a queue that holds one job.
fn narrow() -> Arc<ThreadPool> {
    Arc::new(ThreadPool::builder().size(1).queue_capacity(1).build().unwrap())
}

/// Waits for what must come. Far more time than it needs, so that a job that is stuck is a failure and
/// not a test that hangs.
fn soon<T>(mut job: JobHandle<T>) -> Result<T, JoinError> {
    assert!(job.wait_timeout(LONG), "the job never ended");
    job.wait()
}

fn heard<T>(channel: &Receiver<T>) -> T {
    channel.recv_timeout(LONG).expect("nobody ever said it")
}

const LONG: Duration = Duration::from_secs(10);

/// Keeps a worker busy: returns when it is, and lets it go when the sender is used or dropped.
fn occupy(pool: &ThreadPool) -> (Sender<()>, JobHandle<()>) {
    let (go, gone) = mpsc::channel();
    let (begin, begun) = mpsc::channel();
    let job = pool.submit(move || {
        begin.send(()).unwrap();
        let _ = gone.recv();
    });
    heard(&begun);
    (go, job)
}

/// The result of a test that would otherwise hang: done on a thread that is given up.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || done.send(work()));
    heard(&is_done)
}

// ─── Results ────────────────────────────────────────────────────────────────────────────────────

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
        support::turns(3).await;
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

// ─── Callbacks ──────────────────────────────────────────────────────────────────────────────────

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

// ─── Jobs that submit and wait ──────────────────────────────────────────────────────────────────

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

// ─── A bounded queue ────────────────────────────────────────────────────────────────────────────

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

// ─── The end ────────────────────────────────────────────────────────────────────────────────────

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

// ─── Workers that set themselves up ─────────────────────────────────────────────────────────────

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

// ─── Scopes ─────────────────────────────────────────────────────────────────────────────────────

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

// ─── Many ───────────────────────────────────────────────────────────────────────────────────────

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

#[test]
fn what_crosses_threads_says_so_in_its_type() {
    fn send<T: Send + Sync>() {}
    send::<ThreadPool>();
    send::<StatefulPool<Rc<()>>>();
    send::<JobHandle<Cell<()>>>();
    send::<glassloop::threads::Scope<'_>>();
}
