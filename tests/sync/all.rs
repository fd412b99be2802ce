//! What holds for all of them: turns in the order of asking, only the latest waker woken, nothing borrowed while
//! anybody's code runs, on any executor.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::cases::{Case, Waiting, everything};
use super::support::{Bell, Unruly, events, poll_with, recorded, run};
use futures::executor::LocalPool;
use futures::task::LocalSpawnExt;
use glassloop::spawn;
use glassloop::sync::{Mutex, Notify, Semaphore, mpsc, oneshot};
use glassloop::task::yield_now;
use glassloop::trace::{Event, Wait};

#[test]
fn only_the_latest_waker_is_woken_and_once() {
    for Case { name, mut waits, end, .. } in everything() {
        let ((old, old_waker), (new, new_waker)) = (Bell::new(), Bell::new());
        for waker in [&old_waker, &old_waker, &new_waker] {
            assert!(poll_with(waker, &mut waits).is_pending(), "{name}");
        }
        end();
        assert_eq!((old.rings(), new.rings()), (0, 1), "{name}");
        assert!(poll_with(&new_waker, &mut waits).is_ready(), "{name}");
    }
}

#[test]
fn what_is_dropped_is_not_woken() {
    for Case { name, mut waits, end, .. } in everything() {
        let (bell, waker) = Bell::new();
        assert!(poll_with(&waker, &mut waits).is_pending());
        if name == "oneshot" || name == "message" {
            continue; // the receiver goes with the future: there is nobody to send to
        }
        drop(waits);
        end();
        assert_eq!(bell.rings(), 0, "{name}");
    }
}

#[test]
fn a_waker_that_panics_harms_neither_who_wakes_it_nor_who_waits() {
    for Case { name, mut waits, end, .. } in everything() {
        let panics = Unruly::waker(|| panic!("in a waker, on purpose"));
        assert!(poll_with(&panics, &mut waits).is_pending());
        end();
        assert!(poll_with(Waker::noop(), &mut waits).is_ready(), "{name}");
    }
}

