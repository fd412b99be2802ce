/// A job: for how many milliseconds it computes, and for how many it waits after that.
pub struct Job {
    pub computes: u64,
    pub waits: u64,
}

/// How many milliseconds the jobs take at the very least, rounded up.
pub fn at_best(jobs: &[Job], processors: u64) -> u64 {
    // One after another.
    jobs.iter().map(|job| job.computes + job.waits).sum()
}
