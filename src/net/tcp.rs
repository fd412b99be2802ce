//! TCP: connections and their halves, sockets that accept them, sockets that are to become either.

mod listener;
mod socket;
mod stream;

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

pub use listener::TcpListener;
pub use socket::TcpSocket;
pub use stream::TcpStream;

super::split::halves!(TcpStream, std::net::TcpStream, SocketAddr);

/// Looking at what comes without taking it. Of TCP only: a Unix stream cannot do it everywhere.
macro_rules! peeks {
    ($half:ty) => {
        impl $half {
            /// As [`TcpStream::peek`].
            ///
            /// # Errors
            /// As [`TcpStream::peek`].
            pub async fn peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                poll_fn(|cx| self.poll_peek(cx, buffer)).await
            }

            /// As [`TcpStream::poll_peek`].
            ///
            /// # Errors
            /// As [`TcpStream::peek`].
            pub fn poll_peek(
                &mut self,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.as_ref().poll_peek(cx, buffer)
            }
        }
    };
}

peeks!(ReadHalf<'_>);
peeks!(OwnedReadHalf);
