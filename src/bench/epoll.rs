//! The floor: servers as one would write them on epoll, without futures, for these rows and nothing else.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

use anyhow::{Result, bail};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use slab::Slab;

const LISTENER: u64 = u64::MAX;

/// Gives each connection back what it sends. Each has a buffer, as it must where the rest of an answer may have
/// to wait until there is room.
pub(super) fn echo(listener: &TcpListener) -> Result<()> {
    let handle = |stream: &mut &TcpStream, buffer: &mut Vec<u8>| loop {
        let count = stream.read(buffer)?;
        if count == 0 {
            return Ok(false);
        }
        stream.write_all(&buffer[..count])?;
        if count < buffer.len() {
            return Ok(true);
        }
    };
    serve(listener, || vec![0; 1024], handle)
}

/// Sends an answer to HTTP with a body of `size` bytes for whatever comes in one read.
pub(super) fn answer(listener: &TcpListener, size: usize) -> Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nServer: epoll\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n\
         Content-Type: application/octet-stream\r\nContent-Length: {size}\r\n\
         Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\nConnection: keep-alive\r\n\
         ETag: \"6956e080-400\"\r\nAccept-Ranges: bytes\r\n\r\n"
    );
    let answer = [head.as_bytes(), &vec![b'x'; size]].concat();
    let mut request = vec![0; 4096];
    serve(
        listener,
        || answer.len(),
        |stream, sent| {
            loop {
                while *sent < answer.len() {
                    *sent += stream.write(&answer[*sent..])?;
                }
                match stream.read(&mut request)? {
                    0 => return Ok(false),
                    _ => *sent = 0,
                }
            }
        },
    )
}

/// Accepts connections and closes them, all that are there whenever there is one.
pub(super) fn accept(listener: &TcpListener) -> Result<()> {
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    epoll.add(listener, EpollEvent::new(EpollFlags::EPOLLIN | EpollFlags::EPOLLET, LISTENER))?;
    let mut events = [EpollEvent::empty(); 1];
    loop {
        epoll.wait(&mut events, EpollTimeout::NONE)?;
        while listener.accept().is_ok() {}
    }
}

/// Lets `handle` do what can be done at once on a connection of which there is news, until it says that that
/// is over. Edge-triggered: it must go on until it would block, or a read was short.
fn serve<State>(
    listener: &TcpListener,
    fresh: impl Fn() -> State,
    mut handle: impl FnMut(&mut &TcpStream, &mut State) -> io::Result<bool>,
) -> Result<()> {
    let both = EpollFlags::EPOLLIN | EpollFlags::EPOLLOUT | EpollFlags::EPOLLET;
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
    epoll.add(listener, EpollEvent::new(EpollFlags::EPOLLIN, LISTENER))?;
    let mut connections = Slab::new();
    let mut events = vec![EpollEvent::empty(); 1024];
    loop {
        let count = epoll.wait(&mut events, EpollTimeout::NONE)?;
        for event in &events[..count] {
            if event.data() == LISTENER {
                let (stream, _) = listener.accept()?;
                stream.set_nonblocking(true)?;
                stream.set_nodelay(true)?;
                let entry = connections.vacant_entry();
                epoll.add(&stream, EpollEvent::new(both, entry.key() as u64))?;
                entry.insert((stream, fresh()));
                continue;
            }
            let at = event.data() as usize;
            let Some((stream, state)) = connections.get_mut(at) else { bail!("nobody's event") };
            match handle(&mut &*stream, state) {
                Ok(true) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Ok(false) | Err(_) => drop(connections.remove(at)),
            }
        }
    }
}
