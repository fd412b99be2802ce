//! Every awaitable, given up at every point: polled n times and then dropped, for every n until it
//! completes, at once, some turns later, or when it has just been woken. Afterwards no message, byte,
//! permit, turn, notification or place in a queue may be lost or left behind. Here are those of `sync`;
//! `cancellation_net.rs` has sockets and descriptors, `cancellation_tasks.rs` deadlines, tasks and jobs.
//!
//! To add one: a test with [`sweep`] (or `sweep_wakes` if it takes real time), whose scenario awaits it
//! through `cut.short` and then looks whether everything is still there.
//!
//! The reads of an HTTP body are in `http_session.rs` (`a_read_that_was_given_up_at_any_poll_…`), a TLS
//! handshake and a read behind it in `tls.rs`.

#[path = "support/cut.rs"]
mod cut;
mod support;

use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use cut::{Cut, later, sweep};
use futures::StreamExt;
use glassloop::spawn;
use glassloop::sync::{Mutex, Notify, Semaphore, mpsc, oneshot};
use glassloop::time::timeout;
use support::turns;

// ─── Channels ───────────────────────────────────────────────────────────────────────────────────

#[test]
fn send_sends_or_leaves_the_room_to_the_next_sender() {
    sweep(async |cut| {
        let (sender, mut receiver) = mpsc::channel(1);
        sender.send(0).await.unwrap();
        let behind = spawn({
            let sender = sender.clone();
            async move {
                turns(1).await; // asks after the one that is cut short
                sender.send(2).await.unwrap();
            }
        });
        let receives = spawn(async move {
            turns(2).await;
            let mut received = Vec::new();
            while let Some(value) = receiver.recv().await {
                received.push(value);
            }
            received
        });
        let sent = cut.short(sender.send(1)).await;
        behind.await.unwrap();
        turns(2).await;
        assert_eq!(sender.capacity(), 1, "room is lost");
        drop(sender);
        let mut received = receives.await.unwrap();
        received.sort_unstable();
        match sent {
            Some(sent) => assert_eq!((sent, received), (Ok(()), vec![0, 1, 2])),
            None => assert_eq!(received, [0, 2]),
        }
    });
}

#[test]
fn reserve_keeps_room_or_leaves_it_to_the_next() {
    sweep(async |cut| {
        let (sender, mut receiver) = mpsc::channel(1);
        sender.send(0).await.unwrap();
        let receives = later(2, move || (receiver.try_recv(), receiver));
        let permit = cut.short(sender.reserve()).await;
        let (first, mut receiver) = receives.await.unwrap();
        assert_eq!(first, Ok(0));
        assert_eq!(sender.capacity(), usize::from(permit.is_none()));
        drop(permit.map(|permit| permit.unwrap()));
        assert_eq!(sender.capacity(), 1);
        sender.send(1).await.unwrap();
        drop(sender);
        assert_eq!((receiver.recv().await, receiver.recv().await), (Some(1), None));
    });
}

#[test]
fn reserve_in_a_channel_that_is_closed_meanwhile_keeps_nobody_waiting() {
    sweep(async |cut| {
        let (sender, mut receiver) = mpsc::channel::<u8>(1);
        let kept = sender.reserve().await.unwrap();
        let drains = spawn(async move {
            turns(2).await;
            receiver.close();
            let received = receiver.recv().await;
            (received, receiver.recv().await)
        });
        let reserved = cut.short(sender.reserve()).await;
        assert!(reserved.is_none_or(|reserved| reserved.is_err()));
        turns(3).await;
        kept.send(7);
        assert_eq!(drains.await.unwrap(), (Some(7), None));
    });
}

#[test]
fn recv_takes_a_message_or_leaves_it() {
    sweep(async |cut| {
        let (sender, mut receiver) = mpsc::channel(1);
        later(2, move || sender.try_send(7).unwrap());
        let received = match cut.short(receiver.recv()).await {
            Some(received) => received,
            None => receiver.recv().await,
        };
        assert_eq!((received, receiver.recv().await), (Some(7), None));
        assert_eq!(receiver.capacity(), 1);
    });
}

#[test]
fn recv_many_takes_messages_or_leaves_them() {
    sweep(async |cut| {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        later(2, move || (1..=3).for_each(|number| sender.send(number).unwrap()));
        let mut received = Vec::new();
        let count = cut.short(receiver.recv_many(&mut received, 2)).await;
        assert_eq!(count.unwrap_or(0), received.len());
        while let Some(number) = receiver.recv().await {
            received.push(number);
        }
        assert_eq!(received, [1, 2, 3]);
    });
}

