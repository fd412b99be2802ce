//! Fails: a future says `Pending` and keeps no waker. What it waits for comes, and nobody tells the loop: a lost
//! wake-up. (The loop here gives up after a while; a real one would sleep for ever.)
//!
//! `cargo run --example 07_fails_forgets_the_waker`

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

// ANCHOR: forgetful
/// Waits until a thread has set the flag.
struct Flag(Arc<AtomicBool>);

impl Future for Flag {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match self.0.load(Ordering::Acquire) {
            true => Poll::Ready(()),
            false => Poll::Pending, // and who will say when to ask again?
        }
    }
}
// ANCHOR_END: forgetful

/// Tells the loop that its one task is ready.
struct Bell(mpsc::Sender<()>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let _ = self.0.send(());
    }
}

// ANCHOR: forgotten
fn main() {
    let flag = Arc::new(AtomicBool::new(false));
    let (bell, rung) = mpsc::channel();
    let waker = Waker::from(Arc::new(Bell(bell)));
    let cx = &mut Context::from_waker(&waker);

    let mut future = pin!(Flag(Arc::clone(&flag)));
    println!("polled: ready? {}", future.as_mut().poll(cx).is_ready());

    let setter = thread::spawn({
        let flag = Arc::clone(&flag);
        move || flag.store(true, Ordering::Release)
    });
    setter.join().expect("setting a flag does not panic");
    println!("what it waits for is here: {}", flag.load(Ordering::Acquire));

    match rung.recv_timeout(Duration::from_millis(100)) {
        Ok(()) => println!("woken"),
        Err(_) => println!("100 ms later nobody has called wake: the task would wait for ever"),
    }
    println!("polled anyway: ready? {}", future.poll(cx).is_ready());
}
// ANCHOR_END: forgotten
