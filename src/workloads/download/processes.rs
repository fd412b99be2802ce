//! Worker processes, each with a session of its own, which its initializer makes.

use std::error::Error;
use std::ffi::OsString;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::blocking::Session;
use super::{DownloadError, Job, Row, Run, Settings};
use crate::processes::{ProcessPool, StartError};
use crate::trace::{Account, Track};
use crate::workloads::pooled::{Span, accounted, die_if_told, do_all};
use crate::workloads::{InFlight, Interrupt, part_file};

/// Workers that are ready to fetch.
#[derive(Debug)]
pub(super) struct Fetchers {
    pool: ProcessPool<Errand, Outcome>,
    /// The workers have inherited it.
    clock: Instant,
}

/// A job on its way.
#[derive(Debug, Serialize, Deserialize)]
struct Errand {
    url: String,
    /// A path need not be text.
    target: Option<OsString>,
    record: bool,
}

/// A row on its way back. An error is text by then.
#[derive(Debug, Serialize, Deserialize)]
struct Outcome {
    outcome: Result<u64, String>,
    attempts: u32,
    elapsed: Duration,
    span: Span,
    account: Option<Account>,
}

impl Fetchers {
    pub(super) fn fork(settings: &Settings) -> Result<Self, StartError> {
        let clock = Instant::now();
        let begin = || {
            let (watch, in_flight) = (Arc::new(()), InFlight::default());
            let interrupt = Interrupt::on_sigterm();
            let settings = settings.clone();
            let run = Run { settings, watch, interrupt, in_flight, recorder: None };
            (Session::new(&run), run)
        };
        let fetch = |(session, run): &mut (Session, Run), errand: Errand| {
            let Errand { url, target, record } = errand;
            let job = Job { url, target: target.map(Into::into), track: None };
            die_if_told(&run.interrupt);
            let fetch = || accounted(record, clock, || session.fetch(job, run));
            let (span, (row, account)) = Span::of(clock, fetch);
            if row.outcome.is_err() {
                die_if_told(&run.interrupt);
            }
            let outcome = row.outcome.map_err(|error| explain(&error));
            Outcome { outcome, attempts: row.attempts, elapsed: row.elapsed, span, account }
        };
        let builder = ProcessPool::builder().workers(settings.concurrency.get());
        Ok(Self { pool: builder.initializer(begin).build(fetch)?, clock })
    }

    pub(super) fn processes(&self) -> Vec<u32> {
        self.pool.processes()
    }

    /// A row for each job in its order, and how many were under way at once.
    pub(super) fn run(&self, jobs: Vec<Job>, run: &Run) -> io::Result<(Vec<Row>, usize)> {
        let part = |job: &Job| part_file::part_of(job.target.as_deref()?);
        // What stands there before belongs to somebody else.
        let foreign: Vec<bool> = jobs
            .iter()
            .map(|job| part(job).is_some_and(|part| part.symlink_metadata().is_ok()))
            .collect();
        let errands = jobs.iter().map(|job| Errand {
            url: job.url.clone(),
            target: job.target.as_ref().map(|target| target.clone().into()),
            record: job.track.is_some(),
        });
        let mut rows: Vec<Option<Row>> = jobs.iter().map(|_| None).collect();
        let mut spans = Vec::new();
        do_all(&self.pool, errands, &run.interrupt, |place, result| {
            let job = jobs[place].clone();
            if result.is_err()
                && !foreign[place]
                && let Some(part) = part(&job)
            {
                // A worker that was killed could not take it along.
                let _ = std::fs::remove_file(part);
            }
            let row = match result {
                Ok(Outcome { outcome, attempts, elapsed, span, account }) => {
                    spans.push(span);
                    if let (Some(track), Some(account)) = (&job.track, account) {
                        track.add(self.clock, account);
                    }
                    let outcome = outcome.map_err(|text| match run.interrupt.is_set() {
                        true => DownloadError::Interrupted,
                        false => DownloadError::InWorker(text),
                    });
                    run.watch.received(outcome.as_ref().map_or(0, |bytes| *bytes as usize));
                    Row { job, outcome, attempts, elapsed }
                }
                Err(error) => {
                    job.track.iter().for_each(Track::lost);
                    // The death of a worker that was told to stop is the interrupt's doing.
                    let error = match run.interrupt.is_set() {
                        true => DownloadError::Interrupted,
                        false => DownloadError::Worker(error),
                    };
                    Row { job, outcome: Err(error), attempts: 0, elapsed: Duration::ZERO }
                }
            };
            run.watch.finished(&row);
            rows[place] = Some(row);
        })?;
        let missing = |job| run.not_begun(job, DownloadError::Panicked);
        let rows = rows.into_iter().zip(jobs).map(|(row, job)| row.unwrap_or_else(|| missing(job)));
        Ok((rows.collect(), Span::peak(&spans)))
    }
}

/// An error with its causes.
fn explain(error: &DownloadError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
