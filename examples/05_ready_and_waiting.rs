//! Chapter 5: a loop with a ready queue and a list of those who wait. No `Future` yet: first callbacks, then state
//! machines written by hand.
//!
//! `cargo run --example 05_ready_and_waiting`

mod notes;

use std::collections::VecDeque;
use std::thread;
use std::time::{Duration, Instant};

use glassloop::trace::Cause;

use self::notes::Notes;

fn main() -> std::io::Result<()> {
    println!("three fetches, as callbacks:");
    let start = Instant::now();
    let mut callbacks = Callbacks { waiting: Vec::new() };
    for (name, latency) in FETCHES {
        fetch_by_callbacks(&mut callbacks, start, name, latency);
    }
    callbacks.run();

    println!("the same, as state machines:");
    let (start, notes) = (Instant::now(), Notes::new());
    let mut machines =
        Loop { tasks: Vec::new(), ready: VecDeque::new(), waiting: Vec::new(), notes };
    for (name, latency) in FETCHES {
        machines.spawn(start, Fetch { name, latency, stage: Stage::New });
    }
    machines.run();
    machines.notes.save("ready and waiting")
}

/// How long the other side takes each time.
const FETCHES: [(&str, Duration); 3] = [
    ("a", Duration::from_millis(20)),
    ("b", Duration::from_millis(35)),
    ("c", Duration::from_millis(48)),
];

// ─── Callbacks ──────────────────────────────────────────────────────────────────────────────────

// ANCHOR: callbacks
type Callback = Box<dyn FnOnce(&mut Callbacks, Instant)>;

struct Callbacks {
    waiting: Vec<(Instant, Callback)>,
}

impl Callbacks {
    fn call_at(&mut self, when: Instant, what: impl FnOnce(&mut Self, Instant) + 'static) {
        self.waiting.push((when, Box::new(what)));
    }

    fn run(&mut self) {
        while let Some(soonest) = (0..self.waiting.len()).min_by_key(|at| self.waiting[*at].0) {
            let (when, call) = self.waiting.remove(soonest);
            thread::sleep(when.saturating_duration_since(Instant::now()));
            call(self, when);
        }
    }
}
// ANCHOR_END: callbacks

// ANCHOR: fetch_by_callbacks
fn fetch_by_callbacks(
    events: &mut Callbacks,
    start: Instant,
    name: &'static str,
    latency: Duration,
) {
    events.call_at(start + latency, move |events, now| {
        println!("  {name}: connected");
        events.call_at(now + latency, move |events, now| {
            println!("  {name}: piece 1");
            events.call_at(now + latency, move |_, _| println!("  {name}: piece 2, done"));
        });
    });
}
// ANCHOR_END: fetch_by_callbacks

// ─── State machines ─────────────────────────────────────────────────────────────────────────────

// ANCHOR: fetch
struct Fetch {
    name: &'static str,
    latency: Duration,
    stage: Stage,
}

/// Where a fetch stands: what an ordinary function keeps in its local variables, and in the line it is at.
enum Stage {
    New,
    Connecting,
    Reading { pieces: u32 },
}

/// What a step says when it gives control back.
enum Next {
    WaitFor(Duration),
    Done,
}

impl Fetch {
    fn step(&mut self) -> Next {
        match self.stage {
            Stage::New => self.stage = Stage::Connecting,
            Stage::Connecting => {
                println!("  {}: connected", self.name);
                self.stage = Stage::Reading { pieces: 0 };
            }
            Stage::Reading { pieces: 0 } => {
                println!("  {}: piece 1", self.name);
                self.stage = Stage::Reading { pieces: 1 };
            }
            Stage::Reading { .. } => {
                println!("  {}: piece 2, done", self.name);
                return Next::Done;
            }
        }
        Next::WaitFor(self.latency)
    }
}
// ANCHOR_END: fetch

// ANCHOR: small_loop
struct Loop {
    tasks: Vec<Option<Fetch>>,
    /// Who can go on, and since when.
    ready: VecDeque<(usize, Instant)>,
    /// Who waits, and until when.
    waiting: Vec<(Instant, usize)>,
    notes: Notes,
}

impl Loop {
    fn spawn(&mut self, now: Instant, task: Fetch) {
        let number = self.tasks.len();
        self.notes.spawned(number, task.name);
        self.tasks.push(Some(task));
        self.ready.push_back((number, now));
    }

    fn run(&mut self) {
        loop {
            while let Some((number, since)) = self.ready.pop_front() {
                self.turn(number, since);
            }
            let Some(soonest) = (0..self.waiting.len()).min_by_key(|at| self.waiting[*at].0) else {
                return; // nobody is ready and nobody waits
            };
            let (until, number) = self.waiting.remove(soonest);
            let pause = until.saturating_duration_since(Instant::now());
            self.notes.sleeping(Some(pause), || thread::sleep(pause));
            self.notes.ready(number, Cause::Timer);
            self.ready.push_back((number, until));
        }
    }
    // ANCHOR_END: small_loop

    // ANCHOR: small_turn
    fn turn(&mut self, number: usize, since: Instant) {
        let Some(task) = &mut self.tasks[number] else { return };
        self.notes.begins(number);
        match task.step() {
            Next::WaitFor(time) => {
                self.notes.waits(number, "the reply");
                self.waiting.push((since + time, number));
            }
            Next::Done => {
                self.notes.finished(number);
                self.tasks[number] = None;
            }
        }
    }
    // ANCHOR_END: small_turn
}
