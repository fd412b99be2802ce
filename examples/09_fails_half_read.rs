//! Fails: an edge-triggered selector tells of a change once. Who reads a part and waits for the next event waits for
//! ever, with the rest lying there.
//!
//! `cargo run --example 09_fails_half_read`

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

// ANCHOR: half_read
fn main() -> io::Result<()> {
    let (mut near, mut far) = UnixStream::pair()?;
    near.set_nonblocking(true)?;
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(8));
    poll.registry().register(&mut SourceFd(&near.as_raw_fd()), Token(0), Interest::READABLE)?;

    far.write_all(b"ten bytes!")?;
    poll.poll(&mut events, Some(Duration::from_millis(100)))?;
    println!("ten bytes came: {} event", events.iter().count());
    let mut buffer = [0; 4];
    println!("read: {} bytes", near.read(&mut buffer)?);

    poll.poll(&mut events, Some(Duration::from_millis(100)))?;
    println!("waited for the rest: {} events", events.iter().count());
    println!("it was there all the time: {} bytes", near.read(&mut buffer)?);
    println!("and more: {} bytes", near.read(&mut buffer)?);
    let blocked = near.read(&mut buffer).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
    println!("and then it would block: {blocked}");

    far.write_all(b"!")?;
    poll.poll(&mut events, Some(Duration::from_millis(100)))?;
    println!("after that, one byte more makes {} event", events.iter().count());
    Ok(())
}
// ANCHOR_END: half_read
