//! Cancellation at every point. A scenario awaits something through [`Cut::short`], which gives up after
//! so many polls and so many turns of the others; [`sweep`] plays it again and again, one step further
//! each time, until it is given the time to complete.
//!
//! Each poll has a waker of its own, as if the future moved to another task: of these only the latest may
//! be kept, and none after the future is dropped.
#![allow(dead_code, unreachable_pub)] // each test binary uses a part of it

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures::task::AtomicWaker;
use glassloop::runtime::JoinHandle;
use glassloop::spawn;
use glassloop::task::yield_now;

use super::support::{run, turns};

/// How often a future is polled.
#[derive(Clone, Copy, Debug)]
enum Polled {
    WhenWoken,
    /// As by a `select!` in a loop: each time its task has a turn.
    EachTurn,
}

/// When it is dropped, after its last poll.
#[derive(Clone, Copy, Debug)]
enum Dropped {
    /// After so many turns of the others, woken meanwhile or not.
    AfterTurns(usize),
    /// When it has been woken and would find what it waits for.
    WhenWoken,
}

/// More turns than the others need in any scenario here.
const TURNS: usize = 6;

/// Where the future of this try is cut short.
pub struct Cut {
    polls: usize,
    polled: Polled,
    dropped: Dropped,
    /// Whether it came to its end; `None` before anything was awaited.
    completed: Cell<Option<bool>>,
}

/// Plays a scenario for every point at which its future can be cut short.
pub fn sweep(scenario: impl AsyncFn(&Cut)) {
    play(&scenario, Polled::EachTurn);
    play(&scenario, Polled::WhenWoken);
}

/// As [`sweep`], for what takes real time: to poll it at each turn would be thousands of polls.
pub fn sweep_wakes(scenario: impl AsyncFn(&Cut)) {
    play(&scenario, Polled::WhenWoken);
}

fn play(scenario: &impl AsyncFn(&Cut), polled: Polled) {
    for polls in 0.. {
        assert!(polls < 100, "it never completes");
        let mut all_completed = true;
        for dropped in (0..TURNS).map(Dropped::AfterTurns).chain([Dropped::WhenWoken]) {
            let cut = Cut { polls, polled, dropped, completed: Cell::new(None) };
            run(scenario(&cut));
            all_completed &= cut.completed.get().expect("the scenario has cut nothing short");
        }
        if all_completed {
            return;
        }
    }
}

/// Does something after so many turns of the others.
pub fn later<T: 'static>(
    turns_until: usize,
    action: impl FnOnce() -> T + 'static,
) -> JoinHandle<T> {
    spawn(async move {
        turns(turns_until).await;
        action()
    })
}

/// A failure says where the cut was.
impl Drop for Cut {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Self { polls, polled, dropped, .. } = self;
            println!("polled {polled:?} {polls} times, then dropped {dropped:?}");
        }
    }
}

impl Cut {
    /// Awaits a future that owns its place wherever it waits; `None` if it was cut short.
    pub async fn short<F: Future>(&self, future: F) -> Option<F::Output> {
        self.play(future, true).await
    }

    /// As [`short`](Self::short), for a future that leaves its waker with something that it shares: a
    /// socket, a handle awaited by reference. The price is a wake too many.
    pub async fn short_sharing<F: Future>(&self, future: F) -> Option<F::Output> {
        self.play(future, false).await
    }

    async fn play<F: Future>(&self, future: F, owns_its_place: bool) -> Option<F::Output> {
        assert_eq!(self.completed.get(), None, "one future is cut short in a scenario");
        let (mut future, mut output) = (Box::pin(future), None);
        let mut bells: Vec<Arc<Bell>> = Vec::new();
        while bells.len() < self.polls && output.is_none() {
            match (bells.last(), self.polled) {
                (None, _) => {}
                (Some(_), Polled::EachTurn) => yield_now().await,
                (Some(bell), Polled::WhenWoken) => bell.rung().await,
            }
            let bell = Arc::new(Bell::default());
            let waker = Waker::from(Arc::clone(&bell));
            let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
            if owns_its_place {
                assert_forgotten(&bells, "an old waker is kept");
            }
            bells.push(bell);
            output = match polled {
                Poll::Ready(output) => Some(output),
                Poll::Pending => None,
            };
        }
        if output.is_none() {
            match (self.dropped, bells.last()) {
                (Dropped::AfterTurns(count), _) => turns(count).await,
                (Dropped::WhenWoken, Some(bell)) => bell.rung().await,
                (Dropped::WhenWoken, None) => turns(TURNS).await, // it waits for nothing yet
            }
        }
        self.completed.set(Some(output.is_some()));
        drop(future);
        if owns_its_place {
            assert_forgotten(&bells, "a waker is kept though its future is gone");
        }
        output
    }
}

fn assert_forgotten(bells: &[Arc<Bell>], what: &str) {
    assert!(bells.iter().all(|bell| Arc::strong_count(bell) == 1), "{what}");
}

/// The waker of one poll.
#[derive(Default)]
struct Bell {
    rung: AtomicBool,
    task: AtomicWaker,
}

impl Bell {
    async fn rung(&self) {
        if self.rung.load(Ordering::SeqCst) {
            return yield_now().await; // it rang during the poll: a task would have its turn after the others
        }
        poll_fn(|cx| {
            self.task.register(cx.waker());
            match self.rung.load(Ordering::SeqCst) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::SeqCst);
        self.task.wake();
    }
}
