//! Streams cut in halves and made whole again, peeked into, taken from the standard library and given
//! back; their options; sockets that are to become streams.

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd};
use std::rc::Rc;
use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt};
use glassloop::net::{TcpListener, TcpSocket, TcpStream, UnixStream, lookup_host, tcp, unix};
use glassloop::spawn;
use glassloop::task::spawn_blocking;
use glassloop::time::timeout;
use support::{pair, pair_with_std, run, run_on, runtime, settle, turns};

async fn end_of(mut reader: impl futures::AsyncRead + Unpin) -> Vec<u8> {
    let mut heard = Vec::new();
    reader.read_to_end(&mut heard).await.unwrap();
    heard
}

// ─── Halves ─────────────────────────────────────────────────────────────────────────────────────

#[test]
fn borrowed_halves_read_and_write_at_the_same_time() {
    const LENGTH: usize = 4 << 20; // more than the kernel takes: both must go on together
    run(async {
        let (mut near, far) = pair().await;
        let (from_far, to_far) = far.into_split();
        let echo = spawn(async move { futures::io::copy(from_far, &mut { to_far }).await });
        let bytes: Vec<u8> = (0..LENGTH).map(|at| (at / 7) as u8).collect();
        let (mut reader, mut writer) = TcpStream::split(&mut near);
        let write = async {
            writer.write_all(&bytes).await.unwrap();
            writer.close().await.unwrap();
        };
        let (heard, ()) = futures::join!(end_of(&mut reader), write);
        assert!(heard == bytes);
        assert_eq!(echo.await.unwrap().unwrap(), LENGTH as u64);
    });
}

#[test]
fn halves_that_borrow_close_nothing_when_dropped() {
    run(async {
        let (mut near, mut far) = pair_with_std().await;
        let _ = TcpStream::split(&mut near);
        near.try_write(b"still open").unwrap();
        let mut heard = [0; 10];
        far.read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"still open");
    });
}

#[test]
fn dropping_the_half_that_writes_closes_its_direction_only() {
    run(async {
        let (near, far) = pair().await;
        let (from_far, mut to_far) = near.into_split();
        to_far.write_all(b"bye").await.unwrap();
        drop(to_far);
        assert_eq!(end_of(&far).await, b"bye");
        far.try_write(b"you too").unwrap();
        drop(far);
        assert_eq!(end_of(from_far).await, b"you too");

        let (near, mut far) = UnixStream::pair().unwrap();
        let (from_far, to_far) = near.into_split();
        to_far.try_write(b"bye").unwrap();
        drop(to_far);
        assert_eq!(end_of(&far).await, b"bye");
        far.write_all(b"you too").await.unwrap();
        drop(far);
        assert_eq!(end_of(from_far).await, b"you too");
    });
}

#[test]
fn dropping_the_half_that_reads_closes_nothing() {
    run(async {
        let (near, far) = pair().await;
        let (from_far, to_far) = near.into_split();
        drop(from_far);
        to_far.writable().await.unwrap();
        to_far.try_write(b"hello").unwrap();
        far.readable().await.unwrap();
        assert_eq!(far.try_read(&mut [0; 8]).unwrap(), 5);
        // The last one closes the socket.
        drop(to_far);
        assert_eq!(end_of(far).await, b"");
    });
}

#[test]
fn a_half_that_is_forgotten_leaves_its_direction_open() {
    run(async {
        let (near, far) = pair().await;
        let (from_far, to_far) = near.into_split();
        to_far.forget();
        let wait = timeout(Duration::from_millis(3), far.readable());
        assert!(wait.await.is_err(), "the direction was closed");
        drop(from_far);
        assert_eq!(end_of(far).await, b"");
    });
}

#[test]
fn halves_of_one_stream_become_that_stream_again() {
    run(async {
        let (near, mut far) = pair_with_std().await;
        let number = near.as_raw_fd();
        let (from_far, to_far) = near.into_split();
        let near = to_far.reunite(from_far).unwrap();
        assert_eq!(near.as_raw_fd(), number);
        let (from_far, to_far) = near.into_split();
        let mut near = from_far.reunite(to_far).unwrap();
        near.write_all(b"whole").await.unwrap();
        let mut heard = [0; 5];
        far.read_exact(&mut heard).unwrap();
        far.write_all(b"again").unwrap();
        near.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"again");

        let (near, mut far) = UnixStream::pair().unwrap();
        let (from_far, to_far) = near.into_split();
        let mut near = from_far.reunite(to_far).unwrap();
        near.write_all(b"whole").await.unwrap();
        far.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"whole");
    });
}

