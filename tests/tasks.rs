//! What the loop promises its tasks: who is polled and how often, who is dropped and where, and that
//! no panic and no destructor of one disturbs another.

mod support;

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
use std::thread;
use std::time::Duration;

use futures::stream::{FuturesUnordered, StreamExt};
use futures::task::AtomicWaker;
use futures::{AsyncReadExt, AsyncWriteExt};
use glassloop::runtime::{AbortHandle, JoinHandle};
use glassloop::task::{self, JoinSet, join_all, spawn_blocking, try_join_all, yield_now};
use glassloop::time::{Sleep, sleep};
use glassloop::{Handle, JobHandle, JoinError, Runtime, spawn};
use support::{
    Bell, Door, Flag, Polls, Unruly, on_drop, pair, poll_with, run, run_on, runtime, turns,
};

// ─── Wakes ──────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_wake_that_comes_while_its_task_runs_gives_exactly_one_more_poll() {
    run(async {
        let polls = Polls::default();
        let mut first = true;
        let task = spawn(polls.of(poll_fn(move |cx| {
            if std::mem::take(&mut first) {
                (0..3).for_each(|_| cx.waker().wake_by_ref());
            }
            Poll::<()>::Pending
        })));
        turns(5).await;
        assert_eq!(polls.count(), 2);
        task.abort();
    });
}

#[test]
fn two_wakes_before_a_poll_give_one_poll() {
    run(async {
        let (door, polls) = (Door::default(), Polls::default());
        let task = spawn(polls.of({
            let door = door.clone();
            async move { door.pass().await }
        }));
        turns(1).await;
        assert_eq!(polls.count(), 1);
        door.knock();
        door.knock();
        turns(5).await;
        assert_eq!(polls.count(), 2);
        door.open();
        task.await.unwrap();
        assert_eq!(polls.count(), 3);
    });
}

#[test]
fn a_wake_never_polls_inline_so_a_lock_may_be_held() {
    run(async {
        let (door, polls) = (Door::default(), Polls::default());
        let lock = Rc::new(RefCell::new(()));
        let task = spawn(polls.of({
            let (door, lock) = (door.clone(), Rc::clone(&lock));
            poll_fn(move |cx| {
                let _held = lock.borrow_mut();
                pin!(door.pass()).poll(cx)
            })
        }));
        turns(1).await;
        let held = lock.borrow_mut();
        door.open();
        assert_eq!(polls.count(), 1, "it was polled by the wake itself");
        drop(held);
        task.await.unwrap();
    });
}

