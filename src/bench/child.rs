//! Processes of a measurement: this very program, started again with a word in its environment.

use std::env;
use std::io::Write;
use std::process::{self, Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::{Run, http, rows, served};

const WORD: &str = "GLASSLOOP_BENCH_CHILD";

/// What such a process can be: its name, and what it does with its arguments.
type Program = (&'static str, fn(&[&str]) -> Result<()>);

const PROGRAMS: &[Program] =
    &[("measure", measure_here), (served::PROGRAM, served::here), (http::PROGRAM, http::here)];

/// Must come first in the `main` of a program with rows. In a process that `command` started, it does what
/// that was started for, and ends the process.
pub fn answer() {
    let Ok(word) = env::var(WORD) else { return };
    let words: Vec<&str> = word.split('\n').collect();
    let program = PROGRAMS.iter().find(|(name, _)| *name == words[0]);
    let done = match program {
        Some((_, run)) => run(&words[1..]),
        None => Err(anyhow::anyhow!("{WORD} names no program: {word:?}")),
    };
    if let Err(error) = done {
        let _ = writeln!(std::io::stderr(), "error: {error:#}");
        process::exit(1);
    }
    process::exit(0);
}

/// This program as `program`, one of `PROGRAMS`. No argument may hold a line break.
pub(super) fn command(program: &str, arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(env::current_exe().context("cannot find this program")?);
    command.env(WORD, [&[program], arguments].concat().join("\n")).stdin(Stdio::null());
    Ok(command)
}

/// A run whose every round has a process of its own.
pub(super) fn measure(row: &'static str, contender: &'static str) -> Run {
    Box::new(move |n| {
        let output = command("measure", &[row, contender, &n.to_string()])?
            .stderr(Stdio::inherit())
            .output()
            .context("cannot start a process to measure in")?;
        ensure!(output.status.success(), "{contender} failed at {row:?}: {}", output.status);
        let figure = String::from_utf8_lossy(&output.stdout);
        figure.trim().parse().with_context(|| format!("not a figure: {figure:?}"))
    })
}

fn measure_here(arguments: &[&str]) -> Result<()> {
    let [row, name, n] = arguments else { anyhow::bail!("three arguments, not {arguments:?}") };
    let row = rows().into_iter().find(|known| known.name == *row).context("no such row")?;
    let contender = row.contenders().find(|known| known.name == *name);
    let mut run = (contender.context("no such contender")?.prepare)()?;
    println!("{}", run(n.parse()?)?);
    Ok(())
}
