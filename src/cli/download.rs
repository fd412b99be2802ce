//! `glassloop download`: fetches files.

use std::fs;
use std::io::{self, BufRead};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use glassloop::http::Trust;
use glassloop::runtime::{BackendKind, Builder};
use glassloop::trace::Recorder;
use glassloop::workloads::Model;
use glassloop::workloads::download::{self, Job, Settings};

use super::progress::{Progress, Style};
use super::traces::TraceFile;
use super::{End, album, complain, signals, tell, values};

#[derive(Args)]
pub(super) struct Options {
    /// What to fetch
    #[arg(value_name = "URL", required_unless_present_any = ["input", "album"])]
    urls: Vec<String>,
    /// Read more URLs from a file, one a line; - reads standard input
    #[arg(short, long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Fetch everything that this page links to: HTML, a JSON list, or a plain list
    #[arg(long, value_name = "URL")]
    album: Option<String>,
    /// The folder to put the files in; made if it is missing
    #[arg(short, long, default_value = ".", value_name = "DIR")]
    output: PathBuf,
    /// Who waits for the network
    #[arg(long, default_value = "event-loop", value_parser = values::model())]
    model: Model,
    /// Who speaks with the kernel for the event loop
    #[arg(long, default_value = "mio", value_parser = values::backend())]
    backend: BackendKind,
    /// The most files under way at once
    #[arg(short = 'n', long, default_value = "32", value_name = "N")]
    concurrency: NonZeroUsize,
    /// How often to try a file again when that may help
    #[arg(long, default_value_t = 2, value_name = "N")]
    retries: u32,
    /// How long a connection may take to come about, its TLS handshake included
    #[arg(long, default_value = "10s", value_parser = values::limit, value_name = "DURATION")]
    connect_timeout: Duration,
    /// How long one attempt at a file may take [default: no limit]
    #[arg(long, value_parser = values::limit, value_name = "DURATION")]
    timeout: Option<Duration>,
    /// Trust what the certificates in this file (PEM) have signed, besides what the system trusts; needed for
    /// servers with a certificate of their own making
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,
    /// Replace files that are there already
    #[arg(long)]
    force: bool,
    /// Tell only of what failed
    #[arg(short, long)]
    quiet: bool,
    /// Print a JSON document a line: one for each file, then a summary
    #[arg(long, conflicts_with = "quiet")]
    json: bool,
    /// Record what happens, for `glassloop timeline`
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
}

pub(super) fn run(options: Options) -> anyhow::Result<End> {
    let trust = match &options.cacert {
        Some(file) => Trust::with_file(file)?,
        None => Trust::default(),
    };
    let settings = Settings {
        concurrency: options.concurrency,
        retries: options.retries,
        connect_timeout: options.connect_timeout,
        timeout: options.timeout,
        replace: options.force,
        runtime: Builder::new().backend(options.backend).watch(true),
        trust: trust.clone(),
    };
    // First of all: processes are forked, which is safe only before there are threads.
    let mut fetcher =
        download::prepare(options.model, settings).context("cannot start the download")?;
    let trace = TraceFile::create(options.trace.as_deref())?;
    signals::snapshots()?;
    let begun = Arc::new(OnceLock::<Arc<Progress>>::new());
    let last_words = Arc::clone(&begun);
    let interrupt = signals::interrupt(move || match last_words.get() {
        Some(progress) => progress.summarize(None, true),
        None => tell("interrupted: nothing was fetched yet"),
    })?;
    let mut urls = options.urls;
    if let Some(file) = &options.input {
        urls.extend(read_urls(file)?);
    }
    if let Some(page) = &options.album {
        match album::links(page, trust, options.connect_timeout, options.timeout) {
            Ok(links) => urls.extend(links),
            Err(error) => {
                complain(&error.context(format!("cannot read the album {page}")));
                return Ok(End::SomeFailed);
            }
        }
    }
    // Only now: a list that cannot be read leaves no empty folder.
    prepare_folder(&options.output)?;
    let jobs = Job::plan(&urls, &options.output);
    let style = match (options.quiet, options.json) {
        (true, _) => Style::Quiet,
        (_, true) => Style::Json,
        _ => Style::Text,
    };
    let progress = Progress::new(style, options.model, jobs.len());
    let progress = Arc::new(progress.context("cannot start a thread")?);
    let _ = begun.set(Arc::clone(&progress)); // it was not set before
    let recorder = trace.is_some().then(Recorder::new);
    if let Some(recorder) = &recorder {
        fetcher = fetcher.record(recorder);
    }
    let report =
        fetcher.run(jobs, progress.clone(), &interrupt).context("cannot start an event loop")?;
    drop(fetcher);
    if let (Some(trace), Some(recorder)) = (trace, recorder) {
        trace.write(&[recorder.finish(format!("download, {}", options.model))])?;
    }
    progress.flush();
    let interrupted = interrupt.is_set();
    progress.summarize(Some(report.in_flight), interrupted);
    Ok(match report.failed() {
        _ if interrupted => End::Interrupted,
        0 => End::Done,
        _ => End::SomeFailed,
    })
}

/// Makes the folder if need be, and makes sure that files can be put there before any is fetched.
fn prepare_folder(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder)
        .and_then(|()| tempfile::tempfile_in(folder))
        .map(drop)
        .with_context(|| format!("cannot write to the folder {}", folder.display()))
}

/// One URL a line; empty lines and those that begin with `#` are passed over.
fn read_urls(file: &Path) -> anyhow::Result<Vec<String>> {
    let lines: io::Result<Vec<String>> = if file == Path::new("-") {
        io::stdin().lock().lines().collect()
    } else {
        fs::File::open(file).and_then(|file| io::BufReader::new(file).lines().collect())
    };
    let lines = lines.with_context(|| format!("cannot read URLs from {}", file.display()))?;
    Ok(album::plain_list(lines.iter().map(String::as_str)))
}
