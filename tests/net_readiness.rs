//! Waiting for the kernel's word, and then attempting: `readable`, `writable`, `ready`, `try_…`. A wait
//! belongs to its future, and a hint that proved wrong is forgotten.

mod support;

use std::future::{Future, poll_fn};
use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::pin::pin;
use std::rc::Rc;
use std::task::Context;
use std::time::Duration;

use futures::AsyncReadExt;
use glassloop::io::Interest;
use glassloop::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
use glassloop::spawn;
use glassloop::task::spawn_blocking;
use glassloop::time::{sleep, timeout};
use support::{
    Bell, ON_POLLING, Polls, pair, pair_with_std, poll_with, recorded, reset, run, run_on, runtime,
    settle, sleeps, turns,
};

const BIG: usize = 8 << 20; // more than the kernel takes

/// Waits for a while that is long enough for the kernel, to show that nothing comes.
async fn nothing_comes(future: impl Future) -> bool {
    timeout(Duration::from_millis(3), future).await.is_err()
}

// ─── A wait belongs to its future ───────────────────────────────────────────────────────────────

#[test]
fn only_the_latest_waker_of_readable_is_woken() {
    run(async {
        let (near, mut far) = pair_with_std().await;
        let ((old, first), (new, second)) = (Bell::new(), Bell::new());
        let mut readable = Box::pin(near.readable());
        assert!(poll_with(&first, &mut readable).is_pending());
        assert!(poll_with(&second, &mut readable).is_pending());
        far.write_all(b"x").unwrap();
        settle().await;
        assert_eq!((old.rings(), new.rings()), (0, 1));
        assert!(poll_with(&second, &mut readable).is_ready());
    });
}

#[test]
fn a_readable_that_is_dropped_wakes_nobody() {
    run(async {
        let (near, mut far) = pair_with_std().await;
        let (bell, waker) = Bell::new();
        let mut readable = Box::pin(near.readable());
        assert!(poll_with(&waker, &mut readable).is_pending());
        drop(readable);
        far.write_all(b"x").unwrap();
        settle().await;
        assert_eq!(bell.rings(), 0);
        near.readable().await.unwrap();
    });
}

/// Both wait with the waker of one task: the one that gives up must not take the other's along.
#[test]
fn a_readable_that_is_dropped_leaves_a_read_of_the_same_task_waiting() {
    run(async {
        let (near, mut far) = pair_with_std().await;
        let polls = Polls::default();
        let reader = spawn(polls.of(async move {
            let mut buffer = [0; 4];
            let mut read = pin!(poll_fn(|cx| near.poll_peek(cx, &mut buffer)));
            assert!(futures::poll!(read.as_mut()).is_pending());
            assert!(futures::poll!(pin!(near.readable())).is_pending());
            assert!(futures::poll!(pin!(near.readable())).is_pending());
            read.await.unwrap()
        }));
        turns(2).await;
        assert_eq!(polls.count(), 1);
        far.write_all(b"x").unwrap();
        assert_eq!(reader.await.unwrap(), 1);
        assert_eq!(polls.count(), 2);
    });
}

#[test]
fn a_readable_that_moves_to_another_task_wakes_that_one_alone() {
    run(async {
        let (near, mut far) = pair_with_std().await;
        let near = Rc::new(near);
        let mut readable: std::pin::Pin<Box<dyn Future<Output = ()>>> = {
            let near = Rc::clone(&near);
            Box::pin(async move { near.readable().await.unwrap() })
        };
        assert!(futures::poll!(readable.as_mut()).is_pending());
        let first = Polls::default();
        // The task in which it waited first goes on to wait for something else.
        let bystander = spawn(first.of(std::future::pending::<()>()));
        let owner = spawn(readable);
        turns(2).await;
        far.write_all(b"x").unwrap();
        owner.await.unwrap();
        assert_eq!(first.count(), 1);
        bystander.abort();
    });
}

#[test]
fn any_number_of_tasks_may_wait_until_one_socket_is_readable() {
    run(async {
        let (near, mut far) = pair_with_std().await;
        let near = Rc::new(near);
        let waits: Vec<_> = (0..3)
            .map(|_| {
                let near = Rc::clone(&near);
                spawn(async move { near.readable().await.unwrap() })
            })
            .collect();
        turns(2).await;
        far.write_all(b"x").unwrap();
        for wait in waits {
            wait.await.unwrap();
        }
    });
}

