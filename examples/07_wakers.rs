//! Chapter 7: a loop that polls only who was woken. Its waker is a number; whoever has it may wake from any thread.
//!
//! `cargo run --example 07_wakers`

mod notes;

use std::collections::VecDeque;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::ptr::without_provenance;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
use std::thread;
use std::time::Duration;

use glassloop::trace::Cause;

use self::notes::Notes;

fn main() -> std::io::Result<()> {
    let mut tasks = Loop { slots: Vec::new(), notes: Notes::new() };
    let [slow, quick] = [300, 100].map(|after| Reply::after(Duration::from_millis(after)));
    let kept = quick.kept();
    tasks.spawn("slow", async move { println!("slow: {}", slow.await) });
    tasks.spawn("quick", async move { println!("quick: {}", quick.await) });
    tasks.run();

    println!("\"quick\" has gone, its waker has not. A new task gets its slot.");
    let late = Reply::after(Duration::from_millis(100));
    tasks.spawn("late", async move { println!("late: {}", late.await) });
    kept.lock().expect("nobody panics with it").waker.take().expect("it was polled once").wake();
    tasks.run();
    tasks.notes.save("woken by number")
}

// ─── The waker is a number ──────────────────────────────────────────────────────────────────────

// ANCHOR: ready_numbers
/// The numbers of those who were woken, oldest first. Any thread may push; the loop pops, or waits for the bell.
static READY: Mutex<VecDeque<u64>> = Mutex::new(VecDeque::new());
static BELL: Condvar = Condvar::new();

fn wake_number(number: u64) {
    READY.lock().expect("a push does not panic").push_back(number);
    BELL.notify_one();
}
// ANCHOR_END: ready_numbers

// ANCHOR: number_waker
static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake, drop_nothing);

fn clone(number: *const ()) -> RawWaker {
    RawWaker::new(number, &VTABLE)
}

fn wake(number: *const ()) {
    wake_number(number.addr() as u64);
}

fn drop_nothing(_: *const ()) {}

#[allow(unsafe_code)]
fn waker(number: u64) -> ManuallyDrop<Waker> {
    let pointer = without_provenance(number as usize);
    // SAFETY: the vtable only ever reads the pointer's address; there is nothing behind it to free.
    ManuallyDrop::new(unsafe { Waker::new(pointer, &VTABLE) })
}
// ANCHOR_END: number_waker

// ─── The loop ───────────────────────────────────────────────────────────────────────────────────

// ANCHOR: slots
type Task = Pin<Box<dyn Future<Output = ()>>>;

#[derive(Default)]
struct Slot {
    /// How many tasks have had this slot before.
    generation: u32,
    task: Option<Task>,
    name: &'static str,
}

struct Loop {
    slots: Vec<Slot>,
    notes: Notes,
}

impl Loop {
    fn spawn(&mut self, name: &'static str, future: impl Future<Output = ()> + 'static) {
        let free = self.slots.iter().rposition(|slot| slot.task.is_none());
        let index = free.unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() - 1
        });
        let slot = &mut self.slots[index];
        slot.task = Some(Box::pin(future));
        slot.name = name;
        let number = u64::from(slot.generation) << 32 | index as u64;
        self.notes.spawned(trace_id(number), name);
        wake_number(number);
    }
    // ANCHOR_END: slots

    // ANCHOR: run_numbers
    fn run(&mut self) {
        while self.slots.iter().any(|slot| slot.task.is_some()) {
            let number = self.next();
            let (index, generation) = (number as u32 as usize, (number >> 32) as u32);
            let slot = &mut self.slots[index];
            if slot.generation != generation {
                println!("woken: slot {index}, generation {generation}: nobody, it has gone");
                continue;
            }
            println!("woken: slot {index}, generation {generation}: {}", slot.name);
            let Some(task) = &mut slot.task else { continue };
            self.notes.begins(trace_id(number));
            match task.as_mut().poll(&mut Context::from_waker(&waker(number))) {
                Poll::Pending => self.notes.waits(trace_id(number), "the reply"),
                Poll::Ready(()) => {
                    self.notes.finished(trace_id(number));
                    slot.task = None;
                    slot.generation += 1;
                }
            }
        }
    }

    /// The number that was woken longest ago; sleeps until there is one.
    fn next(&self) -> u64 {
        let mut ready = READY.lock().expect("a push does not panic");
        if ready.is_empty() {
            let awake = |ready: &mut VecDeque<u64>| ready.is_empty();
            let wait = || BELL.wait_while(ready, awake).expect("a push does not panic");
            ready = self.notes.sleeping(None, wait);
            self.notes.ready(trace_id(ready[0]), Cause::Outside);
        }
        ready.pop_front().expect("it is not empty")
    }
    // ANCHOR_END: run_numbers
}

/// In the trace each task has a number of its own.
fn trace_id(number: u64) -> usize {
    (number >> 32) as usize * 100 + number as u32 as usize
}

// ─── Who calls wake ─────────────────────────────────────────────────────────────────────────────

// ANCHOR: reply_by_thread
/// What a thread will bring, and whom to tell then.
#[derive(Default)]
struct Promise {
    value: Option<&'static str>,
    waker: Option<Waker>,
}

struct Reply(Arc<Mutex<Promise>>);

impl Reply {
    fn after(time: Duration) -> Self {
        let promise = Arc::<Mutex<Promise>>::default();
        let theirs = Arc::clone(&promise);
        thread::spawn(move || {
            thread::sleep(time);
            let mut promise = theirs.lock().expect("nobody panics with it");
            promise.value = Some("the reply is here");
            if let Some(waker) = &promise.waker {
                waker.wake_by_ref();
            }
        });
        Self(promise)
    }

    fn kept(&self) -> Arc<Mutex<Promise>> {
        Arc::clone(&self.0)
    }
}
// ANCHOR_END: reply_by_thread

// ANCHOR: reply_future
impl Future for Reply {
    type Output = &'static str;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<&'static str> {
        let mut promise = self.0.lock().expect("nobody panics with it");
        if let Some(value) = promise.value {
            return Poll::Ready(value);
        }
        promise.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}
// ANCHOR_END: reply_future
