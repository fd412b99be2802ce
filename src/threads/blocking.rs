//! The pool behind `spawn_blocking` and the resolving of names: it grows while all of its threads are
//! busy and shrinks when they have been idle.

use std::sync::LazyLock;
use std::time::Duration;

use super::queue::Limits;
use super::stateful::StatefulPool;
use crate::job::JobHandle;

/// Blocking work mostly waits, so more threads than processors make sense; beyond this, jobs queue.
const LIMITS: Limits =
    Limits { capacity: usize::MAX, threads: 128, idle: Some(Duration::from_secs(5)) };

/// Never dropped: what has begun ends with the process.
static POOL: LazyLock<StatefulPool<()>> =
    LazyLock::new(|| StatefulPool::growing("glassloop-blocking", LIMITS, |_| ()));

/// Runs `work` on a thread of the pool.
pub(crate) fn run<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> JobHandle<T> {
    POOL.submit(|()| work())
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
