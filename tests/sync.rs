//! What all of `sync` promises: turns in the order of asking, only the latest waker woken, nothing
//! borrowed while anybody's code runs, on any executor. And what permits, locks and notifications add.

mod support;

use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{RawWaker, RawWakerVTable, Waker};

use futures::executor::LocalPool;
use futures::task::LocalSpawnExt;
use futures::{FutureExt, poll};
use glassloop::spawn;
use glassloop::sync::{Mutex, Notify, Semaphore, TryAcquireError, mpsc, oneshot};
use glassloop::task::{join_all, yield_now};
use glassloop::trace::{Event, Wait};
use support::{Bell, Unruly, events, poll_with, recorded, run, turns};

// ─── What holds for all of them ─────────────────────────────────────────────────────────────────

/// A future that waits, whatever it is.
type Waiting<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Something to wait for.
struct Case {
    /// What a trace calls it.
    name: &'static str,
    waits: Waiting<'static>,
    /// Lets it end, with one wake at the most.
    end: Box<dyn FnOnce()>,
    /// Does whatever can be done to the thing from outside.
    meddle: Box<dyn Fn()>,
}

impl Case {
    fn new(
        name: &'static str,
        waits: impl Future<Output = ()> + 'static,
        end: impl FnOnce() + 'static,
        meddle: impl Fn() + 'static,
    ) -> Self {
        Self { name, waits: Box::pin(waits), end: Box::new(end), meddle: Box::new(meddle) }
    }
}

/// Waits for a moment and gives up.
fn glance<T>(future: impl Future<Output = T>) {
    drop(future.now_or_never());
}

/// Everything of `sync` that one can wait for, with nothing to be had yet.
fn everything() -> Vec<Case> {
    let mut cases = Vec::new();

    let semaphore = Rc::new(Semaphore::new(0));
    let [waits, ends, meddles] = [(); 3].map(|()| Rc::clone(&semaphore));
    cases.push(Case::new(
        "permit",
        async move { waits.acquire_many(2).await.unwrap().forget() },
        move || ends.add_permits(2),
        move || {
            glance(meddles.acquire());
            meddles.add_permits(0);
            let _ = (meddles.try_acquire(), meddles.available_permits());
        },
    ));

    let semaphore = Rc::new(Semaphore::new(0));
    let [waits, ends] = [(); 2].map(|()| Rc::clone(&semaphore));
    cases.push(Case::new(
        "permit",
        async move { assert!(waits.acquire_owned().await.is_err()) },
        move || ends.close(),
        move || glance(semaphore.acquire()),
    ));

    let mutex = Rc::new(Mutex::new(0));
    let guard = Rc::clone(&mutex).try_lock_owned().unwrap();
    let [waits, meddles] = [(); 2].map(|()| Rc::clone(&mutex));
    cases.push(Case::new(
        "lock",
        async move { *waits.lock().await += 1 },
        move || drop(guard),
        move || {
            glance(Rc::clone(&meddles).lock_owned());
            let _ = (meddles.try_lock(), format!("{meddles:?}"));
        },
    ));

    // For a guard that borrows.
    let mutex: &Mutex<u8> = Box::leak(Box::default());
    let guard = mutex.try_lock().unwrap();
    cases.push(Case::new(
        "lock",
        async { *mutex.lock().await += 1 },
        move || drop(guard),
        || glance(mutex.lock()),
    ));

    let notify = Rc::new(Notify::new());
    for all in [true, false] {
        let [waits, ends, meddles] = [(); 3].map(|()| Rc::clone(&notify));
        cases.push(Case::new(
            "notification",
            async move { waits.notified().await },
            move || if all { ends.notify_waiters() } else { ends.notify_one() },
            move || {
                pin!(meddles.notified()).enable();
                glance(meddles.notified());
            },
        ));
    }

    let (sender, mut receiver) = mpsc::channel(1);
    let meddles = sender.clone();
    cases.push(Case::new(
        "message",
        async move { assert_eq!(receiver.recv().await, Some(7)) },
        move || sender.try_send(7).unwrap(),
        move || {
            glance(meddles.closed());
            let _ = (meddles.try_reserve(), meddles.clone(), meddles.downgrade().upgrade());
        },
    ));

    let (sender, mut receiver) = mpsc::unbounded_channel();
    let meddles = sender.downgrade();
    cases.push(Case::new(
        "message",
        async move { assert_eq!(receiver.recv_many(&mut Vec::<u8>::new(), 9).await, 0) },
        move || drop(sender),
        move || drop(meddles.upgrade()),
    ));

    let (sender, receiver) = mpsc::channel(1);
    sender.try_send(1).unwrap();
    let (meddles, receiver) = (sender.clone(), Rc::new(RefCell::new(receiver)));
    let drains = Rc::clone(&receiver);
    cases.push(Case::new(
        "capacity",
        async move {
            sender.send(2).await.unwrap();
            drop(receiver);
        },
        move || assert_eq!(drains.borrow_mut().try_recv(), Ok(1)),
        move || {
            glance(meddles.reserve());
            let _ = (meddles.try_reserve(), meddles.capacity());
        },
    ));

    let (sender, receiver) = mpsc::channel::<u8>(1);
    let meddles = sender.clone();
    cases.push(Case::new(
        "closing",
        async move { sender.closed().await },
        move || drop(receiver),
        move || {
            glance(meddles.closed());
            let _ = meddles.try_reserve();
        },
    ));

    let (sender, receiver) = oneshot::channel();
    cases.push(Case::new(
        "oneshot",
        async move { assert_eq!(receiver.await, Ok(7)) },
        move || {
            let _ = sender.send(7);
        },
        || {},
    ));

    let (mut sender, receiver) = oneshot::channel::<u8>();
    cases.push(Case::new(
        "closing",
        async move { sender.closed().await },
        move || drop(receiver),
        || {},
    ));
    cases
}

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

