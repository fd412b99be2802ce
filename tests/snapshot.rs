//! A look into a running loop: who is there, and what everybody waits for.

mod support;

use std::process::Command;
use std::thread;
use std::time::Duration;

use glassloop::runtime::{Builder, TaskState};
use glassloop::task::{self, JoinSet, yield_now};
use glassloop::time::sleep;
use glassloop::trace::Wait;
use glassloop::{Runtime, spawn};
use support::{builder, pair};

fn watched() -> Runtime {
    builder().watch(true).build().unwrap()
}

#[test]
fn nothing_is_kept_unless_it_was_asked_for() {
    assert!(builder().build().unwrap().snapshot().is_none());
}

#[test]
fn each_task_has_its_name_its_line_its_state_and_its_costs() {
    let runtime = watched();
    let line = line!() + 3;
    runtime.block_on(async {
        let (near, _far) = pair().await;
        task::Builder::new().name("reader").spawn(async move {
            thread::sleep(Duration::from_millis(1));
            yield_now().await;
            thread::sleep(Duration::from_millis(1));
            let mut near = near;
            futures::AsyncReadExt::read(&mut near, &mut [0]).await
        });
        let idle = spawn(std::future::pending::<()>());
        sleep(Duration::from_millis(1)).await;
        let fresh = spawn(async {});

        let snapshot = runtime.snapshot().unwrap();
        let [root, reader, pending, new] = &snapshot.tasks[..] else { panic!("{snapshot}") };
        assert_eq!(root.state, TaskState::Running);
        assert_eq!(reader.name.as_deref(), Some("reader"));
        assert_eq!((reader.spawned_at.file(), reader.spawned_at.line()), (file!(), line));
        let TaskState::Waiting { on } = &reader.state else { panic!("{snapshot}") };
        assert!(matches!(on[..], [Wait::Io { .. }]), "{snapshot}");
        assert_eq!(reader.polls, 2);
        assert!(reader.busy >= Duration::from_millis(2), "{snapshot}");
        assert_eq!((pending.id, &pending.state), (idle.id(), &TaskState::Waiting { on: vec![] }));
        assert_eq!((new.id, &new.state, new.polls), (fresh.id(), &TaskState::New, 0));
    });
    assert!(runtime.snapshot().unwrap().tasks.iter().all(|task| task.state != TaskState::Running));
}

#[test]
fn it_is_shown_as_a_tree_of_who_awaits_whom() {
    let runtime = watched();
    runtime.block_on(async {
        spawn(async {
            let inner = spawn(async { spawn(sleep(Duration::from_secs(60))).await });
            inner.await
        });
        spawn(async {
            let mut set = JoinSet::new();
            set.spawn(std::future::pending::<()>());
            set.join_next().await
        });
        support::turns(4).await;
    });
    let shown = runtime.snapshot().unwrap().to_string();
    let depths: Vec<_> = shown.lines().map(|line| line.len() - line.trim_start().len()).collect();
    assert_eq!(depths, [0, 2, 4, 6, 2, 4], "{shown}");
    assert!(shown.contains("waiting for something unknown"), "{shown}");
}

#[test]
fn a_reason_given_twice_in_one_poll_counts_once() {
    let runtime = watched();
    runtime.block_on(async {
        let other = spawn(std::future::pending::<()>());
        let mut set = JoinSet::new();
        set.spawn(std::future::pending::<()>());
        let waiting = spawn(async move {
            for _ in 0..3 {
                assert!(futures::poll!(std::pin::pin!(set.join_next())).is_pending());
            }
            let _ = other.await;
        });
        support::turns(2).await;
        let snapshot = runtime.snapshot().unwrap();
        let waiting = snapshot.tasks.iter().find(|task| task.id == waiting.id()).unwrap();
        let TaskState::Waiting { on } = &waiting.state else { panic!("{snapshot}") };
        assert_eq!(on.len(), 2, "{snapshot}");
    });
}

#[test]
fn who_waits_for_thousands_of_tasks_does_not_say_so_of_each_at_every_turn() {
    let runtime = watched();
    runtime.block_on(async {
        let mut set = JoinSet::from_iter((0..2_000).map(|_| std::future::pending::<()>()));
        let waiting = spawn(async move { set.join_next().await });
        support::turns(2).await;
        let snapshot = runtime.snapshot().unwrap();
        let waiting = snapshot.tasks.iter().find(|task| task.id == waiting.id()).unwrap();
        let TaskState::Waiting { on } = &waiting.state else { panic!("{snapshot}") };
        assert_eq!(on.len(), 256);
    });
}

#[test]
fn tasks_that_await_each_other_in_a_ring_are_all_shown() {
    let runtime = watched();
    runtime.block_on(async {
        use std::{cell::RefCell, rc::Rc};
        let place = Rc::new(RefCell::new(None));
        let taken = Rc::clone(&place);
        let first = spawn(async move {
            yield_now().await;
            let other: glassloop::task::JoinHandle<()> = taken.take().unwrap();
            other.await.unwrap();
        });
        let second = spawn(async move { first.await.unwrap() });
        place.replace(Some(second));
        support::turns(3).await;
    });
    let shown = runtime.snapshot().unwrap().to_string();
    assert_eq!(shown.lines().count(), 3, "{shown}");
}

#[test]
fn a_slow_poll_is_told_of_with_its_task_and_where_it_was_spawned() {
    const TEST: &str = "a_slow_poll_is_told_of_with_its_task_and_where_it_was_spawned";
    const MARK: &str = "GLASSLOOP_TEST_SLOW_POLL";
    // It is told on standard error, which is the whole process's: another process runs this test, to be read here.
    if std::env::var_os(MARK).is_some() {
        return one_poll_is_slow();
    }
    let run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", TEST, "--nocapture"])
        .env(MARK, "1")
        .output()
        .unwrap();
    let words = String::from_utf8(run.stderr).unwrap();
    let told: Vec<_> = words.lines().filter(|line| line.contains("held the loop")).collect();
    assert_eq!(told.len(), 1, "{words}");
    assert!(told[0].contains("\"slow one\"") && told[0].contains(file!()), "{words}");
}

fn one_poll_is_slow() {
    let runtime = Builder::new().warn_slow_poll(Duration::from_millis(20)).build().unwrap();
    runtime.block_on(async {
        spawn(async {
            yield_now().await;
        });
        let slow = task::Builder::new().name("slow one");
        slow.spawn(async { thread::sleep(Duration::from_millis(40)) }).await.unwrap();
    });
}
