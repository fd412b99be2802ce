//! What a server pays for a request and for a connection: processor time, and system calls.
//!
//! Server and client share one processor: to wake another one costs several times more, whoever does it, and on two
//! the client's pace decides how many requests the server finds at once. Not with 1,000 connections: there the
//! server always has work, and on one processor it would be interrupted by its client in the middle of it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use socket2::SockRef;

use super::measure::{each, on_another_cpu, on_one_cpu};
use super::peer::{LOCAL, OURS, SMOL, SPAWN};
use super::served::{Served, allow_many_connections};
use super::{Contender, Row, Run, Target, Unit};

const EPOLL: &str = "epoll loop";

/// A row of echo with so many connections.
macro_rules! echo {
    ($name:literal, $connections:literal, $round:literal) => {
        Row {
            name: $name,
            group: "net",
            unit: Unit::Nanoseconds,
            round: $round,
            target: Target::Ratio(1.03),
            alone: false,
            ours: Contender { name: OURS, prepare: || echo("echo glassloop", $connections) },
            peers: &[
                Contender { name: EPOLL, prepare: || echo("echo epoll", $connections) },
                Contender { name: LOCAL, prepare: || echo("echo tokio LocalSet", $connections) },
            ],
            others: &[
                Contender { name: SPAWN, prepare: || echo("echo tokio spawn", $connections) },
                Contender { name: SMOL, prepare: || echo("echo smol", $connections) },
            ],
        }
    };
}

/// A row of the system calls of an echo with so many connections.
macro_rules! echo_calls {
    ($name:literal, $connections:literal, $target:literal) => {
        Row {
            name: $name,
            group: "net",
            unit: Unit::Calls,
            round: 6_400,
            target: Target::Ours($target),
            alone: false,
            ours: Contender { name: OURS, prepare: || echo_calls("echo glassloop", $connections) },
            peers: &[Contender {
                name: LOCAL,
                prepare: || echo_calls("echo tokio LocalSet", $connections),
            }],
            others: &[Contender { name: SMOL, prepare: || echo_calls("echo smol", $connections) }],
        }
    };
}

pub(super) const ROWS: &[Row] = &[
    echo!("echo, 1 connection, server CPU", 1, 20_000),
    echo!("echo, 64 connections, server CPU", 64, 32_000),
    echo!("echo, 1,000 connections, server CPU", 1000, 40_000),
    echo_calls!("echo, 1 connection, calls", 1, 3.0),
    echo_calls!("echo, 64 connections, calls", 64, 2.05),
    Row {
        name: "accept + close, server CPU",
        group: "net",
        unit: Unit::Nanoseconds,
        round: 5_000,
        target: Target::Ratio(0.80),
        alone: false,
        ours: Contender { name: OURS, prepare: || accept("accept glassloop") },
        peers: &[Contender { name: LOCAL, prepare: || accept("accept tokio LocalSet") }],
        others: &[
            Contender { name: SPAWN, prepare: || accept("accept tokio spawn") },
            Contender { name: SMOL, prepare: || accept("accept smol") },
            Contender { name: EPOLL, prepare: || accept("accept epoll") },
        ],
    },
    Row {
        name: "accept + close, calls",
        group: "net",
        unit: Unit::Calls,
        round: 100,
        target: Target::Ours(4.0),
        alone: false,
        ours: Contender { name: OURS, prepare: || accept_calls("accept glassloop") },
        peers: &[Contender { name: LOCAL, prepare: || accept_calls("accept tokio LocalSet") }],
        others: &[Contender { name: SMOL, prepare: || accept_calls("accept smol") }],
    },
];

fn echo(server: &'static str, connections: usize) -> Result<Run> {
    allow_many_connections()?;
    let (server, mut clients) = on_one_cpu(|| -> Result<_> {
        let server = Served::start(server)?;
        let clients = Clients::connect(server.address(), connections)?;
        Ok((server, clients))
    })??;
    Ok(Box::new(move |n| match connections {
        ..1000 => on_one_cpu(|| cpu(&server, || clients.ask(n)))?,
        _ => on_another_cpu(|| cpu(&server, || clients.ask(n)))?,
    }))
}

