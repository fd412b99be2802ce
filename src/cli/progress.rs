//! What a download shows while it runs: a bar on a terminal, a line for each file that is over.
//!
//! Lines are printed by a thread of their own: a reader that is slow, or has stopped reading, holds up no
//! file.

use std::io::{self, IsTerminal, Write, stdout};
use std::sync::Mutex;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use glassloop::workloads::Model;
use glassloop::workloads::download::{Row, Watch};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::{BOLD, RED, explain, tell, values};

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
    printer: Sender<Print>,
}

/// What the printing thread is asked for.
enum Print {
    /// A line on standard output.
    Result(String),
    /// A line on standard error.
    Message(String),
    /// An answer, when all before is printed.
    Flush(Sender<()>),
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
    /// Begins to watch over `files` jobs. Fails when there is no thread to be had.
    pub(super) fn new(style: Style, model: Model, files: usize) -> io::Result<Self> {
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
        let (printer, requests) = mpsc::channel();
        let shown = bar.clone();
        let print_all = move || requests.into_iter().for_each(|request| print(request, &shown));
        thread::Builder::new().name("printer".into()).spawn(print_all)?;
        Ok(Self { style, model, start: Instant::now(), bar, tally: Mutex::default(), printer })
    }

    /// Waits until all lines are printed, however long somebody takes to read them.
    pub(super) fn flush(&self) {
        let (done, all_done) = mpsc::channel();
        if self.printer.send(Print::Flush(done)).is_ok() {
            let _ = all_done.recv();
        }
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
                let _ = writeln!(stdout(), "{}", json(&serde_json::json!({ "summary": summary })));
            }
            Style::Text => {
                let Tally { files, failed, bytes } = tally;
                let done = files - failed;
                let rate = values::show_size((bytes as f64 / wall_s) as u64);
                let (bytes, wall) = (values::show_size(bytes), values::show_seconds(wall_s));
                let failed = if failed > 0 { format!(", {failed} failed") } else { String::new() };
                let interrupted = if interrupted { "interrupted: " } else { "" };
                tell(format_args!(
                    "{interrupted}{BOLD}{done} of {files} files{BOLD:#}{failed}, {bytes} in {wall} ({rate}/s)"
                ));
            }
        }
    }

    fn tally(&self) -> std::sync::MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What is to be said of a job that is over, if anything.
    fn line(&self, row: &Row) -> Option<Print> {
        let path = row.job.target.as_ref().map(|path| path.display().to_string());
        match (&row.outcome, self.style) {
            (outcome, Style::Json) => Some(Print::Result(json(&JsonRow {
                url: &row.job.url,
                path,
                bytes: outcome.as_ref().ok().copied(),
                error: outcome.as_ref().err().map(explain),
                attempts: row.attempts,
                elapsed_s: row.elapsed.as_secs_f64(),
            }))),
            (Err(error), _) => {
                let (url, why) = (in_one_line(&row.job.url), explain(error));
                Some(Print::Message(format!("{RED}failed:{RED:#} {url}: {why}")))
            }
            (Ok(_), Style::Text) => path.map(Print::Result),
            (Ok(_), Style::Quiet) => None,
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
        drop(tally);
        if let Some(line) = self.line(row) {
            let _ = self.printer.send(line);
        }
        self.bar.inc(1);
    }
}

/// A reader that has left (`| head`) must not end the download: nothing here fails.
fn print(request: Print, bar: &ProgressBar) {
    match request {
        // On the terminal that shows the bar, it has to make room.
        Print::Result(line) if stdout().is_terminal() => {
            let _ = bar.suspend(|| writeln!(stdout(), "{line}"));
        }
        Print::Result(line) => _ = writeln!(stdout(), "{line}"),
        Print::Message(line) => bar.suspend(|| tell(line)),
        Print::Flush(done) => _ = done.send(()),
    }
}

/// A URL as it was given may hold line ends, or what a terminal takes for orders.
fn in_one_line(url: &str) -> String {
    let mut line = String::with_capacity(url.len());
    for c in url.chars() {
        match c.is_control() {
            true => line.extend(c.escape_default()),
            false => line.push(c),
        }
    }
    line
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
