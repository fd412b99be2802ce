//! A clock that stands still: hours pass in no time, exactly and in order, and what can never end says so.

mod support;

use std::cell::RefCell;
use std::future::pending;
use std::net::TcpListener as StdListener;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use glassloop::net::TcpStream;
use glassloop::runtime::Builder;
use glassloop::task::{spawn_blocking, yield_now};
use glassloop::time::{
    self, Instant, MissedTickBehavior, advance, interval, interval_at, sleep, sleep_until, timeout,
    timeout_at,
};
use glassloop::trace::{Event, Record};
use glassloop::{Handle, Runtime, spawn};
use support::builder;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

fn paused() -> Runtime {
    builder().start_paused(true).build().unwrap()
}

/// What the panic of `work` says.
fn panic_of(work: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(work)).expect_err("no panic");
    match payload.downcast::<String>() {
        Ok(words) => *words,
        Err(payload) => (*payload.downcast::<&str>().unwrap()).to_owned(),
    }
}

#[test]
fn a_year_passes_at_once_and_takes_exactly_a_year() {
    let real = std::time::Instant::now();
    paused().block_on(async {
        let start = Instant::now();
        for _ in 0..365 {
            sleep(24 * HOUR).await;
        }
        assert_eq!(start.elapsed(), 365 * 24 * HOUR);
    });
    assert!(real.elapsed() < HOUR);
}

#[test]
fn deadlines_fire_in_their_order_each_at_its_own_moment() {
    paused().block_on(async {
        let start = Instant::now();
        let seen = Rc::new(RefCell::new(Vec::new()));
        let naps: Vec<_> = [5, 1, 4, 1, 3]
            .map(|hours| {
                let seen = Rc::clone(&seen);
                spawn(async move {
                    sleep(hours * HOUR).await;
                    seen.borrow_mut().push((hours, start.elapsed()));
                })
            })
            .into();
        for nap in naps {
            nap.await.unwrap();
        }
        assert_eq!(*seen.borrow(), [1, 1, 3, 4, 5].map(|hours| (hours, hours * HOUR)));
    });
}

#[test]
fn a_timeout_on_a_standing_clock_needs_no_time() {
    paused().block_on(async {
        let start = Instant::now();
        assert!(timeout(HOUR, pending::<()>()).await.is_err());
        assert!(timeout_at(start + 2 * HOUR, pending::<()>()).await.is_err());
        assert_eq!(start.elapsed(), 2 * HOUR);
        assert_eq!(timeout(HOUR, async { sleep(SECOND).await }).await, Ok(()));
        assert_eq!(start.elapsed(), 2 * HOUR + SECOND);
    });
}

#[test]
fn advance_wakes_whose_time_has_come_and_nobody_else() {
    paused().block_on(async {
        let start = Instant::now();
        let soon = spawn(sleep(HOUR));
        let late = spawn(sleep(3 * HOUR));
        yield_now().await;
        advance(2 * HOUR).await;
        assert_eq!(start.elapsed(), 2 * HOUR);
        assert!(soon.is_finished());
        assert!(!late.is_finished());
    });
}

