//! Servers at their limits: no descriptor left, connections that were given up before they were accepted,
//! ten thousand at once. What a selector could spoil is tried on each.

#![cfg(feature = "cli")]

mod e2e_support;
#[path = "support/mod.rs"]
mod support;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream as StdStream};
use std::process::Command;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use e2e_support::{AlbumServer, Folder, PATIENCE, Running, tools, wait_for};
use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use glassloop::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use glassloop::runtime::{BackendKind, Builder};
use glassloop::task::{join_all, spawn};
use glassloop::time::{sleep, timeout};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use support::{pair, run_on, sleeps};

const GET: &[u8] = b"GET /file-0001.bin HTTP/1.1\r\nHost: h\r\n\r\n";

/// Runs a test in a process of its own: its limits are no one else's.
fn alone(test: &str, body: impl FnOnce()) {
    const MARK: &str = "GLASSLOOP_TEST_ALONE";
    if std::env::var_os(MARK).is_some() {
        return body();
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(MARK, "1");
    let run = Running::start(&mut command).end();
    assert!(run.exits(0).stdout.contains("1 passed"), "no test has this name: {run}");
}

/// Sets how many descriptors this process may have.
fn allow_descriptors(count: u64) {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, count, most).unwrap();
}

/// Takes all descriptors but one.
fn take_all_but_one() -> Vec<File> {
    let mut taken = Vec::new();
    loop {
        match File::open("/dev/null") {
            Ok(file) => taken.push(file),
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
                taken.pop();
                return taken;
            }
        }
    }
}

// ─── Many at once ───────────────────────────────────────────────────────────────────────────────

#[test]
fn connections_that_one_event_told_of_are_all_accepted_and_those_that_come_later_too() {
    for backend in BackendKind::ALL {
        run_on(&Builder::new().backend(backend).build().unwrap(), async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            // Its wait has made it known to the selector.
            assert!(timeout(Duration::from_millis(2), listener.accept()).await.is_err());
            for _ in 0..2 {
                // This thread does nothing else meanwhile, so the loop hears of them together.
                let clients = [(); 5].map(|()| StdStream::connect(address).unwrap());
                for _ in &clients {
                    timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
                }
                assert!(timeout(Duration::from_millis(2), listener.accept()).await.is_err());
            }
        });
    }
}

// ─── Out of descriptors ─────────────────────────────────────────────────────────────────────────

/// The last descriptor goes to the client: the server has none to accept with.
async fn fails_to_accept_and_recovers<S>(
    connect: impl AsyncFn(),
    accept: impl AsyncFn() -> io::Result<S>,
    sleeps: impl Fn() -> usize,
) {
    // Its wait has made it known to the selector.
    assert!(timeout(Duration::from_millis(2), accept()).await.is_err());
    let taken = take_all_but_one();
    connect().await;
    sleeps();
    for _ in 0..5 {
        let error = timeout(PATIENCE, accept()).await.unwrap().map(drop).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EMFILE), "{error}");
        sleep(Duration::from_millis(3)).await;
    }
    let sleeps = sleeps();
    assert!((5..=20).contains(&sleeps), "{sleeps} sleeps in five pauses");
    drop(taken);
    timeout(PATIENCE, accept()).await.unwrap().unwrap();
}

#[test]
fn without_descriptors_accept_fails_connections_go_on_and_later_it_accepts_again() {
    alone("without_descriptors_accept_fails_connections_go_on_and_later_it_accepts_again", || {
        allow_descriptors(64);
        for backend in BackendKind::ALL {
            let folder = Folder::new();
            let runtime = Builder::new().backend(backend).trace(true).build().unwrap();
            let sleeps = || sleeps(&runtime).len();
            run_on(&runtime, async {
                let (near, mut far) = pair().await;
                let near = Rc::new(near);
                let echo = Rc::clone(&near);
                spawn(async move { futures::io::copy(&*echo, &mut &*echo).await });
                let clients = std::cell::RefCell::new(Vec::<Box<dyn std::any::Any>>::new());

                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                let address = listener.local_addr().unwrap();
                let connect = async || {
                    let client = TcpStream::connect(address).await.unwrap();
                    clients.borrow_mut().push(Box::new(client));
                    far.try_write(b"ping").unwrap();
                    far.readable().await.unwrap();
                    assert_eq!(far.try_read(&mut [0; 8]).unwrap(), 4);
                };
                let accept = || listener.accept();
                fails_to_accept_and_recovers(connect, async || accept().await, sleeps).await;

                let path = folder.path().join("socket");
                let listener = UnixListener::bind(&path).unwrap();
                let connect = async || {
                    let client = UnixStream::connect(&path).await.unwrap();
                    clients.borrow_mut().push(Box::new(client));
                };
                fails_to_accept_and_recovers(connect, async || listener.accept().await, sleeps)
                    .await;
                far.write_all(b"pong").await.unwrap();
                far.read_exact(&mut [0; 4]).await.unwrap();
            });
        }
    });
}

