//! Deadlines, tasks and jobs, given up at every point: none fires for nobody, no result is lost, and what
//! goes on or ends does so as promised. See `cancellation.rs`.

#[path = "support/cut.rs"]
mod cut;
mod support;

use std::cell::Cell;
use std::future::{Future, pending};
use std::rc::Rc;
use std::time::Duration;

use cut::{later, sweep, sweep_wakes};
use futures::poll;
use glassloop::sync::mpsc;
use glassloop::task::{
    JoinSet, consume_budget, join_all, spawn_blocking, try_join_all, unconstrained, yield_now,
};
use glassloop::time::{self, Instant, advance, interval, sleep, sleep_until, timeout, timeout_at};
use glassloop::{Handle, fs, spawn};
use support::{Flag, on_drop, settle, turns};

// ─── Time ───────────────────────────────────────────────────────────────────────────────────────

#[test]
fn sleeps_can_be_given_up() {
    let nap = Duration::from_millis(1);
    sweep_wakes(async |cut| {
        cut.short(sleep(nap)).await;
    });
    sweep_wakes(async |cut| {
        cut.short(sleep_until(Instant::now())).await;
    });
}

#[test]
fn timeout_gives_up_with_what_it_limits() {
    sweep(async |cut| {
        let (sender, mut receiver) = mpsc::channel(1);
        later(2, move || sender.try_send(7).unwrap());
        let received = cut.short(timeout(Duration::from_secs(9), receiver.recv())).await;
        let received = match received {
            Some(received) => received.unwrap(),
            None => receiver.recv().await,
        };
        assert_eq!(received, Some(7));
    });
    sweep_wakes(async |cut| {
        let (sender, mut receiver) = mpsc::channel::<u8>(1);
        let limited = cut.short(timeout(Duration::from_millis(1), receiver.recv())).await;
        assert!(limited.is_none_or(|limited| limited.is_err()));
        sender.try_send(7).unwrap();
        assert_eq!(receiver.recv().await, Some(7));
    });
}

#[test]
fn timeout_at_gives_up_with_what_it_limits() {
    sweep_wakes(async |cut| {
        let (sender, mut receiver) = mpsc::channel::<u8>(1);
        let deadline = Instant::now() + Duration::from_millis(1);
        let limited = cut.short(timeout_at(deadline, receiver.recv())).await;
        assert!(limited.is_none_or(|limited| limited.is_err()));
        sender.try_send(7).unwrap();
        assert_eq!(receiver.recv().await, Some(7));
    });
}

/// With the clock standing still, what was not waited for has not passed.
#[test]
fn a_sleep_that_was_reset_can_be_given_up_and_gone_on_with() {
    const NAP: Duration = Duration::from_millis(5);
    async fn reset_to(deadline: Instant) -> std::pin::Pin<Box<time::Sleep>> {
        let mut nap = Box::pin(sleep(Duration::from_secs(3600)));
        assert!(poll!(&mut nap).is_pending());
        nap.as_mut().reset(deadline);
        nap
    }
    sweep_wakes(async |cut| {
        time::pause();
        let start = Instant::now();
        let slept = cut.short(reset_to(start + NAP).await).await;
        assert!(slept.is_none() || start.elapsed() == NAP);
    });
    sweep_wakes(async |cut| {
        time::pause();
        let start = Instant::now();
        let mut nap = reset_to(start + NAP).await;
        if cut.short_sharing(&mut nap).await.is_none() {
            nap.as_mut().await;
        }
        assert!(nap.is_elapsed());
        assert_eq!(start.elapsed(), NAP);
    });
}

#[test]
fn no_tick_of_an_interval_is_lost() {
    const PERIOD: Duration = Duration::from_millis(5);
    for cut_at in 0..3 {
        sweep_wakes(async |cut| {
            time::pause();
            let start = Instant::now();
            let mut interval = interval(PERIOD);
            for tick in 0..4 {
                let ticked = match tick == cut_at {
                    true => cut.short_sharing(interval.tick()).await,
                    false => None,
                };
                let moment = match ticked {
                    Some(moment) => moment,
                    None => interval.tick().await,
                };
                assert_eq!((moment, start.elapsed()), (start + tick * PERIOD, tick * PERIOD));
            }
        });
    }
}

#[test]
fn a_clock_is_moved_as_soon_as_advance_is_polled_and_those_whose_time_has_come_wake() {
    const MOVE: Duration = Duration::from_millis(7);
    sweep_wakes(async |cut| {
        time::pause();
        let start = Instant::now();
        let sleeper = spawn(async move {
            sleep(MOVE / 2).await;
            start.elapsed()
        });
        turns(1).await; // it sleeps
        let polled = Flag::default();
        let advance = async {
            polled.raise();
            advance(MOVE).await;
        };
        cut.short(advance).await;
        let elapsed = start.elapsed();
        assert_eq!(elapsed, if polled.is_up() { MOVE } else { Duration::ZERO });
        assert_eq!(sleeper.await.unwrap(), elapsed.max(MOVE / 2));
    });
}

