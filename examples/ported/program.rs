// A key-value server and its clients, as one writes them for tokio. `../ported.rs` says what `rt` is, and
// brings the traits of I/O and the pointer that is shared.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use rt::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
use rt::runtime::{Builder, Runtime};
use rt::sync::{Mutex, Notify, Semaphore, mpsc, oneshot};
use rt::task::{JoinHandle, JoinSet, spawn_blocking, yield_now};
use rt::time::{Instant, interval, sleep, timeout};

/// What is asked of the store, and where the answer goes.
struct Question {
    words: Vec<String>,
    answer: oneshot::Sender<String>,
}

/// The store belongs to one task: whoever wants something of it asks.
async fn keep(mut questions: mpsc::Receiver<Question>) -> BTreeMap<String, String> {
    let mut store = BTreeMap::new();
    while let Some(Question { words, answer }) = questions.recv().await {
        let mut words = words.into_iter();
        let reply = match (words.next().as_deref(), words.next(), words.next()) {
            (Some("set"), Some(key), Some(value)) => {
                store.insert(key, value).unwrap_or_else(|| "new".into())
            }
            (Some("get"), Some(key), None) => store.get(&key).cloned().unwrap_or_default(),
            // A computation would hold up the loop: it goes to a thread.
            (Some("sum"), Some(key), None) => {
                let bytes = store.get(&key).cloned().unwrap_or_default().into_bytes();
                let sum = spawn_blocking(move || bytes.into_iter().map(u64::from).sum::<u64>());
                sum.await.unwrap().to_string()
            }
            _ => "what?".into(),
        };
        let _ = answer.send(reply); // the client may have left
        yield_now().await; // many questions at once shall not keep the sockets waiting
    }
    store
}

/// One connection: a line asks, a line answers.
async fn serve(stream: TcpStream, store: mpsc::Sender<Question>, served: Arc<Mutex<u32>>) {
    let (reader, mut writer) = stream.into_split();
    let (mut reader, mut line) = (BufReader::new(reader), String::new());
    while reader.read_line(&mut line).await.is_ok_and(|length| length > 0) {
        let (answer, reply) = oneshot::channel();
        let words = line.split_whitespace().map(String::from).collect();
        if store.send(Question { words, answer }).await.is_err() {
            break;
        }
        let reply = reply.await.unwrap();
        *served.lock().await += 1;
        if writer.write_all(format!("{reply}\n").as_bytes()).await.is_err() {
            break;
        }
        line.clear();
    }
}

/// Takes connections, three at a time, until it is closed; then gives them some time to come to their end.
/// Returns how many did, and how many had to be cut off.
async fn listen(
    listener: TcpListener,
    store: mpsc::Sender<Question>,
    served: Arc<Mutex<u32>>,
    closing: Arc<Notify>,
) -> (usize, usize) {
    let (room, mut connections) = (Arc::new(Semaphore::new(3)), JoinSet::new());
    loop {
        let permit = Arc::clone(&room).acquire_owned().await.unwrap();
        let (accepting, closed) = (pin!(listener.accept()), pin!(closing.notified()));
        let Either::Left((accepted, _)) = select(accepting, closed).await else { break };
        let (store, served) = (store.clone(), Arc::clone(&served));
        connections.spawn(async move {
            serve(accepted.unwrap().0, store, served).await;
            drop(permit);
        });
    }
    let mut ended = 0;
    while let Ok(Some(_)) = timeout(Duration::from_millis(100), connections.join_next()).await {
        ended += 1;
    }
    let cut_off = connections.len();
    connections.shutdown().await;
    (ended, cut_off)
}

/// Tells whoever sends a datagram how many questions have been answered.
async fn tell(socket: UdpSocket, served: Arc<Mutex<u32>>) -> io::Result<()> {
    loop {
        let (_, asker) = socket.recv_from(&mut [0; 16]).await?;
        let count = *served.lock().await;
        socket.send_to(count.to_string().as_bytes(), asker).await?;
    }
}

/// A beat each two milliseconds, for whoever holds the other end.
async fn beat(mut heart: UnixStream) -> io::Result<()> {
    let mut beats = interval(Duration::from_millis(2));
    loop {
        beats.tick().await;
        heart.write_all(b".").await?;
    }
}

async fn client(server: SocketAddr, number: usize) -> io::Result<String> {
    let (reader, mut writer) = TcpStream::connect(server).await?.into_split();
    let (mut reader, mut heard) = (BufReader::new(reader), format!("client {number}:"));
    for question in [format!("set k{number} v{number}"), format!("sum k{number}"), "why".into()] {
        writer.write_all(format!("{question}\n").as_bytes()).await?;
        heard.push(' ');
        reader.read_line(&mut heard).await?;
        heard.truncate(heard.trim_end().len());
        sleep(Duration::from_millis(1)).await;
    }
    Ok(heard)
}

async fn everything() -> io::Result<Vec<String>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let monitor = UdpSocket::bind("127.0.0.1:0").await?;
    let (server, monitored) = (listener.local_addr()?, monitor.local_addr()?);
    let (served, closing) = (Arc::new(Mutex::new(0)), Arc::new(Notify::new()));
    let (store, questions) = mpsc::channel(2);
    let keeper = rt::spawn(keep(questions));
    let listening = rt::spawn(listen(listener, store, Arc::clone(&served), Arc::clone(&closing)));
    let telling = rt::spawn(tell(monitor, served));

    let (start, (heart, mut pulse)) = (Instant::now(), UnixStream::pair()?);
    let beating: JoinHandle<io::Result<()>> = rt::spawn(beat(heart));
    let mut beats = [0; 3];
    pulse.read_exact(&mut beats).await?;
    let in_time = start.elapsed() >= Duration::from_millis(4);
    let mut report = vec![format!("{} beats, none too early: {in_time}", beats.len())];

    let mut idle = TcpStream::connect(server).await?;
    let mut clients = JoinSet::new();
    for number in 1..=4 {
        clients.spawn(client(server, number));
    }
    let mut heard = Vec::new();
    while let Some(client) = clients.join_next().await {
        heard.push(client.unwrap()?);
    }
    heard.sort(); // they run at once and end as they come
    report.extend(heard);

    let asker = UdpSocket::bind("127.0.0.1:0").await?;
    asker.connect(monitored).await?;
    asker.send(b"how many?").await?;
    let mut count = [0; 16];
    let length = timeout(Duration::from_secs(5), asker.recv(&mut count)).await??;
    report.push(format!("answered: {}", String::from_utf8_lossy(&count[..length])));

    closing.notify_one();
    let (ended, cut_off) = listening.await.unwrap();
    let rest = idle.read(&mut [0]).await?;
    report.push(format!("connections: {ended} ended, {cut_off} cut off, {rest} bytes left"));
    report.push(format!("kept: {:?}", keeper.await.unwrap()));
    for task in [beating, telling] {
        task.abort();
        report.push(format!("aborted: {}", task.await.unwrap_err().is_cancelled()));
    }
    Ok(report)
}

pub(crate) fn run() -> io::Result<Vec<String>> {
    let runtime: Runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(everything())
}
