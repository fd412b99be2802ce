//! What Ctrl-C does: it asks the work to stop; work that does not stop in time, or is asked twice, is
//! cut short. And what SIGUSR1 does: it shows what the event loop is doing.

use std::process;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use glassloop::Handle;
use glassloop::workloads::Interrupt;
use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;

use super::{INTERRUPTED, tell};

/// How long the work may take to stop by itself. What remains by then waits for a system call that
/// cannot be told of it, as the looking up of a name.
const GRACE: Duration = Duration::from_millis(800);
/// How long the last words may take. Whoever reads our output may have stopped reading.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// Turns the first Ctrl-C (or SIGTERM) into an interrupt. `last_words` is called if the process has to
/// be ended under the work.
pub(super) fn interrupt(last_words: impl FnOnce() + Send + 'static) -> anyhow::Result<Interrupt> {
    let interrupt = Interrupt::default();
    let asked = interrupt.clone();
    let mut signals = Signals::new([SIGINT, SIGTERM]).context("cannot listen for Ctrl-C")?;
    let wait = move || {
        signals.wait().next();
        asked.set();
        let deadline = Instant::now() + GRACE;
        while Instant::now() < deadline && signals.pending().next().is_none() {
            thread::sleep(Duration::from_millis(20));
        }
        let said = thread::Builder::new().spawn(last_words);
        let deadline = Instant::now() + LAST_WORDS;
        while Instant::now() < deadline && said.as_ref().is_ok_and(|said| !said.is_finished()) {
            thread::sleep(Duration::from_millis(5));
        }
        process::exit(INTERRUPTED.into());
    };
    thread::Builder::new().name("signals".into()).spawn(wait).context("cannot start a thread")?;
    Ok(interrupt)
}

/// How long a loop may take to answer: less than whoever asks would wait.
const ANSWER: Duration = Duration::from_secs(1);

/// From now on SIGUSR1 prints every task of the event loop, to standard error.
pub(super) fn snapshots() -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGUSR1]).context("cannot listen for SIGUSR1")?;
    let look = move || signals.forever().for_each(|_| print_snapshots());
    thread::Builder::new().name("snapshots".into()).spawn(look).context("cannot start a thread")?;
    Ok(())
}

fn print_snapshots() {
    let loops = Handle::all();
    if loops.is_empty() {
        tell("no event loop runs in this process");
    }
    for event_loop in loops {
        let mut snapshot = event_loop.snapshot();
        if !snapshot.wait_timeout(ANSWER) {
            tell("the event loop does not answer: one of its tasks does not give control back");
        } else if let Ok(Some(snapshot)) = snapshot.wait() {
            tell(snapshot);
        }
    }
}
