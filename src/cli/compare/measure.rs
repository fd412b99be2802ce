//! `glassloop measure`: one model, one workload, in a process of its own; the report is one JSON
//! document. `child.rs` starts it.

use std::io::{Read, Write, stdin, stdout};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::{Args, Subcommand};
use glassloop::trace::{Recorder, file};
use glassloop::workloads::Model;
use glassloop::workloads::download::{self, Job, Settings};
use glassloop::workloads::sum::{self, NumberRange, Numbers};
use serde::{Deserialize, Serialize};

use super::super::sum::processors;
use super::super::{End, explain, signals, values};
use super::memory;

/// Errors are alike: the first few tell.
const MOST_ERRORS: usize = 3;

#[derive(Args)]
pub(in super::super) struct Options {
    #[command(subcommand)]
    workload: Workload,
}

#[derive(Subcommand)]
enum Workload {
    /// Fetches the URLs on standard input
    Download {
        #[arg(long, value_parser = values::model())]
        model: Model,
        #[arg(long)]
        concurrency: NonZeroUsize,
        #[arg(long)]
        output: PathBuf,
        #[arg(long)]
        trace: Option<PathBuf>,
    },
    Sum {
        #[arg(long, value_parser = values::model())]
        model: Model,
        #[arg(long)]
        range: NumberRange,
        #[arg(long)]
        chunks: usize,
        #[arg(long)]
        trace: Option<PathBuf>,
    },
}

/// What a measurement reports.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Measured {
    /// Around the workload alone, with the making of a pool and its end.
    pub(super) wall_s: f64,
    pub(super) peak_rss_bytes: u64,
    pub(super) in_flight: usize,
    pub(super) jobs: usize,
    pub(super) failed: usize,
    pub(super) bytes: Option<u64>,
    pub(super) total: Option<i128>,
    pub(super) errors: Vec<String>,
}

pub(in super::super) fn run(options: Options) -> anyhow::Result<End> {
    let measured = match options.workload {
        Workload::Download { model, concurrency, output, trace } => {
            measure_download(model, concurrency, &output, trace.as_deref())?
        }
        Workload::Sum { model, range, chunks, trace } => {
            measure_sum(model, range, chunks, trace.as_deref())?
        }
    };
    writeln!(stdout(), "{}", serde_json::to_string(&measured)?)?;
    Ok(if measured.failed > 0 { End::SomeFailed } else { End::Done })
}

fn measure_download(
    model: Model,
    concurrency: NonZeroUsize,
    output: &Path,
    trace: Option<&Path>,
) -> anyhow::Result<Measured> {
    let mut urls = String::new();
    stdin().read_to_string(&mut urls).context("cannot read the URLs")?;
    let urls: Vec<&str> = urls.lines().collect();
    let jobs = Job::plan(&urls, output);
    let settings = Settings { concurrency, retries: 0, ..Settings::default() };

    let mut watch = Stopwatch::start();
    let mut fetcher = download::prepare(model, settings)?;
    let interrupt = signals::interrupt(|| ())?;
    let recorder = trace.is_some().then(Recorder::new);
    if let Some(recorder) = &recorder {
        fetcher = fetcher.record(recorder);
    }
    let report = fetcher.run(jobs, Arc::new(()), &interrupt)?;
    let peak_rss_bytes = watch.pause(|| memory::peak(&fetcher.processes()))?;
    drop(fetcher);
    let wall_s = watch.stop();
    save(recorder, trace, format!("download, {model}"))?;

    let errors = report.rows.iter().filter_map(|row| row.outcome.as_ref().err().map(explain));
    Ok(Measured {
        wall_s,
        peak_rss_bytes,
        in_flight: report.in_flight,
        jobs: report.rows.len(),
        failed: report.failed(),
        bytes: Some(report.bytes()),
        total: None,
        errors: errors.take(MOST_ERRORS).collect(),
    })
}

fn measure_sum(
    model: Model,
    range: NumberRange,
    chunks: usize,
    trace: Option<&Path>,
) -> anyhow::Result<Measured> {
    let chunks = Numbers::Range(range).split(chunks)?;

    let mut watch = Stopwatch::start();
    let mut adder = sum::prepare(model, processors())?;
    let interrupt = signals::interrupt(|| ())?;
    let recorder = trace.is_some().then(Recorder::new);
    if let Some(recorder) = &recorder {
        adder = adder.record(recorder);
    }
    let report = adder.run(&chunks, &interrupt)?;
    let peak_rss_bytes = watch.pause(|| memory::peak(&adder.processes()))?;
    drop(adder);
    let wall_s = watch.stop();
    save(recorder, trace, format!("sum, {model}"))?;

    let errors = report.parts.iter().filter_map(|part| part.sum.as_ref().err().map(explain));
    Ok(Measured {
        wall_s,
        peak_rss_bytes,
        in_flight: report.in_flight,
        jobs: report.parts.len(),
        failed: report.parts.iter().filter(|part| part.sum.is_err()).count(),
        bytes: None,
        total: report.total(),
        errors: errors.take(MOST_ERRORS).collect(),
    })
}

fn save(recorder: Option<Recorder>, trace: Option<&Path>, name: String) -> anyhow::Result<()> {
    if let (Some(recorder), Some(path)) = (recorder, trace) {
        file::save(path, &[recorder.finish(name)]).context("cannot write the trace")?;
    }
    Ok(())
}

/// Measures wall time, without that of looking at the memory.
struct Stopwatch {
    start: Instant,
    paused: Duration,
}

impl Stopwatch {
    fn start() -> Self {
        Self { start: Instant::now(), paused: Duration::ZERO }
    }

    fn pause<T>(&mut self, meanwhile: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = meanwhile();
        self.paused += start.elapsed();
        result
    }

    fn stop(self) -> f64 {
        (self.start.elapsed() - self.paused).as_secs_f64()
    }
}
