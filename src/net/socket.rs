//! What all sockets can do, written once.

/// From the standard library's socket and back, and the descriptor. For a tuple struct around a `Source`.
macro_rules! wraps_std {
    ($socket:ident, $std:ty) => {
        impl $socket {
            /// Takes over a socket of the standard library, and makes it non-blocking. It is registered
            /// when it first has to wait, so this may be called outside a loop, too.
            ///
            /// # Errors
            /// Those of the system call.
            pub fn from_std(socket: $std) -> std::io::Result<Self> {
                socket.set_nonblocking(true)?;
                Ok(Self(crate::net::Source::new(socket)))
            }

            /// Takes it out of the loop. It is still non-blocking.
            ///
            /// # Errors
            /// None; tokio's signature has a `Result`.
            pub fn into_std(self) -> std::io::Result<$std> {
                Ok(self.0.into_inner())
            }

            /// The error that the kernel has kept for this socket, if there is one, and clears it.
            ///
            /// # Errors
            /// Those of the system call.
            pub fn take_error(&self) -> std::io::Result<Option<std::io::Error>> {
                self.0.get().take_error()
            }
        }

        impl TryFrom<$std> for $socket {
            type Error = std::io::Error;

            fn try_from(socket: $std) -> std::io::Result<Self> {
                Self::from_std(socket)
            }
        }

        impl std::os::fd::AsFd for $socket {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                self.0.get().as_fd()
            }
        }

        impl std::os::fd::AsRawFd for $socket {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                self.0.get().as_raw_fd()
            }
        }
    };
}

/// Waiting for a socket before an attempt.
macro_rules! tells_readiness {
    ($socket:ident) => {
        impl $socket {
            /// Waits until it is ready for any of what `interest` names. That is a hint: the attempt may
            /// still find that it would block.
            ///
            /// # Errors
            /// When the selector refuses the socket, or it has waited in another loop before.
            ///
            /// # Panics
            /// When polled outside a running loop.
            ///
            /// # Cancel safety
            /// It may be dropped at any time, and leaves nothing behind. Whether the socket is ready is
            /// not forgotten.
            pub async fn ready(
                &self,
                interest: crate::net::interest::Interest,
            ) -> std::io::Result<crate::net::interest::Ready> {
                self.0.until_ready(interest).await
            }

            /// Waits until there is something to read; [`ready`](Self::ready) says more.
            ///
            /// # Errors
            /// As [`ready`](Self::ready).
            pub async fn readable(&self) -> std::io::Result<()> {
                self.ready(crate::net::interest::Interest::READABLE).await.map(drop)
            }

            /// Waits until there is room to write; [`ready`](Self::ready) says more.
            ///
            /// # Errors
            /// As [`ready`](Self::ready).
            pub async fn writable(&self) -> std::io::Result<()> {
                self.ready(crate::net::interest::Interest::WRITABLE).await.map(drop)
            }

            /// Makes an attempt of the caller's own, through the socket's descriptor. One that would
            /// block clears the readiness, and [`ready`](Self::ready) waits anew.
            ///
            /// # Errors
            /// Those of the attempt.
            pub fn try_io<R>(
                &self,
                interest: crate::net::interest::Interest,
                attempt: impl FnOnce() -> std::io::Result<R>,
            ) -> std::io::Result<R> {
                self.0.try_io(interest, |_| attempt())
            }

            /// Makes an attempt of the caller's own again and again, and waits while it would block.
            ///
            /// # Errors
            /// Those of the attempt, and of [`ready`](Self::ready).
            ///
            /// # Cancel safety
            /// As safe as the attempt: it is not interrupted, and after a success nothing is awaited.
            pub async fn async_io<R>(
                &self,
                interest: crate::net::interest::Interest,
                mut attempt: impl FnMut() -> std::io::Result<R>,
            ) -> std::io::Result<R> {
                self.0.io_when_ready(interest, |_| attempt()).await
            }
        }
    };
}

pub(super) use {tells_readiness, wraps_std};
