//! What a wake costs that comes from another thread.

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;

use anyhow::Result;

use super::measure::{on_one_cpu, wall};
use super::peer::{LOCAL, OURS, Ours, Peer, SMOL, SPAWN, Smol, TokioLocal, TokioSpawn};
use super::{Contender, Row, Run, Target, Unit};

pub(super) const ROWS: &[Row] = &[Row {
    name: "wake from another thread, one CPU",
    group: "wakes",
    unit: Unit::Nanoseconds,
    round: 10_000,
    target: Target::Ratio(0.85),
    alone: false,
    ours: Contender { name: OURS, prepare: from_a_thread::<Ours> },
    peers: &[Contender { name: LOCAL, prepare: from_a_thread::<TokioLocal> }],
    others: &[
        Contender { name: SPAWN, prepare: from_a_thread::<TokioSpawn> },
        Contender { name: SMOL, prepare: from_a_thread::<Smol> },
    ],
}];

/// The task asks the thread to wake it and waits; the thread does so and waits for the next time. Both share
/// one processor: to wake another one costs several times more, whoever does it, and would hide the rest.
fn from_a_thread<P: Peer>() -> Result<Run> {
    let peer = P::new()?;
    Ok(Box::new(move |n| on_one_cpu(|| one_round(&peer, n))?))
}

fn one_round<P: Peer>(peer: &P, n: u64) -> Result<f64> {
    let to_wake: Arc<Mutex<Option<Waker>>> = Arc::default();
    let whom = Arc::clone(&to_wake);
    let waking = thread::Builder::new().spawn(move || {
        for _ in 0..n {
            loop {
                let waker = whom.lock().expect("nobody panics").take();
                if let Some(waker) = waker {
                    break waker.wake();
                }
                thread::park();
            }
        }
    })?;
    let thread = waking.thread().clone();
    let task = async move {
        for _ in 0..n {
            let mut asked = false;
            poll_fn(|cx| {
                if asked {
                    // It is woken only once it has asked; nobody else wakes it.
                    return Poll::Ready(());
                }
                asked = true;
                *to_wake.lock().expect("nobody panics") = Some(cx.waker().clone());
                thread.unpark();
                Poll::Pending
            })
            .await;
        }
    };
    let figure = wall(n, || {
        peer.block_on(async { drop(peer.spawn(task).await) });
    });
    waking.join().expect("it only wakes");
    figure
}
