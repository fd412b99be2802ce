//! The nursery: a process with one thread, forked when the pool was made, that forks workers ever after.
//! It has the job, the initializer and what they captured, and shares them with its workers.

use std::io::Read;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{self, Pid, getpid, getppid};
use signal_hook::low_level::{pipe, unregister};

use super::control::{Record, Report, Request};
use super::error::Ending;
use super::link::{close_controls, reap};
use super::sys::{self, Alone};

/// Leaving before anything was done: nobody is left to be told why.
const GAVE_UP: i32 = 1;

/// What a worker does with its end of the pipe and the outbox of this number; it exits with the status that comes back.
pub(super) type Work<'a> = dyn Fn(UnixStream, u32) -> i32 + 'a;

/// Runs in the child, until the pool closes its end of `control`.
pub(super) fn run(control: UnixStream, parent: Pid, alone: Alone, work: &Work<'_>) -> ! {
    end_with(parent);
    close_controls();
    // Rust needs its own handlers of stack overflow; that of SIGCHLD, if there is one, is shared below.
    let kept = [Signal::SIGSEGV, Signal::SIGBUS, Signal::SIGCHLD];
    Signal::iterator().filter(|signal| !kept.contains(signal)).for_each(sys::unhandle);
    // Ctrl-C goes to the whole group: only the pool's own process acts on it. So with SIGTERM, which the
    // pool passes on to the workers when it is to reach them.
    [Signal::SIGINT, Signal::SIGTERM, Signal::SIGPIPE].into_iter().for_each(sys::ignore);
    // They were blocked for the fork.
    let _ = SigSet::empty().thread_set_mask();
    // A job that reads gets an end, not a piece of what the parent is to read.
    if let Ok(null) = std::fs::File::open("/dev/null") {
        let _ = unistd::dup2_stdin(null);
    }
    let Ok(mut nursery) = Nursery::new(control, alone, work) else { sys::exit(GAVE_UP) };
    let _ = nursery.mind();
    nursery.end_all();
    sys::exit(0)
}

// ANCHOR: end_with
/// Ends this process when its parent ends; at once if that has happened already. (Elsewhere than on
/// Linux, the end of the pipe is the sign.)
fn end_with(parent: Pid) {
    #[cfg(target_os = "linux")]
    let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
    if getppid() != parent {
        sys::exit(GAVE_UP);
    }
}
// ANCHOR_END: end_with

struct Nursery<'a> {
    control: UnixStream,
    alone: Alone,
    work: &'a Work<'a>,
    workers: Vec<Pid>,
    /// Readable when a child has ended.
    ended: UnixStream,
    handler: signal_hook::SigId,
}

impl<'a> Nursery<'a> {
    fn new(control: UnixStream, alone: Alone, work: &'a Work<'a>) -> std::io::Result<Self> {
        let (ended, handlers) = UnixStream::pair()?;
        ended.set_nonblocking(true)?;
        let handler = pipe::register(Signal::SIGCHLD as i32, handlers)?;
        Ok(Self { control, alone, work, workers: Vec::new(), ended, handler })
    }

    /// Does what the pool asks, and tells it who has ended; returns when it has gone.
    fn mind(&mut self) -> nix::Result<()> {
        loop {
            let mut sockets = [&self.ended, &self.control]
                .map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN));
            match poll(&mut sockets, PollTimeout::NONE) {
                Err(nix::Error::EINTR) => continue,
                result => result?,
            };
            let [ended, asked] = sockets.map(|socket| socket.any().unwrap_or(true));
            if ended {
                while (&self.ended).read(&mut [0; 64]).is_ok_and(|length| length > 0) {}
                self.reap()?;
            }
            if asked {
                let mut record = Record::default();
                if (&self.control).read_exact(&mut record).is_err() {
                    return Ok(());
                }
                self.obey(Request::of(record).ok_or(nix::Error::EPROTO)?)?;
            }
        }
    }

    fn obey(&mut self, request: Request) -> nix::Result<()> {
        match request {
            Request::Fork { outbox } => match self.fork_worker(outbox) {
                Ok((worker, pipe)) => {
                    let worker = worker.as_raw().unsigned_abs();
                    let forked = Report::Forked { worker, outbox };
                    sys::send_with(&self.control, &forked.to_record(), pipe.as_raw_fd())
                }
                Err(errno) => self.report(Report::NotForked { errno: errno as i32, outbox }),
            },
            Request::Signal { worker, signal } => {
                let signal = Signal::try_from(signal)?;
                // None of them is reaped yet, so no number belongs to a stranger.
                for pid in &self.workers {
                    if worker == 0 || worker == pid.as_raw().unsigned_abs() {
                        let _ = kill(*pid, signal);
                    }
                }
                Ok(())
            }
        }
    }

    // ANCHOR: fork_worker
    /// A new worker and the pool's end of its socket. This process keeps neither end, so that no worker
    /// inherits one of another, which would keep it open for ever.
    fn fork_worker(&mut self, outbox: u32) -> nix::Result<(Pid, UnixStream)> {
        let pair = UnixStream::pair();
        let (ours, theirs) = pair
            .map_err(|error| error.raw_os_error().map_or(nix::Error::EIO, nix::Error::from_raw))?;
        let nursery = getpid();
        let Some(worker) = sys::fork(&self.alone)? else {
            end_with(nursery);
            drop(ours);
            self.become_worker(theirs, outbox);
        };
        self.workers.push(worker);
        Ok((worker, ours))
    }
    // ANCHOR_END: fork_worker

    // ANCHOR: become_worker
    /// In a worker: forgets what only the nursery needs, and works.
    fn become_worker(&self, pipe: UnixStream, outbox: u32) -> ! {
        unregister(self.handler);
        sys::obey(Signal::SIGTERM);
        for socket in [&self.control, &self.ended] {
            let _ = unistd::close(socket.as_raw_fd());
        }
        // What panics outside the job (a panic's own destructor) must not come back to the parent's code.
        sys::exit(catch_unwind(AssertUnwindSafe(|| (self.work)(pipe, outbox))).unwrap_or(GAVE_UP))
    }
    // ANCHOR_END: become_worker

    /// One by one: asked for any child, the system would take a status that nix cannot read with it.
    fn reap(&mut self) -> nix::Result<()> {
        let mut ended = Vec::new();
        self.workers.retain(|worker| {
            let how = Ending::of(waitpid(*worker, Some(WaitPidFlag::WNOHANG)));
            ended.extend(
                how.map(|how| Report::Ended { worker: worker.as_raw().unsigned_abs(), how }),
            );
            how.is_none()
        });
        ended.into_iter().try_for_each(|report| self.report(report))
    }

    fn report(&self, report: Report) -> nix::Result<()> {
        std::io::Write::write_all(&mut &self.control, &report.to_record())
            .map_err(|_| nix::Error::EPIPE)
    }

    /// The pool has gone: whatever is still under way is for nobody.
    fn end_all(&self) {
        for worker in &self.workers {
            let _ = kill(*worker, Signal::SIGKILL);
        }
        for worker in &self.workers {
            reap(*worker);
        }
    }
}
