//! A task for each file, all on this thread, sharing one session; no more at once than the settings
//! allow. Put it beside `blocking.rs`.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use super::attempt::Arriving;
use super::{Attempts, DownloadError, Job, Row, Run, Settings};
use crate::http::{self, Connect, Session};
use crate::task::JoinSet;
use crate::time::{sleep, timeout};
use crate::workloads::part_file::{Disk, OsDisk};
use crate::workloads::{Interrupt, recorded};

#[cfg(feature = "tls")]
type Dial = http::TlsConnect<http::TcpConnect>;
#[cfg(not(feature = "tls"))]
type Dial = http::TcpConnect;

fn dial(settings: &Settings) -> Dial {
    #[cfg(feature = "tls")]
    return Dial::tcp(settings.connect_timeout, settings.trust.clone());
    #[cfg(not(feature = "tls"))]
    return Dial { timeout: settings.connect_timeout };
}

pub(super) fn run(jobs: Vec<Job>, run: &Arc<Run>) -> io::Result<Vec<Row>> {
    recorded(run.settings.runtime.clone(), run.recorder.as_ref(), |runtime| {
        runtime.block_on(fetch_all(jobs, run, dial(&run.settings), OsDisk))
    })
}

pub(super) async fn fetch_all<C, D>(jobs: Vec<Job>, run: &Arc<Run>, connect: C, disk: D) -> Vec<Row>
where
    C: Connect + 'static,
    D: Disk + Clone + 'static,
{
    let session = Session::new(connect);
    let mut rows: Vec<Option<Row>> = jobs.iter().map(|_| None).collect();
    let mut waiting = jobs.clone().into_iter().enumerate();
    let mut under_way = JoinSet::new();
    loop {
        while under_way.len() < run.settings.concurrency.get()
            && !run.interrupt.is_set()
            && let Some((place, job)) = waiting.next()
        {
            let fetcher = Fetcher { session: session.clone(), disk: disk.clone() };
            let (name, run) = (job.url.clone(), Arc::clone(run));
            let fetch = async move { (place, fetcher.fetch(job, &run).await) };
            under_way.build_task().name(&name).spawn(fetch);
        }
        match under_way.join_next().await {
            Some(Ok((place, row))) => rows[place] = Some(row),
            Some(Err(_panicked)) => {} // its row is missing
            None => break,
        }
    }
    let missing = |job| match run.interrupt.is_set() {
        true => run.not_begun(job, DownloadError::Interrupted),
        false => run.not_begun(job, DownloadError::Panicked),
    };
    rows.into_iter().zip(jobs).map(|(row, job)| row.unwrap_or_else(|| missing(job))).collect()
}

/// Where a task's bytes come from and where they go.
struct Fetcher<C: Connect, D> {
    session: Session<C>,
    disk: D,
}

impl<C: Connect, D: Disk + Clone> Fetcher<C, D> {
    /// Fetches a file, in as many attempts as it takes and the settings allow.
    async fn fetch(&self, job: Job, run: &Run) -> Row {
        let mut attempts = Attempts::begin(run);
        loop {
            let attempt = self.attempt_in_time(&job, run);
            let outcome = unless(&run.interrupt, attempt).await;
            let outcome = outcome.unwrap_or(Err(DownloadError::Interrupted));
            match attempts.pause_after(&outcome) {
                Some(pause) => _ = unless(&run.interrupt, sleep(pause)).await,
                None => return attempts.end(job, outcome),
            }
        }
    }

    async fn attempt_in_time(&self, job: &Job, run: &Run) -> Result<u64, DownloadError> {
        let Some(limit) = run.settings.timeout else { return self.attempt(job, run).await };
        let outcome = timeout(limit, self.attempt(job, run)).await;
        outcome.unwrap_or(Err(DownloadError::TimedOut(limit)))
    }

    async fn attempt(&self, job: &Job, run: &Run) -> Result<u64, DownloadError> {
        let mut response = self.session.get(&job.url).await?;
        let length = response.content_length();
        let mut file = Arriving::begin(self.disk.clone(), job, response.status, length, run)?;
        while let Some(chunk) = response.chunk().await? {
            file.receive(chunk)?;
        }
        file.finish()
    }
}

/// Waits for `future`, but gives it up when the work is asked to stop.
async fn unless<F: Future>(interrupt: &Interrupt, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut stop = pin!(interrupt.wait());
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => stop.as_mut().poll(cx).map(|()| None),
    })
    .await
}
