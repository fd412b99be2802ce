//! Chapter 6: the state machines become futures. One is written by hand, one by the compiler (`async fn`); a loop
//! without wakers polls everyone, round after round, whether they can go on or not.
//!
//! `cargo run --example 06_futures_and_pinning`

mod notes;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use glassloop::trace::Cause;

use self::notes::Notes;

fn main() -> std::io::Result<()> {
    let mut rounds = Rounds { tasks: Vec::new(), notes: Notes::new() };
    rounds.spawn("by hand", FetchByHand::New { replies_take: 2 });
    rounds.spawn("by async", fetch("by async", 2));
    rounds.spawn("slow", fetch("slow", 4));
    rounds.run();
    rounds.notes.save("polled in rounds")
}

// ANCHOR: reply
/// Stands for a reply that is there at the poll after `polls` more.
struct Reply {
    polls: u32,
}

impl Future for Reply {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.polls == 0 {
            return Poll::Ready(());
        }
        self.polls -= 1;
        Poll::Pending
    }
}
// ANCHOR_END: reply

// ANCHOR: by_async
async fn fetch(name: &'static str, replies_take: u32) {
    Reply { polls: replies_take }.await;
    println!("    {name}: connected");
    Reply { polls: replies_take }.await;
    println!("    {name}: the reply is here");
}
// ANCHOR_END: by_async

// ANCHOR: by_hand
/// What the compiler makes of `fetch`, by hand.
enum FetchByHand {
    New { replies_take: u32 },
    Connecting { reply: Reply, replies_take: u32 },
    Reading { reply: Reply },
    Done,
}

impl Future for FetchByHand {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            *self = match &mut *self {
                Self::New { replies_take } => {
                    let replies_take = *replies_take;
                    Self::Connecting { reply: Reply { polls: replies_take }, replies_take }
                }
                Self::Connecting { reply, replies_take } => {
                    if Pin::new(reply).poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                    println!("    by hand: connected");
                    Self::Reading { reply: Reply { polls: *replies_take } }
                }
                Self::Reading { reply } => {
                    if Pin::new(reply).poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                    println!("    by hand: the reply is here");
                    Self::Done
                }
                Self::Done => return Poll::Ready(()),
            };
        }
    }
}
// ANCHOR_END: by_hand

// ANCHOR: rounds
/// A future of any type, which stays where it is.
type Task = Pin<Box<dyn Future<Output = ()>>>;

struct Rounds {
    tasks: Vec<Option<Task>>,
    notes: Notes,
}

impl Rounds {
    fn spawn(&mut self, name: &str, future: impl Future<Output = ()> + 'static) {
        self.notes.spawned(self.tasks.len(), name);
        self.tasks.push(Some(Box::pin(future)));
    }

    fn run(&mut self) {
        let cx = &mut Context::from_waker(Waker::noop());
        for round in 1.. {
            if self.tasks.iter().all(Option::is_none) {
                return;
            }
            println!("round {round}");
            (0..self.tasks.len()).for_each(|number| self.poll(number, cx));
            self.notes.sleeping(None, || thread::sleep(Duration::from_millis(5)));
            let left = (0..self.tasks.len()).filter(|number| self.tasks[*number].is_some());
            left.for_each(|number| self.notes.ready(number, Cause::Outside));
        }
    }
    // ANCHOR_END: rounds

    // ANCHOR: poll_one
    fn poll(&mut self, number: usize, cx: &mut Context<'_>) {
        let Some(task) = &mut self.tasks[number] else { return };
        self.notes.begins(number);
        match task.as_mut().poll(cx) {
            Poll::Pending => {
                println!("  task {number}: Pending");
                self.notes.waits(number, "the next round");
            }
            Poll::Ready(()) => {
                println!("  task {number}: Ready");
                self.notes.finished(number);
                self.tasks[number] = None;
            }
        }
    }
    // ANCHOR_END: poll_one
}
