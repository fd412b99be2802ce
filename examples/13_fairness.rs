//! Who starves? A task that is always ready, a task whose channel always has something, and a task that computes;
//! and what each of them leaves to the others.
//!
//! `cargo run --example 13_fairness`, and to see the last part drawn:
//! `cargo run --example 13_fairness -- --trace fair.jsonl && cargo run -- timeline fair.jsonl`

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use futures::AsyncReadExt;
use glassloop::Runtime;
use glassloop::net::UnixStream;
use glassloop::runtime::Builder;
use glassloop::sync::mpsc;
use glassloop::task::{self, spawn_blocking, unconstrained, yield_now};
use glassloop::time::{Instant, sleep_until};
use glassloop::trace::{Run, file};

const MILLI: Duration = Duration::from_millis(1);

fn main() -> io::Result<()> {
    println!("a task that always wakes itself:");
    let (written, read) = Runtime::new()?.block_on(always_ready())?;
    println!("  a byte was written in its turn {written}, and read before its turn {read}");

    println!("\na task whose channel always has something, and its neighbour's turns:");
    let runtime = Runtime::new()?;
    let sips = runtime.block_on(always_something(true));
    println!("  values taken before each turn: {sips:?}");
    let gulps = runtime.block_on(always_something(false));
    println!("  unconstrained: {gulps:?}");

    println!("\n60 ms of computing beside a ticker:");
    let runtime = Builder::new().trace(true).build()?;
    runtime.block_on(async {
        beside_a_ticker("in one go", async { compute(MILLI * 60) }).await;
        beside_a_ticker("in 30 pieces", in_pieces(30)).await;
        beside_a_ticker("in 600 pieces", in_pieces(600)).await;
        beside_a_ticker("on a thread", async {
            let _ = spawn_blocking(|| compute(MILLI * 60)).await;
        })
        .await;
    });
    file::save_if_asked(|| Run::of_loop("60 ms of computing", runtime.take_trace()))
}

// ANCHOR: always_ready
/// One task wakes itself in every turn, another waits for a byte. In which turn of the first was it
/// written, and which one had not yet come when it was read?
async fn always_ready() -> io::Result<(u32, u32)> {
    const WRITES_AT: u32 = 1000;
    let (sender, mut receiver) = UnixStream::pair()?;
    let turns = Rc::new(Cell::new(0));
    let counted = Rc::clone(&turns);
    let greedy = task::spawn(async move {
        loop {
            counted.set(counted.get() + 1);
            if counted.get() == WRITES_AT {
                sender.try_write(b"!").expect("there is room for a byte");
            }
            yield_now().await;
        }
    });
    let reader = task::spawn(async move {
        receiver.read_exact(&mut [0]).await?;
        Ok::<u32, io::Error>(turns.get() + 1)
    });
    let read = reader.await.map_err(io::Error::other)??;
    greedy.abort();
    Ok((WRITES_AT, read))
}
// ANCHOR_END: always_ready

// ANCHOR: always_something
/// A task takes 1,000 values that are all there; its neighbour notes in each of its own turns how many
/// were taken since the last.
async fn always_something(with_a_budget: bool) -> Vec<u32> {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    (0..1000).for_each(|number| sender.send(number).expect("somebody receives"));
    drop(sender);
    let taken = Rc::new(Cell::new(0));
    let counted = Rc::clone(&taken);
    let receiving = async move {
        while receiver.recv().await.is_some() {
            counted.set(counted.get() + 1);
        }
    };
    let receiving = match with_a_budget {
        true => task::spawn(receiving),
        false => task::spawn(unconstrained(receiving)),
    };
    let mut notes = Vec::new();
    while !receiving.is_finished() {
        yield_now().await;
        notes.push(taken.take());
    }
    notes
}
// ANCHOR_END: always_something

// ANCHOR: beside_a_ticker
/// Runs `work` as a task beside one that wants a turn every 10 ms, and tells how late the latest came.
async fn beside_a_ticker(name: &str, work: impl Future<Output = ()> + 'static) {
    let ticker = task::Builder::new().name("ticker").spawn(async {
        let (start, mut worst) = (Instant::now(), Duration::ZERO);
        for number in 1..=8 {
            let due = start + number * MILLI * 10;
            sleep_until(due).await;
            worst = worst.max(due.elapsed());
        }
        worst
    });
    let work = task::Builder::new().name(name).spawn(work);
    let worst = ticker.await.expect("it does not panic");
    work.await.expect("it does not panic");
    println!("{name:>13}: the worst tick was {} ms late", worst.as_millis());
}
// ANCHOR_END: beside_a_ticker

/// Gives the others a turn after each piece.
async fn in_pieces(pieces: u32) {
    for _ in 0..pieces {
        compute(MILLI * 60 / pieces);
        yield_now().await;
    }
}

/// Stands for whatever takes its time and has no `await` in it.
fn compute(how_long: Duration) {
    let start = std::time::Instant::now();
    while start.elapsed() < how_long {
        std::hint::spin_loop();
    }
}
