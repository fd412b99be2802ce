//! A server for the examples of the book's first chapters: whoever sends a line gets it back after 50 ms, and
//! at most so many callers are served at once. It is on this machine, so that nothing depends on a network.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// How long each answer takes.
const LATENCY: Duration = Duration::from_millis(50);

/// Starts a server that turns away whoever comes while `places` callers are being served.
pub(crate) fn start(places: usize) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        let callers = Arc::new(AtomicUsize::new(0));
        for stream in listener.incoming().flatten() {
            if callers.fetch_add(1, Ordering::SeqCst) >= places {
                callers.fetch_sub(1, Ordering::SeqCst);
                continue; // the connection is closed without a word
            }
            let callers = Arc::clone(&callers);
            thread::spawn(move || {
                let _ = serve(&stream);
                callers.fetch_sub(1, Ordering::SeqCst);
            });
        }
    });
    Ok(address)
}

fn serve(stream: &TcpStream) -> io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    while let Some(line) = lines.next().transpose()? {
        thread::sleep(LATENCY);
        (&*stream).write_all(format!("{line}: its contents\n").as_bytes())?;
    }
    Ok(())
}
