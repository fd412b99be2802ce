//! The async pump: sends requests and reads responses on a stream that it waits for with `.await`. Put it
//! beside `blocking.rs`: the two differ in how they wait and in nothing else. What does not wait is in
//! `connection.rs`.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::{fmt, io};

use ::http::{HeaderMap, StatusCode};
use futures_io::{AsyncRead, AsyncWrite};
use url::Url;

use super::connection::{Connection, DRAIN, Loan, Next, Shared, Spare};
use super::redirect::next_request;
use super::request::without_credentials;
use super::{Error, Origin, Request, ResponseHead, framing};

/// Opens connections for a [`Session`]. A function from an [`Origin`] to a future is one.
pub trait Connect {
    /// What comes out.
    type Stream: AsyncRead + AsyncWrite + Unpin;

    /// Opens a connection to `origin`; encrypted, if that [is https](Origin::is_https).
    fn connect(&self, origin: &Origin) -> impl Future<Output = io::Result<Self::Stream>>;
}

impl<F, Opening, S> Connect for F
where
    F: Fn(&Origin) -> Opening,
    Opening: Future<Output = io::Result<S>>,
    S: AsyncRead + AsyncWrite + Unpin,
{
    type Stream = S;

    fn connect(&self, origin: &Origin) -> impl Future<Output = io::Result<S>> {
        self(origin)
    }
}

/// Sends requests, follows redirects, and keeps connections for the next request. Its clones share the
/// connections.
///
/// ```no_run
/// use futures::{executor::block_on, io::AllowStdIo};
/// use glassloop::http::{Origin, Session};
///
/// /// Waiting for this stream blocks: good enough for a loop with one task.
/// async fn connect(origin: Origin) -> std::io::Result<AllowStdIo<std::net::TcpStream>> {
///     Ok(AllowStdIo::new(std::net::TcpStream::connect((origin.host(), origin.port()))?))
/// }
///
/// let session = Session::new(|origin: &Origin| connect(origin.clone()));
/// let body = block_on(async {
///     let mut response = session.get("http://127.0.0.1:8000/1.png").await?;
///     response.bytes(1 << 20).await
/// })?;
/// println!("{} bytes", body.len());
/// # Ok::<(), glassloop::http::Error>(())
/// ```
pub struct Session<C: Connect> {
    connect: Rc<C>,
    pool: Shared<C::Stream>,
    spare: Spare,
}

impl<C: Connect> Clone for Session<C> {
    fn clone(&self) -> Self {
        Session {
            connect: self.connect.clone(),
            pool: self.pool.clone(),
            spare: self.spare.clone(),
        }
    }
}

impl<C: Connect> Session<C> {
    /// A session without connections yet.
    pub fn new(connect: C) -> Self {
        Session { connect: Rc::new(connect), pool: Shared::default(), spare: Spare::default() }
    }

    /// Asks for what is at `url`. A 404 is a response, not an error.
    ///
    /// # Errors
    /// As [`parse_url`](super::parse_url) and [`send`](Self::send).
    pub async fn get(&self, url: &str) -> Result<Response<C::Stream>, Error> {
        self.send(Request::get(url)?).await
    }

    /// Sends `request`, follows redirects, and returns the last response as soon as its head is there.
    ///
    /// # Errors
    /// When no connection can be made or it breaks, the response is malformed, or a redirect must not be
    /// followed. There is no time limit: drop the future to give up.
    pub async fn send(&self, mut request: Request) -> Result<Response<C::Stream>, Error> {
        let mut hops = 0;
        loop {
            let mut response = self.exchange(&request).await?;
            let next = next_request(&request, response.status, &response.headers, hops)?;
            let Some(next) = next else { return Ok(response) };
            response.drain().await;
            request = next;
            hops += 1;
        }
    }

    /// Sends one request and reads the head of its response.
    // ANCHOR: exchange
    async fn exchange(&self, request: &Request) -> Result<Response<C::Stream>, Error> {
        let origin = Origin::of(&request.url)?;
        let bytes = request.encode()?;
        if let Some(mut connection) = self.idle(&origin).await {
            connection.begin(request);
            match round_trip(&mut connection, &bytes).await {
                Ok(head) => return Ok(self.response(request, head, connection)),
                // THE RETRY. The server may have closed an idle connection just when we took it. Once, on
                // a new connection; only if not a byte came back; only what may safely be done twice.
                Err(error) if connection.was_stale(&error) && request.method.is_idempotent() => {}
                Err(error) => return Err(error),
            }
        }
        let stream = self.connect.connect(&origin).await;
        let stream = stream.map_err(|cause| Error::Connect { origin: origin.clone(), cause })?;
        let spare = self.spare.clone();
        let mut connection = Box::new(Connection::new(origin, stream, request, spare));
        let head = round_trip(&mut connection, &bytes).await?;
        Ok(self.response(request, head, connection))
    }
    // ANCHOR_END: exchange