#[test]
fn the_clock_stands_while_somebody_can_still_run() {
    paused().block_on(async {
        let start = Instant::now();
        spawn(sleep(HOUR));
        for _ in 0..1000 {
            yield_now().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
    });
}

#[test]
fn a_clock_that_was_stopped_goes_on_from_where_it_stood() {
    let runtime = builder().build().unwrap();
    runtime.block_on(async {
        let start = Instant::now();
        time::pause();
        sleep(HOUR).await;
        let stood = Instant::now();
        assert_eq!(Instant::now(), stood);
        time::resume();
        sleep(Duration::from_millis(2)).await;
        assert!(stood.elapsed() >= Duration::from_millis(2));
        assert!(start.elapsed() >= HOUR && start.elapsed() < 2 * HOUR);
        time::pause();
        let again = Instant::now();
        sleep(HOUR).await;
        assert_eq!(again.elapsed(), HOUR);
    });
}

#[test]
fn stopping_twice_or_moving_a_clock_that_runs_is_refused_with_a_sentence() {
    let words = panic_of(|| paused().block_on(async { time::pause() }));
    assert!(words.contains("stands still already"), "{words}");
    let running = || builder().build().unwrap();
    let words = panic_of(|| running().block_on(async { time::resume() }));
    assert!(words.contains("does not stand still"), "{words}");
    let words = panic_of(|| running().block_on(advance(SECOND)));
    assert!(words.contains("does not stand still"), "{words}");
}

#[test]
fn when_nothing_can_wake_anybody_the_deadlock_lists_who_waits_for_what() {
    let words = panic_of(|| {
        paused().block_on(async {
            let other = spawn(pending::<()>());
            other.await.unwrap();
        });
    });
    assert!(words.contains("deadlock"), "{words}");
    assert!(words.contains("2 tasks"), "{words}");
    assert!(words.contains("waiting for task 1"), "{words}");
    assert!(words.contains(file!()), "{words}");
}

#[test]
fn a_clock_stopped_later_tells_of_a_deadlock_without_the_list() {
    let words = panic_of(|| {
        builder().build().unwrap().block_on(async {
            time::pause();
            pending::<()>().await;
        });
    });
    assert!(words.contains("deadlock") && words.contains("watch"), "{words}");
}

#[test]
fn whoever_holds_a_handle_may_still_come() {
    paused().block_on(async {
        let handle = Handle::current();
        let start = Instant::now();
        let (sender, receiver) = futures::channel::oneshot::channel();
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(3));
            handle.spawn(async move { sender.send("from outside").unwrap() });
        });
        assert_eq!(receiver.await.unwrap(), "from outside");
        assert_eq!(start.elapsed(), Duration::ZERO);
    });
}

