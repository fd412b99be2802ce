//! The *download* workload: each URL into a file of its own.
//!
//! What a job does is in `attempt.rs`; whether it is tried again, and what is reported, is here. The
//! other files are one model each.

mod attempt;
mod blocking;
mod error;
mod event_loop;
#[cfg(feature = "processes")]
mod processes;
mod sequential;
mod thread_per_task;
mod threads;

use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use self::error::DownloadError;
use super::names::Names;
use super::part_file::Disk;
use super::{InFlight, InFlightGuard, Interrupt, Model};
#[cfg(feature = "tls")]
use crate::http::Trust;
use crate::http::{Connect, parse_url};
use crate::runtime::Builder;
use crate::time::Instant;
use crate::trace::{Recorder, Track};

/// One file to fetch.
///
/// ```
/// use glassloop::workloads::download::Job;
///
/// let jobs = Job::plan(&["http://a.example/x.png", "http://b.example/x.png"], "pictures".as_ref());
/// assert_eq!(jobs[1].target.as_deref(), Some("pictures/x.2.png".as_ref()));
/// ```
#[derive(Clone, Debug)]
pub struct Job {
    /// Where it is, as it was given.
    pub url: String,
    /// Where it goes; `None` when the URL is malformed, which is then the job's error.
    pub target: Option<PathBuf>,
    /// Where what happens to it is recorded, if anywhere.
    track: Option<Track>,
}

impl Job {
    /// A job for each URL, its file in `folder` under a name of its own.
    pub fn plan(urls: &[impl AsRef<str>], folder: &Path) -> Vec<Self> {
        let mut names = Names::default();
        let job = |url: &str| {
            let target = parse_url(url).ok().map(|url| folder.join(names.assign(&url)));
            Self { url: url.into(), target, track: None }
        };
        urls.iter().map(AsRef::as_ref).map(job).collect()
    }
}

/// How to download.
///
/// ```
/// let settings = glassloop::workloads::download::Settings::default();
/// assert_eq!(settings.concurrency.get(), 32);
/// ```
#[derive(Clone, Debug)]
pub struct Settings {
    /// The most files under way at once; `sequential` has one.
    pub concurrency: NonZeroUsize,
    /// How often a file is tried again when that may help.
    pub retries: u32,
    /// How long one connection may take to come about, its TLS handshake included.
    pub connect_timeout: Duration,
    /// How long one attempt at a file may take.
    pub timeout: Option<Duration>,
    /// Whether a file that is there already is replaced.
    pub replace: bool,
    /// How the loop is set up; the other models have none.
    pub runtime: Builder,
    /// Whose signatures on the certificates of https servers count.
    #[cfg(feature = "tls")]
    pub trust: Trust,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: const { NonZeroUsize::new(32).unwrap() },
            retries: 2,
            connect_timeout: Duration::from_secs(10),
            timeout: None,
            replace: false,
            runtime: Builder::new(),
            #[cfg(feature = "tls")]
            trust: Trust::default(),
        }
    }
}

/// Someone who looks on, from whatever thread the work is on.
pub trait Watch: Send + Sync {
    /// So many more bytes have come.
    fn received(&self, bytes: usize) {
        let _ = bytes;
    }

    /// A job is over.
    fn finished(&self, row: &Row) {
        let _ = row;
    }
}

/// Nobody looks on.
impl Watch for () {}

/// What came of a job.
#[derive(Debug)]
pub struct Row {
    /// What was to be fetched, and where to.
    pub job: Job,
    /// How many bytes the file has, or why there is none.
    pub outcome: Result<u64, DownloadError>,
    /// How often it was tried; 0 if its turn never came.
    pub attempts: u32,
    /// From the first attempt to the end, pauses included.
    pub elapsed: Duration,
}

/// What came of all jobs.
#[derive(Debug)]
pub struct DownloadReport {
    /// A row for each job, in the order given.
    pub rows: Vec<Row>,
    /// The most files that were under way at once.
    pub in_flight: usize,
}

impl DownloadReport {
    /// How many files are not there.
    pub fn failed(&self) -> usize {
        self.rows.iter().filter(|row| row.outcome.is_err()).count()
    }

    /// How many bytes all files have together.
    pub fn bytes(&self) -> u64 {
        self.rows.iter().filter_map(|row| row.outcome.as_ref().ok()).sum()
    }
}

