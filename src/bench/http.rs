//! What a client pays for a download. The bodies are counted and dropped: to write them into files would cost
//! everybody the same, and more than all the rest. A round is what a program does that has so many files to
//! fetch: a new client, which keeps its connections, and with them its buffers, until the last file is there.
//!
//! Processor time is measured with client and server on one processor, as in `net.rs`, and in a process of its own: what
//! a heap has been through decides whether a large buffer costs its pages again. Time by the clock is measured on all
//! processors.

use std::fs;
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use nix::sys::resource::{UsageWho, getrusage};
use tempfile::TempDir;

use super::measure::{each, on_one_cpu, thread_cpu, wall};
use super::peer::{OURS, Ours, Peer, TokioLocal};
use super::served::Served;
use super::{Contender, Row, Run, Target, Unit, child};
use crate::http::{Session, TcpConnect};
use crate::workloads::download::{self, Job, Settings};
use crate::workloads::{Interrupt, Model};

const HYPER: &str = "hyper-util on tokio";
const REQWEST: &str = "reqwest on tokio";
const CURL: &str = "curl";

/// Downloads under way at once.
const IN_FLIGHT: u64 = 32;

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "download 1 KiB, client CPU",
        group: "http",
        unit: Unit::Nanoseconds,
        round: 10_000,
        target: Target::Ratio(0.75),
        alone: true,
        ours: Contender { name: OURS, prepare: || ours("1 KiB", Figure::Cpu) },
        peers: &[Contender { name: HYPER, prepare: || hyper("1 KiB", Figure::Cpu) }],
        others: &[Contender { name: CURL, prepare: || curl("1 KiB", Figure::Cpu) }],
    },
    Row {
        name: "download 1 KiB, beside reqwest",
        group: "http",
        unit: Unit::Nanoseconds,
        round: 10_000,
        target: Target::Ratio(0.50),
        alone: true,
        ours: Contender { name: OURS, prepare: || ours("1 KiB", Figure::Cpu) },
        peers: &[Contender { name: REQWEST, prepare: || reqwest("1 KiB", Figure::Cpu) }],
        others: &[],
    },
    Row {
        name: "download 1 MiB, client CPU",
        group: "http",
        unit: Unit::Nanoseconds,
        round: 200,
        target: Target::Ratio(0.6),
        alone: true,
        ours: Contender { name: OURS, prepare: || ours("1 MiB", Figure::Cpu) },
        peers: &[
            Contender { name: HYPER, prepare: || hyper("1 MiB", Figure::Cpu) },
            Contender { name: CURL, prepare: || curl("1 MiB", Figure::Cpu) },
        ],
        others: &[Contender { name: REQWEST, prepare: || reqwest("1 MiB", Figure::Cpu) }],
    },
    Row {
        name: "download 1 MiB, time",
        group: "http",
        unit: Unit::Nanoseconds,
        round: 200,
        target: Target::Ratio(0.5),
        alone: false,
        ours: Contender { name: OURS, prepare: || ours("1 MiB", Figure::Time) },
        peers: &[
            Contender { name: HYPER, prepare: || hyper("1 MiB", Figure::Time) },
            Contender { name: CURL, prepare: || curl("1 MiB", Figure::Time) },
        ],
        others: &[Contender { name: REQWEST, prepare: || reqwest("1 MiB", Figure::Time) }],
    },
    Row {
        name: "80 downloads at 50 ms, whole process",
        group: "http",
        unit: Unit::Nanoseconds,
        round: 5,
        target: Target::Ours(60e6),
        alone: false,
        ours: Contender { name: OURS, prepare: || processes(OURS) },
        peers: &[Contender { name: HYPER, prepare: || processes(HYPER) }],
        others: &[],
    },
];

// ─── Many downloads over kept connections ───────────────────────────────────────────────────────────

#[derive(Clone, Copy, PartialEq, Eq)]
enum Figure {
    Cpu,
    Time,
}

impl Figure {
    fn serve(self, size: &str) -> Result<Served> {
        match self {
            Self::Cpu => on_one_cpu(|| Served::start(size))?,
            Self::Time => Served::start(size),
        }
    }

