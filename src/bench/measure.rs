//! Clocks, and a thread that stays on one processor.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;

/// What one of `n` operations took, by the clock on the wall.
pub(super) fn wall(n: u64, operations: impl FnOnce()) -> Result<f64> {
    let start = Instant::now();
    operations();
    Ok(each(n, start.elapsed()))
}

/// What one of `n` operations took of this thread's processor time: where nothing waits, that is the time it took,
/// less what other programs on the machine did meanwhile.
pub(super) fn thread_cpu(n: u64, operations: impl FnOnce()) -> Result<f64> {
    let start = thread_time()?;
    operations();
    Ok(each(n, thread_time()? - start))
}

pub(super) fn each(n: u64, time: Duration) -> f64 {
    time.as_nanos() as f64 / n as f64
}

pub(super) fn thread_time() -> Result<Duration> {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID);
    Ok(time.context("the system does not tell a thread's processor time")?.into())
}

/// Runs `work` on one processor, together with all threads and processes that it starts.
pub(super) fn on_one_cpu<T>(work: impl FnOnce() -> T) -> Result<T> {
    on_cpu(0, work)
}

/// As `on_one_cpu`, on another one, if there is another.
pub(super) fn on_another_cpu<T>(work: impl FnOnce() -> T) -> Result<T> {
    on_cpu(1, work)
}

fn on_cpu<T>(at: usize, work: impl FnOnce() -> T) -> Result<T> {
    let this = Pid::from_raw(0);
    let before = sched_getaffinity(this).context("cannot ask which processors there are")?;
    let allowed = (0..CpuSet::count()).filter(|cpu| before.is_set(*cpu) == Ok(true));
    let mut one = CpuSet::new();
    one.set(allowed.take(at + 1).last().context("this thread may run on no processor")?)?;
    sched_setaffinity(this, &one).context("cannot stay on one processor")?;
    let done = work();
    sched_setaffinity(this, &before).context("cannot return to all processors")?;
    Ok(done)
}
