//! A stream of `futures_io`'s as one of hyper's.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::hyper::rt::{Read, ReadBufCursor, Write};
use futures_io::{AsyncRead, AsyncWrite};

/// As much as one TLS record holds.
const PIECE: usize = 16 * 1024;

/// Gives hyper a stream that speaks `futures_io`'s traits: one of [`net`](crate::net)'s, or TLS on top of it.
///
/// hyper's buffer may hold bytes that were never written, and to read into those takes unsafe code. So a read goes
/// to the stack and is copied, at most 16 KiB each time, which costs little beside the system call.
///
/// See [`hyper`](crate::hyper) for an example.
#[derive(Debug)]
pub struct HyperIo<T>(T);

impl<T> HyperIo<T> {
    /// hyper's side of `stream`.
    pub fn new(stream: T) -> Self {
        Self(stream)
    }

    /// The stream, for whoever gets this back from hyper (by `into_parts`, say).
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: AsyncRead + Unpin> Read for HyperIo<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut piece = [0; PIECE];
        let room = buffer.remaining().min(PIECE);
        let length = ready!(Pin::new(&mut self.0).poll_read(cx, &mut piece[..room]))?;
        buffer.put_slice(&piece[..length]);
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> Write for HyperIo<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_close(cx)
    }
}
