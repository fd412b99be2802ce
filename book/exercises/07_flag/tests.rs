use super::exercise::*;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn only_the_latest_waker_is_woken_and_then_it_is_ready() {
    let [old, new] = [Arc::new(Bell::default()), Arc::new(Bell::default())];
    let flag = Flag::default();
    let mut raised = pin!(flag.raised());
    for bell in [&old, &new] {
        let waker = Waker::from(Arc::clone(bell));
        assert!(raised.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    }
    flag.raise();
    let rings = [old, new].map(|bell| bell.0.load(Ordering::Relaxed));
    assert_eq!(rings, [0, 1], "rings of the old waker and of the new one");
    assert!(raised.poll(&mut Context::from_waker(Waker::noop())).is_ready());
}
