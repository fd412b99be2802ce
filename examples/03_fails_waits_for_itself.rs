//! Chapter 3, a second failure: a job waits for another job of its own pool, and all workers are waiting.
//!
//! `cargo run --example 03_fails_waits_for_itself`

use std::io;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use glassloop::ThreadPool;

// ANCHOR: main
type Job = Box<dyn FnOnce() + Send>;

fn main() -> io::Result<()> {
    let (queue, jobs) = mpsc::channel::<Job>();
    let jobs = Arc::new(Mutex::new(jobs));
    for _worker in 0..2 {
        let jobs = Arc::clone(&jobs);
        thread::spawn(move || {
            while let Ok(job) = { jobs.lock().unwrap().recv() } {
                job();
            }
        });
    }
    let (tell, told) = mpsc::channel();
    for outer in 1..=2 {
        let (queue_of_job, tell) = (queue.clone(), tell.clone());
        let job = move || {
            thread::sleep(Duration::from_millis(20)); // both workers have begun such a job by now
            let (result, wait) = mpsc::channel();
            let inner = move || result.send(outer * outer).unwrap();
            queue_of_job.send(Box::new(inner)).unwrap();
            tell.send(wait.recv()).unwrap(); // waits for a worker: there are two, and both are here
        };
        queue.send(Box::new(job)).unwrap();
    }
    match told.recv_timeout(Duration::from_millis(500)) {
        Ok(_) => println!("two workers by hand: done"),
        Err(_) => println!("two workers by hand: both wait for a worker, and will for ever"),
    }
    with_the_library()
}
// ANCHOR_END: main

// ANCHOR: library
fn with_the_library() -> io::Result<()> {
    let pool = Arc::new(ThreadPool::new(2)?);
    let jobs: Vec<_> = (1..=2)
        .map(|outer| {
            let inner_pool = Arc::clone(&pool);
            pool.submit(move || {
                thread::sleep(Duration::from_millis(20));
                inner_pool.submit(move || outer * outer).wait().unwrap()
            })
        })
        .collect();
    let squares: Vec<i32> = jobs.into_iter().map(|job| job.wait().unwrap()).collect();
    println!("two of glassloop's:  {squares:?}");
    Ok(())
}
// ANCHOR_END: library
