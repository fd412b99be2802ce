use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Waker};

use glassloop::spawn;
use glassloop::task::yield_now;

use super::exercise::*;

/// Polls a future once; whether it is done.
macro_rules! done {
    ($future:expr) => {
        $future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready()
    };
}

#[test]
fn whoever_finds_room_does_not_wait_and_whoever_does_not_waits() {
    let queue = Queue::new(2);
    assert!(done!(pin!(queue.push(1))));
    assert!(done!(pin!(queue.push(2))));
    assert!(!done!(pin!(queue.push(3))), "a third value found room for two");
    assert_eq!((queue.pop(), queue.pop(), queue.pop()), (Some(1), Some(2), None));
}

#[test]
fn a_pop_lets_the_one_in_who_asked_first() {
    let queue = Queue::new(1);
    assert!(done!(pin!(queue.push(1))));
    let (mut second, mut third) = (pin!(queue.push(2)), pin!(queue.push(3)));
    assert!(!done!(second) && !done!(third));
    assert_eq!(queue.pop(), Some(1));
    assert!(!done!(third) && done!(second));
    assert_eq!(queue.pop(), Some(2));
    assert!(done!(third));
}

#[test]
fn a_push_that_is_given_up_leaves_its_room_to_others() {
    let queue = Queue::new(1);
    assert!(done!(pin!(queue.push(1))));
    {
        let mut given_up = pin!(queue.push(2));
        assert!(!done!(given_up));
        queue.pop(); // the room is on its way to it, and it goes
    }
    assert!(done!(pin!(queue.push(3))));
    assert_eq!((queue.pop(), queue.pop()), (Some(3), None));
}

#[test]
fn everything_arrives_in_order_and_never_more_than_the_bound_is_there() {
    let runtime = glassloop::Runtime::new().unwrap();
    runtime.block_on(async {
        let queue = Rc::new(Queue::new(3));
        let sender = Rc::clone(&queue);
        let sending = spawn(async move {
            for number in 0..100 {
                sender.push(number).await;
            }
        });
        let mut received = Vec::new();
        while received.len() < 100 {
            yield_now().await;
            let now: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
            assert!(now.len() <= 3, "{} values were there at once", now.len());
            received.extend(now);
        }
        sending.await.unwrap();
        assert!(received.is_sorted());
    });
}
