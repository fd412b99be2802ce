//! How long jobs take under each model.

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
    let Jobs { count, wait, compute } = jobs;
    match model {
        Model::Sequential => count * (wait + compute),
        // One thread computes, whoever waits.
        Model::EventLoop => wait + count * compute,
        Model::ThreadEach => wall(jobs, Model::Threads(count), processors),
        // As many at once as there are workers; but no more compute at once than there are processors.
        Model::Threads(workers) => {
            let waves = count.div_ceil(workers);
            let at_once = workers.min(count);
            waves * (wait + compute * at_once.div_ceil(processors))
        }
    }
}
