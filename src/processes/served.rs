//! A worker as the pool sees it: what it is given, what it says, and what becomes of its jobs when it ends.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::os::unix::net::UnixStream;
use std::task::{Context, Poll};
use std::time::Duration;

use nix::sys::signal::Signal;

use super::control::Request;
use super::error::{Ending, ProcessError};
use super::frame::{Frame, Kind};
use super::hall::Hall;
use super::pipe::Pipe;
use super::queue::Job;
use super::seat::Counted;
use crate::time::timeout;

/// A job that this many workers could not even begin is given up.
const MOST_LOST: u8 = 3;

/// How long a worker may live on without its pipe, before it is killed.
const LINGER: Duration = Duration::from_secs(1);

pub(super) struct Worker<'a> {
    hall: &'a Hall,
    id: u32,
    pipe: Pipe,
    /// The jobs it was given and has not answered, in their order. The first is the one it holds.
    given: VecDeque<Job>,
    /// It has said that it has begun the first of them.
    begun: bool,
    ready: bool,
    /// How many jobs it may still be given.
    left: usize,
    starting: Counted<'a>,
    idle: Counted<'a>,
}

enum Next {
    Frame(Frame),
    Jobs(Vec<Job>),
    /// Nothing is left for it to do.
    Leave,
    /// Its pipe has ended, or it itself has.
    Ended,
    Odd(String),
}

impl<'a> Worker<'a> {
    pub(super) fn new(hall: &'a Hall, id: u32, socket: UnixStream, starting: Counted<'a>) -> Self {
        Self {
            hall,
            id,
            pipe: Pipe::new(socket, hall.settings.frame_limit),
            given: VecDeque::new(),
            begun: false,
            ready: false,
            left: hall.settings.max_tasks,
            starting,
            idle: Counted::new(&hall.idle),
        }
    }

