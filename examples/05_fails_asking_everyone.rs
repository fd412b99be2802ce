//! Fails: one queue, and everybody in it is asked again and again whether it can go on. Three tasks that only wait
//! keep a processor busy.
//!
//! `cargo run --example 05_fails_asking_everyone`

use std::collections::VecDeque;
use std::time::{Duration, Instant};

// ANCHOR: asking
struct Fetch {
    name: &'static str,
    reply_comes: Instant,
}

impl Fetch {
    /// Whether it is done.
    fn step(&mut self) -> bool {
        if Instant::now() < self.reply_comes {
            return false; // nothing to do yet: ask me again
        }
        println!("{}: the reply is here", self.name);
        true
    }
}

fn main() {
    let start = Instant::now();
    let fetch = |name, after| Fetch { name, reply_comes: start + Duration::from_millis(after) };
    let mut queue = VecDeque::from([fetch("a", 300), fetch("b", 100), fetch("c", 200)]);
    let (mut asked, mut useful) = (0, 0);

    while let Some(mut task) = queue.pop_front() {
        asked += 1;
        if task.step() {
            useful += 1;
        } else {
            queue.push_back(task);
        }
    }

    println!("steps that did something: {useful}");
    println!("steps that found nothing to do: more than 1,000? {}", asked - useful > 1_000);
    println!("that is a processor at work for {:.0?}, to do nothing", start.elapsed());
}
// ANCHOR_END: asking
