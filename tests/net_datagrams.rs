//! Datagrams, over UDP and between Unix sockets: whole or not at all, and who sends too fast waits or
//! loses them, as the kind of socket has it.

mod support;

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::rc::Rc;
use std::time::Duration;

use glassloop::net::{UdpSocket, UnixDatagram};
use glassloop::spawn;
use glassloop::time::timeout;
use support::{Polls, run, settle, turns};

async fn udp() -> UdpSocket {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap()
}

async fn udp_pair() -> (UdpSocket, UdpSocket) {
    let (near, far) = (udp().await, udp().await);
    near.connect(far.local_addr().unwrap()).await.unwrap();
    far.connect(near.local_addr().unwrap()).await.unwrap();
    (near, far)
}

// ─── UDP ────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn each_datagram_is_received_as_it_was_sent() {
    run(async {
        let (near, far) = udp_pair().await;
        assert!(timeout(Duration::ZERO, far.readable()).await.is_err()); // the selector knows it
        // A short one must not hide what waits behind it.
        for length in [0, 1, 1400, 65_507, 3] {
            assert_eq!(near.send(&vec![7; length]).await.unwrap(), length);
        }
        let mut buffer = vec![0; 1 << 16];
        for length in [0, 1, 1400, 65_507, 3] {
            let (received, sender) = far.recv_from(&mut buffer).await.unwrap();
            assert_eq!((received, sender), (length, near.local_addr().unwrap()));
        }
        let error = near.send(&vec![7; 65_508]).await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE));
        near.send(b"usable").await.unwrap();
        assert_eq!(far.recv(&mut buffer).await.unwrap(), 6);
    });
}

#[test]
fn a_receiver_that_waits_is_woken_once_for_each_datagram() {
    run(async {
        let (near, far) = udp_pair().await;
        let polls = Polls::default();
        let receiver = spawn(polls.of(async move {
            let mut buffer = [0; 8];
            for expected in 1..=3 {
                assert_eq!(far.recv(&mut buffer).await.unwrap(), expected);
            }
        }));
        for length in 1..=3 {
            settle().await;
            assert_eq!(polls.count(), length);
            near.send(&vec![0; length]).await.unwrap();
        }
        receiver.await.unwrap();
    });
}

#[test]
fn what_does_not_fit_is_lost_and_the_next_datagram_is_whole() {
    run(async {
        let (near, far) = udp_pair().await;
        near.send(b"0123456789").await.unwrap();
        near.send(b"next").await.unwrap();
        let mut buffer = [0; 4];
        assert_eq!(far.recv(&mut buffer).await.unwrap(), 4);
        assert_eq!(&buffer, b"0123");
        assert_eq!(far.recv(&mut buffer).await.unwrap(), 4);
        assert_eq!(&buffer, b"next");
    });
}

