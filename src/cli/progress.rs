//! What a download shows while it runs: a bar on a terminal, a line for each file that is over.

use std::io::Write;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use anstream::eprintln;
use glassloop::workloads::Model;
use glassloop::workloads::download::{Row, Watch};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::{BOLD, RED, values};

/// How results are told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Text,
    /// One JSON document a line.
    Json,
    /// Only what failed.
    Quiet,
}

pub(super) struct Progress {
    style: Style,
    model: Model,
    start: Instant,
    bar: ProgressBar,
    tally: Mutex<Tally>,
}

#[derive(Clone, Copy, Default, Serialize)]
struct Tally {
    files: usize,
    failed: usize,
    bytes: u64,
}

#[derive(Serialize)]
struct JsonRow<'a> {
    url: &'a str,
    path: Option<String>,
    bytes: Option<u64>,
    error: Option<String>,
    attempts: u32,
    elapsed_s: f64,
}

#[derive(Serialize)]
struct Summary<'a> {
    model: &'static str,
    #[serde(flatten)]
    tally: &'a Tally,
    in_flight: Option<usize>,
    wall_s: f64,
    interrupted: bool,
}

impl Progress {
    /// Begins to watch over `files` jobs.
    pub(super) fn new(style: Style, model: Model, files: usize) -> Self {
        // Hidden by itself when standard error is no terminal.
        let bar = match style {
            Style::Text => {
                ProgressBar::with_draw_target(Some(files as u64), ProgressDrawTarget::stderr())
            }
            Style::Json | Style::Quiet => ProgressBar::hidden(),
        };
        let look = "{bar:30} {pos}/{len} files  {msg}  {elapsed}";
        bar.set_style(
            ProgressStyle::with_template(look).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.enable_steady_tick(Duration::from_millis(100));
        Self { style, model, start: Instant::now(), bar, tally: Mutex::default() }
    }

    /// Says what has come of it all.
    pub(super) fn summarize(&self, in_flight: Option<usize>, interrupted: bool) {
        self.bar.finish_and_clear();
        let tally = *self.tally();
        let wall_s = self.start.elapsed().as_secs_f64();
        match self.style {
            Style::Quiet => {}
            Style::Json => {
                let model = self.model.name();
                let summary = Summary { model, tally: &tally, in_flight, wall_s, interrupted };
                print_json(&serde_json::json!({ "summary": summary }));
            }
            Style::Text => {
                let Tally { files, failed, bytes } = tally;
                let done = files - failed;
                let rate = values::show_size((bytes as f64 / wall_s) as u64);
                let (bytes, wall) = (values::show_size(bytes), values::show_seconds(wall_s));
                let failed = if failed > 0 { format!(", {failed} failed") } else { String::new() };
                let interrupted = if interrupted { "interrupted: " } else { "" };
                eprintln!(
                    "{interrupted}{BOLD}{done} of {files} files{BOLD:#}{failed}, {bytes} in {wall} ({rate}/s)"
                );
            }
        }
    }

    fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn print(&self, row: &Row) {
        let path = row.job.target.as_ref().map(|path| path.display().to_string());
        match (&row.outcome, self.style) {
            (outcome, Style::Json) => print_json(&JsonRow {
                url: &row.job.url,
                path,
                bytes: outcome.as_ref().ok().copied(),
                error: outcome.as_ref().err().map(explain),
                attempts: row.attempts,
                elapsed_s: row.elapsed.as_secs_f64(),
            }),
            (Err(error), _) => {
                eprintln!("{RED}failed:{RED:#} {}: {}", row.job.url, explain(error));
            }
            (Ok(_), Style::Text) => {
                // A reader that has left (`| head`) must not end the download.
                let _ = writeln!(std::io::stdout(), "{}", path.unwrap_or_default());
            }
            (Ok(_), Style::Quiet) => {}
        }
    }
}

impl Watch for Progress {
    fn received(&self, bytes: usize) {
        let mut tally = self.tally();
        tally.bytes += bytes as u64;
        if !self.bar.is_hidden() {
            self.bar.set_message(values::show_size(tally.bytes));
        }
    }

    fn finished(&self, row: &Row) {
        let mut tally = self.tally();
        tally.files += 1;
        tally.failed += usize::from(row.outcome.is_err());
        self.bar.suspend(|| self.print(row));
        self.bar.inc(1);
    }
}

/// An error with all its causes, in one line.
pub(super) fn explain(error: &(impl std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn print_json(value: &impl Serialize) {
    // A reader that has left (`| head`) must not end the download.
    let _ = serde_json::to_string(value).map(|line| writeln!(std::io::stdout(), "{line}"));
}