// ─── Permits ────────────────────────────────────────────────────────────────────────────────────

/// Spawns tasks that each ask for so many permits; the order in which they got them, as it grows.
fn ask(semaphore: &Rc<Semaphore>, wishes: &[u32]) -> Rc<RefCell<Vec<u32>>> {
    let order = Rc::new(RefCell::new(Vec::new()));
    for &wish in wishes {
        let (semaphore, order) = (Rc::clone(semaphore), Rc::clone(&order));
        spawn(async move {
            semaphore.acquire_many(wish).await.unwrap().forget();
            order.borrow_mut().push(wish);
        });
    }
    order
}

#[test]
fn permits_are_handed_out_in_the_order_of_asking_however_many_are_asked_for() {
    run(async {
        let semaphore = Rc::new(Semaphore::new(1));
        let order = ask(&semaphore, &[5, 1, 3, 2]);
        turns(2).await;
        assert_eq!(semaphore.available_permits(), 0, "what is there is gathered by the first");
        for so_far in [&[][..], &[], &[], &[5], &[5, 1], &[5, 1], &[5, 1], &[5, 1, 3]] {
            semaphore.add_permits(1);
            assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
            turns(2).await;
            assert_eq!(*order.borrow(), so_far);
        }
        semaphore.add_permits(9);
        turns(2).await;
        assert_eq!(*order.borrow(), [5, 1, 3, 2]);
        assert_eq!(semaphore.available_permits(), 7);
    });
}

#[test]
fn permits_return_when_they_are_dropped_also_with_a_task_that_was_aborted_or_panicked() {
    run(async {
        let semaphore = Rc::new(Semaphore::new(3));
        let holders: Vec<_> = (0..2)
            .map(|_| {
                let semaphore = Rc::clone(&semaphore);
                spawn(async move {
                    let _permit = semaphore.acquire().await.unwrap();
                    pending::<()>().await;
                })
            })
            .collect();
        let panics = spawn({
            let semaphore = Rc::clone(&semaphore);
            async move {
                let _permit = semaphore.acquire().await.unwrap();
                turns(2).await;
                panic!("on purpose");
            }
        });
        turns(1).await;
        assert_eq!(semaphore.available_permits(), 0);
        let mut all = pin!(semaphore.acquire_many(3));
        assert!(poll!(&mut all).is_pending());
        assert!(panics.await.unwrap_err().is_panic());
        holders.iter().for_each(|holder| holder.abort());
        drop(all.await.unwrap());
        assert_eq!(semaphore.available_permits(), 3);
    });
}

