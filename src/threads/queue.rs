//! Jobs in the order in which they came, and the workers that sleep until there are any.
//!
//! Whoever holds the ticket of a job can take it out of turn; that is how a worker runs the very job
//! it would have to wait for. Nothing user-written runs, or is dropped, under the lock.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::job::LOOKS;
use crate::job::workplace::Ticket;

pub(super) struct Queue<J> {
    state: Mutex<State<J>>,
    /// A job has come, or the end.
    work: Condvar,
    /// A full queue has room again, or will never need it.
    room: Condvar,
    limits: Limits,
}

#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// The most jobs that are queued.
    pub(super) capacity: usize,
    /// The most threads that work them off.
    pub(super) threads: usize,
    /// How long a thread with nothing to do stays; for ever, if it is not said.
    pub(super) idle: Option<Duration>,
}

// ANCHOR: state
struct State<J> {
    jobs: VecDeque<(Ticket, J)>,
    next: Ticket,
    /// The threads there are, counting those about to start.
    threads: usize,
    /// Those of them that sleep.
    sleeping: usize,
    /// Those that are awake, found no job, and look again for a moment before they sleep.
    looking: usize,
    /// How many sleepers have been sent a notice they have not seen yet. A notice is a system call:
    /// a sleeper gets one and not one for each job.
    roused: usize,
    /// How many threads wait for room.
    crowded: usize,
    /// Nothing is taken in any more, and who finds no job ends.
    ended: bool,
}
// ANCHOR_END: state

/// A job was queued.
pub(super) struct Pushed {
    pub(super) ticket: Ticket,
    /// There are more jobs than idle threads: one is to be started, and is counted already.
    pub(super) short_handed: bool,
}

/// A job comes back.
pub(super) enum Refused<J> {
    Full(J),
    Ended(J),
}

impl<J> Queue<J> {
    /// A queue that will be worked off by `threads` threads to begin with.
    pub(super) fn new(limits: Limits, threads: usize) -> Self {
        let state = State {
            jobs: VecDeque::new(),
            next: Ticket(0),
            threads,
            sleeping: 0,
            looking: 0,
            roused: 0,
            crowded: 0,
            ended: false,
        };
        let (work, room) = (Condvar::new(), Condvar::new());
        Self { state: Mutex::new(state), work, room, limits }
    }

    pub(super) fn is_bounded(&self) -> bool {
        self.limits.capacity < usize::MAX
    }

    pub(super) fn most_threads(&self) -> usize {
        self.limits.threads
    }

    // ANCHOR: push
    /// Puts a job at the end. When the queue is full, blocks until it is not, or gives the job back.
    pub(super) fn push(&self, job: J, block: bool) -> Result<Pushed, Refused<J>> {
        let mut state = self.lock();
        while state.jobs.len() >= self.limits.capacity && !state.ended {
            if !block {
                return Err(Refused::Full(job));
            }
            state.crowded += 1;
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.crowded -= 1;
        }
        if state.ended {
            return Err(Refused::Ended(job));
        }
        let ticket = state.next;
        state.next = Ticket(ticket.0 + 1);
        state.jobs.push_back((ticket, job));
        let idle = state.sleeping + state.looking;
        let short_handed = state.jobs.len() > idle && state.threads < self.limits.threads;
        state.threads += usize::from(short_handed);
        // Whoever looks takes a job before it sleeps; whoever was roused takes one when it is awake.
        let enough_awake = state.jobs.len() <= state.looking + state.roused;
        let rouse = !short_handed && !enough_awake && state.sleeping > state.roused;
        state.roused += usize::from(rouse);
        drop(state);
        if rouse {
            self.work.notify_one();
        }
        Ok(Pushed { ticket, short_handed })
    }
    // ANCHOR_END: push

    // ANCHOR: pop
    /// The next job, as soon as there is one; none when the thread that asks is to end.
    pub(super) fn pop(&self) -> Option<J> {
        let (mut state, mut looks) = (self.lock(), 0);
        loop {
            if let Some((_, job)) = state.jobs.pop_front() {
                self.made_room(state);
                return Some(job);
            }
            if state.ended {
                state.threads -= 1;
                return None;
            }
            if looks < LOOKS {
                looks += 1;
                state = self.look(state);
                continue;
            }
            looks = 0;
            let waited_enough;
            (state, waited_enough) = self.sleep(state);
            if waited_enough && state.jobs.is_empty() {
                state.threads -= 1;
                return None;
            }
        }
    }
    // ANCHOR_END: pop

    // ANCHOR: remove
    /// Takes a job out of turn, if it is still here.
    pub(super) fn remove(&self, ticket: Ticket) -> Option<J> {
        let mut state = self.lock();
        let index = state.jobs.binary_search_by_key(&ticket, |(ticket, _)| *ticket).ok()?;
        let (_, job) = state.jobs.remove(index)?;
        self.made_room(state);
        Some(job)
    }
    // ANCHOR_END: remove

    /// Takes no more jobs in, and lets the threads end when all have been given out.
    pub(super) fn end_when_empty(&self) {
        self.lock().ended = true;
        self.work.notify_all();
        self.room.notify_all();
    }

    /// Lets the threads end, and gives back the jobs that will never run.
    pub(super) fn end_now(&self) -> Vec<J> {
        self.end_when_empty();
        self.lock().jobs.drain(..).map(|(_, job)| job).collect()
    }

    /// A thread that was counted could not be started. When there is no other, the jobs come back:
    /// they would wait for ever.
    pub(super) fn thread_lost(&self) -> Vec<J> {
        let mut state = self.lock();
        state.threads -= 1;
        match state.threads {
            0 => state.jobs.drain(..).map(|(_, job)| job).collect(),
            _ => Vec::new(),
        }
    }

    /// A job was taken.
    fn made_room(&self, state: MutexGuard<'_, State<J>>) {
        let wanted = state.crowded > 0;
        drop(state);
        if wanted {
            self.room.notify_one();
        }
    }

    /// Gives way to others for a moment. A job that comes meanwhile is seen without a notice.
    fn look<'a>(&'a self, mut state: MutexGuard<'a, State<J>>) -> MutexGuard<'a, State<J>> {
        state.looking += 1;
        drop(state);
        thread::yield_now();
        let mut state = self.lock();
        state.looking -= 1;
        state
    }

    /// Until there is a notice. Says as well whether the thread has been idle for long enough.
    fn sleep<'a>(
        &'a self,
        mut state: MutexGuard<'a, State<J>>,
    ) -> (MutexGuard<'a, State<J>>, bool) {
        state.sleeping += 1;
        let (mut state, waited_enough) = match self.limits.idle {
            None => (self.work.wait(state).unwrap_or_else(PoisonError::into_inner), false),
            Some(limit) => {
                let (state, waited) =
                    self.work.wait_timeout(state, limit).unwrap_or_else(PoisonError::into_inner);
                (state, waited.timed_out())
            }
        };
        state.sleeping -= 1;
        // A sleeper that awoke by itself may see the notice meant for another: then one more is sent
        // than needed, never one less.
        state.roused = state.roused.saturating_sub(1);
        (state, waited_enough)
    }

    /// Nothing panics under this lock, so poison says nothing.
    fn lock(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
