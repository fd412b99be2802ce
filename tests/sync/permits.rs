//! Permits, and who gets them.

use std::cell::RefCell;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;

use super::glance;
use super::support::{run, turns};
use futures::{FutureExt, poll};
use glassloop::spawn;
use glassloop::sync::{Semaphore, TryAcquireError};

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
