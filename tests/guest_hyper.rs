//! hyper as a guest: its server and client, HTTP/1 and HTTP/2, on sockets of this loop and by its clock.

#![cfg(feature = "hyper")]

#[path = "support/duplex.rs"]
mod duplex;
#[path = "support/guest.rs"]
mod guest;
mod support;
#[allow(dead_code)]
#[path = "e2e_support/tools.rs"]
mod tools;

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::io::Write;
use std::pin::pin;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use duplex::duplex;
use futures::channel::oneshot;
use futures::future::{Either, join_all, select};
use futures::{AsyncReadExt, AsyncWriteExt, StreamExt, stream};
use glassloop::hyper::{Executor, HyperIo, Timer};
use glassloop::net::{TcpListener, TcpSocket, TcpStream};
use glassloop::task::spawn_blocking;
use glassloop::time::{self, Instant, sleep};
use glassloop::{Runtime, spawn};
use guest::{Http, bytes, curl_has_http2, numbered, request};
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, server};
use support::{Flag, builder, pair, run, run_on, settle, turns};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

fn paused() -> Runtime {
    builder().start_paused(true).build().unwrap()
}

/// Gives back the body of a request.
async fn echo(request: Request<Incoming>) -> Result<Response<Incoming>, Infallible> {
    Ok(Response::new(request.into_body()))
}

// ─── Others ask it ──────────────────────────────────────────────────────────────────────────────

/// What curl prints when it sends `body` to one URL after another.
fn curl(option: &str, urls: &[String], body: &[u8]) -> Vec<u8> {
    let mut curl = Command::new("curl")
        .args(["--silent", "--show-error", "--max-time", "30", "--data-binary", "@-"])
        .args(["--write-out", "|%{http_version} %{num_connects}|", option])
        .args(urls)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = curl.stdin.take().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(body).unwrap());
        let output = curl.wait_with_output().unwrap();
        assert!(output.status.success(), "curl {option}: {}", output.status);
        output.stdout
    })
}

/// Whether curl got its body back from each of the URLs, over one connection.
fn curl_gets_back_what_it_sends(http: Http, option: &'static str, version: &str, urls: usize) {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            http.serve(stream, service_fn(echo)).await
        });
        let body = numbered(1_000_003);
        let sent = body.clone();
        let asking = spawn_blocking(move || curl(option, &vec![url; urls], &sent));
        let expected = (0..urls).flat_map(|number| {
            let end = format!("|{version} {}|", usize::from(number == 0));
            [&body[..], end.as_bytes()].concat()
        });
        let got = asking.await.unwrap();
        assert!(got == expected.collect::<Vec<_>>(), "{http:?}: curl got {} bytes", got.len());
        server.await.unwrap().unwrap();
    });
}

#[test]
fn curl_is_served_over_http1_and_its_connection_kept() {
    if tools::find("curl").is_some() {
        curl_gets_back_what_it_sends(Http::One, "--http1.1", "1.1", 2);
    }
}

#[test]
fn curl_is_served_over_http2() {
    if tools::find("curl").is_none() {
        return;
    }
    if !curl_has_http2() {
        return tools::skip("this curl has no HTTP/2");
    }
    // Once only: some curls (7.88) fail with "framing layer" when they use such a connection again, with
    // nginx as well.
    curl_gets_back_what_it_sends(Http::Two, "--http2-prior-knowledge", "2", 1);
}

// ─── Bodies ─────────────────────────────────────────────────────────────────────────────────────

#[test]
fn large_bodies_go_both_ways_at_once_and_arrive_whole() {
    for http in Http::BOTH {
        run(async {
            let (near, far) = pair().await;
            let server = spawn(http.serve(far, service_fn(echo)));
            let (mut sender, connection) = http.ask(near).await;
            for length in [0, 1, 16 * 1024, 16 * 1024 + 1, 3_000_001] {
                let body = numbered(length);
                let response = sender.send(request("POST", "/", Full::new(body.clone()))).await;
                assert!(bytes(response.unwrap()).await == body, "{http:?}: {length} bytes");
            }
            drop(sender);
            connection.await.unwrap().unwrap();
            server.await.unwrap().unwrap();
        });
    }
}

