//! Who is polled, how often, and in which turn.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn, ready};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use super::support::{Bell, Door, Polls, pair, poll_with, run, run_on, runtime, turns};
use futures::task::AtomicWaker;
use futures::{AsyncReadExt, AsyncWriteExt};
use glassloop::task::{self, yield_now};
use glassloop::time::sleep;
use glassloop::{Handle, Runtime, spawn};

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