#[test]
fn whoever_gives_up_at_the_head_of_the_queue_lets_the_next_ones_go() {
    run(async {
        let semaphore = Semaphore::new(2);
        let mut many = Box::pin(semaphore.acquire_many(3));
        let (mut one, mut other) = (pin!(semaphore.acquire()), pin!(semaphore.acquire()));
        assert!(poll!(&mut many).is_pending());
        assert!(poll!(&mut one).is_pending() && poll!(&mut other).is_pending());
        drop(many);
        let (_one, _other) = (one.await.unwrap(), other.await.unwrap());
        assert_eq!(semaphore.available_permits(), 0);
    });
}

#[test]
fn a_semaphore_that_is_closed_refuses_those_who_wait_and_those_who_come() {
    run(async {
        let semaphore = Rc::new(Semaphore::new(2));
        let held = semaphore.acquire().await.unwrap();
        let waits = spawn(Rc::clone(&semaphore).acquire_many_owned(2));
        turns(1).await;
        semaphore.close();
        assert!(waits.await.unwrap().is_err() && semaphore.is_closed());
        assert!(semaphore.acquire().await.is_err());
        assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::Closed);
        assert_eq!(Rc::clone(&semaphore).try_acquire_owned().unwrap_err(), TryAcquireError::Closed);
        assert_eq!(semaphore.available_permits(), 1, "what had been gathered is back");
        drop(held);
        assert_eq!(semaphore.available_permits(), 2);
    });
}

#[test]
fn no_permits_can_be_had_at_any_time() {
    let semaphore = Rc::new(Semaphore::new(0));
    glance(semaphore.acquire());
    assert_eq!(semaphore.acquire_many(0).now_or_never().unwrap().unwrap().num_permits(), 0);
    let owned = Rc::clone(&semaphore).try_acquire_many_owned(0).unwrap();
    assert!(Rc::ptr_eq(owned.semaphore(), &semaphore));
}

#[test]
fn permits_can_be_forgotten_split_and_merged_but_not_into_those_of_another_semaphore() {
    let (semaphore, other) = (Semaphore::new(9), Semaphore::new(1));
    let mut permits = semaphore.try_acquire_many(6).unwrap();
    assert!(permits.split(7).is_none());
    let mut part = permits.split(2).unwrap();
    assert_eq!((permits.num_permits(), part.num_permits()), (4, 2));
    drop(permits);
    assert_eq!(semaphore.available_permits(), 7);
    let merged = catch_unwind(AssertUnwindSafe(|| part.merge(other.try_acquire().unwrap())));
    assert!(merged.is_err());
    assert_eq!(other.available_permits(), 1);
    part.merge(semaphore.try_acquire().unwrap());
    assert_eq!((part.num_permits(), semaphore.available_permits()), (3, 6));
    part.forget();
    assert_eq!(semaphore.forget_permits(2), 2);
    assert_eq!(semaphore.forget_permits(9), 4);
    assert_eq!(semaphore.available_permits(), 0);
}

#[test]
fn more_permits_than_can_be_counted_are_refused() {
    let semaphore = Semaphore::new(Semaphore::MAX_PERMITS);
    for more in [1, usize::MAX] {
        assert!(catch_unwind(AssertUnwindSafe(|| semaphore.add_permits(more))).is_err());
    }
    assert_eq!(semaphore.available_permits(), Semaphore::MAX_PERMITS);
    assert!(catch_unwind(|| Semaphore::new(Semaphore::MAX_PERMITS + 1)).is_err());
}

// ─── Locks ──────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_lock_is_kept_across_an_await_and_passes_on_in_the_order_of_asking() {
    run(async {
        let mutex = Rc::new(Mutex::new(Vec::new()));
        let tasks = (0..6).map(|number| {
            let mutex = Rc::clone(&mutex);
            async move {
                for _ in 0..3 {
                    if number % 2 == 0 {
                        let mut guard = mutex.lock().await;
                        guard.push(number);
                        turns(2).await;
                        guard.push(number);
                    } else {
                        let mut guard = Rc::clone(&mutex).lock_owned().await;
                        guard.push(number);
                        turns(2).await;
                        guard.push(number);
                    }
                }
            }
        });
        join_all(tasks).await;
        let round: Vec<_> = (0..6).flat_map(|number| [number, number]).collect();
        assert_eq!(*mutex.lock().await, round.repeat(3));
    });
}

