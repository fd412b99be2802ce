//! Chapter 9: the loop sleeps in the kernel, and a reactor turns the kernel's events into wakes. The program says who
//! does what between a byte's arrival and the line after `.await`.
//!
//! `cargo run --example 09_reactor`

mod notes;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, Read, Write};
use std::mem::{self, ManuallyDrop};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::ptr::without_provenance;
use std::rc::Rc;
use std::sync::{Mutex, OnceLock};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use glassloop::trace::Cause;
use mio::unix::SourceFd;
use mio::{Events, Interest, Token};

use self::notes::Notes;

fn main() -> io::Result<()> {
    let mut tasks = Loop { tasks: Vec::new(), reactor: Reactor::new()?, notes: Notes::new() };
    let mut far_ends = Vec::new();
    for name in ["a", "b"] {
        let (near, far) = UnixStream::pair()?;
        far_ends.push(far);
        let stream = Stream::new(near, &tasks.reactor)?;
        tasks.spawn(name, async move {
            let mut buffer = [0; 8];
            let count = stream.read(&mut buffer).await.expect("the far end is there");
            println!("task {name}: the line after .await has {count} bytes");
        });
    }
    let outside = thread::spawn(move || {
        for (wait, mut far) in [100, 200].into_iter().zip(far_ends.into_iter().rev()) {
            thread::sleep(Duration::from_millis(wait));
            far.write_all(b"hello").expect("the near end is there");
        }
    });
    tasks.run()?;
    outside.join().expect("it only writes");
    tasks.notes.save("two streams, one loop")
}

// ─── The reactor ────────────────────────────────────────────────────────────────────────────────

// ANCHOR: small_reactor
/// What is remembered of one descriptor.
#[derive(Default)]
struct Side {
    ready: Cell<bool>,
    waiter: Cell<Option<Waker>>,
}

#[derive(Clone)]
struct Reactor {
    kernel: Rc<RefCell<mio::Poll>>,
    /// The token is the place in here.
    sides: Rc<RefCell<Vec<Rc<Side>>>>,
}

impl Reactor {
    fn new() -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        let bell = mio::Waker::new(poll.registry(), NOTICE)?;
        let home = thread::current().id();
        assert!(BELL.set((home, bell)).is_ok(), "this program has one loop");
        Ok(Self { kernel: Rc::new(RefCell::new(poll)), sides: Rc::default() })
    }

    fn register(&self, io: &UnixStream) -> io::Result<Rc<Side>> {
        let mut sides = self.sides.borrow_mut();
        let (fd, token) = (io.as_raw_fd(), Token(sides.len()));
        println!("reactor: asks the kernel to watch a descriptor, as token {}", token.0);
        let kernel = self.kernel.borrow();
        kernel.registry().register(&mut SourceFd(&fd), token, Interest::READABLE)?;
        sides.push(Rc::default());
        Ok(Rc::clone(&sides[token.0]))
    }

    // ANCHOR_END: small_reactor

    // ANCHOR: small_wait
    /// Sleeps in the kernel until something happens; gives back whom to wake.
    fn wait(&self) -> io::Result<Vec<Waker>> {
        let mut events = Events::with_capacity(64);
        self.kernel.borrow_mut().poll(&mut events, None)?;
        let mut woken = Vec::new();
        for event in events.iter().filter(|event| event.token() != NOTICE) {
            println!("kernel: token {} is readable", event.token().0);
            let side = Rc::clone(&self.sides.borrow()[event.token().0]);
            side.ready.set(true);
            let waiter = side.waiter.take();
            println!("reactor: remembers it; somebody waits: {}", waiter.is_some());
            woken.extend(waiter);
        }
        Ok(woken)
    }
}
// ANCHOR_END: small_wait

// ANCHOR: small_stream
struct Stream {
    io: UnixStream,
    reactor: Reactor,
    /// Registered when it first has to wait.
    side: OnceCell<Rc<Side>>,
}

