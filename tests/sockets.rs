//! What the loop promises to those who wait for a socket: no byte and no waiter is forgotten, every
//! connection that ends is seen to end, and nothing spins (the polls are counted).

mod support;

use std::cell::Cell;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener as StdListener};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt};
use glassloop::net::{TcpListener, TcpStream};
use glassloop::spawn;
use glassloop::task::{spawn_blocking, yield_now};
use glassloop::time::{sleep, timeout};
use glassloop::trace::Direction;
use glassloop::trace::{Event, Wait};
use support::{
    Bell, Polls, events, pair, pair_with_std, poll_with, recorded, reset, run, run_on, runtime,
    settle, sleeps, turns,
};

/// Makes the stream wait once, so that it stands in the reactor.
async fn register(stream: &TcpStream) {
    let (mut stream, mut buffer) = (stream, [0]);
    assert!(futures::poll!(stream.read(&mut buffer)).is_pending());
}

async fn read_some(mut stream: &TcpStream, length: usize) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; length];
    let read = stream.read(&mut buffer).await?;
    buffer.truncate(read);
    Ok(buffer)
}

// ─── Reading ────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_partial_read_leaves_the_rest_readable() {
    run(async {
        let (near, mut far) = pair_with_std().await;
        register(&near).await;
        far.write_all(b"0123456789").unwrap();
        assert_eq!(read_some(&near, 4).await.unwrap(), b"0123");
        assert_eq!(read_some(&near, 4).await.unwrap(), b"4567");
        assert_eq!(read_some(&near, 4).await.unwrap(), b"89");
        // And what comes after a short read is heard of too.
        let more = spawn(async move { read_some(&near, 4).await });
        turns(3).await;
        far.write_all(b"ab").unwrap();
        assert_eq!(more.await.unwrap().unwrap(), b"ab");
    });
}

#[test]
fn a_short_read_with_the_end_behind_it_still_sees_the_end() {
    run(async {
        for registered in [true, false] {
            let (near, mut far) = pair_with_std().await;
            if registered {
                register(&near).await;
            }
            far.write_all(b"last words").unwrap();
            drop(far);
            settle().await; // data and end arrive as one event
            assert_eq!(read_some(&near, 64).await.unwrap(), b"last words");
            assert_eq!(read_some(&near, 64).await.unwrap(), b"");
            assert_eq!(read_some(&near, 64).await.unwrap(), b"", "and again");
        }
    });
}

#[test]
fn a_read_that_fills_its_buffer_exactly_waits_for_more_and_gets_it() {
    run(async {
        let (near, mut far) = pair_with_std().await;
        register(&near).await;
        far.write_all(b"1234").unwrap();
        assert_eq!(read_some(&near, 4).await.unwrap(), b"1234");
        let polls = Polls::default();
        let next = spawn(polls.of(async move { read_some(&near, 4).await }));
        settle().await;
        assert_eq!(polls.count(), 1);
        far.write_all(b"5").unwrap();
        assert_eq!(next.await.unwrap().unwrap(), b"5");
        assert_eq!(polls.count(), 2);
    });
}

#[test]
fn megabytes_through_small_buffers_arrive_whole_and_in_order() {
    const LENGTH: usize = 3 << 20;
    let byte = |at: usize| (at * 31 / 7) as u8;
    run(async {
        let (mut near, mut far) = pair().await;
        let writer = spawn(async move {
            let bytes: Vec<u8> = (0..LENGTH).map(byte).collect();
            near.write_all(&bytes).await.unwrap();
            near.close().await.unwrap();
        });
        let mut buffer = [0; 10_007];
        let mut read = 0;
        loop {
            let length = far.read(&mut buffer).await.unwrap();
            if length == 0 {
                break;
            }
            assert!((read..).zip(&buffer[..length]).all(|(at, got)| *got == byte(at)));
            read += length;
            if read % 5 == 0 {
                yield_now().await;
            }
        }
        assert_eq!(read, LENGTH);
        writer.await.unwrap();
    });
}

// ─── Waiters ────────────────────────────────────────────────────────────────────────────────────

#[test]
fn of_two_tasks_that_wait_to_read_from_one_socket_neither_is_forgotten() {
    run(async {
        let (near, mut far) = pair_with_std().await;
        let near = Rc::new(near);
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let near = Rc::clone(&near);
                spawn(async move { read_some(&near, 1).await.unwrap() })
            })
            .collect();
        turns(3).await;
        far.write_all(b"x").unwrap();
        settle().await;
        assert_eq!(readers.iter().filter(|reader| reader.is_finished()).count(), 1);
        far.write_all(b"x").unwrap();
        for reader in readers {
            assert_eq!(reader.await.unwrap(), b"x");
        }
    });
}

