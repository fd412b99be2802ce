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
use super::job::Job;
use super::outbox::Outbox;
use super::packed::{Packed, values};
use super::pipe::Pipe;
use super::supervisor::{Counted, Supervisor};
use crate::time::{Instant, timeout};

/// A job that this many workers could not even begin is given up.
const MOST_LOST: u8 = 3;

/// How long a worker is to be busy with what it is given of a map, if the jobs allow it.
const RUN: Duration = Duration::from_millis(2);

/// How long a worker may live on without its pipe, before it is killed.
const LINGER: Duration = Duration::from_secs(1);

pub(super) struct Proxy<'a> {
    supervisor: &'a Supervisor,
    id: u32,
    outbox: u32,
    pipe: Pipe,
    /// The jobs it was given and has not answered, in their order. The first is the one it holds.
    given: VecDeque<Job>,
    /// It has said that it has begun the first of them.
    begun: bool,
    /// How many frames with jobs it has answered.
    answered: u64,
    /// How many times it has sent what was in its outbox.
    received: u64,
    /// How many jobs it may still be given.
    left: usize,
    /// How many jobs of a map it is given at once, and when it was given the last.
    pace: usize,
    given_at: Instant,
    /// Until it says that it is ready.
    starting: Option<Counted<'a>>,
    /// As long as it waits for a job.
    idle: Option<Counted<'a>>,
}

enum Next {
    Frame(Frame),
    Jobs(Vec<Job>),
    /// Nothing is left for it to do.
    Leave,
    /// Its pipe has ended, or it itself has.
    Ended,
    /// It has sent what nobody understands.
    Odd(String),
}

impl<'a> Proxy<'a> {
    pub(super) fn new(
        supervisor: &'a Supervisor,
        id: u32,
        socket: UnixStream,
        outbox: u32,
        starting: Counted<'a>,
    ) -> Self {
        Self {
            supervisor,
            id,
            outbox,
            pipe: Pipe::new(socket, supervisor.settings.frame_limit),
            given: VecDeque::new(),
            begun: false,
            answered: 0,
            received: 0,
            left: supervisor.settings.max_tasks,
            pace: 1,
            given_at: Instant::now(),
            starting: Some(starting),
            idle: None,
        }
    }

    /// Gives it jobs until it ends.
    pub(super) async fn run(mut self) {
        loop {
            let next = poll_fn(|cx| self.poll_next(cx)).await;
            self.idle = None;
            let received = match next {
                Next::Jobs(jobs) => {
                    self.left -= jobs.iter().map(|job| job.count).sum::<usize>();
                    self.given_at = Instant::now();
                    self.given.extend(jobs);
                    continue;
                }
                Next::Frame(frame) => self.receive(frame),
                Next::Leave => return self.retire().await,
                Next::Ended => return self.died().await,
                Next::Odd(what) => Err(what),
            };
            match received {
                Ok(Stays::Yes) => {}
                Ok(Stays::No) => return self.exits_after_panic().await,
                Err(what) => return self.kill_for(what).await,
            }
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        let ended = self.supervisor.poll_ended(self.id, cx);
        // The argument of a job that has begun needs not be written any more.
        let frames = self.given.iter().skip(usize::from(self.begun)).map(|job| &job.frame[..]);
        match self.pipe.poll_frame(frames, ended, cx) {
            Poll::Ready(Ok(Some(frame))) => return Poll::Ready(Next::Frame(frame)),
            Poll::Ready(Ok(None)) => return Poll::Ready(Next::Ended),
            Poll::Ready(Err(odd)) => return Poll::Ready(Next::Odd(odd)),
            Poll::Pending => {}
        }
        if self.starting.is_some() || !self.given.is_empty() {
            return Poll::Pending;
        }
        if self.left == 0 {
            return Poll::Ready(Next::Leave);
        }
        self.idle.get_or_insert_with(|| Counted::new(&self.supervisor.idle));
        let settings = &self.supervisor.settings;
        self.supervisor.queue.poll(cx, |state| {
            if state.is_over() {
                return Some(Next::Leave);
            }
            // Near the end, smaller chunks leave something for the others.
            let share = state.unassigned().div_ceil(settings.workers).min(self.left);
            // So many take a small part of the time that a run is to take, and are not shared any more.
            let run = share.max(self.pace / 8).min(self.pace).min(self.left);
            let chunk = share.min(settings.chunk);
            (share > 0).then(|| Next::Jobs(state.take(chunk, run, settings.frame_limit)))
        })
    }

    /// # Errors
    /// When what it says makes no sense at this point.
    fn receive(&mut self, frame: Frame) -> Result<Stays, String> {
        let is_sent = |job: &Job| self.pipe.written() >= job.frame.len();
        match frame.kind {
            Kind::Ready if self.starting.is_some() => {
                self.starting = None;
                self.supervisor.worker_is_ready();
                return Ok(Stays::Yes);
            }
            Kind::NotReady if self.starting.is_some() => {
                let what = format!("panicked in the initializer: {}", frame.into_text());
                self.supervisor.worker_failed(false, &what);
                return Ok(Stays::No);
            }
            Kind::Begun if !self.begun && self.given.front().is_some_and(is_sent) => {
                self.begin();
                return Ok(Stays::Yes);
            }
            Kind::Result | Kind::Results | Kind::Panicked | Kind::Failed if self.begun => {}
            // Where it has an outbox, it says that it begins by what comes of it.
            Kind::Result | Kind::Results | Kind::Panicked | Kind::Failed
                if self.outbox().is_some() && self.given.front().is_some_and(is_sent) =>
            {
                self.begin();
            }
            kind => return Err(format!("{kind:?} out of turn")),
        }
        let Some(job) = self.given.front_mut() else { return Err("an answer to nothing".into()) };
        self.supervisor.worker_answered();
        let (worker, kind) = (self.id, frame.kind);
        match kind {
            Kind::Result => job.give(Ok(frame.body)),
            Kind::Results => {
                let count = values(&frame.body).count();
                if count > job.count {
                    return Err(format!("{count} results of {} jobs", job.count));
                }
                self.received += 1;
                job.give_packed(Packed { bytes: frame.body, count });
            }
            Kind::Panicked => {
                job.give(Err(ProcessError::Panicked { worker, message: frame.into_text() }));
            }
            _ => job.give(Err(ProcessError::Transfer { reason: frame.into_text() })),
        }
        if job.count == 0 {
            let did = job.size;
            self.given.pop_front();
            self.begun = false;
            self.answered += 1;
            self.set_pace(did);
        }
        Ok(if kind == Kind::Panicked { Stays::No } else { Stays::Yes })
    }

    /// The first job has begun, or the first of several.
    fn begin(&mut self) {
        self.begun = true;
        let job = &mut self.given[0];
        self.pipe.forget(job.frame.len());
        // From here on nobody needs the argument: it is not sent twice. Of several, the others may be.
        if job.count == 1 {
            job.frame = Vec::new();
        }
    }

    fn outbox(&self) -> Option<&'a Outbox> {
        self.supervisor.outboxes.get(self.outbox)
    }

