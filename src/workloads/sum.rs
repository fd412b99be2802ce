//! The *sum* workload: a range or files of numbers, cut into chunks, each chunk added up by itself.
//!
//! `numbers.rs` cuts, `range.rs` and `file.rs` add. The other files here are one model each.
//!
//! ```
//! use glassloop::workloads::{Interrupt, Model, sum};
//!
//! let chunks = sum::Numbers::Range("1..=100".parse()?).split(4)?;
//! let report = sum::run(Model::ThreadPerTask, &chunks, &Interrupt::default())?;
//! let parts: Vec<_> = report.parts.iter().flat_map(|part| &part.sum).collect();
//! assert_eq!(parts, [&325, &950, &1575, &2200]);
//! assert_eq!(report.total(), Some(5050));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod event_loop;
mod file;
mod numbers;
#[cfg(feature = "processes")]
mod processes;
mod range;
mod sequential;
mod thread_per_task;
mod threads;

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

pub use self::numbers::{Chunk, MAX_CHUNKS, Numbers, SplitError};
pub use self::range::{NumberRange, RangeError};
use super::{InFlight, Interrupt, Model};
use crate::job::panic_text;
#[cfg(feature = "processes")]
use crate::processes::ProcessError;
use crate::trace::{Recorder, Track};

/// Adds up every chunk in the way of `model`.
///
/// A chunk that fails, or that an interrupt leaves unfinished, is a row of the report: the others
/// go on.
///
/// # Errors
/// When the model itself cannot start; nothing has been added then.
///
/// ```
/// use glassloop::workloads::{Interrupt, Model, sum};
///
/// let chunks = sum::Numbers::Range("-5..=5".parse()?).split(2)?;
/// let report = sum::run(Model::Sequential, &chunks, &Interrupt::default())?;
/// assert_eq!(report.total(), Some(0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn run(model: Model, chunks: &[Chunk], interrupt: &Interrupt) -> Result<SumReport, StartError> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    prepare(model, processors)?.run(chunks, interrupt)
}

/// Makes ready what a model must have before this process has other threads: for
/// `Model::Processes` the pool of so many workers, for the others nothing. Call it first thing in `main`.
///
/// # Errors
/// As [`run`].
///
/// ```
/// use glassloop::workloads::{Interrupt, Model, sum};
///
/// let adder = sum::prepare(Model::Sequential, 4)?;
/// // From here on there may be threads.
/// let chunks = sum::Numbers::Range("1..=100".parse()?).split(4)?;
/// assert_eq!(adder.run(&chunks, &Interrupt::default())?.total(), Some(5050));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn prepare(model: Model, workers: usize) -> Result<Prepared, StartError> {
    let ready = match model {
        #[cfg(feature = "processes")]
        Model::Processes => Ready::Forked(processes::Adders::fork(workers)?),
        model => {
            let _ = workers; // the others start theirs when they run
            Ready::Here(model)
        }
    };
    Ok(Prepared { ready, recorder: None })
}

/// A model that is ready to add, any number of times until an interrupt; see [`prepare`]. Dropping it ends
/// its processes.
#[derive(Debug)]
pub struct Prepared {
    ready: Ready,
    recorder: Option<Recorder>,
}

#[derive(Debug)]
enum Ready {
    Here(Model),
    #[cfg(feature = "processes")]
    Forked(processes::Adders),
}

impl Prepared {
    /// The ids of the processes that work for it, as long as there are any; none for the other models.
    ///
    /// ```
    /// use glassloop::workloads::{Model, sum};
    ///
    /// assert!(sum::prepare(Model::EventLoop, 4)?.processes().is_empty());
    /// # Ok::<(), sum::StartError>(())
    /// ```
    pub fn processes(&self) -> Vec<u32> {
        match &self.ready {
            Ready::Here(_) => Vec::new(),
            #[cfg(feature = "processes")]
            Ready::Forked(adders) => adders.processes(),
        }
    }