#[test]
fn a_waiter_that_is_dropped_does_not_take_the_event_with_it() {
    run(async {
        for given_up in [0, 1] {
            let (near, mut far) = pair_with_std().await;
            let near = Rc::new(near);
            let mut readers: Vec<_> = (0..2)
                .map(|_| {
                    let near = Rc::clone(&near);
                    spawn(async move { read_some(&near, 1).await.unwrap() })
                })
                .collect();
            turns(3).await;
            readers.remove(given_up).abort();
            far.write_all(b"x").unwrap();
            assert_eq!(readers.remove(0).await.unwrap(), b"x");
        }
    });
}

#[test]
fn a_reader_and_a_writer_can_wait_on_one_socket_at_once() {
    run(async {
        let (near, mut far) = pair_with_std().await;
        let near = Rc::new(near);
        let (reads, writes) = (Polls::default(), Polls::default());
        let reader = spawn(reads.of({
            let near = Rc::clone(&near);
            async move { read_some(&near, 8).await.unwrap() }
        }));
        const LENGTH: usize = 8 << 20; // more than the kernel takes
        let writer = spawn(writes.of(async move {
            (&*near).write_all(&vec![1; LENGTH]).await.unwrap();
        }));
        settle().await;
        assert!(!reader.is_finished() && !writer.is_finished());
        let written = writes.count();
        // An event for the reader leaves the writer waiting, and able to go on.
        far.write_all(b"go").unwrap();
        assert_eq!(reader.await.unwrap(), b"go");
        settle().await;
        assert!(!writer.is_finished());
        assert!(writes.count() <= written + 1, "{} polls", writes.count());
        let drained = spawn_blocking(move || {
            let mut bytes = vec![0; LENGTH];
            far.read_exact(&mut bytes).map(|()| bytes.iter().all(|byte| *byte == 1))
        });
        assert!(drained.await.unwrap().unwrap());
        writer.await.unwrap();
        assert_eq!(reads.count(), 2);
    });
}

#[test]
fn an_event_for_a_writer_leaves_the_reader_waiting_and_able_to_go_on() {
    run(async {
        let (near, mut far) = pair_with_std().await;
        let near = Rc::new(near);
        let reader = spawn({
            let near = Rc::clone(&near);
            async move { read_some(&near, 8).await.unwrap() }
        });
        const LENGTH: usize = 8 << 20; // more than the kernel takes
        let writer = spawn(async move {
            (&*near).write_all(&vec![1; LENGTH]).await.unwrap();
        });
        settle().await;
        let drained = spawn_blocking(move || far.read_exact(&mut vec![0; LENGTH]).map(|()| far));
        let mut far = drained.await.unwrap().unwrap();
        writer.await.unwrap();
        settle().await;
        assert!(!reader.is_finished());
        far.write_all(b"go").unwrap();
        assert_eq!(reader.await.unwrap(), b"go");
    });
}

#[test]
fn two_tasks_can_accept_from_one_listener() {
    run(async {
        let listener = Rc::new(TcpListener::bind("127.0.0.1:0").await.unwrap());
        let address = listener.local_addr().unwrap();
        let accept = || {
            let listener = Rc::clone(&listener);
            spawn(async move { listener.accept().await.unwrap().1 })
        };
        let acceptors = [accept(), accept()];
        turns(2).await;
        let first = TcpStream::connect(address).await.unwrap();
        settle().await;
        assert_eq!(acceptors.iter().filter(|acceptor| acceptor.is_finished()).count(), 1);
        let second = TcpStream::connect(address).await.unwrap();
        for acceptor in acceptors {
            let peer = acceptor.await.unwrap();
            assert!([&first, &second].iter().any(|stream| stream.local_addr().unwrap() == peer));
        }
    });
}

#[test]
fn waiting_twice_with_one_waker_is_waiting_once() {
    run(async {
        let (mut near, mut far) = pair_with_std().await;
        let (bell, waker) = Bell::new();
        for _ in 0..5 {
            let mut buffer = [0];
            assert!(poll_with(&waker, &mut near.read(&mut buffer)).is_pending());
        }
        far.write_all(b"x").unwrap();
        settle().await;
        assert_eq!(bell.rings(), 1);
    });
}

#[test]
fn a_read_that_ran_out_of_time_loses_no_byte() {
    run(async {
        let (near, mut far) = pair_with_std().await;
        for round in 0..20 {
            let none = timeout(Duration::ZERO, read_some(&near, 8)).await;
            assert!(none.is_err(), "round {round}");
            far.write_all(&[round]).unwrap();
            assert_eq!(read_some(&near, 8).await.unwrap(), [round]);
        }
    });
}

