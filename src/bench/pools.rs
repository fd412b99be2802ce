//! What it costs to hand work to a pool, of threads or of processes: many jobs, a map, one job there and back.
//! All have two workers.

use std::hint::black_box;
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rayon::prelude::*;

use super::measure::wall;
use super::peer::OURS;
use super::{Contender, Row, Run, Target, Unit};
use crate::processes::ProcessPool;
use crate::threads::{ThreadPool, scope};

const WORKERS: usize = 2;
const RAYON: &str = "rayon";
const PYTHON: &str = "Python's multiprocessing";

/// Few jobs: nearly all of it is the pool's beginning and end.
const COLD: Row = Row {
    name: "process pool, cold, map of 200 squares",
    group: "process pool",
    unit: Unit::Nanoseconds,
    round: 200,
    target: Target::Ratio(0.10),
    alone: true,
    ours: Contender { name: OURS, prepare: squares },
    peers: &[Contender { name: PYTHON, prepare: squares_python }],
    others: &[],
};

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "thread pool, 1,000,000 empty jobs",
        group: "thread pool",
        unit: Unit::Nanoseconds,
        round: 1_000_000,
        target: Target::Ratio(0.60),
        alone: false,
        ours: Contender { name: OURS, prepare: empty },
        peers: &[Contender { name: RAYON, prepare: empty_rayon }],
        others: &[
            Contender { name: "glassloop, with handles", prepare: empty_with_handles },
            Contender { name: "threadpool", prepare: empty_threadpool },
        ],
    },
    Row {
        name: "thread pool, map of 10,000 × 1 µs",
        group: "thread pool",
        unit: Unit::Nanoseconds,
        round: 10_000,
        target: Target::Ratio(1.05),
        alone: false,
        ours: Contender { name: OURS, prepare: map },
        peers: &[Contender { name: RAYON, prepare: map_rayon }],
        others: &[],
    },
    Row {
        name: "thread pool, round trip",
        group: "thread pool",
        unit: Unit::Nanoseconds,
        round: 2000,
        target: Target::Ratio(1.0),
        alone: false,
        ours: Contender { name: OURS, prepare: round_trip },
        peers: &[Contender { name: RAYON, prepare: round_trip_rayon }],
        others: &[Contender { name: "threadpool", prepare: round_trip_threadpool }],
    },
    COLD,
    Row {
        name: "process pool, cold, map of 100,000 squares",
        round: 100_000,
        target: Target::Ratio(0.15),
        ..COLD
    },
    Row {
        name: "process pool, round trip",
        group: "process pool",
        unit: Unit::Nanoseconds,
        round: 1000,
        target: Target::None,
        alone: true,
        ours: Contender { name: OURS, prepare: process_round_trip },
        peers: &[Contender { name: PYTHON, prepare: process_round_trip_python }],
        others: &[],
    },
];

fn rayon_pool() -> Result<rayon::ThreadPool> {
    Ok(rayon::ThreadPoolBuilder::new().num_threads(WORKERS).build()?)
}

/// The threads are started in each round, and joined: that is how one waits for jobs that have no handles.
fn empty() -> Result<Run> {
    Ok(Box::new(|n| {
        wall(n, || {
            let jobs = scope(WORKERS, |pool| (0..n).for_each(|_| pool.execute(|| ())));
            jobs.expect("threads can be started");
        })
    }))
}

fn empty_with_handles() -> Result<Run> {
    Ok(Box::new(|n| {
        wall(n, || {
            let jobs = scope(WORKERS, |pool| (0..n).for_each(|_| drop(pool.submit(|| ()))));
            jobs.expect("threads can be started");
        })
    }))
}

fn empty_rayon() -> Result<Run> {
    let pool = rayon_pool()?;
    Ok(Box::new(move |n| {
        wall(n, || pool.in_place_scope(|scope| (0..n).for_each(|_| scope.spawn(|_| ()))))
    }))
}

fn empty_threadpool() -> Result<Run> {
    let pool = threadpool::ThreadPool::new(WORKERS);
    Ok(Box::new(move |n| {
        wall(n, || {
            (0..n).for_each(|_| pool.execute(|| ()));
            pool.join();
        })
    }))
}

