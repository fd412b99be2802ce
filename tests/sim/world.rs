//! The world itself: each fault is what it says, and without faults nothing goes wrong.

use std::future::Future;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::time::Duration;

use futures::{AsyncReadExt, AsyncWriteExt};
use glassloop::sim::{Fault, Faults, Listener, Stream, Tally, World, deadlines};
use glassloop::spawn;
use glassloop::task::yield_now;
use glassloop::time::{Instant, sleep, timeout};
use glassloop::workloads::part_file::Disk;

/// Some seeds: what a lot decides must not matter.
const SEEDS: std::ops::Range<u64> = 0..20;

/// Runs `play` in a world for each seed, where only this fault happens, at this rate; gives what has fired.
fn in_worlds<F: Future>(fault: Fault, rate: f64, play: impl Fn(World) -> F) -> Tally {
    let mut tally = Tally::default();
    for seed in SEEDS {
        let world = World::new(seed, Faults::none().with(fault, rate));
        let runtime = world.runtime().unwrap();
        runtime.block_on(play(world.clone()));
        assert_eq!(deadlines(&runtime), 0);
        tally += &world.fired();
    }
    tally
}

/// The same without any fault.
fn in_peace<F: Future>(play: impl Fn(World) -> F) {
    assert_eq!(in_worlds(Fault::Reset, 0.0, play), Tally::default());
}

async fn pair(world: &World) -> (Stream, Stream) {
    let listener = world.network().bind("far.sim", 80).unwrap();
    let near = world.network().connect("far.sim", 80).await.unwrap();
    (near, accept(&listener).await)
}

async fn accept(listener: &Listener) -> Stream {
    loop {
        match listener.accept().await {
            Ok(stream) => return stream,
            Err(_) => sleep(Duration::from_millis(1)).await,
        }
    }
}

fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|at| (at * 31 % 251) as u8).collect()
}

/// Sends this many bytes one way and the end after them; what arrives, and how sending went.
async fn send(world: &World, count: usize) -> (Vec<u8>, io::Result<()>, io::Result<usize>) {
    let (mut near, mut far) = pair(world).await;
    let sender = spawn(async move {
        let sent = near.write_all(&bytes(count)).await;
        // Kept until the other end is gone: closing it would be an end of its own.
        (sent, near)
    });
    let mut arrived = vec![0; count];
    let (mut at, mut read) = (0, Ok(1));
    while at < count && matches!(read, Ok(1..)) {
        read = far.read(&mut arrived[at..]).await;
        at += *read.as_ref().unwrap_or(&0);
    }
    drop(far);
    arrived.truncate(at);
    let (sent, near) = sender.await.unwrap();
    drop(near);
    (arrived, sent, read)
}

#[test]
fn what_is_sent_arrives_in_order_and_takes_its_time() {
    in_peace(|world| async move {
        let start = Instant::now();
        let (arrived, sent, _) = send(&world, 100_000).await;
        assert_eq!(arrived, bytes(100_000));
        sent.unwrap();
        // 100 MB a second is the fastest line.
        assert!(start.elapsed() >= Duration::from_millis(1), "{:?}", start.elapsed());
    });
}

#[test]
fn short_reads_and_writes_and_spurious_wakes_lose_nothing() {
    for fault in [Fault::ShortRead, Fault::ShortWrite, Fault::SpuriousWake, Fault::AcceptFails] {
        let tally = in_worlds(fault, 0.5, |world| async move {
            assert_eq!(send(&world, 20_000).await.0, bytes(20_000));
        });
        assert!(tally.of(fault) > 0, "{tally}");
        assert_eq!(tally.harmful(), 0);
    }
}

