//! Any descriptor, waited for in the loop: pipes, timers, event counters, sockets of other libraries.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::task::{Context, Poll, ready};

use super::interest::{Interest, Ready};
use super::source::Source;
use crate::readiness::Seen;

/// Waits for any descriptor. What is read from it and how is up to the caller; it must be non-blocking,
/// or an attempt stops the loop.
///
/// It is registered at once, and taken out before the descriptor is closed.
///
/// ```
/// use std::io::{Read, Write};
/// use glassloop::io::unix::AsyncFd;
///
/// let (reader, mut writer) = std::io::pipe()?;
/// socket2::SockRef::from(&reader).set_nonblocking(true)?; // an `fcntl`, for any descriptor
/// let runtime = glassloop::Runtime::new()?;
/// let done: std::io::Result<()> = runtime.block_on(async {
///     let reader = AsyncFd::new(reader)?;
///     glassloop::spawn(async move { writer.write_all(b"through the pipe") });
///     let mut buffer = [0; 64];
///     let length = loop {
///         let mut guard = reader.readable().await?;
///         match guard.try_io(|reader| reader.get_ref().read(&mut buffer)) {
///             Ok(result) => break result?,
///             Err(_would_block) => continue, // the readiness is cleared: wait anew
///         }
///     };
///     assert_eq!(&buffer[..length], b"through the pipe");
///     Ok(())
/// });
/// # done?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct AsyncFd<T: AsRawFd + AsFd> {
    source: Source<T>,
    interest: Interest,
}

impl<T: AsRawFd + AsFd> AsyncFd<T> {
    /// For reading and writing.
    ///
    /// # Errors
    /// When the selector refuses the descriptor: epoll does so with files, which never block in its eyes,
    /// and with one that it has already.
    ///
    /// # Panics
    /// Outside a running loop.
    pub fn new(inner: T) -> io::Result<Self> {
        Self::with_interest(inner, Interest::READABLE | Interest::WRITABLE)
    }

    /// For what `interest` names only: waiting for anything else is an error.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    ///
    /// # Panics
    /// Outside a running loop.
    pub fn with_interest(inner: T, interest: Interest) -> io::Result<Self> {
        let source = Source::new(inner);
        source.await_news().map_err(|error| match error.raw_os_error() {
            Some(libc::EPERM) => io::Error::new(
                error.kind(),
                format!(
                    "cannot wait for descriptor {}: a file never blocks in the selector's eyes \
                     (read it in task::spawn_blocking): {error}",
                    source.get().as_raw_fd()
                ),
            ),
            _ => error,
        })?;
        Ok(Self { source, interest })
    }

    /// What it wraps.
    pub fn get_ref(&self) -> &T {
        self.source.get()
    }

    /// What it wraps. It must keep its descriptor.
    pub fn get_mut(&mut self) -> &mut T {
        self.source.get_mut()
    }

    /// Takes it out of the loop.
    pub fn into_inner(self) -> T {
        self.source.into_inner()
    }

