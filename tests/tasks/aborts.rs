//! What is dropped, when and where: by an abort, with its handle, with its loop.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, ready};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use super::support::{Bell, Door, Flag, on_drop, poll_with, run, run_on, runtime, turns};
use glassloop::runtime::{AbortHandle, JoinHandle};
use glassloop::task::yield_now;
use glassloop::time::sleep;
use glassloop::{Handle, Runtime, spawn};

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
