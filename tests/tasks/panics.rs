//! No panic of one task disturbs another, wherever it happens.

use std::cell::Cell;
use std::future::{pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
use std::time::Duration;

use super::support::{Door, Flag, Polls, Unruly, on_drop, poll_with, run, run_on, runtime, turns};
use glassloop::task::{JoinSet, spawn_blocking, yield_now};
use glassloop::time::sleep;
use glassloop::{Handle, Runtime, spawn};

/// A value whose destructor panics.
fn bomb() -> impl Drop + Send + 'static {
    on_drop(|| panic!("in a destructor"))
}

#[test]
fn a_panic_stays_in_its_task_and_comes_out_of_its_handle() {
    run(async {
        let bystander = spawn(async {
            turns(3).await;
            1
        });
        let error = spawn(async { panic!("number {}", std::hint::black_box(7)) })
            .await
            .map(|(): ()| ())
            .unwrap_err();
        assert!(error.is_panic() && !error.is_cancelled());
        assert_eq!(error.to_string(), "panicked: number 7");
        assert_eq!(*error.into_panic().downcast::<String>().unwrap(), "number 7");
        assert_eq!(bystander.await.unwrap(), 1);
    });
}

#[test]
fn a_panic_in_a_destructor_harms_nobody_else() {
    let runtime = runtime();
    run_on(&runtime, async {
        let bystander = spawn(async {
            turns(20).await;
            1
        });
        // The future's destructor, when it has finished and when it is aborted.
        let (inside, held) = (bomb(), bomb());
        let returned = spawn(poll_fn(move |_| {
            let _owned = &inside;
            Poll::Ready(())
        }));
        assert!(returned.await.unwrap_err().is_panic());
        let aborted = spawn(async move {
            let _held = held;
            pending::<()>().await
        });
        turns(1).await;
        aborted.abort();
        assert!(aborted.await.unwrap_err().is_panic());
        // The result's: dropped by the loop, and by whoever drops the handle.
        drop(spawn(async { bomb() }));
        let finished = spawn(async { bomb() });
        turns(2).await;
        drop(finished);
        // The panic's own payload.
        drop(spawn(async { std::panic::panic_any(bomb()) }));
        turns(2).await;
        // What is still there when the runtime goes away.
        let last = bomb();
        drop(spawn(async move {
            let _last = last;
            pending::<()>().await
        }));
        assert_eq!(bystander.await.unwrap(), 1);
    });
    let gone = Flag::default();
    let guard = gone.on_drop();
    drop(runtime.spawn(async move { drop(guard) }));
    drop(runtime);
    assert!(gone.is_up());
}

#[test]
fn a_waker_that_panics_harms_nobody_else() {
    run(async {
        let waker = Unruly::waker(|| panic!("in a waker"));
        // Awaiting a task, a time, a job, a set.
        let mut task = spawn(ready(1));
        let mut nap = sleep(Duration::from_micros(100));
        let mut job = Handle::current().spawn(ready(2));
        let mut set = JoinSet::new();
        set.spawn(ready(3));
        assert!(poll_with(&waker, &mut task).is_pending());
        assert!(poll_with(&waker, &mut nap).is_pending());
        assert!(poll_with(&waker, &mut job).is_pending());
        assert!(set.poll_join_next(&mut Context::from_waker(&waker)).is_pending());
        sleep(Duration::from_millis(1)).await;
        assert_eq!(task.await.unwrap(), 1);
        nap.await;
        assert_eq!(job.await.unwrap(), 2);
        assert_eq!(set.join_next().await.unwrap().unwrap(), 3, "its result was lost");
    });
}