    /// Gives it jobs until it ends.
    pub(super) async fn live(mut self) {
        loop {
            let next = poll_fn(|cx| self.poll_next(cx)).await;
            self.idle.set(false);
            let odd = match next {
                Next::Jobs(jobs) => {
                    self.left -= jobs.len();
                    self.pipe.send(jobs.iter().map(|job| job.frame.len()));
                    self.given.extend(jobs);
                    continue;
                }
                Next::Frame(frame) => match self.receive(frame) {
                    Ok(Stays::Yes) => continue,
                    Ok(Stays::No { mourned }) => return self.bury(mourned).await,
                    Err(odd) => odd,
                },
                Next::Leave => return self.retire().await,
                Next::Ended => return self.bury(false).await,
                Next::Odd(odd) => odd,
            };
            return self.end(odd).await;
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        let ended = self.hall.poll_ended(self.id, cx);
        match self.pipe.poll_frame(&self.given, ended, cx) {
            Poll::Ready(Ok(Some(frame))) => return Poll::Ready(Next::Frame(frame)),
            Poll::Ready(Ok(None)) => return Poll::Ready(Next::Ended),
            Poll::Ready(Err(odd)) => return Poll::Ready(Next::Odd(odd)),
            Poll::Pending => {}
        }
        if !self.ready || !self.given.is_empty() {
            return Poll::Pending;
        }
        if self.left == 0 {
            return Poll::Ready(Next::Leave);
        }
        self.idle.set(true);
        let settings = &self.hall.settings;
        self.hall.queue.poll(cx, |state| {
            if state.is_over() {
                return Some(Next::Leave);
            }
            // Near the end, smaller chunks leave something for the others.
            let share = state.jobs.len().div_ceil(settings.workers);
            let count = share.min(settings.chunk).min(self.left);
            (count > 0).then(|| Next::Jobs(state.jobs.drain(..count).collect()))
        })
    }

    fn receive(&mut self, frame: Frame) -> Result<Stays, String> {
        match frame.kind {
            Kind::Ready if !self.ready => {
                self.ready = true;
                self.starting.set(false);
                self.hall.welcome();
                return Ok(Stays::Yes);
            }
            Kind::Stillborn if !self.ready => {
                let why = frame.into_text();
                self.hall.mourn(false, &format!("panicked in the initializer: {why}"));
                return Ok(Stays::No { mourned: true });
            }
            Kind::Begun if !self.begun && self.pipe.has_sent_one() => {
                self.begun = true;
                self.pipe.forget_one();
                // From here on nobody needs the argument: it is not sent twice.
                self.given[0].frame = Vec::new();
                return Ok(Stays::Yes);
            }
            Kind::Result | Kind::Panicked | Kind::Failed if self.begun => {}
            kind => return Err(format!("{kind:?} out of turn")),
        }
        self.begun = false;
        self.hall.praise();
        let Some(job) = self.given.pop_front() else { return Err("an answer to nothing".into()) };
        let (worker, kind) = (self.id, frame.kind);
        job.answer.give(match kind {
            Kind::Result => Ok(frame.body),
            Kind::Panicked => Err(ProcessError::Panicked { worker, message: frame.into_text() }),
            _ => Err(ProcessError::Transfer { reason: frame.into_text() }),
        });
        Ok(if kind == Kind::Panicked { Stays::No { mourned: true } } else { Stays::Yes })
    }

    /// It was to end: it sees the end of its pipe, and goes.
    async fn retire(self) {
        let Self { hall, id, pipe, .. } = self;
        drop(pipe);
        hall.ending(id).await;
    }

    /// It has ended, or its pipe has. Its jobs find out.
    async fn bury(self, mourned: bool) {
        let Self { hall, id, pipe, given, begun, ready, .. } = self;
        let partly = pipe.has_sent_part();
        drop(pipe);
        let how = ending_soon(hall, id).await;
        if mourned {
            // It panicked over a job that has its answer. The rest have nothing to do with that.
            return hall.queue.put_back(given.into_iter());
        }
        hall.mourn(ready, &format!("({id}) {how}"));
        match hall.nursery_is_gone() {
            true => hall.queue.put_back(given.into_iter()), // which fails them, with the reason
            false => settle(hall, given, Loss { worker: id, how, begun, partly }),
        }
    }

    /// It sent what nobody understands.
    async fn end(mut self, what: String) {
        let (hall, worker) = (self.hall, self.id);
        hall.ask(Request::Signal { worker, signal: Signal::SIGKILL as i32 });
        if let Some(job) = self.given.pop_front() {
            job.answer.give(Err(ProcessError::Odd { worker, what: what.clone() }));
        }
        hall.mourn(self.ready, &format!("({worker}) sent {what}"));
        hall.queue.put_back(std::mem::take(&mut self.given).into_iter());
        hall.ending(worker).await;
    }
}

enum Stays {
    Yes,
    /// It goes by itself; `mourned` if that is accounted for.
    No {
        mourned: bool,
    },
}

/// A worker without a pipe is of no use: it ends by itself, or is made to.
async fn ending_soon(hall: &Hall, worker: u32) -> Ending {
    if let Ok(how) = timeout(LINGER, hall.ending(worker)).await {
        return how;
    }
    hall.ask(Request::Signal { worker, signal: Signal::SIGKILL as i32 });
    hall.ending(worker).await
}

/// A worker that ended with jobs.
struct Loss {
    worker: u32,
    how: Ending,
    begun: bool,
    /// Only a part of the first job's frame had been sent.
    partly: bool,
}

/// At most once: what has begun fails, and so does what had only partly been sent, since the argument
/// itself may be what its worker could not bear. What has certainly not begun is given to another.
fn settle(hall: &Hall, mut given: VecDeque<Job>, loss: Loss) {
    let Loss { worker, how, begun, partly } = loss;
    if let Some(mut held) = given.pop_front() {
        held.lost += 1;
        if begun || partly {
            held.answer.give(Err(ProcessError::Died { worker, how }));
        } else if held.lost >= MOST_LOST {
            held.answer.give(Err(ProcessError::NotBegun { worker, how }));
        } else {
            given.push_front(held);
        }
    }
    hall.queue.put_back(given.into_iter());
}
