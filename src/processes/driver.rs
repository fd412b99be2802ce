//! What drives the pipes: one thread with an event loop of its own. A task for each seat (`seat.rs`), one
//! that speaks with the nursery (`messenger.rs`), one that waits for `terminate`.

use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

use super::builder::{Link, Settings};
use super::control::Request;
use super::error::{Ending, ProcessError};
use super::hall::Hall;
use super::queue::Queue;
use super::seat;
use crate::runtime::{Runtime, spawn};
use crate::time::sleep;

/// How long a worker may take to end after SIGTERM, before it is killed.
const GRACE: Duration = Duration::from_millis(500);

pub(super) fn start(
    queue: Arc<Queue>,
    link: Link,
    settings: Settings,
) -> io::Result<JoinHandle<()>> {
    let work = move || {
        let _last_word = LastWord(Arc::clone(&queue));
        let nursery = link.nursery;
        let reaped = match Runtime::new() {
            Ok(runtime) => drive(&runtime, Hall::new(queue, link, settings)),
            Err(error) => {
                drop(link);
                queue.fail(ProcessError::pool(format!("no event loop for its pipes: {error}")));
                false
            }
        };
        // Nobody holds the control socket any more, so the nursery goes.
        if !reaped {
            reap(nursery);
        }
    };
    thread::Builder::new().name("glassloop-processes".into()).spawn(work)
}

/// Whatever ends the thread, no job waits for it for ever.
struct LastWord(Arc<Queue>);

impl Drop for LastWord {
    fn drop(&mut self) {
        self.0.fail(ProcessError::pool("the thread that drives it has ended"));
    }
}

/// Waits for a process that has ended, or is about to.
pub(super) fn reap(process: Pid) -> Ending {
    loop {
        if let Some(how) = Ending::of(waitpid(process, None)) {
            return how;
        }
    }
}

/// Until no seat is needed any more; whether the nursery has ended and been reaped before.
fn drive(runtime: &Runtime, hall: Rc<Hall>) -> bool {
    runtime.block_on(async {
        let messenger = spawn(Rc::clone(&hall).speak_with_nursery());
        let executioner = spawn(await_terminate(Rc::clone(&hall)));
        let seats: Vec<_> =
            (0..hall.settings.workers).map(|_| spawn(seat::occupy(Rc::clone(&hall)))).collect();
        for seat in seats {
            let _ = seat.await; // one that panicked has cancelled its jobs; the others go on
        }
        for task in [messenger, executioner] {
            task.abort();
            let _ = task.await;
        }
    });
    hall.nursery_is_gone()
}

/// Asks all workers to end, and later makes them.
async fn await_terminate(hall: Rc<Hall>) {
    poll_fn(|cx| hall.queue.poll(cx, |state| state.terminating.then_some(()))).await;
    hall.ask(Request::Signal { worker: 0, signal: Signal::SIGTERM as i32 });
    sleep(GRACE).await;
    hall.ask(Request::Signal { worker: 0, signal: Signal::SIGKILL as i32 });
}
