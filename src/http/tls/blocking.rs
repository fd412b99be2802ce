//! https for streams whose `read` and `write` block. Put it beside `tls.rs`: the two differ in how they wait.

use std::io::{self, Read, Write};

use rustls::{ClientConnection, StreamOwned};

use super::error::{in_handshake, in_stream};
use super::{TlsError, Trust, trust};
use crate::http::Origin;
use crate::http::blocking::Connect;

/// Encrypts the connections to https origins that `connect` opens, and passes the others on as they are.
///
/// ```no_run
/// use glassloop::http::blocking::{Session, TlsConnect};
/// use glassloop::http::{Origin, Trust};
/// use std::net::TcpStream;
///
/// let tcp = |origin: &Origin| TcpStream::connect((origin.host(), origin.port()));
/// let session = Session::new(TlsConnect { connect: tcp, trust: Trust::default() });
/// let mut response = session.get("https://example.org/")?;
/// println!("{} bytes", response.bytes(1 << 20)?.len());
/// # Ok::<(), glassloop::http::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TlsConnect<C> {
    /// Opens the connection to encrypt. It is given each https origin as an http one: encrypting is not its
    /// business.
    pub connect: C,
    /// Whose signatures on certificates count.
    pub trust: Trust,
}

impl<C: Connect> Connect for TlsConnect<C> {
    type Stream = TlsStream<C::Stream>;

    /// # Errors
    /// Of the connection below; a [`TlsError`] inside the `io::Error` when TLS is what failed.
    fn connect(&self, origin: &Origin) -> io::Result<Self::Stream> {
        if !origin.is_https() {
            return Ok(TlsStream(Kind::Plain(self.connect.connect(origin)?)));
        }
        let (config, name) = (self.trust.config()?, trust::server_name(origin)?);
        let mut session = ClientConnection::new(config, name).map_err(TlsError::from)?;
        let mut stream = self.connect.connect(&origin.unencrypted())?;
        while session.is_handshaking() {
            let moved = session.complete_io(&mut stream).map_err(in_handshake)?;
            if moved == (0, 0) {
                return Err(in_handshake(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        Ok(TlsStream(Kind::Secure(Box::new(StreamOwned::new(session, stream)))))
    }

    fn is_quiet(&self, stream: &mut Self::Stream) -> bool {
        let secure = match &mut stream.0 {
            Kind::Plain(stream) => return self.connect.is_quiet(stream),
            Kind::Secure(secure) => secure,
        };
        // What has come need not be meant for us: servers send session tickets whenever they like. Reading it
        // does not block, because it is there.
        while !self.connect.is_quiet(&mut secure.sock) {
            let arrived = secure.conn.read_tls(&mut secure.sock);
            let state = secure.conn.process_new_packets();
            let is_ours = arrived.is_ok_and(|count| count > 0)
                && state.is_ok_and(|it| it.plaintext_bytes_to_read() == 0 && !it.peer_has_closed());
            if !is_ours {
                return false;
            }
        }
        true
    }
}

/// A connection of a [`TlsConnect`]: encrypted, if its origin is https.
#[derive(Debug)]
pub struct TlsStream<S: Read + Write>(Kind<S>);

#[derive(Debug)]
enum Kind<S: Read + Write> {
    Plain(S),
    /// Boxed: the state of a TLS connection takes more than a kilobyte.
    Secure(Box<StreamOwned<ClientConnection, S>>),
}

impl<S: Read + Write> Read for TlsStream<S> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Kind::Plain(stream) => stream.read(space),
            Kind::Secure(stream) => stream.read(space).map_err(in_stream),
        }
    }
}

impl<S: Read + Write> Write for TlsStream<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Kind::Plain(stream) => stream.write(bytes),
            Kind::Secure(stream) => stream.write(bytes).map_err(in_stream),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Kind::Plain(stream) => stream.flush(),
            Kind::Secure(stream) => stream.flush().map_err(in_stream),
        }
    }
}
