//! The jobs that no worker has yet, and how the pool stands: what the threads that submit share with the
//! one that drives the pipes.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::error::ProcessError;
use super::job::Job;

/// How the pool stands. It only ever moves downwards.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Phase {
    Open,
    /// What is queued is done, then the workers go.
    Closing,
    /// Nothing is begun any more, and what is under way is ended.
    Terminating,
    /// Nothing can be begun any more.
    Failed(ProcessError),
}

#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
}

#[derive(Debug)]
pub(super) struct State {
    jobs: VecDeque<Job>,
    /// How many they are: some are several.
    unassigned: usize,
    pub(super) phase: Phase,
    /// What is under way is to be ended, however the pool stands.
    pub(super) terminating: bool,
    /// The ids of the nursery and of its workers, as long as they are known to be there.
    pub(super) processes: Vec<u32>,
    /// Of tasks that wait for a change.
    waiting: Vec<Waker>,
}

impl State {
    /// How many jobs no worker has.
    pub(super) fn unassigned(&self) -> usize {
        self.unassigned
    }

    /// Some jobs for a worker: as many as `single` of those that were submitted, or a run of those of a map.
    pub(super) fn take(&mut self, single: usize, run: usize, limit: usize) -> Vec<Job> {
        let taken = match self.jobs.front_mut() {
            Some(many) if many.is_many() => {
                let cut = many.cut(run, limit);
                if many.count == 0 {
                    self.jobs.pop_front();
                }
                vec![cut]
            }
            _ => {
                let count = self.jobs.iter().take(single).take_while(|job| !job.is_many()).count();
                self.jobs.drain(..count).collect()
            }
        };
        self.unassigned -= taken.iter().map(|job| job.count).sum::<usize>();
        taken
    }

    fn take_all(&mut self) -> VecDeque<Job> {
        self.unassigned = 0;
        std::mem::take(&mut self.jobs)
    }

    /// Whether a worker may go: no job is here, and none will come.
    pub(super) fn is_over(&self) -> bool {
        match self.phase {
            Phase::Open => false,
            Phase::Closing => self.jobs.is_empty(),
            Phase::Terminating | Phase::Failed(_) => true,
        }
    }
}

impl Queue {
    pub(super) fn new(nursery: u32) -> Self {
        let state = State {
            jobs: VecDeque::new(),
            unassigned: 0,
            phase: Phase::Open,
            terminating: false,
            processes: vec![nursery],
            waiting: Vec::new(),
        };
        Self { state: Mutex::new(state) }
    }

    pub(super) fn push(&self, job: Job) {
        let mut state = self.lock();
        match &state.phase {
            Phase::Open => {
                state.unassigned += job.count;
                state.jobs.push_back(job);
            }
            Phase::Closing | Phase::Terminating => {
                drop(state);
                return drop(job);
            }
            Phase::Failed(error) => {
                let error = error.clone();
                drop(state);
                return job.fail(error);
            }
        }
        Self::wake(state);
    }

    /// Takes back jobs that were not begun: they were first, and are first again.
    pub(super) fn put_back(&self, jobs: VecDeque<Job>) {
        let mut state = self.lock();
        let error = match &state.phase {
            Phase::Open | Phase::Closing => {
                for job in jobs.into_iter().rev() {
                    state.unassigned += job.count;
                    state.jobs.push_front(job);
                }
                return Self::wake(state);
            }
            Phase::Terminating => ProcessError::Cancelled,
            Phase::Failed(error) => error.clone(),
        };
        drop(state);
        jobs.into_iter().for_each(|job| job.fail(error.clone()));
    }

    /// No job comes after this. What is queued is done.
    pub(super) fn close(&self) {
        self.step_down(Phase::Closing);
    }

    /// Cancels what is queued.
    pub(super) fn cancel(&self) {
        self.step_down(Phase::Closing);
        let mut state = self.lock();
        let cancelled = state.take_all();
        Self::wake(state);
        drop(cancelled);
    }

    /// Cancels what is queued, and ends what is under way.
    pub(super) fn terminate(&self) {
        self.lock().terminating = true;
        self.step_down(Phase::Terminating);
        Self::wake(self.lock());
    }

    /// Fails what is queued, and all that may come.
    pub(super) fn fail(&self, error: ProcessError) {
        self.step_down(Phase::Failed(error));
    }

    fn step_down(&self, to: Phase) {
        let mut state = self.lock();
        let rank = |phase: &Phase| match phase {
            Phase::Open => 0,
            Phase::Closing => 1,
            Phase::Terminating => 2,
            Phase::Failed(_) => 3,
        };
        if rank(&to) <= rank(&state.phase) {
            return;
        }
        state.phase = to.clone();
        let left = if to == Phase::Closing { VecDeque::new() } else { state.take_all() };
        Self::wake(state);
        for job in left {
            match &to {
                Phase::Failed(error) => job.fail(error.clone()),
                _ => drop(job),
            }
        }
    }

    /// Looks at the state, now and after every change, until `look` finds what it wants.
    pub(super) fn poll<T>(
        &self,
        cx: &Context<'_>,
        look: impl FnOnce(&mut State) -> Option<T>,
    ) -> Poll<T> {
        let mut state = self.lock();
        if let Some(found) = look(&mut state) {
            // It may have taken the last job, and others wait for nothing else.
            if state.is_over() {
                Self::wake(state);
            }
            return Poll::Ready(found);
        }
        if !state.waiting.iter().any(|known| known.will_wake(cx.waker())) {
            state.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }

    /// Wakes all who wait: each task decides by itself whether the change is for it.
    fn wake(mut state: MutexGuard<'_, State>) {
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