// ─── What the hint is worth ─────────────────────────────────────────────────────────────────────

/// Also when nothing has made it wait before: it is not registered by then.
#[test]
fn readable_waits_until_there_is_something_to_read() {
    run(async {
        for writable_first in [false, true] {
            let (near, mut far) = pair_with_std().await;
            if writable_first {
                near.writable().await.unwrap();
            }
            let polls = Polls::default();
            let near = Rc::new(near);
            let wait = spawn(polls.of({
                let near = Rc::clone(&near);
                async move { near.readable().await.unwrap() }
            }));
            settle().await;
            assert!(!wait.is_finished());
            far.write_all(b"x").unwrap();
            wait.await.unwrap();
            assert_eq!(polls.count(), 2);
            // It stays readable until an attempt says otherwise.
            near.readable().await.unwrap();
            assert_eq!(near.try_read(&mut [0; 1]).unwrap(), 1);
            near.readable().await.unwrap();
            assert_eq!(near.try_read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock);
            assert!(nothing_comes(near.readable()).await);
        }
    });
}

#[test]
fn what_was_there_before_the_first_wait_is_heard_of() {
    run(async {
        let (near, mut far) = pair_with_std().await;
        far.write_all(b"early").unwrap();
        settle().await;
        near.readable().await.unwrap();
        let mut buffer = [0; 8];
        assert_eq!(near.try_read(&mut buffer).unwrap(), 5);
        // A short read has taken all.
        assert!(nothing_comes(near.readable()).await);
    });
}

