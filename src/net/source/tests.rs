use super::*;
use crate::runtime::{Builder, Runtime, spawn};
use crate::task::yield_now;
use crate::time::{sleep, timeout};
use crate::trace::Event;
use std::cell::Cell;
use std::future::poll_fn;
use std::io::{Read, Write};
use std::net::UdpSocket;
use std::os::unix::net::UnixStream;
use std::time::Duration;

fn pair() -> (Source<UnixStream>, UnixStream) {
    let (near, far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    (Source::new(near), far)
}

async fn read_byte(source: &Source<UnixStream>) -> io::Result<u8> {
    let mut byte = [0];
    let mut attempt = |mut io: &UnixStream| io.read(&mut byte);
    let length = poll_fn(|cx| source.poll_transfer(Direction::Read, cx, 1, &mut attempt)).await?;
    assert_eq!(length, 1);
    Ok(byte[0])
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let limited = timeout(Duration::from_secs(8), future);
    Runtime::new().unwrap().block_on(limited).expect("it was never woken")
}

#[test]
fn a_source_that_never_waits_is_never_registered() {
    run(async {
        let (near, mut far) = pair();
        far.write_all(b"ab").unwrap();
        assert_eq!(read_byte(&near).await.unwrap(), b'a');
        assert_eq!(read_byte(&near).await.unwrap(), b'b');
        assert!(near.registered.get().is_none());
    });
}

/// The byte comes after the attempt has failed, and before anything was made of that.
#[test]
fn readiness_that_comes_between_the_attempt_and_the_clearing_is_kept() {
    run(async {
        let (near, far) = pair();
        for round in 0..3 {
            let mut first = true;
            let received = poll_fn(|cx| {
                near.poll_io(Direction::Read, cx, |mut io| {
                    let result = io.read(&mut [0]);
                    if std::mem::take(&mut first) {
                        assert!(result.is_err(), "round {round}");
                        (&far).write_all(b"x").unwrap();
                    }
                    result
                })
            });
            assert_eq!(received.await.unwrap(), 1);
        }
    });
}

#[test]
fn an_attempt_that_a_signal_interrupted_is_made_again() {
    run(async {
        let (near, _far) = pair();
        let mut attempts = 0;
        let done = poll_fn(|cx| {
            near.poll_io(Direction::Read, cx, |_| {
                attempts += 1;
                match attempts {
                    1..4 => Err(io::ErrorKind::Interrupted.into()),
                    _ => Ok(attempts),
                }
            })
        });
        assert_eq!(done.await.unwrap(), 4);
    });
}

/// "Closed" is a hint: a datagram that was refused raises it, and the socket is none the worse.
#[test]
fn a_source_that_seemed_closed_and_would_block_waits_like_any_other() {
    run(async {
        let nobody = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let near = UdpSocket::bind("127.0.0.1:0").unwrap();
        near.set_nonblocking(true).unwrap();
        near.connect(nobody).unwrap();
        let near = Source::new(near);
        let receive =
            || poll_fn(|cx| near.poll_io(Direction::Read, cx, |socket| socket.recv(&mut [0])));
        assert!(timeout(Duration::ZERO, receive()).await.is_err());
        near.get().send(b"?").unwrap();
        assert_eq!(receive().await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert!(timeout(Duration::ZERO, receive()).await.is_err());
        let somebody = UdpSocket::bind(nobody).unwrap();
        somebody.send_to(b"!", near.get().local_addr().unwrap()).unwrap();
        assert_eq!(receive().await.unwrap(), 1);
    });
}

#[test]
fn a_dup_that_gets_the_number_of_a_closed_source_can_wait_in_its_turn() {
    run(async {
        let (near, mut far) = pair();
        assert!(timeout(Duration::ZERO, read_byte(&near)).await.is_err());
        let number = near.get().as_raw_fd();
        let dup = near.get().try_clone().unwrap();
        drop(near);
        assert!(!EventLoop::current().reactor.has_sources());
        // The kernel knows a registration by the open file and the number, and here both are the same.
        let mut kept = Vec::new();
        let again = loop {
            let again = dup.try_clone().unwrap();
            if again.as_raw_fd() == number || kept.len() == 64 {
                break Source::new(again);
            }
            kept.push(again); // other tests open descriptors too
        };
        assert!(timeout(Duration::ZERO, read_byte(&again)).await.is_err());
        far.write_all(b"x").unwrap();
        assert_eq!(read_byte(&again).await.unwrap(), b'x');
    });
}

#[test]
fn a_dup_that_outlives_its_source_disturbs_nobody_when_the_number_comes_back() {
    let runtime = Builder::new().trace(true).build().unwrap();
    runtime.block_on(async {
        let (near, mut old_far) = pair();
        assert!(timeout(Duration::ZERO, read_byte(&near)).await.is_err());
        let number = near.get().as_raw_fd();
        let dup = near.get().try_clone().unwrap();
        drop(near);
        // Other tests open descriptors too: keep what is not the number that was free.
        let mut kept = Vec::new();
        let (new, mut far) = loop {
            let (new, far) = pair();
            if new.get().as_raw_fd() == number || kept.len() == 64 {
                break (new, far);
            }
            kept.push((new, far));
        };
        let polls = Rc::new(Cell::new(0));
        let counted = Rc::clone(&polls);
        let reader = spawn(async move {
            let mut read = Box::pin(read_byte(&new));
            poll_fn(|cx| {
                counted.set(counted.get() + 1);
                read.as_mut().poll(cx)
            })
            .await
        });
        yield_now().await;
        sleep(Duration::from_millis(2)).await;
        runtime.take_trace();
        old_far.write_all(b"old").unwrap();
        sleep(Duration::from_millis(2)).await;
        assert_eq!(polls.get(), 1, "an event of the old one reached the new owner");
        let trace = runtime.take_trace();
        let wakes = trace.iter().filter(|record| record.event == Event::LoopWake).count();
        assert_eq!(wakes, 1, "the kernel still tells of the old one");
        far.write_all(b"n").unwrap();
        assert_eq!(reader.await.unwrap().unwrap(), b'n');
        drop(dup);
    });
}

#[test]
fn waits_that_were_given_up_leave_nothing_behind() {
    run(async {
        let (near, mut far) = pair();
        let both = Interest::READABLE | Interest::WRITABLE;
        while (&near.io).write(&[0; 4096]).is_ok() {}
        sleep(Duration::from_millis(1)).await;
        let awaited = || near.registered.get().map(|registered| registered.entry.awaited());
        assert_eq!(awaited(), None);
        for interest in [Interest::READABLE, Interest::WRITABLE, both] {
            for _ in 0..3 {
                assert!(
                    timeout(Duration::from_millis(1), near.until_ready(interest)).await.is_err()
                );
                assert_eq!(awaited(), Some([false, false]), "{interest:?}");
            }
        }
        // One that ended in one direction leaves the other, too.
        let waits = near.until_ready(both);
        far.write_all(b"x").unwrap();
        waits.await.unwrap();
        assert_eq!(awaited(), Some([false, false]));
    });
}
