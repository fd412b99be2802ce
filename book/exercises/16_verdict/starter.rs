//! How long jobs take under each model. So far, one after another.

/// So many jobs, each of which waits and then computes; times in milliseconds.
#[derive(Clone, Copy)]
pub struct Jobs {
    pub count: u64,
    pub wait: u64,
    pub compute: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Model {
    Sequential,
    ThreadEach,
    /// A pool of so many threads.
    Threads(u64),
    EventLoop,
}

/// How long all jobs take, if nothing but waiting and computing took time.
pub fn wall(jobs: Jobs, model: Model, processors: u64) -> u64 {
    let _ = (model, processors);
    jobs.count * (jobs.wait + jobs.compute)
}
