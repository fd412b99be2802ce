//! A worker: a process that reads a frame, runs the job, writes a frame, until its pipe ends.

use std::any::Any;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::frame::{Frame, Inflow, Kind, decode, encode, frame, text_frame};
use crate::job::shielded;

/// As a Rust program that panicked.
const PANICKED: i32 = 101;
/// The pool broke off in the middle of something.
const CUT_OFF: i32 = 1;

/// Works until the pipe ends, and returns the status to exit with.
pub(super) fn work<S, In: DeserializeOwned, Out: Serialize>(
    pipe: UnixStream,
    initializer: &impl Fn() -> S,
    job: &impl Fn(&mut S, In) -> Out,
    limit: usize,
) -> i32 {
    // Every worker is a copy of one process: without this they would all draw the same numbers.
    fastrand::seed(fastrand::u64(..) ^ u64::from(std::process::id()).rotate_left(32));
    let mut pipe = Pipe { inflow: Inflow::new(limit), unsent: Vec::new(), socket: pipe };
    let mut state = match catch_unwind(AssertUnwindSafe(initializer)) {
        Ok(state) => state,
        Err(panic) => {
            pipe.unsent = text_frame(Kind::NotReady, &message(&*panic));
            let _ = pipe.flush();
            return PANICKED;
        }
    };
    pipe.unsent = frame(Kind::Ready, &[]);
    let run = |argument: Frame| {
        let argument = decode("argument", &argument.body)?;
        encode(Kind::Result, "result", &job(&mut state, argument), limit)
    };
    let status = pipe.answer_all(run).unwrap_or(CUT_OFF);
    // What the worker made for itself is dropped in order: it may hold something not yet written.
    if status == 0 {
        shielded(|| drop(state));
    }
    status
}

struct Pipe {
    socket: UnixStream,
    inflow: Inflow,
    /// An answer waits here until the next job is read, if that is on its way: one write for both.
    unsent: Vec<u8>,
}

impl Pipe {
    // ANCHOR: answer_all
    fn answer_all(
        &mut self,
        mut run: impl FnMut(Frame) -> Result<Vec<u8>, String>,
    ) -> io::Result<i32> {
        while let Some(job) = self.receive()? {
            if job.kind != Kind::Job {
                return Ok(CUT_OFF);
            }
            // Said before the job begins: a worker that ends without it has certainly not begun.
            self.unsent.append(&mut frame(Kind::Begun, &[]));
            self.flush()?;
            match catch_unwind(AssertUnwindSafe(|| run(job))) {
                Ok(Ok(result)) => self.unsent = result,
                Ok(Err(reason)) => self.unsent = text_frame(Kind::Failed, &reason),
                Err(panic) => {
                    // The state may be half changed: this worker ends, and another begins anew.
                    self.unsent = text_frame(Kind::Panicked, &message(&*panic));
                    self.flush()?;
                    return Ok(PANICKED);
                }
            }
        }
        Ok(0)
    }
    // ANCHOR_END: answer_all

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

/// What a panic said, if it said it in words.
fn message(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().copied();
    words.or(panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").into()
}
