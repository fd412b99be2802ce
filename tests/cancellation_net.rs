//! Sockets and descriptors, given up at every point: no byte, datagram or connection is lost or sent twice,
//! and a wait that belongs to a future goes with it. See `cancellation.rs`.

#[path = "support/cut.rs"]
mod cut;
mod support;

use std::future::Future;
use std::io::{self, ErrorKind, Read, Write};
use std::net::UdpSocket as StdUdpSocket;
use std::os::unix::net::{UnixDatagram as StdUnixDatagram, UnixStream as StdUnixStream};
use std::pin::pin;

use cut::{Cut, later, sweep_wakes};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, poll};
use glassloop::io::Interest;
use glassloop::io::unix::AsyncFd;
use glassloop::net::{
    TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream, lookup_host,
};
use glassloop::spawn;
use glassloop::task::spawn_blocking;
use support::{pair_with_std, turns};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// As `pair_with_std`, by a Unix socket.
fn unix_pair_with_std() -> (UnixStream, StdUnixStream) {
    let (near, far) = StdUnixStream::pair().unwrap();
    (UnixStream::from_std(near).unwrap(), far)
}

// ─── Streams ────────────────────────────────────────────────────────────────────────────────────

/// Ten bytes come later and then the end; four of them, or none, are for the one that is cut short.
async fn reads(cut: &Cut, mut near: impl AsyncRead + Unpin, mut far: impl Write + 'static) {
    later(2, move || far.write_all(b"0123456789").unwrap());
    let mut buffer = [0; 4];
    let count = cut.short_sharing(near.read(&mut buffer)).await.map_or(0, Result::unwrap);
    let mut rest = Vec::new();
    near.read_to_end(&mut rest).await.unwrap();
    assert_eq!([&buffer[..count], &rest].concat(), b"0123456789");
}

#[test]
fn a_read_takes_bytes_or_leaves_them() {
    sweep_wakes(async |cut| {
        let (near, far) = pair_with_std().await;
        reads(cut, near, far).await;
    });
    sweep_wakes(async |cut| {
        let (near, far) = unix_pair_with_std();
        reads(cut, near, far).await;
    });
    sweep_wakes(async |cut| {
        let (near, far) = pair_with_std().await;
        let (reader, _writer) = near.into_split();
        reads(cut, reader, far).await;
    });
}

#[test]
fn a_peek_takes_nothing() {
    sweep_wakes(async |cut| {
        let (mut near, mut far) = pair_with_std().await;
        later(2, move || far.write_all(b"0123456789").unwrap());
        let peeked = cut.short_sharing(near.peek(&mut [0; 4])).await;
        assert!(peeked.is_none_or(|peeked| peeked.unwrap() == 4));
        let mut all = Vec::new();
        near.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, b"0123456789");
    });
}

/// Writes until there is no more room. Returns how much it was.
async fn fill(near: &mut (impl AsyncWrite + Unpin)) -> usize {
    let (block, mut written) = (vec![1; 1 << 20], 0);
    while let std::task::Poll::Ready(count) = poll!(near.write(&block)) {
        written += count.unwrap();
    }
    written
}

/// There is no room until the other end reads; what it reads is what was written.
async fn writes(cut: &Cut, mut near: impl AsyncWrite + Unpin, mut far: impl Read + Send + 'static) {
    let mut written = fill(&mut near).await;
    let reads = spawn(async move {
        turns(2).await;
        spawn_blocking(move || far.read_to_end(&mut Vec::new()).unwrap()).await.unwrap()
    });
    let block = vec![1; 1 << 20];
    written += cut.short_sharing(near.write(&block)).await.map_or(0, Result::unwrap);
    near.close().await.unwrap();
    assert_eq!(reads.await.unwrap(), written);
}

#[test]
fn a_write_that_is_given_up_has_written_nothing() {
    sweep_wakes(async |cut| {
        let (near, far) = pair_with_std().await;
        writes(cut, near, far).await;
    });
    sweep_wakes(async |cut| {
        let (near, far) = unix_pair_with_std();
        writes(cut, near, far).await;
    });
    sweep_wakes(async |cut| {
        let (near, far) = unix_pair_with_std();
        let (reader, writer) = near.into_split();
        writes(cut, writer, far).await;
        drop(reader);
    });
}

// ─── The kernel's word ──────────────────────────────────────────────────────────────────────────

/// A byte is sent later; whether somebody has waited for the word of it or not, it is there.
async fn hears_of_a_byte<R>(
    cut: &Cut,
    word: impl Future<Output = io::Result<R>>,
    send: impl FnOnce() + 'static,
    receive: impl AsyncFnOnce(&mut [u8]) -> io::Result<usize>,
) {
    later(2, send);
    let heard = cut.short(word).await;
    assert!(heard.is_none_or(|heard| heard.is_ok()));
    let mut buffer = [0; 8];
    let count = receive(&mut buffer).await.unwrap();
    assert_eq!(&buffer[..count], b"!");
}

