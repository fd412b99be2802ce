//! https: a TLS connection upon whatever another `Connect` opens. This is the async half; `tls/blocking.rs` is
//! the other: put it beside this one.
//!
//! rustls does the cryptography and looks at the certificates. `tls/trust.rs` says who may sign them,
//! `tls/error.rs` what to do when one is refused.

pub(super) mod blocking;
mod error;
mod trust;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_io::{AsyncRead, AsyncWrite};
use futures_rustls::{TlsConnector, client};

pub use self::error::TlsError;
pub use self::trust::{CacertError, Trust};
use super::{Connect, Origin, TcpConnect};
use crate::time::timeout;

/// Encrypts the connections to https origins that `connect` opens, and passes the others on as they are.
///
/// ```no_run
/// use std::time::Duration;
/// use glassloop::http::{Session, TlsConnect, Trust};
///
/// let runtime = glassloop::Runtime::new()?;
/// let page = runtime.block_on(async {
///     let session = Session::new(TlsConnect::tcp(Duration::from_secs(10), Trust::default()));
///     session.get("https://example.org/").await?.bytes(1 << 20).await
/// });
/// # page.unwrap();
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TlsConnect<C> {
    /// Opens the connection to encrypt. It is given each https origin as an http one: encrypting is not its
    /// business.
    pub connect: C,
    /// Whose signatures on certificates count.
    pub trust: Trust,
    /// How long an https connection may take to come about, from looking up the name to the end of the TLS
    /// handshake.
    pub timeout: Duration,
}

impl TlsConnect<TcpConnect> {
    /// TLS on TCP; both together have to come about within `timeout`.
    pub fn tcp(timeout: Duration, trust: Trust) -> Self {
        TlsConnect { connect: TcpConnect { timeout }, trust, timeout }
    }
}

impl<C: Connect> Connect for TlsConnect<C> {
    type Stream = TlsStream<C::Stream>;

    /// # Errors
    /// Of the connection below; a [`TlsError`] inside the `io::Error` when TLS is what failed.
    async fn connect(&self, origin: &Origin) -> io::Result<Self::Stream> {
        if !origin.is_https() {
            return Ok(TlsStream(Kind::Plain(self.connect.connect(origin).await?)));
        }
        let secure = timeout(self.timeout, async {
            let (config, name) = (self.trust.config()?, trust::server_name(origin)?);
            let stream = self.connect.connect(&origin.unencrypted()).await?;
            TlsConnector::from(config).connect(name, stream).await.map_err(error::in_handshake)
        });
        Ok(TlsStream(Kind::Secure(Box::new(secure.await??))))
    }
}

/// A connection of a [`TlsConnect`]: encrypted, if its origin is https.
#[derive(Debug)]
pub struct TlsStream<S>(Kind<S>);

#[derive(Debug)]
enum Kind<S> {
    Plain(S),
    /// Boxed: the state of a TLS connection takes more than a kilobyte.
    Secure(Box<client::TlsStream<S>>),
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for TlsStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        space: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            Kind::Plain(stream) => Pin::new(stream).poll_read(cx, space),
            Kind::Secure(stream) => Pin::new(stream).poll_read(cx, space).map_err(error::in_stream),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for TlsStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.0 {
            Kind::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Kind::Secure(stream) => {
                Pin::new(stream).poll_write(cx, bytes).map_err(error::in_stream)
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Kind::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Kind::Secure(stream) => Pin::new(stream).poll_flush(cx).map_err(error::in_stream),
        }
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.0 {
            Kind::Plain(stream) => Pin::new(stream).poll_close(cx),
            Kind::Secure(stream) => Pin::new(stream).poll_close(cx).map_err(error::in_stream),
        }
    }
}
