use std::cell::Cell;

use super::exercise::*;

/// The ratio on a machine whose n-th run takes so many times as long as it should.
fn on(machine: impl Fn(u32) -> f64) -> f64 {
    let runs = Cell::new(0);
    let run = |cost: f64| {
        runs.set(runs.get() + 1);
        cost * machine(runs.get())
    };
    ratio(|| run(1.0), || run(2.0), 21)
}

fn is_half(ratio: f64) {
    assert!((0.48..0.52).contains(&ratio), "{ratio} is not about ½");
}

#[test]
fn on_a_machine_that_has_to_warm_up() {
    is_half(on(|run| if run <= 2 { 20.0 } else { 1.0 }));
}

#[test]
fn on_a_machine_that_grows_slower_and_slower() {
    is_half(on(|run| 1.0 + 0.01 * f64::from(run)));
}

#[test]
fn on_a_machine_that_is_sometimes_busy() {
    is_half(on(|run| if matches!(run, 5 | 9 | 13) { 50.0 } else { 1.0 }));
}