/// What a meddler does, told what has been done to it.
type Meddle = Rc<dyn Fn(&'static str)>;

thread_local! {
    static MEDDLE: RefCell<Option<Meddle>> = const { RefCell::new(None) };
}

fn meddle(when: &'static str) {
    let action = MEDDLE.with_borrow(Clone::clone);
    if let Some(action) = action {
        action(when);
    }
}

/// A waker that does something when it is cloned, woken and dropped.
#[allow(unsafe_code)]
fn meddler(action: impl Fn(&'static str) + 'static) -> Waker {
    fn clone(_: *const ()) -> RawWaker {
        meddle("clone");
        RawWaker::new(std::ptr::null(), &VTABLE)
    }
    static VTABLE: RawWakerVTable =
        RawWakerVTable::new(clone, |_| meddle("wake"), |_| meddle("wake"), |_| meddle("drop"));
    MEDDLE.set(Some(Rc::new(action)));
    // SAFETY: there is no data, and none of the functions looks for any.
    unsafe { Waker::new(std::ptr::null(), &VTABLE) }
}

#[test]
fn whatever_a_waker_does_when_it_is_cloned_woken_or_dropped_finds_nothing_borrowed() {
    for ends in [true, false] {
        for Case { name, mut waits, end, meddle, .. } in everything() {
            let (begun, done) = (Rc::new(Cell::new(0)), Rc::new(RefCell::new(Vec::new())));
            let (begins, noted) = (Rc::clone(&begun), Rc::clone(&done));
            let waker = meddler(move |when| {
                begins.set(begins.get() + 1);
                meddle(); // a panic of it would be kept from us
                noted.borrow_mut().push(when);
            });
            assert!(poll_with(&waker, &mut waits).is_pending(), "{name}");
            assert!(poll_with(&waker, &mut waits).is_pending(), "{name}");
            if ends {
                end();
                assert!(poll_with(&waker, &mut waits).is_ready(), "{name}");
            }
            drop(waits);
            MEDDLE.take();
            let done = done.borrow();
            assert_eq!(done.len(), begun.get(), "{name}: something was borrowed");
            let meddled = |when| done.contains(&when);
            assert!(meddled("clone") && meddled("drop") && meddled("wake") == ends, "{name}");
        }
    }
}

#[test]
fn what_comes_while_a_waker_is_cloned_or_dropped_is_not_missed() {
    // The first poll clones, the second drops what the first has left.
    for (brings, polls) in [("clone", 1), ("drop", 2)] {
        for Case { name, mut waits, end, .. } in everything() {
            let (rings, end) = (Rc::new(Cell::new(0)), Cell::new(Some(end)));
            let rung = Rc::clone(&rings);
            let waker = meddler(move |when| {
                if when == "wake" {
                    rung.set(rung.get() + 1);
                } else if when == brings
                    && let Some(end) = end.take()
                {
                    end();
                }
            });
            let ready = (0..polls).any(|_| poll_with(&waker, &mut waits).is_ready());
            assert!(ready || rings.get() > 0, "{name}: missed what its waker's {brings} brought");
            assert!(ready || poll_with(&waker, &mut waits).is_ready(), "{name}");
            drop(waits);
            MEDDLE.take();
        }
    }
}

/// As on an executor that polls inside the wake.
#[test]
fn whoever_is_polled_by_its_own_wake_finds_what_it_waits_for() {
    for Case { name, mut waits, end, .. } in everything() {
        let (waiting, ready) = (Rc::new(Cell::new(None)), Rc::new(Cell::new(false)));
        let (polled, is_ready) = (Rc::clone(&waiting), Rc::clone(&ready));
        let waker = meddler(move |when| {
            if when == "wake"
                && let Some(mut waits) = polled.take()
            {
                is_ready.set(poll_with(Waker::noop(), &mut waits).is_ready());
            }
        });
        assert!(poll_with(&waker, &mut waits).is_pending(), "{name}");
        waiting.set(Some(waits));
        end();
        MEDDLE.take();
        assert!(ready.get(), "{name}");
    }
}

#[test]
fn everything_works_on_any_executor() {
    let mut pool = LocalPool::new();
    let cases = everything();
    let count = cases.len();
    let (done, mut ends) = (Rc::new(Cell::new(0)), Vec::new());
    for Case { waits, end, .. } in cases {
        let done = Rc::clone(&done);
        pool.spawner()
            .spawn_local(async move {
                waits.await;
                done.set(done.get() + 1);
            })
            .unwrap();
        ends.push(end);
    }
    pool.run_until_stalled();
    assert_eq!(done.get(), 0);
    for end in ends {
        end();
    }
    pool.run_until_stalled(); // and not `run`, which would hang if one were not woken
    assert_eq!(done.get(), count);
}

#[test]
fn a_trace_says_what_a_task_waits_for() {
    let runtime = recorded();
    let cases = everything();
    let names: Vec<_> = cases.iter().map(|case| vec![Wait::from(case.name)]).collect();
    runtime.block_on(async {
        let (tasks, ends): (Vec<_>, Vec<_>) =
            cases.into_iter().map(|case| (spawn(case.waits), case.end)).unzip();
        yield_now().await;
        ends.into_iter().for_each(|end| end());
        for task in tasks {
            task.await.unwrap();
        }
    });
    let waited: Vec<_> = events(&runtime)
        .into_iter()
        .filter_map(|event| match event {
            Event::Waiting { on, .. } if matches!(on[..], [Wait::Named(_)]) => Some(on),
            _ => None,
        })
        .collect();
    assert_eq!(waited, names);
}

/// Each of these never has to wait.
#[test]
fn a_task_for_which_everything_is_always_ready_gives_the_others_their_turn() {
    const ROUNDS: usize = 2048;
    async fn often<F: Future>(mut get: impl FnMut() -> F) {
        for _ in 0..ROUNDS {
            get().await;
        }
    }
    let semaphore = Semaphore::new(1);
    let mutex = Mutex::new(0);
    let notify = Notify::new();
    let (sender, mut receiver) = mpsc::unbounded_channel();
    (0..ROUNDS).for_each(|number| sender.send(number).unwrap());
    let (bounded, _receiver) = mpsc::channel(ROUNDS);
    let closed = mpsc::channel::<u8>(1).0;
    let loads: [(&str, Waiting<'_>); 7] = [
        ("acquire", Box::pin(often(async || drop(semaphore.acquire().await)))),
        ("lock", Box::pin(often(async || *mutex.lock().await += 1))),
        ("send", Box::pin(often(async || bounded.send(1).await.unwrap()))),
        ("closed", Box::pin(often(|| closed.closed()))),
        (
            "recv",
            Box::pin(async {
                for _ in 0..ROUNDS {
                    receiver.recv().await;
                }
            }),
        ),
        (
            "notified",
            Box::pin(often(|| {
                notify.notify_one();
                notify.notified()
            })),
        ),
        (
            "oneshot",
            Box::pin(often(|| {
                let (sender, receiver) = oneshot::channel();
                sender.send(1).unwrap();
                receiver
            })),
        ),
    ];
    for (name, load) in loads {
        run(async {
            let turns = Rc::new(Cell::new(0));
            let counted = Rc::clone(&turns);
            spawn(async move {
                loop {
                    counted.set(counted.get() + 1);
                    yield_now().await;
                }
            });
            load.await;
            assert!(turns.get() >= ROUNDS / 256, "{name}: {} turns for the other", turns.get());
        });
    }
}