// ─── Tasks ──────────────────────────────────────────────────────────────────────────────────────

#[test]
fn yield_now_can_be_given_up() {
    sweep(async |cut| {
        cut.short(yield_now()).await;
    });
}

#[test]
fn a_join_handle_awaited_by_reference_keeps_the_result() {
    sweep(async |cut| {
        let mut task = later(2, || 7);
        let result = match cut.short_sharing(&mut task).await {
            Some(result) => result,
            None => task.await,
        };
        assert_eq!(result.unwrap(), 7);
    });
}

#[test]
fn a_join_handle_that_is_given_up_detaches_its_task() {
    sweep(async |cut| {
        let done = Flag::default();
        let task = later(2, {
            let done = done.clone();
            move || done.raise()
        });
        cut.short(task).await;
        turns(6).await;
        assert!(done.is_up());
    });
}

#[test]
fn join_next_gives_a_result_or_keeps_it() {
    sweep(async |cut| {
        let mut set = JoinSet::new();
        for number in 1..=3 {
            set.spawn(async move {
                turns(number).await;
                number
            });
        }
        let first = cut.short_sharing(set.join_next()).await.flatten();
        let mut numbers: Vec<_> = first.into_iter().collect();
        while let Some(number) = set.join_next().await {
            numbers.push(number);
        }
        let numbers: Vec<_> = numbers.into_iter().map(Result::unwrap).collect();
        assert_eq!(numbers, [1, 2, 3]);
    });
}

#[test]
fn join_next_with_id_gives_a_result_or_keeps_it() {
    sweep(async |cut| {
        let mut set = JoinSet::new();
        let ids: Vec<_> = (1..=3)
            .map(|number| {
                set.spawn(async move {
                    turns(number).await;
                    number
                })
                .id()
            })
            .collect();
        let first = cut.short_sharing(set.join_next_with_id()).await.flatten();
        let mut results: Vec<_> = first.into_iter().collect();
        while let Some(result) = set.join_next_with_id().await {
            results.push(result);
        }
        let results: Vec<_> = results.into_iter().map(Result::unwrap).collect();
        assert_eq!(results, std::iter::zip(ids, 1..=3).collect::<Vec<_>>());
    });
}

#[test]
fn join_all_of_a_set_takes_its_tasks_along() {
    sweep(async |cut| {
        let ended: Vec<Flag> = (0..3).map(|_| Flag::default()).collect();
        let mut set = JoinSet::new();
        for (number, ended) in ended.iter().enumerate() {
            let guard = ended.on_drop();
            set.spawn(async move {
                let _guard = guard;
                turns(2 * number).await;
                number
            });
        }
        let all = cut.short(set.join_all()).await;
        assert!(all.is_none_or(|all| all == [0, 1, 2]));
        turns(2).await;
        assert!(ended.iter().all(Flag::is_up), "a task is left");
    });
}

#[test]
fn consume_budget_can_be_given_up() {
    sweep(async |cut| {
        // More than one poll may get.
        let work = async {
            for _ in 0..300 {
                consume_budget().await;
            }
        };
        cut.short(work).await;
    });
}

#[test]
fn unconstrained_gives_up_with_what_it_runs() {
    sweep(async |cut| {
        let (sender, mut receiver) = mpsc::channel(1);
        later(2, move || sender.try_send(7).unwrap());
        let received = match cut.short(unconstrained(receiver.recv())).await {
            Some(received) => received,
            None => receiver.recv().await,
        };
        assert_eq!((received, receiver.recv().await), (Some(7), None));
    });
}

#[test]
fn shutdown_of_a_set_ends_its_tasks_or_can_go_on() {
    sweep(async |cut| {
        let ended: Vec<Flag> = (0..3).map(|_| Flag::default()).collect();
        let mut set = JoinSet::new();
        for ended in &ended {
            let guard = ended.on_drop();
            set.spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            });
        }
        turns(1).await;
        cut.short_sharing(set.shutdown()).await;
        set.shutdown().await;
        assert!(set.is_empty() && ended.iter().all(Flag::is_up));
    });
}

