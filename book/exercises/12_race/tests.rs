use std::future::{pending, ready};
use std::rc::Rc;
use std::time::Duration;

use glassloop::runtime::Builder;
use glassloop::time::{Instant, sleep, timeout};

use super::exercise::*;

async fn after<T>(seconds: u64, output: T) -> T {
    sleep(Duration::from_secs(seconds)).await;
    output
}

#[test]
fn the_faster_one_wins_in_either_place() {
    let runtime = Builder::new().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let start = Instant::now();
        assert_eq!(race(after(1, "fast"), after(9, "slow")).await, "fast");
        assert_eq!(race(after(9, "slow"), after(1, "fast")).await, "fast");
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    });
}

#[test]
fn the_other_one_is_dropped() {
    let runtime = Builder::new().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let held = Rc::new(());
        let loser = {
            let held = Rc::clone(&held);
            async move {
                pending::<()>().await;
                drop(held);
            }
        };
        let over = timeout(Duration::from_secs(60), race(loser, after(1, ()))).await;
        assert!(over.is_ok(), "it waited for the one that never ends");
        assert_eq!(Rc::strong_count(&held), 1);
    });
}

#[test]
fn of_two_that_are_ready_the_first_wins() {
    assert_eq!(futures::executor::block_on(race(ready(1), ready(2))), 1);
}
