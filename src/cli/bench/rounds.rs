//! One row: ours and the peers' in turn, so that a slow moment of the machine befalls them all alike.

use std::time::{Duration, Instant};

use anyhow::Context;
use glassloop::bench::{Row, Target};
use glassloop::workloads::Interrupt;
use serde::Serialize;

/// How long all rows together may take, about.
const RUN: Duration = Duration::from_secs(60);
const QUICK_RUN: Duration = Duration::from_secs(5);
/// No row gets more than this, if there are few.
const ROW: Duration = Duration::from_secs(4);

/// A row is measured until its time is over or it has had enough rounds.
pub(super) struct Pace {
    time: Duration,
    at_least: usize,
    at_most: usize,
}

impl Pace {
    pub(super) fn new(quick: bool, rows: usize) -> Self {
        let (run, at_least, at_most) = if quick { (QUICK_RUN, 3, 5) } else { (RUN, 7, 101) };
        Self { time: (run / rows.max(1) as u32).min(ROW), at_least, at_most }
    }
}

/// Ours beside one peer.
#[derive(Debug, Serialize)]
pub(super) struct Entry {
    pub(super) row: &'static str,
    pub(super) group: &'static str,
    pub(super) peer: &'static str,
    /// What one operation cost: the median of the rounds.
    pub(super) ours: f64,
    pub(super) theirs: f64,
    pub(super) unit: &'static str,
    /// `ours / theirs`
    pub(super) ratio: f64,
    /// Half of the rounds had a ratio no further than this from their median.
    pub(super) spread: f64,
    pub(super) rounds: usize,
    #[serde(skip_serializing_if = "is_none")]
    pub(super) target: Target,
}

fn is_none(target: &Target) -> bool {
    *target == Target::None
}

impl Entry {
    pub(super) fn misses_its_target(&self) -> bool {
        match self.target {
            Target::None => false,
            Target::Ratio(most) => self.ratio > most,
            Target::Ours(most) => self.ours > most,
        }
    }
}

/// Ours beside each peer. What was measured until an interrupt is of no use.
pub(super) fn measure(
    row: &'static Row,
    pace: &Pace,
    interrupt: &Interrupt,
) -> anyhow::Result<Vec<Entry>> {
    // ANCHOR: measure
    let contenders = || std::iter::once(&row.ours).chain(row.peers);
    let prepare = |contender| row.prepare(contender).with_context(|| contender.name);
    let mut runs = contenders().map(prepare).collect::<anyhow::Result<Vec<_>>>()?;
    let mut figures = vec![Vec::new(); runs.len()];
    let mut start = None;
    loop {
        // The first time round only warms up.
        let warm = start.is_some();
        for (figures, run) in figures.iter_mut().zip(&mut runs) {
            if interrupt.is_set() {
                return Ok(Vec::new());
            }
            let figure = run(row.round)?;
            figures.extend(warm.then_some(figure));
        }
        let elapsed = start.get_or_insert_with(Instant::now).elapsed();
        let rounds = figures[0].len();
        if rounds >= pace.at_most || rounds >= pace.at_least && elapsed >= pace.time {
            break;
        }
    }
    // ANCHOR_END: measure
    let (ours, theirs) = figures.split_first().context("a row has a contender")?;
    let entries = row.peers.iter().zip(theirs).enumerate().map(|(at, (peer, theirs))| {
        let target = if at == 0 { row.target } else { Target::None };
        entry(row, peer.name, ours, theirs, target)
    });
    Ok(entries.collect())
}

// ANCHOR: entry
fn entry(row: &Row, peer: &'static str, ours: &[f64], theirs: &[f64], target: Target) -> Entry {
    let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect();
    let middle = median(&ratios);
    let spread = median(&ratios.iter().map(|ratio| (ratio - middle).abs()).collect::<Vec<_>>());
    let rounds = ours.len();
    let (ours, theirs) = (median(ours), median(theirs));
    Entry {
        row: row.name,
        group: row.group,
        peer,
        ours,
        theirs,
        unit: row.unit.name(),
        ratio: ours / theirs,
        spread,
        rounds,
        target,
    }
}
// ANCHOR_END: entry

fn median(figures: &[f64]) -> f64 {
    let mut figures = figures.to_vec();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
