use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use super::exercise::*;

#[test]
fn no_more_run_than_are_allowed_and_more_than_one_does() {
    let (now, peak) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let job = |_| {
        let (now, peak) = (Arc::clone(&now), Arc::clone(&peak));
        Box::new(move || {
            peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(20));
            now.fetch_sub(1, Ordering::SeqCst);
        }) as Box<dyn FnOnce() + Send>
    };
    assert_eq!(at_most(3, (0..12).map(job).collect()), 0);
    let peak = peak.load(Ordering::SeqCst);
    assert!((2..=3).contains(&peak), "{peak} at once");
}

#[test]
fn jobs_that_panic_give_their_room_back() {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        fn panics() {
            panic!("on purpose");
        }
        let job = |_| Box::new(panics) as Box<dyn FnOnce() + Send>;
        tell.send(at_most(1, (0..4).map(job).collect()))
    });
    assert_eq!(told.recv_timeout(Duration::from_secs(5)), Ok(4), "the room is lost");
}