// ─── Ends ───────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_peer_that_closes_half_is_read_to_its_end_and_can_still_be_written_to() {
    run(async {
        let (near, mut far) = pair_with_std().await;
        let near = Rc::new(near);
        let polls = Polls::default();
        let reader = spawn(polls.of({
            let near = Rc::clone(&near);
            async move { read_some(&near, 8).await.unwrap() }
        }));
        turns(2).await;
        far.shutdown(Shutdown::Write).unwrap();
        assert_eq!(reader.await.unwrap(), b"");
        assert_eq!(polls.count(), 2);
        (&*near).write_all(b"still here").await.unwrap();
        let mut heard = [0; 10];
        far.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"still here");
    });
}

#[test]
fn a_writer_that_waits_while_the_peer_has_closed_its_half_does_not_spin() {
    let runtime = recorded();
    run_on(&runtime, async {
        let (near, far) = pair_with_std().await;
        let near = Rc::new(near);
        let polls = Polls::default();
        let writer = spawn(polls.of({
            let near = Rc::clone(&near);
            async move { (&*near).write_all(&vec![0; 8 << 20]).await }
        }));
        settle().await;
        far.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read_some(&near, 1).await.unwrap(), b"");
        settle().await;
        let before = polls.count();
        events(&runtime);
        sleep(Duration::from_millis(8)).await;
        assert!(sleeps(&runtime).len() <= 2, "the loop spins");
        assert_eq!(polls.count(), before, "the writer spins");
        drop(far);
        assert!(writer.await.unwrap().is_err());
        assert!(polls.count() <= before + 2);
    });
}

#[test]
fn a_reset_is_an_error_or_an_end_for_all_who_wait_and_nobody_spins() {
    run(async {
        let (near, far) = pair_with_std().await;
        let near = Rc::new(near);
        let (reads, writes) = (Polls::default(), Polls::default());
        let reader = spawn(reads.of({
            let near = Rc::clone(&near);
            async move { read_some(&near, 8).await }
        }));
        let writer = spawn(writes.of({
            let near = Rc::clone(&near);
            async move { (&*near).write_all(&vec![0; 8 << 20]).await }
        }));
        settle().await;
        let written = writes.count();
        reset(far).unwrap();
        let (read, wrote) = (reader.await.unwrap(), writer.await.unwrap());
        assert!(wrote.is_err());
        assert!(read.as_ref().is_err() || read.unwrap().is_empty());
        assert!(reads.count() <= 2 && writes.count() <= written + 1);
        // It stays that way: no wait that nobody ends.
        let again = read_some(&near, 8).await;
        assert!(again.is_err() || again.unwrap().is_empty());
        assert!((&*near).write(b"x").await.is_err());
    });
}

#[test]
fn a_peer_that_closes_with_bytes_unread_is_an_error_or_an_end() {
    run(async {
        let (near, far) = pair_with_std().await;
        let polls = Polls::default();
        (&near).write_all(b"never read").await.unwrap();
        let reader = spawn(polls.of(async move { read_some(&near, 8).await }));
        settle().await;
        drop(far);
        let read = reader.await.unwrap();
        assert!(read.is_err() || read.unwrap().is_empty());
        assert!(polls.count() <= 2);
    });
}

#[test]
fn a_connection_that_is_refused_says_so_with_its_address() {
    run(async {
        let address = StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert!(error.to_string().contains(&format!("cannot connect to {address}")), "{error}");
    });
}

#[test]
fn closing_one_half_lets_the_other_end_read_the_end() {
    run(async {
        let (mut near, mut far) = pair().await;
        near.write_all(b"bye").await.unwrap();
        near.close().await.unwrap();
        let mut heard = Vec::new();
        far.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard, b"bye");
        far.write_all(b"you too").await.unwrap();
        drop(far);
        near.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard, b"byeyou too");
    });
}

// ─── Descriptors that come back ─────────────────────────────────────────────────────────────────

#[test]
fn events_of_a_closed_socket_never_reach_the_one_that_got_its_descriptor() {
    let runtime = recorded();
    run_on(&runtime, async {
        let mut descriptors = Vec::new();
        for round in 0..20 {
            let (near, mut far) = pair_with_std().await;
            let polls = Polls::default();
            let reader = spawn(polls.of(async move { read_some(&near, 8).await.unwrap() }));
            turns(2).await;
            assert_eq!(polls.count(), 1);
            if round % 2 == 0 {
                // Closed with its event on the way.
                far.write_all(b"for the old one").unwrap();
                reader.abort();
                turns(1).await;
                drop(reader);
                drop(far);
            } else {
                settle().await;
                assert_eq!(polls.count(), 1, "it was woken for another's data");
                far.write_all(b"new").unwrap();
                assert_eq!(reader.await.unwrap(), b"new");
                assert_eq!(polls.count(), 2);
            }
            descriptors.extend(events(&runtime).into_iter().find_map(|event| match event {
                Event::Waiting { on, .. } => match on[..] {
                    [Wait::Io { fd, direction: Direction::Read }] => Some(fd),
                    _ => None,
                },
                _ => None,
            }));
        }
        descriptors.sort_unstable();
        descriptors.dedup();
        assert!(descriptors.len() < 10, "the numbers came back: {descriptors:?}");
    });
}