#[test]
fn readable_of_a_stream_leaves_nothing_behind_and_takes_nothing() {
    sweep_wakes(async |cut| {
        let (near, far) = pair_with_std().await;
        let read = async |buffer: &mut [u8]| (&near).read(buffer).await;
        hears_of_a_byte(cut, near.readable(), move || (&far).write_all(b"!").unwrap(), read).await;
    });
    sweep_wakes(async |cut| {
        let (near, far) = unix_pair_with_std();
        let read = async |buffer: &mut [u8]| (&near).read(buffer).await;
        hears_of_a_byte(cut, near.readable(), move || (&far).write_all(b"!").unwrap(), read).await;
    });
    sweep_wakes(async |cut| {
        let (near, far) = pair_with_std().await;
        let (reader, writer) = near.into_split();
        let send = move || (&far).write_all(b"!").unwrap();
        let read = async |buffer: &mut [u8]| {
            let stream: &TcpStream = reader.as_ref();
            { stream }.read(buffer).await
        };
        hears_of_a_byte(cut, reader.readable(), send, read).await;
        assert!(reader.reunite(writer).is_ok());
    });
}

#[test]
fn readable_of_a_datagram_socket_leaves_nothing_behind_and_takes_nothing() {
    sweep_wakes(async |cut| {
        let (near, far) = udp_pair().await;
        let receive = async |buffer: &mut [u8]| near.recv(buffer).await;
        let send = move || assert!(far.send(b"!").is_ok());
        hears_of_a_byte(cut, near.readable(), send, receive).await;
    });
    sweep_wakes(async |cut| {
        let (near, far) = datagram_pair();
        let receive = async |buffer: &mut [u8]| near.recv(buffer).await;
        let send = move || assert!(far.send(b"!").is_ok());
        hears_of_a_byte(cut, near.readable(), send, receive).await;
    });
}

#[test]
fn readable_of_a_descriptor_leaves_nothing_behind_and_takes_nothing() {
    fn pipe() -> (AsyncFd<StdUnixStream>, StdUnixStream) {
        let (near, far) = StdUnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        (AsyncFd::new(near).unwrap(), far)
    }
    sweep_wakes(async |cut| {
        let (near, mut far) = pipe();
        let send = move || far.write_all(b"!").unwrap();
        let read = async |buffer: &mut [u8]| {
            near.async_io(Interest::READABLE, |mut near| near.read(buffer)).await
        };
        hears_of_a_byte(cut, near.readable(), send, read).await;
    });
    sweep_wakes(async |cut| {
        let (near, mut far) = pipe();
        later(2, move || far.write_all(b"!").unwrap());
        let mut buffer = [0; 8];
        let attempt = near.async_io(Interest::READABLE, |mut near| near.read(&mut buffer));
        let read = match cut.short(attempt).await {
            Some(read) => read,
            None => near.async_io(Interest::READABLE, |mut near| near.read(&mut buffer)).await,
        };
        assert_eq!((read.unwrap(), buffer[0]), (1, b'!'));
    });
}

/// Nothing but the word that there is room again.
async fn hears_of_room<R>(
    cut: &Cut,
    word: impl Future<Output = io::Result<R>>,
    written: usize,
    mut far: impl Read + Send + 'static,
) {
    let reads = spawn(async move {
        turns(2).await;
        spawn_blocking(move || far.read_exact(&mut vec![0; written])).await.unwrap()
    });
    let heard = cut.short(word).await;
    assert!(heard.is_none_or(|heard| heard.is_ok()));
    reads.await.unwrap().unwrap();
}

#[test]
fn writable_and_ready_of_a_stream_leave_nothing_behind() {
    sweep_wakes(async |cut| {
        let (mut near, far) = pair_with_std().await;
        let written = fill(&mut near).await;
        hears_of_room(cut, near.writable(), written, far).await;
        near.write_all(b"more").await.unwrap();
    });
    sweep_wakes(async |cut| {
        let (mut near, far) = unix_pair_with_std();
        let written = fill(&mut near).await;
        hears_of_room(cut, near.ready(BOTH), written, far).await;
        near.writable().await.unwrap();
    });
    sweep_wakes(async |cut| {
        let (near, far) = unix_pair_with_std();
        let (_reader, mut writer) = near.into_split();
        let written = fill(&mut writer).await;
        hears_of_room(cut, writer.writable(), written, far).await;
        writer.writable().await.unwrap();
    });
}

