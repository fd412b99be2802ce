//! A oneshot selector, and two reactors that do not ask it often enough. Each forgets somebody who waits.
//!
//! `cargo run --example 14_fails_half_armed`

#[cfg(target_os = "linux")]
fn main() -> std::io::Result<()> {
    println!("A reactor that arms for whoever came last:");
    demo::the_last_one_only()?;
    println!("\nA reactor that arms for both, and forgets that an event disarms:");
    demo::both_but_once()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("epoll is Linux's: there is nothing to see here on this system");
}

#[cfg(target_os = "linux")]
mod demo {
    use std::io::{self, Read, Write};
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use rustix::buffer::spare_capacity;
    use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
    use rustix::fd::OwnedFd;

    /// A second who waits would be too patient for an example.
    const PATIENCE: Duration = Duration::from_millis(100);

    /// One socket in a oneshot epoll, and the peer at its other end.
    struct Desk {
        epoll: OwnedFd,
        socket: UnixStream,
        peer: UnixStream,
    }

    impl Desk {
        /// The socket's way out is full and nothing has come in: whoever reads or writes has to wait.
        fn new() -> io::Result<Self> {
            let (socket, peer) = UnixStream::pair()?;
            socket.set_nonblocking(true)?;
            peer.set_nonblocking(true)?;
            let epoll = epoll::create(CreateFlags::CLOEXEC)?;
            epoll::add(&epoll, &socket, EventData::new_u64(0), EventFlags::ONESHOT)?;
            let full = [0; 64 * 1024];
            while (&socket).write(&full).is_ok() {}
            Ok(Self { epoll, socket, peer })
        }

        // ANCHOR: arm
        /// Says what is wanted next, in place of all that was wanted before.
        fn arm(&self, wanted: EventFlags) -> io::Result<()> {
            let flags = wanted | EventFlags::ONESHOT;
            Ok(epoll::modify(&self.epoll, &self.socket, EventData::new_u64(0), flags)?)
        }
        // ANCHOR_END: arm

        fn peer_makes_room(&self) {
            let mut buffer = [0; 64 * 1024];
            while (&self.peer).read(&mut buffer).is_ok() {}
        }

        /// What the kernel tells of.
        fn wait(&self) -> io::Result<&'static str> {
            let mut events = Vec::with_capacity(4);
            let patience = PATIENCE.try_into().expect("it is short");
            epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&patience))?;
            let Some(event) = events.first() else { return Ok("nothing, for 100 ms") };
            let told = event.flags;
            Ok(match (told.contains(EventFlags::IN), told.contains(EventFlags::OUT)) {
                (true, true) => "readable and writable",
                (true, false) => "readable",
                (false, true) => "writable",
                (false, false) => "something else",
            })
        }
    }

    // ANCHOR: the_last_one_only
    pub(super) fn the_last_one_only() -> io::Result<()> {
        let desk = Desk::new()?;
        desk.arm(EventFlags::OUT)?;
        println!("  the writer waits         armed: write");
        desk.arm(EventFlags::IN)?;
        println!("  the reader waits         armed: read");
        desk.peer_makes_room();
        println!("  the peer makes room      the kernel says: {}", desk.wait()?);
        println!("  So the writer waits for ever, beside a socket that can be written.");
        Ok(())
    }
    // ANCHOR_END: the_last_one_only

    // ANCHOR: both_but_once
    pub(super) fn both_but_once() -> io::Result<()> {
        let desk = Desk::new()?;
        desk.arm(EventFlags::OUT)?;
        println!("  the writer waits         armed: write");
        desk.arm(EventFlags::OUT | EventFlags::IN)?;
        println!("  the reader waits         armed: read and write");
        (&desk.peer).write_all(b"!")?;
        println!("  the peer sends a byte    the kernel says: {}", desk.wait()?);
        (&desk.socket).read_exact(&mut [0])?;
        println!("  the reader takes it      armed: nothing, for that event has disarmed both");
        desk.peer_makes_room();
        println!("  the peer makes room      the kernel says: {}", desk.wait()?);
        println!("  So the writer waits for ever, and only because somebody else was served.");
        Ok(())
    }
    // ANCHOR_END: both_but_once
}