#[test]
fn a_job_on_a_thread_holds_the_clock_until_its_result_has_come() {
    paused().block_on(async {
        let start = Instant::now();
        for _ in 0..100 {
            let job = spawn_blocking(|| thread::sleep(Duration::from_micros(200)));
            // The clock would jump to the limit if the job did not hold it.
            timeout(HOUR, job).await.expect("the clock jumped").unwrap();
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        let dropped = spawn_blocking(|| thread::sleep(Duration::from_millis(2)));
        drop(dropped);
        sleep(HOUR).await;
        assert_eq!(start.elapsed(), HOUR);
    });
}

#[test]
fn a_socket_that_waits_holds_the_clock() {
    paused().block_on(async {
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let start = Instant::now();
        let other = thread::spawn(move || {
            use std::io::Write;
            let (mut far, _) = listener.accept().unwrap();
            thread::sleep(Duration::from_millis(5));
            far.write_all(b"!").unwrap();
        });
        let read = async { futures::AsyncReadExt::read(&mut &stream, &mut [0]).await };
        // An hour of the standing clock is longer than anything that the world outside takes.
        assert_eq!(timeout(HOUR, read).await.unwrap().unwrap(), 1);
        assert_eq!(start.elapsed(), Duration::ZERO);
        other.join().unwrap();
    });
}

#[test]
fn an_interval_ticks_at_once_and_then_every_period() {
    paused().block_on(async {
        let start = Instant::now();
        let mut ticks = interval(SECOND);
        let mut at = Vec::new();
        for _ in 0..4 {
            at.push(ticks.tick().await - start);
        }
        assert_eq!(at, [0, 1, 2, 3].map(Duration::from_secs));
        assert_eq!(ticks.period(), SECOND);
    });
}

#[test]
fn an_interval_can_begin_later_and_be_set_anew() {
    paused().block_on(async {
        let start = Instant::now();
        let mut ticks = interval_at(start + HOUR, SECOND);
        assert_eq!(ticks.tick().await, start + HOUR);
        ticks.reset_immediately();
        assert_eq!(ticks.tick().await, start + HOUR);
        ticks.reset_after(HOUR);
        assert_eq!(ticks.tick().await, start + 2 * HOUR);
        ticks.reset_at(start + 5 * HOUR);
        assert_eq!(ticks.tick().await, start + 5 * HOUR);
        sleep(SECOND / 2).await;
        ticks.reset();
        assert_eq!(ticks.tick().await, start + 5 * HOUR + SECOND * 3 / 2);
    });
}

/// The moments of the ticks that somebody gets who is away from 60 ms to 180 ms, every 50 ms a tick.
fn ticks_after_being_away(behavior: MissedTickBehavior) -> Vec<u128> {
    paused().block_on(async {
        let start = Instant::now();
        let mut ticks = interval(Duration::from_millis(50));
        ticks.set_missed_tick_behavior(behavior);
        assert_eq!(ticks.missed_tick_behavior(), behavior);
        ticks.tick().await;
        ticks.tick().await;
        sleep_until(start + Duration::from_millis(180)).await;
        let mut at = Vec::new();
        for _ in 0..4 {
            ticks.tick().await;
            at.push(start.elapsed().as_millis());
        }
        at
    })
}

#[test]
fn missed_ticks_are_made_up_for_put_off_or_left_out() {
    assert_eq!(ticks_after_being_away(MissedTickBehavior::Burst), [180, 180, 200, 250]);
    assert_eq!(ticks_after_being_away(MissedTickBehavior::Delay), [180, 230, 280, 330]);
    assert_eq!(ticks_after_being_away(MissedTickBehavior::Skip), [180, 200, 250, 300]);
}

#[test]
#[should_panic(expected = "give it a period")]
fn an_interval_of_no_length_is_refused() {
    interval(Duration::ZERO);
}

#[test]
fn a_sleep_can_be_set_anew_before_and_after_its_end() {
    paused().block_on(async {
        let start = Instant::now();
        let mut nap = std::pin::pin!(sleep(HOUR));
        assert!(timeout(SECOND, nap.as_mut()).await.is_err());
        nap.as_mut().reset(start + 2 * HOUR);
        assert_eq!(nap.deadline(), start + 2 * HOUR);
        nap.as_mut().await;
        assert!(nap.is_elapsed());
        assert_eq!(start.elapsed(), 2 * HOUR);
        nap.as_mut().reset(start + 3 * HOUR);
        assert!(!nap.is_elapsed());
        nap.as_mut().await;
        assert_eq!(start.elapsed(), 3 * HOUR);
    });
}

/// Some tasks that wake each other and sleep, on a standing clock with this seed.
fn run_of(seed: Option<u64>) -> Vec<Record> {
    let builder = Builder::new().start_paused(true).trace(true);
    let builder = if let Some(seed) = seed { builder.seed(seed) } else { builder };
    let runtime = builder.build().unwrap();
    runtime.block_on(async {
        let tasks: Vec<_> = (1..=8)
            .map(|number| {
                spawn(async move {
                    for round in 0..3 {
                        yield_now().await;
                        sleep(Duration::from_millis(number * round % 5)).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    runtime.take_trace()
}

fn polls(records: &[Record]) -> Vec<String> {
    let polls = records.iter().filter(|record| matches!(record.event, Event::PollStart { .. }));
    polls.map(|record| format!("{:?}", record.event)).collect()
}

#[test]
fn the_same_seed_gives_the_same_run_and_another_one_another() {
    assert_eq!(run_of(Some(7)), run_of(Some(7)));
    assert_eq!(run_of(None), run_of(None));
    assert_ne!(polls(&run_of(Some(7))), polls(&run_of(Some(8))));
    assert_ne!(polls(&run_of(Some(7))), polls(&run_of(None)));
}