/// Keeps a processor busy.
fn microsecond(number: u64) -> u64 {
    let start = Instant::now();
    while start.elapsed() < Duration::from_micros(1) {}
    number
}

fn map() -> Result<Run> {
    let pool = ThreadPool::new(WORKERS)?;
    Ok(Box::new(move |n| {
        wall(n, || {
            let results = pool.map(0..n, microsecond).map(|result| result.expect("none panics"));
            black_box(results.collect::<Vec<u64>>());
        })
    }))
}

fn map_rayon() -> Result<Run> {
    let pool = rayon_pool()?;
    Ok(Box::new(move |n| {
        wall(n, || {
            let map = || (0..n).into_par_iter().map(microsecond).collect::<Vec<u64>>();
            black_box(pool.install(map));
        })
    }))
}

fn round_trip() -> Result<Run> {
    let pool = ThreadPool::new(WORKERS)?;
    Ok(Box::new(move |n| {
        wall(n, || {
            for i in 0..n {
                black_box(pool.submit(move || black_box(i)).wait().expect("none panics"));
            }
        })
    }))
}

fn round_trip_rayon() -> Result<Run> {
    let pool = rayon_pool()?;
    Ok(Box::new(move |n| {
        wall(n, || {
            for i in 0..n {
                black_box(pool.install(move || black_box(i)));
            }
        })
    }))
}

fn round_trip_threadpool() -> Result<Run> {
    let pool = threadpool::ThreadPool::new(WORKERS);
    Ok(Box::new(move |n| {
        wall(n, || {
            for i in 0..n {
                let (done, result) = mpsc::channel();
                pool.execute(move || done.send(black_box(i)).expect("it is awaited"));
                black_box(result.recv().expect("none panics"));
            }
        })
    }))
}

/// Makes a pool, maps, and ends it.
fn squares() -> Result<Run> {
    Ok(Box::new(|n| {
        wall(n, || {
            let pool = ProcessPool::new(WORKERS, |number: u64| number * number);
            let results = pool.expect("there is no thread").map(0..n);
            assert!(
                results.into_iter().map(Result::unwrap).eq((0..n).map(|number| number * number))
            );
        })
    }))
}

fn process_round_trip() -> Result<Run> {
    Ok(Box::new(|n| {
        let pool = ProcessPool::new(WORKERS, |number: u64| number * number)?;
        black_box(pool.submit(1).wait()?);
        wall(n, || {
            for i in 0..n {
                black_box(pool.submit(i).wait().expect("none panics"));
            }
        })
    }))
}

/// The first pool, which is not counted, makes Python import what it needs.
const PYTHON_SQUARES: &str = "
def squares(n):
    with Pool(2) as pool:
        pool.map(square, range(n))
squares(1)
start = perf_counter()
squares(n)
print((perf_counter() - start) * 1e9 / n)
";

const PYTHON_ROUND_TRIP: &str = "
with Pool(2) as pool:
    pool.apply(square, (1,))
    start = perf_counter()
    for i in range(n):
        pool.apply(square, (i,))
    print((perf_counter() - start) * 1e9 / n)
";

fn squares_python() -> Result<Run> {
    python(PYTHON_SQUARES)
}

fn process_round_trip_python() -> Result<Run> {
    python(PYTHON_ROUND_TRIP)
}

/// A run of a script, which finds how many operations it is to do in `n`, and prints what one took.
fn python(script: &str) -> Result<Run> {
    const BEGIN: &str = "import sys
from multiprocessing import get_context
from time import perf_counter
Pool = get_context('fork').Pool
def square(number):
    return number * number
n = int(sys.argv[1])";
    let script = format!("{BEGIN}{script}");
    Ok(Box::new(move |n| {
        let output = Command::new("python3").args(["-c", &script, &n.to_string()]).output();
        let output = output.context("this row needs python3, and there is none in the path")?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "python3 failed: {error}");
        let figure = String::from_utf8_lossy(&output.stdout);
        figure.trim().parse().with_context(|| format!("not a figure: {figure:?}"))
    }))
}