/// Fetches every file in the way of `model`. A job that fails is a row of the report: the others go on.
///
/// # Errors
/// When the model itself cannot start; nothing has been fetched then.
///
/// ```
/// use std::sync::Arc;
/// use glassloop::workloads::download::{self, Job, Settings};
/// use glassloop::workloads::{Interrupt, Model};
///
/// let jobs = Job::plan(&["no URL at all"], "pictures".as_ref());
/// let interrupt = Interrupt::default();
/// let report =
///     download::run(Model::Sequential, jobs, Settings::default(), Arc::new(()), &interrupt)?;
/// assert_eq!(report.failed(), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn run(
    model: Model,
    jobs: Vec<Job>,
    settings: Settings,
    watch: Arc<dyn Watch>,
    interrupt: &Interrupt,
) -> io::Result<DownloadReport> {
    prepare(model, settings)?.run(jobs, watch, interrupt)
}

/// Makes ready what a model must have before this process has other threads: for
/// `Model::Processes` the pool, for the others nothing. Call it first thing in `main`.
///
/// # Errors
/// As [`run`].
///
/// ```
/// use std::sync::Arc;
/// use glassloop::workloads::download::{self, Job, Settings};
/// use glassloop::workloads::{Interrupt, Model};
///
/// let fetcher = download::prepare(Model::Sequential, Settings::default())?;
/// // From here on there may be threads.
/// let jobs = Job::plan(&["no URL at all"], "pictures".as_ref());
/// let report = fetcher.run(jobs, Arc::new(()), &Interrupt::default())?;
/// assert_eq!(report.failed(), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn prepare(model: Model, settings: Settings) -> io::Result<Prepared> {
    let ready = match model {
        #[cfg(feature = "processes")]
        Model::Processes => {
            Ready::Forked(processes::Fetchers::fork(&settings).map_err(io::Error::other)?)
        }
        model => Ready::Here(model),
    };
    Ok(Prepared { ready, settings, recorder: None })
}

/// A model that is ready to fetch, any number of times until an interrupt; see [`prepare`]. Dropping it ends
/// its processes.
#[derive(Debug)]
pub struct Prepared {
    ready: Ready,
    settings: Settings,
    recorder: Option<Recorder>,
}

#[derive(Debug)]
enum Ready {
    Here(Model),
    #[cfg(feature = "processes")]
    Forked(processes::Fetchers),
}

impl Prepared {
    /// The ids of the processes that work for it, as long as there are any; none for the other models.
    ///
    /// ```
    /// use glassloop::workloads::{Model, download};
    ///
    /// let fetcher = download::prepare(Model::EventLoop, download::Settings::default())?;
    /// assert!(fetcher.processes().is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn processes(&self) -> Vec<u32> {
        match &self.ready {
            Ready::Here(_) => Vec::new(),
            #[cfg(feature = "processes")]
            Ready::Forked(fetchers) => fetchers.processes(),
        }
    }

    /// Records from now on what happens to each file. Make the recorder when the run is about to begin: that is
    /// when its clock does.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use glassloop::trace::Recorder;
    /// use glassloop::workloads::download::{self, Job, Settings};
    /// use glassloop::workloads::{Interrupt, Model};
    ///
    /// let recorder = Recorder::new();
    /// let fetcher = download::prepare(Model::Threads, Settings::default())?.record(&recorder);
    /// let jobs = Job::plan(&["no URL at all"], "pictures".as_ref());
    /// fetcher.run(jobs, Arc::new(()), &Interrupt::default())?;
    /// assert!(!recorder.finish("a download").entries.is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn record(mut self, recorder: &Recorder) -> Self {
        self.recorder = Some(recorder.clone());
        self
    }

    /// Fetches every file, as [`run`] does.
    ///
    /// # Errors
    /// When the model cannot start; nothing has been fetched then.
    pub fn run(
        &self,
        mut jobs: Vec<Job>,
        watch: Arc<dyn Watch>,
        interrupt: &Interrupt,
    ) -> io::Result<DownloadReport> {
        let (settings, recorder) = (self.settings.clone(), self.recorder.clone());
        let (interrupt, in_flight) = (interrupt.clone(), InFlight::default());
        // A loop records by itself.
        if let (Some(recorder), false) = (&recorder, self.has_a_loop()) {
            jobs.iter_mut().for_each(|job| job.track = Some(recorder.track(&job.url)));
        }
        let run = Arc::new(Run { settings, watch, interrupt, in_flight, recorder });
        let rows = match &self.ready {
            Ready::Here(Model::Sequential) => sequential::run(jobs, &run),
            Ready::Here(Model::ThreadPerTask) => thread_per_task::run(jobs, &run),
            Ready::Here(Model::Threads) => threads::run(jobs, &run)?,
            Ready::Here(Model::EventLoop) => event_loop::run(jobs, &run)?,
            #[cfg(feature = "processes")]
            Ready::Here(Model::Processes) => unreachable!("it was forked"),
            #[cfg(feature = "processes")]
            Ready::Forked(fetchers) => {
                let (rows, in_flight) = fetchers.run(jobs, &run)?;
                return Ok(DownloadReport { rows, in_flight });
            }
        };
        Ok(DownloadReport { rows, in_flight: run.in_flight.peak() })
    }

    fn has_a_loop(&self) -> bool {
        matches!(self.ready, Ready::Here(Model::EventLoop))
    }
}

