//! The sum of numbers that are in memory already, by two threads or two processes.

use std::hint::black_box;
use std::ops::Range;
use std::thread;

use anyhow::Result;
use rayon::prelude::*;

use super::measure::wall;
use super::peer::OURS;
use super::{Contender, Row, Run, Target, Unit};
use crate::processes::{ProcessPool, Shared};
use crate::threads::scope;

const WORKERS: usize = 2;
const BARE: Contender = Contender { name: "two bare threads", prepare: bare };
const RAYON: Contender = Contender { name: "rayon", prepare: rayon };

/// Alone, so that 800 MB are not in everybody's memory at once.
const ROW: Row = Row {
    name: "sum of 100,000,000 i64 by threads",
    group: "sum",
    unit: Unit::Nanoseconds,
    round: 100_000_000,
    target: Target::Ratio(1.1),
    alone: true,
    ours: Contender { name: OURS, prepare: threads },
    peers: &[BARE],
    others: &[RAYON],
};

pub(super) const ROWS: &[Row] = &[
    ROW,
    Row {
        name: "sum of 100,000,000 i64 by processes",
        target: Target::Ratio(1.5),
        ours: Contender { name: OURS, prepare: processes },
        others: &[],
        ..ROW
    },
];

/// How many parts the numbers have: enough that nobody waits long for the slower of two.
const PARTS: usize = 16;

fn parts(count: usize) -> impl Iterator<Item = Range<usize>> {
    (0..PARTS).map(move |part| count * part / PARTS..count * (part + 1) / PARTS)
}

/// Has the numbers added up, and looks at the sum. The first time is not counted: it makes the memory known to the
/// processor's tables, for everybody alike.
fn adding(add: fn(&Shared<i64>) -> i64) -> Result<Run> {
    Ok(Box::new(move |n| {
        let numbers = Shared::from_fn(n as usize, |index| index as i64)?;
        let expected = n as i64 * (n as i64 - 1) / 2;
        assert_eq!(add_bare(&numbers), expected);
        wall(n, || assert_eq!(black_box(add(&numbers)), expected))
    }))
}

fn add_bare(numbers: &Shared<i64>) -> i64 {
    let (first, second) = numbers.split_at(numbers.len() / 2);
    thread::scope(|threads| {
        let first = threads.spawn(|| first.iter().sum::<i64>());
        second.iter().sum::<i64>() + first.join().expect("nothing overflows")
    })
}

fn bare() -> Result<Run> {
    adding(add_bare)
}

fn rayon() -> Result<Run> {
    adding(|numbers| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(WORKERS).build();
        pool.expect("threads can be started").install(|| numbers.par_iter().sum())
    })
}

fn threads() -> Result<Run> {
    adding(|numbers| {
        let sums = scope(WORKERS, |pool| {
            let sums = pool.map(parts(numbers.len()), |part| numbers[part].iter().sum::<i64>());
            sums.map(|sum| sum.expect("nothing overflows")).sum()
        });
        sums.expect("threads can be started")
    })
}

/// The pool is made after the numbers, and ended.
fn processes() -> Result<Run> {
    adding(|numbers| {
        let add = |_: &mut (), part: Range<usize>| numbers[part].iter().sum::<i64>();
        let pool = ProcessPool::builder().workers(WORKERS).build(add).expect("no thread runs");
        pool.map(parts(numbers.len())).into_iter().map(|sum| sum.expect("nobody dies")).sum()
    })
}
