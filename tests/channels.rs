//! What channels promise: order, room, and an end that both sides learn of, whatever is dropped when.

mod support;

use std::cell::Cell;
use std::collections::VecDeque;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use futures::{FutureExt, StreamExt, poll};
use glassloop::spawn;
use glassloop::sync::mpsc::error::{SendError, TryRecvError, TrySendError};
use glassloop::sync::{mpsc, oneshot};
use glassloop::task::{join_all, yield_now};
use glassloop::time::timeout;
use support::{Bell, Flag, on_drop, poll_with, run, turns};

// ─── Order and room ─────────────────────────────────────────────────────────────────────────────

#[test]
fn values_arrive_in_the_order_of_sending_and_then_the_end() {
    for capacity in [1, 3, 1000] {
        run(async {
            let (sender, receiver) = mpsc::channel(capacity);
            spawn(async move {
                for number in 0..500 {
                    sender.send(number).await.unwrap();
                }
            });
            let received: Vec<i32> = receiver.collect().await;
            assert_eq!(received, (0..500).collect::<Vec<_>>());
        });
    }
}

#[test]
fn no_more_values_are_on_the_way_than_there_is_room_for() {
    run(async {
        let (sender, mut receiver) = mpsc::channel(3);
        let (made, most) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        for _ in 0..5 {
            let (sender, made, most) = (sender.clone(), Rc::clone(&made), Rc::clone(&most));
            spawn(async move {
                for _ in 0..20 {
                    sender
                        .send(on_drop({
                            let made = Rc::clone(&made);
                            move || made.set(made.get() - 1)
                        }))
                        .await
                        .ok();
                    made.set(made.get() + 1);
                    most.set(made.get().max(most.get()));
                }
            });
        }
        drop(sender);
        let mut received = 0;
        while let Some(value) = receiver.recv().await {
            drop(value);
            received += 1;
            yield_now().await;
        }
        assert_eq!((received, most.get()), (100, 3));
    });
}

#[test]
fn senders_that_wait_are_served_in_the_order_of_asking() {
    run(async {
        let (sender, mut receiver) = mpsc::channel(1);
        sender.send((9, 9)).await.unwrap(); // full, so that each has to ask
        let senders: Vec<_> = (0..5)
            .map(|number| {
                let sender = sender.clone();
                spawn(async move {
                    for round in 0..3 {
                        sender.send((round, number)).await.unwrap();
                    }
                })
            })
            .collect();
        drop(sender);
        turns(3).await;
        assert_eq!(receiver.recv().await, Some((9, 9)));
        let mut order = Vec::new();
        while let Some(value) = receiver.recv().await {
            order.push(value);
        }
        join_all(senders).await;
        let expected: Vec<_> =
            (0..3).flat_map(|round| (0..5).map(move |number| (round, number))).collect();
        assert_eq!(order, expected);
    });
}

#[test]
fn whoever_tries_to_send_overtakes_nobody_who_waits() {
    run(async {
        let (sender, mut receiver) = mpsc::channel(1);
        sender.try_send(0).unwrap();
        let mut waits = pin!(sender.send(1));
        assert!(poll!(&mut waits).is_pending());
        assert_eq!(receiver.try_recv(), Ok(0));
        // There is room, and it is promised.
        assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
        waits.await.unwrap();
        assert_eq!(receiver.try_recv(), Ok(1));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    });
}

#[test]
fn capacity_counts_values_and_reservations() {
    let (sender, mut receiver) = mpsc::channel(3);
    let counts = |receiver: &mpsc::Receiver<_>| {
        assert_eq!(receiver.capacity(), sender.capacity());
        (sender.capacity(), receiver.len(), receiver.is_empty())
    };
    assert_eq!(counts(&receiver), (3, 0, true));
    sender.try_send(1).unwrap();
    assert_eq!(counts(&receiver), (2, 1, false));
    let permit = sender.try_reserve().unwrap();
    let other = sender.reserve().now_or_never().unwrap().unwrap();
    assert_eq!(counts(&receiver), (0, 1, false));
    assert_eq!(sender.try_reserve().unwrap_err(), TrySendError::Full(()));
    drop(permit);
    other.send(2);
    assert_eq!(counts(&receiver), (1, 2, false));
    let mut received = Vec::new();
    assert_eq!(receiver.recv_many(&mut received, 9).now_or_never(), Some(2));
    assert_eq!(received, [1, 2]);
    assert_eq!(counts(&receiver), (3, 0, true));
    assert_eq!((sender.max_capacity(), receiver.max_capacity()), (3, 3));
}

#[test]
fn recv_many_takes_no_more_than_its_limit_and_waits_for_none_of_nothing() {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let mut received = vec![9];
    assert_eq!(receiver.recv_many(&mut received, 0).now_or_never(), Some(0));
    assert_eq!(receiver.recv_many(&mut received, 1).now_or_never(), None);
    (1..=3).for_each(|number| sender.send(number).unwrap());
    assert_eq!(receiver.recv_many(&mut received, 2).now_or_never(), Some(2));
    drop(sender);
    assert_eq!(receiver.recv_many(&mut received, usize::MAX).now_or_never(), Some(1));
    assert_eq!(receiver.recv_many(&mut received, 2).now_or_never(), Some(0));
    assert_eq!(received, [9, 1, 2, 3]);
}