#[test]
fn halves_of_two_streams_come_back_unharmed() {
    run(async {
        let ((one, one_far), (two, two_far)) = (pair().await, pair().await);
        let (from_one, to_one) = one.into_split();
        let (from_two, to_two) = two.into_split();
        let error = from_one.reunite(to_two).unwrap_err();
        assert!(error.to_string().contains("different streams"), "{error}");
        let tcp::ReuniteError(from_one, to_two) = error;
        to_two.try_write(b"unharmed").unwrap();
        two_far.readable().await.unwrap();
        assert_eq!(two_far.try_read(&mut [0; 16]).unwrap(), 8);
        from_one.reunite(to_one).unwrap().try_write(b"x").unwrap();
        one_far.readable().await.unwrap();
        from_two.reunite(to_two).unwrap();

        let ((one, _), (two, _)) = (UnixStream::pair().unwrap(), UnixStream::pair().unwrap());
        let ((from_one, _to_one), (_, to_two)) = (one.into_split(), two.into_split());
        let unix::ReuniteError(_, _) = to_two.reunite(from_one).unwrap_err();
    });
}

#[test]
fn halves_know_their_stream() {
    run(async {
        let (mut near, far) = pair().await;
        let addresses = (near.local_addr().unwrap(), near.peer_addr().unwrap());
        let (mut reader, writer) = TcpStream::split(&mut near);
        assert_eq!((reader.local_addr().unwrap(), writer.peer_addr().unwrap()), addresses);
        far.try_write(b"ab").unwrap();
        assert_eq!(reader.peek(&mut [0; 8]).await.unwrap(), 2);
        assert_eq!(reader.try_read(&mut [0; 8]).unwrap(), 2);
        let (mut reader, writer) = near.into_split();
        assert_eq!((writer.local_addr().unwrap(), reader.peer_addr().unwrap()), addresses);
        far.try_write(b"abc").unwrap();
        reader.readable().await.unwrap();
        assert_eq!(reader.peek(&mut [0; 8]).await.unwrap(), 3);
        assert_eq!(reader.as_ref().try_read(&mut [0; 8]).unwrap(), 3);
    });
}

// ─── Peeking ────────────────────────────────────────────────────────────────────────────────────

#[test]
fn what_was_peeked_at_twice_is_still_to_be_read() {
    run(async {
        let (near, mut far) = pair_with_std().await;
        let near = Rc::new(near);
        let peeker = Rc::clone(&near);
        let waits = spawn(async move { peeker.peek(&mut [0; 8]).await.unwrap() });
        turns(2).await;
        far.write_all(b"0123").unwrap();
        assert_eq!(waits.await.unwrap(), 4);
        let mut buffer = [0; 2];
        for _ in 0..2 {
            assert_eq!(near.peek(&mut buffer).await.unwrap(), 2);
            assert_eq!(&buffer, b"01");
        }
        let mut buffer = [0; 8];
        assert_eq!((&*near).read(&mut buffer).await.unwrap(), 4);
        assert_eq!(&buffer[..4], b"0123");
        // Nothing is left, and the end is seen.
        assert!(timeout(Duration::from_millis(3), near.peek(&mut buffer)).await.is_err());
        drop(far);
        assert_eq!(near.peek(&mut buffer).await.unwrap(), 0);
    });
}

// ─── The standard library's sockets ─────────────────────────────────────────────────────────────

#[test]
fn a_blocking_socket_that_is_taken_over_does_not_block() {
    run(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let near = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        let near = TcpStream::from_std(near).unwrap();
        let (far, _) = listener.accept().await.unwrap();
        assert!(timeout(Duration::ZERO, listener.accept()).await.is_err());
        assert!(timeout(Duration::ZERO, near.readable()).await.is_err());
        assert_eq!(near.try_read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        far.try_write(b"x").unwrap();
        near.readable().await.unwrap();
    });
}

#[test]
fn a_socket_that_is_given_back_has_left_its_loop_and_can_join_another() {
    let (first, second) = (runtime(), runtime());
    let (near, mut far) = run_on(&first, async {
        let (near, far) = pair_with_std().await;
        assert!(timeout(Duration::ZERO, near.readable()).await.is_err());
        (near.into_std().unwrap(), far)
    });
    far.write_all(b"moved").unwrap();
    run_on(&second, async {
        let near = TcpStream::try_from(near).unwrap();
        near.readable().await.unwrap();
        assert_eq!(near.try_read(&mut [0; 8]).unwrap(), 5);
    });
}

// ─── Options ────────────────────────────────────────────────────────────────────────────────────

