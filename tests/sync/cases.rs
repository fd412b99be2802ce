//! Everything of `sync` that one can wait for.

use std::cell::RefCell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;

use super::glance;
use glassloop::sync::{Mutex, Notify, Semaphore, mpsc, oneshot};

/// A future that waits, whatever it is.
pub(super) type Waiting<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Something to wait for.
pub(super) struct Case {
    /// What a trace calls it.
    pub(super) name: &'static str,
    pub(super) waits: Waiting<'static>,
    /// Lets it end, with one wake at the most.
    pub(super) end: Box<dyn FnOnce()>,
    /// Does whatever can be done to the thing from outside.
    pub(super) meddle: Box<dyn Fn()>,
}

impl Case {
    fn new(
        name: &'static str,
        waits: impl Future<Output = ()> + 'static,
        end: impl FnOnce() + 'static,
        meddle: impl Fn() + 'static,
    ) -> Self {
        Self { name, waits: Box::pin(waits), end: Box::new(end), meddle: Box::new(meddle) }
    }
}

/// Everything of `sync` that one can wait for, with nothing to be had yet.
pub(super) fn everything() -> Vec<Case> {
    let mut cases = Vec::new();

    let semaphore = Rc::new(Semaphore::new(0));
    let [waits, ends, meddles] = [(); 3].map(|()| Rc::clone(&semaphore));
    cases.push(Case::new(
        "permit",
        async move { waits.acquire_many(2).await.unwrap().forget() },
        move || ends.add_permits(2),
        move || {
            glance(meddles.acquire());
            meddles.add_permits(0);
            let _ = (meddles.try_acquire(), meddles.available_permits());
        },
    ));

    let semaphore = Rc::new(Semaphore::new(0));
    let [waits, ends] = [(); 2].map(|()| Rc::clone(&semaphore));
    cases.push(Case::new(
        "permit",
        async move { assert!(waits.acquire_owned().await.is_err()) },
        move || ends.close(),
        move || glance(semaphore.acquire()),
    ));

    let mutex = Rc::new(Mutex::new(0));
    let guard = Rc::clone(&mutex).try_lock_owned().unwrap();
    let [waits, meddles] = [(); 2].map(|()| Rc::clone(&mutex));
    cases.push(Case::new(
        "lock",
        async move { *waits.lock().await += 1 },
        move || drop(guard),
        move || {
            glance(Rc::clone(&meddles).lock_owned());
            let _ = (meddles.try_lock(), format!("{meddles:?}"));
        },
    ));

    // For a guard that borrows.
    let mutex: &Mutex<u8> = Box::leak(Box::default());
    let guard = mutex.try_lock().unwrap();
    cases.push(Case::new(
        "lock",
        async { *mutex.lock().await += 1 },
        move || drop(guard),
        || glance(mutex.lock()),
    ));

    let notify = Rc::new(Notify::new());
    for all in [true, false] {
        let [waits, ends, meddles] = [(); 3].map(|()| Rc::clone(&notify));
        cases.push(Case::new(
            "notification",
            async move { waits.notified().await },
            move || if all { ends.notify_waiters() } else { ends.notify_one() },
            move || {
                pin!(meddles.notified()).enable();
                glance(meddles.notified());
            },
        ));
    }

    let (sender, mut receiver) = mpsc::channel(1);
    let meddles = sender.clone();
    cases.push(Case::new(
        "message",
        async move { assert_eq!(receiver.recv().await, Some(7)) },
        move || sender.try_send(7).unwrap(),
        move || {
            glance(meddles.closed());
            let _ = (meddles.try_reserve(), meddles.clone(), meddles.downgrade().upgrade());
        },
    ));

    let (sender, mut receiver) = mpsc::unbounded_channel();
    let meddles = sender.downgrade();
    cases.push(Case::new(
        "message",
        async move { assert_eq!(receiver.recv_many(&mut Vec::<u8>::new(), 9).await, 0) },
        move || drop(sender),
        move || drop(meddles.upgrade()),
    ));

    let (sender, receiver) = mpsc::channel(1);
    sender.try_send(1).unwrap();
    let (meddles, receiver) = (sender.clone(), Rc::new(RefCell::new(receiver)));
    let drains = Rc::clone(&receiver);
    cases.push(Case::new(
        "capacity",
        async move {
            sender.send(2).await.unwrap();
            drop(receiver);
        },
        move || assert_eq!(drains.borrow_mut().try_recv(), Ok(1)),
        move || {
            glance(meddles.reserve());
            let _ = (meddles.try_reserve(), meddles.capacity());
        },
    ));

    let (sender, receiver) = mpsc::channel::<u8>(1);
    let meddles = sender.clone();
    cases.push(Case::new(
        "closing",
        async move { sender.closed().await },
        move || drop(receiver),
        move || {
            glance(meddles.closed());
            let _ = meddles.try_reserve();
        },
    ));

    let (sender, receiver) = oneshot::channel();
    cases.push(Case::new(
        "oneshot",
        async move { assert_eq!(receiver.await, Ok(7)) },
        move || {
            let _ = sender.send(7);
        },
        || {},
    ));

    let (mut sender, receiver) = oneshot::channel::<u8>();
    cases.push(Case::new(
        "closing",
        async move { sender.closed().await },
        move || drop(receiver),
        || {},
    ));
    cases
}
