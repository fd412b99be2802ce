//! The program itself, as a process of its own.

use std::ffi::OsStr;
use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::mem;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use super::wait_for;

/// The program with these arguments, in an environment that says nothing about colours.
pub(crate) fn glassloop(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glassloop"));
    command.args(args);
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
}

/// Runs the program to its end, with nothing on its standard input.
pub(crate) fn run(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Run {
    Running::start(&mut glassloop(args)).end()
}

/// What came of a process.
pub(crate) struct Run {
    line: String,
    status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Run {
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.status.code(), Some(code), "{self}");
        self
    }

    /// Standard error is one line, and says this.
    #[track_caller]
    pub(crate) fn says_in_one_line(&self, words: &str) -> &Self {
        assert_eq!(self.stderr.lines().count(), 1, "{self}");
        self.says(words)
    }

    #[track_caller]
    pub(crate) fn says(&self, words: &str) -> &Self {
        assert!(self.stderr.contains(words), "{words:?} is missing: {self}");
        self
    }

    #[track_caller]
    pub(crate) fn prints_nothing(&self) -> &Self {
        assert_eq!(self.stdout, "", "{self}");
        self
    }

    #[track_caller]
    pub(crate) fn ends_within(&self, limit: Duration) -> &Self {
        assert!(self.took < limit, "it took {:?}: {self}", self.took);
        self
    }

    /// Standard output as one document.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// Standard output as one document a line.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<serde_json::Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {self}"));
        self.stdout.lines().map(parse).collect()
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, status, stdout, stderr, .. } = self;
        write!(f, "{line}: {status}\n--- stdout\n{stdout}\n--- stderr\n{stderr}---")
    }
}

/// A process that runs, with its output collected. It is killed if a test fails in the meantime.
pub(crate) struct Running {
    line: String,
    child: Child,
    stdin: Option<ChildStdin>,
    output: Option<[Output; 2]>,
    started: Instant,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        Self::with_input(command.stdin(Stdio::null()))
    }

    /// As `start`, with the standard input as the command has it.
    pub(crate) fn with_input(command: &mut Command) -> Self {
        let started = Instant::now();
        let line = format!("{command:?}");
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect(&line);
        let stdout = Output::collect(child.stdout.take().unwrap());
        let stderr = Output::collect(child.stderr.take().unwrap());
        Self { line, stdin: child.stdin.take(), child, output: Some([stdout, stderr]), started }
    }

    /// Writes to standard input and closes it.
    pub(crate) fn feed(&mut self, input: &str) {
        self.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    }

    /// Sends Ctrl-C to the process alone; `took` counts from here.
    pub(crate) fn interrupt(&mut self) {
        self.wait_until_it_listens_for(Signal::SIGINT);
        self.started = Instant::now();
        kill(Pid::from_raw(self.pid()), Signal::SIGINT).unwrap();
    }

    /// Sends Ctrl-C to its group, as a terminal does; `took` counts from here.
    pub(crate) fn interrupt_group(&mut self) {
        self.wait_until_it_listens_for(Signal::SIGINT);
        self.started = Instant::now();
        killpg(Pid::from_raw(self.pid()), Signal::SIGINT).unwrap();
    }

    /// On a busy machine a process may take long to come to life, and before it listens for a signal that
    /// simply ends it. What it catches is a mask in its status.
    fn wait_until_it_listens_for(&self, signal: Signal) {
        if cfg!(target_os = "linux") {
            let status = format!("/proc/{}/status", self.pid());
            wait_for("a handler of the signal", || {
                let status = std::fs::read_to_string(&status).ok()?;
                let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"))?;
                let caught = u64::from_str_radix(caught.trim(), 16).ok()?;
                (caught & 1 << (signal as i32 - 1) != 0).then_some(())
            });
            // signal-hook sets its handler first, and then notes what the handler has to do: what comes in between is lost.
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Sends a signal, once the process listens for it.
    pub(crate) fn signal(&self, signal: Signal) {
        self.wait_until_it_listens_for(signal);
        kill(Pid::from_raw(self.pid()), signal).unwrap();
    }

    /// Waits until standard error has these words.
    pub(crate) fn wait_until_it_says(&self, words: &str) {
        let [_, stderr] = self.output.as_ref().unwrap();
        wait_for(words, || stderr.so_far().contains(words).then_some(()));
    }

    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    pub(crate) fn end(mut self) -> Run {
        let line = self.line.clone();
        let status = wait_for(&line, || self.child.try_wait().unwrap());
        let took = self.started.elapsed();
        let [stdout, stderr] = self.output.take().unwrap().map(Output::end);
        Run { line, status, stdout, stderr, took }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Neither does anything to a process that has been waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a program has written so far.
struct Output {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Output {
    fn collect(mut pipe: impl Read + Send + 'static) -> Self {
        let bytes: Arc<Mutex<Vec<u8>>> = Arc::default();
        let heard = Arc::clone(&bytes);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 1 << 16];
            loop {
                match pipe.read(&mut buffer).unwrap() {
                    0 => break,
                    count => heard.lock().unwrap().extend_from_slice(&buffer[..count]),
                }
            }
        });
        Self { bytes, reader }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    fn end(self) -> String {
        self.reader.join().unwrap();
        String::from_utf8(mem::take(&mut self.bytes.lock().unwrap())).expect("output is UTF-8")
    }
}

const SERVE: [&str; 4] = ["serve", "--addr", "127.0.0.1:0", "--until-stdin-ends"];

/// `glassloop serve` in a process of its own, which ends with the test even if that is killed.
pub(crate) struct AlbumServer {
    child: Child,
    url: String,
}

impl AlbumServer {
    pub(crate) fn start<'a>(args: impl IntoIterator<Item = &'a str>) -> Self {
        Self::start_as(&mut glassloop(SERVE), args)
    }

    /// As `start`, by a shell that lets it have only so many descriptors.
    pub(crate) fn with_descriptors<'a>(
        count: u64,
        args: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let script = format!("ulimit -n {count} && exec \"$0\" \"$@\"");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script, env!("CARGO_BIN_EXE_glassloop")]).args(SERVE);
        Self::start_as(&mut shell, args)
    }

    /// As `start`, by strace, which makes some of its system calls fail and keeps a log.
    pub(crate) fn under_strace<'a>(
        strace: &Path,
        injected: &str,
        log: &str,
        args: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut command = Command::new(strace);
        command.args(["-f", "-qq", "-o", log, "-e", "trace=accept4", "-e", injected]);
        Self::start_as(command.arg(env!("CARGO_BIN_EXE_glassloop")).args(SERVE), args)
    }

    fn start_as<'a>(command: &mut Command, args: impl IntoIterator<Item = &'a str>) -> Self {
        let mut child = command
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let url = url.trim_end().to_owned();
        assert!(url.starts_with("http://127.0.0.1:") && url.ends_with('/'), "{url:?}");
        Self { child, url }
    }

    /// The server's address and what follows the slash.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `127.0.0.1:` and the port.
    pub(crate) fn address(&self) -> &str {
        self.url.trim_start_matches("http://").trim_end_matches('/')
    }
}

impl Drop for AlbumServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