    /// Tiny jobs of a map are given in runs that take about as long as [`RUN`]; those that take longer, one by one,
    /// so that none waits behind another while a worker is idle.
    fn set_pace(&mut self, did: usize) {
        let took = self.given_at.elapsed().as_nanos().max(1);
        let fitting = did as u128 * RUN.as_nanos() / took;
        self.pace = usize::try_from(fitting).unwrap_or(usize::MAX).clamp(1, did.saturating_mul(64));
    }

    /// Its time is over: it sees the end of its pipe, and goes.
    async fn retire(self) {
        let Self { supervisor, id, pipe, .. } = self;
        drop(pipe);
        supervisor.ending(id).await;
    }

    /// It has told of a panic, and goes by itself. The jobs it was given besides have nothing to do with that.
    async fn exits_after_panic(self) {
        let Self { supervisor, id, pipe, given, .. } = self;
        drop(pipe);
        ending_soon(supervisor, id).await;
        supervisor.queue.put_back(given);
    }

    /// It has ended, or its pipe has.
    async fn died(self) {
        let (outbox, answered) = (self.outbox(), self.answered);
        let Self { supervisor, id: worker, received, pipe, mut given, begun, starting, .. } = self;
        let written = pipe.written();
        drop(pipe);
        let how = ending_soon(supervisor, worker).await;
        supervisor.worker_failed(starting.is_none(), &format!("({worker}) {how}"));
        // At most once: what has begun fails, and so does what had only partly been sent, since the argument
        // itself may be what the worker could not bear. What has certainly not begun is given to another.
        // (Unless the nursery is gone: then all of them fail for that reason.)
        if !supervisor.nursery_is_gone()
            && let Some(mut held) = given.pop_front()
        {
            let begun = begun || outbox.is_some_and(|outbox| outbox.begun() > answered);
            // What it had done was in its outbox.
            if let Some(outbox) = outbox.filter(|_| begun) {
                let left = outbox.left(received);
                if (1..=held.count).contains(&left.count) {
                    held.give_packed(left);
                }
            }
            let partly_sent = written > 0 && written < held.frame.len();
            held.lost += 1;
            if held.count > 0 && (begun || partly_sent) {
                held.give(Err(ProcessError::Died { worker, how }));
                held.lost = 0;
            } else if held.lost >= MOST_LOST {
                held.give(Err(ProcessError::NotBegun { worker, how }));
                held.lost = 0;
            }
            if held.count > 0 {
                given.push_front(held);
            }
        }
        supervisor.queue.put_back(given);
    }

    /// It has sent what nobody understands.
    async fn kill_for(self, what: String) {
        let Self { supervisor, id: worker, pipe, mut given, begun, starting, .. } = self;
        supervisor.ask(Request::Signal { worker, signal: Signal::SIGKILL as i32 });
        supervisor.worker_failed(starting.is_none(), &format!("({worker}) sent {what}"));
        // It goes on until it is killed, and cannot be understood: it may have begun all that it was sent.
        if begun && let Some(job) = given.pop_front() {
            job.fail(ProcessError::Odd { worker, what: what.clone() });
        }
        let mut sent = pipe.written();
        while given.front().is_some_and(|job| sent >= job.frame.len())
            && let Some(job) = given.pop_front()
        {
            sent -= job.frame.len();
            job.fail(ProcessError::Odd { worker, what: what.clone() });
        }
        supervisor.queue.put_back(given);
        supervisor.ending(worker).await;
    }
}

/// Whether a worker lives on after what it said.
enum Stays {
    Yes,
    No,
}

/// A worker without a pipe is of no use: it ends by itself, or is made to.
async fn ending_soon(supervisor: &Supervisor, worker: u32) -> Ending {
    if let Ok(how) = timeout(LINGER, supervisor.ending(worker)).await {
        return how;
    }
    supervisor.ask(Request::Signal { worker, signal: Signal::SIGKILL as i32 });
    supervisor.ending(worker).await
}
