//! Chapter 3: a pool of threads, written by hand, then the library's. Three threads, nine files, three connections.
//!
//! `cargo run --example 03_thread_pool`

use std::io;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Instant;

use glassloop::ThreadPool;
use glassloop::trace::{Recorder, file};

#[path = "book/client.rs"]
mod client;
#[path = "book/server.rs"]
mod server;

const WORKERS: usize = 3;
const FILES: usize = 9;

fn main() -> io::Result<()> {
    let start = Instant::now();
    let fetched = by_hand()?;
    println!("by hand:   {fetched} files, {WORKERS} threads: {:.0?}", start.elapsed());

    let (start, recorder) = (Instant::now(), Recorder::new());
    let fetched = with_the_library(&recorder)?;
    println!("glassloop: {fetched} files, {WORKERS} threads: {:.0?}", start.elapsed());
    file::save_if_asked(|| recorder.finish("a pool of three threads"))
}

// ANCHOR: by_hand
type Job = Box<dyn FnOnce() + Send>;

/// Threads that stay, and take one job after another from a queue.
struct Pool {
    queue: Option<mpsc::Sender<Job>>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Pool {
    fn new(size: usize) -> Self {
        let (queue, jobs) = mpsc::channel::<Job>();
        let jobs = Arc::new(Mutex::new(jobs));
        let worker = || {
            let jobs = Arc::clone(&jobs);
            thread::spawn(move || {
                loop {
                    // The lock is held while this thread waits for a job, and given back before it does it.
                    let job = jobs.lock().unwrap().recv();
                    let Ok(job) = job else { break }; // nobody can send any more
                    job();
                }
            })
        };
        Self { queue: Some(queue), threads: (0..size).map(|_| worker()).collect() }
    }

    fn submit(&self, job: impl FnOnce() + Send + 'static) {
        self.queue.as_ref().unwrap().send(Box::new(job)).unwrap();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        drop(self.queue.take()); // what is queued is still received; then the workers end
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
    }
}
// ANCHOR_END: by_hand

// ANCHOR: use_by_hand
fn by_hand() -> io::Result<usize> {
    let server = server::start(FILES)?;
    let (tell, told) = mpsc::channel();
    let pool = Pool::new(WORKERS);
    for file in 1..=FILES {
        let tell = tell.clone();
        pool.submit(move || {
            let answer = client::Session::open(server).and_then(|mut session| session.fetch(file));
            let _ = tell.send(answer);
        });
    }
    drop((pool, tell));
    told.iter().map(|answer| answer.map(|_| 1)).sum()
}
// ANCHOR_END: use_by_hand

// ANCHOR: with_the_library
fn with_the_library(recorder: &Recorder) -> io::Result<usize> {
    let server = server::start(WORKERS)?;
    let pool = ThreadPool::builder()
        .size(WORKERS)
        .name("worker")
        .build_with_state(move |_worker| client::Session::open(server))?;
    let jobs = (1..=FILES).map(|file| (file, recorder.track(format!("file {file}"))));
    let answers = pool.map(jobs, |session, (file, track)| match session {
        Ok(session) => track.run(|| session.fetch(file)),
        Err(error) => Err(io::Error::new(error.kind(), "there is no connection")),
    });
    answers.map(|answer| answer.map_err(io::Error::other)?.map(|_| 1)).sum()
}
// ANCHOR_END: with_the_library
