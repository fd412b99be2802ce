//! `glassloop sum`: adds up a range, or the numbers in files.

use std::io::{Write, stdout};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;
use std::time::Instant;

use clap::Args;
use glassloop::trace::Recorder;
use glassloop::workloads::Model;
use glassloop::workloads::sum::{self, MAX_CHUNKS, NumberRange, Numbers, Part, SumReport};
use serde::Serialize;

use super::traces::TraceFile;
use super::{End, RED, explain, signals, tell, values};

#[derive(Args)]
pub(super) struct Options {
    /// Files of whole numbers, separated by white space
    #[arg(required_unless_present = "range", conflicts_with = "range")]
    files: Vec<PathBuf>,
    /// The numbers from A to B, both included
    #[arg(long, value_name = "A..=B", allow_hyphen_values = true)]
    range: Option<NumberRange>,
    /// Who adds
    #[arg(long, default_value = "event-loop", value_parser = values::model())]
    model: Model,
    /// Into how many chunks to cut the range, or the files together [default: the number of processors]
    #[arg(long, value_name = "N", value_parser = values::count_up_to(MAX_CHUNKS))]
    chunks: Option<usize>,
    /// Print one JSON document instead
    #[arg(long)]
    json: bool,
    /// Record what happens, for `glassloop timeline`
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
}

#[derive(Serialize)]
struct Document {
    model: &'static str,
    parts: Vec<JsonPart>,
    /// Missing when a part is.
    total: Option<i128>,
    in_flight: usize,
    wall_s: f64,
}

#[derive(Serialize)]
struct JsonPart {
    chunk: String,
    sum: Option<i128>,
    error: Option<String>,
}

pub(super) fn run(options: &Options) -> anyhow::Result<End> {
    let chunks = options.chunks.unwrap_or_else(processors);
    let numbers = match &options.range {
        Some(range) => Numbers::Range(*range),
        None => Numbers::Files(options.files.clone()),
    };
    // First of all: processes are forked, which is safe only before there are threads.
    let start = Instant::now();
    let mut adder = sum::prepare(options.model, processors())?;
    let trace = TraceFile::create(options.trace.as_deref())?;
    let interrupt = signals::interrupt(|| tell("interrupted"))?;
    signals::snapshots()?;
    let chunks = numbers.split(chunks)?;
    let recorder = trace.is_some().then(Recorder::new);
    if let Some(recorder) = &recorder {
        adder = adder.record(recorder);
    }
    let report = adder.run(&chunks, &interrupt)?;
    let wall_s = start.elapsed().as_secs_f64();
    if let (Some(trace), Some(recorder)) = (trace, recorder) {
        trace.write(&[recorder.finish(format!("sum, {}", options.model))])?;
    }
    if options.json {
        print_json(options.model, &report, wall_s)?;
    } else {
        print(&report)?;
    }
    Ok(match report.total() {
        Some(_) => End::Done,
        None if interrupt.is_set() => End::Interrupted,
        None => End::SomeFailed,
    })
}

pub(super) fn processors() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

fn print(report: &SumReport) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for Part { chunk, sum } in &report.parts {
        match sum {
            Ok(sum) => rows.push((chunk.to_string(), sum.to_string())),
            Err(error) => tell(format_args!("{RED}failed:{RED:#} {chunk}: {}", explain(error))),
        }
    }
    if let Some(total) = report.total() {
        rows.push(("total".into(), total.to_string()));
    }
    let names = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let sums = rows.iter().map(|(_, sum)| sum.len()).max().unwrap_or(0);
    let mut out = stdout().lock();
    for (name, sum) in rows {
        writeln!(out, "{name:names$}  {sum:>sums$}")?;
    }
    Ok(())
}

fn print_json(model: Model, report: &SumReport, wall_s: f64) -> anyhow::Result<()> {
    let part = |part: &Part| JsonPart {
        chunk: part.chunk.to_string(),
        sum: part.sum.as_ref().ok().copied(),
        error: part.sum.as_ref().err().map(explain),
    };
    let document = Document {
        model: model.name(),
        parts: report.parts.iter().map(part).collect(),
        total: report.total(),
        in_flight: report.in_flight,
        wall_s,
    };
    writeln!(stdout(), "{}", serde_json::to_string_pretty(&document)?)?;
    Ok(())
}
