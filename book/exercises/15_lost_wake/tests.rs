use std::rc::Rc;

use super::exercise::*;
use glassloop::runtime::Builder;
use glassloop::spawn;
use glassloop::task::yield_now;

/// Some tasks wait, one raises the signal after some turns; in many orders.
fn worlds(waiters: usize) {
    for seed in 0..300 {
        let runtime = Builder::new().start_paused(true).seed(seed).build().unwrap();
        runtime.block_on(async {
            let signal = Rc::new(Signal::default());
            let mut tasks = Vec::new();
            for _ in 0..waiters {
                let signal = Rc::clone(&signal);
                tasks.push(spawn(async move { signal.wait().await }));
            }
            tasks.push(spawn(async move {
                for _ in 0..6 {
                    yield_now().await;
                }
                signal.raise();
            }));
            for task in tasks {
                task.await.unwrap();
            }
        });
    }
}

#[test]
fn one_waiter_is_woken_in_every_world() {
    worlds(1);
}

#[test]
fn two_waiters_are_woken_in_every_world() {
    worlds(2);
}
