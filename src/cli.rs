//! The subcommands, and what they share: how a run ends, how values are read, what Ctrl-C does.

mod album;
#[cfg(feature = "bench")]
mod bench;
#[cfg(not(feature = "bench"))]
#[path = "cli/bench/absent.rs"]
mod bench;
mod compare;
mod download;
mod progress;
mod serve;
mod signals;
mod sum;
mod timeline;
mod traces;
mod values;

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

/// An event loop in a glass case: fetch files and add numbers under several models of concurrency,
/// and see what each one costs.
#[derive(Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 all done, 1 some jobs failed, 2 wrong usage, \
                        3 could not start, 130 interrupted.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the same download and the same sum under every model, and compare
    Compare(compare::Options),
    /// Fetch files, each under a name of its own
    Download(download::Options),
    /// Add up a range of numbers, or the numbers in files
    Sum(sum::Options),
    /// Draw what a trace tells: who ran, who was ready and who waited, and for what
    Timeline(timeline::Options),
    /// Serve an album of files, as slowly as you like
    Serve(serve::Options),
    /// Measure the event loop and the pools beside others, as ratios
    Bench(bench::Options),
    /// What `compare` runs for each model, in a process of its own
    #[command(hide = true)]
    Measure(compare::measure::Options),
}

/// How a run ended, when it could be started at all.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Done,
    SomeFailed,
    Interrupted,
}

impl From<End> for ExitCode {
    fn from(end: End) -> Self {
        Self::from(match end {
            End::Done => 0,
            End::SomeFailed => 1,
            End::Interrupted => INTERRUPTED,
        })
    }
}

const COULD_NOT_START: u8 = 3;
const INTERRUPTED: u8 = 130;

const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default().bold();

pub(crate) fn main() -> ExitCode {
    #[cfg(feature = "bench")]
    glassloop::bench::child::answer();
    let ended = match Cli::parse().command {
        Command::Compare(options) => compare::run(&options),
        Command::Download(options) => download::run(options),
        Command::Sum(options) => sum::run(&options),
        Command::Timeline(options) => timeline::run(&options),
        Command::Serve(options) => serve::run(options),
        Command::Bench(options) => bench::run(&options),
        Command::Measure(options) => compare::measure::run(options),
    };
    match ended {
        Ok(end) => end.into(),
        Err(error) if is_closed_pipe(&error) => End::Done.into(),
        Err(error) => {
            complain(&error);
            COULD_NOT_START.into()
        }
    }
}

/// A line on standard error. When it cannot be written there is nobody left to be told: no reason to
/// panic, as `eprintln` would on a full disk.
fn tell(line: impl Display) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// Tells of an error and of what caused it, in one line.
fn complain(error: &anyhow::Error) {
    tell(format_args!("{RED}error:{RED:#} {error:#}"));
}

/// An error with all its causes, in one line.
fn explain(error: &(impl std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Ends the program for wrong usage that takes two options to see.
fn refuse(kind: ErrorKind, why: &str) -> ! {
    Cli::command().error(kind, why).exit()
}

/// Whoever read our output has had enough of it (`glassloop ... | head`): no reason to complain.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>());
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
