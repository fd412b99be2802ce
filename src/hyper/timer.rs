//! The loop's clock, as hyper asks for it.

use std::pin::Pin;
use std::time::{Duration, Instant};

use ::hyper::rt;

use crate::time::{self, Sleep};

/// Times hyper's limits by the loop's clock, so that they, too, can be tested on one that stands
/// [still](crate::time::pause).
///
/// ```
/// use std::time::Duration;
/// use glassloop::hyper::Timer;
/// use hyper::server::conn::http1;
///
/// let mut server = http1::Builder::new();
/// server.timer(Timer).header_read_timeout(Duration::from_secs(5));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Timer;

impl rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(time::sleep(duration))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn rt::Sleep>> {
        Box::pin(time::sleep_until(deadline.into()))
    }

    fn now(&self) -> Instant {
        time::Instant::now().into_std()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn rt::Sleep>>, deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<Sleep>() {
            Some(ours) => ours.reset(deadline.into()),
            None => *sleep = self.sleep_until(deadline),
        }
    }
}

/// hyper wants its sleeps `Send` and `Sync`, and would not compile if ours were not.
impl rt::Sleep for Sleep {}
