// Every name that is both tokio's and ours, used as tokio's documentation has it. Nothing here runs: that it
// compiles against both is the test.

use std::future::pending;
use std::io::{IoSlice, Result};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use rt::io::unix::{AsyncFd, AsyncFdReadyGuard};
use rt::io::{Interest, Ready};
use rt::net::{
    TcpListener, TcpSocket, TcpStream, ToSocketAddrs, UdpSocket, UnixDatagram, UnixListener,
    UnixStream, lookup_host, tcp, unix,
};
use rt::runtime::{Builder, Handle, Runtime, TryCurrentError};
use rt::sync::{
    AcquireError, Mutex, MutexGuard, Notify, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore,
    SemaphorePermit, TryAcquireError, TryLockError, mpsc, oneshot,
};
use rt::task::{
    self, AbortHandle, JoinError, JoinHandle, JoinSet, consume_budget, spawn_blocking,
    unconstrained, yield_now,
};
use rt::time::{
    self, Instant, Interval, MissedTickBehavior, Sleep, Timeout, advance, interval, interval_at,
    sleep, sleep_until, timeout, timeout_at,
};

fn runtimes() -> Result<()> {
    let runtime: Runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .enable_all()
        .start_paused(false)
        .build()?;
    let handle: Handle = Clone::clone(&runtime.handle());
    let answer: u8 = runtime.block_on(async { 7 });
    let task: JoinHandle<u8> = runtime.spawn(async move { answer });
    drop(runtime.spawn_blocking(|| 7));
    let current: std::result::Result<Handle, TryCurrentError> = Handle::try_current();
    drop((current, handle.spawn(async { 7 }), handle.spawn_blocking(|| 7), Handle::current()));
    drop(task);
    Ok(())
}

async fn tasks() {
    let mut task: JoinHandle<u8> = rt::spawn(async { 7 });
    let abort: AbortHandle = task.abort_handle();
    task.abort();
    abort.abort();
    let _: bool = task.is_finished() && task.id() == abort.id();
    let joined: std::result::Result<u8, JoinError> = (&mut task).await;
    let error = joined.unwrap_err();
    let _: bool = error.is_cancelled() || error.is_panic();
    let panic: Box<dyn std::any::Any + Send> = error.try_into_panic().unwrap();
    drop((panic, task.await.map_err(JoinError::into_panic)));

    let mut set: JoinSet<u8> = [async { 7 }].into_iter().collect();
    let abort: AbortHandle = set.spawn(async { 7 });
    let _: AbortHandle = set.spawn_blocking(|| 7);
    let _: bool = set.is_empty() && set.len() == 3 && abort.id() == task::id();
    let _: Option<std::result::Result<u8, JoinError>> = set.join_next().await;
    let (_, _): (_, u8) = set.join_next_with_id().await.unwrap().unwrap();
    let _: Option<std::result::Result<u8, JoinError>> = set.try_join_next();
    let (_, _): (_, u8) = set.try_join_next_with_id().unwrap().unwrap();
    std::future::poll_fn(|cx| set.poll_join_next(cx)).await;
    std::future::poll_fn(|cx| set.poll_join_next_with_id(cx)).await;
    set.abort_all();
    set.detach_all();
    set.shutdown().await;
    let _: Vec<u8> = set.join_all().await;

    let _: u8 = spawn_blocking(|| 7).await.unwrap();
    let _: u8 = task::spawn(async { 7 }).await.unwrap();
    yield_now().await;
    consume_budget().await;
    let _: u8 = unconstrained(async { 7 }).await;
    let _: bool = task::try_id().is_some();
}