#[test]
fn a_datagram_peeked_at_twice_is_still_there() {
    run(async {
        let (near, far) = udp_pair().await;
        assert_eq!(far.try_peek(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        near.send(b"look").await.unwrap();
        let (mut buffer, from) = ([0; 8], near.local_addr().unwrap());
        assert_eq!(far.peek(&mut buffer).await.unwrap(), 4);
        assert_eq!(far.peek_from(&mut buffer).await.unwrap(), (4, from));
        assert_eq!(far.try_peek(&mut buffer).unwrap(), 4);
        assert_eq!(far.try_peek_from(&mut buffer).unwrap(), (4, from));
        assert_eq!(far.try_recv_from(&mut buffer).unwrap(), (4, from));
        assert_eq!(&buffer[..4], b"look");
        assert_eq!(far.try_recv(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
    });
}

/// "Closed" is a hint: a refusal looks like an end, and the socket is none the worse.
#[test]
fn a_socket_whose_datagram_was_refused_can_be_used_again_and_nobody_spins() {
    run(async {
        let nobody = udp().await.local_addr().unwrap();
        let near = Rc::new(udp().await);
        near.connect(nobody).await.unwrap();
        let polls = Polls::default();
        let receiver = spawn(polls.of({
            let near = Rc::clone(&near);
            async move {
                let mut buffer = [0; 8];
                let error = near.recv(&mut buffer).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
                near.recv(&mut buffer).await.unwrap()
            }
        }));
        turns(2).await;
        near.send(b"is anybody there?").await.unwrap();
        settle().await;
        assert!(polls.count() <= 3, "{} polls", polls.count());
        let before = polls.count();
        let somebody = UdpSocket::bind(nobody).await.unwrap();
        near.writable().await.unwrap();
        near.send(b"and now?").await.unwrap();
        let (mut buffer, from) = ([0; 8], near.local_addr().unwrap());
        assert_eq!(somebody.recv_from(&mut buffer).await.unwrap(), (8, from));
        somebody.send_to(b"yes", from).await.unwrap();
        assert_eq!(receiver.await.unwrap(), 3);
        assert_eq!(polls.count(), before + 1);
    });
}

#[test]
fn attempts_send_and_receive_without_waiting() {
    run(async {
        let (near, far) = udp_pair().await;
        let mut buffer = [0; 8];
        assert_eq!(near.try_send(b"one").unwrap(), 3);
        far.readable().await.unwrap();
        assert_eq!(far.try_recv(&mut buffer).unwrap(), 3);
        assert_eq!(far.try_recv(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
        let wait = timeout(Duration::from_millis(3), far.readable());
        assert!(wait.await.is_err(), "the readiness was not cleared");
        let third = udp().await;
        assert_eq!(third.try_send_to(b"two", far.local_addr().unwrap()).unwrap(), 3);
        let wait = timeout(Duration::from_millis(3), far.readable());
        assert!(wait.await.is_err(), "it came from somebody else than the peer");
        std::future::poll_fn(|cx| near.poll_send_ready(cx)).await.unwrap();
        let target = far.local_addr().unwrap();
        std::future::poll_fn(|cx| near.poll_send_to(cx, b"three", target)).await.unwrap();
        std::future::poll_fn(|cx| far.poll_recv_ready(cx)).await.unwrap();
        let received = std::future::poll_fn(|cx| far.poll_recv_from(cx, &mut buffer));
        assert_eq!(received.await.unwrap(), (5, near.local_addr().unwrap()));
    });
}

#[test]
fn options_of_udp_are_what_they_were_set_to() {
    run(async {
        let socket = udp().await;
        for on in [true, false] {
            socket.set_broadcast(on).unwrap();
            socket.set_multicast_loop_v4(on).unwrap();
            assert_eq!(socket.broadcast().unwrap(), on);
            assert_eq!(socket.multicast_loop_v4().unwrap(), on);
        }
        socket.set_ttl(9).unwrap();
        socket.set_multicast_ttl_v4(2).unwrap();
        assert_eq!((socket.ttl().unwrap(), socket.multicast_ttl_v4().unwrap()), (9, 2));
        assert!(socket.take_error().unwrap().is_none());
        let six = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).await.unwrap();
        six.set_multicast_loop_v6(false).unwrap();
        assert!(!six.multicast_loop_v6().unwrap());
    });
}

#[test]
fn a_group_is_joined_and_left() {
    run(async {
        let group = Ipv4Addr::new(239, 255, 71, 83);
        let member = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await.unwrap();
        let address = (group, member.local_addr().unwrap().port());
        member.join_multicast_v4(group, Ipv4Addr::LOCALHOST).unwrap();
        let sender = udp().await;
        socket2::SockRef::from(&sender).set_multicast_if_v4(&Ipv4Addr::LOCALHOST).unwrap();
        sender.send_to(b"to all", address).await.unwrap();
        assert_eq!(member.recv(&mut [0; 8]).await.unwrap(), 6);
        member.leave_multicast_v4(group, Ipv4Addr::LOCALHOST).unwrap();
        assert!(member.leave_multicast_v4(group, Ipv4Addr::LOCALHOST).is_err());

        let group = Ipv6Addr::new(0xff01, 0, 0, 0, 0, 0, 0, 0x4753);
        let six = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)).await.unwrap();
        six.join_multicast_v6(&group, 1).unwrap(); // the loopback
        six.leave_multicast_v6(&group, 1).unwrap();
        assert!(six.join_multicast_v6(&Ipv6Addr::LOCALHOST, 1).is_err());
    });
}

#[test]
fn ipv6_datagrams_arrive() {
    run(async {
        let far = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).await.unwrap();
        let near = UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).await.unwrap();
        near.send_to(b"six", far.local_addr().unwrap()).await.unwrap();
        let from = near.local_addr().unwrap();
        assert_eq!(far.recv_from(&mut [0; 8]).await.unwrap(), (3, from));
        // A name is looked up for each datagram.
        let port = udp().await.local_addr().unwrap().port();
        let four = udp().await;
        four.send_to(b"by name", ("127.0.0.1", port)).await.unwrap();
        let none: &[std::net::SocketAddr] = &[];
        assert_eq!(four.send_to(b"", none).await.unwrap_err().kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn an_address_in_use_is_named() {
    run(async {
        let taken = udp().await.into_std().unwrap();
        let address = taken.local_addr().unwrap();
        let error = UdpSocket::bind(address).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(error.to_string().contains(&address.to_string()), "{error}");
    });
}

// ─── Unix datagrams ─────────────────────────────────────────────────────────────────────────────

#[test]
fn a_unix_datagram_reaches_the_one_who_bound_the_path_and_can_be_answered() {
    let folder = tempfile::tempdir().unwrap();
    let (here, there) = (folder.path().join("here"), folder.path().join("there"));
    run(async {
        let near = UnixDatagram::bind(&here).unwrap();
        let far = UnixDatagram::bind(&there).unwrap();
        near.send_to(b"hello", &there).await.unwrap();
        let mut buffer = [0; 8];
        let (length, sender) = far.recv_from(&mut buffer).await.unwrap();
        assert_eq!((length, sender.as_pathname()), (5, Some(here.as_path())));
        far.connect(sender.as_pathname().unwrap()).unwrap();
        far.send(b"you").await.unwrap();
        assert_eq!(near.recv(&mut buffer).await.unwrap(), 3);
        assert_eq!(far.peer_addr().unwrap().as_pathname(), Some(here.as_path()));
        assert_eq!(near.try_send_to(b"again", &there).unwrap(), 5);
        far.readable().await.unwrap();
        assert_eq!(far.try_recv(&mut buffer).unwrap(), 5);

        let missing = folder.path().join("missing");
        for error in [
            near.send_to(b"x", &missing).await.unwrap_err(),
            near.try_send_to(b"x", &missing).unwrap_err(),
            near.connect(&missing).unwrap_err(),
            std::future::poll_fn(|cx| near.poll_send_to(cx, b"x", &missing)).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::NotFound);
            assert!(error.to_string().contains(missing.to_str().unwrap()), "{error}");
        }
    });
}

#[test]
fn who_sends_unix_datagrams_too_fast_waits_and_none_is_lost() {
    const COUNT: usize = 5000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    run(async {
        // Connected, and not connected.
        for connected in [true, false] {
            let (near, far) = UnixDatagram::pair().unwrap();
            let (near, far) = match connected {
                true => (near, far),
                false => (UnixDatagram::unbound().unwrap(), UnixDatagram::bind(&path).unwrap()),
            };
            let polls = Polls::default();
            let target = path.clone();
            let sender = spawn(polls.of(async move {
                for number in 0..COUNT {
                    let bytes = number.to_ne_bytes();
                    match connected {
                        true => near.send(&bytes).await.unwrap(),
                        false => near.send_to(&bytes, &target).await.unwrap(),
                    };
                }
            }));
            settle().await;
            assert!(!sender.is_finished());
            for number in 0..COUNT {
                let mut buffer = [0; 16];
                let length = far.recv(&mut buffer).await.unwrap();
                assert_eq!(buffer[..length], number.to_ne_bytes());
            }
            sender.await.unwrap();
            assert!(polls.count() < COUNT, "{} polls", polls.count());
        }
    });
}

#[test]
fn a_pair_of_unix_datagrams_sees_the_other_go() {
    run(async {
        let (near, far) = UnixDatagram::pair().unwrap();
        near.shutdown(std::net::Shutdown::Write).unwrap();
        assert!(near.send(b"x").await.is_err());
        drop(far);
        let (near, far) = UnixDatagram::pair().unwrap();
        near.send(b"last").await.unwrap();
        drop(near);
        let mut buffer = [0; 8];
        assert_eq!(far.recv(&mut buffer).await.unwrap(), 4);
        assert!(far.send(b"x").await.is_err());
    });
}
