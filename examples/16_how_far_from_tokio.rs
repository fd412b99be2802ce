//! Two runtimes on one function, measured in turns; then one job under four models, to see which waits and which
//! computes. In debug builds the first part says little: run it with `--release`.
//!
//! `cargo run --release --example 16_how_far_from_tokio`; with `glassloop yield 100000`, or `tokio spawn 100000`, that alone.

use std::error::Error;
use std::future::Future;
use std::hint::black_box;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use glassloop::runtime::Builder;
use glassloop::task;
use glassloop::trace::{Recorder, Run, file, wait_for};
use glassloop::{Runtime, ThreadPool, time};
use tokio::task::LocalSet;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [who, what, count] = &arguments[..] {
        return Ok(alone(who, what, count.parse()?)?);
    }
    two_runtimes()?;
    one_job_under_four_models()
}

// ─── Two runtimes ───────────────────────────────────────────────────────────────────────────────

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

async fn yields(count: u32) {
    for _ in 0..count {
        Yield(false).await;
    }
}

/// Makes a task and waits for it, again and again.
async fn spawns<J: Future>(count: u32, spawn: impl Fn(u32) -> J) {
    for number in 0..count {
        black_box(spawn(number).await);
    }
}

struct Both {
    ours: Runtime,
    theirs: (tokio::runtime::Runtime, LocalSet),
}

impl Both {
    fn new() -> io::Result<Self> {
        let theirs = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { ours: Runtime::new()?, theirs: (theirs, LocalSet::new()) })
    }

    fn ours(&self, what: &str, count: u32) {
        self.ours.block_on(async {
            match what {
                "yield" => glassloop::spawn(yields(count)).await.expect("it does not panic"),
                _ => spawns(count, |number| glassloop::spawn(async move { number })).await,
            }
        });
    }

    fn theirs(&self, what: &str, count: u32) {
        let (runtime, set) = &self.theirs;
        set.block_on(runtime, async {
            match what {
                "yield" => {
                    tokio::task::spawn_local(yields(count)).await.expect("it does not panic")
                }
                _ => spawns(count, |number| tokio::task::spawn_local(async move { number })).await,
            }
        });
    }
}

/// One of them alone, for `valgrind --tool=callgrind` to count its instructions.
fn alone(who: &str, what: &str, count: u32) -> io::Result<()> {
    let both = Both::new()?;
    match who {
        "glassloop" => both.ours(what, count),
        _ => both.theirs(what, count),
    }
    Ok(())
}

const COUNT: u32 = 20_000;

// ANCHOR: in_turns
/// What one operation costs either of them: the median of eleven rounds, in turns, after one that only warms up.
fn in_turns(ours: impl Fn(), theirs: impl Fn()) -> [Duration; 2] {
    let contenders: [&dyn Fn(); 2] = [&ours, &theirs];
    let mut figures = [Vec::new(), Vec::new()];
    for round in 0..12 {
        for (figures, contender) in figures.iter_mut().zip(contenders) {
            let start = Instant::now();
            contender();
            let figure = start.elapsed();
            figures.extend((round > 0).then_some(figure));
        }
    }
    figures.map(|mut figures| {
        figures.sort();
        figures[figures.len() / 2] / COUNT
    })
}
// ANCHOR_END: in_turns

fn two_runtimes() -> io::Result<()> {
    let both = Both::new()?;
    for (what, name) in
        [("yield", "a turn of a task that yields"), ("spawn", "a task, made and awaited")]
    {
        let [ours, theirs] = in_turns(|| both.ours(what, COUNT), || both.theirs(what, COUNT));
        println!("{name}: glassloop {} ns, tokio {} ns", ours.as_nanos(), theirs.as_nanos());
    }
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

type Model = fn() -> io::Result<Run>;

fn one_job_under_four_models() -> Result<(), Box<dyn Error>> {
    println!("\n{JOBS} jobs that wait {WAIT:?} and then compute:");
    let models: [(&str, Model); 4] = [
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
        let named = |job| task::Builder::new().name(&format!("job {job}")).spawn(job_that_waits());
        let jobs: Vec<_> = (1..=JOBS).map(named).collect();
        for job in jobs {
            job.await.expect("it neither panics nor is it aborted");
        }
    });
    Ok(Run::of_loop("", runtime.take_trace()))
}