#[test]
fn a_loop_of_readable_and_try_read_gets_every_byte_and_the_end_and_does_not_spin() {
    const LENGTH: usize = 3 << 20;
    run(async {
        let (near, mut far) = pair_with_std().await;
        let writer = spawn_blocking(move || {
            let bytes: Vec<u8> = (0..LENGTH).map(|at| (at / 3) as u8).collect();
            far.write_all(&bytes)
        });
        let (mut buffer, mut read, mut refused, mut served) = (vec![0; 4096], 0, 0, 0);
        loop {
            near.readable().await.unwrap();
            match near.try_read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => {
                    let all = (read..).zip(&buffer[..length]);
                    assert!(all.into_iter().all(|(at, got)| *got == (at / 3) as u8));
                    (read, served) = (read + length, served + 1);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => refused += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(read, LENGTH);
        assert!(refused <= served, "{refused} hints were wrong, {served} were right");
        writer.await.unwrap().unwrap();
    });
}

#[test]
fn writable_waits_until_there_is_room() {
    run(async {
        let (near, mut far) = pair_with_std().await;
        near.writable().await.unwrap();
        let bytes = vec![1; 64 << 10];
        let mut written = 0;
        loop {
            match near.try_write(&bytes) {
                Ok(count) => written += count,
                Err(error) => break assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
        assert!(nothing_comes(near.writable()).await);
        let drained = spawn_blocking(move || {
            far.read_exact(&mut vec![0; written]).unwrap();
            far
        });
        near.writable().await.unwrap();
        near.try_write(b"more").unwrap();
        drained.await.unwrap();
    });
}

#[test]
fn ready_tells_which_of_both_it_is() {
    run(async {
        let (near, mut far) = pair_with_std().await;
        let either = Interest::READABLE | Interest::WRITABLE;
        let ready = near.ready(either).await.unwrap();
        assert!(ready.is_writable() && !ready.is_readable(), "{ready:?}");
        far.write_all(b"x").unwrap();
        near.readable().await.unwrap();
        let ready = near.ready(either).await.unwrap();
        assert!(ready.is_writable() && ready.is_readable() && !ready.is_read_closed(), "{ready:?}");
        far.shutdown(Shutdown::Write).unwrap();
        settle().await;
        let ready = near.ready(Interest::READABLE).await.unwrap();
        assert!(ready.is_readable() && !ready.is_writable(), "{ready:?}");
        assert_eq!(ready.is_read_closed(), !ON_POLLING);
        // Who waits for both is woken by either.
        assert_eq!(near.try_read(&mut [0; 8]).unwrap(), 1);
        assert_eq!(near.try_read(&mut [0; 8]).unwrap(), 0);
    });
}

#[test]
fn a_wait_for_both_directions_ends_with_either_and_leaves_neither_behind() {
    run(async {
        let (near, mut far) = pair_with_std().await;
        while near.try_write(&[0; 1 << 16]).is_ok() {}
        let either = Interest::READABLE.add(Interest::WRITABLE);
        let (bell, waker) = Bell::new();
        let mut ready = Box::pin(near.ready(either));
        // The kernel's first word may be on its way.
        settle().await;
        assert!(poll_with(&waker, &mut ready).is_pending());
        far.write_all(b"x").unwrap();
        settle().await;
        assert_eq!(bell.rings(), 1);
        assert!(poll_with(&waker, &mut ready).is_ready());
        drop(ready);
        let mut rest = vec![0; 1 << 16];
        far.set_nonblocking(true).unwrap();
        while far.read(&mut rest).is_ok() {}
        settle().await;
        assert_eq!(bell.rings(), 1, "it still waited for room");
    });
}

#[test]
fn the_end_and_a_reset_are_something_to_read() {
    run(async {
        let (near, far) = pair_with_std().await;
        let near = Rc::new(near);
        let waits = Rc::clone(&near);
        let wait = spawn(async move { waits.ready(Interest::READABLE).await.unwrap() });
        turns(2).await;
        far.shutdown(Shutdown::Write).unwrap();
        assert_eq!(wait.await.unwrap().is_read_closed(), !ON_POLLING);
        assert_eq!(near.try_read(&mut [0]).unwrap(), 0);
        reset(far).unwrap();
        settle().await;
        near.readable().await.unwrap();
        near.writable().await.unwrap();
        assert!(near.try_write(b"x").is_err());
    });
}

#[test]
fn a_task_that_finds_its_socket_readable_again_and_again_gives_the_others_their_turn() {
    run(async {
        let (near, mut far) = pair_with_std().await;
        far.write_all(b"x").unwrap();
        near.readable().await.unwrap();
        let polls = Polls::default();
        let other = spawn(polls.of(async {
            loop {
                glassloop::task::yield_now().await;
            }
        }));
        for _ in 0..4096 {
            near.readable().await.unwrap();
        }
        assert!(polls.count() >= 16, "{} turns", polls.count());
        other.abort();
    });
}

// ─── Attempts ───────────────────────────────────────────────────────────────────────────────────

/// Nobody waits, so an event may never come: the attempt itself must find out.
#[test]
fn an_attempt_is_made_whatever_is_known() {
    run(async {
        let (near, mut far) = pair_with_std().await;
        for round in 0..3 {
            assert_eq!(near.try_read(&mut [0; 4]).unwrap_err().kind(), ErrorKind::WouldBlock);
            far.write_all(&[round]).unwrap();
            std::thread::sleep(Duration::from_millis(1)); // no turn for the loop
            let mut buffer = [0; 4];
            assert_eq!(near.try_read(&mut buffer).unwrap(), 1);
            assert_eq!(buffer[0], round);
            if round == 1 {
                assert!(nothing_comes(near.readable()).await); // registered from here on
            }
        }
    });
}

#[test]
fn several_buffers_are_read_and_written_with_one_call() {
    run(async {
        let (near, far) = pair().await;
        let slices = [IoSlice::new(b"one "), IoSlice::new(b"two "), IoSlice::new(b"three")];
        assert_eq!(near.try_write_vectored(&slices).unwrap(), 13);
        far.readable().await.unwrap();
        let (mut first, mut second) = ([0; 8], [0; 16]);
        let mut buffers = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
        assert_eq!(far.try_read_vectored(&mut buffers).unwrap(), 13);
        assert_eq!((&first, &second[..5]), (b"one two ", &b"three"[..]));
        // And through the traits, which wait.
        let written = poll_fn(|cx| {
            let near = pin!(&near);
            futures::AsyncWrite::poll_write_vectored(near, cx, &slices)
        });
        assert_eq!(written.await.unwrap(), 13);
        let mut buffers = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
        assert_eq!((&far).read_vectored(&mut buffers).await.unwrap(), 13);
        assert_eq!((&first, &second[..5]), (b"one two ", &b"three"[..]));
    });
}

#[test]
fn an_attempt_of_ones_own_waits_while_it_would_block() {
    run(async {
        let (near, mut far) = pair_with_std().await;
        let attempts = Rc::new(std::cell::Cell::new(0));
        let counted = Rc::clone(&attempts);
        let reader = spawn(async move {
            let descriptor = &near;
            near.async_io(Interest::READABLE, || {
                counted.set(counted.get() + 1);
                let mut buffer = [std::mem::MaybeUninit::uninit(); 4];
                socket2::SockRef::from(descriptor).recv(&mut buffer)
            })
            .await
            .unwrap()
        });
        settle().await;
        far.write_all(b"abc").unwrap();
        assert_eq!(reader.await.unwrap(), 3);
        assert_eq!(attempts.get(), 1);

        let (near, _far) = UnixStream::pair().unwrap();
        near.writable().await.unwrap();
        let refused =
            near.try_io(Interest::WRITABLE, || Err::<(), _>(ErrorKind::WouldBlock.into()));
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(nothing_comes(near.writable()).await, !ON_POLLING, "it was not cleared");
    });
}

#[test]
fn a_poll_for_readiness_wakes_its_task() {
    run(async {
        let (near, mut far) = pair_with_std().await;
        let wait = spawn(async move {
            poll_fn(|cx: &mut Context<'_>| near.poll_write_ready(cx)).await.unwrap();
            poll_fn(|cx| near.poll_read_ready(cx)).await.unwrap();
            near.try_read(&mut [0]).unwrap()
        });
        settle().await;
        far.write_all(b"x").unwrap();
        assert_eq!(wait.await.unwrap(), 1);
    });
}

// ─── Waits that are given up ────────────────────────────────────────────────────────────────────

#[test]
fn waits_that_ran_out_of_time_take_nothing_with_them() {
    run(async {
        let (near, mut far) = pair_with_std().await;
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        sender.connect(udp.local_addr().unwrap()).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        for round in 0..20 {
            let (mut buffer, mut datagram) = ([0; 8], [0; 8]);
            assert!(timeout(Duration::ZERO, near.readable()).await.is_err());
            assert!(timeout(Duration::ZERO, near.peek(&mut buffer)).await.is_err());
            assert!(timeout(Duration::ZERO, udp.recv_from(&mut datagram)).await.is_err());
            assert!(timeout(Duration::ZERO, listener.accept()).await.is_err());
            far.write_all(&[round]).unwrap();
            sender.send(&[round, round]).await.unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            near.readable().await.unwrap();
            assert_eq!(near.peek(&mut buffer).await.unwrap(), 1);
            assert_eq!(near.try_read(&mut buffer).unwrap(), 1);
            assert_eq!(udp.recv(&mut datagram).await.unwrap(), 2);
            assert_eq!((buffer[0], datagram[1]), (round, round));
            let (_, peer) = listener.accept().await.unwrap();
            assert_eq!(peer, client.local_addr().unwrap());
        }
    });
}

#[test]
fn a_loop_with_a_wait_that_was_given_up_sleeps() {
    let runtime = recorded();
    run_on(&runtime, async {
        let (near, _far) = pair_with_std().await;
        while near.try_write(&vec![0; BIG]).is_ok() {}
        for _ in 0..50 {
            assert!(timeout(Duration::ZERO, near.readable()).await.is_err());
            assert!(timeout(Duration::ZERO, near.writable()).await.is_err());
        }
        runtime.take_trace();
        sleep(Duration::from_millis(8)).await;
        assert!(sleeps(&runtime).len() <= 2, "the loop spins");
    });
}

#[test]
fn readable_in_another_loop_is_an_error_as_reading_is() {
    let (first, second) = (runtime(), runtime());
    let near = run_on(&first, async {
        let (near, _) = UnixStream::pair().unwrap();
        assert_eq!(near.try_read(&mut [0]).unwrap(), 0);
        near
    });
    // It has never waited: it may move.
    assert!(run_on(&second, near.readable()).is_ok(), "its peer has gone");
    let (near, _far) = UnixStream::pair().unwrap();
    run_on(&first, async { assert!(nothing_comes(near.readable()).await) });
    let error = run_on(&second, near.readable()).unwrap_err();
    assert!(error.to_string().contains("has waited in another event loop"), "{error}");
}
