//! A lost wake: found by drawing the order of turns by lot, replayed from its seed, put right, and held to it.
//! Then the same race between two threads, in every order there is.
//!
//! `cargo run --example 15_finding_the_bug`

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use glassloop::runtime::Builder;
use glassloop::task::{self, yield_now};
use glassloop::trace::{Event, Record, Run, TaskId, file};

#[derive(Default)]
struct Signal {
    raised: Cell<bool>,
    waiter: Cell<Option<Waker>>,
}

impl Signal {
    fn raise(&self) {
        self.raised.set(true);
        if let Some(waiter) = self.waiter.take() {
            waiter.wake();
        }
    }

    /// Looks, and then leaves its waker: what is raised in between is lost.
    async fn wait_wrongly(&self) {
        if self.raised.get() {
            return;
        }
        yield_now().await;
        let mut left_a_waker = false;
        poll_fn(|cx| {
            if std::mem::replace(&mut left_a_waker, true) {
                return Poll::Ready(());
            }
            self.waiter.set(Some(cx.waker().clone()));
            Poll::Pending
        })
        .await;
    }

    // ANCHOR: right
    /// Leaves its waker, and then looks: whoever raises it before the look is seen, whoever does after it wakes.
    async fn wait(&self) {
        yield_now().await;
        poll_fn(|cx| {
            self.waiter.set(Some(cx.waker().clone()));
            if self.raised.get() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
    // ANCHOR_END: right
}

async fn scene(right: bool) {
    let signal = Rc::new(Signal::default());
    let waiter = task::Builder::new().name("waiter").spawn({
        let signal = Rc::clone(&signal);
        async move {
            match right {
                true => signal.wait().await,
                false => signal.wait_wrongly().await,
            }
        }
    });
    let worker = task::Builder::new().name("worker").spawn(async move {
        for _ in 0..6 {
            yield_now().await;
        }
        signal.raise();
    });
    worker.await.expect("it neither panics nor is it aborted");
    waiter.await.expect("it neither panics nor is it aborted");
}

// ANCHOR: world
/// One world: its order of turns is the seed's, its clock stands still. What happened, and whether all ended well.
fn world(seed: u64, right: bool) -> io::Result<(Vec<Record>, Result<(), String>)> {
    let runtime = Builder::new().start_paused(true).seed(seed).trace(true).build()?;
    let run = AssertUnwindSafe(|| runtime.block_on(scene(right)));
    let ended = catch_unwind(run).map_err(|panic| match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(_) => "a panic without words".into(),
    });
    Ok((runtime.take_trace(), ended))
}
// ANCHOR_END: world

fn main() -> io::Result<()> {
    panic::set_hook(Box::new(|_| {})); // deadlocks are expected, and told of below

    let mut found = None;
    for seed in 0..10_000 {
        let (records, ended) = world(seed, false)?;
        if let Err(why) = ended {
            found = Some((seed, records, why));
            break;
        }
    }
    let (seed, records, why) = found.expect("10,000 worlds are enough");
    println!("seed {seed} is the first that ends badly:\n  {}", why.lines().next().unwrap_or(""));
    println!("\nWhose turn it was:\n  {}", turns(&records));

    let (again, _) = world(seed, false)?;
    println!("\nThe same seed again: {} events, {}", again.len(), same(&records, &again));

    let bad = (0..10_000).filter(|seed| world(*seed, false).is_ok_and(|(_, ended)| ended.is_err()));
    println!("\nOf 10,000 worlds {} end so.", bad.count());
    let bad = (0..10_000).filter(|seed| world(*seed, true).is_ok_and(|(_, ended)| ended.is_err()));
    println!("With the waker left before the look: {}.", bad.count());

    file::save_if_asked(|| Run::of_loop(format!("a wake is lost, seed {seed}"), spread(records)))?;
    every_order::show();
    Ok(())
}

/// The clock stands still, and a picture of no time at all shows nothing: so an event for each millisecond.
fn spread(mut records: Vec<Record>) -> Vec<Record> {
    for (record, at) in records.iter_mut().zip(0..) {
        record.at = Duration::from_millis(at);
    }
    records
}

fn same(one: &[Record], other: &[Record]) -> &'static str {
    let events = |records: &[Record]| -> Vec<Event> {
        records.iter().map(|record| record.event.clone()).collect()
    };
    if events(one) == events(other) { "the very same" } else { "others" }
}

/// Who was polled, turn by turn.
fn turns(records: &[Record]) -> String {
    let mut names: Vec<(TaskId, &str)> = Vec::new();
    let mut turns = Vec::new();
    for Record { event, .. } in records {
        match event {
            Event::Named { task, name } => names.push((*task, name)),
            Event::PollStart { task } => {
                let known = names.iter().find(|(known, _)| known == task);
                turns.push(known.map_or("main", |(_, name)| *name));
            }
            _ => {}
        }
    }
    turns.join(", ")
}

/// Two threads and an inbox, step by step: small enough to try every order.
mod every_order {
    // ANCHOR: steps
    #[derive(Clone, Default)]
    struct Inbox {
        mail: u32,
        announced: bool,
        notices: u32,
        /// What the loop saw when it looked.
        saw_none: bool,
    }

    type Step = (&'static str, fn(&mut Inbox));

    const WRONG: [&[Step]; 2] = [
        &[
            ("the loop looks for mail", |inbox| inbox.saw_none = inbox.mail == 0),
            ("the loop announces its sleep", |inbox| inbox.announced = inbox.saw_none),
        ],
        &[
            ("the sender posts", |inbox| inbox.mail += 1),
            ("the sender notifies if asleep", |inbox| inbox.notices += u32::from(inbox.announced)),
        ],
    ];

    const RIGHT: [&[Step]; 2] = [
        &[("the loop looks and announces at once", |inbox| {
            inbox.announced = inbox.mail == 0;
        })],
        WRONG[1],
    ];
    // ANCHOR_END: steps

    // ANCHOR: explore
    /// The loop sleeps, there is mail, and no notice will come.
    fn is_lost(end: &Inbox) -> bool {
        end.announced && end.mail > 0 && end.notices == 0
    }

    /// Runs what is left of both threads in every order; keeps those that lose the message.
    fn explore(
        inbox: &Inbox,
        left: [&[Step]; 2],
        taken: &mut Vec<&'static str>,
        orders: &mut usize,
        lost: &mut Vec<Vec<&'static str>>,
    ) {
        if left.iter().all(|steps| steps.is_empty()) {
            *orders += 1;
            lost.extend(is_lost(inbox).then(|| taken.clone()));
        }
        for thread in 0..2 {
            if let [(name, step), rest @ ..] = left[thread] {
                let (mut inbox, mut left) = (inbox.clone(), left);
                step(&mut inbox);
                left[thread] = rest;
                taken.push(name);
                explore(&inbox, left, taken, orders, lost);
                taken.pop();
            }
        }
    }
    // ANCHOR_END: explore

    pub(super) fn show() {
        for (what, threads) in [("Look, then announce", WRONG), ("Both in one step", RIGHT)] {
            let (mut orders, mut lost) = (0, Vec::new());
            explore(&Inbox::default(), threads, &mut Vec::new(), &mut orders, &mut lost);
            println!("\n{what}: of {orders} orders {} lose the message.", lost.len());
            for step in lost.iter().flatten() {
                println!("  {step}");
            }
        }
    }
}