    /// Records from now on what happens to each chunk. Make the recorder when the run is about to begin: that is
    /// when its clock does.
    ///
    /// ```
    /// use glassloop::trace::Recorder;
    /// use glassloop::workloads::{Interrupt, Model, sum};
    ///
    /// let recorder = Recorder::new();
    /// let adder = sum::prepare(Model::Sequential, 4)?.record(&recorder);
    /// let chunks = sum::Numbers::Range("1..=100".parse()?).split(4)?;
    /// adder.run(&chunks, &Interrupt::default())?;
    /// assert_eq!(recorder.finish("a sum").entries.len(), 4 * 6);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn record(mut self, recorder: &Recorder) -> Self {
        self.recorder = Some(recorder.clone());
        self
    }

    /// Adds up every chunk, as [`run`] does.
    ///
    /// # Errors
    /// When the model itself cannot start; nothing has been added then.
    pub fn run(&self, chunks: &[Chunk], interrupt: &Interrupt) -> Result<SumReport, StartError> {
        let recorder = self.recorder.as_ref();
        let in_flight = Arc::new(InFlight::default());
        let add = {
            let (in_flight, interrupt) = (Arc::clone(&in_flight), interrupt.clone());
            move |chunk: &Chunk| {
                let _under_way = in_flight.enter();
                chunk.sum(&interrupt)
            }
        };
        // A loop records by itself.
        let track = |chunk: &Chunk| (chunk.clone(), recorder.map(|to| to.track(chunk.to_string())));
        let tracked = || chunks.iter().map(track).collect::<Vec<_>>();
        let add_tracked = |(chunk, track): &(Chunk, Option<Track>)| match track {
            Some(track) => track.run(|| add(chunk)),
            None => add(chunk),
        };
        let no_threads = |cause| StartError::new("a pool of threads", cause);
        let no_loop = |cause| StartError::new("an event loop", cause);
        let (sums, peak) = match &self.ready {
            Ready::Here(Model::Sequential) => (sequential::run(&tracked(), add_tracked), None),
            Ready::Here(Model::ThreadPerTask) => {
                (thread_per_task::run(&tracked(), add_tracked), None)
            }
            Ready::Here(Model::Threads) => {
                (threads::run(&tracked(), add_tracked).map_err(no_threads)?, None)
            }
            Ready::Here(Model::EventLoop) => {
                (event_loop::run(chunks, add, recorder).map_err(no_loop)?, None)
            }
            #[cfg(feature = "processes")]
            Ready::Here(Model::Processes) => unreachable!("it was forked"),
            #[cfg(feature = "processes")]
            Ready::Forked(adders) => {
                let (sums, peak) = adders.run(chunks, recorder, interrupt).map_err(no_loop)?;
                (sums, Some(peak))
            }
        };
        let parts =
            chunks.iter().cloned().zip(sums).map(|(chunk, sum)| Part { chunk, sum }).collect();
        Ok(SumReport { parts, in_flight: peak.unwrap_or_else(|| in_flight.peak()) })
    }
}

/// What came of every chunk.
///
/// ```
/// let nothing = glassloop::workloads::sum::SumReport { parts: vec![], in_flight: 0 };
/// assert_eq!(nothing.total(), Some(0));
/// ```
#[derive(Debug)]
pub struct SumReport {
    /// The chunks with their sums, in the order in which they were cut.
    pub parts: Vec<Part>,
    /// The most chunks that were being added at the same moment.
    pub in_flight: usize,
}

impl SumReport {
    /// The sum of all parts, or `None` when a part is missing.
    pub fn total(&self) -> Option<i128> {
        // Cannot overflow: that takes 2^64 numbers of 64 bits.
        self.parts.iter().map(|part| part.sum.as_ref().ok()).sum()
    }
}

/// A chunk and what came of it.
///
/// ```
/// use glassloop::workloads::sum::{Chunk, Part};
///
/// let part = Part { chunk: Chunk::Range("1..=3".parse()?), sum: Ok(6) };
/// assert_eq!(part.chunk.to_string(), "1..=3");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Part {
    /// What was to be added.
    pub chunk: Chunk,
    /// Its sum, or why there is none.
    pub sum: Result<i128, SumError>,
}

/// Why a chunk has no sum.
///
/// The message leaves out the operating system's reason, which is the error's `source`.
///
/// ```
/// use glassloop::workloads::sum::{Place, SumError};
///
/// let (path, place, text) = ("a.txt".into(), Place::Line(17), "abc".into());
/// let error = SumError::NotANumber { path, place, text };
/// assert_eq!(
///     error.to_string(),
///     "a.txt, line 17: \"abc\" is not a whole number between -9223372036854775808 and \
///      9223372036854775807"
/// );
/// ```
#[derive(Debug, thiserror::Error)]
pub enum SumError {
    /// A file could not be opened or read.
    #[error("cannot read numbers from {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file holds something else than whole numbers of 64 bits.
    #[error(
        "{}, {place}: {text:?} is not a whole number between {} and {}",
        path.display(), i64::MIN, i64::MAX
    )]
    NotANumber {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        place: Place,
        /// What stands there, shortened.
        text: String,
    },
    /// No thread could be had for the chunk.
    #[error("cannot start a thread for this chunk: ask for fewer chunks")]
    NotStarted(#[source] io::Error),
    /// The thread that added the chunk panicked.
    #[error("the thread that added this chunk panicked: {0}")]
    Panicked(String),
    /// The worker process that had the chunk brought no sum.
    #[cfg(feature = "processes")]
    #[error(transparent)]
    Worker(ProcessError),
    /// An interrupt came before the chunk was done.
    #[error("interrupted before this chunk was done")]
    Interrupted,
}

impl SumError {
    fn from_panic(panic: &(dyn Any + Send)) -> Self {
        Self::Panicked(panic_text(panic).unwrap_or("no message").into())
    }
}

/// A place in a file.
///
/// ```
/// use glassloop::workloads::sum::Place;
///
/// assert_eq!(Place::Line(17).to_string(), "line 17");
/// assert_eq!(Place::Byte(0).to_string(), "byte 0");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A line, the first of which is 1.
    Line(u64),
    /// An offset in bytes from 0, where lines cannot be counted: a pipe is read only once.
    Byte(u64),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Byte(offset) => write!(f, "byte {offset}"),
        }
    }
}

/// A model could not start, so nothing was added; its source says why.
///
/// ```
/// fn exit_code(_: glassloop::workloads::sum::StartError) -> u8 {
///     3
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[error("cannot start {what} for the sum: try another model")]
pub struct StartError {
    what: &'static str,
    #[source]
    cause: Box<dyn Error + Send + Sync>,
}

impl StartError {
    fn new(what: &'static str, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { what, cause: cause.into() }
    }
}

#[cfg(test)]
mod tests;
