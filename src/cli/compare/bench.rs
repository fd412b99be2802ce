//! The measurements of a comparison: one model, one workload, one entry.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context;
use glassloop::server::Album;
use glassloop::workloads::sum::NumberRange;
use glassloop::workloads::{Interrupt, Model};
use indicatif::ProgressBar;
use serde::Serialize;
use tempfile::TempDir;

use super::super::{RED, sum, tell};
use super::child::{self, AlbumServer, Cost};
use super::measure::Measured;
use super::recording::Recording;
use super::{Options, verify};

/// A sum takes some milliseconds and a processor at its whim: the models take turns for so many rounds,
/// or for so long, and the median counts.
const SUM_ROUNDS: usize = 9;
const SUM_TIME: Duration = Duration::from_secs(2);

/// One model's run of one workload.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Entry {
    pub(super) model: &'static str,
    pub(super) wall_s: f64,
    pub(super) cpu_s: f64,
    pub(super) peak_rss_bytes: u64,
    pub(super) in_flight: usize,
    pub(super) jobs: usize,
    pub(super) failed: usize,
    /// Over `sequential`; missing when that did not run.
    pub(super) speedup: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) bytes: Option<u64>,
    /// All files are there byte for byte, or the sum is right.
    pub(super) verified: bool,
}

/// Measures; says on the terminal what is being measured.
pub(super) struct Bench<'a> {
    pub(super) options: &'a Options,
    pub(super) interrupt: &'a Interrupt,
    pub(super) spinner: &'a ProgressBar,
    pub(super) recording: Recording,
}

/// Downloads from a server that runs as long as this.
pub(super) struct Downloads<'a> {
    bench: &'a Bench<'a>,
    album: Album,
    server: AlbumServer,
    /// Holds what all models fetched until the last is done: where files have just been deleted, some file systems
    /// (ext4) are slow to make new ones, and whoever comes next would pay.
    folder: TempDir,
}

impl<'a> Bench<'a> {
    pub(super) fn downloads(&'a self) -> anyhow::Result<Downloads<'a>> {
        let Options { files, size, latency, .. } = *self.options;
        let album = Album::Generated { files: files as usize, size };
        let server = AlbumServer::start(files, size, latency)?;
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        Ok(Downloads { bench: self, album, server, folder })
    }

    /// The models take turns; the medians in the order of the models.
    pub(super) fn sums(&self, models: &[Model]) -> anyhow::Result<Vec<Entry>> {
        let last = self.options.sum;
        let range = NumberRange::new(1, last)?;
        let total = i128::from(last) * (i128::from(last) + 1) / 2;
        let mut rounds = vec![Vec::new(); models.len()];
        let start = Instant::now();
        for round in 0..SUM_ROUNDS {
            if round > 0 && start.elapsed() > SUM_TIME {
                break;
            }
            for (entries, &model) in rounds.iter_mut().zip(models) {
                self.spinner.set_message(format!("sum, {model}"));
                let chunks = sum::processors();
                let measure = |trace: Option<&Path>| {
                    child::measure_sum(model, range, chunks, trace, self.interrupt)
                };
                let (measured, cost) = match round {
                    0 => self.recording.of(measure)?,
                    _ => measure(None)?,
                };
                let verified = measured.total == Some(total);
                entries.push(entry(model, measured, cost, verified));
            }
        }
        Ok(rounds.into_iter().map(median).collect())
    }
}

impl Downloads<'_> {
    pub(super) fn measure(
        &self,
        model: Model,
        concurrency: usize,
        trace: Option<&Path>,
    ) -> anyhow::Result<Entry> {
        let Bench { interrupt, spinner, .. } = *self.bench;
        spinner.set_message(format!("download, {model}, {concurrency} at once"));
        let folder =
            tempfile::tempdir_in(&self.folder).context("cannot make a temporary folder")?.keep();
        let urls = self.server.urls(&self.album)?;
        let (measured, cost) =
            child::measure_download(model, concurrency, &urls, &folder, trace, interrupt)?;
        let verified = verify::folder(&self.album, &folder, interrupt)?;
        Ok(entry(model, measured, cost, verified))
    }
}

/// The entry with the median wall; if one of them went wrong, that one.
fn median(mut entries: Vec<Entry>) -> Entry {
    entries.sort_by(|a, b| a.wall_s.total_cmp(&b.wall_s));
    let wrong = entries.iter().position(|entry| !entry.verified);
    entries.swap_remove(wrong.unwrap_or(entries.len() / 2))
}

fn entry(model: Model, measured: Measured, cost: Cost, verified: bool) -> Entry {
    for error in &measured.errors {
        tell(format_args!("{RED}failed:{RED:#} {model}: {error}"));
    }
    Entry {
        model: model.name(),
        wall_s: measured.wall_s,
        cpu_s: cost.cpu_s,
        peak_rss_bytes: measured.peak_rss_bytes,
        in_flight: measured.in_flight,
        jobs: measured.jobs,
        failed: measured.failed,
        speedup: None,
        bytes: measured.bytes,
        verified,
    }
}

/// How much faster each was than one after another.
pub(super) fn add_speedups(entries: &mut [Entry]) {
    let sequential = Model::Sequential.name();
    let base = entries.iter().find(|entry| entry.model == sequential).map(|entry| entry.wall_s);
    for entry in entries {
        entry.speedup = base.map(|base| base / entry.wall_s);
    }
}