/// Two wait at once, for the one direction and for the other: giving up the one does not disarm the other.
#[test]
fn who_gives_up_one_direction_takes_nothing_from_who_waits_for_the_other() {
    sweep_wakes(async |cut| {
        let (near, mut far) = pair_with_std().await;
        let written = fill(&mut &near).await;
        let near = std::rc::Rc::new(near);
        let writes = spawn({
            let near = std::rc::Rc::clone(&near);
            async move { near.writable().await }
        });
        turns(1).await; // it waits
        let reads = async move {
            turns(2).await;
            let read = move || {
                far.write_all(b"!")?;
                far.read_exact(&mut vec![0; written])?;
                Ok::<_, io::Error>(far) // it stays open
            };
            spawn_blocking(read).await.unwrap()
        };
        let reads = spawn(reads);
        let heard = cut.short(near.readable()).await;
        assert!(heard.is_none_or(|heard| heard.is_ok()));
        writes.await.unwrap().unwrap();
        near.readable().await.unwrap();
        drop(reads.await.unwrap().unwrap());
    });
}

// ─── Datagrams ──────────────────────────────────────────────────────────────────────────────────

async fn udp_pair() -> (UdpSocket, StdUdpSocket) {
    let near = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let far = StdUdpSocket::bind("127.0.0.1:0").unwrap();
    far.connect(near.local_addr().unwrap()).unwrap();
    near.connect(far.local_addr().unwrap()).await.unwrap();
    (near, far)
}

fn datagram_pair() -> (UnixDatagram, StdUnixDatagram) {
    let (near, far) = StdUnixDatagram::pair().unwrap();
    (UnixDatagram::from_std(near).unwrap(), far)
}

/// The one datagram that comes is received by the one that is cut short, or by the next.
async fn receives(
    cut: &Cut,
    send: impl Fn() + 'static,
    receive: impl AsyncFn() -> io::Result<usize>,
    try_receive: impl Fn() -> io::Result<usize>,
) {
    later(2, send);
    let received = match cut.short_sharing(receive()).await {
        Some(received) => received,
        None => receive().await,
    };
    assert_eq!(received.unwrap(), 3);
    assert_eq!(try_receive().unwrap_err().kind(), ErrorKind::WouldBlock, "it came twice");
}

#[test]
fn a_datagram_is_received_or_left() {
    sweep_wakes(async |cut| {
        let (near, far) = udp_pair().await;
        let receive = async || near.recv(&mut [0; 8]).await;
        let send = move || assert!(far.send(b"one").is_ok());
        receives(cut, send, receive, || near.try_recv(&mut [0; 8])).await;
    });
    sweep_wakes(async |cut| {
        let (near, far) = udp_pair().await;
        let receive = async || near.recv_from(&mut [0; 8]).await.map(|(length, _)| length);
        let send = move || assert!(far.send(b"one").is_ok());
        receives(cut, send, receive, || near.try_recv(&mut [0; 8])).await;
    });
    sweep_wakes(async |cut| {
        let (near, far) = datagram_pair();
        let receive = async || near.recv(&mut [0; 8]).await;
        let send = move || assert!(far.send(b"one").is_ok());
        receives(cut, send, receive, || near.try_recv(&mut [0; 8])).await;
    });
    sweep_wakes(async |cut| {
        let (near, far) = datagram_pair();
        let receive = async || near.recv_from(&mut [0; 8]).await.map(|(length, _)| length);
        let send = move || assert!(far.send(b"one").is_ok());
        receives(cut, send, receive, || near.try_recv(&mut [0; 8])).await;
    });
}

#[test]
fn a_peek_at_a_datagram_takes_nothing() {
    sweep_wakes(async |cut| {
        let (near, far) = udp_pair().await;
        later(2, move || assert!(far.send(b"one").is_ok()));
        let peeked = cut.short_sharing(near.peek(&mut [0; 8])).await;
        assert!(peeked.is_none_or(|peeked| peeked.unwrap() == 3));
        assert_eq!(near.recv(&mut [0; 8]).await.unwrap(), 3);
    });
    sweep_wakes(async |cut| {
        let (near, far) = udp_pair().await;
        later(2, move || assert!(far.send(b"one").is_ok()));
        let peeked = cut.short_sharing(near.peek_from(&mut [0; 8])).await;
        assert!(peeked.is_none_or(|peeked| peeked.unwrap().0 == 3));
        assert_eq!(near.recv(&mut [0; 8]).await.unwrap(), 3);
    });
}

