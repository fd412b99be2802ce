//! Deadlines: what they cost, and how late they are.

use std::future::Future;
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::measure::{each, thread_cpu, thread_time};
use super::peer::{LOCAL, OURS, Ours, Peer, SMOL, SPAWN, Smol, TokioLocal, TokioSpawn};
use super::{Contender, Row, Run, Target, Unit};

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "timer insert",
        group: "timers",
        unit: Unit::Nanoseconds,
        round: 100_000,
        target: Target::Ratio(0.20),
        alone: false,
        ours: Contender { name: OURS, prepare: insert::<Ours> },
        peers: &[Contender { name: LOCAL, prepare: insert::<TokioLocal> }],
        others: &[Contender { name: SMOL, prepare: insert::<Smol> }],
    },
    Row {
        name: "timer cancel",
        group: "timers",
        unit: Unit::Nanoseconds,
        round: 100_000,
        target: Target::Ratio(0.10),
        alone: false,
        ours: Contender { name: OURS, prepare: cancel::<Ours> },
        peers: &[Contender { name: LOCAL, prepare: cancel::<TokioLocal> }],
        others: &[Contender { name: SMOL, prepare: cancel::<Smol> }],
    },
    Row {
        name: "timer insert + cancel, one by one",
        group: "timers",
        unit: Unit::Nanoseconds,
        round: 100_000,
        target: Target::None,
        alone: false,
        ours: Contender { name: OURS, prepare: not_needed::<Ours> },
        peers: &[Contender { name: LOCAL, prepare: not_needed::<TokioLocal> }],
        others: &[Contender { name: SMOL, prepare: not_needed::<Smol> }],
    },
    Row {
        name: "1,000 timers, median lateness",
        group: "timers",
        unit: Unit::Nanoseconds,
        round: 1000,
        target: Target::Ours(150_000.0),
        alone: false,
        ours: Contender { name: OURS, prepare: lateness::<Ours> },
        peers: &[Contender { name: LOCAL, prepare: lateness::<TokioLocal> }],
        others: &[
            Contender { name: SPAWN, prepare: lateness::<TokioSpawn> },
            Contender { name: SMOL, prepare: lateness::<Smol> },
        ],
    },
    Row {
        name: "100,000 timers of 0 to 50 ms, CPU",
        group: "timers",
        unit: Unit::Nanoseconds,
        round: 100_000,
        target: Target::Ratio(0.45),
        alone: false,
        ours: Contender { name: OURS, prepare: processor::<Ours> },
        peers: &[Contender { name: LOCAL, prepare: processor::<TokioLocal> }],
        others: &[Contender { name: SPAWN, prepare: processor::<TokioSpawn> }],
    },
];

fn insert<P: Peer>() -> Result<Run> {
    Ok(set_and_forget::<P>(P::new()?, |inserted, _| inserted))
}

fn cancel<P: Peer>() -> Result<Run> {
    Ok(set_and_forget::<P>(P::new()?, |_, cancelled| cancelled))
}

/// Deadlines of one to two seconds are made and set, and dropped long before. Memory for the futures is there
/// before, and freed after.
fn set_and_forget<P: Peer>(peer: P, which: fn(Duration, Duration) -> Duration) -> Run {
    Box::new(move |n| {
        peer.block_on(async {
            let sleep = |i| P::sleep(Duration::from_millis(1000 + i * 7919 % 1000));
            let mut sleeps: Vec<_> = (0..n).map(|i| (i, Box::pin(None))).collect();
            let cx = &mut Context::from_waker(Waker::noop());
            let start = thread_time()?;
            for (i, place) in &mut sleeps {
                place.set(Some(sleep(*i)));
                // The first poll tells the timers of it.
                let pending = place.as_mut().as_pin_mut().map(|sleep| sleep.poll(cx).is_pending());
                assert_eq!(pending, Some(true), "a second is not over yet");
            }
            let inserted = thread_time()?;
            for (_, place) in &mut sleeps {
                place.set(None);
            }
            Ok(each(n, which(inserted - start, thread_time()? - inserted)))
        })
    })
}

/// As around something that is ready in time: one deadline after the other, each dropped before the next.
fn not_needed<P: Peer>() -> Result<Run> {
    let peer = P::new()?;
    Ok(Box::new(move |n| {
        thread_cpu(n, || {
            peer.block_on(async {
                let cx = &mut Context::from_waker(Waker::noop());
                for _ in 0..n {
                    let sleep = pin!(P::sleep(Duration::from_secs(1)));
                    assert!(sleep.poll(cx).is_pending(), "a second is not over yet");
                }
            });
        })
    }))
}

/// From 0 to 50 ms, evenly spread and in no order.
fn up_to_50_ms(i: u64) -> Duration {
    Duration::from_micros(i * 7919 % 50_000)
}

/// Each task looks at the clock when it goes on. The median of how long after its deadline that was.
fn lateness<P: Peer>() -> Result<Run> {
    let peer = P::new()?;
    Ok(Box::new(move |n| {
        let (tell, told) = mpsc::channel();
        peer.block_on(async {
            let task = |i| {
                let tell = tell.clone();
                async move {
                    let deadline = Instant::now() + up_to_50_ms(i);
                    P::sleep(deadline - Instant::now()).await;
                    let _ = tell.send(deadline.elapsed());
                }
            };
            let tasks: Vec<_> = (0..n).map(|i| peer.spawn(task(i))).collect();
            for task in tasks {
                task.await;
            }
        });
        let mut late: Vec<Duration> = told.try_iter().collect();
        late.sort();
        Ok(late[late.len() / 2].as_nanos() as f64)
    }))
}

/// Each task makes its own sleep, when its turn comes: none is over before it has begun.
fn processor<P: Peer>() -> Result<Run> {
    let peer = P::new()?;
    let task = |i| async move { drop(P::sleep(up_to_50_ms(i)).await) };
    Ok(Box::new(move |n| {
        thread_cpu(n, || {
            peer.block_on(async {
                let tasks: Vec<_> = (0..n).map(|i| peer.spawn(task(i))).collect();
                for task in tasks {
                    task.await;
                }
            });
        })
    }))
}
