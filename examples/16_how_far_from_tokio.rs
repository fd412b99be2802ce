//! Two runtimes on one function, measured in turns; then one job under four models, to see which waits and which
//! computes. In debug builds the first part says little: run it with `--release`.
//!
//! `cargo run --release --example 16_how_far_from_tokio`

use std::error::Error;
use std::future::Future;
use std::hint::black_box;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use glassloop::runtime::Builder;
use glassloop::task::{self, join_all};
use glassloop::trace::{Recorder, Run, file, wait_for};
use glassloop::{Runtime, ThreadPool, time};
use tokio::task::LocalSet;

fn main() -> Result<(), Box<dyn Error>> {
    one_function_on_two_runtimes()?;
    one_job_under_four_models()
}

// ─── Two runtimes ───────────────────────────────────────────────────────────────────────────────

const TURNS: u32 = 100_000;

/// Lets the others go first, by waking itself. No runtime's own, for those do more, and each something else.
struct Yield(bool);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

async fn turns() {
    for _ in 0..TURNS {
        Yield(false).await;
    }
}

// ANCHOR: in_turns
/// What one turn costs on each, in turns: the median of eleven rounds, after one that only warms up.
fn in_turns(contenders: [&dyn Fn() -> io::Result<()>; 2]) -> io::Result<[Duration; 2]> {
    let mut figures = [Vec::new(), Vec::new()];
    for round in 0..12 {
        for (figures, contender) in figures.iter_mut().zip(contenders) {
            let start = Instant::now();
            contender()?;
            let figure = start.elapsed();
            figures.extend((round > 0).then_some(figure));
        }
    }
    Ok(figures.map(|mut figures| {
        figures.sort();
        figures[figures.len() / 2] / TURNS
    }))
}
// ANCHOR_END: in_turns

fn one_function_on_two_runtimes() -> io::Result<()> {
    let ours = Runtime::new()?;
    let theirs = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let glassloop =
        || ours.block_on(async { task::spawn(turns()).await }).map_err(io::Error::other);
    let tokio = || {
        let set = LocalSet::new();
        set.block_on(&theirs, async { tokio::task::spawn_local(turns()).await })
            .map_err(io::Error::other)
    };
    let [glassloop, tokio] = in_turns([&glassloop, &tokio])?;
    println!("One turn of a task that yields:");
    println!("  glassloop        {} ns", glassloop.as_nanos());
    println!("  tokio LocalSet   {} ns", tokio.as_nanos());
    Ok(())
}

// ─── Four models ────────────────────────────────────────────────────────────────────────────────

const JOBS: usize = 6;
const WAIT: Duration = Duration::from_millis(20);

/// A job waits, then computes. This is the part that computes.
fn compute() -> u64 {
    (0..100_000).fold(0, |sum, number| black_box(sum + number))
}

fn job_that_blocks() {
    wait_for("an answer", || thread::sleep(WAIT));
    black_box(compute());
}

async fn job_that_waits() {
    time::sleep(WAIT).await;
    black_box(compute());
}

fn one_job_under_four_models() -> Result<(), Box<dyn Error>> {
    println!("\n{JOBS} jobs that wait {WAIT:?} and then compute:");
    let models: [(&str, fn() -> io::Result<Run>); 4] = [
        ("one after another", one_after_another),
        ("a thread each", a_thread_each),
        ("a pool of 2 threads", a_pool),
        ("an event loop", an_event_loop),
    ];
    let mut runs = Vec::new();
    for (name, model) in models {
        let start = Instant::now();
        let mut run = model()?;
        let took = start.elapsed();
        run.name = name.into();
        println!("  {name:<20} {} ms", took.as_millis());
        runs.push(run);
    }
    if let Some(path) = std::env::var_os("GLASSLOOP_TRACE") {
        file::save(path.as_ref(), &runs)?;
    }
    Ok(())
}

fn one_after_another() -> io::Result<Run> {
    let recorder = Recorder::new();
    for job in 1..=JOBS {
        recorder.track(format!("job {job}")).run(job_that_blocks);
    }
    Ok(recorder.finish(""))
}

fn a_thread_each() -> io::Result<Run> {
    let recorder = Recorder::new();
    thread::scope(|scope| {
        for job in 1..=JOBS {
            let track = recorder.track(format!("job {job}"));
            scope.spawn(move || track.run(job_that_blocks));
        }
    });
    Ok(recorder.finish(""))
}

fn a_pool() -> io::Result<Run> {
    let recorder = Recorder::new();
    let pool = ThreadPool::new(2)?;
    for job in 1..=JOBS {
        let track = recorder.track(format!("job {job}"));
        pool.submit(move || track.run(job_that_blocks));
    }
    drop(pool); // waits for all of them
    Ok(recorder.finish(""))
}

fn an_event_loop() -> io::Result<Run> {
    let runtime = Builder::new().trace(true).build()?;
    runtime.block_on(async {
        join_all((0..JOBS).map(|_| job_that_waits())).await;
    });
    Ok(Run::of_loop("", runtime.take_trace()))
}
