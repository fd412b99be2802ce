use super::exercise::*;
use glassloop::time::{Instant, sleep};
use std::time::Duration;

fn play(limit: u64, work: u64) -> (Option<&'static str>, Duration) {
    let runtime = glassloop::runtime::Builder::new().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let start = Instant::now();
        let work = async {
            sleep(Duration::from_secs(work)).await;
            "done"
        };
        (within(Duration::from_secs(limit), work).await, start.elapsed())
    })
}

#[test]
fn who_takes_too_long_is_given_up_when_the_limit_ends() {
    assert_eq!(play(2, 5), (None, Duration::from_secs(2)));
}

#[test]
fn who_is_quicker_is_not_kept_waiting() {
    assert_eq!(play(5, 2), (Some("done"), Duration::from_secs(2)));
}

#[test]
fn who_is_ready_at_the_last_moment_has_made_it() {
    assert_eq!(play(3, 3), (Some("done"), Duration::from_secs(3)));
}
