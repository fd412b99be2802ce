//! One file after another, over one connection that is kept.

use super::blocking::Session;
use super::{DownloadError, Job, Row, Run};

// ANCHOR: run
pub(super) fn run(jobs: Vec<Job>, run: &Run) -> Vec<Row> {
    let session = Session::new(run);
    let fetch = |job| match run.interrupt.is_set() {
        false => session.fetch(job, run),
        true => run.not_begun(job, DownloadError::Interrupted),
    };
    jobs.into_iter().map(fetch).collect()
}
// ANCHOR_END: run
