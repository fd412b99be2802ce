//! Who listens where, and how a connection comes about.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::future::{pending, poll_fn};
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use super::stream::Alarm;
use super::{Fault, Stream, World};
use crate::coop;
use crate::http::{Connect, Origin, refuse_https};
use crate::server::Accept;
use crate::time::{sleep, timeout};

/// Who listens, by host and port.
pub(super) type Ports = BTreeMap<(String, u16), Rc<RefCell<Port>>>;

/// Connections that wait to be accepted, and who waits for them.
#[derive(Default)]
pub(super) struct Port {
    waiting: VecDeque<Stream>,
    acceptor: Option<Waker>,
}

/// The network of a [`World`].
#[derive(Clone, Debug)]
pub struct Network(World);

impl Network {
    pub(super) fn of(world: World) -> Self {
        Self(world)
    }

    /// Listens on a port of a host, which exists as soon as it is named.
    ///
    /// # Errors
    /// When somebody listens there already.
    pub fn bind(&self, host: &str, port: u16) -> io::Result<Listener> {
        let place = (host.to_owned(), port);
        let mut ports = self.0.0.ports.borrow_mut();
        if ports.contains_key(&place) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let port = Rc::<RefCell<Port>>::default();
        ports.insert(place.clone(), Rc::clone(&port));
        Ok(Listener { world: self.0.clone(), place, port, alarm: RefCell::default() })
    }

    /// Connects to whoever listens on a port of a host.
    ///
    /// # Errors
    /// When nobody does, or the lot says so: the connection is refused.
    ///
    /// # Panics
    /// Outside a running loop.
    pub async fn connect(&self, host: &str, port: u16) -> io::Result<Stream> {
        let world = &self.0;
        if world.strikes(Fault::Unanswered) {
            return pending().await;
        }
        sleep(world.latency()).await;
        let listening = world.0.ports.borrow().get(&(host.to_owned(), port)).cloned();
        let Some(port) = listening.filter(|_| !world.strikes(Fault::Refused)) else {
            return Err(io::ErrorKind::ConnectionRefused.into());
        };
        let (near, far) = Stream::pair(world);
        let acceptor = {
            let mut port = port.borrow_mut();
            port.waiting.push_back(far);
            port.acceptor.take()
        };
        acceptor.into_iter().for_each(Waker::wake);
        Ok(near)
    }

    /// Opens the connections of a session on this network, each within a time limit.
    ///
    /// ```
    /// use std::time::Duration;
    /// use glassloop::http::Session;
    /// use glassloop::sim::{Faults, World};
    ///
    /// let world = World::new(7, Faults::none());
    /// let session = Session::new(world.network().dial(Duration::from_secs(10)));
    /// let refused = world.runtime()?.block_on(session.get("http://nobody.sim/"));
    /// assert!(refused.is_err());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn dial(&self, timeout: Duration) -> Dial {
        Dial { network: self.clone(), timeout }
    }
}

/// What [`Network::dial`] gives.
#[derive(Clone, Debug)]
pub struct Dial {
    network: Network,
    timeout: Duration,
}

impl Connect for Dial {
    type Stream = Stream;

    async fn connect(&self, origin: &Origin) -> io::Result<Stream> {
        refuse_https(origin)?;
        timeout(self.timeout, self.network.connect(origin.host(), origin.port())).await?
    }
}

/// Accepts connections. Dropping it closes those that wait.
pub struct Listener {
    world: World,
    place: (String, u16),
    port: Rc<RefCell<Port>>,
    alarm: RefCell<Alarm>,
}

impl Listener {
    /// Waits for a connection.
    ///
    /// # Errors
    /// When the lot says so. The connection still waits.
    pub async fn accept(&self) -> io::Result<Stream> {
        poll_fn(|cx| self.poll_accept(cx)).await
    }
}

impl Accept for Listener {
    type Stream = Stream;

    fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        ready!(coop::poll_budget(cx));
        let waker = cx.waker().clone();
        let mut port = self.port.borrow_mut();
        if port.waiting.is_empty() {
            let stale = port.acceptor.replace(waker);
            drop(port);
            drop(stale); // like the clone: anybody's code
            self.alarm.borrow_mut().set(&self.world, None, cx);
            return Poll::Pending;
        }
        self.alarm.borrow_mut().clear();
        if self.world.strikes(Fault::AcceptFails) {
            return Poll::Ready(Err(io::Error::other("too many open files")));
        }
        coop::spend();
        Poll::Ready(Ok(port.waiting.pop_front().expect("one waits")))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.world.0.ports.borrow_mut().remove(&self.place);
        let waiting = std::mem::take(&mut self.port.borrow_mut().waiting);
        drop(waiting); // with nothing borrowed: closing wakes the other ends
    }
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Listener({}:{})", self.place.0, self.place.1)
    }
}
