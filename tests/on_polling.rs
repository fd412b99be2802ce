//! Whatever is promised of the loop on mio, once more on the other backend: the same tests, compiled into
//! this binary, in which `support::builder` chooses polling.

#![allow(clippy::duplicate_mod)] // each brings its own `support`, and needs it where it stands alone

#[path = "cancellation.rs"]
mod cancellation;
#[path = "cancellation_net.rs"]
mod cancellation_net;
#[path = "cancellation_tasks.rs"]
mod cancellation_tasks;
#[path = "clock.rs"]
mod clock;
#[path = "guest_hyper.rs"]
mod guest_hyper;
#[path = "guest_tls.rs"]
mod guest_tls;
#[path = "guest_web.rs"]
mod guest_web;
#[path = "net_datagrams.rs"]
mod net_datagrams;
#[path = "net_fd.rs"]
mod net_fd;
#[path = "net_readiness.rs"]
mod net_readiness;
#[path = "net_streams.rs"]
mod net_streams;
#[path = "net_unix.rs"]
mod net_unix;
#[path = "sockets.rs"]
mod sockets;
#[path = "tasks/main.rs"]
mod tasks;
#[path = "time.rs"]
mod time;
#[path = "trace.rs"]
mod trace;
