//! The other end of `server.rs`: asks for a file over a connection, and blocks until it is there.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};

use glassloop::trace::wait_for;

// ANCHOR: session
/// A connection that is kept, to ask for one file after another.
pub(crate) struct Session(BufReader<TcpStream>);

impl Session {
    pub(crate) fn open(server: SocketAddr) -> io::Result<Self> {
        TcpStream::connect(server).map(|stream| Self(BufReader::new(stream)))
    }

    /// Asks for a file, and blocks this thread until it is there.
    pub(crate) fn fetch(&mut self, file: usize) -> io::Result<String> {
        let mut answer = String::new();
        // In one piece: a line sent in several would wait for the first to be acknowledged.
        self.0.get_mut().write_all(format!("file {file}\n").as_bytes())?;
        // `wait_for` only notes in the trace, if one is kept, that this thread waits here.
        match wait_for("the server", || self.0.read_line(&mut answer))? {
            0 => Err(io::Error::other("the server hung up")),
            _ => Ok(answer),
        }
    }
}
// ANCHOR_END: session