fn echo_calls(server: &'static str, connections: usize) -> Result<Run> {
    let (server, mut clients) = on_one_cpu(|| -> Result<_> {
        let server = Served::start_counted(server)?;
        let clients = Clients::connect(server.address(), connections)?;
        Ok((server, clients))
    })??;
    Ok(Box::new(move |n| on_one_cpu(|| calls(&server, || clients.ask(n)))?))
}

fn accept(server: &'static str) -> Result<Run> {
    let server = on_one_cpu(|| Served::start(server))??;
    Ok(Box::new(move |n| {
        on_one_cpu(|| cpu(&server, || visit(server.address(), n, Duration::ZERO)))?
    }))
}

fn accept_calls(server: &'static str) -> Result<Run> {
    let server = on_one_cpu(|| Served::start_counted(server))??;
    Ok(Box::new(move |n| on_one_cpu(|| calls(&server, || visit(server.address(), n, BREATH / 2)))?))
}

/// The server's processor time for each of as many operations as `ask` says it did.
fn cpu(server: &Served, ask: impl FnOnce() -> Result<u64>) -> Result<f64> {
    let before = server.cpu()?;
    let n = ask()?;
    thread::sleep(BREATH);
    Ok(each(n, server.cpu()? - before))
}

/// As `cpu`, of its system calls.
fn calls(server: &Served, ask: impl FnOnce() -> Result<u64>) -> Result<f64> {
    thread::sleep(BREATH);
    let before = server.calls()?;
    let n = ask()?;
    thread::sleep(BREATH);
    Ok((server.calls()? - before) as f64 / n as f64)
}

/// Until the server has gone to sleep.
const BREATH: Duration = Duration::from_millis(5);

/// Connects so often, and waits for the end of each connection, and then a `pause`: strace slows the server down
/// so much that without one it would never have to wait.
fn visit(address: SocketAddr, n: u64, pause: Duration) -> Result<u64> {
    for _ in 0..n {
        let mut stream = TcpStream::connect(address)?;
        ensure!(stream.read(&mut [0])? == 0, "the server says something");
        // A reset, so that no port stays taken for a minute.
        SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
        drop(stream);
        if !pause.is_zero() {
            thread::sleep(pause);
        }
    }
    Ok(n)
}

/// Connections with one request under way on each.
struct Clients {
    epoll: Epoll,
    streams: Vec<TcpStream>,
    events: Vec<EpollEvent>,
}

const REQUEST: [u8; 64] = [7; 64];

impl Clients {
    fn connect(address: SocketAddr, connections: usize) -> Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let connect = |at| -> Result<TcpStream> {
            let stream = TcpStream::connect(address).context("the server is gone")?;
            stream.set_nodelay(true)?;
            epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, at as u64))?;
            Ok(stream)
        };
        let streams = (0..connections).map(connect).collect::<Result<_>>()?;
        // Each waits for its first request by now.
        thread::sleep(20 * BREATH);
        Ok(Self { epoll, streams, events: vec![EpollEvent::empty(); connections] })
    }

    /// Makes at least `n` requests, as many on each connection; how many.
    fn ask(&mut self, n: u64) -> Result<u64> {
        let n = n.next_multiple_of(self.streams.len() as u64);
        let (mut sent, mut answered) = (0, 0);
        for mut stream in &self.streams {
            stream.write_all(&REQUEST)?;
            sent += 1;
        }
        while answered < n {
            let count = self.epoll.wait(&mut self.events, EpollTimeout::NONE)?;
            for event in &self.events[..count] {
                let mut stream = &self.streams[event.data() as usize];
                stream.read_exact(&mut [0; REQUEST.len()])?;
                answered += 1;
                if sent < n {
                    stream.write_all(&REQUEST)?;
                    sent += 1;
                }
            }
        }
        Ok(n)
    }
}
