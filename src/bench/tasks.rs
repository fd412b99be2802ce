//! What a task costs: to make and join it, to let it go on, to wake it from another.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use anyhow::Result;

use super::measure::thread_cpu;
use super::peer::{LOCAL, OURS, Ours, Peer, SMOL, SPAWN, Smol, TokioLocal, TokioSpawn};
use super::{Contender, Row, Run, Target, Unit};

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "spawn + join, batch",
        group: "tasks",
        unit: Unit::Nanoseconds,
        round: 100_000,
        target: Target::Ratio(0.22),
        alone: false,
        ours: Contender { name: OURS, prepare: batch::<Ours> },
        peers: &[Contender { name: LOCAL, prepare: batch::<TokioLocal> }],
        others: &[
            Contender { name: SPAWN, prepare: batch::<TokioSpawn> },
            Contender { name: SMOL, prepare: batch::<Smol> },
        ],
    },
    Row {
        name: "spawn + join, one by one",
        group: "tasks",
        unit: Unit::Nanoseconds,
        round: 100_000,
        target: Target::Ratio(0.10),
        alone: false,
        ours: Contender { name: OURS, prepare: one_by_one::<Ours> },
        peers: &[Contender { name: LOCAL, prepare: one_by_one::<TokioLocal> }],
        others: &[
            Contender { name: SPAWN, prepare: one_by_one::<TokioSpawn> },
            Contender { name: SMOL, prepare: one_by_one::<Smol> },
        ],
    },
    Row {
        name: "yield, 1,000 tasks × 1,000",
        group: "tasks",
        unit: Unit::Nanoseconds,
        round: 1_000_000,
        target: Target::Ratio(0.30),
        alone: false,
        ours: Contender { name: OURS, prepare: yields::<Ours> },
        peers: &[Contender { name: LOCAL, prepare: yields::<TokioLocal> }],
        others: &[
            Contender { name: SPAWN, prepare: yields::<TokioSpawn> },
            Contender { name: SMOL, prepare: yields::<Smol> },
        ],
    },
    Row {
        name: "ping-pong, two wakes + two polls",
        group: "tasks",
        unit: Unit::Nanoseconds,
        round: 200_000,
        target: Target::Ratio(0.32),
        alone: false,
        ours: Contender { name: OURS, prepare: ping_pong::<Ours> },
        peers: &[Contender { name: LOCAL, prepare: ping_pong::<TokioLocal> }],
        others: &[
            Contender { name: SPAWN, prepare: ping_pong::<TokioSpawn> },
            Contender { name: SMOL, prepare: ping_pong::<Smol> },
        ],
    },
];

/// All tasks are there before the first is waited for.
fn batch<P: Peer>() -> Result<Run> {
    let peer = P::new()?;
    Ok(Box::new(move |n| {
        thread_cpu(n, || {
            peer.block_on(async {
                let tasks: Vec<_> =
                    (0..n).map(|i| peer.spawn(async move { black_box(i) })).collect();
                for task in tasks {
                    black_box(task.await);
                }
            });
        })
    }))
}

// ANCHOR: one_by_one
fn one_by_one<P: Peer>() -> Result<Run> {
    let peer = P::new()?;
    Ok(Box::new(move |n| {
        thread_cpu(n, || {
            peer.block_on(async {
                for i in 0..n {
                    black_box(peer.spawn(async move { black_box(i) }).await);
                }
            });
        })
    }))
}
// ANCHOR_END: one_by_one

// ANCHOR: yield
/// Not any runtime's own `yield_now`: those do more than wake themselves, each something else.
struct Yield(bool);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
// ANCHOR_END: yield

fn yields<P: Peer>() -> Result<Run> {
    const TASKS: u64 = 1000;
    let peer = P::new()?;
    Ok(Box::new(move |n| {
        let times = n.div_ceil(TASKS);
        let task = move || async move {
            for _ in 0..times {
                Yield(false).await;
            }
        };
        thread_cpu(TASKS * times, || {
            peer.block_on(async {
                let tasks: Vec<_> = (0..TASKS).map(|_| peer.spawn(task())).collect();
                for task in tasks {
                    task.await;
                }
            });
        })
    }))
}

thread_local! {
    /// Which of two players waits. Not shared by an `Rc`, for which `tokio::spawn` has no use, nor by a lock.
    static WAITING: [RefCell<Option<Waker>>; 2] = const { [RefCell::new(None), RefCell::new(None)] };
}

/// Waits until the other player has woken this one, `turns` times.
async fn player(me: usize, turns: u64) {
    let wake_other = |waiting: &[RefCell<Option<Waker>>; 2]| {
        let other = waiting[1 - me].borrow_mut().take();
        if let Some(other) = other {
            other.wake();
        }
    };
    let mut left = turns;
    poll_fn(|cx| {
        WAITING.with(|waiting| {
            wake_other(waiting);
            if left == 0 {
                return Poll::Ready(());
            }
            left -= 1;
            *waiting[me].borrow_mut() = Some(cx.waker().clone());
            Poll::Pending
        })
    })
    .await;
}

fn ping_pong<P: Peer>() -> Result<Run> {
    let peer = P::new()?;
    Ok(Box::new(move |n| {
        thread_cpu(n, || {
            peer.block_on(async {
                let players = [peer.spawn(player(0, n)), peer.spawn(player(1, n))];
                for player in players {
                    player.await;
                }
            });
        })
    }))
}