async fn times() {
    const MOMENT: Duration = Duration::from_millis(1);
    time::pause();
    advance(MOMENT).await;
    time::resume();
    let now = Instant::now();
    let mut later: Instant = now + MOMENT - MOMENT;
    later += MOMENT;
    later -= MOMENT;
    let _: [Duration; 4] = [
        now.elapsed(),
        later - now,
        later.duration_since(now),
        now.saturating_duration_since(later),
    ];
    let _: Option<Duration> = later.checked_duration_since(now);
    let _: (Option<Instant>, Option<Instant>) = (now.checked_add(MOMENT), now.checked_sub(MOMENT));
    let _: std::time::Instant = Instant::from_std(now.into_std()).into();

    let mut nap: Pin<&mut Sleep> = pin!(sleep(MOMENT));
    let deadline: Instant = nap.deadline();
    nap.as_mut().reset(deadline + MOMENT);
    nap.as_mut().await;
    let _: bool = nap.is_elapsed();
    sleep_until(later).await;
    let limited: Timeout<_> = timeout(MOMENT, pending::<u8>());
    let elapsed: std::result::Result<u8, time::error::Elapsed> = limited.await;
    let _: std::io::Error = elapsed.unwrap_err().into();
    let mut limited = timeout_at(later, std::future::ready(7));
    let _: &std::future::Ready<u8> = limited.get_ref();
    let _: &mut std::future::Ready<u8> = limited.get_mut();
    let _: std::future::Ready<u8> = limited.into_inner();

    let mut ticks: Interval = interval(MOMENT);
    for missed in [MissedTickBehavior::Burst, MissedTickBehavior::Delay, MissedTickBehavior::Skip] {
        ticks.set_missed_tick_behavior(missed);
        let _: MissedTickBehavior = ticks.missed_tick_behavior();
    }
    let _: Instant = ticks.tick().await;
    let _: Instant = std::future::poll_fn(|cx| ticks.poll_tick(cx)).await;
    ticks.reset();
    ticks.reset_immediately();
    ticks.reset_after(MOMENT);
    ticks.reset_at(later);
    let _: Duration = interval_at(later, MOMENT).period();
}

async fn channels() {
    let (sender, mut receiver): (mpsc::Sender<u8>, mpsc::Receiver<u8>) = mpsc::channel(4);
    let _: std::result::Result<(), mpsc::error::SendError<u8>> = sender.send(7).await;
    match sender.try_send(7) {
        Ok(()) => {}
        Err(mpsc::error::TrySendError::Full(7) | mpsc::error::TrySendError::Closed(_)) => {}
        Err(error) => drop(error.into_inner()),
    }
    let permit: mpsc::Permit<'_, u8> = sender.reserve().await.unwrap();
    permit.send(7);
    sender.try_reserve().unwrap().send(7);
    let weak: mpsc::WeakSender<u8> = sender.downgrade();
    let _: Option<mpsc::Sender<u8>> = weak.upgrade();
    let _: (usize, usize) = (sender.capacity(), sender.max_capacity());
    let _: bool = sender.is_closed() || sender.same_channel(&sender.clone());
    sender.closed().await;

    let _: Option<u8> = receiver.recv().await;
    let mut values = Vec::new();
    let _: usize = receiver.recv_many(&mut values, 3).await;
    match receiver.try_recv() {
        Ok(7) | Err(mpsc::error::TryRecvError::Empty | mpsc::error::TryRecvError::Disconnected) => {
        }
        Ok(_) => {}
    }
    let _: Option<u8> = std::future::poll_fn(|cx| receiver.poll_recv(cx)).await;
    std::future::poll_fn(|cx| receiver.poll_recv_many(cx, &mut values, 3)).await;
    let _: [usize; 3] = [receiver.len(), receiver.capacity(), receiver.max_capacity()];
    let _: bool = receiver.is_empty() || receiver.is_closed();
    receiver.close();

    let (sender, mut receiver): (mpsc::UnboundedSender<u8>, mpsc::UnboundedReceiver<u8>) =
        mpsc::unbounded_channel();
    sender.send(7).unwrap();
    let weak: mpsc::WeakUnboundedSender<u8> = sender.downgrade();
    let _: bool = sender.is_closed() || sender.same_channel(&weak.upgrade().unwrap());
    sender.closed().await;
    let _: Option<u8> = receiver.recv().await;

    let (mut sender, mut receiver): (oneshot::Sender<u8>, oneshot::Receiver<u8>) =
        oneshot::channel();
    sender.closed().await;
    std::future::poll_fn(|cx| sender.poll_closed(cx)).await;
    let _: bool = sender.is_closed();
    let _: std::result::Result<(), u8> = sender.send(7);
    match receiver.try_recv() {
        Err(oneshot::error::TryRecvError::Empty | oneshot::error::TryRecvError::Closed) => {}
        Ok(_) => receiver.close(),
    }
    let _: std::result::Result<u8, oneshot::error::RecvError> = receiver.await;
}