#[test]
fn options_are_what_they_were_set_to() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.set_ttl(7).unwrap();
        assert_eq!(listener.ttl().unwrap(), 7);
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        for on in [true, false] {
            stream.set_nodelay(on).unwrap();
            assert_eq!(stream.nodelay().unwrap(), on);
        }
        stream.set_ttl(9).unwrap();
        assert_eq!(stream.ttl().unwrap(), 9);
        assert_eq!(stream.linger().unwrap(), None);
        stream.set_linger(Some(Duration::from_secs(3))).unwrap();
        assert_eq!(stream.linger().unwrap(), Some(Duration::from_secs(3)));
        assert!(stream.take_error().unwrap().is_none());
        assert!(listener.take_error().unwrap().is_none());
        assert_eq!(stream.as_fd().as_raw_fd(), stream.as_raw_fd());
    });
}

#[test]
fn closing_with_no_time_to_linger_resets_the_connection() {
    run(async {
        let (near, far) = pair().await;
        far.set_linger(Some(Duration::ZERO)).unwrap();
        drop(far);
        near.readable().await.unwrap();
        let error = near.try_read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn a_socket_has_its_options_before_it_connects_or_listens() {
    run(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.set_reuseport(true).unwrap();
        assert!(socket.reuseaddr().unwrap() && socket.reuseport().unwrap());
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = socket.local_addr().unwrap();
        let listener = socket.listen(4).unwrap();
        // A second one shares the port.
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseport(true).unwrap();
        socket.bind(address).unwrap();
        drop(socket);

        let socket = TcpSocket::new_v4().unwrap();
        socket.set_keepalive(true).unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_linger(None).unwrap();
        socket.set_send_buffer_size(32 << 10).unwrap();
        socket.set_recv_buffer_size(16 << 10).unwrap();
        assert!(socket.keepalive().unwrap() && socket.nodelay().unwrap());
        assert!(socket.linger().unwrap().is_none() && socket.take_error().unwrap().is_none());
        assert!(socket.send_buffer_size().unwrap() >= 32 << 10);
        assert!(socket.recv_buffer_size().unwrap() >= 16 << 10);
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let from = socket.local_addr().unwrap();
        let stream = socket.connect(address).await.unwrap();
        assert!(stream.nodelay().unwrap());
        assert_eq!(listener.accept().await.unwrap().1, from);
    });
}

#[test]
fn a_refused_connection_of_a_socket_is_an_error() {
    run(async {
        let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = TcpSocket::new_v4().unwrap().connect(unused).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

// ─── Addresses ──────────────────────────────────────────────────────────────────────────────────

#[test]
fn ipv6_works_as_ipv4_does() {
    run(async {
        let listener = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        assert!(address.is_ipv6());
        let near = TcpStream::connect(address).await.unwrap();
        let (far, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, near.local_addr().unwrap());
        near.try_write(b"six").unwrap();
        far.readable().await.unwrap();
        assert_eq!(far.try_read(&mut [0; 8]).unwrap(), 3);
        let socket = TcpSocket::new_v6().unwrap();
        socket.connect(address).await.unwrap();
    });
}

#[test]
fn of_several_addresses_the_first_that_works_is_taken() {
    run(async {
        let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let stream = TcpStream::connect(&[unused, good][..]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), good);
        let error = TcpStream::connect(&[unused][..]).await.unwrap_err();
        assert!(error.to_string().contains(&unused.to_string()), "{error}");
        let none: &[SocketAddr] = &[];
        let error = TcpStream::connect(none).await.unwrap_err();
        assert_eq!(error.to_string(), "no address was given");
    });
}

#[test]
fn a_name_is_looked_up_while_the_loop_goes_on() {
    run(async {
        let found: Vec<_> = lookup_host(("localhost", 80)).await.unwrap().collect();
        assert!(!found.is_empty() && found.iter().all(|address| address.ip().is_loopback()));
        let itself: SocketAddr = "[::1]:7".parse().unwrap();
        assert_eq!(lookup_host(itself).await.unwrap().collect::<Vec<_>>(), [itself]);
        for nonsense in ["no port", "a b:80", ""] {
            let error = lookup_host(nonsense).await.map(drop).unwrap_err();
            assert!(error.to_string().contains(&format!("cannot look up {nonsense}")), "{error}");
        }
    });
}

/// The connection must wait for its answer on the network; the loop does not.
#[test]
fn a_connection_given_up_half_way_closes_its_socket() {
    run(async {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut connect = Box::pin(TcpStream::connect(address));
        let _ = futures::poll!(connect.as_mut());
        drop(connect);
        let (mut far, _) = spawn_blocking(move || listener.accept().unwrap()).await.unwrap();
        settle().await;
        assert_eq!(far.read(&mut [0]).unwrap(), 0);
    });
}
