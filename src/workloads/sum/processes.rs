//! Worker processes, each with a chunk at a time. Ranges and paths travel, never the numbers.

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::{Chunk, NumberRange, Place, StartError, SumError};
use crate::processes::{ProcessError, ProcessPool};
use crate::trace::{Account, Recorder};
use crate::workloads::Interrupt;
use crate::workloads::pooled::{Span, accounted, die_if_told, do_all};

/// Workers that are ready to add.
#[derive(Debug)]
pub(super) struct Adders {
    pool: ProcessPool<(Errand, bool), Added>,
    /// The workers have inherited it.
    clock: Instant,
}

/// When a chunk was added, what came of it, and how it went if that was asked for.
type Added = (Span, Result<i128, Trouble>, Option<Account>);

impl Adders {
    pub(super) fn fork(workers: usize) -> Result<Self, StartError> {
        let clock = Instant::now();
        // The nursery has none: a job is not to take what its owner reads. Here its path is the job.
        let stdin = io::stdin().as_fd().try_clone_to_owned();
        let begin = || {
            let _ = stdin.as_ref().is_ok_and(|stdin| nix::unistd::dup2_stdin(stdin).is_ok());
            Interrupt::on_sigterm()
        };
        let add = move |interrupt: &mut Interrupt, (errand, record): (Errand, bool)| {
            die_if_told(interrupt);
            let sum = || errand.chunk().and_then(|chunk| chunk.sum(interrupt));
            let (span, (sum, account)) = Span::of(clock, || accounted(record, clock, sum));
            if sum.is_err() {
                die_if_told(interrupt);
            }
            (span, sum.map_err(Trouble::from), account)
        };
        let builder = ProcessPool::builder().workers(workers).initializer(begin);
        let pool = builder.build(add);
        let pool = pool.map_err(|cause| StartError::new("worker processes", cause))?;
        Ok(Self { pool, clock })
    }

    pub(super) fn processes(&self) -> Vec<u32> {
        self.pool.processes()
    }

    /// The sums in the order of the chunks, and how many were being added at once.
    pub(super) fn run(
        &self,
        chunks: &[Chunk],
        recorder: Option<&Recorder>,
        interrupt: &Interrupt,
    ) -> io::Result<(Vec<Result<i128, SumError>>, usize)> {
        let mut sums: Vec<_> = chunks.iter().map(|_| Err(SumError::Interrupted)).collect();
        let mut spans = Vec::new();
        let track = |chunk: &Chunk| recorder.map(|to| to.track(chunk.to_string()));
        let tracks: Vec<_> = chunks.iter().map(track).collect();
        let errands = chunks.iter().map(|chunk| (Errand::from(chunk), recorder.is_some()));
        do_all(&self.pool, errands, interrupt, |place, result| {
            if let (Some(track), Err(_)) = (&tracks[place], &result) {
                track.lost();
            }
            sums[place] = match result {
                Ok((span, sum, account)) => {
                    spans.push(span);
                    if let (Some(track), Some(account)) = (&tracks[place], account) {
                        track.add(self.clock, account);
                    }
                    sum.map_err(SumError::from)
                }
                // The death of a worker that was told to stop is the interrupt's doing.
                Err(_) if interrupt.is_set() => Err(SumError::Interrupted),
                Err(ProcessError::Panicked { message, .. }) => Err(SumError::Panicked(message)),
                Err(error) => Err(SumError::Worker(error)),
            };
        })?;
        Ok((sums, Span::peak(&spans)))
    }
}

/// A chunk on its way.
#[derive(Debug, Serialize, Deserialize)]
enum Errand {
    Range(i64, i64),
    /// A path need not be text.
    File(OsString, std::ops::Range<u64>),
}

impl From<&Chunk> for Errand {
    fn from(chunk: &Chunk) -> Self {
        match chunk {
            Chunk::Range(range) => Self::Range(range.first(), range.last()),
            Chunk::File { path, bytes } => Self::File(path.as_os_str().into(), bytes.clone()),
        }
    }
}

impl Errand {
    fn chunk(self) -> Result<Chunk, SumError> {
        match self {
            Self::Range(first, last) => {
                let range = NumberRange::new(first, last);
                range.map(Chunk::Range).map_err(|error| SumError::Panicked(error.to_string()))
            }
            Self::File(path, bytes) => Ok(Chunk::File { path: Path::new(&path).into(), bytes }),
        }
    }
}

/// An error on its way back.
#[derive(Debug, Serialize, Deserialize)]
enum Trouble {
    Unreadable { path: OsString, errno: Option<i32>, text: String },
    NotANumber { path: OsString, line: Option<u64>, byte: u64, text: String },
    Interrupted,
    Other(String),
}

impl From<SumError> for Trouble {
    fn from(error: SumError) -> Self {
        match error {
            SumError::Unreadable { path, source } => {
                let (errno, text) = (source.raw_os_error(), source.to_string());
                Self::Unreadable { path: path.into(), errno, text }
            }
            SumError::NotANumber { path, place: Place::Line(line), text } => {
                Self::NotANumber { path: path.into(), line: Some(line), byte: 0, text }
            }
            SumError::NotANumber { path, place: Place::Byte(byte), text } => {
                Self::NotANumber { path: path.into(), line: None, byte, text }
            }
            SumError::Interrupted => Self::Interrupted,
            error => Self::Other(error.to_string()),
        }
    }
}

impl From<Trouble> for SumError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Unreadable { path, errno, text } => {
                let source =
                    errno.map_or_else(|| io::Error::other(text), io::Error::from_raw_os_error);
                Self::Unreadable { path: path.into(), source }
            }
            Trouble::NotANumber { path, line, byte, text } => {
                let place = line.map_or(Place::Byte(byte), Place::Line);
                Self::NotANumber { path: path.into(), place, text }
            }
            Trouble::Interrupted => Self::Interrupted,
            Trouble::Other(text) => Self::Panicked(text),
        }
    }
}
