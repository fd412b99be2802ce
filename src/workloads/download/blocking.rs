//! What the models with blocking sockets share: fetching one file, on a thread that waits for it.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::attempt::Arriving;
use super::{Attempts, DownloadError, Job, Row, Run};
#[cfg(feature = "tls")]
use crate::http::blocking::TlsConnect;
use crate::http::blocking::{self, Connect, is_quiet};
use crate::http::{Origin, refuse_https};
use crate::trace::{Direction, Wait, wait_for};
use crate::workloads::Interrupt;
use crate::workloads::part_file::OsDisk;

/// How long a read or write blocks before it looks at the time and for an interrupt.
const GLANCE: Duration = Duration::from_millis(100);

/// Fetches files one after another and keeps the connections in between.
pub(super) struct Session {
    session: blocking::Session<Dial>,
    deadline: Rc<Cell<Option<Instant>>>,
}

impl Session {
    pub(super) fn new(run: &Run) -> Self {
        let deadline = Rc::default();
        let patience =
            Patience { deadline: Rc::clone(&deadline), interrupt: run.interrupt.clone() };
        let connect = Tcp { patience: patience.clone() };
        #[cfg(feature = "tls")]
        let connect = TlsConnect { connect, trust: run.settings.trust.clone() };
        let dial = Dial { connect, timeout: run.settings.connect_timeout, patience };
        Self { session: blocking::Session::new(dial), deadline }
    }

    /// Fetches a file, in as many attempts as it takes and the settings allow.
    pub(super) fn fetch(&self, job: Job, run: &Run) -> Row {
        match job.track.clone() {
            Some(track) => track.run(|| self.fetch_now(job, run)),
            None => self.fetch_now(job, run),
        }
    }

    fn fetch_now(&self, job: Job, run: &Run) -> Row {
        let mut attempts = Attempts::begin(run);
        loop {
            let outcome = self.attempt_in_time(&job, run);
            match attempts.pause_after(&outcome) {
                Some(pause) => wait_for("the next attempt", || run.interrupt.pause(pause)),
                None => return attempts.end(job, outcome),
            }
        }
    }

    fn attempt_in_time(&self, job: &Job, run: &Run) -> Result<u64, DownloadError> {
        let Some(limit) = run.settings.timeout else { return self.attempt(job, run) };
        let deadline = Instant::now().checked_add(limit); // too far away to come is none
        self.deadline.set(deadline);
        let outcome = self.attempt(job, run);
        let too_late =
            outcome.is_err() && deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if too_late { Err(DownloadError::TimedOut(limit)) } else { outcome }
    }

    fn attempt(&self, job: &Job, run: &Run) -> Result<u64, DownloadError> {
        let mut response = self.session.get(&job.url)?;
        let length = response.content_length();
        let mut file = Arriving::begin(OsDisk, job, response.status, length, run)?;
        while let Some(chunk) = response.chunk()? {
            file.receive(chunk)?;
        }
        file.finish()
    }
}

#[cfg(feature = "tls")]
type Over = TlsConnect<Tcp>;
#[cfg(not(feature = "tls"))]
type Over = Tcp;

/// Opens connections within a time limit.
struct Dial {
    connect: Over,
    timeout: Duration,
    patience: Patience,
}

impl Connect for Dial {
    type Stream = <Over as Connect>::Stream;

    fn connect(&self, origin: &Origin) -> io::Result<Self::Stream> {
        self.patience.within(self.timeout, || self.connect.connect(origin))
    }

    fn is_quiet(&self, stream: &mut Self::Stream) -> bool {
        self.connect.is_quiet(stream)
    }
}

/// Opens TCP connections, and is as patient as they are.
struct Tcp {
    patience: Patience,
}

impl Connect for Tcp {
    type Stream = Patient;

    fn connect(&self, origin: &Origin) -> io::Result<Patient> {
        refuse_https(origin)?;
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        let name = (origin.host(), origin.port());
        for address in wait_for("an address", || name.to_socket_addrs())? {
            self.patience.check()?;
            // All addresses of a name share the time.
            let connect = || TcpStream::connect_timeout(&address, self.patience.left());
            match wait_for("a connection", connect) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(GLANCE))?;
                    stream.set_write_timeout(Some(GLANCE))?;
                    return Ok(Patient { stream, patience: self.patience.clone() });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn is_quiet(&self, patient: &mut Patient) -> bool {
        is_quiet(&patient.stream)
    }
}

/// When to stop waiting.
#[derive(Clone)]
struct Patience {
    deadline: Rc<Cell<Option<Instant>>>,
    interrupt: Interrupt,
}

impl Patience {
    fn check(&self) -> io::Result<()> {
        if self.interrupt.is_set() {
            // Not `ErrorKind::Interrupted`: that asks for the call to be made again.
            return Err(io::Error::other("interrupted"));
        }
        match self.deadline.get() {
            Some(deadline) if Instant::now() >= deadline => Err(io::ErrorKind::TimedOut.into()),
            _ => Ok(()),
        }
    }

    /// The time before the deadline: never none, which is no limit that could be set.
    fn left(&self) -> Duration {
        let left = |deadline: Instant| deadline.saturating_duration_since(Instant::now());
        self.deadline.get().map_or(Duration::MAX, left).max(Duration::from_nanos(1))
    }

    /// Makes a call whose waiting ends `limit` from now at the latest.
    fn within<R>(&self, limit: Duration, call: impl FnOnce() -> R) -> R {
        let outer = self.deadline.get();
        let inner = Instant::now().checked_add(limit); // too far away to come is none
        self.deadline.set([outer, inner].into_iter().flatten().min());
        let result = call();
        self.deadline.set(outer);
        result
    }

    /// Makes a call again as long as it only ran out of its `GLANCE`.
    fn wait<R>(&self, on: Wait, mut call: impl FnMut() -> io::Result<R>) -> io::Result<R> {
        wait_for(on, || {
            loop {
                self.check()?;
                match call() {
                    Err(error) if is_glance(&error) => {}
                    result => return result,
                }
            }
        })
    }
}

fn is_glance(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// A blocking connection that gives up when it should.
struct Patient {
    stream: TcpStream,
    patience: Patience,
}

impl Patient {
    fn to_be(&self, direction: Direction) -> Wait {
        Wait::Io { fd: self.stream.as_raw_fd(), direction }
    }
}

impl Read for Patient {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.patience.wait(self.to_be(Direction::Read), || self.stream.read(buffer))
    }
}

impl Write for Patient {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.patience.wait(self.to_be(Direction::Write), || self.stream.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
