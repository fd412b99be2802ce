//! What UDP and Unix datagram sockets have in common. A datagram goes whole or not at all; a short one
//! says nothing of what waits behind it.

/// Sending to the peer, receiving from anybody: awaited, polled, and tried without waiting.
macro_rules! datagrams {
    ($socket:ident, $std:ty, $address:ty) => {
        crate::net::socket::wraps_std!($socket, $std);
        crate::net::socket::tells_readiness!($socket);

        impl $socket {
            /// Sends a datagram to the peer it is connected to.
            ///
            /// # Errors
            /// When it is not connected, or the datagram is too big. What was sent before and refused
            /// since also comes out here; the socket can be used again.
            ///
            /// # Cancel safety
            /// Dropped before it is ready, it has sent nothing.
            pub async fn send(&self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.io(crate::trace::Direction::Write, |socket| socket.send(bytes)).await
            }

            /// Polls to [`send`](Self::send).
            ///
            /// # Errors
            /// As [`send`](Self::send).
            pub fn poll_send(
                &self,
                cx: &mut std::task::Context<'_>,
                bytes: &[u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.0.poll_io(crate::trace::Direction::Write, cx, |socket| socket.send(bytes))
            }

            /// As [`send`](Self::send), without waiting.
            ///
            /// # Errors
            /// As [`send`](Self::send), and `WouldBlock` when there is no room.
            pub fn try_send(&self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.try_io(crate::net::interest::Interest::WRITABLE, |socket| socket.send(bytes))
            }

            /// Receives a datagram, from whoever it is allowed to come. What does not fit is lost.
            ///
            /// # Errors
            /// What was sent before and refused since comes out here; the socket can be used again.
            ///
            /// # Cancel safety
            /// Dropped before it is ready, it has received nothing.
            pub async fn recv(&self, buffer: &mut [u8]) -> std::io::Result<usize> {
                self.0.io(crate::trace::Direction::Read, |socket| socket.recv(buffer)).await
            }

            /// Polls to [`recv`](Self::recv).
            ///
            /// # Errors
            /// As [`recv`](Self::recv).
            pub fn poll_recv(
                &self,
                cx: &mut std::task::Context<'_>,
                buffer: &mut [u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.0.poll_io(crate::trace::Direction::Read, cx, |socket| socket.recv(buffer))
            }

            /// As [`recv`](Self::recv), without waiting.
            ///
            /// # Errors
            /// As [`recv`](Self::recv), and `WouldBlock` when there is none.
            pub fn try_recv(&self, buffer: &mut [u8]) -> std::io::Result<usize> {
                self.0
                    .try_io(crate::net::interest::Interest::READABLE, |socket| socket.recv(buffer))
            }

            /// As [`recv`](Self::recv), and says who sent it.
            ///
            /// # Errors
            /// As [`recv`](Self::recv).
            ///
            /// # Cancel safety
            /// As [`recv`](Self::recv).
            pub async fn recv_from(&self, buffer: &mut [u8]) -> std::io::Result<(usize, $address)> {
                self.0.io(crate::trace::Direction::Read, |socket| socket.recv_from(buffer)).await
            }

            /// Polls to [`recv_from`](Self::recv_from).
            ///
            /// # Errors
            /// As [`recv`](Self::recv).
            pub fn poll_recv_from(
                &self,
                cx: &mut std::task::Context<'_>,
                buffer: &mut [u8],
            ) -> std::task::Poll<std::io::Result<(usize, $address)>> {
                self.0.poll_io(crate::trace::Direction::Read, cx, |socket| socket.recv_from(buffer))
            }

            /// As [`recv_from`](Self::recv_from), without waiting.
            ///
            /// # Errors
            /// As [`try_recv`](Self::try_recv).
            pub fn try_recv_from(&self, buffer: &mut [u8]) -> std::io::Result<(usize, $address)> {
                self.0.try_io(crate::net::interest::Interest::READABLE, |socket| {
                    socket.recv_from(buffer)
                })
            }

            /// Polls until there is something to receive. The waker stays until something happens; a
            /// future that may be given up should await [`readable`](Self::readable).
            ///
            /// # Errors
            /// As [`ready`](Self::ready).
            pub fn poll_recv_ready(
                &self,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                self.0.poll_ready(crate::net::interest::Interest::READABLE, cx).map_ok(drop)
            }

            /// Polls until there is room to send; otherwise as [`poll_recv_ready`](Self::poll_recv_ready).
            ///
            /// # Errors
            /// As [`ready`](Self::ready).
            pub fn poll_send_ready(
                &self,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                self.0.poll_ready(crate::net::interest::Interest::WRITABLE, cx).map_ok(drop)
            }

            /// The address of this end.
            ///
            /// # Errors
            /// Those of the system call.
            pub fn local_addr(&self) -> std::io::Result<$address> {
                self.0.get().local_addr()
            }

            /// The address of the peer it is connected to.
            ///
            /// # Errors
            /// When it is not connected.
            pub fn peer_addr(&self) -> std::io::Result<$address> {
                self.0.get().peer_addr()
            }
        }
    };
}

pub(super) use datagrams;