/// Fetches every file as [`run`] does under `Model::EventLoop`, but on the loop that runs already, over any
/// connections and onto any disk. The limit on the time to connect is the connector's.
///
/// # Panics
/// When polled outside a running loop.
///
/// ```
/// use std::sync::Arc;
/// use glassloop::http::TcpConnect;
/// use glassloop::workloads::Interrupt;
/// use glassloop::workloads::download::{self, Job, Settings};
/// use glassloop::workloads::part_file::OsDisk;
///
/// let runtime = glassloop::Runtime::new()?;
/// let report = runtime.block_on(async {
///     let jobs = Job::plan(&["no URL at all"], "pictures".as_ref());
///     let settings = Settings::default();
///     let connect = TcpConnect { timeout: settings.connect_timeout };
///     let interrupt = Interrupt::default();
///     download::fetch_all(jobs, settings, Arc::new(()), &interrupt, connect, OsDisk).await
/// });
/// assert_eq!(report.failed(), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
pub async fn fetch_all<C, D>(
    jobs: Vec<Job>,
    settings: Settings,
    watch: Arc<dyn Watch>,
    interrupt: &Interrupt,
    connect: C,
    disk: D,
) -> DownloadReport
where
    C: Connect + 'static,
    D: Disk + Clone + 'static,
{
    let (interrupt, in_flight) = (interrupt.clone(), InFlight::default());
    let run = Arc::new(Run { settings, watch, interrupt, in_flight, recorder: None });
    let rows = event_loop::fetch_all(jobs, &run, connect, disk).await;
    DownloadReport { rows, in_flight: run.in_flight.peak() }
}

/// What all jobs of a run share.
struct Run {
    settings: Settings,
    watch: Arc<dyn Watch>,
    interrupt: Interrupt,
    in_flight: InFlight,
    recorder: Option<Recorder>,
}

impl Run {
    /// The row of a job whose turn never came.
    fn not_begun(&self, job: Job, error: DownloadError) -> Row {
        let row = Row { job, outcome: Err(error), attempts: 0, elapsed: Duration::ZERO };
        self.watch.finished(&row);
        row
    }
}

/// The attempts at one job, whoever makes them.
struct Attempts<'a> {
    run: &'a Run,
    made: u32,
    start: Instant,
    _under_way: InFlightGuard<'a>,
}

impl<'a> Attempts<'a> {
    fn begin(run: &'a Run) -> Self {
        let _under_way = run.in_flight.enter();
        Self { run, made: 0, start: Instant::now(), _under_way }
    }

    /// How long to pause before the next attempt, if there is to be one after this outcome: doubled
    /// each time, and at random between half and all of it, so that many clients that failed together
    /// do not come back together.
    fn pause_after(&mut self, outcome: &Result<u64, DownloadError>) -> Option<Duration> {
        const FIRST: Duration = Duration::from_millis(200);
        const LONGEST: Duration = Duration::from_secs(10);

        self.made += 1;
        let may_pass = outcome.as_ref().is_err_and(DownloadError::may_pass);
        if !may_pass || self.made > self.run.settings.retries || self.run.interrupt.is_set() {
            return None;
        }
        let pause = FIRST.saturating_mul(1 << (self.made - 1).min(16)).min(LONGEST);
        Some(pause.mul_f64(0.5 + 0.5 * fastrand::f64()))
    }

    fn end(self, job: Job, outcome: Result<u64, DownloadError>) -> Row {
        // An interrupt shows as a broken attempt of some kind: name the cause.
        let interrupted = outcome.is_err() && self.run.interrupt.is_set();
        let outcome = if interrupted { Err(DownloadError::Interrupted) } else { outcome };
        let row = Row { job, outcome, attempts: self.made, elapsed: self.start.elapsed() };
        self.run.watch.finished(&row);
        row
    }
}
