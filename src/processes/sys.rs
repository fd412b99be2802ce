//! The only unsafe code of this room: fork, `_exit`, signal dispositions, descriptors from a message, memory that
//! processes share.
#![allow(unsafe_code)]

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::ptr::NonNull;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use nix::unistd::{self, ForkResult, Pid};

use super::error::StartError;
use super::outbox::Outbox;

/// How long a thread that was joined may take to vanish from the kernel's list: some milliseconds.
const VANISHING: Duration = Duration::from_millis(100);

// ANCHOR: alone
/// The proof that this process has one thread. Who holds it starts none, and runs no code of users.
pub(super) struct Alone(());
// ANCHOR_END: alone

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

/// Types for which zeroed bytes are a value, and which may be changed by another process at any time.
///
/// # Safety
/// The type is made of atomic integers.
pub(super) unsafe trait Shareable {}

// SAFETY: it is.
unsafe impl Shareable for Outbox {}

/// A smaller mapping gains nothing by larger pages.
#[cfg(target_os = "linux")]
const WORTH_LARGE_PAGES: usize = 16 << 20;

/// Memory that this process shares with those forked from it later. It holds what needs not be dropped.
pub(super) struct SharedMemory<T> {
    first: NonNull<T>,
    count: usize,
}

// SAFETY: it owns its values and gives out shared references only, as a `Box<[T]>` that is never changed.
unsafe impl<T: Send> Send for SharedMemory<T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for SharedMemory<T> {}

impl<T> SharedMemory<T> {
    /// Zeroed; a page takes memory once it is used.
    fn map(count: usize, kind: i32) -> io::Result<Self> {
        let length = size_of::<T>().checked_mul(count).ok_or(io::ErrorKind::OutOfMemory)?.max(1);
        let (access, flags) = (libc::PROT_READ | libc::PROT_WRITE, kind | libc::MAP_ANON);
        // SAFETY: a new mapping, wherever the kernel likes, changes nothing that there is.
        let start = unsafe { libc::mmap(std::ptr::null_mut(), length, access, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        #[cfg(target_os = "linux")]
        if length >= WORTH_LARGE_PAGES {
            // SAFETY: it is the mapping just made. Where this is refused, pages are small.
            unsafe { libc::madvise(start, length, libc::MADV_HUGEPAGE) };
        }
        let first = NonNull::new(start.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { first, count })
    }
}

impl<T: Shareable> SharedMemory<T> {
    pub(super) fn zeroed(count: usize) -> io::Result<Self> {
        Self::map(count, libc::MAP_SHARED)
    }

    pub(super) fn get(&self, index: usize) -> Option<&T> {
        // SAFETY: so many stand in the mapping, page-aligned, and any bytes there are a `T`.
        (index < self.count).then(|| unsafe { self.first.add(index).as_ref() })
    }
}

impl<T: Copy> SharedMemory<T> {
    pub(super) fn from_fn(count: usize, mut value: impl FnMut(usize) -> T) -> io::Result<Self> {
        assert!(align_of::<T>() <= 4096, "values are aligned to less than a page");
        // Private, as it is not written after a fork: of this kind the kernel gives large pages more readily.
        let memory = Self::map(count, libc::MAP_PRIVATE)?;
        for index in 0..count {
            // SAFETY: there is room for so many, and nobody reads them yet.
            unsafe { memory.first.add(index).write(value(index)) };
        }
        Ok(memory)
    }

    pub(super) fn values(&self) -> &[T] {
        // SAFETY: `from_fn` wrote all of them (and no other function makes one of these with a `Copy` type: what is
        // `Shareable` has atomics in it); nobody changes them after that, here or in a forked process.
        unsafe { std::slice::from_raw_parts(self.first.as_ptr(), self.count) }
    }
}

impl<T> Drop for SharedMemory<T> {
    fn drop(&mut self) {
        let length = (size_of::<T>() * self.count).max(1);
        // SAFETY: it is the mapping made in `map`, and no reference outlives this.
        unsafe { libc::munmap(self.first.as_ptr().cast(), length) };
    }
}

impl<T> std::fmt::Debug for SharedMemory<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedMemory").field("count", &self.count).finish()
    }
}
