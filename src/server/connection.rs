//! One connection of the server: reads a request, waits out the latency, writes the answer, and so on
//! until one side has had enough.

use std::io;
use std::pin::pin;
use std::time::Duration;

use futures_io::{AsyncRead, AsyncWrite};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::album::Content;
use super::{Options, index};
use crate::http::{CONTINUE, Refusal, RequestEvent, RequestHead, Requests};
use crate::time::{self, Instant};

/// A client that says nothing for so long is hung up on.
const IDLE: Duration = Duration::from_secs(75);
/// Bytes moved at once.
const BLOCK: usize = 64 * 1024;

pub(super) struct Connection<S> {
    stream: S,
    requests: Requests,
    /// What has been read and not yet been understood.
    pending: Vec<u8>,
    block: Vec<u8>,
}

/// What a request is answered with, once its head is written.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Body,
}

enum Body {
    Text(String),
    Content(Content),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, requests: Requests::default(), pending: Vec::new(), block: vec![0; BLOCK] }
    }

    /// Serves until the client leaves or must be left.
    ///
    /// # Errors
    /// When the connection breaks. Nobody is left to be told.
    pub(super) async fn serve(&mut self, options: &Options) -> io::Result<()> {
        loop {
            let request = match self.next_request().await? {
                Some(Ok(request)) => request,
                Some(Err(refusal)) => return self.write(&refusal.response()).await,
                None => return Ok(()),
            };
            time::sleep(options.latency).await;
            let answer = answer(&request, options);
            if !self.send(&request, answer, options.bandwidth).await? {
                return Ok(());
            }
        }
    }

    /// Reads a request to its end; its body is not needed. `None` when the client has left.
    async fn next_request(&mut self) -> io::Result<Option<Result<RequestHead, Refusal>>> {
        let mut request = None;
        loop {
            match self.requests.step(&self.pending) {
                Err(refusal) => return Ok(Some(Err(refusal))),
                Ok((consumed, event)) => {
                    self.pending.drain(..consumed);
                    match event {
                        Some(RequestEvent::Head(head)) => {
                            if head.expects_continue() {
                                self.write(CONTINUE).await?;
                            }
                            request = Some(head);
                        }
                        Some(RequestEvent::Data(_)) => {}
                        Some(RequestEvent::End) => return Ok(request.map(Ok)),
                        None => {
                            if !self.read().await? {
                                return Ok(None);
                            }
                        }
                    }
                }
            }
        }
    }

    /// Writes an answer; whether the connection stays open.
    async fn send(
        &mut self,
        request: &RequestHead,
        answer: Answer,
        bandwidth: Option<u64>,
    ) -> io::Result<bool> {
        let Answer { status, headers, body } = answer;
        let length = match &body {
            Body::Text(text) => text.len() as u64,
            Body::Content(content) => content.length,
        };
        let framing = request.framing_for(Some(length));
        let (mut out, stays_open) = request.respond(status, &headers, framing, false);
        match body {
            _ if request.method == Method::HEAD => self.write(&out).await?,
            Body::Text(text) => {
                out.extend_from_slice(text.as_bytes());
                self.write(&out).await?;
            }
            Body::Content(content) => self.send_content(out, content, bandwidth).await?,
        }
        Ok(stays_open)
    }

    /// Writes a head and the file after it, no faster than `bandwidth` bytes a second.
    async fn send_content(
        &mut self,
        head: Vec<u8>,
        mut content: Content,
        bandwidth: Option<u64>,
    ) -> io::Result<()> {
        let start = Instant::now();
        let mut block = std::mem::take(&mut self.block);
        // The head goes out with the first bytes of the body: one packet for a small file.
        let mut filled = head.len();
        block.resize(BLOCK.max(2 * filled), 0);
        block[..filled].copy_from_slice(&head);
        let mut left = content.length;
        loop {
            let space = usize::try_from(left).unwrap_or(usize::MAX).min(block.len() - filled);
            let count = content.read(&mut block[filled..filled + space])?;
            if count == 0 && left > 0 {
                // The length has been promised: all that is left to do is to break off.
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            left -= count as u64;
            self.write(&block[..filled + count]).await?;
            if left == 0 {
                break;
            }
            filled = 0;
            if let Some(bandwidth) = bandwidth {
                let sent = (content.length - left) as f64;
                time::sleep_until(start + Duration::from_secs_f64(sent / bandwidth as f64)).await;
            }
        }
        self.block = block;
        Ok(())
    }

    /// Reads what has come; whether the client is still there.
    async fn read(&mut self) -> io::Result<bool> {
        let mut stream = pin!(&mut self.stream);
        let block = &mut self.block;
        let read = std::future::poll_fn(|cx| stream.as_mut().poll_read(cx, block));
        let count = time::timeout(IDLE, read).await??;
        self.pending.extend_from_slice(&self.block[..count]);
        Ok(count > 0)
    }

    async fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let mut stream = pin!(&mut self.stream);
        while !bytes.is_empty() {
            let written = std::future::poll_fn(|cx| stream.as_mut().poll_write(cx, bytes));
            match time::timeout(IDLE, written).await?? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                count => bytes = &bytes[count..],
            }
        }
        Ok(())
    }
}

fn answer(request: &RequestHead, options: &Options) -> Answer {
    let path = request.path();
    if request.method != Method::GET && request.method != Method::HEAD {
        let mut answer =
            text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are served\n".into());
        answer.headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return answer;
    }
    if path.ends_with('/') {
        return match options.album.list(path) {
            Ok(names) => {
                let (page, media_type) = index::page(request, &names);
                let mut answer = text(StatusCode::OK, page);
                let media_type = HeaderValue::from_static(media_type);
                answer.headers.insert(header::CONTENT_TYPE, media_type);
                answer
            }
            Err(error) => refusal(path, &error),
        };
    }
    match options.album.open(path) {
        Ok(content) => Answer {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: Body::Content(content),
        },
        Err(error) => refusal(path, &error),
    }
}

fn refusal(path: &str, error: &io::Error) -> Answer {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            text(StatusCode::NOT_FOUND, format!("there is no {path} here\n"))
        }
        io::ErrorKind::PermissionDenied => {
            text(StatusCode::FORBIDDEN, format!("{path} may not be read\n"))
        }
        _ => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{path} cannot be read\n")),
    }
}

fn text(status: StatusCode, text: String) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Answer { status, headers, body: Body::Text(text) }
}
