//! Servers in memory that play a script, and a client that logs what it meets: once for each pump.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::Future;
use std::io::{self, ErrorKind, Read, Write};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures::io::{AsyncRead, AsyncWrite};
use glassloop::http::{self, Origin, Request};

/// What a server does next on a connection.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Waits for a request.
    Request,
    /// Answers.
    Say(String),
    /// Speaks without having been asked.
    Unasked(String),
    /// Closes the connection.
    Close,
    /// Resets the connection.
    Reset,
    /// Says nothing until the time limit of the stream has passed.
    TimeOut,
    /// Refuses even to be written to.
    Broken,
    /// A signal interrupts the client's next read.
    Interrupted,
}

/// What the client does next.
pub(crate) enum Do {
    /// Gets a URL and reads up to 2000 bytes.
    Get(&'static str),
    /// Gets a URL and counts the bytes of its chunks.
    Count(&'static str),
    /// Sends a request with this method.
    Send(::http::Method, &'static str),
    /// Gets a URL and drops the response after its head.
    Drop(&'static str),
}

/// All servers, and the log of what happened.
#[derive(Default)]
pub(crate) struct World {
    scripts: VecDeque<Vec<Step>>,
    log: Vec<String>,
    connections: usize,
    /// At most so many bytes are read at once.
    piece: usize,
    /// The largest space that a read was given.
    largest: usize,
    on_drop: Option<Box<dyn Fn()>>,
}

pub(crate) type Shared = Rc<RefCell<World>>;

impl World {
    pub(crate) fn new(scripts: Vec<Vec<Step>>, piece: usize) -> Shared {
        Rc::new(RefCell::new(World { scripts: scripts.into(), piece, ..World::default() }))
    }

    /// Runs this when the next stream is dropped.
    pub(crate) fn on_drop(world: &Shared, run: impl Fn() + 'static) {
        world.borrow_mut().on_drop = Some(Box::new(run));
    }

    fn connect(world: &Shared, origin: &Origin) -> io::Result<Stream> {
        let mut this = world.borrow_mut();
        let script = this.scripts.pop_front();
        let script = script.ok_or_else(|| io::Error::other("connection refused"))?.into();
        this.log.push(format!("connect {origin}"));
        this.connections += 1;
        let number = this.connections - 1;
        Ok(Stream { world: world.clone(), number, script, written: Vec::new(), pending: true })
    }
}

/// The client's end of a connection.
pub(crate) struct Stream {
    world: Shared,
    number: usize,
    script: VecDeque<Step>,
    written: Vec<u8>,
    pending: bool,
}

impl Drop for Stream {
    fn drop(&mut self) {
        let line = format!("{} closed", self.number);
        self.world.borrow_mut().log.push(line);
        let on_drop = self.world.borrow_mut().on_drop.take();
        if let Some(on_drop) = on_drop {
            on_drop();
        }
    }
}

impl Stream {
    fn is_quiet(&self) -> bool {
        matches!(self.script.front(), None | Some(Step::Request | Step::Broken))
    }

    fn receive(&mut self, space: &mut [u8]) -> io::Result<usize> {
        assert!(!space.is_empty(), "a read without space looks like an end");
        let mut world = self.world.borrow_mut();
        world.largest = world.largest.max(space.len());
        loop {
            match self.script.front_mut() {
                None => return Err(ErrorKind::WouldBlock.into()),
                Some(Step::Request) => {
                    let text = String::from_utf8_lossy(&self.written).into_owned();
                    let Some((head, _)) = text.split_once("\r\n\r\n") else {
                        return Err(ErrorKind::WouldBlock.into());
                    };
                    let line = head.split(" HTTP/1.1").next().unwrap();
                    let secret = head.lines().find_map(|line| line.strip_prefix("authorization: "));
                    let secret = secret.map_or(String::new(), |secret| format!(" with {secret}"));
                    world.log.push(format!("{} {line}{secret}", self.number));
                    self.written.clear();
                }
                Some(Step::Say(text) | Step::Unasked(text)) => {
                    let count = space.len().min(world.piece).min(text.len());
                    space[..count].copy_from_slice(&text.as_bytes()[..count]);
                    text.drain(..count);
                    if text.is_empty() {
                        self.script.pop_front();
                    }
                    return Ok(count);
                }
                Some(Step::Close) => return Ok(0),
                Some(Step::Reset) => {
                    self.script.pop_front();
                    return Err(ErrorKind::ConnectionReset.into());
                }
                Some(Step::TimeOut) => return Err(ErrorKind::TimedOut.into()),
                Some(Step::Broken) => return Err(ErrorKind::WouldBlock.into()),
                Some(Step::Interrupted) => {
                    self.script.pop_front();
                    return Err(ErrorKind::Interrupted.into());
                }
            }
            self.script.pop_front();
        }
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(Step::Broken) = self.script.front() {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let count = bytes.len().min(self.world.borrow().piece);
        self.written.extend_from_slice(&bytes[..count]);
        Ok(count)
    }
}

impl Read for Stream {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let result = self.receive(space);
        let waits = result.as_ref().is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        assert!(!waits, "the client would wait for ever: {:?}", self.world.borrow().log);
        result
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.send(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An answer comes at every second poll only; what comes unasked is there at once.
impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        space: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.pending = !self.pending && matches!(self.script.front(), Some(Step::Say(_)));
        if self.pending {
            return Poll::Pending;
        }
        match self.receive(space) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Poll::Pending,
            result => Poll::Ready(result),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.send(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

pub(crate) struct Connector(pub Shared);

impl http::Connect for Connector {
    type Stream = Stream;

    async fn connect(&self, origin: &Origin) -> io::Result<Stream> {
        World::connect(&self.0, origin)
    }
}

impl http::blocking::Connect for Connector {
    type Stream = Stream;

    fn connect(&self, origin: &Origin) -> io::Result<Stream> {
        World::connect(&self.0, origin)
    }

    fn is_quiet(&self, stream: &mut Stream) -> bool {
        stream.is_quiet()
    }
}

/// Polls a future until it is ready; nothing here ever wakes it.
pub(crate) fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    for _ in 0..1_000_000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
    panic!("the client waits for ever");
}

/// What the client does, for a session of either kind: the last two tokens are `.` and `await`, or nothing.
macro_rules! client {
    ($session:expr, $world:expr, $actions:expr $(, $dot:tt $await:tt)?) => {
        for action in $actions {
            let result = match action {
                Do::Get(url) => match $session.get(url)$($dot $await)? {
                    Ok(mut response) => response.bytes(2000)$($dot $await)?.map(|body| {
                        format!("{} {}", response.status.as_str(), String::from_utf8_lossy(&body))
                    }),
                    Err(error) => Err(error),
                },
                Do::Send(method, url) => {
                    let request = Request::new(method.clone(), http::parse_url(url).unwrap());
                    match $session.send(request)$($dot $await)? {
                        Ok(mut response) => response.bytes(2000)$($dot $await)?.map(|body| {
                            format!("{} {}", response.status.as_str(), String::from_utf8_lossy(&body))
                        }),
                        Err(error) => Err(error),
                    }
                }
                Do::Count(url) => {
                    let mut response = $session.get(url)$($dot $await)?.unwrap();
                    let mut length = 0;
                    while let Some(chunk) = response.chunk()$($dot $await)?.unwrap() {
                        length += chunk.len();
                    }
                    Ok(format!("{} with {length} bytes", response.status.as_str()))
                }
                Do::Drop(url) => {
                    let response = $session.get(url)$($dot $await)?.unwrap();
                    let line = format!("{} …", response.status.as_str());
                    $world.borrow_mut().log.push(line);
                    continue;
                }
            };
            let line = result.unwrap_or_else(|error| error.to_string());
            $world.borrow_mut().log.push(line);
        }
    };
}

/// Each plays the scripts with one pump, and returns the log and the largest space of a read.
pub(crate) mod run {
    use super::*;

    pub(crate) fn asynchronous(
        scripts: Vec<Vec<Step>>,
        actions: &[Do],
        piece: usize,
    ) -> (Vec<String>, usize) {
        let world = World::new(scripts, piece);
        let session = http::Session::new(Connector(world.clone()));
        finish(async { client!(session, world, actions, .await) });
        let world = world.borrow();
        (world.log.clone(), world.largest)
    }

    pub(crate) fn blocking(
        scripts: Vec<Vec<Step>>,
        actions: &[Do],
        piece: usize,
    ) -> (Vec<String>, usize) {
        let world = World::new(scripts, piece);
        let session = http::blocking::Session::new(Connector(world.clone()));
        client!(session, world, actions);
        let world = world.borrow();
        (world.log.clone(), world.largest)
    }
}

/// Plays the scripts with both pumps, in pieces of this size, and compares the log.
fn play(scripts: &dyn Fn() -> Vec<Vec<Step>>, actions: &[Do], expected: &[&str], piece: usize) {
    assert_eq!(
        run::asynchronous(scripts(), actions, piece).0,
        expected,
        "async, pieces of {piece}"
    );
    assert_eq!(run::blocking(scripts(), actions, piece).0, expected, "blocking, pieces of {piece}");
}

/// Both pumps meet the same, however small the pieces in which bytes come and go.
pub(crate) fn both(scripts: impl Fn() -> Vec<Vec<Step>>, actions: &[Do], expected: &[&str]) {
    for piece in [1, 2, 7, usize::MAX] {
        play(&scripts, actions, expected, piece);
    }
}

/// Both pumps meet the same when all bytes come at once.
pub(crate) fn one(scripts: impl Fn() -> Vec<Vec<Step>>, actions: &[Do], expected: &[&str]) {
    play(&scripts, actions, expected, usize::MAX);
}
