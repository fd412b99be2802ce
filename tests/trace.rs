//! What a recorded run says: every event of a tiny program, and the laws that any run obeys.

mod support;

use std::future::{Future, pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use futures::{AsyncReadExt, AsyncWriteExt};
use glassloop::task::{JoinSet, spawn_blocking, yield_now};
use glassloop::time::{sleep, timeout};
use glassloop::trace::{
    Account, Cause, Direction, Entry, Event, Recorder, Run, TaskId, Wait, wait_for,
};
use glassloop::{Handle, Runtime, spawn};
use support::laws::{Order, State, check};
use support::{Door, events, pair, recorded, run_on, runtime, turns};

/// The tasks in the order in which they were spawned.
fn tasks(events: &[Event]) -> Vec<TaskId> {
    let spawned = |event: &Event| match event {
        Event::Spawned { task, .. } => Some(*task),
        _ => None,
    };
    events.iter().filter_map(spawned).collect()
}

#[test]
fn a_tiny_program_gives_exactly_these_events() {
    let runtime = recorded();
    let outer = line!() + 1;
    runtime.block_on(async {
        spawn(yield_now()).await.unwrap();
    });
    let events = events(&runtime);
    let &[root, child] = &tasks(&events)[..] else { panic!("two tasks: {events:?}") };
    let spawned_at = |line| {
        let at = |event: &Event| match event {
            Event::Spawned { at, .. } if at.line() == line => Some(*at),
            _ => None,
        };
        events.iter().find_map(at).unwrap_or_else(|| panic!("line {line}: {events:?}"))
    };
    let expected = [
        Event::Spawned { task: root, at: spawned_at(outer) },
        Event::Ready { task: root, by: Cause::Outside },
        Event::PollStart { task: root },
        Event::Spawned { task: child, at: spawned_at(outer + 1) },
        Event::Ready { task: child, by: Cause::Task(root) },
        Event::PollEnd { task: root },
        Event::Waiting { task: root, on: vec![Wait::Task(child)] },
        Event::PollStart { task: child },
        Event::PollEnd { task: child },
        Event::Ready { task: child, by: Cause::Task(child) },
        Event::PollStart { task: child },
        Event::PollEnd { task: child },
        Event::Finished { task: child },
        Event::Ready { task: root, by: Cause::Task(child) },
        Event::PollStart { task: root },
        Event::PollEnd { task: root },
        Event::Finished { task: root },
    ];
    assert_eq!(events, expected);
}

#[test]
fn a_sleep_shows_its_deadline_and_the_loop_that_slept_for_it() {
    let runtime = recorded();
    runtime.block_on(sleep(Duration::from_millis(2)));
    let records = runtime.take_trace();
    let waiting = records.iter().find_map(|record| match &record.event {
        Event::Waiting { on, .. } => Some(on.clone()),
        _ => None,
    });
    let Some(&[Wait::Deadline(deadline)]) = waiting.as_deref() else { panic!("{records:?}") };
    let woken =
        records.iter().find(|record| matches!(record.event, Event::Ready { by: Cause::Timer, .. }));
    assert!(woken.unwrap().at >= deadline);
    assert!(records.is_sorted_by_key(|record| record.at));
    assert!(records.iter().any(|record| record.event == Event::LoopWake));
}

#[test]
fn a_task_that_waits_says_for_what() {
    let runtime = recorded();
    run_on(&runtime, async {
        let (mut near, mut far) = pair().await;
        let reader = spawn(async move { near.read(&mut [0]).await.unwrap() });
        let unknown = spawn(pending::<()>());
        let either = spawn(async {
            let _ = timeout(Duration::from_secs(1), spawn(pending::<()>())).await;
        });
        turns(3).await;
        far.write_all(b"x").await.unwrap();
        assert_eq!(reader.await.unwrap(), 1);
        unknown.abort();
        either.abort();
    });
    let events = events(&runtime);
    let waits: Vec<&[Wait]> = events
        .iter()
        .filter_map(|event| match event {
            Event::Waiting { on, .. } => Some(&on[..]),
            _ => None,
        })
        .collect();
    let reads = |wait: &Wait| matches!(wait, Wait::Io { direction: Direction::Read, .. });
    assert!(waits.iter().any(|on| matches!(on, [wait] if reads(wait))), "{waits:?}");
    assert!(waits.iter().any(|on| on.is_empty()), "{waits:?}");
    assert!(
        waits.iter().any(|on| matches!(on, [Wait::Task(_), Wait::Deadline(_)])),
        "both branches: {waits:?}"
    );
    assert!(events.iter().any(|event| matches!(event, Event::Ready { by: Cause::Kernel, .. })));
}

#[test]
fn what_happens_outside_block_on_is_caused_from_outside() {
    let runtime = recorded();
    for _ in 0..2 {
        let door = Door::default();
        let waits = runtime.spawn({
            let door = door.clone();
            async move { door.pass().await }
        });
        runtime.block_on(turns(1));
        events(&runtime);
        door.open();
        drop(runtime.spawn(ready(())));
        runtime.block_on(waits).unwrap();
        let causes: Vec<Cause> = events(&runtime)
            .into_iter()
            .filter_map(|event| match event {
                Event::Ready { by, .. } => Some(by),
                _ => None,
            })
            .collect();
        // The task spawned, the root, the task woken; then the root, by the task it waited for.
        assert!(
            matches!(causes[..], [Cause::Outside, Cause::Outside, Cause::Outside, Cause::Task(_)]),
            "{causes:?}"
        );
    }
}

#[test]
fn nothing_is_recorded_unless_it_was_asked_for() {
    let runtime = runtime();
    run_on(&runtime, mixed_program());
    assert_eq!(runtime.take_trace(), []);
}

#[test]
fn a_trace_is_taken_once() {
    let runtime = recorded();
    runtime.block_on(turns(2));
    assert!(!events(&runtime).is_empty());
    assert_eq!(events(&runtime), []);
}

// ─── The laws ───────────────────────────────────────────────────────────────────────────────────

/// A bit of everything.
async fn mixed_program() {
    let (mut near, mut far) = pair().await;
    let echo = spawn(async move {
        let mut buffer = [0; 16];
        while let Ok(length @ 1..) = near.read(&mut buffer).await {
            near.write_all(&buffer[..length]).await.unwrap();
        }
    });
    let mut set = JoinSet::new();
    for number in 0..20_u64 {
        set.spawn(async move {
            match number % 5 {
                0 => sleep(Duration::from_micros(100 * number)).await,
                1 => turns(number as usize).await,
                2 => assert_eq!(spawn_blocking(move || number).await.unwrap(), number),
                3 => panic!("on purpose"),
                _ => pending().await,
            }
        });
    }
    for round in 0..5 {
        far.write_all(&[round; 9]).await.unwrap();
        let mut back = [0; 9];
        far.read_exact(&mut back).await.unwrap();
        assert_eq!(back, [round; 9]);
    }
    drop(far);
    echo.await.unwrap();
    let handle = Handle::current();
    let outside = thread::spawn(move || handle.spawn(yield_now()));
    outside.join().unwrap().await.unwrap();
    for _ in 0..8 {
        set.join_next().await.unwrap().ok();
    }
    let mut woken_once = false;
    poll_fn(|cx| match std::mem::replace(&mut woken_once, true) {
        true => Poll::Ready(()),
        false => {
            (0..3).for_each(|_| cx.waker().wake_by_ref());
            Poll::Pending
        }
    })
    .await;
    set.abort_all();
    yield_now().await;
}

#[test]
fn a_task_is_in_one_state_at_a_time_and_is_polled_only_in_its_turn() {
    let runtime = recorded();
    run_on(&runtime, mixed_program());
    let events = events(&runtime);
    assert!(events.len() > 200);
    check(&events, Order::OldestFirst);
}

#[test]
fn a_run_of_several_calls_with_panics_and_leftovers_is_lawful_too() {
    let runtime = recorded();
    drop(runtime.spawn(mixed_program()));
    drop(runtime.spawn(sleep(Duration::MAX)));
    runtime.block_on(sleep(Duration::from_millis(1)));
    let panics = || {
        runtime.block_on(async {
            let mut nap = pin!(sleep(Duration::from_secs(1)));
            poll_fn(|cx| Poll::Ready(nap.as_mut().poll(cx).is_pending())).await;
            panic!("in the root")
        })
    };
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    runtime.block_on(turns(10));
    let states = check(&events(&runtime), Order::OldestFirst);
    assert!(states.values().any(|state| *state == State::Waiting));
}

#[test]
fn what_a_trace_leaves_open_is_closed_by_the_next_one() {
    fn life(runtime: &Runtime) -> Vec<Event> {
        runtime.block_on(turns(1));
        events(runtime)
    }
    let runtime = recorded();
    let mut all = life(&runtime);
    drop(runtime.spawn(turns(2)));
    all.extend(life(&runtime));
    all.extend(life(&runtime));
    all.extend(life(&runtime));
    assert!(check(&all, Order::OldestFirst).values().all(|state| *state == State::Finished));
}

// ─── Threads ────────────────────────────────────────────────────────────────────────────────────

/// A task's states in the order in which it had them, and how long the first wait was.
fn life(run: &Run, task: u64) -> (String, Duration) {
    let (mut life, mut waited_from, mut waited) = (String::new(), None, Duration::ZERO);
    for Entry { at, event, .. } in &run.entries {
        let (letter, of) = match event {
            Event::Spawned { task, .. } => ('s', task),
            Event::Ready { task, .. } => ('r', task),
            Event::Named { task, .. } => ('n', task),
            Event::PollStart { task } => ('<', task),
            Event::PollEnd { task } => ('>', task),
            Event::Waiting { task, .. } => ('w', task),
            Event::Finished { task } => ('f', task),
            other => panic!("{other:?}"),
        };
        if of.to_string() == task.to_string() {
            life.push(letter);
            match letter {
                'w' => waited_from = Some(*at),
                'r' => waited += waited_from.take().map_or(Duration::ZERO, |from| *at - from),
                _ => {}
            }
        }
    }
    (life, waited)
}

#[test]
fn a_job_on_a_thread_lives_as_a_task_does() {
    let recorder = Recorder::new();
    let [one, two] = ["one", "two"].map(|name| recorder.track(name));
    let nap = Duration::from_millis(5);
    thread::scope(|scope| {
        scope.spawn(|| one.run(|| wait_for("a nap", || thread::sleep(nap))));
        scope.spawn(|| two.run(|| wait_for("nothing", || ())));
    });
    let run = recorder.finish("two jobs");
    let (one, waited) = life(&run, 1);
    assert_eq!((&*one, &*life(&run, 2).0), ("srn<>wr<>f", "srn<>wr<>f"));
    assert!(waited >= nap, "{waited:?}");
    assert_eq!(run.lanes.len(), 3, "who queued them, and the two: {run:#?}");
    assert!(run.entries.is_sorted_by_key(|entry| entry.at));
    assert!(recorder.finish("nothing more").entries.is_empty());
}

#[test]
fn a_job_that_panics_has_ended_and_the_next_one_is_not_charged_for_it() {
    let recorder = Recorder::new();
    let [falls, stands] = ["falls", "stands"].map(|name| recorder.track(name));
    let fall = || falls.run(|| wait_for("a fall", || panic!("on purpose")));
    assert!(catch_unwind(AssertUnwindSafe(fall)).is_err());
    assert_eq!(wait_for("nobody's job", || 7), 7);
    stands.run(|| ());
    let run = recorder.finish("a fall");
    assert_eq!((&*life(&run, 1).0, &*life(&run, 2).0), ("srn<>f", "srn<>f"));
}

#[test]
fn a_job_that_is_run_inside_another_has_its_own_account() {
    let recorder = Recorder::new();
    let [outer, inner] = ["outer", "inner"].map(|name| recorder.track(name));
    outer.run(|| {
        wait_for("the first", || ());
        inner.run(|| wait_for("the second", || ()));
        wait_for("the third", || ());
    });
    let run = recorder.finish("a nest");
    assert_eq!(life(&run, 1).0, "srn<>wr<>wr<>f");
    assert_eq!(life(&run, 2).0, "srn<>wr<>f");
}

#[test]
fn an_account_from_elsewhere_is_put_on_the_recorders_clock() {
    let early = Instant::now();
    thread::sleep(Duration::from_millis(3));
    let recorder = Recorder::new();
    let track = recorder.track("far away");
    let (seven, account) = Account::of(early, || 7);
    track.add(early, account);
    recorder.track("afterwards");
    let run = recorder.finish("far away");
    assert_eq!((seven, run.entries.len()), (7, 3 + 3 + 3));
    let in_order = [0, 3, run.entries.len() - 3].map(|place| run.entries[place].at);
    assert!(in_order.is_sorted(), "{run:#?}");
    assert!(matches!(run.entries[3].event, Event::PollStart { .. }), "{run:#?}");
}
