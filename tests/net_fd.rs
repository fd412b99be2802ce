//! `AsyncFd`: any descriptor waits in the loop. What is not ready after all must be said.

mod support;

use std::cell::Cell;
use std::fs::File;
use std::future::poll_fn;
use std::io::{self, ErrorKind, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::rc::Rc;
use std::time::Duration;

use glassloop::io::Interest;
use glassloop::io::unix::AsyncFd;
use glassloop::net::UnixStream;
use glassloop::spawn;
use glassloop::task::spawn_blocking;
use glassloop::time::timeout;
use support::{
    Bell, ON_POLLING, Polls, events, poll_with, recorded, run, run_on, runtime, settle, turns,
};

fn pipe() -> (PipeReader, PipeWriter) {
    let (reader, writer) = io::pipe().unwrap();
    // An `fcntl`, which any descriptor takes.
    socket2::SockRef::from(&reader).set_nonblocking(true).unwrap();
    socket2::SockRef::from(&writer).set_nonblocking(true).unwrap();
    (reader, writer)
}

async fn read_some(reader: &AsyncFd<PipeReader>) -> io::Result<Vec<u8>> {
    let mut buffer = [0; 16];
    loop {
        let mut guard = reader.readable().await?;
        if let Ok(read) = guard.try_io(|reader| reader.get_ref().read(&mut buffer)) {
            return read.map(|length| buffer[..length].to_vec());
        }
    }
}

#[test]
fn a_pipe_is_read_to_its_end() {
    run(async {
        let (reader, mut writer) = pipe();
        let reader = AsyncFd::new(reader).unwrap();
        let polls = Polls::default();
        let heard = spawn(polls.of(async move {
            let mut heard = Vec::new();
            loop {
                match read_some(&reader).await.unwrap() {
                    bytes if bytes.is_empty() => return heard,
                    bytes => heard.extend(bytes),
                }
            }
        }));
        for word in ["one ", "two ", "three"] {
            settle().await;
            writer.write_all(word.as_bytes()).unwrap();
        }
        settle().await;
        drop(writer);
        assert_eq!(heard.await.unwrap(), b"one two three");
        assert!(polls.count() <= 6, "{} polls", polls.count());
    });
}

#[test]
fn a_pipe_that_is_full_is_written_to_when_there_is_room() {
    const LENGTH: usize = 1 << 20;
    run(async {
        let (mut reader, writer) = pipe();
        socket2::SockRef::from(&reader).set_nonblocking(false).unwrap();
        let drained = spawn_blocking(move || {
            std::thread::sleep(Duration::from_millis(5));
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).map(|_| bytes)
        });
        let writer = AsyncFd::with_interest(writer, Interest::WRITABLE).unwrap();
        let bytes: Vec<u8> = (0..LENGTH).map(|at| (at / 9) as u8).collect();
        let mut written = 0;
        while written < LENGTH {
            let rest = &bytes[written..];
            written +=
                writer.async_io(Interest::WRITABLE, |mut writer| writer.write(rest)).await.unwrap();
        }
        drop(writer);
        assert!(drained.await.unwrap().unwrap() == bytes);
    });
}

#[test]
fn an_event_counter_of_another_library_is_awaited() {
    run(async {
        // Readable as soon as something was written to its other end: signal-hook's way of telling.
        let (ours, handlers) = std::os::unix::net::UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let handler =
            signal_hook::low_level::pipe::register(signal_hook::consts::SIGUSR2, handlers).unwrap();
        let ours = AsyncFd::new(ours).unwrap();
        let wait = spawn(async move {
            let mut guard = ours.readable().await.unwrap();
            guard.try_io(|ours| ours.get_ref().read(&mut [0; 8])).unwrap().unwrap()
        });
        turns(2).await;
        signal_hook::low_level::raise(signal_hook::consts::SIGUSR2).unwrap();
        assert_eq!(wait.await.unwrap(), 1);
        signal_hook::low_level::unregister(handler);
    });
}

#[test]
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn a_timer_of_the_kernel_is_awaited() {
    use std::os::fd::{FromRawFd, OwnedFd};
    // SAFETY: a call without pointers; the descriptor is ours alone.
    let timer = unsafe {
        let flags = libc::TFD_NONBLOCK | libc::TFD_CLOEXEC;
        let number = libc::timerfd_create(libc::CLOCK_MONOTONIC, flags);
        assert!(number >= 0, "{}", io::Error::last_os_error());
        OwnedFd::from_raw_fd(number)
    };
    let in_3_ms = libc::timespec { tv_sec: 0, tv_nsec: 3_000_000 };
    let once = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let setting = libc::itimerspec { it_interval: once, it_value: in_3_ms };
    run(async {
        let timer = AsyncFd::with_interest(File::from(timer), Interest::READABLE).unwrap();
        // SAFETY: `setting` lives through the call, and the old one is not asked for.
        let set =
            unsafe { libc::timerfd_settime(timer.as_raw_fd(), 0, &setting, std::ptr::null_mut()) };
        assert_eq!(set, 0);
        let start = std::time::Instant::now();
        let mut expired = [0; 8];
        let read = timer.async_io(Interest::READABLE, |mut timer| timer.read(&mut expired));
        assert_eq!(read.await.unwrap(), 8);
        assert_eq!(u64::from_ne_bytes(expired), 1);
        assert!(start.elapsed() >= Duration::from_millis(3));
    });
}

