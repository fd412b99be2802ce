//! Chapter 1: six files, one after another. How much of the time is work, and how much is waiting?
//!
//! `cargo run --example 01_one_after_another`

use std::io;
use std::time::{Duration, Instant};

use glassloop::trace::{Recorder, file};
use nix::time::{ClockId, clock_gettime};

#[path = "book/client.rs"]
mod client;
#[path = "book/server.rs"]
mod server;

const FILES: usize = 6;

// ANCHOR: main
fn main() -> io::Result<()> {
    let mut session = client::Session::open(server::start(1)?)?;
    let recorder = Recorder::new();
    // All files are wanted from the beginning; each gets a row in the figure.
    let tracks: Vec<_> = (1..=FILES).map(|file| recorder.track(format!("file {file}"))).collect();

    let (wall, computed) = (Instant::now(), processor_time()?);
    for (file, track) in (1..).zip(&tracks) {
        track.run(|| session.fetch(file))?;
    }
    let (wall, computed) = (wall.elapsed(), processor_time()? - computed);

    println!("{FILES} files, one after another: {wall:.0?}");
    println!("  the processor worked for {computed:.0?}");
    println!("  the thread waited for {:.0?}", wall - computed);
    file::save_if_asked(|| recorder.finish("one after another"))
}
// ANCHOR_END: main

// ANCHOR: processor_time
/// For how long a processor has worked for this thread, for itself and on its behalf in the kernel.
fn processor_time() -> io::Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?.into())
}
// ANCHOR_END: processor_time