/// One request and its answer.
fn ask(mut client: &StdStream) -> io::Result<()> {
    client.write_all(GET)?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte)?;
        answer.push(byte[0]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    client.read_exact(&mut [0; 10])
}

/// CPU time that a process has used, in ticks of 10 ms.
fn ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn a_server_without_descriptors_serves_on_does_not_spin_and_accepts_again_later() {
    for backend in BackendKind::ALL {
        let args = ["--files", "1", "--size", "10", "--backend", backend.name()];
        let server = AlbumServer::with_descriptors(32, args);
        let connect = |_| {
            let client = StdStream::connect(server.address()).unwrap();
            client.set_read_timeout(Some(PATIENCE)).unwrap();
            client
        };
        let mut clients: Vec<StdStream> = (0..60).map(connect).collect();
        clients[..10].iter().for_each(|client| ask(client).unwrap());
        // The last of them is not accepted: it gets no answer.
        let last = clients.pop().unwrap();
        (&last).write_all(GET).unwrap();
        last.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let before = ticks(server.pid());
        assert!((&last).read(&mut [0]).is_err(), "it has more descriptors than it should");
        thread::sleep(Duration::from_millis(700));
        let used = ticks(server.pid()) - before;
        assert!(used < 30, "{backend:?}: it used {used} of 100 ticks to do nothing");
        clients[..10].iter().for_each(|client| ask(client).unwrap());
        // There is room when others leave.
        drop(clients);
        last.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut answer = [0; 12];
        (&last).read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_connection_that_was_given_up_and_a_signal_do_not_disturb_a_server_that_accepts() {
    let Some(strace) = tools::strace() else { return };
    for error in ["ECONNABORTED", "EINTR"] {
        let folder = Folder::new();
        let injected = format!("inject=accept4:error={error}:when=1..3");
        let args = ["--files", "1", "--size", "10"];
        let server = AlbumServer::under_strace(&strace, &injected, &folder.at("log"), args);
        let start = std::time::Instant::now();
        ask(&StdStream::connect(server.address()).unwrap()).unwrap();
        let took = start.elapsed();
        // Strace writes a line when the call has ended.
        let log = wait_for("the log", || {
            let log = fs::read_to_string(folder.path().join("log")).unwrap();
            log.contains(") = ").then_some(log)
        });
        assert_eq!(log.matches("(INJECTED)").count(), 3, "{log}");
        // A failure of the server's own would be waited out, 100 ms each.
        assert!(took < Duration::from_millis(300), "{error}: {took:?}");
    }
}

// ─── Many ───────────────────────────────────────────────────────────────────────────────────────

async fn answered(stream: &mut TcpStream) {
    stream.write_all(GET).await.unwrap();
    let mut answer = Vec::new();
    loop {
        let mut block = [0; 512];
        let length = stream.read(&mut block).await.unwrap();
        assert!(length > 0, "the server has hung up");
        answer.extend_from_slice(&block[..length]);
        let head = answer.windows(4).position(|end| end == b"\r\n\r\n");
        if head.is_some_and(|head| answer.len() == head + 4 + 10) {
            break;
        }
    }
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
}

#[test]
fn ten_thousand_connections_are_all_answered_and_answered_again() {
    const COUNT: usize = 10_000;
    let enough = COUNT as u64 + 200;
    if getrlimit(Resource::RLIMIT_NOFILE).unwrap().1 < enough {
        return tools::skip(&format!("a process may not have {enough} descriptors here"));
    }
    alone("ten_thousand_connections_are_all_answered_and_answered_again", || {
        allow_descriptors(enough);
        for backend in BackendKind::ALL {
            let args = ["--files", "1", "--size", "10", "--backend", backend.name()];
            let server = AlbumServer::with_descriptors(enough, args);
            let address: SocketAddr = server.address().parse().unwrap();
            let everything = async {
                let connecting = (0..COUNT).map(|_| TcpStream::connect(address));
                // More at once than the kernel lets wait to be accepted would be sent off.
                let connecting = futures::stream::iter(connecting).buffer_unordered(512);
                let mut streams: Vec<_> = connecting.map(|stream| stream.unwrap()).collect().await;
                for _ in 0..2 {
                    let asked = streams.into_iter().map(|mut stream| async move {
                        answered(&mut stream).await;
                        stream
                    });
                    streams = join_all(asked).await;
                }
                assert_eq!(streams.len(), COUNT);
            };
            let runtime = Builder::new().backend(backend).build().unwrap();
            let done = runtime.block_on(timeout(PATIENCE, everything));
            assert!(done.is_ok(), "not all were answered on {backend:?}");
        }
    });
}
