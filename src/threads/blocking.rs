//! A pool that grows while all of its threads are busy and shrinks when they have been idle.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::job::{JobHandle, promise};

/// Blocking work mostly waits, so more threads than processors make sense; beyond this, jobs queue.
const MOST_THREADS: usize = 128;
const IDLE_FOR: Duration = Duration::from_secs(5);

type Job = Box<dyn FnOnce() + Send>;

struct Pool {
    queue: VecDeque<Job>,
    threads: usize,
    idle: usize,
}

static POOL: Mutex<Pool> = Mutex::new(Pool { queue: VecDeque::new(), threads: 0, idle: 0 });
static WORK: Condvar = Condvar::new();

/// No job runs under this lock, so poison says nothing.
fn pool() -> MutexGuard<'static, Pool> {
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `work` on a thread of the pool.
pub(crate) fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JobHandle<T> {
    let (promise, handle) = promise();
    let mut pool = pool();
    pool.queue.push_back(Box::new(move || promise.keep(work)));
    if pool.queue.len() > pool.idle && pool.threads < MOST_THREADS {
        pool.threads += 1;
        drop(pool);
        start_thread();
    } else {
        drop(pool);
        WORK.notify_one();
    }
    handle
}

fn start_thread() {
    let started = thread::Builder::new().name("glassloop-blocking".into()).spawn(work_off);
    if started.is_err() {
        let mut pool = pool();
        pool.threads -= 1;
        // With no thread at all the jobs would wait for ever: dropped, they count as cancelled.
        let given_up =
            if pool.threads == 0 { std::mem::take(&mut pool.queue) } else { VecDeque::new() };
        drop(pool);
        drop(given_up);
    }
}

fn work_off() {
    let mut pool = pool();
    loop {
        while let Some(job) = pool.queue.pop_front() {
            drop(pool);
            job();
            pool = self::pool();
        }
        pool.idle += 1;
        let (guard, waited) = WORK
            .wait_timeout_while(pool, IDLE_FOR, |pool| pool.queue.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        pool = guard;
        pool.idle -= 1;
        if waited.timed_out() && pool.queue.is_empty() {
            pool.threads -= 1;
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::JoinError;

    #[test]
    fn more_jobs_than_threads_all_run() {
        let jobs: Vec<JobHandle<usize>> = (0..1000).map(|number| run(move || number * 2)).collect();
        let results: Vec<usize> = jobs.into_iter().map(|job| job.wait().unwrap()).collect();
        assert_eq!(results, (0..1000).map(|number| number * 2).collect::<Vec<_>>());
    }

    #[test]
    fn a_job_that_panics_is_an_error_and_its_thread_goes_on() {
        let error: JoinError = run(|| panic!("no {}", "luck")).wait().map(|(): ()| ()).unwrap_err();
        assert_eq!(error.to_string(), "panicked: no luck");
        assert_eq!(run(|| 1).wait().unwrap(), 1);
    }
}