    /// Waits until it is ready for any of what `interest` names.
    ///
    /// # Errors
    /// When it was not made for that, or has waited in another loop before.
    ///
    /// # Cancel safety
    /// It may be dropped at any time, and leaves nothing behind.
    pub async fn ready(&self, interest: Interest) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        self.check(interest)?;
        let ready = self.source.until_ready(interest).await?;
        Ok(AsyncFdReadyGuard::new(self, interest, ready))
    }

    /// Waits until there is something to read.
    ///
    /// # Errors
    /// As [`ready`](Self::ready).
    pub async fn readable(&self) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        self.ready(Interest::READABLE).await
    }

    /// Waits until there is room to write.
    ///
    /// # Errors
    /// As [`ready`](Self::ready).
    pub async fn writable(&self) -> io::Result<AsyncFdReadyGuard<'_, T>> {
        self.ready(Interest::WRITABLE).await
    }

    /// Polls until there is something to read. The waker stays until something happens; a future that
    /// may be given up should await [`readable`](Self::readable).
    ///
    /// # Errors
    /// As [`ready`](Self::ready).
    pub fn poll_read_ready<'a>(
        &'a self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'a, T>>> {
        self.poll_ready(Interest::READABLE, cx)
    }

    /// Polls until there is room to write; otherwise as [`poll_read_ready`](Self::poll_read_ready).
    ///
    /// # Errors
    /// As [`ready`](Self::ready).
    pub fn poll_write_ready<'a>(
        &'a self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'a, T>>> {
        self.poll_ready(Interest::WRITABLE, cx)
    }

    /// Attempts at once. `WouldBlock` clears the readiness.
    ///
    /// # Errors
    /// Those of the attempt.
    pub fn try_io<R>(
        &self,
        interest: Interest,
        attempt: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.source.try_io(interest, attempt)
    }

    /// Waits until it is ready, attempts, and does both again while the attempt would block.
    ///
    /// # Errors
    /// Those of the attempt and of [`ready`](Self::ready).
    pub async fn async_io<R>(
        &self,
        interest: Interest,
        attempt: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.check(interest)?;
        self.source.io_when_ready(interest, attempt).await
    }

    fn poll_ready(
        &self,
        interest: Interest,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<AsyncFdReadyGuard<'_, T>>> {
        self.check(interest)?;
        let ready = ready!(self.source.poll_ready(interest, cx))?;
        Poll::Ready(Ok(AsyncFdReadyGuard::new(self, interest, ready)))
    }

    fn check(&self, interest: Interest) -> io::Result<()> {
        if self.interest.contains(interest) {
            return Ok(());
        }
        let made_for = self.interest;
        let text =
            format!("this AsyncFd was made for {made_for:?}: it cannot wait for {interest:?}");
        Err(io::Error::new(io::ErrorKind::InvalidInput, text))
    }
}

impl<T: AsRawFd + AsFd> AsRawFd for AsyncFd<T> {
    fn as_raw_fd(&self) -> RawFd {
        self.get_ref().as_raw_fd()
    }
}

impl<T: AsRawFd + AsFd> AsFd for AsyncFd<T> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.get_ref().as_fd()
    }
}

impl<T: AsRawFd + AsFd + fmt::Debug> fmt::Debug for AsyncFd<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFd")
            .field("inner", self.get_ref())
            .field("interest", &self.interest)
            .finish()
    }
}

/// An [`AsyncFd`] that is said to be ready. Whoever finds that it is not must say so, with
/// [`try_io`](Self::try_io) or [`clear_ready`](Self::clear_ready): else the next wait ends at once.
#[must_use = "if the descriptor was not ready, the guard must hear of it"]
pub struct AsyncFdReadyGuard<'a, T: AsRawFd + AsFd> {
    fd: &'a AsyncFd<T>,
    interest: Interest,
    ready: Ready,
    seen: [Seen; 2],
}

/// The attempt would have blocked; the readiness is cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the attempt would have blocked")]
pub struct TryIoError(());

impl<'a, T: AsRawFd + AsFd> AsyncFdReadyGuard<'a, T> {
    fn new(fd: &'a AsyncFd<T>, interest: Interest, ready: Ready) -> Self {
        Self { fd, interest, ready, seen: fd.source.seen() }
    }

    /// What it is said to be ready for.
    pub fn ready(&self) -> Ready {
        self.ready
    }

    /// Says that it is not ready after all. What the kernel has told since the guard was made is kept.
    pub fn clear_ready(&mut self) {
        self.fd.source.clear(self.interest, self.seen);
    }

    /// Says that it is still ready. That is what is assumed anyway.
    pub fn retain_ready(&mut self) {}

    /// Attempts; if that would block, the readiness is cleared.
    ///
    /// # Errors
    /// [`TryIoError`] when the attempt would have blocked; other errors are inside.
    pub fn try_io<R>(
        &mut self,
        attempt: impl FnOnce(&'a AsyncFd<T>) -> io::Result<R>,
    ) -> Result<io::Result<R>, TryIoError> {
        match attempt(self.fd) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.clear_ready();
                Err(TryIoError(()))
            }
            result => Ok(result),
        }
    }

    /// The descriptor that waits.
    pub fn get_ref(&self) -> &'a AsyncFd<T> {
        self.fd
    }

    /// What that wraps.
    pub fn get_inner(&self) -> &'a T {
        self.fd.get_ref()
    }
}

impl<T: AsRawFd + AsFd> fmt::Debug for AsyncFdReadyGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncFdReadyGuard").field("ready", &self.ready).finish_non_exhaustive()
    }
}