#[test]
fn tasks_that_are_ready_run_in_the_order_in_which_they_became_so() {
    run(async {
        let order = Rc::new(RefCell::new(Vec::new()));
        let tasks: Vec<_> = (0..4)
            .map(|number| {
                let order = Rc::clone(&order);
                spawn(async move {
                    for _ in 0..2 {
                        order.borrow_mut().push(number);
                        yield_now().await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.borrow(), [0, 1, 2, 3, 0, 1, 2, 3]);
    });
}

/// The other thread answers as the loop is about to sleep, after delays of all lengths.
#[test]
fn a_wake_from_another_thread_is_never_lost_however_close_to_the_sleep() {
    const ROUNDS: usize = 20_000;
    let (asked, answered) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let waker = Arc::new(AtomicWaker::new());
    let other = thread::spawn({
        let (asked, answered, waker) =
            (Arc::clone(&asked), Arc::clone(&answered), Arc::clone(&waker));
        move || {
            for round in 1..=ROUNDS {
                while asked.load(Ordering::SeqCst) < round {
                    thread::yield_now();
                }
                (0..round % 97 * 8).for_each(|_| std::hint::spin_loop());
                answered.store(round, Ordering::SeqCst);
                waker.wake();
            }
        }
    });
    run(async {
        for round in 1..=ROUNDS {
            poll_fn(|cx| {
                waker.register(cx.waker());
                asked.store(round, Ordering::SeqCst);
                match answered.load(Ordering::SeqCst) == round {
                    true => Poll::Ready(()),
                    false => Poll::Pending,
                }
            })
            .await;
        }
    });
    other.join().unwrap();
}

#[test]
fn a_waker_that_outlives_its_task_or_its_loop_does_nothing() {
    let runtime = runtime();
    let door = Door::default();
    let task = runtime.spawn({
        let door = door.clone();
        async move { door.pass().await }
    });
    runtime.block_on(turns(1));
    let waker = door.waker();
    runtime.block_on(async {
        door.open();
        task.await.unwrap();
        let polls = Polls::default();
        let newcomer = spawn(polls.of(pending::<()>())); // in the same place
        turns(1).await;
        waker.wake_by_ref();
        turns(3).await;
        assert_eq!(polls.count(), 1, "the waker of a task that is gone woke another");
        newcomer.abort();
    });
    drop(runtime);
    waker.wake_by_ref();
    let elsewhere = waker.clone();
    let used = thread::spawn(move || {
        elsewhere.wake_by_ref();
        let copy = elsewhere.clone();
        drop(elsewhere);
        copy.wake();
    });
    used.join().unwrap();
    run(async { waker.wake() });
}

#[test]
fn a_task_that_always_wakes_itself_starves_neither_sockets_nor_timers_nor_other_threads() {
    run(async {
        let busy = spawn(async {
            loop {
                yield_now().await;
            }
        });
        sleep(Duration::from_millis(1)).await;
        let (mut near, mut far) = pair().await;
        let echo = spawn(async move {
            let mut byte = [0];
            near.read_exact(&mut byte).await.unwrap();
            near.write_all(&byte).await.unwrap();
        });
        far.write_all(&[7]).await.unwrap();
        let mut byte = [0];
        far.read_exact(&mut byte).await.unwrap();
        assert_eq!(byte, [7]);
        echo.await.unwrap();
        let handle = Handle::current();
        let job = thread::spawn(move || handle.spawn(ready(8)).wait());
        while !job.is_finished() {
            yield_now().await;
        }
        assert_eq!(job.join().unwrap().unwrap(), 8);
        busy.abort();
    });
}

// ─── Destructors, aborts ────────────────────────────────────────────────────────────────────────

/// A destructor that does to the loop all that it can.
fn havoc(handles: Vec<JoinHandle<()>>, woken: &Door, ran: &Flag) -> impl Drop + use<> {
    let (woken, ran) = (woken.clone(), ran.clone());
    on_drop(move || {
        woken.open();
        handles.iter().for_each(JoinHandle::abort);
        drop(handles);
        let started = ran.clone();
        drop(spawn(async move { started.raise() }));
        drop(Handle::current().spawn(ready(())));
        drop(sleep(Duration::from_secs(1)));
        woken.waker().wake();
    })
}

#[test]
fn the_destructor_of_a_dropped_task_may_spawn_wake_abort_and_drop_handles() {
    run(async {
        let (door, ran, gone) = (Door::default(), Flag::default(), Flag::default());
        let sleeper = spawn({
            let door = door.clone();
            async move { door.pass().await }
        });
        let victim = gone.on_drop();
        let owned = vec![
            spawn(async move {
                let _victim = victim;
                pending().await
            }),
            spawn(async {}),
        ];
        turns(1).await;
        let bomb = havoc(owned, &door, &ran);
        let task = spawn(async move {
            let _bomb = bomb;
            pending::<()>().await
        });
        turns(1).await;
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        sleeper.await.unwrap();
        turns(2).await;
        assert!(ran.is_up(), "what the destructor spawned did not run");
        assert!(gone.is_up(), "what the destructor aborted is still there");
    });
}

#[test]
fn destructors_may_do_the_same_while_the_runtime_is_dropped() {
    let runtime = runtime();
    let (door, ran, gone) = (Door::default(), Flag::default(), Flag::default());
    runtime.block_on(async {
        drop(spawn({
            let (door, gone) = (door.clone(), gone.on_drop());
            async move {
                let _gone = gone;
                door.pass().await
            }
        }));
        turns(1).await;
        for _ in 0..2 {
            let bomb = havoc(vec![spawn(async {}), spawn(pending())], &door, &ran);
            drop(spawn(async move {
                let _bomb = bomb;
                pending::<()>().await
            }));
        }
    });
    drop(runtime);
    assert!(gone.is_up());
    assert!(!ran.is_up(), "a task began while its loop was going away");
}

#[test]
fn a_task_spawned_while_the_runtime_is_dropped_is_cancelled_at_once() {
    let runtime = runtime();
    let (result, gone) = (Rc::new(Cell::new(None)), Flag::default());
    let (kept, guard) = (Rc::clone(&result), gone.on_drop());
    let parting = on_drop(move || {
        let mut late = spawn(async move { drop(guard) });
        assert!(late.is_finished());
        late.abort();
        late.abort_handle().abort();
        kept.set(Some(poll_with(Waker::noop(), &mut late)));
    });
    drop(runtime.spawn(async move {
        let _parting = parting;
        pending::<()>().await
    }));
    drop(runtime);
    assert!(gone.is_up());
    let Some(Poll::Ready(Err(error))) = result.take() else { panic!("the handle did not resolve") };
    assert!(error.is_cancelled());
}

#[test]
fn abort_and_drop_of_the_handle_at_once_still_drop_the_future_on_the_loops_thread() {
    run(async {
        for polls_before in 0..2 {
            let dropped_on = Rc::new(Cell::new(None));
            let seen = Rc::clone(&dropped_on);
            let guard = on_drop(move || seen.set(Some(thread::current().id())));
            let task = spawn(async move {
                let _guard = guard;
                pending::<()>().await
            });
            turns(polls_before).await;
            task.abort();
            drop(task);
            assert_eq!(dropped_on.get(), None, "dropped inside abort");
            turns(1).await;
            assert_eq!(dropped_on.get(), Some(thread::current().id()));
        }
    });
}

#[test]
fn an_abort_from_another_thread_drops_the_future_on_the_loops_thread() {
    run(async {
        let dropped_on = Rc::new(Cell::new(None));
        let seen = Rc::clone(&dropped_on);
        let guard = on_drop(move || seen.set(Some(thread::current().id())));
        let task = spawn(async move {
            let _guard = guard;
            pending::<()>().await
        });
        turns(1).await;
        let abort = task.abort_handle();
        thread::spawn(move || abort.abort()).join().unwrap();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(dropped_on.get(), Some(thread::current().id()));
    });
}

#[test]
fn an_abort_handle_never_hits_the_task_that_took_its_tasks_place() {
    run(async {
        let first = spawn(async {});
        let old = first.abort_handle();
        first.await.unwrap();
        let second = spawn(async {
            turns(3).await;
            "untouched"
        });
        old.abort();
        thread::spawn(move || old.abort()).join().unwrap();
        assert_eq!(second.await.unwrap(), "untouched");
    });
}

/// Loops are numbered with 16 bits, their tasks and deadlines are counted from 0.
#[test]
fn what_a_loop_that_is_gone_left_behind_never_hits_the_loop_that_took_its_number() {
    let first = runtime();
    let number = format!("{first:?}");
    let abort = first.spawn(pending::<()>()).abort_handle();
    let mut nap = sleep(Duration::from_secs(3600));
    first.block_on(async { assert!(futures::poll!(&mut nap).is_pending()) });
    drop(first);

    let same_number = |runtime: &Runtime| format!("{runtime:?}") == number;
    let second = std::iter::repeat_with(runtime).find(same_number).unwrap();
    let task = second.spawn(sleep(Duration::from_millis(1)));
    run_on(&second, async move {
        turns(1).await;
        drop(nap);
        abort.abort();
        task.await.expect("it was aborted by the handle of another loop's task");
    });
}

#[test]
fn aborting_a_finished_task_keeps_its_result() {
    run(async {
        let task = spawn(async { 5 });
        turns(1).await;
        assert!(task.is_finished());
        task.abort();
        turns(1).await;
        assert_eq!(task.await.unwrap(), 5);
    });
}

#[test]
fn a_task_that_aborts_itself_is_cancelled_at_its_next_await_and_not_before() {
    /// Spawns a task that is given its own abort handle.
    fn with_own_abort<F: Future<Output = u32> + 'static>(
        make: impl FnOnce(Rc<Cell<Option<AbortHandle>>>) -> F,
    ) -> JoinHandle<u32> {
        let own = Rc::new(Cell::new(None));
        let task = spawn(make(Rc::clone(&own)));
        own.set(Some(task.abort_handle()));
        task
    }
    run(async {
        let waits = with_own_abort(|own| async move {
            own.take().unwrap().abort();
            yield_now().await;
            1
        });
        let returns = with_own_abort(|own| async move {
            own.take().unwrap().abort();
            2
        });
        assert!(waits.await.unwrap_err().is_cancelled());
        assert_eq!(returns.await.unwrap(), 2);
    });
}

#[test]
fn a_future_that_owns_its_own_handle_can_be_aborted_can_finish_and_is_not_leaked() {
    type Own = Rc<RefCell<Option<JoinHandle<()>>>>;
    fn owner(gone: &Flag, then: impl Future<Output = ()> + 'static) -> AbortHandle {
        let (own, guard) = (Own::default(), gone.on_drop());
        let inside = Rc::clone(&own);
        let task = spawn(async move {
            let _guard = guard;
            let _own = inside;
            then.await
        });
        let abort = task.abort_handle();
        own.replace(Some(task));
        abort
    }
    let runtime = runtime();
    let [aborted, finished, panicked, shut_down] = <[Flag; 4]>::default();
    run_on(&runtime, async {
        let abort = owner(&aborted, pending());
        owner(&finished, ready(()));
        owner(&panicked, async { panic!("with its own handle") });
        owner(&shut_down, pending());
        turns(1).await;
        abort.abort();
        turns(1).await;
    });
    assert!(aborted.is_up() && finished.is_up() && panicked.is_up() && !shut_down.is_up());
    drop(runtime);
    assert!(shut_down.is_up());
}

#[test]
fn a_task_that_awaits_itself_waits_until_it_is_aborted() {
    run(async {
        let (own, gone) = (Rc::new(RefCell::new(None)), Flag::default());
        let (inside, guard) = (Rc::clone(&own), gone.on_drop());
        let task: JoinHandle<()> = spawn(async move {
            let _guard = guard;
            let me: JoinHandle<()> = inside.borrow_mut().take().unwrap();
            me.await.unwrap()
        });
        let abort = task.abort_handle();
        own.replace(Some(task));
        turns(2).await;
        assert!(!gone.is_up());
        abort.abort();
        turns(1).await;
        assert!(gone.is_up());
    });
}

#[test]
fn dropping_a_handle_detaches_its_task_and_drops_a_result_that_is_there() {
    run(async {
        let (done, output) = (Flag::default(), Flag::default());
        let (raise, guard) = (done.clone(), output.on_drop());
        drop(spawn(async move {
            yield_now().await;
            raise.raise();
            guard
        }));
        turns(2).await;
        assert!(done.is_up() && output.is_up());

        let kept = Flag::default();
        let guard = kept.on_drop();
        let task = spawn(async move { guard });
        turns(1).await;
        assert!(!kept.is_up(), "the handle has not taken it yet");
        drop(task);
        assert!(kept.is_up());
    });
}

#[test]
fn dropping_the_runtime_drops_its_tasks_and_resolves_their_handles() {
    let runtime = runtime();
    let gone = Flag::default();
    let guard = gone.on_drop();
    let mut waiting = runtime.spawn(async move {
        let _guard = guard;
        pending::<()>().await
    });
    let mut finished = runtime.spawn(ready(3));
    let (bell, waker) = Bell::new();
    runtime.block_on(turns(1));
    assert!(poll_with(&waker, &mut waiting).is_pending());
    drop(runtime);
    assert!(gone.is_up());
    assert_eq!(bell.rings(), 1);
    let Poll::Ready(Err(error)) = poll_with(&waker, &mut waiting) else { panic!("not resolved") };
    assert!(error.is_cancelled());
    assert!(matches!(poll_with(&waker, &mut finished), Poll::Ready(Ok(3))));
}

// ─── Panics ─────────────────────────────────────────────────────────────────────────────────────

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

// ─── Handles ────────────────────────────────────────────────────────────────────────────────────

#[test]
fn only_the_latest_waker_of_a_join_handle_is_woken() {
    run(async {
        let door = Door::default();
        let mut task = spawn({
            let door = door.clone();
            async move { door.pass().await }
        });
        turns(1).await;
        let ((old, old_waker), (new, new_waker)) = (Bell::new(), Bell::new());
        assert!(poll_with(&old_waker, &mut task).is_pending());
        assert!(poll_with(&new_waker, &mut task).is_pending());
        door.open();
        turns(1).await;
        assert_eq!((old.rings(), new.rings()), (0, 1));
    });
}

#[test]
fn a_join_handle_that_moves_to_another_task_wakes_its_new_owner() {
    run(async {
        let (door, polls) = (Door::default(), Polls::default());
        let mut task = spawn({
            let door = door.clone();
            async move { door.pass().await }
        });
        let (give, take) = futures::channel::oneshot::channel();
        let first = spawn(polls.of(async move {
            poll_fn(|cx| {
                assert!(Pin::new(&mut task).poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
            give.send(task).unwrap();
            pending::<()>().await
        }));
        let second = spawn(async move { take.await.unwrap().await.unwrap() });
        turns(3).await;
        door.open();
        second.await.unwrap();
        assert_eq!(polls.count(), 1, "the owner before was woken");
        first.abort();
    });
}

#[test]
fn a_join_handle_can_be_awaited_by_any_executor_on_its_thread() {
    let runtime = runtime();
    // One of another crate, inside the loop.
    let sum = run_on(&runtime, async {
        let mut handles: FuturesUnordered<_> = (1..=10)
            .map(|number| {
                spawn(async move {
                    turns(number).await;
                    number
                })
            })
            .collect();
        let mut sum = 0;
        while let Some(number) = handles.next().await {
            sum += number.unwrap();
        }
        sum
    });
    assert_eq!(sum, 55);
    // One of another crate, beside the loop.
    let mut pool = futures::executor::LocalPool::new();
    let mut handle = runtime.spawn(ready(5));
    assert!(pool.run_until(poll_fn(|cx| Poll::Ready(Pin::new(&mut handle).poll(cx)))).is_pending());
    runtime.block_on(turns(1));
    assert_eq!(pool.run_until(handle).unwrap(), 5);
    // Another loop.
    let mut handle = runtime.spawn(ready(6));
    let other = support::runtime();
    let polled = other.spawn(poll_fn(move |cx| Pin::new(&mut handle).poll(cx)));
    other.block_on(turns(1));
    runtime.block_on(turns(1));
    assert_eq!(run_on(&other, polled).unwrap().unwrap(), 6);
}

#[test]
fn two_loops_on_one_thread_wake_each_others_tasks() {
    let (first, second) = (runtime(), runtime());
    let (door, polls) = (Door::default(), Polls::default());
    let task = first.spawn(polls.of({
        let door = door.clone();
        async move { door.pass().await }
    }));
    first.block_on(turns(1));
    let polls_of_other = Polls::default();
    second.block_on(async {
        let same_place = spawn(polls_of_other.of(pending::<()>()));
        turns(1).await;
        door.open();
        turns(3).await;
        same_place.abort();
    });
    assert_eq!((polls.count(), polls_of_other.count()), (1, 1));
    run_on(&first, task).unwrap();
}

#[test]
fn a_runtime_may_be_dropped_inside_a_task_of_another() {
    let inner = runtime();
    let outer = runtime();
    let (gone, door) = (Flag::default(), Door::default());
    let waits = outer.spawn({
        let door = door.clone();
        async move { door.pass().await }
    });
    outer.block_on(turns(1));
    let (raise, opens) = (gone.clone(), door.clone());
    let parting = on_drop(move || {
        opens.open(); // wakes a task of the outer loop
        drop(spawn(async {})); // refused by the inner one
        raise.raise();
    });
    drop(inner.spawn(async move {
        let _parting = parting;
        pending::<()>().await
    }));
    run_on(&outer, async {
        spawn(async move { drop(inner) }).await.unwrap();
        assert!(gone.is_up());
        waits.await.unwrap();
        assert_eq!(spawn(ready(1)).await.unwrap(), 1, "this is the outer loop again");
    });
}

#[test]
fn a_runtime_in_a_thread_local_is_dropped_with_its_thread() {
    thread_local!(static RUNTIME: Runtime = runtime());
    let dropped = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&dropped);
    let thread = thread::spawn(move || {
        RUNTIME.with(|runtime| {
            let guard = on_drop(move || seen.store(true, Ordering::SeqCst));
            runtime.block_on(async move {
                drop(spawn(async move {
                    let _guard = guard;
                    sleep(Duration::MAX).await
                }));
                turns(1).await;
            });
        });
    });
    thread.join().unwrap();
    assert!(dropped.load(Ordering::SeqCst));
}

#[test]
fn a_handle_spawns_from_another_thread_onto_the_loops_thread() {
    run(async {
        let (handle, here) = (Handle::current(), thread::current().id());
        let spawned = spawn_blocking(move || {
            assert_ne!(thread::current().id(), here);
            let sendable = handle.spawn(async { thread::current().id() });
            let local = handle.spawn_with(|| async {
                let not_send = Rc::new(thread::current().id());
                yield_now().await;
                *not_send
            });
            let panics = handle.spawn_with(|| -> std::future::Ready<()> { panic!("in the maker") });
            (sendable, local, panics)
        });
        let (sendable, local, panics) = spawned.await.unwrap();
        assert_eq!(sendable.await.unwrap(), here);
        assert_eq!(local.await.unwrap(), here);
        assert_eq!(panics.await.unwrap_err().to_string(), "panicked: in the maker");
    });
}

#[test]
fn the_handle_of_this_thread_is_there_while_its_loop_runs() {
    let error = Handle::try_current().unwrap_err();
    assert!(error.to_string().contains("block_on"), "{error}");
    run(async {
        let handle = Handle::try_current().unwrap();
        assert_eq!(handle.spawn_blocking(|| 7).await.unwrap(), 7);
    });
    assert!(Handle::try_current().is_err());
}

#[test]
fn a_spawn_that_races_the_end_of_the_loop_resolves_its_handle() {
    for round in 0..100 {
        let runtime = runtime();
        let handle = runtime.block_on(async { Handle::current() });
        let (jobs, spawned) = mpsc::channel::<JobHandle<u32>>();
        let other = thread::spawn(move || {
            for number in 0..50 {
                let job = if number % 2 == 0 {
                    handle.spawn(ready(number))
                } else {
                    handle.spawn_with(move || async move { pending::<u32>().await })
                };
                jobs.send(job).unwrap();
            }
        });
        runtime.block_on(turns(round % 7));
        drop(runtime);
        other.join().unwrap();
        for (number, job) in spawned.into_iter().enumerate() {
            match job.wait() {
                Ok(result) => assert_eq!(result, number as u32),
                Err(error) => assert!(error.is_cancelled()),
            }
        }
    }
}

#[test]
fn spawning_on_a_loop_that_is_gone_gives_a_cancelled_handle() {
    let handle = runtime().block_on(async { Handle::current() });
    assert!(handle.spawn(ready(1)).wait().unwrap_err().is_cancelled());
    assert!(run(handle.spawn_with(|| ready(1))).unwrap_err().is_cancelled());
}

#[test]
fn handles_that_cross_threads_say_so_in_their_types() {
    fn crosses<T: Send + Sync>() {}
    fn moves<T: Send>() {}
    crosses::<AbortHandle>();
    crosses::<Handle>();
    crosses::<Waker>();
    crosses::<JoinError>();
    crosses::<Sleep>();
    moves::<JobHandle<Cell<u32>>>();
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

// ─── Many tasks ─────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_join_set_gives_results_panics_and_aborts_as_they_come() {
    run(async {
        let mut set = JoinSet::new();
        set.spawn(async {
            turns(4).await;
            1
        });
        set.spawn(async {
            turns(2).await;
            panic!("second")
        });
        let aborted = set.spawn(pending());
        set.spawn(async { 4 });
        assert_eq!(set.len(), 4);
        assert_eq!(set.join_next().await.unwrap().unwrap(), 4);
        assert!(set.join_next().await.unwrap().unwrap_err().is_panic());
        assert_eq!(set.join_next().await.unwrap().unwrap(), 1);
        aborted.abort();
        assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
        assert!(set.join_next().await.is_none());
    });
}

#[test]
fn a_join_next_that_is_dropped_loses_no_result() {
    run(async {
        let mut set = JoinSet::new();
        for number in 0..20 {
            set.spawn(async move {
                turns(number).await;
                number
            });
        }
        let mut joined = Vec::new();
        while !set.is_empty() {
            // Polled once, then dropped: what it saw in that poll must be given out or kept.
            let mut next = Box::pin(set.join_next());
            let polled = poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await;
            drop(next);
            match polled {
                Poll::Ready(result) => joined.push(result.unwrap().unwrap()),
                Poll::Pending => yield_now().await,
            }
        }
        assert_eq!(joined, (0..20).collect::<Vec<_>>());
    });
}

#[test]
fn dropping_a_join_set_or_shutting_it_down_drops_its_tasks() {
    run(async {
        for shut_down in [true, false] {
            let mut set = JoinSet::new();
            let gone: Vec<Flag> = (0..3).map(|_| Flag::default()).collect();
            for flag in &gone {
                let guard = flag.on_drop();
                set.spawn(async move {
                    let _guard = guard;
                    pending::<()>().await
                });
            }
            turns(1).await;
            if shut_down {
                set.shutdown().await;
                assert!(set.is_empty());
            } else {
                set.spawn(async {});
                drop(set);
                turns(1).await;
            }
            assert!(gone.iter().all(Flag::is_up));
        }
    });
}

#[test]
fn a_join_set_survives_a_spawn_that_was_refused() {
    let mut set = JoinSet::new();
    assert!(catch_unwind(AssertUnwindSafe(|| set.spawn(ready(0)))).is_err(), "there is no loop");
    run(async {
        for number in [3, 1, 2] {
            set.spawn(async move {
                turns(4 * number).await;
                number
            });
        }
        for number in [1, 2, 3] {
            assert_eq!(set.join_next().await.unwrap().unwrap(), number);
        }
    });
}

#[test]
fn join_all_keeps_the_order_and_ends_what_is_left_when_dropped_or_failed() {
    run(async {
        let in_order = join_all((0..5).map(|number| async move {
            turns(5 - number).await;
            number
        }));
        assert_eq!(in_order.await, [0, 1, 2, 3, 4]);

        let gone = [Flag::default(), Flag::default()];
        let guards = gone.each_ref().map(Flag::on_drop);
        let mut waiting = Box::pin(join_all(guards.map(|guard| async move {
            let _guard = guard;
            pending::<()>().await
        })));
        assert!(futures::poll!(waiting.as_mut()).is_pending());
        turns(1).await;
        drop(waiting);
        turns(1).await;
        assert!(gone.iter().all(Flag::is_up));

        let rest = Flag::default();
        let mut guard = Some(rest.on_drop());
        let failed = try_join_all((0..3).map(|number| {
            let guard = if number == 2 { guard.take() } else { None };
            async move {
                let _guard = guard;
                match number {
                    0 => Ok(0),
                    1 => Err("the second one"),
                    _ => pending().await,
                }
            }
        }));
        assert_eq!(failed.await, Err("the second one"));
        turns(1).await;
        assert!(rest.is_up());
    });
}

#[test]
fn a_hundred_thousand_tasks_come_and_go() {
    let total: usize = run(async {
        let tasks: Vec<_> = (0..100_000)
            .map(|number| {
                spawn(async move {
                    yield_now().await;
                    number
                })
            })
            .collect();
        let mut total = 0;
        for task in tasks {
            total += task.await.unwrap();
        }
        total
    });
    assert_eq!(total, 100_000 * 99_999 / 2);
}

#[test]
fn a_set_tells_numbers_takes_without_waiting_and_lets_go() {
    run(async {
        let mut set = JoinSet::new();
        assert!(set.try_join_next().is_none());
        let door = Door::default();
        let waiting = door.clone();
        set.spawn(async move {
            waiting.pass().await;
            task::id()
        });
        turns(2).await;
        assert!(set.try_join_next().is_none(), "it has not finished");
        door.open();
        turns(2).await;
        let number = set.try_join_next().unwrap().unwrap();
        set.spawn(async { task::id() });
        let (id, own) = set.join_next_with_id().await.unwrap().unwrap();
        assert_eq!(id, own);
        assert_ne!(id, number);

        let gone_on = Rc::new(Cell::new(false));
        let going = Rc::clone(&gone_on);
        set.spawn(async move {
            yield_now().await;
            going.set(true);
            task::id()
        });
        set.detach_all();
        assert!(set.is_empty() && set.join_next().await.is_none());
        turns(3).await;
        assert!(gone_on.get(), "a task that was let go goes on");
    });
}

#[test]
fn a_set_takes_work_for_threads_and_tells_its_numbers_without_waiting() {
    run(async {
        let mut set = JoinSet::new();
        let here = thread::current().id();
        let elsewhere = set.spawn_blocking(move || thread::current().id() != here).id();
        assert!(set.try_join_next_with_id().is_none(), "it has not even begun");
        assert_eq!(set.join_next_with_id().await.unwrap().unwrap(), (elsewhere, true));
        set.spawn_blocking(|| panic!("on a thread"));
        let error = set.join_next().await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "panicked: on a thread");
        // An abort gives up the waiting; what has begun goes on.
        let (go, may_go) = std::sync::mpsc::channel::<()>();
        let (done, is_done) = std::sync::mpsc::channel();
        set.spawn_blocking(move || {
            may_go.recv().unwrap();
            done.send(()).unwrap();
            true
        });
        set.shutdown().await;
        go.send(()).unwrap();
        is_done.recv_timeout(Duration::from_secs(8)).unwrap();
        let ready = set.spawn(async { true }).id();
        turns(2).await;
        assert_eq!(set.try_join_next_with_id().unwrap().unwrap(), (ready, true));
    });
}

#[test]
fn join_all_of_a_set_gives_all_results_or_the_panic() {
    run(async {
        let set: JoinSet<u32> = [3, 1, 2]
            .into_iter()
            .map(|number| async move {
                turns(number as usize).await;
                number
            })
            .collect();
        assert_eq!(set.join_all().await, [1, 2, 3]);
    });
    let panicked = std::panic::catch_unwind(|| {
        run(async {
            let mut set = JoinSet::new();
            set.spawn(async { panic!("as told") });
            set.join_all().await;
        });
    });
    assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"as told"));
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

#[test]
fn work_that_counts_itself_gives_the_others_their_turns_and_unconstrained_work_none() {
    run(async {
        let turns = Rc::new(Cell::new(0));
        let counted = Rc::clone(&turns);
        let other = spawn(async move {
            loop {
                counted.set(counted.get() + 1);
                yield_now().await;
            }
        });
        yield_now().await;
        let work = async || {
            for _ in 0..1000 {
                task::consume_budget().await;
            }
        };
        let before = turns.get();
        task::unconstrained(work()).await;
        assert_eq!(turns.get(), before);
        work().await;
        assert!(turns.get() >= before + 5, "{} turns", turns.get() - before);
        other.abort();
    });
}
