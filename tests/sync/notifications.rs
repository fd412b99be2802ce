//! Notifications: kept or not, for one or for all.

use std::pin::pin;

use super::support::run;
use futures::poll;
use glassloop::sync::Notify;

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
