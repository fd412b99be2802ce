//! An axum router and a websocket as guests of the loop.

#![cfg(feature = "hyper")]

#[path = "support/guest.rs"]
mod guest;
mod support;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_tungstenite::tungstenite::protocol::CloseFrame;
use async_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use async_tungstenite::tungstenite::{self, Bytes, Message};
use async_tungstenite::{WebSocketStream, accept_async, client_async};
use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::{SinkExt, StreamExt};
use glassloop::net::TcpStream;
use glassloop::runtime::JoinHandle;
use glassloop::time::sleep;
use glassloop::{Handle, spawn};
use guest::{Http, bytes, numbered, request};
use http_body_util::Full;
use hyper::service::service_fn;
use serde_json::{Value, json};
use support::{builder, pair, run, run_on};
use tower::ServiceExt;

// ─── axum ───────────────────────────────────────────────────────────────────────────────────────

type Visits = Arc<AtomicU64>;

fn router(visits: &Visits) -> Router {
    let visit = async |State(visits): State<Visits>| {
        (visits.fetch_add(1, Ordering::Relaxed) + 1).to_string()
    };
    let name = async |Path((folder, name)): Path<(String, u8)>| format!("{name} in {folder}");
    let sum =
        async |Json(numbers): Json<Vec<i64>>| Json(json!({ "sum": numbers.iter().sum::<i64>() }));
    let slow = async || sleep(Duration::from_millis(5)).await;
    // What a future that is not Send waits for, by way of a task of its own.
    let local = async || {
        let asked = Handle::current().spawn_with(|| async {
            let (near, far) = pair().await;
            far.try_write(b"local")?;
            near.readable().await?;
            near.try_read(&mut [0; 16])
        });
        asked.await.unwrap().map_err(|error: io::Error| error.to_string()).unwrap().to_string()
    };
    Router::new()
        .route("/visits", get(visit))
        .route("/{folder}/{number}", get(name))
        .route("/sum", post(sum))
        .route("/slow", get(slow))
        .route("/local", get(local))
        .with_state(Arc::clone(visits))
}

#[test]
fn an_axum_router_answers_by_path_json_and_state() {
    for http in Http::BOTH {
        let visits = Visits::default();
        run(async {
            let (near, far) = pair().await;
            let router = router(&visits);
            let service = service_fn(move |request| router.clone().oneshot(request));
            let server = spawn(http.serve(far, service));
            let (mut sender, connection) = http.ask(near).await;
            for (method, path, body, status, answer) in [
                ("GET", "/visits", "", 200, "1"),
                ("GET", "/visits", "", 200, "2"),
                ("GET", "/a%20folder/7", "", 200, "7 in a folder"),
                ("GET", "/folder/300", "", 400, "Invalid URL: "),
                ("POST", "/sum", "[1, 2, 39]", 200, r#"{"sum":42}"#),
                ("POST", "/sum", "[1, 2", 400, "Failed to parse the request body as JSON"),
                ("GET", "/slow", "", 200, ""),
                ("GET", "/local", "", 200, "5"),
                ("DELETE", "/visits", "", 405, ""),
                ("GET", "/nowhere", "", 404, ""),
            ] {
                let mut request = request(method, path, Full::<Bytes>::from(body));
                request.headers_mut().insert("Content-Type", "application/json".parse().unwrap());
                let response = sender.send(request).await.unwrap();
                assert_eq!(response.status(), status, "{http:?}: {method} {path}");
                let text = bytes(response).await;
                let text = String::from_utf8_lossy(&text);
                assert!(text.starts_with(answer), "{http:?}: {method} {path}: {text}");
            }
            drop(sender);
            connection.await.unwrap().unwrap();
            server.await.unwrap().unwrap();
        });
        assert_eq!(visits.load(Ordering::Relaxed), 2);
    }
}

#[test]
fn json_goes_in_and_out_of_a_router_whole() {
    let numbers: Vec<i64> = (0..100_000).collect();
    let body = serde_json::to_vec(&numbers).unwrap();
    run(async {
        let (near, far) = pair().await;
        let service = service_fn(move |request| router(&Visits::default()).oneshot(request));
        spawn(Http::One.serve(far, service));
        let (mut sender, _connection) = Http::One.ask(near).await;
        let mut request = request("POST", "/sum", Full::<Bytes>::from(body));
        request.headers_mut().insert("Content-Type", "application/json".parse().unwrap());
        let answer = bytes(sender.send(request).await.unwrap()).await;
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!(answer["sum"], numbers.iter().sum::<i64>());
    });
}

// ─── A websocket ────────────────────────────────────────────────────────────────────────────────

/// Says back what it hears until the other end closes.
async fn echo(stream: TcpStream) -> tungstenite::Result<()> {
    let mut socket = accept_async(stream).await?;
    while let Some(message) = socket.next().await {
        let message = message?;
        if message.is_text() || message.is_binary() {
            SinkExt::send(&mut socket, message).await?;
        }
    }
    Ok(())
}

/// A client whose other end echoes.
async fn websocket() -> (WebSocketStream<TcpStream>, JoinHandle<tungstenite::Result<()>>) {
    let (near, far) = pair().await;
    let server = spawn(echo(far));
    let (socket, response) = client_async("ws://localhost/", near).await.unwrap();
    assert_eq!(response.status(), 101);
    (socket, server)
}

#[test]
fn a_websocket_echoes_text_binary_ping_and_close() {
    run(async {
        let (mut socket, server) = websocket().await;
        let close = CloseFrame { code: CloseCode::Normal, reason: "that was all".into() };
        for (said, heard) in [
            (Message::text("grüezi"), Message::text("grüezi")),
            (Message::text(""), Message::text("")),
            (Message::binary(vec![0, 255, 13]), Message::binary(vec![0, 255, 13])),
            (Message::Ping("there?".into()), Message::Pong("there?".into())),
            // More than the sockets hold.
            (Message::Binary(numbered(8_000_003)), Message::Binary(numbered(8_000_003))),
            (Message::Close(Some(close.clone())), Message::Close(Some(close))),
        ] {
            SinkExt::send(&mut socket, said).await.unwrap();
            assert!(socket.next().await.unwrap().unwrap() == heard);
        }
        assert!(socket.next().await.is_none());
        server.await.unwrap().unwrap();
    });
}

#[test]
fn a_websocket_can_send_while_it_receives() {
    run(async {
        let (socket, server) = websocket().await;
        let (mut sender, mut receiver) = socket.split();
        let sending = spawn(async move {
            for number in 0..500_u32 {
                sender.send(Message::text(number.to_string())).await.unwrap();
            }
            sender.send(Message::Close(None)).await.unwrap();
        });
        for number in 0..500_u32 {
            let message = receiver.next().await.unwrap().unwrap();
            assert_eq!(message.to_text().unwrap(), number.to_string());
        }
        assert_eq!(receiver.next().await.unwrap().unwrap(), Message::Close(None));
        sending.await.unwrap();
        server.await.unwrap().unwrap();
    });
}

#[test]
fn a_websocket_whose_client_vanishes_ends_with_an_error_and_leaves_no_task() {
    let runtime = builder().watch(true).build().unwrap();
    run_on(&runtime, async {
        let (mut socket, server) = websocket().await;
        SinkExt::send(&mut socket, Message::text("hello")).await.unwrap();
        drop(socket); // without a word
        assert!(server.await.unwrap().is_err());
    });
    assert!(runtime.snapshot().unwrap().tasks.is_empty());
}
