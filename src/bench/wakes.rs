//! What a wake costs that comes from another thread.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;

use anyhow::Result;

use super::measure::{on_one_cpu, wall};
use super::peer::{LOCAL, OURS, Ours, Peer, SMOL, SPAWN, Smol, TokioLocal, TokioSpawn};
use super::{Contender, Row, Run, Target, Unit};

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "wake from another thread, one CPU",
        group: "wakes",
        unit: Unit::Nanoseconds,
        round: 10_000,
        target: Target::Ratio(0.85),
        alone: false,
        ours: Contender { name: OURS, prepare: from_a_thread::<Ours, 1> },
        peers: &[Contender { name: LOCAL, prepare: from_a_thread::<TokioLocal, 1> }],
        others: &[
            Contender { name: SPAWN, prepare: from_a_thread::<TokioSpawn, 1> },
            Contender { name: SMOL, prepare: from_a_thread::<Smol, 1> },
        ],
    },
    Row {
        name: "wakes from another thread, 100 at a time",
        group: "wakes",
        unit: Unit::Nanoseconds,
        round: 100_000,
        target: Target::None,
        alone: false,
        ours: Contender { name: OURS, prepare: from_a_thread::<Ours, 100> },
        peers: &[Contender { name: LOCAL, prepare: from_a_thread::<TokioLocal, 100> }],
        others: &[
            Contender { name: SPAWN, prepare: from_a_thread::<TokioSpawn, 100> },
            Contender { name: SMOL, prepare: from_a_thread::<Smol, 100> },
        ],
    },
];

/// The tasks ask the thread to wake them and wait; when all have asked it does so, and gives way until they ask
/// again. Both threads share one processor: to wake another one costs several times more, whoever does it, and
/// would hide the rest.
fn from_a_thread<P: Peer, const TASKS: usize>() -> Result<Run> {
    let peer = P::new()?;
    Ok(Box::new(move |n| on_one_cpu(|| one_round(&peer, TASKS, n.div_ceil(TASKS as u64)))?))
}

fn one_round<P: Peer>(peer: &P, tasks: usize, times: u64) -> Result<f64> {
    let asked: Arc<Mutex<Vec<Waker>>> = Arc::default();
    let whom = Arc::clone(&asked);
    let waking = thread::Builder::new().spawn(move || {
        let mut to_wake = Vec::with_capacity(tasks);
        for _ in 0..times {
            while to_wake.is_empty() {
                let mut whom = whom.lock().expect("nobody panics");
                if whom.len() == tasks {
                    std::mem::swap(&mut *whom, &mut to_wake);
                } else {
                    drop(whom);
                    thread::yield_now();
                }
            }
            to_wake.drain(..).for_each(Waker::wake);
        }
    })?;
    let figure = wall(times * tasks as u64, || {
        peer.block_on(async {
            let ask = |_| peer.spawn(ask_again_and_again(Arc::clone(&asked), times));
            for task in (0..tasks).map(ask).collect::<Vec<_>>() {
                task.await;
            }
        });
    });
    waking.join().expect("it only wakes");
    figure
}

async fn ask_again_and_again(asked: Arc<Mutex<Vec<Waker>>>, times: u64) {
    for _ in 0..times {
        let mut waits = false;
        poll_fn(|cx| {
            // It is woken only once it has asked: nobody else would.
            if std::mem::replace(&mut waits, true) {
                return Poll::Ready(());
            }
            asked.lock().expect("nobody panics").push(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
