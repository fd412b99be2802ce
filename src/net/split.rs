//! The two halves of a stream, to read from one place and write from another.

/// The halves of one kind of stream: borrowed ones, which cost nothing, and shared ones, which can go to
/// two tasks.
macro_rules! halves {
    ($stream:ident, $std:ty, $address:ty) => {
        /// The half that reads, borrowed from a stream that
        #[doc = concat!("[`", stringify!($stream), "::split`] has cut in two.")]
        #[derive(Debug)]
        pub struct ReadHalf<'a>(&'a $stream);

        /// The half that writes, borrowed from a stream that
        #[doc = concat!("[`", stringify!($stream), "::split`] has cut in two.")]
        #[derive(Debug)]
        pub struct WriteHalf<'a>(&'a $stream);

        /// The half that reads, from
        #[doc = concat!("[`", stringify!($stream), "::into_split`].")]
        #[derive(Debug)]
        pub struct OwnedReadHalf(std::rc::Rc<$stream>);

        /// The half that writes, from
        #[doc = concat!("[`", stringify!($stream), "::into_split`].")]
        /// Dropping it closes its direction.
        #[derive(Debug)]
        pub struct OwnedWriteHalf {
            stream: std::rc::Rc<$stream>,
            closes: bool,
        }

        /// The two halves were not of one stream. They come back.
        #[derive(Debug, thiserror::Error)]
        #[error("these two halves are of different streams")]
        pub struct ReuniteError(
            /// The half that reads.
            pub OwnedReadHalf,
            /// The half that writes.
            pub OwnedWriteHalf,
        );

        pub(in crate::net) fn halves_of(stream: $stream) -> (OwnedReadHalf, OwnedWriteHalf) {
            let stream = std::rc::Rc::new(stream);
            (OwnedReadHalf(std::rc::Rc::clone(&stream)), OwnedWriteHalf { stream, closes: true })
        }

        impl<'a> ReadHalf<'a> {
            pub(in crate::net) fn new(stream: &'a $stream) -> Self {
                Self(stream)
            }
        }

        impl<'a> WriteHalf<'a> {
            pub(in crate::net) fn new(stream: &'a $stream) -> Self {
                Self(stream)
            }
        }

        impl OwnedReadHalf {
            /// Makes one stream of two halves of it.
            ///
            /// # Errors
            /// When they are of two streams; both come back with the error.
            pub fn reunite(self, other: OwnedWriteHalf) -> Result<$stream, ReuniteError> {
                if !std::rc::Rc::ptr_eq(&self.0, &other.stream) {
                    return Err(ReuniteError(self, other));
                }
                other.forget();
                Ok(std::rc::Rc::into_inner(self.0).expect("there are only two halves"))
            }
        }

        impl OwnedWriteHalf {
            /// Makes one stream of two halves of it.
            ///
            /// # Errors
            /// When they are of two streams; both come back with the error.
            pub fn reunite(self, other: OwnedReadHalf) -> Result<$stream, ReuniteError> {
                other.reunite(self)
            }

            /// Drops it without closing its direction.
            pub fn forget(mut self) {
                self.closes = false;
            }
        }

        impl Drop for OwnedWriteHalf {
            fn drop(&mut self) {
                if self.closes {
                    // It may have gone already.
                    let _ = self.source().close_write();
                }
            }
        }

        impl AsRef<$stream> for OwnedWriteHalf {
            fn as_ref(&self) -> &$stream {
                &self.stream
            }
        }

        crate::net::split::half!(ReadHalf<'_>, $stream, $std, $address, readable, READABLE);
        crate::net::split::half!(WriteHalf<'_>, $stream, $std, $address, writable, WRITABLE);
        crate::net::split::half!(OwnedReadHalf, $stream, $std, $address, readable, READABLE);
        crate::net::split::half!(OwnedWriteHalf, $stream, $std, $address, writable, WRITABLE);

        impl AsRef<$stream> for ReadHalf<'_> {
            fn as_ref(&self) -> &$stream {
                self.0
            }
        }

        impl AsRef<$stream> for WriteHalf<'_> {
            fn as_ref(&self) -> &$stream {
                self.0
            }
        }

        impl AsRef<$stream> for OwnedReadHalf {
            fn as_ref(&self) -> &$stream {
                &self.0
            }
        }

        crate::net::stream::reads!(ReadHalf<'_>, OwnedReadHalf);
        crate::net::stream::tries_to_read!(ReadHalf<'_>, OwnedReadHalf);
        crate::net::stream::writes!(WriteHalf<'_>, OwnedWriteHalf);
        crate::net::stream::tries_to_write!(WriteHalf<'_>, OwnedWriteHalf);
    };
}

/// What every half can do.
macro_rules! half {
    ($half:ty, $stream:ident, $std:ty, $address:ty, $is_ready:ident, $interest:ident) => {
        impl $half {
            fn source(&self) -> &crate::net::Source<$std> {
                &AsRef::<$stream>::as_ref(self).0
            }

            #[doc = concat!("As [`", stringify!($stream), "::", stringify!($is_ready), "`].")]
            ///
            /// # Errors
            #[doc = concat!("As [`", stringify!($stream), "::ready`].")]
            pub async fn $is_ready(&self) -> std::io::Result<()> {
                self.ready(crate::net::interest::Interest::$interest).await.map(drop)
            }

            #[doc = concat!("As [`", stringify!($stream), "::ready`].")]
            ///
            /// # Errors
            #[doc = concat!("As [`", stringify!($stream), "::ready`].")]
            pub async fn ready(
                &self,
                interest: crate::net::interest::Interest,
            ) -> std::io::Result<crate::net::interest::Ready> {
                self.source().until_ready(interest).await
            }

            /// The address of this end.
            ///
            /// # Errors
            /// Those of the system call.
            pub fn local_addr(&self) -> std::io::Result<$address> {
                self.source().get().local_addr()
            }

            /// The address of the other end.
            ///
            /// # Errors
            /// Those of the system call.
            pub fn peer_addr(&self) -> std::io::Result<$address> {
                self.source().get().peer_addr()
            }
        }
    };
}

pub(super) use {half, halves};