#[test]
fn a_channel_without_room_is_refused() {
    let made = std::panic::catch_unwind(|| mpsc::channel::<u8>(0));
    assert!(made.is_err());
}

// ─── The end ────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_receiver_that_waits_learns_that_the_last_sender_is_gone() {
    run(async {
        let (sender, mut receiver) = mpsc::channel::<u8>(1);
        let holder = spawn({
            let sender = sender.clone();
            async move {
                let _sender = sender;
                std::future::pending::<()>().await;
            }
        });
        let weak = sender.downgrade();
        drop(sender);
        assert!(timeout(Duration::ZERO, receiver.recv()).await.is_err(), "one is left");
        holder.abort();
        assert_eq!(receiver.recv().await, None);
        assert!(receiver.is_closed() && weak.upgrade().is_none());
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    });
}

#[test]
fn a_channel_that_is_closed_refuses_what_comes_and_delivers_what_was_promised() {
    run(async {
        let (sender, mut receiver) = mpsc::channel(3);
        sender.send(1).await.unwrap();
        let (kept, dropped) = (sender.reserve().await.unwrap(), sender.reserve().await.unwrap());
        let waits = spawn({
            let sender = sender.clone();
            async move { sender.send(9).await }
        });
        turns(1).await;
        receiver.close();
        assert!(sender.is_closed() && receiver.is_closed());
        sender.closed().await;
        assert_eq!(waits.await.unwrap(), Err(SendError(9)));
        assert_eq!(sender.send(8).await, Err(SendError(8)));
        assert_eq!(sender.try_send(7), Err(TrySendError::Closed(7)));
        assert_eq!(receiver.recv().await, Some(1));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty), "two are promised");
        let mut end = pin!(async { (receiver.recv().await, receiver.recv().await) });
        assert!(poll!(&mut end).is_pending());
        kept.send(2);
        assert!(poll!(&mut end).is_pending());
        drop(dropped);
        assert_eq!(end.await, (Some(2), None));
    });
}

#[test]
fn the_last_reservation_that_is_dropped_wakes_a_receiver_that_closed() {
    run(async {
        let (sender, mut receiver) = mpsc::channel::<u8>(1);
        let permit = sender.reserve().await.unwrap();
        receiver.close();
        let ends = spawn(async move { receiver.recv().await });
        turns(2).await;
        drop(permit);
        assert_eq!(ends.await.unwrap(), None);
    });
}

#[test]
fn a_task_that_polls_a_receiver_learns_that_another_has_closed_it() {
    let (_sender, mut receiver) = mpsc::channel::<u8>(1);
    let (bell, waker) = Bell::new();
    assert!(poll_with(&waker, &mut receiver.next()).is_pending());
    receiver.close();
    assert_eq!(bell.rings(), 1);
    assert_eq!(poll_with(&waker, &mut receiver.next()), Poll::Ready(None));
}

#[test]
fn a_receiver_that_is_dropped_drops_its_values_and_wakes_all_who_wait() {
    run(async {
        let (sender, receiver) = mpsc::channel(1);
        let dropped = Flag::default();
        sender.try_send(Some(dropped.on_drop())).ok().unwrap();
        let permit_later = pin!(sender.reserve());
        let sends = spawn({
            let sender = sender.clone();
            async move { sender.send(None).await.is_err() }
        });
        let watches = spawn({
            let sender = sender.clone();
            async move { sender.closed().await }
        });
        turns(1).await;
        drop(receiver);
        assert!(dropped.is_up());
        assert!(sends.await.unwrap());
        watches.await.unwrap();
        assert!(permit_later.await.is_err());
    });
}

#[test]
fn what_is_sent_by_reservation_when_the_receiver_is_gone_is_dropped_at_once() {
    let (sender, receiver) = mpsc::channel(1);
    let permit = sender.try_reserve().unwrap();
    drop(receiver);
    let dropped = Flag::default();
    permit.send(dropped.on_drop());
    assert!(dropped.is_up());
}

