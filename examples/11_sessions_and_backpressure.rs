//! Who waits when it is full? A bounded channel holds a fast sender back; permits hold downloads back; and a
//! session needs as many connections as there are permits.
//!
//! `cargo run --example 11_sessions_and_backpressure`, and to see the last part drawn:
//! `cargo run --example 11_sessions_and_backpressure -- --trace permits.jsonl && cargo run -- timeline permits.jsonl`

use std::cell::Cell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use glassloop::http::{Connect, Origin, Session, TcpConnect};
use glassloop::net::TcpStream;
use glassloop::runtime::{Builder, Runtime};
use glassloop::server::{Album, Options, Server};
use glassloop::sync::{Semaphore, mpsc};
use glassloop::task::{self, JoinSet};
use glassloop::time::sleep;
use glassloop::trace::{Run, file};

const FILES: usize = 8;

fn main() -> io::Result<()> {
    bounded_channel()?;
    let server = serve()?;
    println!("\n{FILES} files, each answered after 20 ms:");
    for permits in [1, FILES, 3] {
        let runtime = Builder::new().trace(true).build()?;
        let (most, made) = download(&runtime, server, permits)?;
        println!("{permits} permit(s): at most {most} in flight, over {made} connection(s)");
        if permits == 3 {
            let name = format!("{FILES} downloads, {permits} permits");
            file::save_if_asked(|| Run::of_loop(&name, runtime.take_trace()))?;
        }
    }
    Ok(())
}

// ANCHOR: bounded_channel
/// The pair that failed, with room for four pages between them.
fn bounded_channel() -> io::Result<()> {
    let runtime = Builder::new().start_paused(true).build()?;
    runtime.block_on(async {
        let (sender, mut receiver) = mpsc::channel(4);
        task::spawn(async move {
            for page in 1..=200 {
                sleep(Duration::from_millis(1)).await; // the network is fast
                if sender.send(page).await.is_err() {
                    return;
                }
            }
        });
        let mut longest = 0;
        while let Some(page) = receiver.recv().await {
            sleep(Duration::from_millis(10)).await; // the disk is slow
            longest = longest.max(receiver.len());
            if page % 50 == 0 {
                println!("page {page:3} is written, at most {longest} ever waited in memory");
            }
        }
    });
    Ok(())
}
// ANCHOR_END: bounded_channel

// ANCHOR: download
/// Downloads all files with so many permits: how many were in flight at most, and how many connections that took.
fn download(runtime: &Runtime, server: SocketAddr, permits: usize) -> io::Result<(usize, usize)> {
    runtime.block_on(async {
        let made = Rc::new(Cell::new(0));
        let session = Session::new(Counting { made: Rc::clone(&made) });
        let (permits, in_flight) = (Rc::new(Semaphore::new(permits)), Rc::new(Cell::new(0)));
        let most = Rc::new(Cell::new(0));
        let mut downloads = JoinSet::new();
        for number in 1..=FILES {
            let url = format!("http://{server}/file-{number:04}.bin");
            let (session, permits) = (session.clone(), Rc::clone(&permits));
            let (in_flight, most) = (Rc::clone(&in_flight), Rc::clone(&most));
            let fetch = async move {
                let _permit = permits.acquire().await.map_err(io::Error::other)?;
                in_flight.set(in_flight.get() + 1);
                most.set(in_flight.get().max(most.get()));
                let mut response = session.get(&url).await.map_err(io::Error::other)?;
                response.bytes(1 << 20).await.map_err(io::Error::other)?;
                in_flight.set(in_flight.get() - 1);
                Ok::<_, io::Error>(())
                // Here the permit is dropped, and with it somebody else's wait is over.
            };
            downloads.build_task().name(&format!("file {number}")).spawn(fetch);
        }
        for result in downloads.join_all().await {
            result?;
        }
        Ok((most.get(), made.get()))
    })
}
// ANCHOR_END: download

/// Counts the connections it makes.
struct Counting {
    made: Rc<Cell<usize>>,
}

impl Connect for Counting {
    type Stream = TcpStream;

    async fn connect(&self, origin: &Origin) -> io::Result<TcpStream> {
        self.made.set(self.made.get() + 1);
        TcpConnect { timeout: Duration::from_secs(5) }.connect(origin).await
    }
}

/// The built-in server, on a loop and a thread of its own.
fn serve() -> io::Result<SocketAddr> {
    let (told, address) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let album = Album::Generated { files: FILES, size: 1024 };
        let options = Options { album, latency: Duration::from_millis(20), bandwidth: None };
        let serve = || {
            let runtime = Runtime::new()?;
            runtime.block_on(async {
                let server = Server::bind("127.0.0.1:0", options).await?;
                let _ = told.send(server.local_addr()?);
                server.run().await;
                Ok::<_, io::Error>(())
            })
        };
        if let Err(error) = serve() {
            eprintln!("the server cannot run: {error}");
        }
    });
    address.recv().map_err(io::Error::other)
}
