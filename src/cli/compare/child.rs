//! The processes behind a comparison: the server, and one for each measurement, so that no model pays
//! for another's memory or threads.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use glassloop::server::Album;
use glassloop::workloads::sum::NumberRange;
use glassloop::workloads::{Interrupt, Model};
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike;

use super::measure::Measured;

/// How often to look whether a measurement is over. It is not what is measured.
const LOOK: Duration = Duration::from_millis(5);
/// How long a measurement may take to end when it was interrupted.
const GRACE: Duration = Duration::from_millis(400);

/// A Ctrl-C may reach a measurement or the server before it reaches this process: how long to wait for it
/// when something has failed.
pub(super) const LATE_NEWS: Duration = Duration::from_millis(200);

/// This program again, by exec: a fork would share memory, and nobody could say whose it is.
fn glassloop() -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("cannot find this program")?);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    Ok(command)
}

/// The album server, in a process of its own until it is dropped.
pub(super) struct AlbumServer {
    process: Child,
    address: SocketAddr,
}

impl AlbumServer {
    pub(super) fn start(files: u32, size: u64, latency: Duration) -> anyhow::Result<Self> {
        let mut process = glassloop()?
            .args(["serve", "--until-stdin-ends", "--addr", "127.0.0.1:0"])
            .args(["--files", &files.to_string(), "--size", &size.to_string()])
            .args(["--latency", &humantime::format_duration(latency).to_string()])
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start the server")?;
        let mut line = String::new();
        if let Some(stdout) = &mut process.stdout {
            BufReader::new(stdout).read_line(&mut line).context("cannot read from the server")?;
        }
        let address = line.trim().strip_prefix("http://").and_then(|rest| rest.strip_suffix('/'));
        match address.and_then(|address| address.parse().ok()) {
            Some(address) => Ok(Self { process, address }),
            None => {
                process.kill().and_then(|()| process.wait()).context("cannot end the server")?;
                bail!("the server did not start");
            }
        }
    }

    pub(super) fn urls(&self, album: &Album) -> anyhow::Result<String> {
        let names = album.list("/")?;
        let url = |name: &String| format!("http://{}/{name}\n", self.address);
        Ok(names.iter().map(url).collect())
    }
}

impl Drop for AlbumServer {
    fn drop(&mut self) {
        // It ends by itself when its standard input does; this is sooner.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the kernel says a measurement took.
pub(super) struct Cost {
    /// Of all threads and all descendants, from their start to their end.
    pub(super) cpu_s: f64,
}

pub(super) fn measure_download(
    model: Model,
    concurrency: usize,
    urls: &str,
    folder: &Path,
    trace: Option<&Path>,
    interrupt: &Interrupt,
) -> anyhow::Result<(Measured, Cost)> {
    let mut command = glassloop()?;
    command.args(["measure", "download", "--model", model.name()]);
    command.args(["--concurrency", &concurrency.to_string(), "--output"]).arg(folder);
    measure(command, urls, trace, interrupt)
}

pub(super) fn measure_sum(
    model: Model,
    range: NumberRange,
    chunks: usize,
    trace: Option<&Path>,
    interrupt: &Interrupt,
) -> anyhow::Result<(Measured, Cost)> {
    let mut command = glassloop()?;
    command.args(["measure", "sum", "--model", model.name()]);
    command.args(["--range", &range.to_string(), "--chunks", &chunks.to_string()]);
    measure(command, "", trace, interrupt)
}

/// Runs one measurement to its end; one that was interrupted is none. Its CPU time is what the children
/// of this process have used, after less before: only this one ends in between.
fn measure(
    mut command: Command,
    input: &str,
    trace: Option<&Path>,
    interrupt: &Interrupt,
) -> anyhow::Result<(Measured, Cost)> {
    if let Some(file) = trace {
        command.arg("--trace").arg(file);
    }
    let before = children_cpu()?;
    let mut process = command.spawn().context("cannot start a measurement")?;
    let mut stdin = process.stdin.take().context("a measurement has no standard input")?;
    // One that has ended already does not read: its own report says why.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let status = wait(&mut process, interrupt)?;
    let cpu_s = children_cpu()? - before;
    let mut report = String::new();
    if let Some(stdout) = &mut process.stdout {
        stdout.read_to_string(&mut report).context("cannot read a measurement")?;
    }
    let measured = serde_json::from_str::<Measured>(&report);
    if !measured.as_ref().is_ok_and(|measured| measured.failed == 0) {
        interrupt.pause(LATE_NEWS);
    }
    ensure!(!interrupt.is_set(), "the measurement was interrupted");
    let measured =
        measured.with_context(|| format!("a measurement ended without a report: {status}"))?;
    Ok((measured, Cost { cpu_s }))
}

/// A report is smaller than a pipe, so a measurement can end before it is read.
fn wait(process: &mut Child, interrupt: &Interrupt) -> anyhow::Result<std::process::ExitStatus> {
    let mut kill_at = None;
    loop {
        if let Some(status) = process.try_wait().context("cannot wait for a measurement")? {
            return Ok(status);
        }
        if interrupt.is_set() {
            // A Ctrl-C has reached it too; a signal sent to this process alone has not.
            let kill_at = *kill_at.get_or_insert_with(|| Instant::now() + GRACE);
            if Instant::now() >= kill_at {
                process.kill().context("cannot end a measurement")?;
            }
            std::thread::sleep(LOOK);
        } else {
            interrupt.pause(LOOK);
        }
    }
}

/// CPU seconds of all children that have ended, and of theirs.
fn children_cpu() -> anyhow::Result<f64> {
    let usage: Usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("cannot read CPU times")?;
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Ok(micros as f64 / 1e6)
}