#[test]
fn a_cut_gives_the_reader_an_early_end_and_the_writer_a_broken_pipe() {
    let tally = in_worlds(Fault::Cut, 1.0, |world| async move {
        let (arrived, sent, read) = send(&world, 200_000).await;
        assert_eq!(read.unwrap(), 0);
        assert!(arrived.len() < 200_000 && bytes(200_000).starts_with(&arrived));
        assert_eq!(sent.unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
    assert_eq!(tally.of(Fault::Cut), SEEDS.count() as u64);
}

#[test]
fn a_reset_is_an_error_to_both_ends_also_to_one_that_waits() {
    in_worlds(Fault::Reset, 1.0, |world| async move {
        let (_, sent, read) = send(&world, 200_000).await;
        assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(sent.unwrap_err().kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn behind_a_hang_nothing_comes_and_the_end_neither() {
    let tally = in_worlds(Fault::Hang, 1.0, |world| async move {
        let day = Duration::from_secs(86_400);
        assert!(timeout(day, send(&world, 200_000)).await.is_err());
        // The abandoned sender is a task of its own: it ends when its turn has come.
        yield_now().await;
    });
    assert_eq!(tally.of(Fault::Hang), SEEDS.count() as u64);
}

#[test]
fn a_writer_waits_for_a_reader_who_takes_nothing() {
    in_peace(|world| async move {
        let (mut near, mut far) = pair(&world).await;
        let sends = spawn(async move { near.write_all(&bytes(300_000)).await });
        sleep(Duration::from_secs(3600)).await;
        assert!(!sends.is_finished());
        let mut arrived = Vec::new();
        far.read_to_end(&mut arrived).await.unwrap();
        assert_eq!(arrived, bytes(300_000));
        sends.await.unwrap().unwrap();
    });
}

#[test]
fn who_drops_its_end_is_noticed_by_the_other() {
    in_peace(|world| async move {
        let (near, mut far) = pair(&world).await;
        let reads = spawn(async move { (far.read(&mut [0]).await, far) });
        yield_now().await;
        drop(near);
        let (read, mut far) = reads.await.unwrap();
        assert_eq!(read.unwrap(), 0);
        assert!(far.write_all(b"too late").await.is_err());
    });
}

#[test]
fn a_connection_can_be_refused_or_never_answered_or_meet_nobody() {
    in_peace(|world| async move {
        let error = world.network().connect("nobody.sim", 80).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
    in_worlds(Fault::Refused, 1.0, |world| async move {
        let _listener = world.network().bind("far.sim", 80).unwrap();
        let error = world.network().connect("far.sim", 80).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
    in_worlds(Fault::Unanswered, 1.0, |world| async move {
        let _listener = world.network().bind("far.sim", 80).unwrap();
        let day = Duration::from_secs(86_400);
        assert!(timeout(day, world.network().connect("far.sim", 80)).await.is_err());
    });
}

#[test]
fn a_listener_that_is_dropped_frees_its_port_and_closes_what_waits_there() {
    in_peace(|world| async move {
        let listener = world.network().bind("far.sim", 80).unwrap();
        let error = world.network().bind("far.sim", 80).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        let mut near = world.network().connect("far.sim", 80).await.unwrap();
        drop(listener);
        assert_eq!(near.read(&mut [0]).await.unwrap(), 0);
        world.network().bind("far.sim", 80).unwrap();
    });
}

#[test]
fn a_disk_fails_as_disks_do() {
    let (old, new) = (Path::new("old"), Path::new("new"));
    in_worlds(Fault::NoSpace, 1.0, |world| async move {
        let mut file = world.disk().create_new(old).unwrap();
        let error = file.write_all(&bytes(100)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        assert!(world.disk().content(old).unwrap().len() < 100);
    });
    for fault in [Fault::Interrupted, Fault::ShortFileWrite] {
        let tally = in_worlds(fault, 0.5, |world| async move {
            let mut file = world.disk().create_new(old).unwrap();
            file.write_all(&bytes(100)).unwrap();
            assert_eq!(world.disk().content(old).unwrap(), bytes(100));
        });
        assert!(tally.of(fault) > 0);
    }
    let refuses = |fault, act: fn(&World) -> io::Result<()>| {
        in_worlds(fault, 1.0, |world| async move {
            world.disk().put("old", b"");
            act(&world).unwrap_err();
            assert_eq!(world.disk().names(), [Path::new("old")]);
        })
    };
    refuses(Fault::Denied, |world| world.disk().create_new("new".as_ref()).map(drop));
    refuses(Fault::NoLinks, |world| world.disk().hard_link("old".as_ref(), "new".as_ref()));
    refuses(Fault::RenameRefused, |world| world.disk().rename("old".as_ref(), "new".as_ref()));
    in_peace(|world| async move {
        let disk = world.disk();
        let mut file = disk.create_new(old).unwrap();
        disk.hard_link(old, new).unwrap();
        assert!(disk.is_at(&file, old) && disk.is_at(&file, new));
        file.write_all(b"seen under both").unwrap();
        assert_eq!(disk.content(old), disk.content(new));
        assert_eq!(disk.create_new(new).unwrap_err().kind(), ErrorKind::AlreadyExists);
        disk.rename(old, Path::new("third")).unwrap();
        disk.remove(new).unwrap();
        assert_eq!(disk.names(), [Path::new("third")]);
    });
}