const PIECE: usize = 16 * 1024;
const PIECES: usize = 1000;

/// A body of 16 MB that counts the pieces it has been asked for.
fn counted(asked_for: &Rc<Cell<usize>>) -> impl Body<Data = Bytes, Error = Infallible> + use<> {
    let asked_for = Rc::clone(asked_for);
    let piece = Bytes::from(vec![b'x'; PIECE]);
    StreamBody::new(stream::iter(0..PIECES).map(move |number| {
        asked_for.set(number + 1);
        Ok(Frame::data(piece.clone()))
    }))
}

/// How many pieces have been asked for when no more are.
async fn at_rest(asked_for: &Cell<usize>) -> usize {
    loop {
        let before = asked_for.get();
        sleep(Duration::from_millis(50)).await;
        if before > 0 && asked_for.get() == before {
            return before;
        }
    }
}

/// Two ends that hold little, so that it shows who waits for whom.
async fn narrow_pair() -> (TcpStream, TcpStream) {
    let socket = || {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(64 * 1024).unwrap();
        socket.set_send_buffer_size(64 * 1024).unwrap();
        socket
    };
    let listener = socket();
    listener.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = listener.listen(1).unwrap();
    let near = socket().connect(listener.local_addr().unwrap()).await.unwrap();
    (near, listener.accept().await.unwrap().0)
}

#[test]
fn a_response_that_is_not_read_holds_its_server_back() {
    for http in Http::BOTH {
        run(async {
            let (near, far) = narrow_pair().await;
            let asked_for = Rc::new(Cell::new(0));
            let count = Rc::clone(&asked_for);
            let answer = move |_| {
                let body = counted(&count);
                async { Ok::<_, Infallible>(Response::new(body)) }
            };
            spawn(http.serve(far, service_fn(answer)));
            let (mut sender, _connection) = http.ask(near).await;
            let response = sender.send(request("GET", "/", Empty::new())).await.unwrap();
            let held = at_rest(&asked_for).await;
            assert!(held < PIECES / 4, "{http:?}: {held} of {PIECES} pieces were produced unread");
            assert_eq!(bytes(response).await.len(), PIECE * PIECES);
            assert_eq!(asked_for.get(), PIECES);
        });
    }
}

#[test]
fn a_request_that_is_not_read_holds_its_client_back() {
    for http in Http::BOTH {
        run(async {
            let (near, far) = narrow_pair().await;
            let read_it = Flag::default();
            let may_read = read_it.clone();
            let answer = move |request: Request<Incoming>| {
                let may_read = may_read.clone();
                async move {
                    while !may_read.is_up() {
                        settle().await;
                    }
                    let length = request.into_body().collect().await.unwrap().to_bytes().len();
                    Ok::<_, Infallible>(Response::new(length.to_string()))
                }
            };
            spawn(http.serve(far, service_fn(answer)));
            let (mut sender, _connection) = http.ask(near).await;
            let asked_for = Rc::new(Cell::new(0));
            let body = Box::pin(counted(&asked_for));
            let sent = spawn(async move { sender.send(request("POST", "/", body)).await });
            let held = at_rest(&asked_for).await;
            assert!(held < PIECES / 4, "{http:?}: {held} of {PIECES} pieces were produced unread");
            read_it.raise();
            let response = sent.await.unwrap().unwrap();
            assert_eq!(bytes(response).await, (PIECE * PIECES).to_string());
        });
    }
}

// ─── Time ───────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_head_that_does_not_come_in_time_ends_its_connection_by_the_loops_clock() {
    paused().block_on(async {
        let (mut near, far) = duplex(1024);
        let mut http1 = server::conn::http1::Builder::new();
        http1.timer(Timer).header_read_timeout(HOUR);
        let connection = http1.serve_connection(HyperIo::new(far), service_fn(echo));
        let start = Instant::now();
        let server = spawn(async move { (connection.await, start.elapsed()) });

        // A whole request resets the limit; the next one is not finished.
        sleep(HOUR - SECOND).await;
        near.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
        near.read_exact(&mut [0; 12]).await.unwrap();
        sleep(HOUR - SECOND).await;
        near.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();

        let (result, took) = server.await.unwrap();
        assert!(result.unwrap_err().is_timeout());
        assert_eq!(took, HOUR - SECOND + HOUR);
    });
}