/// Runs of three futures that all have begun: each has come to its end, or is dropped.
#[test]
fn join_all_and_try_join_all_take_their_tasks_along() {
    fn work(
        began: &Rc<Cell<usize>>,
        ended: &Rc<Cell<usize>>,
        take: usize,
    ) -> impl Future<Output = usize> + use<> {
        let (began, ended) = (Rc::clone(began), Rc::clone(ended));
        async move {
            began.set(began.get() + 1);
            let _guard = on_drop(move || ended.set(ended.get() + 1));
            turns(take).await;
            take
        }
    }
    sweep(async |cut| {
        let (began, ended) = (Rc::default(), Rc::default());
        let all = cut.short(join_all([3, 1, 2].map(|take| work(&began, &ended, take)))).await;
        assert!(all.is_none_or(|all| all == [3, 1, 2]));
        turns(6).await;
        assert_eq!(began, ended, "a task is left");
    });
    sweep(async |cut| {
        let (began, ended) = (Rc::default(), Rc::default());
        let work = [3, 1, 2].map(|take| {
            let work = work(&began, &ended, take);
            async move { Ok::<_, ()>(work.await) }
        });
        let all = cut.short(try_join_all(work)).await;
        assert!(all.is_none_or(|all| all == Ok(vec![3, 1, 2])));
        turns(6).await;
        assert_eq!(began, ended, "a task is left");
    });
}

// ─── Jobs on other threads, signals ──────────────────────────────────────────────────────────────

#[test]
fn work_given_to_another_thread_or_loop_goes_on_without_its_handle() {
    sweep_wakes(async |cut| {
        let (done, is_done) = std::sync::mpsc::channel();
        let job = spawn_blocking(move || done.send(7).unwrap());
        cut.short_sharing(job).await;
        assert_eq!(is_done.recv_timeout(Duration::from_secs(5)), Ok(7));
    });
    sweep_wakes(async |cut| {
        let (done, is_done) = std::sync::mpsc::channel();
        let job = Handle::current().spawn(async move { done.send(7).unwrap() });
        cut.short_sharing(job).await;
        settle().await;
        assert_eq!(is_done.try_recv(), Ok(7));
    });
}

#[test]
fn a_job_handle_awaited_by_reference_keeps_the_result() {
    sweep_wakes(async |cut| {
        let mut job = spawn_blocking(|| 7);
        let result = match cut.short_sharing(&mut job).await {
            Some(result) => result,
            None => job.await,
        };
        assert_eq!(result.unwrap(), 7);
    });
    sweep_wakes(async |cut| {
        let mut job = Handle::current().spawn_with(|| async {
            turns(2).await;
            7
        });
        let result = match cut.short_sharing(&mut job).await {
            Some(result) => result,
            None => job.await,
        };
        assert_eq!(result.unwrap(), 7);
    });
}

/// Whatever the thread has done by then, it is done once and as a whole.
#[test]
fn work_on_files_that_is_given_up_leaves_no_half_and_can_be_done_again() {
    sweep_wakes(async |cut| {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        std::fs::write(&old, "content").unwrap();
        let renamed = cut.short_sharing(fs::rename(&old, &new)).await;
        // A thread may still be about to: the second one to come finds nothing.
        let again = fs::rename(&old, &new).await;
        assert!(renamed.is_none_or(|renamed| renamed.is_ok() && again.is_err()));
        assert!(!old.exists());
        assert_eq!(fs::read_to_string(&new).await.unwrap(), "content");
    });
    sweep_wakes(async |cut| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, "content").await.unwrap();
        let read = cut.short_sharing(fs::read(&path)).await;
        assert!(read.is_none_or(|read| read.unwrap() == b"content"));
        assert_eq!(fs::read(&path).await.unwrap(), b"content");
    });
    sweep_wakes(async |cut| {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        let made = cut.short_sharing(fs::create_dir_all(&inner)).await;
        assert!(made.is_none_or(|made| made.is_ok()));
        fs::create_dir_all(&inner).await.unwrap();
        assert!(fs::metadata(&inner).await.unwrap().is_dir());
    });
}

#[test]
fn a_signal_that_nobody_waits_for_any_more_harms_nothing_and_the_next_is_heard() {
    fn press() {
        signal_hook::low_level::raise(libc::SIGINT).unwrap();
    }
    sweep_wakes(async |cut| {
        // From its first poll on, the signal ends nothing by itself.
        assert!(poll!(Box::pin(glassloop::signal::ctrl_c())).is_pending());
        let pressed = later(2, press);
        let heard = cut.short_sharing(glassloop::signal::ctrl_c()).await;
        assert!(heard.is_none_or(|heard| heard.is_ok()));
        pressed.await.unwrap();
        let again = spawn(glassloop::signal::ctrl_c());
        turns(2).await; // it waits
        press();
        again.await.unwrap().unwrap();
    });
}
