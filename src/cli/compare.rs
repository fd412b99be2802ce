//! `glassloop compare`: the same download and the same sum under every model, each in a process of its
//! own, beside each other.

mod bench;
mod child;
pub(super) mod measure;
mod memory;
mod recording;
mod sweep;
mod table;
mod verdict;
mod verify;

use std::io::{Write, stdout};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use glassloop::workloads::Model;
use indicatif::ProgressBar;
use serde::Serialize;

use self::bench::{Bench, Entry, add_speedups};
use self::recording::Recording;
use self::sweep::Step;
use self::verdict::Verdict;
use super::traces::TraceFile;
use super::{End, signals, tell, values};

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
    /// How many workers a pool downloads with
    #[arg(long, default_value = "8", value_name = "N")]
    concurrency: NonZeroUsize,
    /// Add the numbers from 1 to this
    #[arg(long, default_value = "100000000", value_parser = clap::value_parser!(i64).range(1..), value_name = "N")]
    sum: i64,
    /// Measure each model with 1, 2, 4 ... files in flight, too
    #[arg(long)]
    sweep: bool,
    /// Only these models, separated by commas
    #[arg(long, value_delimiter = ',', value_parser = values::model(), value_name = "LIST")]
    models: Vec<Model>,
    /// Print one JSON document instead
    #[arg(long)]
    json: bool,
    /// Record every model's download and its first sum, for `glassloop timeline`; it costs them a little
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
}

#[derive(Debug, Default, Serialize)]
struct Comparison {
    download: Vec<Entry>,
    sum: Vec<Entry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sweep: Vec<Step>,
    verdict: Verdict,
}

pub(super) fn run(options: &Options) -> anyhow::Result<End> {
    let last_words = || tell("interrupted: nothing was finished in time to be compared");
    let interrupt = signals::interrupt(last_words)?;
    let models = match options.models.as_slice() {
        [] => Model::ALL.to_vec(),
        chosen => Model::ALL.into_iter().filter(|model| chosen.contains(model)).collect(),
    };
    let trace = TraceFile::create(options.trace.as_deref())?;
    let spinner = ProgressBar::new_spinner();
    spinner.enable_steady_tick(Duration::from_millis(100));

    let recording = Recording::begin(trace.is_some())?;
    let bench = Bench { options, interrupt: &interrupt, spinner: &spinner, recording };
    let mut comparison = Comparison::default();
    let measured = measure_all(&bench, &models, &mut comparison);
    spinner.finish_and_clear();
    if let Err(error) = measured {
        interrupt.pause(child::LATE_NEWS);
        // What broke after an interrupt broke because it was told to.
        if !interrupt.is_set() {
            return Err(error);
        }
    }
    if let Some(trace) = trace {
        trace.write(&bench.recording.finish())?;
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
    let steps = comparison.sweep.iter().map(|step| &step.entry);
    let mut entries = comparison.download.iter().chain(&comparison.sum).chain(steps);
    let all_well = entries.all(|entry| entry.failed == 0 && entry.verified);
    Ok(if all_well { End::Done } else { End::SomeFailed })
}

/// Fills in the comparison, one model after another, so that an interrupt leaves what is complete.
fn measure_all(
    bench: &Bench<'_>,
    models: &[Model],
    comparison: &mut Comparison,
) -> anyhow::Result<()> {
    let downloads = bench.downloads()?;
    for &model in models {
        let in_flight = bench.options.in_flight(model);
        let measure = |trace: Option<&Path>| downloads.measure(model, in_flight, trace);
        comparison.download.push(bench.recording.of(measure)?);
    }
    if bench.options.sweep {
        sweep::measure(&downloads, models, bench.options.files as usize, &mut comparison.sweep)?;
    }
    drop(downloads);
    comparison.sum = bench.sums(models)?;
    Ok(())
}

impl Options {
    /// How many files a model may have in flight: all of them where nothing but the model limits it.
    fn in_flight(&self, model: Model) -> usize {
        match model {
            Model::Sequential => 1,
            Model::Threads | Model::Processes => self.concurrency.get(),
            Model::ThreadPerTask | Model::EventLoop => self.files as usize,
        }
    }
}
