//! What a task weighs that only waits.

use std::fs;
use std::future::{Future, poll_fn};
use std::hint::black_box;
use std::task::Poll;

use anyhow::{Context, Result};

use super::peer::{LOCAL, OURS, Ours, Peer, SMOL, SPAWN, Smol, TokioLocal, TokioSpawn};
use super::{Contender, Row, Run, Target, Unit};

pub(super) const ROWS: &[Row] = &[Row {
    name: "memory per idle task",
    group: "memory",
    unit: Unit::Bytes,
    round: 400_000,
    target: Target::Ours(96.0),
    alone: true,
    ours: Contender { name: OURS, prepare: idle::<Ours> },
    peers: &[Contender { name: LOCAL, prepare: idle::<TokioLocal> }],
    others: &[
        Contender { name: SPAWN, prepare: idle::<TokioSpawn> },
        Contender { name: SMOL, prepare: idle::<Smol> },
    ],
}];

/// A future of 16 bytes that is never done.
fn waits() -> impl Future<Output = ()> + Send + 'static {
    let (a, b) = (1_u64, 2_u64);
    poll_fn(move |_| {
        black_box((a, b));
        Poll::Pending
    })
}

/// How much more of memory is resident once so many tasks wait.
fn idle<P: Peer>() -> Result<Run> {
    assert_eq!(size_of_val(&waits()), 16);
    let peer = P::new()?;
    Ok(Box::new(move |n| {
        peer.block_on(async {
            let _ = peer.spawn(async {}).await; // what comes with the first task is not counted
            let before = resident()?;
            (0..n).for_each(|_| peer.detach(waits()));
            let _ = peer.spawn(async {}).await; // the last: all others have been polled by now
            Ok((resident()? - before) / n as f64)
        })
    }))
}

fn resident() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/smaps_rollup");
    let status = status.context("cannot ask how much memory is resident: this row needs Linux")?;
    let line =
        status.lines().find_map(|line| line.strip_prefix("Anonymous:")).context("no Anonymous")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim_end().parse()?;
    Ok(kib * 1024.0)
}
