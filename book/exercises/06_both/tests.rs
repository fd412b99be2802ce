use super::exercise::*;
use glassloop::time::{Instant, sleep};
use std::time::Duration;

#[test]
fn two_waits_take_as_long_as_the_longer_one() {
    let runtime = glassloop::runtime::Builder::new().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let start = Instant::now();
        let nap = async |seconds| {
            sleep(Duration::from_secs(seconds)).await;
            seconds
        };
        assert_eq!(both(nap(2), nap(3)).await, (2, 3));
        assert_eq!(start.elapsed(), Duration::from_secs(3));
    });
}
