//! What the tests of the runtime share: a loop to test, futures that can be watched, connections.
#![allow(dead_code, unreachable_pub)] // each test binary uses a part of it

pub mod laws;

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::net::{TcpListener as StdListener, TcpStream as StdStream};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use glassloop::Runtime;
use glassloop::net::{TcpListener, TcpStream};
use glassloop::runtime::{BackendKind, Builder};
use glassloop::task::yield_now;
use glassloop::time::timeout;
use glassloop::trace::Event;

/// The loop under test: the one place to choose a backend. Each is held to all promises; see `on_polling.rs`.
pub fn builder() -> Builder {
    Builder::new().backend(if ON_POLLING { BackendKind::Polling } else { BackendKind::Mio })
}

/// A oneshot selector is asked again for each wait and answers with what is so: readiness that was cleared too
/// soon comes back. And it does not tell that only one direction is closed; the attempt does.
pub const ON_POLLING: bool = matches!(env!("CARGO_CRATE_NAME").as_bytes(), b"on_polling");

pub fn runtime() -> Runtime {
    builder().build().unwrap()
}

/// A loop that records what happens.
pub fn recorded() -> Runtime {
    builder().trace(true).build().unwrap()
}

pub fn events(runtime: &Runtime) -> Vec<Event> {
    runtime.take_trace().into_iter().map(|record| record.event).collect()
}

/// How long the loop meant to sleep, each time it did.
pub fn sleeps(runtime: &Runtime) -> Vec<Option<Duration>> {
    let sleep = |event| match event {
        Event::LoopSleep { timeout } => Some(timeout),
        _ => None,
    };
    events(runtime).into_iter().filter_map(sleep).collect()
}

/// Runs a future that must end on a loop of its own. Far more time than it needs, so that a wake that
/// was lost is a failure and not a test that hangs.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    run_on(&runtime(), future)
}

pub fn run_on<T>(runtime: &Runtime, future: impl Future<Output = T>) -> T {
    let limited = timeout(Duration::from_secs(8), future);
    runtime.block_on(limited).expect("it never ended: somebody was not woken")
}

/// Gives all the others `times` turns.
pub async fn turns(times: usize) {
    for _ in 0..times {
        yield_now().await;
    }
}

/// Long enough for the kernel to tell of what has happened on the loopback.
pub async fn settle() {
    glassloop::time::sleep(Duration::from_millis(3)).await;
}

// ─── Futures that can be watched ────────────────────────────────────────────────────────────────

/// How often a future was polled.
#[derive(Clone, Default)]
pub struct Polls(Rc<Cell<usize>>);

impl Polls {
    pub fn count(&self) -> usize {
        self.0.get()
    }

    /// `future`, watched.
    pub fn of<F: Future>(&self, future: F) -> Counted<F> {
        Counted { future: Box::pin(future), polls: self.clone() }
    }
}

pub struct Counted<F> {
    future: Pin<Box<F>>,
    polls: Polls,
}

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.polls.0.set(self.polls.0.get() + 1);
        self.future.as_mut().poll(cx)
    }
}

/// A door that tasks wait at. It keeps the waker of whoever came last, for the test to use.
#[derive(Clone, Default)]
pub struct Door(Rc<DoorState>);

#[derive(Default)]
struct DoorState {
    open: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

impl Door {
    pub fn open(&self) {
        self.0.open.set(true);
        self.knock();
    }

    /// Wakes whoever waits, though the door stays as it is.
    pub fn knock(&self) {
        let waker = self.waker();
        waker.wake_by_ref();
    }

    pub fn waker(&self) -> Waker {
        let waker = self.0.waker.take().expect("nobody has come to the door");
        self.0.waker.set(Some(waker.clone()));
        waker
    }

    pub async fn pass(&self) {
        std::future::poll_fn(|cx| {
            self.0.waker.set(Some(cx.waker().clone()));
            if self.0.open.get() { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

/// Does something when it is dropped.
pub struct OnDrop<F: FnOnce()>(Option<F>);

pub fn on_drop<F: FnOnce()>(action: F) -> OnDrop<F> {
    OnDrop(Some(action))
}

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(action) = self.0.take() {
            action();
        }
    }
}

/// A flag that is raised once.
#[derive(Clone, Default)]
pub struct Flag(Rc<Cell<bool>>);

impl Flag {
    pub fn raise(&self) {
        self.0.set(true);
    }

    pub fn is_up(&self) -> bool {
        self.0.get()
    }

    /// Raised when the guard is dropped.
    pub fn on_drop(&self) -> OnDrop<impl FnOnce() + use<>> {
        let flag = self.clone();
        on_drop(move || flag.raise())
    }
}

/// A waker of a foreign executor: it counts how often it is woken.
#[derive(Default)]
pub struct Bell(AtomicUsize);

impl Bell {
    pub fn new() -> (Arc<Self>, Waker) {
        let bell = Arc::new(Self::default());
        (Arc::clone(&bell), Waker::from(bell))
    }

    pub fn rings(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A waker that does what a waker should not do, when woken.
pub struct Unruly<F>(pub F);

impl<F: Fn() + Send + Sync + 'static> Unruly<F> {
    pub fn waker(action: F) -> Waker {
        Waker::from(Arc::new(Self(action)))
    }
}

impl<F: Fn() + Send + Sync + 'static> Wake for Unruly<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

/// Polls once with a waker of one's own.
pub fn poll_with<F: Future + Unpin>(waker: &Waker, future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(waker))
}

// ─── Connections ────────────────────────────────────────────────────────────────────────────────

/// Two ends of a connection, both on the loop.
pub async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (far, _) = listener.accept().await.unwrap();
    (near, far)
}

/// One end on the loop, the other a blocking socket in the test's hand.
pub async fn pair_with_std() -> (TcpStream, StdStream) {
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (far, _) = listener.accept().unwrap();
    far.set_nodelay(true).unwrap();
    (near, far)
}

/// Closes without a farewell: the other end is reset.
pub fn reset(stream: StdStream) -> io::Result<()> {
    let socket = socket2::Socket::from(stream);
    socket.set_linger(Some(Duration::ZERO))
}