    // ANCHOR: idle
    /// An idle connection that the server has neither closed nor written to.
    async fn idle(&self, origin: &Origin) -> Option<Box<Connection<C::Stream>>> {
        loop {
            let mut connection = self.pool.borrow_mut().take(origin)?;
            if is_quiet(&mut connection.stream).await {
                return Some(connection);
            }
        }
    }
    // ANCHOR_END: idle

    fn response(
        &self,
        request: &Request,
        head: ResponseHead,
        connection: Box<Connection<C::Stream>>,
    ) -> Response<C::Stream> {
        let ResponseHead { status, headers, .. } = head;
        let url = without_credentials(&request.url);
        Response { status, headers, url, loan: Loan::new(connection, self.pool.clone()) }
    }
}

/// A response whose body is still to be read. Dropping it before its body has ended closes the connection.
pub struct Response<S> {
    /// 200, 404, …
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// Where the response came from: after all redirects, without user name and password.
    pub url: Url,
    loan: Loan<S>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Response<S> {
    /// The length of the body, if it was announced. For HEAD: that of the body GET would bring.
    pub fn content_length(&self) -> Option<u64> {
        framing::content_length(&self.headers).ok().flatten()
    }

    /// The headers that came after a chunked body; `None` before its end.
    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.loan.trailers()
    }

    /// The next piece of the body, as large as one read brought, or `None` at its end. Dropping the future
    /// loses nothing.
    ///
    /// # Errors
    /// When the connection breaks, the body is malformed or shorter than announced; ever after, too.
    // ANCHOR: chunk
    pub async fn chunk(&mut self) -> Result<Option<&[u8]>, Error> {
        let data = loop {
            let Some(connection) = self.loan.connection() else { return Ok(None) };
            match connection.next()? {
                Next::Data(data) => break data,
                Next::End => self.loan.end(),
                Next::Read | Next::Head(_) => read(connection).await?,
            }
        };
        Ok(Some(self.loan.data(data)))
    }
    // ANCHOR_END: chunk

    /// The rest of the body, if it is no longer than `limit` bytes.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk), and [`Error::TooLarge`].
    pub async fn bytes(&mut self, limit: usize) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if chunk.len() > limit - bytes.len() {
                return Err(Error::TooLarge { url: Box::new(self.url.clone()), limit });
            }
            bytes.extend_from_slice(chunk);
        }
        Ok(bytes)
    }

    /// Reads a small body to its end, so that the connection can be used again.
    async fn drain(&mut self) {
        if self.loan.may_drain() {
            // If that fails, the connection is closed with the response: nothing else depends on it.
            let _ = self.bytes(DRAIN).await;
        }
    }
}

impl<S> fmt::Debug for Response<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({} from {})", self.status, self.url)
    }
}

/// Sends a request, and reads up to the head of the response.
async fn round_trip<S: AsyncRead + AsyncWrite + Unpin>(
    connection: &mut Connection<S>,
    bytes: &[u8],
) -> Result<ResponseHead, Error> {
    let sent = write_all(&mut connection.stream, bytes).await;
    sent.map_err(|cause| Error::Send { origin: connection.origin.clone(), cause })?;
    loop {
        match connection.next()? {
            Next::Head(head) => return Ok(head),
            _ => read(connection).await?,
        }
    }
}

// ANCHOR: read
/// Waits for bytes from the server, and takes what is there.
async fn read<S: AsyncRead + Unpin>(connection: &mut Connection<S>) -> Result<(), Error> {
    let result = poll_fn(|cx| {
        let (stream, space) = connection.space();
        let polled = Pin::new(stream).poll_read(cx, space);
        if polled.is_pending() {
            connection.lend_buffer();
        }
        polled
    });
    let result = result.await;
    connection.received(result)
}
// ANCHOR_END: read

async fn write_all<S: AsyncWrite + Unpin>(stream: &mut S, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match poll_fn(|cx| Pin::new(&mut *stream).poll_write(cx, bytes)).await? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            count => bytes = &bytes[count..],
        }
    }
    poll_fn(|cx| Pin::new(&mut *stream).poll_flush(cx)).await
}

// ANCHOR: is_quiet
/// Whether an idle connection has nothing to read. An end or an error means that it is closed; bytes nobody
/// asked for would be taken for the response to the next request.
async fn is_quiet<S: AsyncRead + Unpin>(stream: &mut S) -> bool {
    let mut byte = [0];
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *stream).poll_read(cx, &mut byte).is_pending())).await
}
// ANCHOR_END: is_quiet
