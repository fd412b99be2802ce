//! What must be so after every run, whatever went wrong in it.

use std::path::Path;
use std::time::Duration;

use glassloop::sim::Fault;
use glassloop::trace::{Cause, Event};
use glassloop::workloads::download::{DownloadError, Row};
use glassloop::workloads::part_file::PartFileError;
use sha2::{Digest, Sha256};

use super::laws::{self, Order, State};
use super::scenario::{FOREIGN, Outcome, Turn};

impl Outcome {
    pub fn check(&self) {
        self.everybody_is_gone();
        self.the_trace_is_lawful();
        self.every_name_means_a_complete_file();
        self.each_row_says_what_is_there();
        self.each_failure_has_its_fault();
    }

    fn everybody_is_gone(&self) {
        assert_eq!(self.tasks_left, 0, "tasks are left");
        assert_eq!(self.deadlines_left, 0, "deadlines are left");
        assert_eq!(self.connections_left, 0, "ends of connections are left");
    }

    fn the_trace_is_lawful(&self) {
        let events: Vec<Event> = self.trace.iter().map(|record| record.event.clone()).collect();
        let states = laws::check(&events, Order::ByLot);
        assert!(states.values().all(|state| *state == State::Finished), "{states:?}");
        let kernel = |event: &Event| matches!(event, Event::Ready { by: Cause::Kernel, .. });
        assert!(!events.iter().any(kernel), "the kernel has a say in a simulated world");
        assert!(self.trace.is_sorted_by_key(|record| record.at), "time went back");
    }

    /// Also after an abort or an interrupt, and whatever the report says.
    fn every_name_means_a_complete_file(&self) {
        for (path, content) in &self.files {
            if content == FOREIGN && self.plan.foreign.as_ref() == Some(path) {
                continue;
            }
            let mut jobs = self.plan.jobs.iter();
            let job = jobs.find(|job| job.target.as_ref() == Some(path));
            let job = job.unwrap_or_else(|| panic!("{} was left there", path.display()));
            let expected = self.plan.content(job).expect("the server has no such file");
            assert_eq!(
                Sha256::digest(content),
                Sha256::digest(&expected),
                "{} has {} bytes of {}, or others",
                path.display(),
                content.len(),
                expected.len()
            );
        }
        if let Some(path) = &self.plan.foreign
            && !self.plan.settings.replace
            && !matches!(self.plan.turn, Turn::Meddle(_))
        {
            assert_eq!(self.content(path), Some(FOREIGN), "{} is not theirs now", path.display());
        }
    }

    fn each_row_says_what_is_there(&self) {
        let Some(report) = &self.report else {
            assert!(matches!(self.plan.turn, Turn::Abort(_)), "the report is missing");
            return;
        };
        assert_eq!(report.rows.len(), self.plan.jobs.len());
        let settings = &self.plan.settings;
        assert!(report.in_flight <= settings.concurrency.get(), "too many at once");
        for row in &report.rows {
            assert!(row.attempts <= 1 + settings.retries, "{row:?} was tried too often");
            let longest_pause = Duration::from_secs(10);
            let limit =
                (settings.timeout.expect("it is set") + longest_pause) * row.attempts.max(1);
            assert!(row.elapsed <= limit, "{row:?} took too long");
        }
        for (row, job) in report.rows.iter().zip(&self.plan.jobs) {
            assert_eq!((&row.job.url, &row.job.target), (&job.url, &job.target));
            let there = job.target.as_deref().and_then(|target| self.content(target));
            match &row.outcome {
                Ok(length) => {
                    let content = there.unwrap_or_else(|| panic!("{row:?} is not there"));
                    assert_eq!(Some(content), self.plan.content(job).as_deref(), "{row:?}");
                    assert_eq!(*length, content.len() as u64);
                }
                Err(error) => {
                    assert!(!matches!(error, DownloadError::Panicked), "{row:?}");
                    assert!(!error.to_string().is_empty());
                    let theirs = there == Some(FOREIGN) && self.plan.foreign == job.target;
                    assert!(there.is_none() || theirs, "{row:?} has failed, and yet it is there");
                }
            }
        }
    }

    // ANCHOR: fault
    /// An attempt fails only if something has gone wrong: each for a fault of its own. So when nothing harmful
    /// has happened, everything arrives at the first attempt.
    fn each_failure_has_its_fault(&self) {
        let disturbed = self.plan.hurried || matches!(self.plan.turn, Turn::Restart(..));
        let (Some(report), false) = (&self.report, disturbed) else { return };
        let failures: u64 = report.rows.iter().map(|row| self.unexplained(row)).sum();
        let faults = self.tally.harmful();
        assert!(
            failures <= faults,
            "{failures} attempts have failed for {faults} faults: {:?}",
            report.rows
        );
    }
    // ANCHOR_END: fault

    /// The failed attempts of a row that do not follow from what was asked for.
    fn unexplained(&self, row: &Row) -> u64 {
        let somebody_elses = |path: &Path| self.plan.foreign.as_deref() == Some(path);
        let explained = match &row.outcome {
            Ok(_) | Err(DownloadError::Interrupted) => true,
            Err(DownloadError::Status(status)) => {
                *status == http::StatusCode::NOT_FOUND && self.plan.content(&row.job).is_none()
            }
            Err(DownloadError::File(PartFileError::TargetExists { target })) => {
                somebody_elses(target)
            }
            Err(DownloadError::File(
                PartFileError::PartExists { part } | PartFileError::Spoilt { part },
            )) => somebody_elses(part),
            Err(_) => row.job.target.is_none(),
        };
        u64::from(row.attempts.saturating_sub(u32::from(explained)))
    }

    fn content(&self, path: &Path) -> Option<&[u8]> {
        let found = self.files.iter().find(|(other, _)| other == path);
        found.map(|(_, content)| &content[..])
    }

    /// For those who replay it.
    pub fn tell(&self) {
        println!("{:#?}", self.plan);
        for record in &self.trace {
            println!("{:>12.3?}  {:?}", record.at, record.event);
        }
        for row in self.report.iter().flat_map(|report| &report.rows) {
            println!("{:?} of {} after {} attempts", row.outcome, row.job.url, row.attempts);
        }
        for fault in Fault::ALL.into_iter().filter(|fault| self.tally.of(*fault) > 0) {
            println!("{:>9}  {fault}", self.tally.of(fault));
        }
    }
}
