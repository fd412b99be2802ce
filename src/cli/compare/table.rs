//! A comparison for people: a table and bars for each workload, and the verdict.

use std::io::{self, Write};

use super::super::{BOLD, RED, values};
use super::bench::Entry;
use super::{Comparison, Options, sweep};

/// The longest bar, in characters of eight steps each.
const BAR: f64 = 30.0;

pub(super) fn print(options: &Options, comparison: &Comparison) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    let Options { files, size, latency, sum, .. } = options;
    let size = values::show_size(*size);
    let latency = humantime::format_duration(*latency);
    let what = format!("download: {files} files of {size}, {latency} until each answer");
    let every_file = "every file has the server's SHA-256";
    print_workload(&mut out, &what, &comparison.download, every_file)?;
    sweep::print(&mut out, &comparison.sweep)?;
    print_workload(&mut out, &format!("sum: 1..={sum}"), &comparison.sum, "every sum is right")?;
    for sentence in [&comparison.verdict.download, &comparison.verdict.sum].into_iter().flatten() {
        writeln!(out, "{}", sentence.text)?;
    }
    Ok(())
}

fn print_workload(
    out: &mut impl Write,
    what: &str,
    entries: &[Entry],
    verified: &str,
) -> io::Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    writeln!(out, "{BOLD}{what}{BOLD:#}")?;
    writeln!(
        out,
        "  {:<16}{:>10}{:>10}{:>12}{:>11}{:>10}",
        "model", "wall", "CPU", "peak memory", "in flight", "speed-up"
    )?;
    let slowest = entries.iter().map(|entry| entry.wall_s).fold(0.0, f64::max);
    for entry in entries {
        let speedup = entry.speedup.map_or("?".into(), |speedup| format!("{speedup:.1}×"));
        writeln!(
            out,
            "  {:<16}{:>10}{:>10}{:>12}{:>11}{:>10}  {}",
            entry.model,
            values::show_seconds(entry.wall_s),
            values::show_seconds(entry.cpu_s),
            values::show_size(entry.peak_rss_bytes),
            entry.in_flight,
            speedup,
            bar(entry.wall_s / slowest),
        )?;
    }
    let wrong: Vec<_> = entries.iter().filter(|entry| !entry.verified).collect();
    if wrong.is_empty() {
        writeln!(out, "  {verified}\n")?;
    }
    for Entry { model, jobs, failed, .. } in wrong {
        writeln!(out, "  {RED}{model} is not right{RED:#}: {failed} of {jobs} jobs failed\n")?;
    }
    Ok(())
}

/// A bar for a share between 0 and 1, to an eighth of a character.
pub(super) fn bar(share: f64) -> String {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = ((share * BAR * 8.0).round() as usize).max(1);
    "█".repeat(eighths / 8) + PARTS[eighths % 8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        assert_eq!(bar(1.0).chars().count(), 30);
        assert_eq!(bar(0.5).chars().count(), 15);
        assert_eq!(bar(0.0), "▏");
    }
}