#[test]
fn the_next_of_a_receiver_as_a_stream_takes_a_message_or_leaves_it() {
    sweep(async |cut| {
        let (sender, mut receiver) = mpsc::channel(1);
        later(2, move || sender.try_send(7).unwrap());
        let first = cut.short_sharing(receiver.next()).await.flatten();
        let rest: Vec<_> = receiver.collect().await;
        assert_eq!(first.into_iter().chain(rest).collect::<Vec<_>>(), [7]);
    });
}

#[test]
fn closed_of_a_channel_can_be_given_up_and_awaited_again() {
    sweep(async |cut| {
        let (sender, receiver) = mpsc::channel::<u8>(1);
        let also_waits = spawn({
            let sender = sender.clone();
            async move { sender.closed().await }
        });
        later(2, move || drop(receiver));
        cut.short(sender.closed()).await;
        also_waits.await.unwrap();
        sender.closed().await;

        let (sender, receiver) = mpsc::unbounded_channel::<u8>();
        drop(receiver);
        sender.closed().await;
    });
}

#[test]
fn a_oneshot_brings_its_value_or_keeps_it() {
    sweep(async |cut| {
        let (sender, mut receiver) = oneshot::channel();
        later(2, move || sender.send(7).unwrap());
        let value = match cut.short_sharing(&mut receiver).await {
            Some(value) => value,
            None => receiver.await,
        };
        assert_eq!(value, Ok(7));
    });
}

#[test]
fn a_oneshot_that_is_given_up_gives_the_value_back_to_its_sender() {
    sweep(async |cut| {
        let (sender, receiver) = oneshot::channel();
        let value = Rc::new(7);
        let sends = later(2, {
            let value = Rc::clone(&value);
            move || sender.send(value)
        });
        let received = cut.short(receiver).await;
        let sent = sends.await.unwrap();
        assert!(received.is_none() || sent.is_ok());
        drop((received, sent));
        assert_eq!(Rc::strong_count(&value), 1, "the value is neither here nor there");
    });
}

#[test]
fn closed_of_a_oneshot_can_be_given_up_and_the_value_still_sent() {
    sweep(async |cut| {
        let (mut sender, receiver) = oneshot::channel();
        let receives = later(3, move || drop(receiver));
        match cut.short(sender.closed()).await {
            Some(()) => assert_eq!(sender.send(7), Err(7)),
            None => {
                receives.await.unwrap();
                sender.closed().await;
            }
        }
    });
}

// ─── Permits, locks, notifications ──────────────────────────────────────────────────────────────

/// Of three permits one is free, and two come back one by one; somebody waits behind the one cut short.
async fn acquired<P>(
    semaphore: &Rc<Semaphore>,
    cut: &Cut,
    wanted: usize,
    acquire: impl Future<Output = P>,
) {
    let held: Vec<_> = (0..2).map(|_| Rc::clone(semaphore).try_acquire_owned().unwrap()).collect();
    spawn(async move {
        for permit in held {
            turns(2).await;
            drop(permit);
        }
    });
    let behind = spawn({
        let semaphore = Rc::clone(semaphore);
        async move {
            turns(1).await;
            drop(semaphore.acquire_many(2).await.unwrap());
        }
    });
    let permits = cut.short(acquire).await;
    if permits.is_some() {
        assert!(semaphore.available_permits() <= 3 - wanted);
    }
    drop(permits);
    behind.await.unwrap();
    turns(6).await;
    assert_eq!(semaphore.available_permits(), 3, "permits are lost");
}

#[test]
fn acquire_takes_a_permit_or_leaves_it_to_the_next() {
    sweep(async |cut| {
        let semaphore = Rc::new(Semaphore::new(3));
        let one_less = Rc::clone(&semaphore).try_acquire_owned().unwrap();
        let taken = semaphore.try_acquire_many(2).unwrap();
        let behind = spawn({
            let semaphore = Rc::clone(&semaphore);
            async move {
                turns(1).await;
                drop(semaphore.acquire().await.unwrap());
            }
        });
        later(2, move || drop(one_less));
        drop(cut.short(semaphore.acquire()).await);
        behind.await.unwrap();
        assert_eq!(semaphore.available_permits(), 1);
        drop(taken);
        assert_eq!(semaphore.available_permits(), 3);
    });
}

