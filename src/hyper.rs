//! What hyper asks of a runtime, given by this loop: streams, an executor, a timer. Feature `hyper`.
//!
//! | hyper's trait | ours | where |
//! | --- | --- | --- |
//! | `rt::Read`, `rt::Write` | [`HyperIo`], around any stream of `futures_io` | `hyper/io.rs` |
//! | `rt::Executor` | [`Executor`], which is [`spawn`] | here |
//! | `rt::Timer`, `rt::Sleep` | [`Timer`]; our [`Sleep`](crate::time::Sleep) is hyper's as it is | `hyper/timer.rs` |
//!
//! Use hyper's `client::conn` and `server::conn`: they ask for nothing that is `Send`, so a service may hold an
//! `Rc` and a response may wait for a task of this loop. The client of hyper-util, which keeps a pool of
//! connections, wants streams and futures that are `Send`, and ours are not.
//!
//! hyper depends on the tokio crate for its channels. They need a waker and nothing else; of tokio's runtime,
//! reactor and timer it asks for nothing, so that they are not even compiled for it.
//!
//! ```
//! use std::convert::Infallible;
//! use std::rc::Rc;
//!
//! use glassloop::hyper::HyperIo;
//! use glassloop::net::{TcpListener, TcpStream};
//! use http_body_util::{BodyExt, Empty};
//! use hyper::body::Bytes;
//! use hyper::{Request, Response, client, server, service::service_fn};
//!
//! let runtime = glassloop::Runtime::new()?;
//! let done: Result<(), Box<dyn std::error::Error>> = runtime.block_on(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!     glassloop::spawn(async move {
//!         let (stream, _) = listener.accept().await.unwrap();
//!         let greeting = Rc::new("hello".to_owned()); // it need not be Send
//!         let service = service_fn(async |_| {
//!             Ok::<_, Infallible>(Response::new(String::clone(&greeting)))
//!         });
//!         server::conn::http1::Builder::new()
//!             .serve_connection(HyperIo::new(stream), service)
//!             .await
//!     });
//!
//!     let stream = HyperIo::new(TcpStream::connect(address).await?);
//!     let (mut sender, connection) = client::conn::http1::handshake(stream).await?;
//!     glassloop::spawn(connection);
//!     let request = Request::get("/").header("Host", "h").body(Empty::<Bytes>::new())?;
//!     let body = sender.send_request(request).await?.collect().await?.to_bytes();
//!     assert_eq!(body, "hello");
//!     Ok(())
//! });
//! # done.unwrap();
//! # Ok::<(), std::io::Error>(())
//! ```

mod io;
mod timer;

use ::hyper::rt;

use crate::task::spawn;

pub use io::HyperIo;
pub use timer::Timer;

/// Spawns what hyper wants done beside a connection (for HTTP/2, a task for each stream) onto the loop that runs
/// on this thread. The futures need not be `Send`.
///
/// # Panics
/// In `execute`, outside a running loop.
///
/// ```
/// use glassloop::hyper::Executor;
/// use glassloop::sync::oneshot;
/// use hyper::rt::Executor as _;
///
/// let runtime = glassloop::Runtime::new()?;
/// runtime.block_on(async {
///     let (sender, receiver) = oneshot::channel(); // neither half is Send
///     Executor.execute(async move { sender.send(7) });
///     assert_eq!(receiver.await, Ok(7));
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Executor;

impl<F> rt::Executor<F> for Executor
where
    F: Future + 'static,
    F::Output: 'static,
{
    fn execute(&self, future: F) {
        spawn(future); // hyper learns by channels of its own what becomes of it
    }
}
