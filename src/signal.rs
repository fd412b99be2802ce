//! Signals that arrive as events, through a pipe to oneself: the handler writes a byte, the loop
//! reads it (D. J. Bernstein's self-pipe trick).

use std::future::poll_fn;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;

use signal_hook::consts::SIGINT;
use signal_hook::low_level::{pipe, unregister};

use crate::net::Source;
use crate::trace::Direction;

/// Waits for Ctrl-C (SIGINT). From the first call on, Ctrl-C no longer ends the process by itself.
///
/// # Errors
/// When the handler cannot be installed.
///
/// # Panics
/// When polled outside a running loop.
///
/// ```
/// use std::time::Duration;
/// use glassloop::{signal::ctrl_c, time::timeout};
///
/// let runtime = glassloop::Runtime::new()?;
/// runtime.block_on(async {
///     let nobody_pressed_it = timeout(Duration::from_millis(1), ctrl_c()).await;
///     assert!(nobody_pressed_it.is_err());
/// });
/// # Ok::<(), std::io::Error>(())
/// ```
pub async fn ctrl_c() -> io::Result<()> {
    let (ours, handlers) = UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let _handler = Handler(pipe::register(SIGINT, handlers)?);
    let ours = Source::new(ours);
    poll_fn(|cx| ours.poll_io(Direction::Read, cx, |mut pipe| pipe.read(&mut [0]))).await?;
    Ok(())
}

/// Taken back when nobody waits any more.
struct Handler(signal_hook::SigId);

impl Drop for Handler {
    fn drop(&mut self) {
        unregister(self.0);
    }
}