impl Stream {
    fn new(io: UnixStream, reactor: &Reactor) -> io::Result<Self> {
        io.set_nonblocking(true)?;
        Ok(Self { io, reactor: reactor.clone(), side: OnceCell::new() })
    }

    async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        poll_fn(|cx| self.poll_read(cx, buffer)).await
    }

    // ANCHOR_END: small_stream

    // ANCHOR: small_poll_read
    fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            if let Some(side) = self.side.get()
                && !side.ready.get()
            {
                println!("stream: not ready, leaves the task's waker with the reactor: Pending");
                side.waiter.set(Some(cx.waker().clone()));
                return Poll::Pending;
            }
            match (&self.io).read(buffer) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    println!("stream: read says WouldBlock");
                    match self.side.get() {
                        Some(side) => side.ready.set(false),
                        None => _ = self.side.set(self.reactor.register(&self.io)?),
                    }
                }
                result => {
                    println!("stream: read gives what is there: Ready");
                    return Poll::Ready(result);
                }
            }
        }
    }
}
// ANCHOR_END: small_poll_read

// ─── The loop ───────────────────────────────────────────────────────────────────────────────────

struct Loop {
    tasks: Vec<Option<Pin<Box<dyn Future<Output = ()>>>>>,
    reactor: Reactor,
    notes: Notes,
}

impl Loop {
    fn spawn(&mut self, name: &str, future: impl Future<Output = ()> + 'static) {
        self.notes.spawned(self.tasks.len(), name);
        push(self.tasks.len());
        self.tasks.push(Some(Box::pin(future)));
    }

    // ANCHOR: small_react
    fn run(&mut self) -> io::Result<()> {
        while self.tasks.iter().any(Option::is_some) {
            for number in mem::take(&mut *READY.lock().expect(CALM)) {
                self.turn(number);
            }
            if self.tasks.iter().any(Option::is_some) {
                println!("loop: nobody is ready, sleeps in the kernel");
                let woken = self.notes.sleeping(None, || self.reactor.wait())?;
                woken.into_iter().for_each(Waker::wake);
                let ready = READY.lock().expect(CALM);
                ready.iter().for_each(|task| self.notes.ready(*task, Cause::Kernel));
            }
        }
        Ok(())
    }
    // ANCHOR_END: small_react

    fn turn(&mut self, number: usize) {
        let Some(task) = &mut self.tasks[number] else { return };
        println!("loop: it is task {number}'s turn");
        self.notes.begins(number);
        match task.as_mut().poll(&mut Context::from_waker(&waker(number))) {
            Poll::Pending => self.notes.waits(number, "its stream to be read"),
            Poll::Ready(()) => {
                self.notes.finished(number);
                self.tasks[number] = None;
            }
        }
    }
}

// ─── Wakers, as in chapter 7; the bell is the kernel's ──────────────────────────────────────────

static READY: Mutex<VecDeque<usize>> = Mutex::new(VecDeque::new());
static BELL: OnceLock<(ThreadId, mio::Waker)> = OnceLock::new();
const NOTICE: Token = Token(usize::MAX);
const CALM: &str = "nobody panics while it is locked";

fn push(number: usize) {
    READY.lock().expect(CALM).push_back(number);
}

// ANCHOR: small_wake
fn wake(number: *const ()) {
    println!("waker: number {} goes into the ready queue", number.addr());
    push(number.addr());
    if let Some((home, bell)) = BELL.get()
        && thread::current().id() != *home
    {
        bell.wake().expect("the kernel takes a notice"); // the loop may be asleep in it
    }
}
// ANCHOR_END: small_wake

static VTABLE: RawWakerVTable =
    RawWakerVTable::new(|number| RawWaker::new(number, &VTABLE), wake, wake, |_| {});

#[allow(unsafe_code)]
fn waker(number: usize) -> ManuallyDrop<Waker> {
    // SAFETY: the vtable only ever reads the pointer's address; there is nothing behind it to free.
    ManuallyDrop::new(unsafe { Waker::new(without_provenance(number), &VTABLE) })
}
