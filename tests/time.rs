//! What the loop promises about time: never early, no wake for nothing, and nothing left behind. How
//! long the loop meant to sleep is read from its trace, so these tests need not measure it.

mod support;

use std::cell::RefCell;
use std::future::{pending, poll_fn, ready};
use std::iter;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use glassloop::task::{consume_budget, spawn_blocking, yield_now};
use glassloop::time::{Elapsed, Instant, Sleep, sleep, sleep_until, timeout};
use glassloop::{Handle, spawn};
use support::{Bell, Polls, Unruly, poll_with, recorded, run, run_on, runtime, sleeps, turns};

const HOUR: Duration = Duration::from_secs(3600);

/// Sets the alarm, without waiting for it.
async fn set(sleep: &mut Sleep) {
    poll_fn(|cx| {
        assert!(Pin::new(&mut *sleep).poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
}

#[test]
fn a_sleep_never_ends_early_on_an_idle_loop_or_a_busy_one() {
    run(async {
        for busy in [false, true] {
            let others = spawn(async move {
                loop {
                    if busy { yield_now().await } else { pending().await }
                }
            });
            for micros in [0, 1, 50, 999, 1000, 1001, 2500] {
                let (start, duration) = (Instant::now(), Duration::from_micros(micros));
                sleep(duration).await;
                assert!(start.elapsed() >= duration, "{micros} µs");
                let deadline = Instant::now() + duration;
                sleep_until(deadline).await;
                assert!(Instant::now() >= deadline, "{micros} µs");
            }
            others.abort();
        }
    });
}

#[test]
fn a_new_earlier_deadline_shortens_the_sleep_that_the_loop_is_in() {
    let runtime = recorded();
    let start = Instant::now();
    runtime.block_on(async {
        let mut alarm = sleep(Duration::from_secs(8));
        set(&mut alarm).await;
        let handle = Handle::current();
        let outside = spawn_blocking(move || {
            thread::sleep(Duration::from_millis(3)); // the loop is asleep by then
            handle.spawn(sleep(Duration::from_millis(1))).wait()
        });
        outside.await.unwrap().unwrap();
    });
    assert!(sleeps(&runtime)[0].unwrap() > Duration::from_secs(7));
    assert!(start.elapsed() < Duration::from_secs(7), "it slept until the later deadline");
}

#[test]
fn a_new_earlier_deadline_counts_even_if_it_is_set_last() {
    let runtime = recorded();
    runtime.block_on(async {
        let mut alarms = [HOUR, 3 * HOUR, 2 * HOUR].map(sleep);
        for alarm in &mut alarms {
            set(alarm).await;
        }
        sleep(Duration::from_millis(2)).await;
    });
    let sleeps = sleeps(&runtime);
    assert!(sleeps.iter().all(|sleep| sleep.unwrap() <= Duration::from_millis(2)), "{sleeps:?}");
}

#[test]
fn a_cancelled_deadline_costs_nothing_later() {
    let runtime = recorded();
    runtime.block_on(async {
        for _ in 0..1000 {
            assert_eq!(timeout(Duration::from_micros(700), ready(1)).await, Ok(1));
            set(&mut sleep(Duration::from_micros(700))).await;
        }
        sleep(Duration::from_millis(4)).await;
    });
    let sleeps = sleeps(&runtime);
    assert!(sleeps.len() <= 1, "it woke for a deadline that nobody waits for: {sleeps:?}");
}

#[test]
fn an_idle_loop_wakes_for_its_deadlines_only() {
    let runtime = recorded();
    run_on(&runtime, async {
        drop(spawn(sleep(Duration::from_millis(3))));
        sleep(Duration::from_millis(6)).await;
    });
    let sleeps = sleeps(&runtime);
    assert!(sleeps.len() <= 2, "{sleeps:?}");
}

#[test]
fn a_loop_without_deadlines_sleeps_without_limit_until_it_is_woken() {
    let runtime = recorded();
    runtime.block_on(async {
        let handle = Handle::current();
        let (give, take) = futures::channel::oneshot::channel();
        let outside = thread::spawn(move || {
            thread::sleep(Duration::from_millis(2));
            drop(handle.spawn(async { give.send(()).unwrap() }));
        });
        take.await.unwrap();
        outside.join().unwrap();
    });
    assert!(sleeps(&runtime).iter().all(Option::is_none));
}

#[test]
fn zero_and_past_deadlines_give_the_others_a_turn_and_end() {
    run(async {
        let long_ago = Instant::now().checked_sub(HOUR).unwrap_or_else(Instant::now);
        for instant in [long_ago, Instant::now()] {
            let other = spawn(ready(()));
            sleep_until(instant).await;
            assert!(other.is_finished());
        }
        let other = spawn(ready(()));
        sleep(Duration::ZERO).await;
        assert!(other.is_finished());
    });
}

#[test]
fn equal_deadlines_fire_in_the_order_in_which_they_were_set() {
    run(async {
        let deadline = Instant::now() + Duration::from_millis(2);
        let order = Rc::new(RefCell::new(Vec::new()));
        let tasks: Vec<_> = (0..100)
            .map(|number| {
                let order = Rc::clone(&order);
                spawn(async move {
                    sleep_until(deadline).await;
                    order.borrow_mut().push(number);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert!(order.borrow().iter().copied().eq(0..100));
    });
}

#[test]
fn sooner_deadlines_fire_first_whatever_the_order_in_which_they_were_set() {
    run(async {
        let start = Instant::now();
        let order = Rc::new(RefCell::new(Vec::new()));
        let tasks: Vec<_> = (0..50_u64)
            .map(|number| {
                let (order, micros) = (Rc::clone(&order), number * 37 % 50 * 100);
                spawn(async move {
                    sleep_until(start + Duration::from_micros(micros)).await;
                    order.borrow_mut().push(micros);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert!(order.borrow().is_sorted(), "{order:?}");
    });
}

#[test]
fn a_duration_too_long_to_come_waits_for_ever_and_disturbs_nobody() {
    let runtime = recorded();
    run_on(&runtime, async {
        let mut never = sleep(Duration::MAX);
        set(&mut never).await;
        let mut centuries = sleep(Duration::from_secs(1 << 40));
        set(&mut centuries).await;
        assert_eq!(timeout(Duration::MAX, ready(1)).await, Ok(1));
        sleep(Duration::from_millis(1)).await;
        set(&mut never).await;
        set(&mut centuries).await;
    });
}

#[test]
fn a_loop_that_sleeps_for_months_sleeps_and_does_not_spin() {
    for months in [Duration::from_millis((1 << 32) + 1), Duration::from_secs(1 << 40)] {
        let runtime = recorded();
        drop(runtime.spawn(sleep(months)));
        let pause = || thread::sleep(Duration::from_millis(3));
        runtime.block_on(spawn_blocking(pause)).unwrap();
        assert!(sleeps(&runtime).len() <= 1);
    }
}

#[test]
fn a_timeout_of_zero_still_lets_a_future_that_is_ready_win() {
    run(async {
        assert_eq!(timeout(Duration::ZERO, ready(1)).await, Ok(1));
        let error: Elapsed = timeout(Duration::ZERO, pending::<()>()).await.unwrap_err();
        assert_eq!(std::io::Error::from(error).kind(), std::io::ErrorKind::TimedOut);
        // Ready at the very poll in which time runs out.
        let mut polls = 0;
        let at_the_last_moment = poll_fn(|_| {
            polls += 1;
            if polls == 2 { Poll::Ready(polls) } else { Poll::Pending }
        });
        assert_eq!(timeout(Duration::from_micros(10), at_the_last_moment).await, Ok(2));
    });
}

#[test]
fn a_million_sleeps_of_zero_end() {
    run(async {
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                spawn(async {
                    for _ in 0..10_000 {
                        sleep(Duration::ZERO).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

#[test]
fn only_the_latest_waker_of_a_sleep_is_woken() {
    run(async {
        let ((old, old_waker), (new, new_waker)) = (Bell::new(), Bell::new());
        let mut nap = sleep(Duration::from_micros(100));
        assert!(poll_with(&old_waker, &mut nap).is_pending());
        assert!(poll_with(&new_waker, &mut nap).is_pending());
        sleep(Duration::from_millis(1)).await;
        assert_eq!((old.rings(), new.rings()), (0, 1));
        assert!(poll_with(&new_waker, &mut nap).is_ready());
    });
}

#[test]
fn a_sleep_that_moves_to_another_task_wakes_that_one_alone() {
    run(async {
        let (first, second) = (Polls::default(), Polls::default());
        let (give, take) = futures::channel::oneshot::channel();
        let before = spawn(first.of(async move {
            let mut nap = sleep(Duration::from_millis(2));
            set(&mut nap).await;
            give.send(nap).unwrap();
            pending::<()>().await
        }));
        let after = spawn(second.of(async move { take.await.unwrap().await }));
        after.await.unwrap();
        assert_eq!(first.count(), 1);
        assert!(second.count() <= 3, "{}", second.count());
        before.abort();
    });
}

#[test]
fn a_dropped_sleep_wakes_nobody() {
    run(async {
        let (bell, waker) = Bell::new();
        let mut nap = sleep(Duration::from_micros(200));
        assert!(poll_with(&waker, &mut nap).is_pending());
        drop(nap);
        sleep(Duration::from_millis(2)).await;
        assert_eq!(bell.rings(), 0);
        drop(waker);
        assert_eq!(Arc::strong_count(&bell), 1, "its waker was kept");
    });
}

#[test]
fn a_sleep_dropped_on_another_thread_is_forgotten_by_its_loop() {
    let runtime = recorded();
    runtime.block_on(async {
        let (bell, waker) = Bell::new();
        let mut nap = sleep(HOUR);
        assert!(poll_with(&waker, &mut nap).is_pending());
        drop(waker);
        thread::spawn(move || drop(nap)).join().unwrap();
        turns(200).await; // enough to look at the inbox
        assert_eq!(Arc::strong_count(&bell), 1, "its waker was kept");
        spawn_blocking(|| thread::sleep(Duration::from_millis(2))).await.unwrap();
    });
    let without_limit = sleeps(&runtime).iter().all(Option::is_none);
    assert!(without_limit, "it sleeps for a deadline that nobody waits for");
}

#[test]
fn a_sleep_set_in_one_loop_can_be_awaited_in_another() {
    let (first, second) = (recorded(), runtime());
    let mut nap = sleep(Duration::from_millis(2));
    let mut kept = sleep(Duration::from_millis(1));
    first.block_on(async {
        set(&mut nap).await;
        set(&mut kept).await;
    });
    run_on(&second, nap);
    first.block_on(async {
        turns(200).await; // enough to look at the inbox and at the clock
        sleep(Duration::from_millis(1)).await;
    });
    let woken_for = sleeps(&first).len();
    assert!(woken_for <= 1, "the first loop still waited for it: {woken_for}");
    drop(first);
    run_on(&second, kept); // its loop is gone
}

#[test]
fn a_sleep_from_a_loop_that_is_gone_touches_no_deadline_of_a_later_loop_with_its_number() {
    let first = runtime();
    let number = format!("{first:?}");
    let mut old = sleep(HOUR);
    first.block_on(set(&mut old));
    drop(first);

    let mut namesakes = iter::repeat_with(runtime);
    let second = namesakes.find(|later| format!("{later:?}") == number).unwrap();
    second.block_on(async {
        let soon = spawn(sleep(Duration::from_millis(1)));
        yield_now().await; // it stands where the old one stood in the other loop
        set(&mut old).await;
        timeout(Duration::from_secs(5), soon).await.expect("it was not woken").unwrap();
    });
}

#[test]
fn a_waker_that_panics_when_a_deadline_comes_leaves_the_other_deadlines() {
    run(async {
        let deadline = Instant::now() + Duration::from_millis(1);
        let waker = Unruly::waker(|| panic!("in a waker"));
        let mut naps: Vec<Sleep> = (0..3).map(|_| sleep_until(deadline)).collect();
        assert!(poll_with(&waker, &mut naps[0]).is_pending());
        set(&mut naps[1]).await;
        assert!(poll_with(&waker, &mut naps[2]).is_pending());
        sleep_until(deadline).await;
        for nap in naps {
            nap.await;
        }
    });
}

#[test]
fn time_runs_out_also_for_a_future_that_is_always_ready_for_more() {
    run(async {
        let busy = async {
            loop {
                consume_budget().await;
            }
        };
        assert!(timeout(Duration::from_millis(1), busy).await.is_err());
    });
}
