//! The blocking pump: sends requests and reads responses on a stream whose `read` and `write` block. Put it
//! beside `session.rs`: the two differ in how they wait and in nothing else. What does not wait is in
//! `connection.rs`.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::rc::Rc;
use std::{fmt, io};

use ::http::{HeaderMap, StatusCode};
use url::Url;

use super::connection::{Connection, DRAIN, Loan, Next, Shared, Spare};
use super::redirect::next_request;
use super::request::without_credentials;
use super::{Error, Origin, Request, ResponseHead, framing};

#[cfg(feature = "tls")]
pub use super::tls::blocking::{TlsConnect, TlsStream};

/// Opens connections for a [`Session`]. A function from an [`Origin`] to a stream is one.
pub trait Connect {
    /// What comes out.
    type Stream: Read + Write;

    /// Opens a connection to `origin`; encrypted, if that [is https](Origin::is_https).
    fn connect(&self, origin: &Origin) -> io::Result<Self::Stream>;

    /// Whether an idle connection has nothing to read. An end or an error means that it is closed; bytes nobody
    /// asked for would be taken for the response to the next request.
    ///
    /// A blocking `read` cannot tell without waiting, so whoever knows the stream has to: for a `TcpStream`
    /// call [`is_quiet`]. Unless told otherwise it is believed to be quiet.
    fn is_quiet(&self, stream: &mut Self::Stream) -> bool {
        let _ = stream;
        true
    }
}

impl<F, S> Connect for F
where
    F: Fn(&Origin) -> io::Result<S>,
    S: Read + Write,
{
    type Stream = S;

    fn connect(&self, origin: &Origin) -> io::Result<S> {
        self(origin)
    }
}

/// Sends requests, follows redirects, and keeps connections for the next request. Its clones share the
/// connections.
///
/// ```no_run
/// use glassloop::http::{Origin, blocking::Session};
/// use std::net::TcpStream;
///
/// let session = Session::new(|origin: &Origin| TcpStream::connect((origin.host(), origin.port())));
/// let mut response = session.get("http://127.0.0.1:8000/1.png")?;
/// println!("{} bytes", response.bytes(1 << 20)?.len());
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
    pub fn get(&self, url: &str) -> Result<Response<C::Stream>, Error> {
        self.send(Request::get(url)?)
    }

    /// Sends `request`, follows redirects, and returns the last response as soon as its head is there.
    ///
    /// # Errors
    /// When no connection can be made or it breaks, the response is malformed, or a redirect must not be
    /// followed. There is no time limit but what the stream sets.
    pub fn send(&self, mut request: Request) -> Result<Response<C::Stream>, Error> {
        let mut hops = 0;
        loop {
            let mut response = self.exchange(&request)?;
            let next = next_request(&request, response.status, &response.headers, hops)?;
            let Some(next) = next else { return Ok(response) };
            response.drain();
            request = next;
            hops += 1;
        }
    }

    /// Sends one request and reads the head of its response.
    fn exchange(&self, request: &Request) -> Result<Response<C::Stream>, Error> {
        let origin = Origin::of(&request.url)?;
        let bytes = request.encode()?;
        if let Some(mut connection) = self.idle(&origin) {
            connection.begin(request);
            match round_trip(&mut connection, &bytes) {
                Ok(head) => return Ok(self.response(request, head, connection)),
                // THE RETRY. The server may have closed an idle connection just when we took it. Once, on
                // a new connection; only if not a byte came back; only what may safely be done twice.
                Err(error) if connection.was_stale(&error) && request.method.is_idempotent() => {}
                Err(error) => return Err(error),
            }
        }
        let stream = self.connect.connect(&origin);
        let stream = stream.map_err(|cause| Error::Connect { origin: origin.clone(), cause })?;
        let spare = self.spare.clone();
        let mut connection = Box::new(Connection::new(origin, stream, request, spare));
        let head = round_trip(&mut connection, &bytes)?;
        Ok(self.response(request, head, connection))
    }

    /// An idle connection that the server has neither closed nor written to.
    fn idle(&self, origin: &Origin) -> Option<Box<Connection<C::Stream>>> {
        loop {
            let mut connection = self.pool.borrow_mut().take(origin)?;
            if self.connect.is_quiet(&mut connection.stream) {
                return Some(connection);
            }
        }
    }

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

impl<S: Read + Write> Response<S> {
    /// The length of the body, if it was announced. For HEAD: that of the body GET would bring.
    pub fn content_length(&self) -> Option<u64> {
        framing::content_length(&self.headers).ok().flatten()
    }

    /// The headers that came after a chunked body; `None` before its end.
    pub fn trailers(&self) -> Option<&HeaderMap> {
        self.loan.trailers()
    }

    /// The next piece of the body, as large as one read brought, or `None` at its end.
    ///
    /// # Errors
    /// When the connection breaks, the body is malformed or shorter than announced; ever after, too.
    pub fn chunk(&mut self) -> Result<Option<&[u8]>, Error> {
        let data = loop {
            let Some(connection) = self.loan.connection() else { return Ok(None) };
            match connection.next()? {
                Next::Data(data) => break data,
                Next::End => self.loan.end(),
                Next::Read | Next::Head(_) => read(connection)?,
            }
        };
        Ok(Some(self.loan.data(data)))
    }

    /// The rest of the body, if it is no longer than `limit` bytes.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk), and [`Error::TooLarge`].
    pub fn bytes(&mut self, limit: usize) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk()? {
            if chunk.len() > limit - bytes.len() {
                return Err(Error::TooLarge { url: Box::new(self.url.clone()), limit });
            }
            bytes.extend_from_slice(chunk);
        }
        Ok(bytes)
    }

    /// Reads a small body to its end, so that the connection can be used again.
    fn drain(&mut self) {
        if self.loan.may_drain() {
            // If that fails, the connection is closed with the response: nothing else depends on it.
            let _ = self.bytes(DRAIN);
        }
    }
}

impl<S> fmt::Debug for Response<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({} from {})", self.status, self.url)
    }
}

/// Sends a request, and reads up to the head of the response.
fn round_trip<S: Read + Write>(
    connection: &mut Connection<S>,
    bytes: &[u8],
) -> Result<ResponseHead, Error> {
    let sent = write_all(&mut connection.stream, bytes);
    sent.map_err(|cause| Error::Send { origin: connection.origin.clone(), cause })?;
    loop {
        match connection.next()? {
            Next::Head(head) => return Ok(head),
            _ => read(connection)?,
        }
    }
}

/// Waits for bytes from the server, and takes what is there.
// ANCHOR: read
fn read<S: Read>(connection: &mut Connection<S>) -> Result<(), Error> {
    let (stream, space) = connection.space();
    let result = loop {
        match stream.read(space) {
            // A signal came in between: nothing is lost.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => break result,
        }
    };
    connection.received(result)
}
// ANCHOR_END: read

fn write_all<S: Write>(stream: &mut S, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes)?;
    stream.flush()
}

/// Whether an idle socket has nothing to read: neither bytes, nor an end, nor an error.
///
/// ```
/// use std::net::{TcpListener, TcpStream};
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let stream = TcpStream::connect(listener.local_addr()?)?;
/// assert!(glassloop::http::blocking::is_quiet(&stream));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn is_quiet(stream: &TcpStream) -> bool {
    let peeked = stream.set_nonblocking(true).and_then(|()| stream.peek(&mut [0]));
    let quiet = peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
    quiet && stream.set_nonblocking(false).is_ok()
}
