//! The way to the nursery: the pool's end of the control socket, what the nursery is asked and tells, and
//! who waits for that.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::io::{self, Write};
use std::net::Shutdown;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use nix::sys::wait::waitpid;
use nix::unistd::{self, Pid};

use super::control::{Record, Report, Request};
use super::error::{Ending, ProcessError};
use super::outbox::Outboxes;
use super::supervisor::Supervisor;
use super::sys;
use crate::trace::Direction;

/// The pools' ends of control sockets. A nursery that inherited another pool's would keep that pool's
/// nursery alive.
static CONTROLS: Mutex<Vec<RawFd>> = Mutex::new(Vec::new());

fn controls() -> MutexGuard<'static, Vec<RawFd>> {
    CONTROLS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// For a new nursery: closes what it has inherited of the pools that there were before.
pub(super) fn close_controls() {
    for fd in controls().drain(..) {
        let _ = unistd::close(fd);
    }
}

/// The way to a nursery.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) control: Control,
    pub(super) nursery: Pid,
    pub(super) outboxes: Arc<Outboxes>,
    /// How many workers it has been asked for before the supervisor was there.
    pub(super) asked: usize,
}

impl Link {
    pub(super) fn new(socket: UnixStream, nursery: Pid, outboxes: Arc<Outboxes>) -> Self {
        controls().push(socket.as_raw_fd());
        Self { control: Control(socket), nursery, outboxes, asked: 0 }
    }

    /// Asks for the first workers: they are forked while the supervisor starts.
    pub(super) fn ask_early(&mut self, workers: usize) {
        for _ in 0..workers {
            let outbox = self.outboxes.borrow();
            // A few bytes: an empty socket takes all of them, or none.
            let request = Request::Fork { outbox }.to_record();
            if self.control.socket().write_all(&request).is_err() {
                return self.outboxes.give_back(outbox);
            }
            self.asked += 1;
        }
    }
}

/// The pool's end of the control socket, known to nurseries that are forked later.
#[derive(Debug)]
pub(super) struct Control(UnixStream);

impl Control {
    pub(super) fn socket(&self) -> &UnixStream {
        &self.0
    }
}

impl AsRawFd for Control {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        controls().retain(|known| *known != self.0.as_raw_fd());
    }
}

/// Waits for a process that has ended, or is about to.
pub(super) fn reap(process: Pid) -> Ending {
    loop {
        if let Some(how) = Ending::of(waitpid(process, None)) {
            return how;
        }
    }
}

/// A new worker, the pool's end of its socket and the number of its outbox; or why there is none.
pub(super) type Forked = Result<(u32, UnixStream, u32), String>;

/// What the nursery has said and nobody has acted upon; what it is still to be told.
#[derive(Default)]
pub(super) struct News {
    unsent: Vec<u8>,
    forked: VecDeque<Forked>,
    endings: HashMap<u32, Ending>,
    /// The nursery is gone.
    over: bool,
    waiting: Vec<Waker>,
}

impl Supervisor {
    pub(super) fn ask(&self, request: Request) {
        self.news.borrow_mut().unsent.extend(request.to_record());
        self.wake_all();
    }

    /// Asks for a worker, and returns the next one, whoever asked for it; none when the nursery is gone.
    pub(super) async fn fork_worker(&self) -> Option<Forked> {
        match self.asked_early.get().checked_sub(1) {
            Some(left) => self.asked_early.set(left),
            None => self.ask(Request::Fork { outbox: self.outboxes.borrow() }),
        }
        self.hear(|news| match news.forked.pop_front() {
            None if news.over => Some(None),
            None => None,
            forked => Some(forked),
        })
        .await
    }

    /// Waits until a worker has ended, and says how; nobody knows when the nursery is gone.
    pub(super) async fn ending(&self, worker: u32) -> Ending {
        self.hear(|news| match news.endings.remove(&worker) {
            None if news.over => Some(Ending::Unknown),
            ending => ending,
        })
        .await
    }

    /// Whether a worker has ended; if not, the task is woken with every piece of news.
    pub(super) fn poll_ended(&self, worker: u32, cx: &Context<'_>) -> bool {
        let ended =
            |news: &mut News| (news.over || news.endings.contains_key(&worker)).then_some(());
        self.poll_news(cx, ended).is_ready()
    }

    async fn hear<T>(&self, mut listen: impl FnMut(&mut News) -> Option<T>) -> T {
        poll_fn(|cx| self.poll_news(cx, &mut listen)).await
    }

