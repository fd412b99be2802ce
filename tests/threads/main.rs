//! What the pools of threads promise.

mod bounded;
mod end;
mod many;
mod map;
mod nested;
mod results;
mod scopes;
mod setup;
#[path = "../support/mod.rs"]
mod support;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use glassloop::threads::StatefulPool;
use glassloop::{JobHandle, JoinError, ThreadPool};

fn pool(size: usize) -> ThreadPool {
    ThreadPool::new(size).unwrap()
}

/// One worker, and a queue that holds one job.
fn narrow() -> Arc<ThreadPool> {
    Arc::new(ThreadPool::builder().size(1).queue_capacity(1).build().unwrap())
}

/// Waits for what must come. Far more time than it needs, so that a job that is stuck is a failure and
/// not a test that hangs.
fn soon<T>(mut job: JobHandle<T>) -> Result<T, JoinError> {
    assert!(job.wait_timeout(LONG), "the job never ended");
    job.wait()
}

fn heard<T>(channel: &Receiver<T>) -> T {
    channel.recv_timeout(LONG).expect("nobody ever said it")
}

const LONG: Duration = Duration::from_secs(10);

/// Keeps a worker busy: returns when it is, and lets it go when the sender is used or dropped.
fn occupy(pool: &ThreadPool) -> (Sender<()>, JobHandle<()>) {
    let (go, gone) = mpsc::channel();
    let (begin, begun) = mpsc::channel();
    let job = pool.submit(move || {
        begin.send(()).unwrap();
        let _ = gone.recv();
    });
    heard(&begun);
    (go, job)
}

/// The result of a test that would otherwise hang: done on a thread that is given up.
fn in_time<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || done.send(work()));
    heard(&is_done)
}

#[test]
fn what_crosses_threads_says_so_in_its_type() {
    fn send<T: Send + Sync>() {}
    send::<ThreadPool>();
    send::<StatefulPool<Rc<()>>>();
    send::<JobHandle<Cell<()>>>();
    send::<glassloop::threads::Scope<'_>>();
}