    /// What one of `n` downloads cost this thread.
    fn of(self, n: u64, download: impl FnOnce() -> Result<()>) -> Result<f64> {
        let mut done = Ok(());
        let download = || done = download();
        let figure = match self {
            Self::Cpu => on_one_cpu(|| thread_cpu(n, download))?,
            Self::Time => wall(n, download),
        };
        done.and(figure)
    }
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}/file-0001.bin")
}

/// How many of `n` downloads fall to each of those under way at once.
fn shares(n: u64) -> impl Iterator<Item = u64> {
    (0..IN_FLIGHT).map(move |at| (n + at) / IN_FLIGHT)
}

fn ours(size: &'static str, figure: Figure) -> Result<Run> {
    let server = figure.serve(size)?;
    let url: Rc<str> = url(server.address()).into();
    let runtime = Ours::new()?;
    Ok(Box::new(move |n| {
        let (url, _) = (&url, &server);
        let session = &Session::new(TcpConnect { timeout: Duration::from_secs(10) });
        let download = |files| {
            let (session, url) = (session.clone(), Rc::clone(url));
            crate::spawn(async move {
                for _ in 0..files {
                    let mut response = session.get(&url).await?;
                    let mut length = 0;
                    while let Some(chunk) = response.chunk().await? {
                        length += chunk.len() as u64;
                    }
                    ensure!(response.content_length() == Some(length), "{length} bytes");
                }
                Ok(())
            })
        };
        figure.of(n, || {
            runtime.block_on(async {
                let tasks: Vec<_> = shares(n).map(download).collect();
                for task in tasks {
                    task.await??;
                }
                Ok(())
            })
        })
    }))
}

/// On tokio, `fetch` downloads one file.
fn on_tokio<C, Fetching>(
    size: &str,
    figure: Figure,
    new_client: fn() -> Result<C>,
    fetch: fn(C, Rc<str>) -> Fetching,
) -> Result<Run>
where
    C: Clone + 'static,
    Fetching: Future<Output = Result<()>> + 'static,
{
    let server = figure.serve(size)?;
    let url: Rc<str> = url(server.address()).into();
    let runtime = TokioLocal::new()?;
    Ok(Box::new(move |n| {
        let (client, url, _) = (&new_client()?, &url, &server);
        let download = |files| {
            let (client, url) = (client.clone(), Rc::clone(url));
            tokio::task::spawn_local(async move {
                for _ in 0..files {
                    fetch(client.clone(), Rc::clone(&url)).await?;
                }
                anyhow::Ok(())
            })
        };
        figure.of(n, || {
            runtime.block_on(async {
                let tasks: Vec<_> = shares(n).map(download).collect();
                for task in tasks {
                    task.await??;
                }
                Ok(())
            })
        })
    }))
}

type HyperClient = Client<HttpConnector, Empty<&'static [u8]>>;

fn hyper_client() -> Result<HyperClient> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Ok(Client::builder(TokioExecutor::new()).build(connector))
}

fn hyper(size: &'static str, figure: Figure) -> Result<Run> {
    on_tokio(size, figure, hyper_client, with_hyper)
}

async fn with_hyper(client: HyperClient, url: Rc<str>) -> Result<()> {
    let mut response = client.get(url.parse()?).await?;
    let mut length = 0;
    while let Some(frame) = response.frame().await {
        length += frame?.data_ref().map_or(0, |data| data.len() as u64);
    }
    let announced = response.headers().get("content-length").context("no length")?;
    ensure!(announced.to_str()?.parse() == Ok(length), "{length} bytes");
    Ok(())
}

fn reqwest(size: &'static str, figure: Figure) -> Result<Run> {
    let client = || Ok(reqwest::Client::builder().no_proxy().build()?);
    on_tokio(size, figure, client, with_reqwest)
}

async fn with_reqwest(client: reqwest::Client, url: Rc<str>) -> Result<()> {
    let mut response = client.get(&*url).send().await?;
    let announced = response.content_length();
    let mut length = 0;
    while let Some(chunk) = response.chunk().await? {
        length += chunk.len() as u64;
    }
    ensure!(announced == Some(length), "{length} bytes");
    Ok(())
}