async fn permits() {
    let semaphore = Arc::new(Semaphore::new(3));
    semaphore.add_permits(1);
    let _: (usize, usize) = (semaphore.available_permits(), semaphore.forget_permits(1));
    let mut permit: SemaphorePermit<'_> = semaphore.acquire().await.unwrap();
    let more: std::result::Result<_, AcquireError> = semaphore.acquire_many(2).await;
    permit.merge(more.unwrap());
    let half: Option<SemaphorePermit<'_>> = permit.split(1);
    half.unwrap().forget();
    let _: usize = permit.num_permits();
    match semaphore.try_acquire() {
        Err(TryAcquireError::Closed | TryAcquireError::NoPermits) => {}
        Ok(permit) => drop((permit, semaphore.try_acquire_many(2))),
    }
    let owned: OwnedSemaphorePermit = Arc::clone(&semaphore).acquire_owned().await.unwrap();
    drop(Arc::clone(&semaphore).acquire_many_owned(2).await);
    drop(Arc::clone(&semaphore).try_acquire_owned());
    drop(Arc::clone(&semaphore).try_acquire_many_owned(2));
    let _: &Arc<Semaphore> = owned.semaphore();
    semaphore.close();
    let _: bool = semaphore.is_closed() && Semaphore::MAX_PERMITS > 3;

    let mutex = Arc::new(Mutex::new(7));
    let guard: MutexGuard<'_, u8> = mutex.lock().await;
    let tried: std::result::Result<MutexGuard<'_, u8>, TryLockError> = mutex.try_lock();
    drop((guard, tried));
    let owned: OwnedMutexGuard<u8> = Arc::clone(&mutex).lock_owned().await;
    drop((owned, Arc::clone(&mutex).try_lock_owned()));
    let mut mutex: Mutex<u8> = Arc::into_inner(mutex).unwrap();
    *mutex.get_mut() += 1;
    let _: u8 = mutex.into_inner();

    let notify = Notify::new();
    notify.notify_one();
    notify.notify_waiters();
    let mut notified = pin!(notify.notified());
    let _: bool = notified.as_mut().enable();
    notified.await;
}

async fn tcp_sockets(address: SocketAddr, buffer: &mut [u8]) -> Result<()> {
    let listener = TcpListener::bind("localhost:0").await?;
    let (mut stream, _): (TcpStream, SocketAddr) = listener.accept().await?;
    std::future::poll_fn(|cx| listener.poll_accept(cx)).await?;
    let _: SocketAddr = listener.local_addr()?;
    listener.set_ttl(listener.ttl()?)?;
    TcpListener::from_std(listener.into_std()?)?;

    let socket: TcpSocket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(socket.reuseaddr()?)?;
    socket.set_reuseport(socket.reuseport()?)?;
    socket.set_keepalive(socket.keepalive()?)?;
    socket.set_nodelay(socket.nodelay()?)?;
    socket.set_send_buffer_size(socket.send_buffer_size()?)?;
    socket.set_recv_buffer_size(socket.recv_buffer_size()?)?;
    socket.bind(socket.local_addr()?)?;
    drop((socket.take_error()?, socket.connect(address).await?, TcpSocket::new_v6()?.listen(1)?));

    drop(TcpStream::connect(("localhost", 80)).await?);
    let _: [SocketAddr; 2] = [stream.local_addr()?, stream.peer_addr()?];
    let _: usize = stream.peek(buffer).await? + stream.try_read(buffer)? + stream.try_write(b"")?;
    stream.try_write_vectored(&[IoSlice::new(b"")])?;
    stream.readable().await?;
    stream.writable().await?;
    let ready: Ready = stream.ready(Interest::READABLE | Interest::WRITABLE).await?;
    let _: [bool; 3] = [ready.is_readable(), ready.is_write_closed(), ready.is_empty()];
    stream.try_io(Interest::READABLE, || Ok(7))?;
    stream.async_io(Interest::READABLE, || Ok(7)).await?;
    stream.set_nodelay(stream.nodelay()?)?;
    stream.set_ttl(stream.ttl()?)?;
    drop(stream.take_error()?);
    let (reader, writer): (tcp::ReadHalf<'_>, tcp::WriteHalf<'_>) = stream.split();
    reader.readable().await?;
    writer.writable().await?;
    let (mut reader, writer): (tcp::OwnedReadHalf, tcp::OwnedWriteHalf) = stream.into_split();
    reader.peek(buffer).await?;
    let _: usize = reader.try_read(buffer)? + writer.try_write(b"")?;
    reader.readable().await?;
    let stream = reader.reunite(writer).map_err(|error: tcp::ReuniteError| error).unwrap();
    stream.into_split().1.forget();
    let _: Vec<SocketAddr> = lookup_host("localhost:80").await?.collect();
    Ok(())
}

