//! How each model fares with 1, 2, 4 ... files in flight: what the next one in flight costs.

use std::io::{self, Write};
use std::iter::successors;

use glassloop::workloads::Model;
use serde::Serialize;

use super::super::{BOLD, values};
use super::bench::{Downloads, Entry};
use super::table::bar;

/// One model with so many files in flight.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    pub(super) concurrency: usize,
    #[serde(flatten)]
    pub(super) entry: Entry,
}

/// Doubles what is in flight until all files are. One after another stays at one: it is no model for more.
pub(super) fn measure(
    downloads: &Downloads<'_>,
    models: &[Model],
    files: usize,
    steps: &mut Vec<Step>,
) -> anyhow::Result<()> {
    for &model in models.iter().filter(|model| **model != Model::Sequential) {
        let doubled = successors(Some(1), |in_flight| Some(2 * in_flight));
        for concurrency in doubled.take_while(|in_flight| *in_flight < files).chain([files]) {
            steps.push(Step { concurrency, entry: downloads.measure(model, concurrency, None)? });
        }
    }
    Ok(())
}

/// A block for each model; bars for the wall time.
pub(super) fn print(out: &mut impl Write, steps: &[Step]) -> io::Result<()> {
    let slowest = steps.iter().map(|step| step.entry.wall_s).fold(0.0, f64::max);
    for of_model in steps.chunk_by(|one, next| one.entry.model == next.entry.model) {
        writeln!(
            out,
            "{BOLD}download, more and more in flight: {}{BOLD:#}",
            of_model[0].entry.model
        )?;
        writeln!(out, "  {:<11}{:>10}{:>10}{:>13}", "in flight", "wall", "CPU", "peak memory")?;
        for Step { concurrency, entry } in of_model {
            writeln!(
                out,
                "  {concurrency:<11}{:>10}{:>10}{:>13}  {}",
                values::show_seconds(entry.wall_s),
                values::show_seconds(entry.cpu_s),
                values::show_size(entry.peak_rss_bytes),
                bar(entry.wall_s / slowest),
            )?;
        }
        writeln!(out)?;
    }
    Ok(())
}