#[test]
fn acquire_many_takes_its_permits_or_leaves_all_it_had_gathered_to_the_next() {
    sweep(async |cut| {
        let semaphore = Rc::new(Semaphore::new(3));
        acquired(&semaphore, cut, 3, semaphore.acquire_many(3)).await;
    });
}

#[test]
fn acquire_owned_takes_a_permit_or_leaves_it_to_the_next() {
    sweep(async |cut| {
        let semaphore = Rc::new(Semaphore::new(3));
        let acquire = Rc::clone(&semaphore).acquire_owned();
        acquired(&semaphore, cut, 1, acquire).await;
        assert_eq!(Rc::strong_count(&semaphore), 1);
    });
}

#[test]
fn acquire_many_owned_takes_its_permits_or_leaves_them_to_the_next() {
    for wanted in [2, 3] {
        sweep(async |cut| {
            let semaphore = Rc::new(Semaphore::new(3));
            let acquire = Rc::clone(&semaphore).acquire_many_owned(wanted);
            acquired(&semaphore, cut, wanted as usize, acquire).await;
            assert_eq!(Rc::strong_count(&semaphore), 1);
        });
    }
}

#[test]
fn acquire_of_a_semaphore_that_is_closed_meanwhile_loses_no_permit() {
    sweep(async |cut| {
        let semaphore = Rc::new(Semaphore::new(2));
        let held = Rc::clone(&semaphore).try_acquire_owned().unwrap();
        let closes = Rc::clone(&semaphore);
        later(2, move || {
            drop(held);
            closes.close();
        });
        drop(cut.short(semaphore.acquire_many(2)).await);
        turns(3).await;
        assert_eq!(semaphore.available_permits(), 2);
    });
}

#[test]
fn lock_locks_or_leaves_its_turn_to_the_next() {
    sweep(async |cut| {
        let mutex = Rc::new(Mutex::new(0));
        let held = Rc::clone(&mutex).lock_owned().await;
        later(2, move || drop(held));
        let behind = spawn({
            let mutex = Rc::clone(&mutex);
            async move {
                turns(1).await;
                *mutex.lock().await += 1;
            }
        });
        let locked = cut.short(mutex.lock()).await.map(|mut guard| *guard += 10).is_some();
        behind.await.unwrap();
        assert_eq!(*mutex.try_lock().unwrap(), if locked { 11 } else { 1 });
    });
}

#[test]
fn lock_owned_locks_or_leaves_its_turn_to_the_next() {
    sweep(async |cut| {
        let mutex = Rc::new(Mutex::new(0));
        let held = Rc::clone(&mutex).try_lock_owned().unwrap();
        later(2, move || drop(held));
        let behind = spawn({
            let mutex = Rc::clone(&mutex);
            async move {
                turns(1).await;
                *mutex.lock_owned().await += 1;
            }
        });
        let lock = Rc::clone(&mutex).lock_owned();
        let locked = cut.short(lock).await.map(|mut guard| *guard += 10).is_some();
        behind.await.unwrap();
        let value = Rc::try_unwrap(mutex).expect("a future left a share behind").into_inner();
        assert_eq!(value, if locked { 11 } else { 1 });
    });
}

#[test]
fn a_notification_for_one_arrives_or_goes_to_the_next() {
    for behind_waits in [true, false] {
        sweep(async |cut| {
            let notify = Rc::new(Notify::new());
            let notified = notify.notified();
            let behind = behind_waits.then(|| {
                let notify = Rc::clone(&notify);
                spawn(async move {
                    turns(1).await; // asks after the one that is cut short
                    notify.notified().await;
                })
            });
            let tells = Rc::clone(&notify);
            let told = later(2, move || tells.notify_one());
            let arrived = cut.short(notified).await.is_some();
            told.await.unwrap();
            if arrived {
                assert!(timeout(Duration::ZERO, notify.notified()).await.is_err(), "it came twice");
                notify.notify_one();
            }
            match behind {
                Some(behind) => behind.await.unwrap(),
                None => notify.notified().await,
            }
        });
    }
}

#[test]
fn a_notification_for_all_is_not_passed_on() {
    sweep(async |cut| {
        let notify = Rc::new(Notify::new());
        let tells = Rc::clone(&notify);
        let told = later(2, move || tells.notify_waiters());
        cut.short(notify.notified()).await;
        told.await.unwrap();
        assert!(timeout(Duration::ZERO, notify.notified()).await.is_err());
    });
}
