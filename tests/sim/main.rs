//! The album server and a download, in thousands of simulated worlds: whatever goes wrong there, each file is
//! complete or has failed by name, and nobody and nothing is left behind.
//!
//! ```text
//!   GLASSLOOP_SEEDS=10000 cargo test --test sim               more worlds than the usual ones
//!   GLASSLOOP_SEED=123 cargo test --test sim -- --nocapture   one of them, told in full
//! ```
#![allow(unreachable_pub)]

mod checks;
#[path = "../support/laws.rs"]
#[allow(dead_code)] // the order that every other loop keeps
mod laws;
mod scenario;
mod world;

use std::any::Any;
use std::panic::catch_unwind;
use std::str::FromStr;

use glassloop::sim::Tally;
use scenario::{Plan, Turn};

/// Worlds in which the tests run unless told otherwise.
const SEEDS: u64 = 300;

#[test]
fn every_download_is_complete_or_has_failed_by_name_and_nothing_is_left() {
    if let Some(seed) = variable("GLASSLOOP_SEED") {
        let outcome = Plan::of(seed).run();
        outcome.tell();
        return outcome.check();
    }
    let seeds = variable("GLASSLOOP_SEEDS").unwrap_or(SEEDS);
    let (mut tally, mut turns) = (Tally::default(), [0_u64; Turn::NAMES.len()]);
    for seed in 0..seeds {
        match catch_unwind(|| run_twice(seed)) {
            Ok((fired, turn)) => {
                tally += &fired;
                turns[turn] += 1;
            }
            Err(panic) => panic!(
                "{}\nin the world of seed {seed}; to see all of it:\n\n    \
                 GLASSLOOP_SEED={seed} cargo test --test sim -- --nocapture\n",
                text_of(&*panic)
            ),
        }
    }
    println!("{seeds} worlds\n{tally}");
    Turn::NAMES.iter().zip(turns).for_each(|(name, count)| println!("{count:>9}  {name}"));
    let missing: Vec<_> = tally.missing().collect();
    assert!(missing.is_empty(), "in {seeds} worlds these have never happened: {missing:?}");
    assert!(!turns.contains(&0), "somebody has never interfered: {turns:?}");
}

// ANCHOR: run_twice
/// Runs it, checks it, and runs it again: the same seed gives the same world.
fn run_twice(seed: u64) -> (Tally, usize) {
    let first = Plan::of(seed).run();
    first.check();
    let second = Plan::of(seed).run();
    // Tasks are counted from elsewhere once in 65,536 loops.
    if first.trace[0] == second.trace[0] {
        let differs = first.trace.iter().zip(&second.trace).position(|(one, other)| one != other);
        assert_eq!(differs, None, "a second run takes another way");
    }
    assert_eq!(first.trace.len(), second.trace.len(), "a second run is longer or shorter");
    assert_eq!(first.tally, second.tally);
    assert_eq!(first.files, second.files);
    assert_eq!(format!("{:?}", first.report), format!("{:?}", second.report));
    (first.tally, first.plan.turn.kind())
}
// ANCHOR_END: run_twice

fn variable<T: FromStr>(name: &str) -> Option<T> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} must be a number, not {value:?}")))
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked").to_owned()
}
