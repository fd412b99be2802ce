//! `glassloop measure`: one model, one workload, in a process of its own; the report is one JSON
//! document. `child.rs` starts it.

use std::io::{Read, Write, stdin, stdout};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use clap::{Args, Subcommand};
use glassloop::workloads::download::{self, Job, Settings};
use glassloop::workloads::sum::{NumberRange, Numbers};
use glassloop::workloads::{Interrupt, Model};
use serde::{Deserialize, Serialize};

use super::super::progress::explain;
use super::super::{End, signals, sum, values};

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
    },
    Sum {
        #[arg(long, value_parser = values::model())]
        model: Model,
        #[arg(long)]
        range: NumberRange,
        #[arg(long)]
        chunks: usize,
    },
}

/// What a measurement reports.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Measured {
    /// Around the workload alone.
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
    let interrupt = signals::interrupt(|| ())?;
    let mut measured = match options.workload {
        Workload::Download { model, concurrency, output } => {
            measure_download(model, concurrency, output, &interrupt)?
        }
        Workload::Sum { model, range, chunks } => measure_sum(model, range, chunks, &interrupt)?,
    };
    measured.peak_rss_bytes = peak_memory()?;
    writeln!(stdout(), "{}", serde_json::to_string(&measured)?)?;
    Ok(if interrupt.is_set() { End::Interrupted } else { End::Done })
}

fn measure_download(
    model: Model,
    concurrency: NonZeroUsize,
    output: PathBuf,
    interrupt: &Interrupt,
) -> anyhow::Result<Measured> {
    let mut urls = String::new();
    stdin().read_to_string(&mut urls).context("cannot read the URLs")?;
    let urls: Vec<&str> = urls.lines().collect();
    let jobs = Job::plan(&urls, &output);
    let settings = Settings { concurrency, retries: 0, ..Settings::default() };

    let start = Instant::now();
    let report = download::run(model, jobs, settings, Arc::new(()), interrupt)?;
    let wall_s = start.elapsed().as_secs_f64();

    let errors = report.rows.iter().filter_map(|row| row.outcome.as_ref().err().map(explain));
    Ok(Measured {
        wall_s,
        in_flight: report.in_flight,
        jobs: report.rows.len(),
        failed: report.failed(),
        bytes: Some(report.bytes()),
        errors: errors.take(MOST_ERRORS).collect(),
        ..Measured::default()
    })
}

fn measure_sum(
    model: Model,
    range: NumberRange,
    chunks: usize,
    interrupt: &Interrupt,
) -> anyhow::Result<Measured> {
    let start = Instant::now();
    let report = sum::add(&Numbers::Range(range), model, chunks, interrupt)?;
    let wall_s = start.elapsed().as_secs_f64();

    let errors = report.parts.iter().filter_map(|part| part.sum.as_ref().err().map(explain));
    Ok(Measured {
        wall_s,
        in_flight: report.in_flight,
        jobs: report.parts.len(),
        failed: report.parts.iter().filter(|part| part.sum.is_err()).count(),
        total: report.total(),
        errors: errors.take(MOST_ERRORS).collect(),
        ..Measured::default()
    })
}

/// The most memory this process has had resident, in bytes.
///
/// From `VmHWM`, which begins anew at exec. (`getrusage` would tell the parent's peak if that was
/// higher: it is inherited.)
#[cfg(target_os = "linux")]
fn peak_memory() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").context("cannot read memory use")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    Ok(kib.context("/proc/self/status has no VmHWM")? * 1024)
}

/// The most memory this process has had resident, in bytes.
#[cfg(not(target_os = "linux"))]
fn peak_memory() -> anyhow::Result<u64> {
    use nix::sys::resource::{UsageWho, getrusage};

    let peak = getrusage(UsageWho::RUSAGE_SELF).context("cannot read memory use")?.max_rss();
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    Ok(u64::try_from(peak).unwrap_or(0) * unit)
}
