use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use glassloop::runtime::Builder;
use glassloop::time::{Instant, sleep};

use super::exercise::*;

/// Ten futures of ten seconds: their outputs, the most that were under way, and the seconds it took.
fn ten(limit: usize) -> (Vec<usize>, usize, u64) {
    let runtime = Builder::new().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let (under_way, most) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let job = |number: usize| {
            let (under_way, most) = (Rc::clone(&under_way), Rc::clone(&most));
            async move {
                under_way.set(under_way.get() + 1);
                most.set(most.get().max(under_way.get()));
                sleep(Duration::from_secs(10)).await;
                under_way.set(under_way.get() - 1);
                number
            }
        };
        let start = Instant::now();
        let outputs = map_limited(limit, (0..10).map(job).collect()).await;
        (outputs, most.get(), start.elapsed().as_secs())
    })
}

#[test]
fn never_more_than_the_limit_are_under_way() {
    assert_eq!(ten(3).1, 3);
    assert_eq!(ten(1).1, 1);
}

#[test]
fn the_outputs_come_in_order() {
    assert_eq!(ten(4).0, (0..10).collect::<Vec<_>>());
}

#[test]
fn as_many_as_may_run_do_run() {
    assert_eq!(ten(5).2, 20);
}
