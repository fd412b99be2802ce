//! A simulated world: a network and a disk in memory, on a clock that jumps, where everything that can go wrong
//! does, by lot. One seed decides it all: latency and bandwidth, every fault and its moment, and which of the
//! ready tasks runs next. So a seed that brings out a mistake brings it out again.
//!
//! What runs in it is the very code that runs outside: [`http::Session`](crate::http::Session) takes any
//! connection, [`Server`](crate::server::Server) any listener, a
//! [download](crate::workloads::download::fetch_all) any disk.
//!
//! ```
//! use futures::{AsyncReadExt, AsyncWriteExt};
//! use glassloop::sim::{Faults, World};
//!
//! let world = World::new(7, Faults::none());
//! let runtime = world.runtime()?;
//! let heard: std::io::Result<String> = runtime.block_on(async {
//!     let listener = world.network().bind("far.sim", 80)?;
//!     let mut near = world.network().connect("far.sim", 80).await?;
//!     near.write_all(b"hello").await?;
//!     near.close().await?;
//!     let mut heard = String::new();
//!     listener.accept().await?.read_to_string(&mut heard).await?;
//!     Ok(heard)
//! });
//! assert_eq!(heard?, "hello");
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Read `faults.rs` first, then `pipe.rs`, where bytes take their time; `stream.rs` and `network.rs` are what a
//! program sees of it, `disk.rs` is the other half of the world.
//!
//! The idea of a whole system in one thread under one seed is FoundationDB's; that each run leaves out some of the
//! faults, so that they do not hide each other, is *swarm testing* (Groce and others, 2012).

mod disk;
mod faults;
mod network;
mod pipe;
mod stream;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::rc::Rc;
use std::time::Duration;

pub use self::disk::{MemoryDisk, MemoryFile};
pub use self::faults::{Fault, Faults, Tally};
pub use self::network::{Dial, Listener, Network};
pub use self::stream::Stream;
use crate::Runtime;
use crate::runtime::Builder;

/// A network, a disk, and the lot that decides what goes wrong with them. Clones are one world.
#[derive(Clone)]
pub struct World(Rc<Inner>);

struct Inner {
    seed: u64,
    faults: Faults,
    dice: RefCell<fastrand::Rng>,
    fired: RefCell<Tally>,
    /// Ends of connections that are open.
    open: Cell<usize>,
    ports: RefCell<network::Ports>,
    files: RefCell<disk::Files>,
}

impl World {
    /// A world in which these faults happen, at moments that `seed` decides.
    pub fn new(seed: u64, faults: Faults) -> Self {
        Self(Rc::new(Inner {
            seed,
            faults,
            dice: RefCell::new(fastrand::Rng::with_seed(seed)),
            fired: RefCell::default(),
            open: Cell::new(0),
            ports: RefCell::default(),
            files: RefCell::default(),
        }))
    }

    /// A loop for this world: its clock jumps, its ready order is drawn by lot, and its events are recorded.
    ///
    /// It also seeds this thread's generator of `fastrand`, from which the pauses between two attempts of a
    /// download are drawn.
    ///
    /// # Errors
    /// As [`Builder::build`].
    // ANCHOR: runtime
    pub fn runtime(&self) -> io::Result<Runtime> {
        fastrand::seed(self.0.seed);
        Builder::new().start_paused(true).seed(self.0.seed).trace(true).build()
    }
    // ANCHOR_END: runtime

    /// The network.
    pub fn network(&self) -> Network {
        Network::of(self.clone())
    }

    /// The disk.
    pub fn disk(&self) -> MemoryDisk {
        MemoryDisk::of(self.clone())
    }

    /// How many ends of connections are open, those included that wait to be accepted.
    pub fn open_ends(&self) -> usize {
        self.0.open.get()
    }

    /// How often each kind of fault has happened so far.
    pub fn fired(&self) -> Tally {
        self.0.fired.borrow().clone()
    }

    // ANCHOR: lots
    /// Draws lots: whether this fault happens now.
    fn draws(&self, fault: Fault) -> bool {
        let rate = self.0.faults.rate(fault);
        rate > 0.0 && self.0.dice.borrow_mut().f64() < rate
    }

    /// Draws lots, and notes if the fault happens.
    fn strikes(&self, fault: Fault) -> bool {
        let strikes = self.draws(fault);
        if strikes {
            self.note(fault);
        }
        strikes
    }
    // ANCHOR_END: lots

    fn note(&self, fault: Fault) {
        self.0.fired.borrow_mut().add(fault);
    }

    /// A number below `limit`, which is not 0.
    fn below(&self, limit: usize) -> usize {
        self.0.dice.borrow_mut().usize(..limit)
    }

    /// A number from `least` to `most`, of all magnitudes between them alike.
    fn magnitude(&self, least: f64, most: f64) -> f64 {
        least * (most / least).powf(self.0.dice.borrow_mut().f64())
    }

    fn latency(&self) -> Duration {
        Duration::from_secs_f64(self.magnitude(0.000_1, 0.1))
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "World(seed {})", self.0.seed)
    }
}

/// How many deadlines still stand in a loop's wheel: none, when all that ran on it is gone.
pub fn deadlines(runtime: &Runtime) -> usize {
    runtime.0.timers.borrow().len()
}