#[test]
fn a_value_that_holds_a_sender_of_its_own_channel_is_not_leaked() {
    struct Value(#[allow(dead_code)] mpsc::Sender<Value>, #[allow(dead_code)] Rc<()>);
    let alive = Rc::new(());
    let (sender, receiver) = mpsc::channel(2);
    let value = || Value(sender.clone(), Rc::clone(&alive));
    sender.try_send(value()).ok().unwrap();
    let permit = sender.try_reserve().unwrap();
    drop(receiver);
    permit.send(value());
    drop(sender);
    assert_eq!(Rc::strong_count(&alive), 1);
}

#[test]
fn a_value_whose_destructor_comes_back_or_panics_harms_nobody() {
    let (sender, receiver) = mpsc::channel(4);
    let seen = Rc::new(Cell::new(0));
    for number in 0..4 {
        let (again, seen) = (sender.clone(), Rc::clone(&seen));
        let comes_back: Box<dyn FnOnce()> = Box::new(move || {
            seen.set(seen.get() + 1);
            assert!(again.is_closed() && again.same_channel(&again.clone()));
            assert!(again.capacity() <= 4);
            assert_ne!(number, 1, "a panic on purpose");
        });
        sender.try_send(on_drop(comes_back)).ok().unwrap();
    }
    drop(sender);
    drop(receiver);
    assert_eq!(seen.get(), 4);
}

#[test]
fn weak_senders_do_not_keep_a_channel_open() {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let weak = sender.downgrade();
    let again = weak.clone().upgrade().unwrap();
    assert!(again.same_channel(&sender));
    drop(sender);
    again.send(1).unwrap();
    drop(again);
    assert!(weak.upgrade().is_none());
    assert_eq!(receiver.recv().now_or_never(), Some(Some(1)));
    assert_eq!(receiver.recv().now_or_never(), Some(None));
}

#[test]
fn an_unbounded_channel_takes_everything_until_it_is_closed() {
    run(async {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        for number in 0..10_000 {
            sender.send(number).unwrap();
        }
        assert_eq!(receiver.len(), 10_000);
        receiver.close();
        assert_eq!(sender.send(7), Err(SendError(7)));
        sender.closed().await;
        assert_eq!(receiver.collect::<Vec<_>>().await, (0..10_000).collect::<Vec<_>>());
    });
}

/// The same operations, at random, on a channel and on a list.
#[test]
fn a_channel_does_what_a_bounded_list_does() {
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..200 {
        let capacity = random.usize(1..5);
        let (sender, mut receiver) = mpsc::channel(capacity);
        let (mut list, mut waiting) = (VecDeque::new(), VecDeque::new());
        for number in 0..100 {
            match random.u8(0..4) {
                0 => {
                    let sent = sender.try_send(number).is_ok();
                    assert_eq!(sent, list.len() < capacity && waiting.is_empty());
                    if sent {
                        list.push_back(number);
                    }
                }
                1 => {
                    let mut send = Box::pin(sender.send(number));
                    match (&mut send).now_or_never() {
                        Some(sent) => {
                            sent.unwrap();
                            list.push_back(number);
                        }
                        None => waiting.push_back((send, number)),
                    }
                }
                2 => drop(waiting.remove(random.usize(0..=waiting.len()))),
                _ => {
                    assert_eq!(receiver.try_recv().ok(), list.pop_front());
                    // Whoever has waited longest goes on.
                    if let Some((send, number)) = waiting.front_mut()
                        && let Some(sent) = send.now_or_never()
                    {
                        sent.unwrap();
                        list.push_back(*number);
                        waiting.pop_front();
                    }
                    assert!(list.len() == capacity || waiting.is_empty());
                }
            }
            assert_eq!((receiver.len(), sender.capacity()), (list.len(), capacity - list.len()));
        }
    }
}

// ─── One value ──────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_oneshot_brings_its_value_or_the_word_that_none_will_come() {
    run(async {
        let (sender, receiver) = oneshot::channel();
        let waits = spawn(receiver);
        turns(1).await;
        sender.send(7).unwrap();
        assert_eq!(waits.await.unwrap(), Ok(7));

        let (sender, receiver) = oneshot::channel::<u8>();
        let waits = spawn(receiver);
        let holder = spawn(async move {
            let _sender = sender;
            std::future::pending::<()>().await;
        });
        turns(1).await;
        holder.abort();
        assert!(waits.await.unwrap().is_err());
    });
}

#[test]
fn the_sender_of_a_oneshot_learns_that_nobody_wants_the_value() {
    run(async {
        let (mut sender, receiver) = oneshot::channel::<u8>();
        let waits = spawn(async move {
            sender.closed().await;
            sender
        });
        turns(1).await;
        drop(receiver);
        let sender = waits.await.unwrap();
        assert!(sender.is_closed());
        assert_eq!(sender.send(7), Err(7));
    });
}

#[test]
fn a_oneshot_that_is_closed_still_brings_what_was_sent_before() {
    let (sender, mut receiver) = oneshot::channel();
    sender.send(7).unwrap();
    receiver.close();
    assert_eq!(receiver.try_recv(), Ok(7));
    // Taken once; tokio's would panic here.
    assert_eq!(receiver.try_recv(), Err(oneshot::error::TryRecvError::Closed));
    assert!(receiver.now_or_never().unwrap().is_err());

    let (sender, mut receiver) = oneshot::channel::<u8>();
    receiver.close();
    assert!((&mut receiver).now_or_never().unwrap().is_err());
    drop(sender);
}

#[test]
fn a_value_that_nobody_took_is_dropped_with_the_receiver() {
    let (sender, receiver) = oneshot::channel();
    let dropped = Flag::default();
    sender.send(dropped.on_drop()).ok().unwrap();
    assert!(!dropped.is_up());
    drop(receiver);
    assert!(dropped.is_up());
}
