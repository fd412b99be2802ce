//! What happens on drop? All results, the first result, a time limit, an abort: each ends in a future that
//! finishes or one that is dropped. Then a task from another thread, into a loop that sleeps.
//!
//! `cargo run --example 12_gather_timeout_cancel`, and to see it drawn:
//! `cargo run --example 12_gather_timeout_cancel -- --trace ends.jsonl && cargo run -- timeline ends.jsonl`

use std::io;
use std::thread;
use std::time::Duration;

use glassloop::Handle;
use glassloop::runtime::Builder;
use glassloop::sync::mpsc::{self, Receiver};
use glassloop::task::{self, JoinSet, join_all};
use glassloop::time::{sleep, timeout};
use glassloop::trace::{Run, file};

fn main() -> io::Result<()> {
    let runtime = Builder::new().trace(true).build()?;
    runtime.block_on(async {
        gather().await;
        time_out().await;
        abort().await;
        drop_handles().await;
        read_safely().await;
        from_outside().await;
    });
    file::save_if_asked(|| Run::of_loop("gather, time out, cancel", runtime.take_trace()))
}

// ANCHOR: guard
/// Says when it is dropped, and so when the future is that holds it.
struct Guard(&'static str);

impl Drop for Guard {
    fn drop(&mut self) {
        println!("    {} is dropped", self.0);
    }
}

async fn work(name: &'static str, millis: u64) -> &'static str {
    let _guard = Guard(name);
    sleep(Duration::from_millis(millis)).await;
    println!("    {name} returns");
    name
}
// ANCHOR_END: guard

// ANCHOR: gather
async fn gather() {
    println!("join_all, and a JoinSet of the same:");
    let outputs = join_all([work("slow", 20), work("fast", 10)]).await;
    println!("  in order of asking: {outputs:?}");
    let mut set = JoinSet::new();
    set.build_task().name("slow").spawn(work("slow", 20));
    set.build_task().name("fast").spawn(work("fast", 10));
    println!("  in order of finishing: {:?}", set.join_all().await);
}
// ANCHOR_END: gather

// ANCHOR: time_out
async fn time_out() {
    println!("timeout:");
    let both = async {
        let _first = Guard("what was made first");
        let _second = Guard("what was made second");
        work("the future inside", 1000).await
    };
    let outcome = timeout(Duration::from_millis(10), both).await;
    println!("  {outcome:?}, and nothing is left of it");
}
// ANCHOR_END: time_out

// ANCHOR: abort
async fn abort() {
    println!("abort:");
    let task = task::Builder::new().name("aborted").spawn(work("the task", 1000));
    sleep(Duration::from_millis(10)).await;
    task.abort();
    println!("  was asked for; finished already? {}", task.is_finished());
    println!("  the handle says: {}", task.await.unwrap_err());
}
// ANCHOR_END: abort

// ANCHOR: drop_handles
async fn drop_handles() {
    println!("dropping a handle, and a set:");
    drop(task::Builder::new().name("detached").spawn(work("whose handle was dropped", 10)));
    let mut set = JoinSet::new();
    set.build_task().name("in a set").spawn(work("whose set was dropped", 10));
    sleep(Duration::from_millis(1)).await; // both begin
    drop(set);
    sleep(Duration::from_millis(20)).await;
}
// ANCHOR_END: drop_handles

// ANCHOR: read_safely
/// What a message has so far stands where a dropped future does not reach it.
#[derive(Default)]
struct Messages {
    length: Option<u8>,
    text: String,
}

impl Messages {
    async fn next(&mut self, bytes: &mut Receiver<u8>) -> Option<String> {
        loop {
            let byte = bytes.recv().await?; // the only await: nothing is in a local variable meanwhile
            match self.length {
                None => self.length = Some(byte),
                Some(_) => self.text.push(byte.into()),
            }
            if self.length == Some(self.text.len() as u8) {
                self.length = None;
                return Some(std::mem::take(&mut self.text));
            }
        }
    }
}
// ANCHOR_END: read_safely

async fn read_safely() {
    println!("a message in two pieces, within many timeouts:");
    let (sender, mut bytes) = mpsc::channel(64);
    task::Builder::new().name("sender").spawn(async move {
        for piece in [b"\x05he".as_slice(), b"llo"] {
            for byte in piece {
                let _ = sender.send(*byte).await;
            }
            sleep(Duration::from_millis(15)).await;
        }
    });
    let mut messages = Messages::default();
    loop {
        match timeout(Duration::from_millis(5), messages.next(&mut bytes)).await {
            Err(_elapsed) => {} // and nothing is lost
            Ok(message) => break println!("  {message:?}"),
        }
    }
}

// ANCHOR: from_outside
async fn from_outside() {
    println!("from another thread, into a loop that sleeps:");
    let handle = Handle::current();
    let outside = task::spawn_blocking(move || {
        thread::sleep(Duration::from_millis(20)); // by now the loop sleeps, and has no deadline
        handle.spawn(async { thread::current().id() }).wait()
    });
    let ran_on = outside.await.expect("it does not panic").expect("the loop lives");
    println!("  the task ran on the loop's own thread: {}", ran_on == thread::current().id());
}
// ANCHOR_END: from_outside
