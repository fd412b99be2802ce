//! hyper's two versions of HTTP behind one door, so that a test can hold both to the same promise.
#![allow(dead_code)] // each file of tests uses a part of it

use std::error::Error;
use std::process::Command;

use futures::{AsyncRead, AsyncWrite};
use glassloop::hyper::{Executor, HyperIo, Timer};
use glassloop::runtime::JoinHandle;
use glassloop::spawn;
use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Incoming};
use hyper::service::HttpService;
use hyper::{Request, Response, client, server};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Http {
    One,
    Two,
}

impl Http {
    pub(crate) const BOTH: [Self; 2] = [Self::One, Self::Two];

    /// Serves one connection to its end.
    pub(crate) async fn serve<T, S>(self, stream: T, service: S) -> hyper::Result<()>
    where
        T: AsyncRead + AsyncWrite + Unpin,
        S: HttpService<Incoming, ResBody: Body<Data = Bytes> + 'static>,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        S::Future: 'static,
        <S::ResBody as Body>::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let stream = HyperIo::new(stream);
        match self {
            Self::One => {
                let mut http1 = server::conn::http1::Builder::new();
                http1.timer(Timer).serve_connection(stream, service).await
            }
            Self::Two => {
                let mut http2 = server::conn::http2::Builder::new(Executor);
                http2.timer(Timer).serve_connection(stream, service).await
            }
        }
    }

    /// A client on this stream. The task drives the connection until that ends.
    pub(crate) async fn ask<T, B>(self, stream: T) -> (Sender<B>, JoinHandle<hyper::Result<()>>)
    where
        T: AsyncRead + AsyncWrite + Unpin + 'static,
        B: Body<Data = Bytes> + Unpin + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let stream = HyperIo::new(stream);
        match self {
            Self::One => {
                let (sender, connection) = client::conn::http1::handshake(stream).await.unwrap();
                (Sender::One(sender), spawn(connection))
            }
            Self::Two => {
                let mut http2 = client::conn::http2::Builder::new(Executor);
                let (sender, connection) = http2.timer(Timer).handshake(stream).await.unwrap();
                (Sender::Two(sender), spawn(connection))
            }
        }
    }
}

pub(crate) enum Sender<B> {
    One(client::conn::http1::SendRequest<B>),
    Two(client::conn::http2::SendRequest<B>),
}

impl<B: Body + 'static> Sender<B> {
    pub(crate) async fn send(&mut self, request: Request<B>) -> hyper::Result<Response<Incoming>> {
        match self {
            Self::One(sender) => sender.send_request(request).await,
            Self::Two(sender) => sender.send_request(request).await,
        }
    }
}

/// A request as both versions take it.
pub(crate) fn request<B>(method: &str, path: &str, body: B) -> Request<B> {
    let url = format!("http://h{path}");
    Request::builder().method(method).uri(url).header("Host", "h").body(body).unwrap()
}

pub(crate) async fn bytes(response: Response<Incoming>) -> Bytes {
    response.into_body().collect().await.unwrap().to_bytes()
}

/// Bytes that show when a piece is missing, doubled or out of place.
pub(crate) fn numbered(length: usize) -> Bytes {
    (0..length.div_ceil(4) as u32).flat_map(u32::to_le_bytes).take(length).collect()
}

/// Whether the curl of this machine was built with HTTP/2.
pub(crate) fn curl_has_http2() -> bool {
    let version = Command::new("curl").arg("--version").output().unwrap().stdout;
    String::from_utf8_lossy(&version).contains("HTTP2")
}
