//! HTTP/1.1, client and server: first what the bytes mean, without a socket or a clock (*sans I/O*); then two
//! short pumps that move them.
//!
//! ```text
//!   session.rs                     blocking.rs             the pumps: diff these two
//!   (async: `.await`)              (`read` and `write`)      their streams: tcp.rs, tls.rs
//!        └───────────────┬──────────────┘
//!  ──────────────────────┼─────────────────────────────── below this line nothing waits ──
//!                  connection.rs ───► pool.rs              a stream, its buffer, its exchange
//!                        │
//!                   exchange.rs           server.rs        one response │ one request after another
//!                        └───────┬────────────┘
//!               head.rs, framing.rs, body.rs               bytes → head, where it ends, data
//!
//!   request.rs, answer.rs    what is sent                  origin.rs    to whom
//!   redirect.rs              what is asked next            error.rs     what went wrong
//! ```
//!
//! Read `session.rs` for what happens, `exchange.rs` for how; then `diff session.rs blocking.rs`: that
//! difference is the difference between blocking and asynchronous code, and all of it.
//!
//! Strict where laxness is an attack: a message whose end is in doubt (two lengths, a length and chunks, odd
//! numbers, folded headers, lone CR or LF) is an error and closes the connection. A body that ends early is
//! never mistaken for a whole one.
//!
//! ```
//! use glassloop::http::{Event, Exchange, Flaw, Request};
//!
//! let mut exchange = Exchange::new(&Request::get("http://example.org/")?);
//! let (head, _) = exchange.step(b"HTTP/1.1 200 OK\r\nContent-Length: 125\r\n\r\n").unwrap();
//! exchange.step(b"hello").unwrap();
//! exchange.eof(b"");
//! assert_eq!(exchange.step(b""), Err(Flaw::TruncatedBody { missing: 120 }));
//! # Ok::<(), glassloop::http::Error>(())
//! ```

mod answer;
pub mod blocking;
mod body;
mod connection;
mod error;
mod exchange;
mod framing;
mod head;
mod origin;
mod pool;
mod redirect;
mod request;
mod request_head;
mod server;
mod session;
mod tcp;
#[cfg(feature = "tls")]
mod tls;

pub use answer::{CONTINUE, LAST_CHUNK, put_chunk};
pub use body::{BodyDecoder, BodyStep};
pub use error::{Error, Flaw};
pub use exchange::{Event, Exchange};
pub use framing::Framing;
pub use head::{MAX_FIRST_LINE, MAX_HEAD, MAX_HEADERS, MAX_TRAILERS, ResponseHead};
pub use origin::Origin;
pub use pool::{MAX_IDLE, MAX_IDLE_PER_ORIGIN, Pool};
pub use redirect::{MAX_REDIRECTS, next_request};
pub use request::{Request, parse_url};
pub use request_head::RequestHead;
pub use server::{Refusal, RequestEvent, Requests};
pub use session::{Connect, Response, Session};
pub use tcp::TcpConnect;
#[cfg(feature = "tls")]
pub use tls::{CacertError, TlsConnect, TlsError, TlsStream, Trust};

pub(crate) use tcp::refuse_https;