async fn udp(socket: UdpSocket, address: SocketAddr, buffer: &mut [u8]) -> Result<()> {
    socket.connect(address).await?;
    let _: usize = socket.send(b"").await? + socket.send_to(b"", address).await?;
    let _: usize = socket.recv(buffer).await? + socket.peek_from(buffer).await?.0;
    let (_, _): (usize, SocketAddr) = socket.recv_from(buffer).await?;
    let _: usize = socket.try_send(b"")? + socket.try_send_to(b"", address)?;
    let _: usize = socket.try_recv(buffer)? + socket.try_recv_from(buffer)?.0;
    socket.readable().await?;
    socket.set_broadcast(socket.broadcast()?)?;
    socket.join_multicast_v4(Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED)?;
    socket.leave_multicast_v6(&Ipv6Addr::LOCALHOST, 0)?;
    UdpSocket::from_std(socket.into_std()?).map(drop)
}

async fn unix_sockets(path: &Path, buffer: &mut [u8]) -> Result<()> {
    let listener = UnixListener::bind(path)?;
    let (stream, _) = listener.accept().await?;
    drop((stream, UnixStream::connect(path).await?));
    let (mut near, far): (UnixStream, UnixStream) = UnixStream::pair()?;
    near.readable().await?;
    let _: usize = near.try_read(buffer)? + near.try_write(b"")?;
    drop::<(unix::ReadHalf<'_>, unix::WriteHalf<'_>)>(near.split());
    drop::<(unix::OwnedReadHalf, unix::OwnedWriteHalf)>(far.into_split());

    let (near, _): (UnixDatagram, UnixDatagram) = UnixDatagram::pair()?;
    let _: usize = near.send(b"").await? + near.recv(buffer).await?;
    UnixDatagram::unbound()?.send_to(b"", path).await?;
    near.shutdown(std::net::Shutdown::Both)?;
    UnixDatagram::bind(path)?.connect(path)
}

#[allow(deprecated)] // tokio wants descriptors in safe wrappers here, in its newest names for it
async fn others(fd: OwnedFd, path: &Path) -> Result<()> {
    let fd = AsyncFd::with_interest(fd, Interest::READABLE)?;
    let mut guard: AsyncFdReadyGuard<'_, OwnedFd> = fd.readable().await?;
    let _: std::result::Result<Result<u8>, rt::io::unix::TryIoError> = guard.try_io(|_| Ok(7));
    guard.retain_ready();
    guard.clear_ready();
    fd.async_io(Interest::READABLE, |_| Ok(7)).await?;
    let _: (&OwnedFd, i32) = (fd.get_ref(), fd.as_raw_fd());
    AsyncFd::new(fd.into_inner())?.writable().await?.get_inner().as_fd();

    rt::fs::create_dir_all(path).await?;
    rt::fs::write(path, "").await?;
    let _: (Vec<u8>, String) = (rt::fs::read(path).await?, rt::fs::read_to_string(path).await?);
    rt::fs::rename(path, path).await?;
    let _: u64 = rt::fs::metadata(path).await?.len();
    while let Some(entry) = rt::fs::read_dir(path).await?.next_entry().await? {
        drop((entry.file_name(), entry.path()));
    }
    rt::fs::remove_file(path).await?;
    rt::signal::ctrl_c().await
}

/// Their own traits apart, polling is the same, too.
fn polls(cx: &mut Context<'_>, stream: &TcpStream, socket: &UdpSocket) -> [Poll<Result<()>>; 4] {
    let address: SocketAddr = ([127, 0, 0, 1], 80).into();
    [
        stream.poll_read_ready(cx),
        stream.poll_write_ready(cx),
        socket.poll_send(cx, b"").map_ok(drop),
        socket.poll_send_to(cx, b"", address).map_ok(drop),
    ]
}

fn any_address(_: impl ToSocketAddrs) {}
