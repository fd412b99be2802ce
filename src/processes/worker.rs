//! A worker: a process that reads a frame, runs the job, writes a frame, until its pipe ends.

use std::any::Any;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::frame::{Frame, HEADER, Inflow, Kind, decode, encode, frame, text_frame};
use super::outbox::Outbox;
use super::packed::{Packed, values};
use crate::job::shielded;

/// As a Rust program that panicked.
const PANICKED: i32 = 101;
/// The pool broke off in the middle of something.
const CUT_OFF: i32 = 1;

/// Works until the pipe ends, and returns the status to exit with.
pub(super) fn work<S, In: DeserializeOwned, Out: Serialize>(
    pipe: UnixStream,
    outbox: Option<&Outbox>,
    initializer: &impl Fn() -> S,
    job: &impl Fn(&mut S, In) -> Out,
    limit: usize,
) -> i32 {
    // Every worker is a copy of one process: without this they would all draw the same numbers.
    fastrand::seed(fastrand::u64(..) ^ u64::from(std::process::id()).rotate_left(32));
    let mut pipe = Pipe { socket: pipe, inflow: Inflow::new(limit), unsent: Vec::new(), outbox };
    let mut state = match catch_unwind(AssertUnwindSafe(initializer)) {
        Ok(state) => state,
        Err(panic) => {
            pipe.unsent = text_frame(Kind::NotReady, &message(&*panic));
            let _ = pipe.flush();
            return PANICKED;
        }
    };
    pipe.unsent = frame(Kind::Ready, &[]);
    let run = |argument: &[u8]| {
        let argument = decode("argument", argument)?;
        encode(Kind::Result, "result", &job(&mut state, argument), limit)
    };
    let status = pipe.answer_all(run).unwrap_or(CUT_OFF);
    // What the worker made for itself is dropped in order: it may hold something not yet written.
    if status == 0 {
        shielded(|| drop(state));
    }
    status
}

struct Pipe<'a> {
    socket: UnixStream,
    inflow: Inflow,
    /// An answer waits here until the next job is read, if that is on its way: one write for both.
    unsent: Vec<u8>,
    outbox: Option<&'a Outbox>,
}

impl Pipe<'_> {
    fn answer_all(
        &mut self,
        mut run: impl FnMut(&[u8]) -> Result<Vec<u8>, String>,
    ) -> io::Result<i32> {
        while let Some(Frame { kind, body }) = self.receive()? {
            // Said before the job begins: a worker that ends without it has certainly not begun.
            self.unsent.append(&mut frame(Kind::Begun, &[]));
            self.flush()?;
            let alive = match kind {
                Kind::Job => self.answer(run_one(&mut run, &body)),
                Kind::Jobs => self.answer_run(&body, &mut run)?,
                _ => return Ok(CUT_OFF),
            };
            if !alive {
                self.flush()?;
                return Ok(PANICKED);
            }
        }
        Ok(0)
    }

    /// Leaves an answer to be sent; false when the worker is to end: its state may be half changed.
    fn answer(&mut self, outcome: Outcome) -> bool {
        let (mut answer, alive) = match outcome {
            Outcome::Result(frame) => (frame, true),
            Outcome::Failed(reason) => (text_frame(Kind::Failed, &reason), true),
            Outcome::Panicked(message) => (text_frame(Kind::Panicked, &message), false),
        };
        self.unsent.append(&mut answer);
        alive
    }

    /// Does several jobs, and sends the results of many at once: those of the others are in the outbox.
    fn answer_run(
        &mut self,
        arguments: &[u8],
        mut run: impl FnMut(&[u8]) -> Result<Vec<u8>, String>,
    ) -> io::Result<bool> {
        let mut results = Packed::default();
        for argument in values(arguments) {
            let outcome = run_one(&mut run, argument);
            if let Outcome::Result(frame) = &outcome {
                let before = results.bytes.len();
                results.push(&frame[HEADER..]);
                if self.outbox.is_some_and(|outbox| outbox.add(&results.bytes[before..])) {
                    continue;
                }
                results.bytes.truncate(before);
                results.count -= 1;
            }
            self.send_results(&mut results)?;
            if !self.answer(outcome) {
                return Ok(false);
            }
            self.flush()?;
        }
        self.send_results(&mut results)?;
        Ok(true)
    }

    fn send_results(&mut self, results: &mut Packed) -> io::Result<()> {
        if results.count > 0 {
            self.unsent.append(&mut frame(Kind::Results, &results.bytes));
            self.flush()?;
            self.outbox.inspect(|outbox| outbox.clear());
            *results = Packed::default();
        }
        Ok(())
    }

    /// The next frame; none when the pool has closed the pipe between two of them.
    fn receive(&mut self) -> io::Result<Option<Frame>> {
        loop {
            if let Some(frame) = self.inflow.next().map_err(io::Error::other)? {
                return Ok(Some(frame));
            }
            if !self.inflow.has_more() {
                self.flush()?;
            }
            match self.socket.read(self.inflow.space()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) if self.inflow.has_more() => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(0) => return Ok(None),
                result => self.inflow.filled(result?),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let unsent = std::mem::take(&mut self.unsent);
        self.socket.write_all(&unsent)
    }
}

/// What came of a job.
enum Outcome {
    /// A frame with the result.
    Result(Vec<u8>),
    Failed(String),
    Panicked(String),
}

fn run_one(run: impl FnOnce(&[u8]) -> Result<Vec<u8>, String>, argument: &[u8]) -> Outcome {
    match catch_unwind(AssertUnwindSafe(|| run(argument))) {
        Ok(Ok(result)) => Outcome::Result(result),
        Ok(Err(reason)) => Outcome::Failed(reason),
        Err(panic) => Outcome::Panicked(message(&*panic)),
    }
}

/// What a panic said, if it said it in words.
fn message(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().copied();
    words.or(panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").into()
}