#[test]
fn a_waker_may_spawn_abort_and_wake() {
    run(async {
        let other = spawn(pending::<()>());
        let abort = other.abort_handle();
        let ran = Arc::new(AtomicBool::new(false));
        let waker = Unruly::waker({
            let ran = Arc::clone(&ran);
            move || {
                let ran = Arc::clone(&ran);
                drop(spawn(async move { ran.store(true, Ordering::SeqCst) }));
                abort.abort();
            }
        });
        let mut nap = sleep(Duration::ZERO);
        let mut task = spawn(async {});
        assert!(poll_with(&waker, &mut nap).is_pending());
        assert!(poll_with(&waker, &mut task).is_pending());
        assert!(other.await.unwrap_err().is_cancelled());
        turns(2).await;
        assert!(ran.load(Ordering::SeqCst));
    });
}

#[test]
fn a_task_that_ends_while_its_handle_is_being_polled_resolves_it() {
    thread_local!(static DOOMED: Cell<Option<Runtime>> = const { Cell::new(None) });
    /// Its `clone` drops a runtime.
    #[allow(unsafe_code)]
    fn meddler() -> Waker {
        fn clone(_: *const ()) -> RawWaker {
            drop(DOOMED.take());
            RawWaker::new(std::ptr::null(), &VTABLE)
        }
        static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, drop, drop, drop);
        // SAFETY: there is no data, and none of the functions looks for any.
        unsafe { Waker::new(std::ptr::null(), &VTABLE) }
    }
    let doomed = runtime();
    let mut task = doomed.spawn(pending::<()>());
    DOOMED.set(Some(doomed));
    assert!(poll_with(&meddler(), &mut task).is_ready(), "nobody will wake it any more");

    let doomed = runtime();
    let mut set = doomed.block_on(async { JoinSet::from_iter([pending::<()>()]) });
    DOOMED.set(Some(doomed));
    assert!(poll_with(&meddler(), &mut pin!(set.join_next())).is_ready(), "nor a set's");
}

#[test]
fn after_a_panic_of_its_future_block_on_can_be_called_again() {
    let runtime = runtime();
    let task = runtime.spawn(async {
        turns(3).await;
        9
    });
    let door = Door::default();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let mut waits = pin!(door.pass());
            poll_fn(|cx| Poll::Ready(waits.as_mut().poll(cx).is_pending())).await;
            yield_now().await;
            panic!("in the root")
        })
    }));
    assert!(panicked.is_err());
    door.knock();
    let polls = Polls::default();
    assert_eq!(runtime.block_on(polls.of(task)).unwrap(), 9);
    assert_eq!(polls.count(), 2, "the wake for the future that panicked went to the next one");
}

#[test]
fn block_on_inside_block_on_panics_with_advice_and_the_outer_one_goes_on() {
    run(async {
        let nested = runtime();
        let panic = catch_unwind(AssertUnwindSafe(|| nested.block_on(async {}))).unwrap_err();
        let text = panic.downcast_ref::<&str>().expect("the advice");
        assert!(text.contains(".await the future, or spawn it"));
        assert_eq!(spawn(ready(4)).await.unwrap(), 4);
    });
}

#[test]
fn blocking_work_goes_on_after_any_number_of_results_whose_destructors_panic() {
    struct Grenade;
    impl Drop for Grenade {
        fn drop(&mut self) {
            panic!("in a result's destructor");
        }
    }
    // More than the pool has threads.
    (0..200).for_each(|_| drop(spawn_blocking(|| Grenade)));
    assert_eq!(run(spawn_blocking(|| 1)).unwrap(), 1);
}

#[test]
fn an_error_is_a_panic_or_a_cancellation_and_gives_its_payload_only_if_it_has_one() {
    run(async {
        let panicked = spawn(async { panic!("{}", 7) }).await.map(|(): ()| ()).unwrap_err();
        assert!(panicked.is_panic() && !panicked.is_cancelled());
        assert_eq!(*panicked.try_into_panic().unwrap().downcast::<String>().unwrap(), "7");
        let task = spawn(std::future::pending::<()>());
        task.abort();
        let cancelled = task.await.unwrap_err();
        assert!(cancelled.try_into_panic().unwrap_err().is_cancelled());
    });
}