/// A process for each round, which is what `curl` is: some milliseconds of it are its start.
fn curl(size: &'static str, figure: Figure) -> Result<Run> {
    let server = figure.serve(size)?;
    Ok(Box::new(move |n| {
        let mut command = Command::new("curl");
        command.args([
            "--silent",
            "--no-progress-meter",
            "--fail",
            "--noproxy",
            "*",
            "--parallel",
            "--parallel-max",
        ]);
        command.args([&IN_FLIGHT.to_string(), "--output", "/dev/null"]);
        command.arg(format!("http://{}/[1-{n}]", server.address()));
        let run = || -> Result<()> {
            let status = command.stdin(Stdio::null()).status().context("cannot start curl")?;
            ensure!(status.success(), "curl failed: {status}");
            Ok(())
        };
        match figure {
            Figure::Cpu => {
                let before = children_cpu()?;
                on_one_cpu(run)??;
                Ok(each(n, children_cpu()? - before))
            }
            Figure::Time => figure.of(n, run),
        }
    }))
}

/// Of those that have ended.
fn children_cpu() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let time = usage.user_time() + usage.system_time();
    Ok(Duration::from_micros(u64::try_from(time.tv_sec() * 1_000_000 + time.tv_usec())?))
}

// ─── A whole process ────────────────────────────────────────────────────────────────────────────────

/// The name of a process that downloads an album into a folder, among the programs of `child.rs`.
pub(super) const PROGRAM: &str = "download";

const FILES: usize = 80;

/// From the start of a process that downloads 80 files, each 50 ms away, to its end.
fn processes(client: &'static str) -> Result<Run> {
    let server = Served::start(&format!("album {FILES}"))?;
    Ok(Box::new(move |n| {
        let mut took = Duration::ZERO;
        for _ in 0..n {
            let folder = memory_folder()?;
            let to = folder.path().to_str().context("the folder's name is not UTF-8")?;
            let mut command =
                child::command(PROGRAM, &[client, &server.address().to_string(), to])?;
            let start = std::time::Instant::now();
            let status = command.status()?;
            took += start.elapsed();
            ensure!(status.success(), "{client} failed: {status}");
            ensure!(fs::read_dir(folder.path())?.count() == FILES, "files are missing");
        }
        Ok(each(n, took))
    }))
}

/// A new folder in memory, if the system has such a thing. On a disk it would be ext4 that is measured: it takes 30 ms
/// more to make 80 files when as many have been deleted within the last five seconds.
fn memory_folder() -> Result<TempDir> {
    Ok(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())?)
}

/// In that process.
pub(super) fn here(arguments: &[&str]) -> Result<()> {
    let [client, address, folder] = arguments else { bail!("three arguments: {arguments:?}") };
    let url = |file| format!("http://{address}/file-{file:04}.bin");
    let urls: Vec<_> = (1..=FILES).map(url).collect();
    match *client {
        OURS => {
            let jobs = Job::plan(&urls, folder.as_ref());
            let settings = Settings {
                concurrency: FILES.try_into().context("no files at all")?,
                ..Settings::default()
            };
            let interrupt = Interrupt::default();
            let report = download::run(Model::EventLoop, jobs, settings, Arc::new(()), &interrupt)?;
            ensure!(report.failed() == 0, "{} failed", report.failed());
            Ok(())
        }
        HYPER => TokioLocal::new()?.block_on(async {
            let client = hyper_client()?;
            let fetch = |url: String| {
                let (client, folder) = (client.clone(), folder.to_string());
                tokio::task::spawn_local(async move {
                    let mut response = client.get(url.parse()?).await?;
                    let name = url.rsplit('/').next().context("no name")?;
                    let mut file = fs::File::create_new(Path::new(&folder).join(name))?;
                    while let Some(frame) = response.frame().await {
                        if let Some(data) = frame?.data_ref() {
                            std::io::Write::write_all(&mut file, data)?;
                        }
                    }
                    anyhow::Ok(())
                })
            };
            let tasks: Vec<_> = urls.into_iter().map(fetch).collect();
            for task in tasks {
                task.await??;
            }
            Ok(())
        }),
        _ => bail!("no client is called {client:?}"),
    }
}
