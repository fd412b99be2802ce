//! An axum router on this loop. `axum::serve` needs tokio's runtime, so hyper's server carries the router: it is
//! a tower service, and hyper calls it for each request.
//!
//! `cargo run --example guest_axum`, or, to be asked by others,
//! `cargo run --example guest_axum -- serve 127.0.0.1:8000` and
//! `curl http://127.0.0.1:8000/square/7`.
//!
//! axum wants its handlers' futures `Send`. They may wait for this loop's time, which is; what is not (a socket,
//! say) is waited for by a task of its own, spawned through a [`Handle`], whose answer may cross threads.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use glassloop::hyper::{HyperIo, Timer};
use glassloop::net::{TcpListener, TcpStream};
use glassloop::time::{sleep, timeout};
use glassloop::{Handle, spawn};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::service::service_fn;
use hyper::{client, server};
use serde_json::{Value, json};
use tower::ServiceExt;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    glassloop::Runtime::new()?.block_on(async {
        match &arguments[..] {
            [] => show().await,
            [verb, address] if verb == "serve" => {
                let listener = TcpListener::bind(address.as_str()).await?;
                println!("http://{}/", listener.local_addr()?);
                Ok(serve(listener, router()).await?)
            }
            _ => Err("usage: guest_axum [serve ADDRESS]".into()),
        }
    })
}

// ─── The application ────────────────────────────────────────────────────────────────────────────

fn router() -> Router {
    let visits = Arc::new(AtomicU64::new(0));
    Router::new()
        .route("/visits", get(visit))
        .route("/square/{number}", get(square))
        .route("/sum", post(sum))
        .route("/greeting", get(greeting))
        .route("/slow", get(async || sleep(Duration::from_secs(3600)).await))
        .layer(from_fn(limited))
        .with_state(visits)
}

async fn visit(State(visits): State<Arc<AtomicU64>>) -> String {
    format!("visit {}", visits.fetch_add(1, Ordering::Relaxed) + 1)
}

async fn square(Path(number): Path<i64>) -> Json<Value> {
    Json(json!({ "number": number, "square": number.wrapping_mul(number) }))
}

async fn sum(Json(numbers): Json<Vec<i32>>) -> Json<Value> {
    Json(json!({ "sum": numbers.into_iter().map(i64::from).sum::<i64>() }))
}

/// Asks another server, over a socket that is not `Send`.
async fn greeting() -> std::result::Result<String, StatusCode> {
    let asked = Handle::current().spawn_with(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let near = TcpStream::connect(listener.local_addr()?).await?;
        listener.accept().await?.0.try_write(b"hello from a socket")?;
        near.readable().await?;
        let mut heard = [0; 64];
        let length = near.try_read(&mut heard)?;
        Ok::<_, io::Error>(String::from_utf8_lossy(&heard[..length]).into_owned())
    });
    match asked.await {
        Ok(Ok(heard)) => Ok(heard),
        _ => Err(StatusCode::BAD_GATEWAY),
    }
}

/// A limit for every answer. tower's own timeout would ask tokio for the time.
async fn limited(request: Request, next: Next) -> std::result::Result<Response, StatusCode> {
    let answer = timeout(Duration::from_millis(100), next.run(request)).await;
    answer.map_err(|_| StatusCode::GATEWAY_TIMEOUT)
}

// ─── What carries it ────────────────────────────────────────────────────────────────────────────

async fn serve(listener: TcpListener, router: Router) -> io::Result<()> {
    loop {
        let (stream, peer) = listener.accept().await?;
        let router = router.clone();
        spawn(async move {
            let service = service_fn(move |request| router.clone().oneshot(request));
            let mut http1 = server::conn::http1::Builder::new();
            let connection = http1.timer(Timer).serve_connection(HyperIo::new(stream), service);
            if let Err(error) = connection.await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

async fn show() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    spawn(serve(listener, router()));

    let stream = HyperIo::new(TcpStream::connect(address).await?);
    let (mut sender, connection) = client::conn::http1::handshake(stream).await?;
    spawn(connection);
    for (method, path, body) in [
        ("GET", "/visits", ""),
        ("GET", "/visits", ""),
        ("GET", "/square/12", ""),
        ("GET", "/square/dozen", ""),
        ("POST", "/sum", "[1, 2, 3]"),
        ("GET", "/greeting", ""),
        ("GET", "/slow", ""),
        ("GET", "/nowhere", ""),
    ] {
        let request = hyper::Request::builder()
            .method(method)
            .uri(path)
            .header("Host", address.to_string())
            .header("Content-Type", "application/json")
            .body(Full::<Bytes>::from(body))?;
        let response = sender.send_request(request).await?;
        let status = response.status().as_u16();
        let text = response.into_body().collect().await?.to_bytes();
        println!("{method:4} {path:13} {status} {}", String::from_utf8_lossy(&text));
    }
    Ok(())
}
