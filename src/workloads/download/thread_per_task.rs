//! A thread for each file, with a session of its own; no more at once than the settings allow.

use std::sync::mpsc;
use std::thread;

use super::blocking::Session;
use super::{DownloadError, Job, Row, Run};

pub(super) fn run(jobs: Vec<Job>, run: &Run) -> Vec<Row> {
    thread::scope(|scope| {
        // ANCHOR: start
        // A thread that ends gives its permit back, also when it panics.
        let (give_back, permits) = mpsc::channel();
        for _ in 0..run.settings.concurrency.get().min(jobs.len()) {
            let _ = give_back.send(());
        }
        let start = |job: Job| {
            let _ = permits.recv();
            let permit = Permit(give_back.clone());
            if run.interrupt.is_set() {
                return Started::Never(run.not_begun(job, DownloadError::Interrupted));
            }
            let kept = job.clone();
            let work = move || {
                let _permit = permit;
                Session::new(run).fetch(job, run)
            };
            match thread::Builder::new().spawn_scoped(scope, work) {
                Ok(thread) => Started::Thread(thread, kept),
                Err(error) => Started::Never(run.not_begun(kept, DownloadError::NotStarted(error))),
            }
        };
        // ANCHOR_END: start
        // ANCHOR: join
        // Collected first: a chain of iterators would join each thread before it starts the next.
        let threads: Vec<_> = jobs.into_iter().map(start).collect();
        let row = |started| match started {
            Started::Never(row) => row,
            Started::Thread(thread, job) => {
                thread.join().unwrap_or_else(|_| run.not_begun(job, DownloadError::Panicked))
            }
        };
        threads.into_iter().map(row).collect()
        // ANCHOR_END: join
    })
}

enum Started<'scope> {
    Thread(thread::ScopedJoinHandle<'scope, Row>, Job),
    Never(Row),
}

// ANCHOR: permit
struct Permit(mpsc::Sender<()>);

impl Drop for Permit {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}
// ANCHOR_END: permit