#[test]
fn a_file_is_refused_with_a_reason() {
    run(async {
        let error = AsyncFd::new(tempfile::tempfile().unwrap()).unwrap_err();
        if cfg!(target_os = "linux") {
            assert_eq!(error.kind(), ErrorKind::PermissionDenied);
            assert!(error.to_string().contains("a file never blocks"), "{error}");
        }
        // One descriptor, twice.
        let (reader, _writer) = pipe();
        let first = AsyncFd::new(reader).unwrap();
        assert_eq!(AsyncFd::new(first.as_fd()).unwrap_err().kind(), ErrorKind::AlreadyExists);
    });
}

#[test]
#[should_panic(expected = "no event loop runs on this thread")]
fn outside_a_loop_there_is_nothing_to_wait_in() {
    let _ = AsyncFd::new(pipe().0);
}

#[test]
fn nothing_counts_as_ready_before_the_kernel_has_said_so() {
    run(async {
        let (reader, mut writer) = pipe();
        let reader = AsyncFd::new(reader).unwrap();
        let attempts = Cell::new(0);
        let mut read = Box::pin(reader.async_io(Interest::READABLE, |mut reader| {
            attempts.set(attempts.get() + 1);
            reader.read(&mut [0; 4])
        }));
        assert!(timeout(Duration::from_millis(3), read.as_mut()).await.is_err());
        assert_eq!(attempts.get(), 0);
        writer.write_all(b"x").unwrap();
        assert_eq!(read.await.unwrap(), 1);
        assert_eq!(attempts.get(), 1);
    });
}

#[test]
fn a_guard_that_finds_nothing_waits_anew_and_one_that_says_nothing_does_not() {
    run(async {
        let (reader, mut writer) = pipe();
        writer.write_all(b"x").unwrap();
        let reader = AsyncFd::new(reader).unwrap();
        let guard = reader.readable().await.unwrap();
        assert!(guard.ready().is_readable() && !guard.ready().is_read_closed());
        assert_eq!(guard.get_inner().as_raw_fd(), guard.get_ref().as_raw_fd());
        drop(guard);
        reader.readable().await.unwrap().retain_ready();
        reader.get_ref().read_exact(&mut [0]).unwrap();
        // Nobody has said that there is nothing left.
        let mut guard = reader.readable().await.unwrap();
        let found = guard.try_io(|reader| reader.get_ref().read(&mut [0]));
        assert_eq!(found.unwrap_err().to_string(), "the attempt would have blocked");
        assert!(timeout(Duration::from_millis(3), reader.readable()).await.is_err());
        writer.write_all(b"x").unwrap();
        let mut guard = reader.readable().await.unwrap();
        guard.clear_ready();
        let again = timeout(Duration::from_millis(3), reader.readable()).await;
        assert_eq!(again.is_ok(), ON_POLLING, "who is told of changes only hears nothing");
    });
}

/// The guard is kept while the loop turns, and the byte comes in the meantime.
#[test]
fn readiness_that_comes_while_a_guard_is_kept_is_not_cleared_by_it() {
    run(async {
        let (reader, mut writer) = pipe();
        writer.write_all(b"old").unwrap();
        let reader = AsyncFd::new(reader).unwrap();
        let mut guard = reader.readable().await.unwrap();
        let mut buffer = [0; 8];
        assert_eq!(guard.try_io(|fd| fd.get_ref().read(&mut buffer)).unwrap().unwrap(), 3);
        writer.write_all(b"new").unwrap();
        settle().await;
        guard.clear_ready();
        assert_eq!(read_some(&reader).await.unwrap(), b"new");
    });
}

#[test]
fn what_it_was_not_made_for_it_does_not_wait_for() {
    run(async {
        let (reader, _writer) = pipe();
        let reader = AsyncFd::with_interest(reader, Interest::READABLE).unwrap();
        let error = reader.writable().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("made for READABLE"), "{error}");
        let both = Interest::READABLE | Interest::WRITABLE;
        assert!(reader.ready(both).await.is_err());
        assert!(poll_fn(|cx| reader.poll_write_ready(cx)).await.is_err());
    });
}

#[test]
fn a_wait_for_a_descriptor_belongs_to_its_future_and_shows_in_the_trace() {
    let runtime = recorded();
    run_on(&runtime, async {
        let (reader, mut writer) = pipe();
        let number = reader.as_raw_fd();
        let reader = Rc::new(AsyncFd::new(reader).unwrap());
        let (bell, waker) = Bell::new();
        let mut given_up = Box::pin(reader.readable());
        assert!(poll_with(&waker, &mut given_up).is_pending());
        drop(given_up);
        let waits = Rc::clone(&reader);
        let wait = spawn(async move { read_some(&waits).await.unwrap() });
        settle().await;
        writer.write_all(b"x").unwrap();
        assert_eq!(wait.await.unwrap(), b"x");
        assert_eq!(bell.rings(), 0);
        let shown = format!("Io {{ fd: {number}, direction: Read }}");
        assert!(events(&runtime).iter().any(|event| format!("{event:?}").contains(&shown)));
    });
}

#[test]
fn what_is_taken_out_can_wait_in_another_loop() {
    let (first, second) = (runtime(), runtime());
    let (near, far) = std::os::unix::net::UnixStream::pair().unwrap();
    let near = run_on(&first, async {
        let mut near = AsyncFd::new(near).unwrap();
        near.get_mut().set_nonblocking(true).unwrap();
        let _guard = near.writable().await.unwrap();
        near.into_inner()
    });
    run_on(&second, async {
        let near = AsyncFd::new(near).unwrap();
        let far = UnixStream::from_std(far).unwrap();
        far.try_write(b"x").unwrap();
        poll_fn(|cx| near.poll_read_ready(cx).map_ok(drop)).await.unwrap();
        assert_eq!(near.try_io(Interest::READABLE, |mut near| near.read(&mut [0; 4])).unwrap(), 1);
    });
}
