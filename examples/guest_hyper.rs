//! hyper on this loop: one server for HTTP/1 and HTTP/2, and a client of each.
//!
//! `cargo run --example guest_hyper`, or, to be asked by others,
//! `cargo run --example guest_hyper -- serve 127.0.0.1:8000` and
//! `curl http://127.0.0.1:8000/me` or `curl --http2-prior-knowledge http://127.0.0.1:8000/me`.

use std::cell::Cell;
use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use futures::join;
use glassloop::hyper::{Executor, HyperIo, Timer};
use glassloop::net::{TcpListener, TcpStream};
use glassloop::{spawn, time::sleep};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, client, server};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    glassloop::Runtime::new()?.block_on(async {
        match &arguments[..] {
            [] => show().await,
            [verb, address] if verb == "serve" => {
                let listener = TcpListener::bind(address.as_str()).await?;
                println!("http://{}/", listener.local_addr()?);
                Ok(serve(listener).await?)
            }
            _ => Err("usage: guest_hyper [serve ADDRESS]".into()),
        }
    })
}

// ─── The server ─────────────────────────────────────────────────────────────────────────────────

async fn serve(listener: TcpListener) -> io::Result<()> {
    // All connections count together, and without a lock: they are tasks of one thread.
    let answered = Rc::new(Cell::new(0));
    loop {
        let (stream, peer) = listener.accept().await?;
        let answered = Rc::clone(&answered);
        spawn(async move {
            if let Err(error) = converse(stream, answered).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

/// Answers on one connection until it ends.
async fn converse(stream: TcpStream, answered: Rc<Cell<u32>>) -> Result<()> {
    let service = service_fn(move |request| answer(request, Rc::clone(&answered)));
    if means_http2(&stream).await? {
        let mut http2 = server::conn::http2::Builder::new(Executor);
        http2.timer(Timer).serve_connection(HyperIo::new(stream), service).await?;
    } else {
        let mut http1 = server::conn::http1::Builder::new();
        http1.timer(Timer).serve_connection(HyperIo::new(stream), service).await?;
    }
    Ok(())
}

/// Whoever speaks HTTP/2 without being asked begins with `PRI`. A client that sends fewer bytes at first is
/// taken for one of HTTP/1.
async fn means_http2(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0; 3];
    let length = stream.peek(&mut first).await?;
    Ok(first[..length] == *b"PRI")
}

async fn answer(
    request: Request<Incoming>,
    answered: Rc<Cell<u32>>,
) -> std::result::Result<Response<String>, Infallible> {
    sleep(Duration::from_millis(20)).await;
    answered.set(answered.get() + 1);
    let (version, path, number) = (request.version(), request.uri().path(), answered.get());
    Ok(Response::new(format!("{version:?}: hello {path}, you are number {number}\n")))
}

// ─── The clients ────────────────────────────────────────────────────────────────────────────────

async fn show() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    spawn(serve(listener));
    over_http1(address).await?;
    over_http2(address).await
}

/// One request after another on one connection.
async fn over_http1(server: SocketAddr) -> Result<()> {
    let stream = HyperIo::new(TcpStream::connect(server).await?);
    let (mut sender, connection) = client::conn::http1::handshake(stream).await?;
    spawn(connection);
    for path in ["/first", "/second"] {
        // In HTTP/1 the client has to name the host itself.
        let request =
            Request::get(path).header("Host", server.to_string()).body(Empty::<Bytes>::new())?;
        print!("{}", text(sender.send_request(request).await?).await?);
    }
    Ok(())
}

/// Three at once on one connection; none waits for another.
async fn over_http2(server: SocketAddr) -> Result<()> {
    let stream = HyperIo::new(TcpStream::connect(server).await?);
    let mut http2 = client::conn::http2::Builder::new(Executor);
    let (sender, connection) = http2.timer(Timer).handshake(stream).await?;
    spawn(connection);
    let get = |path: &str| {
        let mut sender = sender.clone();
        let request = Request::get(format!("http://{server}{path}")).body(Empty::<Bytes>::new());
        async move { text(sender.send_request(request?).await?).await }
    };
    let (a, b, c) = join!(get("/a"), get("/b"), get("/c"));
    print!("{}{}{}", a?, b?, c?);
    Ok(())
}

async fn text(response: Response<Incoming>) -> Result<String> {
    Ok(String::from_utf8(response.into_body().collect().await?.to_bytes().into())?)
}
