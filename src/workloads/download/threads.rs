//! A few threads that stay, each with a session of its own: it fetches one file after another, and
//! keeps its connections in between.

use std::io;
use std::sync::Arc;

use super::blocking::Session;
use super::{DownloadError, Job, Row, Run};
use crate::threads::ThreadPool;

// ANCHOR: run
pub(super) fn run(jobs: Vec<Job>, run: &Arc<Run>) -> io::Result<Vec<Row>> {
    let size = run.settings.concurrency.get().min(jobs.len()).max(1);
    let sessions = Arc::clone(run);
    let pool =
        ThreadPool::builder().size(size).build_with_state(move |_| Session::new(&sessions))?;
    let shared = Arc::clone(run);
    let kept = jobs.clone();
    let rows = pool.map(jobs, move |session, job| match shared.interrupt.is_set() {
        false => session.fetch(job, &shared),
        true => shared.not_begun(job, DownloadError::Interrupted),
    });
    let row = |(row, job): (Result<Row, _>, _)| {
        row.unwrap_or_else(|_| run.not_begun(job, DownloadError::Panicked))
    };
    Ok(rows.zip(kept).map(row).collect())
}
// ANCHOR_END: run
