//! `glassloop compare`: the same download and the same sum under every model, each in a process of its
//! own, beside each other.

mod child;
pub(super) mod measure;
mod table;
mod verdict;
mod verify;

use std::io::{Write, stdout};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use glassloop::server::Album;
use glassloop::workloads::sum::NumberRange;
use glassloop::workloads::{Interrupt, Model};
use indicatif::ProgressBar;
use serde::Serialize;

use self::child::{AlbumServer, Cost};
use self::measure::Measured;
use self::verdict::Verdict;
use super::{End, RED, signals, sum, tell, values};

/// A sum takes some milliseconds and a processor at its whim: the models take turns for so many rounds,
/// or for so long, and the median counts.
const SUM_ROUNDS: usize = 9;
const SUM_TIME: Duration = Duration::from_secs(2);

#[derive(Args)]
pub(super) struct Options {
    /// How many files to download
    #[arg(long, default_value = "80", value_parser = clap::value_parser!(u32).range(1..), value_name = "N")]
    files: u32,
    /// How long each file is
    #[arg(long, default_value = "16KiB", value_parser = values::size)]
    size: u64,
    /// How long the server waits before each answer
    #[arg(long, default_value = "50ms", value_parser = values::duration, value_name = "DURATION")]
    latency: Duration,
    /// Add the numbers from 1 to this
    #[arg(long, default_value = "100000000", value_parser = clap::value_parser!(i64).range(1..), value_name = "N")]
    sum: i64,
    /// Only these models, separated by commas
    #[arg(long, value_delimiter = ',', value_parser = values::model(), value_name = "LIST")]
    models: Vec<Model>,
    /// Print one JSON document instead
    #[arg(long)]
    json: bool,
}

/// One model's run of one workload.
#[derive(Clone, Debug, Serialize)]
struct Entry {
    model: &'static str,
    wall_s: f64,
    cpu_s: f64,
    peak_rss_bytes: u64,
    in_flight: usize,
    jobs: usize,
    failed: usize,
    /// Over `sequential`; missing when that did not run.
    speedup: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    /// All files are there byte for byte, or the sum is right.
    verified: bool,
}

#[derive(Debug, Default, Serialize)]
struct Comparison {
    download: Vec<Entry>,
    sum: Vec<Entry>,
    verdict: Verdict,
}

pub(super) fn run(options: &Options) -> anyhow::Result<End> {
    let last_words = || tell("interrupted: nothing was finished in time to be compared");
    let interrupt = signals::interrupt(last_words)?;
    let models = match options.models.as_slice() {
        [] => Model::ALL.to_vec(),
        chosen => Model::ALL.into_iter().filter(|model| chosen.contains(model)).collect(),
    };
    let spinner = ProgressBar::new_spinner();
    spinner.enable_steady_tick(Duration::from_millis(100));

    let mut comparison = Comparison::default();
    let measured = measure_all(options, &models, &interrupt, &spinner, &mut comparison);
    spinner.finish_and_clear();
    match measured {
        // What broke then broke because it was told to.
        Err(error) if !interrupt.is_set() => return Err(error),
        _ => {}
    }

    add_speedups(&mut comparison.download);
    add_speedups(&mut comparison.sum);
    comparison.verdict = Verdict::new(&comparison.download, &comparison.sum);
    if options.json {
        writeln!(stdout(), "{}", serde_json::to_string_pretty(&comparison)?)?;
    } else {
        table::print(options, &comparison)?;
    }
    if interrupt.is_set() {
        tell("interrupted: not every model was measured");
        return Ok(End::Interrupted);
    }
    let mut entries = comparison.download.iter().chain(&comparison.sum);
    let all_well = entries.all(|entry| entry.failed == 0 && entry.verified);
    Ok(if all_well { End::Done } else { End::SomeFailed })
}

/// Fills in the comparison, one model after another, so that an interrupt leaves what is complete.
fn measure_all(
    options: &Options,
    models: &[Model],
    interrupt: &Interrupt,
    spinner: &ProgressBar,
    comparison: &mut Comparison,
) -> anyhow::Result<()> {
    let album = Album::Generated { files: options.files as usize, size: options.size };
    let server = AlbumServer::start(options.files, options.size, options.latency)?;
    for &model in models {
        spinner.set_message(format!("download, {model}"));
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let urls = server.urls(&album)?;
        let (measured, cost) = child::measure_download(model, &urls, folder.path(), interrupt)?;
        let verified = verify::folder(&album, folder.path(), interrupt)?;
        comparison.download.push(entry(model, measured, cost, verified));
    }
    drop(server);
    let range = NumberRange::new(1, options.sum)?;
    let last = i128::from(options.sum);
    let mut rounds = vec![Vec::new(); models.len()];
    let start = Instant::now();
    while rounds[0].is_empty() || rounds[0].len() < SUM_ROUNDS && start.elapsed() < SUM_TIME {
        for (entries, &model) in rounds.iter_mut().zip(models) {
            spinner.set_message(format!("sum, {model}"));
            let (measured, cost) = child::measure_sum(model, range, sum::processors(), interrupt)?;
            let verified = measured.total == Some(last * (last + 1) / 2);
            entries.push(entry(model, measured, cost, verified));
        }
    }
    comparison.sum = rounds.into_iter().map(median).collect();
    Ok(())
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

fn add_speedups(entries: &mut [Entry]) {
    let sequential = Model::Sequential.name();
    let base = entries.iter().find(|entry| entry.model == sequential).map(|entry| entry.wall_s);
    for entry in entries {
        entry.speedup = base.map(|base| base / entry.wall_s);
    }
}
