//! `glassloop bench`: the rows of `glassloop::bench`, ours and the peers' in turn, as ratios.

mod rounds;
mod svg;
mod table;

use std::fs::File;
use std::io::{Write, stdout};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use glassloop::bench::{Row, rows};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use self::rounds::{Entry, Pace, measure};
use super::{End, RED, signals, tell};

#[derive(Args)]
pub(super) struct Options {
    /// Only rows with this in their name or group; may be given more than once
    #[arg(long, value_name = "PATTERN", value_parser = pattern)]
    only: Vec<String>,
    /// Name the rows and whom they are measured against, and measure nothing
    #[arg(long)]
    list: bool,
    /// A few rounds each: a first look, in some seconds
    #[arg(long)]
    quick: bool,
    /// Print one JSON document instead
    #[arg(long)]
    json: bool,
    /// Draw the ratios into a picture, too
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

#[derive(Serialize)]
struct Document<'a> {
    rows: &'a [Entry],
}

pub(super) fn run(options: &Options) -> anyhow::Result<End> {
    let chosen: Vec<_> = rows().into_iter().filter(|row| options.wants(row)).collect();
    if options.list {
        table::list(&chosen)?;
        return Ok(End::Done);
    }
    if cfg!(debug_assertions) {
        tell("this program is not optimised, so its figures say nothing: build it with --release");
    }
    let interrupt = signals::interrupt(|| tell("interrupted"))?;
    // Before a minute is spent on what could not be kept.
    let picture = options
        .svg
        .as_ref()
        .map(|file| File::create(file).with_context(|| format!("cannot write {}", file.display())));
    let picture = picture.transpose()?;
    let pace = Pace::new(options.quick, chosen.len());
    let bar = progress(chosen.len());
    let mut entries = Vec::new();
    let mut all_well = true;
    for row in chosen {
        bar.set_message(row.name);
        match measure(row, &pace, &interrupt) {
            // What broke then broke because it was told to.
            _ if interrupt.is_set() => break,
            Ok(measured) => entries.extend(measured),
            Err(error) => {
                all_well = false;
                bar.suspend(|| tell(format_args!("{RED}failed:{RED:#} {}: {error:#}", row.name)));
            }
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    if let Some(mut picture) = picture {
        picture.write_all(svg::draw(&entries).as_bytes()).context("cannot write the picture")?;
    }

    if options.json {
        writeln!(stdout(), "{}", serde_json::to_string_pretty(&Document { rows: &entries })?)?;
    } else {
        table::print(&entries)?;
    }
    if interrupt.is_set() {
        tell("interrupted: not every row was measured");
        return Ok(End::Interrupted);
    }
    Ok(if all_well { End::Done } else { End::SomeFailed })
}

/// Drawn between rounds and never by a thread of its own, which would take part in what is measured. Hidden by
/// itself when standard error is no terminal.
fn progress(rows: usize) -> ProgressBar {
    let bar = ProgressBar::new(rows as u64);
    let style = ProgressStyle::with_template("{bar:20} {pos}/{len}  {msg}");
    bar.with_style(style.expect("the template is right"))
}

impl Options {
    fn wants(&self, row: &Row) -> bool {
        self.only.is_empty() || self.only.iter().any(|pattern| matches(row, pattern))
    }
}

fn matches(row: &Row, pattern: &str) -> bool {
    let pattern = pattern.to_lowercase();
    row.name.to_lowercase().contains(&pattern) || row.group.to_lowercase().contains(&pattern)
}

fn pattern(text: &str) -> Result<String, &'static str> {
    match rows().into_iter().any(|row| matches(row, text)) {
        true => Ok(text.into()),
        false => Err("no row has this in its name or group; `glassloop bench --list` names them"),
    }
}
