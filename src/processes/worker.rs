//! A worker: a process that reads a frame, runs the job, writes a frame, until its pipe ends.

use std::any::Any;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::frame::{Frame, HEADER, Inflow, Kind, decode, encode_onto, frame, seal, text_frame};
use super::outbox::Outbox;
use super::packed::{Packed, values};
use crate::job::{panic_text, shielded};

/// As a Rust program that panicked.
const PANICKED: i32 = 101;
/// Arguments of more bytes are not to be kept by the pool longer than needed.
const LARGE: usize = 64 * 1024;
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
    let run = |argument: &[u8], result: &mut Vec<u8>| {
        let argument = decode("argument", argument)?;
        encode_onto(result, "result", &job(&mut state, argument), limit)
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
    // ANCHOR: answer_all
    fn answer_all(&mut self, mut run: impl Run) -> io::Result<i32> {
        while let Some(Frame { kind, body }) = self.receive()? {
            // Told before the job begins: a worker that ends without it has certainly not begun.
            if let Some(outbox) = self.outbox {
                outbox.begin();
            }
            // Said aloud, it lets the pool forget the argument.
            if self.outbox.is_none() || body.len() > LARGE {
                self.unsent.append(&mut frame(Kind::Begun, &[]));
            }
            self.flush()?;
            let done = match kind {
                Kind::Job => {
                    let mut result = vec![0; HEADER];
                    match outcome(|| run(&body, &mut result)) {
                        Ok(()) => {
                            self.unsent = seal(Kind::Result, result);
                            Ok(())
                        }
                        Err(trouble) => self.tell(trouble),
                    }
                }
                Kind::Jobs => self.answer_run(&body, &mut run)?,
                _ => return Ok(CUT_OFF),
            };
            if let Err(TheEnd) = done {
                self.flush()?;
                return Ok(PANICKED);
            }
        }
        Ok(0)
    }
    // ANCHOR_END: answer_all

    /// Leaves an answer to be sent.
    fn tell(&mut self, trouble: Trouble) -> Result<(), TheEnd> {
        let (mut answer, then) = match trouble {
            Trouble::Failed(reason) => (text_frame(Kind::Failed, &reason), Ok(())),
            // The state may be half changed: this worker ends, and another begins anew.
            Trouble::Panicked(message) => (text_frame(Kind::Panicked, &message), Err(TheEnd)),
        };
        self.unsent.append(&mut answer);
        then
    }

    /// Does several jobs, and sends many results at once: until then they are in the outbox as well.
    fn answer_run(
        &mut self,
        arguments: &[u8],
        run: &mut impl Run,
    ) -> io::Result<Result<(), TheEnd>> {
        let mut results = Packed::default();
        for argument in values(arguments) {
            let before = results.bytes.len();
            if let Err(trouble) = results.push(|result| outcome(|| run(argument, result))) {
                self.send_results(&mut results)?;
                if let Err(end) = self.tell(trouble) {
                    return Ok(Err(end));
                }
                self.flush()?;
            } else if !self.outbox.is_some_and(|outbox| outbox.add(&results.bytes[before..])) {
                let last = results.split_off_last(before);
                self.send_results(&mut results)?;
                self.unsent.append(&mut frame(Kind::Result, &last));
                self.flush()?;
            }
        }
        Ok(Ok(self.send_results(&mut results)?))
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
        if self.unsent.is_empty() {
            return Ok(());
        }
        let unsent = std::mem::take(&mut self.unsent);
        self.socket.write_all(&unsent)
    }
}

/// Does the job with this argument, and appends its result.
trait Run: FnMut(&[u8], &mut Vec<u8>) -> Result<(), String> {}
impl<F: FnMut(&[u8], &mut Vec<u8>) -> Result<(), String>> Run for F {}

/// Why a job brought no result.
enum Trouble {
    Failed(String),
    Panicked(String),
}

/// This worker is to end.
struct TheEnd;

fn outcome(job: impl FnOnce() -> Result<(), String>) -> Result<(), Trouble> {
    match catch_unwind(AssertUnwindSafe(job)) {
        Ok(done) => done.map_err(Trouble::Failed),
        Err(panic) => Err(Trouble::Panicked(message(&*panic))),
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    panic_text(panic).unwrap_or("no message").into()
}