    fn poll_news<T>(
        &self,
        cx: &Context<'_>,
        listen: impl FnOnce(&mut News) -> Option<T>,
    ) -> Poll<T> {
        let news = &mut *self.news.borrow_mut();
        if let Some(heard) = listen(news) {
            return Poll::Ready(heard);
        }
        if !news.waiting.iter().any(|known| known.will_wake(cx.waker())) {
            news.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }

    fn wake_all(&self) {
        let waiting = std::mem::take(&mut self.news.borrow_mut().waiting);
        waiting.into_iter().for_each(Waker::wake);
    }

    pub(super) fn nursery_is_gone(&self) -> bool {
        self.news.borrow().over
    }

    /// Sends what is to be asked, and spreads what is told, until the nursery is gone.
    pub(super) async fn speak_with_nursery(self: Rc<Self>) {
        let mut record = (Record::default(), 0, None);
        let gone = poll_fn(|cx| {
            let sent = self.poll_send(cx);
            match self.poll_receive(cx, &mut record) {
                Poll::Pending if sent.is_ready() => Poll::Ready("stopped listening".into()),
                received => received,
            }
        });
        let why: String = gone.await;
        // If it has not ended, it sees this and does.
        let _ = self.control.get().socket().shutdown(Shutdown::Both);
        let how = reap(self.nursery);
        let nursery = self.nursery;
        let reason = match how {
            Ending::Unknown => format!("its nursery (process {nursery}) {why}"),
            how => format!("its nursery (process {nursery}) {how}"),
        };
        self.queue.lock().processes.clear();
        self.queue.fail(ProcessError::pool(reason));
        self.news.borrow_mut().over = true;
        self.wake_all();
    }

    /// Ready when the nursery hears no more.
    fn poll_send(&self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let unsent =
                self.poll_news(cx, |news| (!news.unsent.is_empty()).then(|| news.unsent.clone()));
            let Poll::Ready(bytes) = unsent else { return Poll::Pending };
            let sent = self
                .control
                .poll_io(Direction::Write, cx, |control| control.socket().write(&bytes));
            match sent {
                Poll::Ready(Ok(sent)) => drop(self.news.borrow_mut().unsent.drain(..sent)),
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Ready, with the reason, when the nursery says no more.
    fn poll_receive(
        &self,
        cx: &mut Context<'_>,
        (record, there, socket): &mut (Record, usize, Option<OwnedFd>),
    ) -> Poll<String> {
        loop {
            let received = self.control.poll_io(Direction::Read, cx, |control| {
                sys::receive_with(control.socket(), &mut record[*there..])
            });
            match received {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(error)) => return Poll::Ready(format!("cannot be heard: {error}")),
                Poll::Ready(Ok((0, _))) => return Poll::Ready("closed its socket".into()),
                Poll::Ready(Ok((length, along))) => {
                    *there += length;
                    *socket = along.or(socket.take());
                }
            }
            if *there == record.len() {
                *there = 0;
                let Some(report) = Report::of(*record) else {
                    return Poll::Ready("sent what it never sends".into());
                };
                self.spread(report, socket.take().map(UnixStream::from));
            }
        }
    }

    fn spread(&self, report: Report, socket: Option<UnixStream>) {
        match report {
            Report::Forked { worker, .. } => self.queue.lock().processes.push(worker),
            Report::Ended { worker, .. } => {
                self.queue.lock().processes.retain(|known| *known != worker);
            }
            Report::NotForked { outbox, .. } => self.outboxes.give_back(outbox),
        }
        let mut news = self.news.borrow_mut();
        if let Report::Forked { worker, .. } = report {
            // That of an earlier process with this number, for which nobody waited.
            news.endings.remove(&worker);
        }
        match (report, socket) {
            (Report::Forked { worker, outbox }, Some(socket)) => {
                news.forked.push_back(Ok((worker, socket, outbox)))
            }
            (Report::Forked { worker, outbox }, None) => {
                self.outboxes.give_back(outbox);
                let why =
                    format!("({worker}) could not be connected: too many files are open here");
                news.forked.push_back(Err(why));
            }
            (Report::NotForked { errno, .. }, _) => {
                let why = io::Error::from_raw_os_error(errno);
                news.forked.push_back(Err(format!("could not be forked: {why}")));
            }
            (Report::Ended { worker, how }, _) => _ = news.endings.insert(worker, how),
        }
        drop(news);
        self.wake_all();
    }
}