#[test]
fn a_lock_opens_when_its_holder_is_aborted_or_panics_and_is_not_poisoned() {
    run(async {
        let mutex = Rc::new(Mutex::new(7));
        for owned in [true, false] {
            let holder = spawn({
                let mutex = Rc::clone(&mutex);
                async move {
                    match owned {
                        true => drop((mutex.lock_owned().await, pending::<()>().await)),
                        false => drop((mutex.lock().await, pending::<()>().await)),
                    }
                }
            });
            turns(1).await;
            assert!(mutex.try_lock().is_err());
            holder.abort();
            assert_eq!(*mutex.lock().await, 7);
            let panics = spawn({
                let mutex = Rc::clone(&mutex);
                async move {
                    let _guard = mutex.lock().await;
                    panic!("on purpose");
                }
            });
            assert!(panics.await.is_err());
        }
        assert_eq!(*mutex.try_lock().unwrap(), 7);
    });
}

#[test]
fn a_lock_tells_whether_it_is_locked_and_gives_its_value_back() {
    let mutex = Rc::new(Mutex::from(7));
    let guard = Rc::clone(&mutex).try_lock_owned().unwrap();
    assert_eq!(format!("{guard:?} {mutex:?}"), "7 Mutex(<locked>)");
    assert!(mutex.try_lock().is_err() && Rc::clone(&mutex).try_lock_owned().is_err());
    drop(guard);
    assert_eq!(format!("{:?} {mutex:?}", mutex.try_lock().unwrap()), "7 Mutex(<locked>)");
    assert_eq!(format!("{mutex:?}"), "Mutex(7)");
    std::mem::forget(mutex.try_lock().unwrap());
    assert!(mutex.try_lock().is_err(), "a guard that was leaked keeps it locked");
    let mut mutex = Rc::into_inner(mutex).unwrap();
    *mutex.get_mut() += 1;
    assert_eq!(mutex.into_inner(), 8);
    assert_eq!(Mutex::<u8>::default().into_inner(), 0);
}

// ─── Notifications ──────────────────────────────────────────────────────────────────────────────

#[test]
fn a_notification_that_finds_nobody_is_kept_once() {
    run(async {
        let notify = Notify::new();
        notify.notify_one();
        notify.notify_one();
        notify.notified().await;
        assert!(poll!(pin!(notify.notified())).is_pending());
        notify.notify_waiters();
        assert!(poll!(pin!(notify.notified())).is_pending(), "one for all is not kept");
    });
}

#[test]
fn notifications_for_one_go_round_in_the_order_of_asking() {
    run(async {
        let notify = Notify::new();
        let mut waiting: Vec<_> = (0..4).map(|_| Box::pin(notify.notified())).collect();
        for notified in &mut waiting {
            assert!(poll!(notified).is_pending());
        }
        for first in 0..4 {
            notify.notify_one();
            for (number, notified) in waiting.iter_mut().enumerate() {
                assert_eq!(poll!(notified).is_ready(), number <= first, "{number} of {first}");
            }
        }
    });
}

#[test]
fn a_notification_for_all_reaches_each_that_exists_polled_or_not_and_nobody_else() {
    run(async {
        let notify = Notify::new();
        let mut polled = pin!(notify.notified());
        assert!(poll!(&mut polled).is_pending());
        let unpolled = notify.notified();
        notify.notify_waiters();
        let mut later = pin!(notify.notified());
        assert!(poll!(&mut later).is_pending());
        polled.await;
        unpolled.await;
        assert!(poll!(&mut later).is_pending());
    });
}

#[test]
fn whoever_enabled_its_place_is_notified_before_those_who_come_later() {
    run(async {
        let notify = Notify::new();
        let mut first = pin!(notify.notified());
        assert!(!first.as_mut().enable());
        let mut second = pin!(notify.notified());
        assert!(poll!(&mut second).is_pending());
        notify.notify_one();
        assert!(poll!(&mut second).is_pending());
        assert!(first.as_mut().enable(), "it has been notified by now");
        first.await;
        notify.notify_one();
        second.await;
    });
}

#[test]
fn a_notification_chosen_for_one_that_is_dropped_wakes_the_next_or_is_kept() {
    run(async {
        let notify = Notify::new();
        let mut first = Box::pin(notify.notified());
        let mut second = Box::pin(notify.notified());
        assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
        notify.notify_one();
        // What comes for all does not undo that this one was chosen.
        drop(first);
        assert!(poll!(&mut second).is_ready());
        let mut third = Box::pin(notify.notified());
        assert!(poll!(&mut third).is_pending());
        notify.notify_one();
        notify.notify_waiters();
        drop(third);
        notify.notified().await;
    });
}
