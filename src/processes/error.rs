//! What can go wrong: with making a pool, and with a job.

use std::fmt;
use std::io;

use nix::sys::signal::Signal;
use nix::sys::wait::WaitStatus;

/// Why no pool could be made.
///
/// ```
/// use glassloop::processes::StartError;
///
/// let error = StartError::ThreadsRunning { threads: 2 };
/// assert_eq!(
///     error.to_string(),
///     "cannot fork a pool while 2 other threads run: create it first thing in main"
/// );
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A fork copies one thread only: a lock that another one holds would stay locked for ever.
    #[error(
        "cannot fork a pool while {threads} other thread{} run{}: create it first thing in main",
        if *.threads == 1 { "" } else { "s" },
        if *.threads == 1 { "s" } else { "" }
    )]
    ThreadsRunning {
        /// How many, without the one that asked.
        threads: usize,
    },
    /// A pool of nobody would never do anything.
    #[error("a pool needs at least 1 worker, and chunks and lives of at least 1 job")]
    Nobody,
    /// The system refused the process, or a descriptor for it.
    #[error("cannot fork a pool: {0}")]
    System(#[from] io::Error),
}

/// Why a job brought no result. Clones are cheap enough: when a pool fails, all its jobs get one.
///
/// ```
/// use glassloop::processes::{Ending, ProcessError};
///
/// let error = ProcessError::Died { worker: 1234, how: Ending::Killed(9) };
/// assert_eq!(error.to_string(), "worker 1234 was killed by SIGKILL while it held this job");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// The worker ended under the job, which is not given to another: it may have begun.
    #[error("worker {worker} {how} while it held this job")]
    Died {
        /// Its process id.
        worker: u32,
        /// How it ended.
        how: Ending,
    },
    /// The job panicked.
    #[error("the job panicked in worker {worker}: {message}")]
    Panicked {
        /// The process id of the worker, which has been replaced.
        worker: u32,
        /// What the panic said.
        message: String,
    },
    /// Several workers were given the job, and each ended before it began.
    #[error("no worker lived long enough to begin this job: the last one, {worker}, {how}")]
    NotBegun {
        /// The process id of the last one.
        worker: u32,
        /// How it ended.
        how: Ending,
    },
    /// The argument or the result could not travel: it cannot be encoded or decoded, or is too large.
    #[error("{reason}")]
    Transfer {
        /// What, and why not.
        reason: String,
    },
    /// The worker sent what nobody understands, and was killed for it.
    #[error("worker {worker} was ended while it held this job, since it sent {what}")]
    Odd {
        /// Its process id.
        worker: u32,
        /// What it sent.
        what: String,
    },
    /// The whole pool has failed, and can do no more jobs.
    #[error("the pool has failed: {reason}")]
    PoolFailed {
        /// Why.
        reason: String,
    },
    /// The pool was shut down before the job's turn came.
    #[error("cancelled: the pool was shut down before this job began")]
    Cancelled,
}

impl ProcessError {
    pub(super) fn pool(reason: impl Into<String>) -> Self {
        Self::PoolFailed { reason: reason.into() }
    }
}

/// How a process ended.
///
/// ```
/// use glassloop::processes::Ending;
///
/// assert_eq!(Ending::Exited(3).to_string(), "exited with status 3");
/// assert_eq!(Ending::Killed(15).to_string(), "was killed by SIGTERM");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this status.
    Exited(i32),
    /// By the signal with this number.
    Killed(i32),
    /// Nobody can tell any more: somebody else has reaped it.
    Unknown,
}

impl Ending {
    /// `None` while it goes on.
    pub(super) fn of(status: nix::Result<WaitStatus>) -> Option<Self> {
        match status {
            Ok(WaitStatus::Exited(_, status)) => Some(Self::Exited(status)),
            Ok(WaitStatus::Signaled(_, signal, _)) => Some(Self::Killed(signal as i32)),
            Ok(_) | Err(nix::Error::EINTR) => None,
            // Real-time signals (EINVAL) have no name in nix, but the process is gone.
            Err(_) => Some(Self::Unknown),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(status) => write!(f, "exited with status {status}"),
            Self::Killed(number) => match Signal::try_from(*number) {
                Ok(signal) => write!(f, "was killed by {signal}"),
                Err(_) => write!(f, "was killed by signal {number}"),
            },
            Self::Unknown => f.write_str("ended, nobody knows how"),
        }
    }
}
