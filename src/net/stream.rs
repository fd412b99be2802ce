//! What TCP and Unix streams have in common: reading, writing and closing a half.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd};
use std::task::{Context, Poll};

use socket2::SockRef;

use super::source::Source;
use crate::trace::Direction;

/// `futures_io`'s traits, and attempts, on any stream of the standard library.
impl<T: AsRawFd + AsFd> Source<T>
where
    for<'a> &'a T: Read + Write,
{
    // ANCHOR: stream_poll_read
    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let len = buffer.len();
        self.poll_transfer(Direction::Read, cx, len, |mut stream| stream.read(buffer))
    }
    // ANCHOR_END: stream_poll_read

    pub(super) fn poll_read_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let len = buffers.iter().map(|buffer| buffer.len()).sum();
        self.poll_transfer(Direction::Read, cx, len, |mut stream| stream.read_vectored(buffers))
    }

    pub(super) fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_transfer(Direction::Write, cx, bytes.len(), |mut stream| stream.write(bytes))
    }

    pub(super) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let len = slices.iter().map(|slice| slice.len()).sum();
        self.poll_transfer(Direction::Write, cx, len, |mut stream| stream.write_vectored(slices))
    }

    /// The other end reads the end of the stream. A connection that is gone has no half to close.
    pub(super) fn close_write(&self) -> io::Result<()> {
        match SockRef::from(self.get()).shutdown(Shutdown::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            result => result,
        }
    }

    pub(super) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = buffer.len();
        self.try_transfer(Direction::Read, len, |mut stream| stream.read(buffer))
    }

    pub(super) fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        let len = buffers.iter().map(|buffer| buffer.len()).sum();
        self.try_transfer(Direction::Read, len, |mut stream| stream.read_vectored(buffers))
    }

    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.try_transfer(Direction::Write, bytes.len(), |mut stream| stream.write(bytes))
    }

    pub(super) fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let len = slices.iter().map(|slice| slice.len()).sum();
        self.try_transfer(Direction::Write, len, |mut stream| stream.write_vectored(slices))
    }
}

/// `AsyncRead` for something whose `source()` is a stream's.
macro_rules! reads {
    ($($reader:ty),+) => {$(
        impl futures_io::AsyncRead for $reader {
            fn poll_read(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buffer: &mut [u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.source().poll_read(cx, buffer)
            }

            fn poll_read_vectored(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buffers: &mut [std::io::IoSliceMut<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.source().poll_read_vectored(cx, buffers)
            }
        }
    )+};
}

/// `AsyncWrite` for something whose `source()` is a stream's.
macro_rules! writes {
    ($($writer:ty),+) => {$(
        impl futures_io::AsyncWrite for $writer {
            fn poll_write(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                bytes: &[u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.source().poll_write(cx, bytes)
            }

            fn poll_write_vectored(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                slices: &[std::io::IoSlice<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.source().poll_write_vectored(cx, slices)
            }

            /// Nothing is kept back.
            fn poll_flush(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::task::Poll::Ready(Ok(()))
            }

            /// Closes this direction: the other end reads the end of the stream.
            fn poll_close(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::task::Poll::Ready(self.source().close_write())
            }
        }
    )+};
}

/// Attempts to read that do not wait, for something with a `source()`.
macro_rules! tries_to_read {
    ($($reader:ty),+) => {$(
        impl $reader {
            /// Reads what is there, without waiting. Zero is the end of the stream.
            ///
            /// # Errors
            /// `WouldBlock` when there is nothing: wait for [`readable`](Self::readable). Those of the
            /// system call.
            pub fn try_read(&self, buffer: &mut [u8]) -> std::io::Result<usize> {
                self.source().try_read(buffer)
            }

            /// As [`try_read`](Self::try_read), into several buffers with one system call.
            ///
            /// # Errors
            /// As [`try_read`](Self::try_read).
            pub fn try_read_vectored(
                &self,
                buffers: &mut [std::io::IoSliceMut<'_>],
            ) -> std::io::Result<usize> {
                self.source().try_read_vectored(buffers)
            }
        }
    )+};
}

/// Attempts to write that do not wait, for something with a `source()`.
macro_rules! tries_to_write {
    ($($writer:ty),+) => {$(
        impl $writer {
            /// Writes what there is room for, without waiting.
            ///
            /// # Errors
            /// `WouldBlock` when there is no room: wait for [`writable`](Self::writable). Those of the
            /// system call.
            pub fn try_write(&self, bytes: &[u8]) -> std::io::Result<usize> {
                self.source().try_write(bytes)
            }

            /// As [`try_write`](Self::try_write), from several buffers with one system call.
            ///
            /// # Errors
            /// As [`try_write`](Self::try_write).
            pub fn try_write_vectored(
                &self,
                slices: &[std::io::IoSlice<'_>],
            ) -> std::io::Result<usize> {
                self.source().try_write_vectored(slices)
            }
        }
    )+};
}

/// All that TCP and Unix streams share, for a tuple struct around a `Source`.
macro_rules! stream {
    ($stream:ident, $std:ty) => {
        crate::net::socket::wraps_std!($stream, $std);
        crate::net::socket::tells_readiness!($stream);
        crate::net::stream::reads!($stream, &$stream);
        crate::net::stream::writes!($stream, &$stream);
        crate::net::stream::tries_to_read!($stream);
        crate::net::stream::tries_to_write!($stream);

        impl $stream {
            fn source(&self) -> &crate::net::Source<$std> {
                &self.0
            }

            /// Polls until there is something to read. The waker stays until something happens; a future
            /// that may be given up should await [`readable`](Self::readable).
            ///
            /// # Errors
            /// As [`ready`](Self::ready).
            pub fn poll_read_ready(
                &self,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                self.0.poll_ready(crate::net::interest::Interest::READABLE, cx).map_ok(drop)
            }

            /// Polls until there is room to write; otherwise as [`poll_read_ready`](Self::poll_read_ready).
            ///
            /// # Errors
            /// As [`ready`](Self::ready).
            pub fn poll_write_ready(
                &self,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                self.0.poll_ready(crate::net::interest::Interest::WRITABLE, cx).map_ok(drop)
            }

            /// Closes one direction or both; the other end reads the end of the stream.
            ///
            /// # Errors
            /// When the connection is gone already.
            pub fn shutdown(&self, how: std::net::Shutdown) -> std::io::Result<()> {
                self.0.get().shutdown(how)
            }

            /// Two halves that borrow the stream, at no cost. Dropping them closes nothing.
            ///
            /// Where `futures::AsyncReadExt` is in scope its `split` is found first: either will do, but
            /// this one is then called as
            #[doc = concat!("`", stringify!($stream), "::split(&mut stream)`.")]
            pub fn split(&mut self) -> (ReadHalf<'_>, WriteHalf<'_>) {
                (ReadHalf::new(self), WriteHalf::new(self))
            }

            /// Two halves that share the stream and can go to two tasks of this loop. Dropping the half
            /// that writes closes its direction; the socket closes when both are gone.
            pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
                super::halves_of(self)
            }
        }
    };
}

pub(super) use {reads, stream, tries_to_read, tries_to_write, writes};