#[test]
fn a_peer_that_does_not_answer_a_ping_is_given_up_by_the_loops_clock() {
    paused().block_on(async {
        let (mut near, far) = duplex(1024);
        let mut http2 = server::conn::http2::Builder::new(Executor);
        http2.timer(Timer).keep_alive_interval(10 * SECOND).keep_alive_timeout(20 * SECOND);
        let connection = http2.serve_connection(HyperIo::new(far), service_fn(echo));
        // The preface and empty settings: all a client has to say, and it never says more.
        near.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
        let start = Instant::now();
        assert!(connection.await.is_err());
        assert_eq!(start.elapsed(), 30 * SECOND);
    });
}

#[test]
fn a_hundred_requests_on_one_http2_connection_wait_side_by_side() {
    paused().block_on(async {
        let (near, far) = duplex(1024);
        // A service that holds what is not Send, and waits by this loop's clock.
        let served = Rc::new(RefCell::new(Vec::new()));
        let log = Rc::clone(&served);
        let answer = move |request: Request<Incoming>| {
            let log = Rc::clone(&log);
            async move {
                sleep(HOUR).await;
                log.borrow_mut().push(request.uri().path().to_owned());
                Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
            }
        };
        spawn(Http::Two.serve(far, service_fn(answer)));
        let (sender, _connection) = Http::Two.ask::<_, Empty<Bytes>>(near).await;
        let guest::Sender::Two(sender) = sender else { unreachable!() };
        let start = Instant::now();
        let asked =
            (0..100).map(|number| {
                let mut sender = sender.clone();
                async move {
                    sender.send_request(request("GET", &format!("/{number}"), Empty::new())).await
                }
            });
        for response in join_all(asked).await {
            assert_eq!(response.unwrap().status(), 200);
        }
        assert_eq!(start.elapsed(), HOUR);
        let expected: Vec<_> = (0..100).map(|number| format!("/{number}")).collect();
        assert_eq!(*served.borrow(), expected);
    });
}

// ─── What is left behind ────────────────────────────────────────────────────────────────────────

#[test]
fn a_connection_whose_task_is_dropped_leaves_nothing_behind() {
    for http in Http::BOTH {
        let runtime = builder().watch(true).build().unwrap();
        run_on(&runtime, async {
            let (near, far) = pair().await;
            let (asked, dropped) = (Flag::default(), Flag::default());
            let (has_come, gone) = (asked.clone(), dropped.clone());
            let never = service_fn(move |_| {
                has_come.raise();
                let gone = gone.on_drop();
                async move {
                    let _gone = gone;
                    std::future::pending::<Result<Response<String>, Infallible>>().await
                }
            });
            let server = spawn(http.serve(far, never));
            let (mut sender, connection) = http.ask(near).await;
            let client =
                spawn(async move { sender.send(request("GET", "/", Empty::<Bytes>::new())).await });
            while !asked.is_up() {
                settle().await;
            }
            // Both ends wait in the selector now. The server goes, and takes the answer in the making along.
            server.abort();
            assert!(server.await.unwrap_err().is_cancelled());
            assert!(client.await.unwrap().is_err(), "the client was not told");
            let _ = connection.await.unwrap();
            turns(3).await;
            assert!(dropped.is_up(), "{http:?}: the answer is still in the making");
        });
        let left = runtime.snapshot().unwrap().tasks;
        assert!(left.is_empty(), "{http:?}: {left:?}");
        // A source that is still registered would keep a paused clock from jumping.
        runtime.block_on(async {
            time::pause();
            let (late, real_seconds) = oneshot::channel::<()>();
            thread::spawn(move || {
                thread::sleep(4 * SECOND);
                drop(late);
            });
            let an_hour = pin!(sleep(HOUR));
            let first = select(an_hour, real_seconds).await;
            assert!(matches!(first, Either::Left(_)), "{http:?}: a source is still registered");
        });
    }
}
