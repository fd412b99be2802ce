//! The ratios for people.

use std::io::{self, Write};

use glassloop::bench::Row;

use super::super::{BOLD, RED};
use super::rounds::{Entry, Goal};

/// What there is to measure.
pub(super) fn list(rows: &[&Row]) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    let width = widest(rows.iter().map(|row| row.name));
    for row in rows {
        let peers: Vec<_> = row.peers.iter().map(|peer| peer.name).collect();
        writeln!(out, "{:<8}{:<width$}{}", row.group, row.name, peers.join(", "))?;
    }
    Ok(())
}

pub(super) fn print(entries: &[Entry]) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    let head = ["row", "ours", "theirs", "ratio", "target", "peer"];
    let width = widest(entries.iter().map(|entry| entry.row));
    let [row, ours, theirs, ratio, target, peer] = head;
    writeln!(
        out,
        "{BOLD}{row:<width$}{ours:>9}{theirs:>10}{ratio:>15}{target:>10}{BOLD:#}  {BOLD}{peer}{BOLD:#}"
    )?;
    for entry in entries {
        let ours = show(entry.ours, entry.unit);
        let theirs = show(entry.theirs, entry.unit);
        let ratio = format!("{:.2} ± {:.2}", entry.ratio, entry.spread);
        let target = match entry.target {
            Goal::None => String::new(),
            Goal::Ratio(most) => format!("≤ {most:.2}"),
            Goal::Ours(most) => format!("≤ {}", show(most, entry.unit)),
        };
        let style = if entry.misses_its_target() { RED } else { anstyle::Style::new() };
        let Entry { row, peer, .. } = entry;
        writeln!(
            out,
            "{row:<width$}{ours:>9}{theirs:>10}{ratio:>15}{style}{target:>10}{style:#}  {peer}"
        )?;
    }
    writeln!(out, "ratio: ours / theirs, less is better; ± holds half of the rounds")
}

/// How wide a column must be for these names, and a little more.
fn widest<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.map(|name| name.chars().count()).max().unwrap_or(0) + 2
}

/// An amount for people, to three digits.
pub(super) fn show(amount: f64, unit: &str) -> String {
    let (amount, unit) = match (unit, amount) {
        ("ns", 1e9..) => (amount / 1e9, "s"),
        ("ns", 1e6..) => (amount / 1e6, "ms"),
        ("ns", 1e3..) => (amount / 1e3, "µs"),
        _ => (amount, unit),
    };
    let decimals = match amount {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{amount:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_three_digits_and_a_unit_that_fits() {
        let shown = [6.04, 54.1, 1230.0, 1_078_000.0].map(|amount| show(amount, "ns"));
        assert_eq!(shown, ["6.04 ns", "54.1 ns", "1.23 µs", "1.08 ms"]);
        assert_eq!(show(329.4, "B"), "329 B");
        assert_eq!(show(2.03, "calls"), "2.03 calls");
    }
}
