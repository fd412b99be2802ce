//! hyper's server on this loop under ten thousand connections of another process. That is this program once
//! more, and its clients are hyper's as well.

#![cfg(feature = "hyper")]

#[path = "support/guest.rs"]
mod guest;
#[allow(dead_code)]
#[path = "e2e_support/tools.rs"]
mod tools;

use std::cell::Cell;
use std::convert::Infallible;
use std::env;
use std::future::ready;
use std::net::SocketAddr;
use std::process::{Child, Command};
use std::rc::Rc;
use std::time::Duration;

use futures::StreamExt;
use glassloop::net::{TcpListener, TcpStream};
use glassloop::runtime::{BackendKind, Builder};
use glassloop::spawn;
use glassloop::task::{join_all, spawn_blocking};
use glassloop::time::{sleep, timeout};
use guest::{Http, Sender, bytes, request};
use http_body_util::Empty;
use hyper::Response;
use hyper::body::Bytes;
use hyper::service::service_fn;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

const COUNT: usize = 10_000;
const TEST: &str = "ten_thousand_kept_connections_of_another_process_are_answered_twice";
const ADDRESS: &str = "GLASSLOOP_TEST_ADDRESS";
/// Far more than it takes: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn ten_thousand_kept_connections_of_another_process_are_answered_twice() {
    let enough = COUNT as u64 + 200;
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    if most < enough {
        return tools::skip(&format!("a process may not have {enough} descriptors here"));
    }
    setrlimit(Resource::RLIMIT_NOFILE, enough, most).unwrap();
    for backend in BackendKind::ALL {
        let runtime = Builder::new().backend(backend).build().unwrap();
        let work = async {
            match env::var(ADDRESS) {
                Ok(address) => ask_all(address.parse().unwrap()).await,
                Err(_) => serve_all().await,
            }
        };
        runtime.block_on(timeout(PATIENCE, work)).expect("not all were answered");
        if env::var_os(ADDRESS).is_some() {
            return; // the clients need only one backend
        }
    }
}

// ─── The server ─────────────────────────────────────────────────────────────────────────────────

#[derive(Default)]
struct Counts {
    open: Cell<usize>,
    most_open: Cell<usize>,
    answered: Cell<usize>,
}

async fn serve_all() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut clients = start_clients(listener.local_addr().unwrap());
    let counts = Rc::new(Counts::default());
    let accepting = spawn(accept(listener, Rc::clone(&counts)));
    let ended = spawn_blocking(move || clients.wait()).await.unwrap().unwrap();
    assert!(ended.success(), "the clients: {ended}");
    assert_eq!((counts.most_open.get(), counts.answered.get()), (COUNT, 2 * COUNT));
    // They have gone, and the server notices each of them.
    while counts.open.get() > 0 {
        sleep(Duration::from_millis(10)).await;
    }
    accepting.abort();
}

async fn accept(listener: TcpListener, counts: Rc<Counts>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let counts = Rc::clone(&counts);
        spawn(async move {
            counts.open.set(counts.open.get() + 1);
            counts.most_open.set(counts.most_open.get().max(counts.open.get()));
            let count = Rc::clone(&counts);
            let answer = move |_| {
                count.answered.set(count.answered.get() + 1);
                ready(Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())))
            };
            // A client whose process has ended may have reset its connection.
            let _ = Http::One.serve(stream, service_fn(answer)).await;
            counts.open.set(counts.open.get() - 1);
        });
    }
}

/// The other process. Should this one fail, it ends for want of answers.
fn start_clients(server: SocketAddr) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", TEST, "--nocapture"]).env(ADDRESS, server.to_string());
    command.spawn().unwrap()
}

// ─── The clients ────────────────────────────────────────────────────────────────────────────────

async fn ask_all(server: SocketAddr) {
    let connecting = (0..COUNT).map(|_| async move {
        let stream = TcpStream::connect(server).await.unwrap();
        Http::One.ask::<_, Empty<Bytes>>(stream).await.0
    });
    // More at once than the kernel lets wait to be accepted would be sent off.
    let connecting = futures::stream::iter(connecting).buffer_unordered(512);
    let mut senders: Vec<Sender<_>> = connecting.collect().await;
    for _ in 0..2 {
        let asked = senders.into_iter().map(|mut sender| async move {
            let response = sender.send(request("GET", "/", Empty::new())).await.unwrap();
            assert_eq!(response.status(), 200);
            bytes(response).await;
            sender
        });
        senders = join_all(asked).await;
    }
    assert_eq!(senders.len(), COUNT);
}
