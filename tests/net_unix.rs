//! Unix sockets and their paths: files that are in the way, names that are too long or that no file has.

mod support;

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt};
use glassloop::net::{UnixDatagram, UnixListener, UnixStream};
use glassloop::spawn;
use glassloop::time::timeout;
use support::{run, turns};

#[test]
fn a_client_reaches_the_server_at_a_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    run(async {
        let listener = UnixListener::bind(&path).unwrap();
        assert_eq!(listener.local_addr().unwrap().as_pathname(), Some(path.as_path()));
        let server = spawn(async move {
            for _ in 0..2 {
                let (mut stream, peer) = listener.accept().await.unwrap();
                assert!(peer.is_unnamed());
                let mut heard = Vec::new();
                stream.read_to_end(&mut heard).await.unwrap();
                stream.write_all(&heard).await.unwrap();
            }
        });
        turns(2).await; // it waits
        for _ in 0..2 {
            let mut client = UnixStream::connect(&path).await.unwrap();
            assert_eq!(client.peer_addr().unwrap().as_pathname(), Some(path.as_path()));
            client.write_all(b"echo").await.unwrap();
            client.close().await.unwrap();
            let mut heard = Vec::new();
            client.read_to_end(&mut heard).await.unwrap();
            assert_eq!(heard, b"echo");
        }
        server.await.unwrap();
    });
}

#[test]
fn a_file_left_behind_is_in_the_way_until_it_is_removed_and_the_error_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    run(async {
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "it is not ours to remove");
        let error = UnixStream::connect(&path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        for error in
            [UnixListener::bind(&path).unwrap_err(), UnixDatagram::bind(&path).unwrap_err()]
        {
            assert_eq!(error.kind(), ErrorKind::AddrInUse);
            let text = error.to_string();
            assert!(text.contains(path.to_str().unwrap()) && text.contains("remove"), "{text}");
        }
        std::fs::remove_file(&path).unwrap();
        UnixListener::bind(&path).unwrap();
    });
}

#[test]
fn a_path_that_is_none_or_too_long_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    run(async {
        let long = folder.path().join("x".repeat(120));
        let cut = folder.path().join(OsStr::from_bytes(b"before\0after"));
        let missing = folder.path().join("missing/socket");
        let rows = [
            (long, ErrorKind::InvalidInput),
            (cut, ErrorKind::InvalidInput),
            (missing, ErrorKind::NotFound),
        ];
        for (path, kind) in rows {
            let shown = path.to_string_lossy().replace('\0', "@");
            for error in [
                UnixListener::bind(&path).unwrap_err(),
                UnixDatagram::bind(&path).unwrap_err(),
                UnixStream::connect(&path).await.unwrap_err(),
                UnixDatagram::unbound().unwrap().send_to(b"", &path).await.unwrap_err(),
            ] {
                assert_eq!(error.kind(), kind, "{error}");
                assert!(error.to_string().contains(&shown), "{error}");
            }
        }
        assert!(!folder.path().join("before").exists(), "the path was cut short");
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_name_that_no_file_has_is_free_again_at_once() {
    let name = |what: &str| {
        let id = std::process::id();
        PathBuf::from(OsStr::from_bytes(format!("\0glassloop-test-{id}-{what}").as_bytes()))
    };
    run(async {
        let stream = name("stream");
        for _ in 0..2 {
            let listener = UnixListener::bind(&stream).unwrap();
            let error = UnixListener::bind(&stream).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AddrInUse);
            assert!(error.to_string().contains("@glassloop-test-"), "{error}");
            UnixStream::connect(&stream).await.unwrap();
            listener.accept().await.unwrap();
        }
        let datagram = name("datagram");
        let far = UnixDatagram::bind(&datagram).unwrap();
        let near = UnixDatagram::unbound().unwrap();
        near.send_to(b"x", &datagram).await.unwrap();
        near.connect(&datagram).unwrap();
        near.send(b"y").await.unwrap();
        for _ in 0..2 {
            assert_eq!(far.recv(&mut [0; 4]).await.unwrap(), 1);
        }
    });
}

#[test]
fn a_listener_that_nobody_serves_refuses_when_it_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    run(async {
        let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None);
        let socket = socket.unwrap();
        socket.bind(&socket2::SockAddr::unix(&path).unwrap()).unwrap();
        socket.listen(1).unwrap();
        let mut waiting = Vec::new();
        let error = loop {
            match UnixStream::connect(&path).await {
                Ok(stream) => waiting.push(stream),
                Err(error) => break error,
            }
            assert!(waiting.len() < 64);
        };
        if cfg!(target_os = "linux") {
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            assert!(error.to_string().contains("try again later"), "{error}");
        }
        // Those that wait are served in the end.
        let listener = UnixListener::from_std(socket.into()).unwrap();
        for _ in waiting {
            listener.accept().await.unwrap();
        }
        assert!(timeout(Duration::from_millis(2), listener.accept()).await.is_err());
        UnixStream::connect(&path).await.unwrap();
    });
}

#[test]
fn a_pair_of_streams_tells_when_the_other_goes() {
    run(async {
        let (near, mut far) = UnixStream::pair().unwrap();
        let reader = spawn(async move {
            let mut heard = Vec::new();
            (&near).read_to_end(&mut heard).await.unwrap();
            (near, heard)
        });
        far.write_all(b"bye").await.unwrap();
        turns(2).await;
        drop(far);
        let (near, heard) = reader.await.unwrap();
        assert_eq!(heard, b"bye");
        near.writable().await.unwrap();
        assert_eq!(near.try_write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert!(near.take_error().unwrap().is_none());
    });
}
