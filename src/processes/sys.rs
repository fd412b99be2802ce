//! The only unsafe code of this room: fork, `_exit`, signal dispositions, descriptors from a message.
#![allow(unsafe_code)]

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use nix::unistd::{self, ForkResult, Pid};

use super::error::StartError;

/// How long a thread that was joined may take to vanish from the kernel's list: some milliseconds.
const VANISHING: Duration = Duration::from_millis(100);

// ANCHOR: alone
/// The proof that this process has one thread. Who holds it starts none, and runs no code of users.
pub(super) struct Alone(());

impl Alone {
    // ANCHOR: prove
    /// Where threads cannot be counted (no `/proc`), the caller is trusted.
    pub(super) fn prove() -> Result<Self, StartError> {
        let deadline = Instant::now() + VANISHING;
        loop {
            match other_threads() {
                0 => return Ok(Self(())),
                threads if Instant::now() >= deadline => {
                    return Err(StartError::ThreadsRunning { threads });
                }
                _ => thread::sleep(Duration::from_millis(1)),
            }
        }
    }
    // ANCHOR_END: prove
}
// ANCHOR_END: alone

fn other_threads() -> usize {
    let threads = std::fs::read_dir("/proc/self/task").map(Iterator::count);
    threads.unwrap_or(1).saturating_sub(1)
}

// ANCHOR: fork
/// The id of the child, or `None` in the child, which must end by [`exit`].
pub(super) fn fork(_: &Alone) -> nix::Result<Option<Pid>> {
    // SAFETY: in a process of several threads the child could only call async-signal-safe functions.
    // `Alone` says that there is one; `builder.rs` and `nursery.rs` keep it so until they have forked.
    match unsafe { unistd::fork() }? {
        ForkResult::Parent { child } => Ok(Some(child)),
        ForkResult::Child => Ok(None),
    }
}
// ANCHOR_END: fork

// ANCHOR: exit
/// Ends this process at once: no destructor and no `atexit` function that the parent left is run, and
/// nothing that it had not written yet is written a second time.
pub(super) fn exit(status: i32) -> ! {
    // SAFETY: `_exit` may be called at any time, and takes any number.
    unsafe { libc::_exit(status) }
}
// ANCHOR_END: exit

pub(super) fn ignore(which: Signal) {
    // SAFETY: no handler is installed, so none can do anything that a handler may not.
    let _ = unsafe { signal(which, SigHandler::SigIgn) };
}

/// Undoes a handler that was inherited: it would act for the parent, and write into its pipes. What was
/// ignored stays so, as `nohup` wants it.
pub(super) fn unhandle(which: Signal) {
    // SAFETY: as in `ignore`.
    if let Ok(SigHandler::SigIgn) = unsafe { signal(which, SigHandler::SigDfl) } {
        ignore(which);
    }
}

/// The default action, even if the signal was ignored.
pub(super) fn obey(which: Signal) {
    // SAFETY: as in `ignore`.
    let _ = unsafe { signal(which, SigHandler::SigDfl) };
}

/// Sends all of a record, and a descriptor along with it.
pub(super) fn send_with(socket: &UnixStream, record: &[u8], fd: RawFd) -> nix::Result<()> {
    let fds = [fd];
    let rights = [ControlMessage::ScmRights(&fds)];
    let sent = loop {
        let bytes = [IoSlice::new(record)];
        match sendmsg::<()>(socket.as_raw_fd(), &bytes, &rights, MsgFlags::empty(), None) {
            Err(nix::Error::EINTR) => {}
            result => break result?,
        }
    };
    // A record is far smaller than what a socket takes at once.
    if sent == record.len() { Ok(()) } else { Err(nix::Error::EMSGSIZE) }
}

/// Receives bytes, and a descriptor if one came along, close-on-exec.
pub(super) fn receive_with(
    socket: &UnixStream,
    buffer: &mut [u8],
) -> io::Result<(usize, Option<OwnedFd>)> {
    #[cfg(not(any(target_os = "macos", target_os = "ios")))]
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    #[cfg(any(target_os = "macos", target_os = "ios"))]
    let flags = MsgFlags::empty();
    let mut space = nix::cmsg_space!(RawFd);
    let mut buffer = [IoSliceMut::new(buffer)];
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut buffer, Some(&mut space), flags)?;
    let mut received = None;
    // When this process may not open another one, the kernel drops it and says so: none came.
    for control in message.cmsgs().into_iter().flatten() {
        if let ControlMessageOwned::ScmRights(fds) = control {
            for fd in fds {
                // SAFETY: the kernel has just made it for this call, so it is open and nobody else's.
                let fd = unsafe { OwnedFd::from_raw_fd(fd) };
                #[cfg(any(target_os = "macos", target_os = "ios"))]
                nix::fcntl::fcntl(&fd, nix::fcntl::F_SETFD(nix::fcntl::FdFlag::FD_CLOEXEC))?;
                received = Some(fd);
            }
        }
    }
    Ok((message.bytes, received))
}
