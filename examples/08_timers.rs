//! Chapter 8: the loop keeps deadlines, soonest first, and sleeps until the next. No thread sleeps for anybody.
//!
//! `cargo run --example 08_timers`

mod notes;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::ptr::without_provenance;
use std::sync::{Condvar, Mutex};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
use std::time::{Duration, Instant};

use glassloop::trace::Cause;

use self::notes::Notes;

fn main() -> std::io::Result<()> {
    let mut tasks = Loop { tasks: Vec::new(), notes: Notes::new() };
    let start = Instant::now();
    for (name, nap) in [("long", 300), ("short", 100), ("middle", 200), ("past", 0)] {
        tasks.spawn(name, async move {
            sleep_until(start + Duration::from_millis(nap)).await;
            println!("{name}: awake, not early: {}", start.elapsed().as_millis() >= nap.into());
        });
    }
    tasks.spawn("cancels", async move {
        let mut dropped = Box::pin(sleep_until(start + Duration::from_secs(3600)));
        println!("deadlines before the hour: {}", TIMERS.with_borrow(Timers::len));
        std::future::poll_fn(|cx| Poll::Ready(dropped.as_mut().poll(cx).is_pending())).await;
        println!("deadlines with the hour: {}", TIMERS.with_borrow(Timers::len));
        drop(dropped);
        println!("deadlines without it again: {}", TIMERS.with_borrow(Timers::len));
    });
    tasks.run();
    println!("all in the time of the longest: {}", start.elapsed() < Duration::from_secs(1));
    tasks.notes.save("four sleeps, one thread")
}

// ─── Deadlines ──────────────────────────────────────────────────────────────────────────────────

// ANCHOR: small_timers
/// Soonest first; the number tells apart those for the same moment.
#[derive(Default)]
struct Timers {
    deadlines: BTreeMap<(Instant, u64), Waker>,
    inserted: u64,
}

thread_local! {
    static TIMERS: RefCell<Timers> = RefCell::default();
}

impl Timers {
    fn insert(&mut self, at: Instant, waker: Waker) -> (Instant, u64) {
        self.inserted += 1;
        self.deadlines.insert((at, self.inserted), waker);
        (at, self.inserted)
    }

    fn next(&self) -> Option<Instant> {
        self.deadlines.keys().next().map(|(at, _)| *at)
    }

    /// Takes out all that is due, soonest first.
    fn expire(&mut self, now: Instant) -> Vec<Waker> {
        let later = self.deadlines.split_off(&(now, u64::MAX));
        std::mem::replace(&mut self.deadlines, later).into_values().collect()
    }

    fn len(&self) -> usize {
        self.deadlines.len()
    }
}
// ANCHOR_END: small_timers

// ANCHOR: small_sleep
struct Sleep {
    until: Instant,
    key: Option<(Instant, u64)>,
}

fn sleep_until(until: Instant) -> Sleep {
    Sleep { until, key: None }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.forget(); // the waker that it was polled with before may be another
        if Instant::now() >= self.until {
            return Poll::Ready(());
        }
        let key = TIMERS.with_borrow_mut(|timers| timers.insert(self.until, cx.waker().clone()));
        self.key = Some(key);
        Poll::Pending
    }
}

impl Sleep {
    fn forget(&mut self) {
        if let Some(key) = self.key.take() {
            TIMERS.with_borrow_mut(|timers| timers.deadlines.remove(&key));
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.forget();
    }
}
// ANCHOR_END: small_sleep

// ─── The loop ───────────────────────────────────────────────────────────────────────────────────

struct Loop {
    tasks: Vec<Option<Pin<Box<dyn Future<Output = ()>>>>>,
    notes: Notes,
}

impl Loop {
    fn spawn(&mut self, name: &str, future: impl Future<Output = ()> + 'static) {
        self.notes.spawned(self.tasks.len(), name);
        wake_number(self.tasks.len());
        self.tasks.push(Some(Box::pin(future)));
    }

    // ANCHOR: small_tick
    fn run(&mut self) {
        while self.tasks.iter().any(Option::is_some) {
            for number in take_ready() {
                self.turn(number);
            }
            self.sleep();
            let due = TIMERS.with_borrow_mut(|timers| timers.expire(Instant::now()));
            due.into_iter().for_each(Waker::wake); // nothing is borrowed here
            READY.lock().expect(CALM).iter().for_each(|task| self.notes.ready(*task, Cause::Timer));
        }
    }

    /// Until somebody is woken, or the next deadline.
    fn sleep(&self) {
        let ready = READY.lock().expect(CALM);
        if !ready.is_empty() {
            return;
        }
        let Some(next) = TIMERS.with_borrow(Timers::next) else { return };
        let timeout = next.saturating_duration_since(Instant::now());
        let idle = |ready: &mut VecDeque<usize>| ready.is_empty();
        let wait = || _ = BELL.wait_timeout_while(ready, timeout, idle).expect(CALM);
        self.notes.sleeping(Some(timeout), wait);
    }
    // ANCHOR_END: small_tick

    fn turn(&mut self, number: usize) {
        let Some(task) = &mut self.tasks[number] else { return };
        self.notes.begins(number);
        match task.as_mut().poll(&mut Context::from_waker(&waker(number))) {
            Poll::Pending => self.notes.waits(number, "its time"),
            Poll::Ready(()) => {
                self.notes.finished(number);
                self.tasks[number] = None;
            }
        }
    }
}

// ─── Wakers, as in chapter 7 ────────────────────────────────────────────────────────────────────

static READY: Mutex<VecDeque<usize>> = Mutex::new(VecDeque::new());
static BELL: Condvar = Condvar::new();
const CALM: &str = "nobody panics while it is locked";

fn wake_number(number: usize) {
    READY.lock().expect(CALM).push_back(number);
    BELL.notify_one();
}

fn take_ready() -> VecDeque<usize> {
    std::mem::take(&mut READY.lock().expect(CALM))
}

static VTABLE: RawWakerVTable = RawWakerVTable::new(
    |number| RawWaker::new(number, &VTABLE),
    |number| wake_number(number.addr()),
    |number| wake_number(number.addr()),
    |_| {},
);

#[allow(unsafe_code)]
fn waker(number: usize) -> ManuallyDrop<Waker> {
    // SAFETY: the vtable only ever reads the pointer's address; there is nothing behind it to free.
    ManuallyDrop::new(unsafe { Waker::new(without_provenance(number), &VTABLE) })
}
