//! A session for each worker: 50 files over as many connections as there are threads. What a job of
//! Python's `ThreadPoolExecutor` finds in a `threading.local()` comes here as its argument.
//!
//! `cargo run --example thread_local_session`

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use glassloop::ThreadPool;

/// A connection that is kept: one line asks, one line answers.
struct Session(BufReader<TcpStream>);

impl Session {
    fn ask(&mut self, question: &str) -> io::Result<String> {
        writeln!(self.0.get_mut(), "{question}")?;
        let mut answer = String::new();
        self.0.read_line(&mut answer)?;
        Ok(answer)
    }
}

fn main() -> io::Result<()> {
    let connections = Arc::new(AtomicUsize::new(0));
    let server = serve(Arc::clone(&connections))?;

    // A session need not be `Send`: it is made on the thread that uses it, when it is first needed.
    let pool = ThreadPool::builder().size(4).build_with_state(|_worker| None::<Session>)?;
    let answers = pool.map(0..50, move |session, number| {
        let session = match session {
            Some(session) => session,
            None => session.insert(Session(BufReader::new(TcpStream::connect(server)?))),
        };
        session.ask(&format!("file {number}"))
    });
    let mut bytes = 0;
    for answer in answers {
        bytes += answer.map_err(io::Error::other)??.len();
    }
    let connections = connections.load(Ordering::SeqCst);
    println!("50 answers, {bytes} bytes, over {connections} connections of 4 workers");
    Ok(())
}

/// Says everything back, and counts who comes.
fn serve(connections: Arc<AtomicUsize>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            connections.fetch_add(1, Ordering::SeqCst);
            thread::spawn(move || io::copy(&mut &stream, &mut &stream));
        }
    });
    Ok(address)
}
