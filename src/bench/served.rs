//! Servers to measure, each in a process of its own, so that its processor time is its own.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::{child, epoll, servers};

/// The name of such a process among the programs of `child.rs`.
pub(super) const PROGRAM: &str = "serve";

/// A server that runs until this is dropped.
pub(super) struct Served {
    process: Child,
    pid: Pid,
    address: SocketAddr,
    calls: Option<TempDir>,
}

impl Served {
    /// `what` is one of those in [`here`]. It stays on the processors of this thread.
    pub(super) fn start(what: &str) -> Result<Self> {
        Self::run(child::command(PROGRAM, &[what])?, None)
    }

    /// One whose system calls are counted.
    pub(super) fn start_counted(what: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let server = child::command(PROGRAM, &[what])?;
        let mut command = Command::new("strace");
        command
            .args(["-f", "-qq", "-o"])
            .arg(folder.path().join("calls"))
            .arg(server.get_program());
        command.envs(server.get_envs().filter_map(|(name, value)| Some((name, value?))));
        Self::run(command, Some(folder)).context("cannot count system calls without strace")
    }

    fn run(mut command: Command, calls: Option<TempDir>) -> Result<Self> {
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let stdout = process.stdout.take().context("no pipe to the server")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let Some((pid, address)) = line.trim_end().split_once(' ') else {
            let _ = process.kill();
            bail!("the server ended at once: {}", process.wait()?);
        };
        let (pid, address) = (Pid::from_raw(pid.parse()?), address.parse()?);
        Ok(Self { process, pid, address, calls })
    }

    /// A method, so that a closure that asks keeps the server, and not only its address.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it has taken of a processor so far. It has one thread.
    pub(super) fn cpu(&self) -> Result<Duration> {
        let clock = clock_getcpuclockid(self.pid).context("the server is gone")?;
        Ok(clock_gettime(clock)?.into())
    }

    /// How many system calls it has made so far.
    pub(super) fn calls(&self) -> Result<usize> {
        let folder = self.calls.as_ref().context("they are not counted")?;
        let log = fs::read_to_string(folder.path().join("calls"))?;
        // A call that was interrupted by another thread's is told of in two lines; there is one thread.
        Ok(log.lines().filter(|line| line.contains('(')).count())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Either may be gone already. What strace runs dies with it, as `here` has asked for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// As many connections as the system allows, in this process and in those that it starts.
pub(super) fn allow_many_connections() -> Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most).context("cannot open many connections")
}

/// In the server's process: serves for ever.
pub(super) fn here(arguments: &[&str]) -> Result<()> {
    let [what] = arguments else { bail!("one argument, not {arguments:?}") };
    set_pdeathsig(Signal::SIGKILL)?;
    allow_many_connections()?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    // For a thousand clients that connect at once.
    socket2::SockRef::from(&listener).listen(4096)?;
    listener.set_nonblocking(true)?;
    println!("{} {}", Pid::this(), listener.local_addr()?);
    match *what {
        "echo epoll" => epoll::echo(&listener),
        "accept epoll" => epoll::accept(&listener),
        "1 KiB" => epoll::answer(&listener, 1 << 10),
        "1 MiB" => epoll::answer(&listener, 1 << 20),
        _ => servers::run(what, listener),
    }
}
