//! What the ends of a channel share: the values on their way, and a permit for each that has room.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::ops::Deref;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::super::semaphore::Semaphore;
use super::super::wait::{Place, WaitList, Waiter, pending};
use super::error::TryRecvError;
use crate::coop;
use crate::job::shielded;

// ANCHOR: chan
pub(super) struct Chan<T> {
    queue: RefCell<VecDeque<T>>,
    pub(super) capacity: usize,
    /// A permit is taken to send a value, and comes back when the value is received. Closed with the
    /// channel.
    pub(super) room: Semaphore,
    /// Permits in the hands of those who may still send: the end is not reached before they have.
    pub(super) reserved: Cell<usize>,
    senders: Cell<usize>,
    receiver_gone: Cell<bool>,
    /// Waits for a value, or for the end.
    pub(super) receiver: Waiter,
    /// Wait for the channel to be closed.
    watchers: WaitList<()>,
}
// ANCHOR_END: chan

impl<T> Chan<T> {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            queue: RefCell::default(),
            capacity,
            room: Semaphore::named("capacity", capacity),
            reserved: Cell::new(0),
            senders: Cell::new(0),
            receiver_gone: Cell::new(false),
            receiver: Waiter::default(),
            watchers: WaitList::new(),
        }
    }

    // ANCHOR: push
    /// Puts a value into the room that was taken for it.
    pub(super) fn push(&self, value: T) {
        if self.receiver_gone.get() {
            return shielded(|| drop(value)); // nobody will take it
        }
        self.queue.borrow_mut().push_back(value);
        self.receiver.wake();
    }
    // ANCHOR_END: push

    // ANCHOR: pop
    /// The oldest value, if one is there.
    pub(super) fn pop(&self) -> Result<T, TryRecvError> {
        let oldest = self.queue.borrow_mut().pop_front();
        match oldest {
            Some(value) => {
                self.room.add_permits(1);
                Ok(value)
            }
            None if self.at_end() => Err(TryRecvError::Disconnected),
            None => Err(TryRecvError::Empty),
        }
    }
    // ANCHOR_END: pop

    /// The oldest values, at most `limit`; how many.
    pub(super) fn pop_into(&self, buffer: &mut Vec<T>, limit: usize) -> usize {
        let mut queue = self.queue.borrow_mut();
        let count = limit.min(queue.len());
        buffer.extend(queue.drain(..count));
        drop(queue);
        self.room.add_permits(count);
        count
    }

    // ANCHOR: at_end
    /// Whether nothing can come any more, apart from what is in the queue.
    pub(super) fn at_end(&self) -> bool {
        self.is_closed() && self.reserved.get() == 0
    }

    /// Whether nobody can get room any more.
    pub(super) fn is_closed(&self) -> bool {
        self.room.is_closed() || self.senders.get() == 0
    }
    // ANCHOR_END: at_end

    pub(super) fn len(&self) -> usize {
        self.queue.borrow().len()
    }

    // ANCHOR: abandon
    /// Lets nobody send any more but those who hold a permit.
    pub(super) fn close(&self) {
        self.room.close();
        self.receiver.wake();
        self.watchers.serve_all(|()| {});
    }

    /// The receiver is dropped, and with it what it has not taken.
    pub(super) fn abandon(&self) {
        self.receiver_gone.set(true);
        self.receiver.leave();
        self.close();
        // A destructor may come back here, so one after another and with nothing borrowed.
        while let Ok(value) = self.pop() {
            shielded(|| drop(value));
        }
    }
    // ANCHOR_END: abandon

    /// Waits until the channel is closed. Many may.
    pub(super) async fn closed(&self) {
        let mut place = Place::new(&self.watchers);
        poll_fn(|cx: &mut Context<'_>| {
            ready!(coop::poll_budget(cx));
            let waker = cx.waker().clone(); // may be anybody's code, which may even close the channel
            if self.room.is_closed() {
                coop::spend();
                return Poll::Ready(());
            }
            place.wait(Some(waker), || ());
            pending("closing")
        })
        .await;
    }
}

/// A sender's share of a channel: with the last of them goes the hope for values.
pub(super) struct SenderShare<T>(Rc<Chan<T>>);

impl<T> SenderShare<T> {
    pub(super) fn new(chan: &Rc<Chan<T>>) -> Self {
        chan.senders.set(chan.senders.get() + 1);
        Self(Rc::clone(chan))
    }

    pub(super) fn downgrade(&self) -> WeakShare<T> {
        WeakShare(Rc::clone(&self.0))
    }

    pub(super) fn same_channel(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Deref for SenderShare<T> {
    type Target = Chan<T>;

    fn deref(&self) -> &Chan<T> {
        &self.0
    }
}

impl<T> Clone for SenderShare<T> {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl<T> Drop for SenderShare<T> {
    fn drop(&mut self) {
        self.senders.set(self.senders.get() - 1);
        if self.senders.get() == 0 {
            self.receiver.wake();
        }
    }
}

/// A share that does not count as a sender.
pub(super) struct WeakShare<T>(Rc<Chan<T>>);

impl<T> WeakShare<T> {
    pub(super) fn upgrade(&self) -> Option<SenderShare<T>> {
        (self.0.senders.get() > 0).then(|| SenderShare::new(&self.0))
    }
}

impl<T> Clone for WeakShare<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}