#[test]
fn a_socket_belongs_to_the_loop_in_which_it_first_waited() {
    let (first, second) = (runtime(), runtime());
    let (near, mut far) = run_on(&first, async {
        let (near, far) = pair_with_std().await;
        register(&near).await;
        (near, far)
    });
    let error = run_on(&second, read_some(&near, 8)).unwrap_err();
    assert!(error.to_string().contains("has waited in another event loop"), "{error}");
    far.write_all(b"home").unwrap();
    assert_eq!(run_on(&first, read_some(&near, 8)).unwrap(), b"home");
    drop(first);
    let error = run_on(&second, read_some(&near, 8)).unwrap_err();
    assert!(error.to_string().contains("has waited in another event loop"), "{error}");
    drop(near); // after its loop
    assert_eq!(far.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_socket_that_never_waited_may_move_to_another_loop() {
    let (first, second) = (runtime(), runtime());
    let (accepted, mut far) = run_on(&first, async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let far = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (listener.accept().await.unwrap().0, far)
    });
    drop(first);
    run_on(&second, async {
        let reader = spawn(async move { read_some(&accepted, 8).await.unwrap() });
        turns(2).await;
        far.write_all(b"moved").unwrap();
        assert_eq!(reader.await.unwrap(), b"moved");
    });
}

#[test]
fn dropping_the_runtime_closes_the_sockets_of_its_tasks() {
    let runtime = runtime();
    let mut far = run_on(&runtime, async {
        let (near, far) = pair_with_std().await;
        drop(spawn(async move { read_some(&near, 8).await }));
        turns(2).await;
        far
    });
    drop(runtime);
    assert_eq!(far.read(&mut [0]).unwrap(), 0);
}

// ─── Signals ────────────────────────────────────────────────────────────────────────────────────

/// Sends SIGUSR1 to the loop's own thread while it sleeps in the kernel.
#[test]
fn a_signal_that_interrupts_the_sleep_harms_nothing() {
    let seen = Arc::new(AtomicBool::new(false));
    let handler = signal_hook::flag::register(signal_hook::consts::SIGUSR1, Arc::clone(&seen));
    let handler = handler.unwrap();
    run(async {
        let (near, mut far) = pair_with_std().await;
        let reader = spawn(async move { read_some(&near, 8).await.unwrap() });
        #[allow(unsafe_code)]
        // SAFETY: it asks for this thread's own number, and has no other effect.
        let me = unsafe { libc::pthread_self() };
        let disturbed = spawn_blocking(move || {
            for _ in 0..5 {
                thread::sleep(Duration::from_millis(1));
                #[allow(unsafe_code)]
                // SAFETY: that thread lives: it waits for this job before its loop ends.
                let sent = unsafe { libc::pthread_kill(me, libc::SIGUSR1) };
                assert_eq!(sent, 0);
            }
            far.write_all(b"calm").unwrap();
        });
        sleep(Duration::from_millis(3)).await;
        disturbed.await.unwrap();
        assert_eq!(reader.await.unwrap(), b"calm");
    });
    assert!(seen.load(Ordering::SeqCst));
    signal_hook::low_level::unregister(handler);
}

#[test]
fn ctrl_c_wakes_all_who_wait_for_it_and_can_be_awaited_again() {
    run(async {
        for _ in 0..2 {
            let waits = [spawn(glassloop::signal::ctrl_c()), spawn(glassloop::signal::ctrl_c())];
            let mut given_up = Box::pin(glassloop::signal::ctrl_c());
            assert!(futures::poll!(given_up.as_mut()).is_pending());
            drop(given_up);
            turns(2).await;
            signal_hook::low_level::raise(libc::SIGINT).unwrap();
            for wait in waits {
                wait.await.unwrap().unwrap();
            }
        }
    });
}

#[test]
fn a_task_whose_socket_is_always_ready_gives_the_others_their_turn() {
    run(async {
        let (mut near, mut far) = pair().await;
        let turns = Rc::new(Cell::new(0));
        let counted = Rc::clone(&turns);
        let other = spawn(async move {
            loop {
                counted.set(counted.get() + 1);
                yield_now().await;
            }
        });
        far.write_all(&[7; 4096]).await.unwrap();
        sleep(Duration::from_millis(1)).await;
        let before = turns.get();
        // Everything is there: no read has to wait.
        for _ in 0..4096 {
            near.read_exact(&mut [0]).await.unwrap();
        }
        let turns = turns.get() - before;
        assert!(turns >= 16, "4096 reads and {turns} turns for the other");
        other.abort();
    });
}
