//! Many tasks at once: sets, `join_all`, a hundred thousand.

use std::cell::Cell;
use std::future::{pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use super::support::{Door, Flag, run, turns};
use glassloop::spawn;
use glassloop::task::{self, JoinSet, join_all, try_join_all, yield_now};

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
