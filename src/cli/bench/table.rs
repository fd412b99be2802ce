//! The ratios for people.

use std::io::{self, Write};

use anstyle::Style;
use glassloop::bench::{Row, Target};

use super::super::values::show_amount;
use super::super::{BOLD, RED};
use super::rounds::Entry;

/// What there is to measure.
pub(super) fn list(rows: &[&Row]) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    let (group, name) = (widest(rows.iter().map(|r| r.group)), widest(rows.iter().map(|r| r.name)));
    for row in rows {
        let peers: Vec<_> = row.peers.iter().map(|peer| peer.name).collect();
        writeln!(out, "{:<group$}  {:<name$}  {}", row.group, row.name, peers.join(", "))?;
    }
    Ok(())
}

pub(super) fn print(entries: &[Entry]) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    let head = ["row", "ours", "theirs", "ratio", "target", "peer"].map(String::from);
    let lines: Vec<_> = std::iter::once((head, BOLD)).chain(entries.iter().map(line)).collect();
    let widths =
        std::array::from_fn(|column| widest(lines.iter().map(|(cells, _)| &cells[column])));
    let [w0, w1, w2, w3, w4, _]: [usize; 6] = widths;
    for ([row, ours, theirs, ratio, target, peer], style) in lines {
        write!(out, "{row:<w0$}  {ours:>w1$}  {theirs:>w2$}  {ratio:>w3$}  ")?;
        writeln!(out, "{style}{target:>w4$}{style:#}  {peer}")?;
    }
    writeln!(out, "ratio: ours / theirs, less is better; ± holds half of the rounds")
}

/// The cells of a row, and how its target is to look.
fn line(entry: &Entry) -> ([String; 6], Style) {
    let target = match entry.target {
        Target::None => String::new(),
        Target::Ratio(most) => format!("≤ {most:.2}"),
        Target::Ours(most) => format!("≤ {}", show_amount(most, entry.unit)),
    };
    let cells = [
        entry.row.to_string(),
        show_amount(entry.ours, entry.unit),
        show_amount(entry.theirs, entry.unit),
        format!("{:.2} ± {:.2}", entry.ratio, entry.spread),
        target,
        entry.peer.to_string(),
    ];
    (cells, if entry.misses_its_target() { RED } else { Style::new() })
}

fn widest(cells: impl Iterator<Item = impl AsRef<str>>) -> usize {
    cells.map(|cell| cell.as_ref().chars().count()).max().unwrap_or(0)
}
