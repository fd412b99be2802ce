//! It fails: a loop that looks for mail and then goes to sleep. What comes in between is not heard.
//!
//! A barrier forces the order that is rare by itself.
//!
//! `cargo run --example 12_fails_sleeping_race`

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Condvar, Mutex};
use std::thread;
use std::time::Duration;

// ANCHOR: inbox
#[derive(Default)]
struct Inbox {
    mail: Mutex<Vec<&'static str>>,
    asleep: AtomicBool,
    noticed: Mutex<bool>,
    changed: Condvar,
}

impl Inbox {
    fn send(&self, message: &'static str) {
        self.mail.lock().unwrap().push(message);
        if self.asleep.load(Ordering::SeqCst) {
            println!("  sender: it is asleep, so I send a notice");
            *self.noticed.lock().unwrap() = true;
            self.changed.notify_one();
        } else {
            println!("  sender: it is awake, so it will look by itself");
        }
    }

    /// Sleeps until there is mail. `in_between` is what happens at the worst moment.
    fn wait(&self, in_between: impl FnOnce()) {
        if !self.mail.lock().unwrap().is_empty() {
            return;
        }
        println!("loop: there is no mail");
        in_between();
        self.asleep.store(true, Ordering::SeqCst);
        println!("loop: I go to sleep");
        let noticed = self.noticed.lock().unwrap();
        let limit = Duration::from_millis(300);
        let (_noticed, outcome) =
            self.changed.wait_timeout_while(noticed, limit, |noticed| !*noticed).unwrap();
        if outcome.timed_out() {
            let unread = self.mail.lock().unwrap().len();
            println!("loop: 300 ms later I would still sleep, with {unread} message in the box");
        }
    }
}
// ANCHOR_END: inbox

fn main() {
    let (inbox, looked, sent) = (Inbox::default(), Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            looked.wait();
            inbox.send("wake task 7");
            sent.wait();
        });
        inbox.wait(|| {
            looked.wait();
            sent.wait();
        });
    });
}
