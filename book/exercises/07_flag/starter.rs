use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

#[derive(Clone, Default)]
pub struct Flag(Arc<Mutex<bool>>);

impl Flag {
    pub fn raise(&self) {
        *self.0.lock().unwrap() = true;
    }

    pub fn raised(&self) -> Raised {
        Raised(self.clone())
    }
}

pub struct Raised(Flag);

impl Future for Raised {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        match *self.0.0.lock().unwrap() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}