#[test]
fn a_datagram_whose_sending_is_given_up_has_not_been_sent() {
    async fn sends(
        cut: &Cut,
        send: impl AsyncFn() -> io::Result<usize>,
        receive: impl Fn(&mut [u8]) -> io::Result<usize>,
    ) {
        let sent = cut.short_sharing(send()).await.transpose().unwrap().is_some();
        send().await.unwrap();
        let mut buffer = [0; 8];
        for _ in 0..1 + usize::from(sent) {
            assert_eq!(receive(&mut buffer).unwrap(), 3);
        }
    }
    sweep_wakes(async |cut| {
        let (near, far) = udp_pair().await;
        sends(cut, async || near.send(b"one").await, |buffer| far.recv(buffer)).await;
        far.set_nonblocking(true).unwrap();
        assert!(far.recv(&mut [0; 8]).is_err(), "it was sent all the same");
    });
    sweep_wakes(async |cut| {
        let near = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let far = StdUdpSocket::bind("127.0.0.1:0").unwrap();
        let target = far.local_addr().unwrap();
        sends(cut, async || near.send_to(b"one", target).await, |buffer| far.recv(buffer)).await;
        far.set_nonblocking(true).unwrap();
        assert!(far.recv(&mut [0; 8]).is_err(), "it was sent all the same");
    });
    // Unlike those of UDP, which are dropped, these wait for room.
    sweep_wakes(async |cut| {
        let (near, far) = datagram_pair();
        let mut sent = 0;
        while near.try_send(b"one").is_ok() {
            sent += 1;
        }
        far.set_nonblocking(true).unwrap();
        let drain =
            |far: &StdUnixDatagram| std::iter::from_fn(|| far.recv(&mut [0; 8]).ok()).count();
        // One is not enough for the kernel: it waits until there is much room.
        let reads = later(2, move || (drain(&far), far));
        sent += usize::from(cut.short_sharing(near.send(b"one")).await.is_some());
        let (received, far) = reads.await.unwrap();
        assert_eq!(received + drain(&far), sent);
    });
}

// ─── Connections ────────────────────────────────────────────────────────────────────────────────

/// Somebody connects later and is accepted by the one that is cut short, or by the next.
async fn accepts<S, C>(
    cut: &Cut,
    accept: impl AsyncFn() -> io::Result<S>,
    connect: impl FnOnce() -> io::Result<C> + 'static,
) where
    S: AsyncWrite + Unpin,
    C: Read + 'static,
{
    let connects = later(2, move || connect().unwrap());
    let accepted = match cut.short_sharing(accept()).await {
        Some(accepted) => accepted,
        None => accept().await,
    };
    accepted.unwrap().write_all(b"hello").await.unwrap();
    let mut heard = String::new();
    connects.await.unwrap().read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "hello");
}

#[test]
fn accept_gives_a_connection_or_leaves_it() {
    sweep_wakes(async |cut| {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accept = async || listener.accept().await.map(|(stream, _)| stream);
        accepts(cut, accept, move || std::net::TcpStream::connect(address)).await;
    });
    sweep_wakes(async |cut| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let accept = async || listener.accept().await.map(|(stream, _)| stream);
        accepts(cut, accept, move || StdUnixStream::connect(path)).await;
    });
}

/// Whatever a connect that was given up leaves with the listener has ended; the next connection is like any.
async fn next_is_heard<S: AsyncRead + Unpin>(
    mut next: impl AsyncWrite + Unpin,
    accept: impl AsyncFn() -> io::Result<S>,
) {
    next.write_all(b"next").await.unwrap();
    next.close().await.unwrap();
    loop {
        let mut heard = String::new();
        let read = accept().await.unwrap().read_to_string(&mut heard).await;
        if read.is_ok() && heard == "next" {
            break;
        }
        assert_eq!(heard, "");
    }
}

#[test]
fn a_connect_that_is_given_up_leaves_no_connection() {
    sweep_wakes(async |cut| {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(cut.short_sharing(TcpStream::connect(address)).await);
        let next = TcpStream::connect(address).await.unwrap();
        next_is_heard(next, async || listener.accept().await.map(|(stream, _)| stream)).await;
    });
    sweep_wakes(async |cut| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        drop(cut.short_sharing(UnixStream::connect(&path)).await);
        let next = UnixStream::connect(&path).await.unwrap();
        next_is_heard(next, async || listener.accept().await.map(|(stream, _)| stream)).await;
    });
}

#[test]
fn a_name_whose_look_up_was_given_up_can_be_looked_up_again() {
    sweep_wakes(async |cut| {
        let found = cut.short_sharing(pin!(lookup_host("localhost:80"))).await;
        assert!(found.is_none_or(|found| found.is_ok()));
        assert!(lookup_host("localhost:80").await.unwrap().count() > 0);
    });
}
