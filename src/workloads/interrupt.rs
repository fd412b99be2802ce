//! The wish to stop early, as Ctrl-C expresses it.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

/// How often a pause looks for an interrupt by a signal, which wakes nobody.
const GLANCE: Duration = Duration::from_millis(50);

/// A wish to stop early, which long work looks at between its steps, and which ends its pauses.
///
/// Clones share one wish.
///
/// ```
/// use glassloop::workloads::Interrupt;
///
/// let interrupt = Interrupt::default();
/// let elsewhere = interrupt.clone();
/// std::thread::spawn(move || elsewhere.set());
/// futures::executor::block_on(interrupt.wait());
/// assert!(interrupt.is_set());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// By itself, for a signal handler that sets it.
    set: Arc<AtomicBool>,
    tasks: Mutex<Vec<Waker>>,
    threads: Condvar,
}

impl Interrupt {
    /// The wish of whoever sends this process SIGTERM. No task that waits for it is woken.
    #[cfg(feature = "processes")]
    pub(super) fn on_sigterm() -> Self {
        let interrupt = Self::default();
        let set = Arc::clone(&interrupt.0.set);
        // Refused, SIGTERM ends the process at once: not as tidy, but the end that is wished for.
        let _ = signal_hook::flag::register(signal_hook::consts::SIGTERM, set);
        interrupt
    }

    /// Asks the work to stop. Not for a signal handler: it takes a lock.
    pub fn set(&self) {
        let tasks = {
            let mut tasks = self.tasks();
            self.0.set.store(true, Ordering::Relaxed);
            std::mem::take(&mut *tasks)
        };
        self.0.threads.notify_all();
        tasks.into_iter().for_each(Waker::wake);
    }

    /// Whether the work has been asked to stop.
    pub fn is_set(&self) -> bool {
        self.0.set.load(Ordering::Relaxed)
    }

    /// Waits, in a task, until the work is asked to stop.
    pub async fn wait(&self) {
        poll_fn(|cx| {
            let waker = cx.waker().clone();
            let mut tasks = self.tasks();
            if self.is_set() {
                return Poll::Ready(());
            }
            if !tasks.iter().any(|known| known.will_wake(&waker)) {
                tasks.push(waker);
            }
            Poll::Pending
        })
        .await;
    }

    /// Pauses this thread, no longer than until the work is asked to stop.
    pub fn pause(&self, duration: Duration) {
        let start = Instant::now();
        let mut tasks = self.tasks();
        while !self.is_set() {
            let left = duration.saturating_sub(start.elapsed());
            if left.is_zero() {
                return;
            }
            let paused = self.0.threads.wait_timeout(tasks, left.min(GLANCE));
            (tasks, _) = paused.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn tasks(&self) -> MutexGuard<'_, Vec<Waker>> {
        self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
