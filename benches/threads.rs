//! What a job costs beyond its own work: in our pool, in rayon's, and in the least that one could write
//! with a channel. The same number of workers, the same jobs, and every result comes back.
//!
//! `cargo bench --bench threads`; `-- --quick` for a first look.

use std::hint::black_box;
use std::thread;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use glassloop::ThreadPool;
use rayon::prelude::*;

/// A job that is over at once, so that all there is to see is the pool.
fn tiny(number: u64) -> u64 {
    black_box(number).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The least that is a pool: one channel of jobs, threads that receive from it. No panic is caught.
struct ChannelPool {
    jobs: Sender<Box<dyn FnOnce() + Send>>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl ChannelPool {
    fn new(size: usize) -> Self {
        let (jobs, queued) = unbounded::<Box<dyn FnOnce() + Send>>();
        let start = |_| {
            let queued = queued.clone();
            thread::spawn(move || queued.iter().for_each(|job| job()))
        };
        Self { jobs, threads: (0..size).map(start).collect() }
    }

    fn spawn(&self, job: impl FnOnce() + Send + 'static) {
        self.jobs.send(Box::new(job)).expect("the workers live as long as the pool");
    }

    fn submit<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Receiver<T> {
        let (done, result) = bounded(1);
        self.spawn(move || done.send(job()).unwrap_or_default());
        result
    }

    fn join(self) {
        drop(self.jobs);
        self.threads.into_iter().for_each(|thread| thread.join().expect("no job panics"));
    }
}

fn rayon_pool(size: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(size).build().expect("threads can be started")
}

/// A pool that lives, one worker: submit a job, wait for its result.
fn warm_round_trip(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("warm round trip");
    let pool = ThreadPool::new(1).expect("threads can be started");
    group.bench_function("glassloop", |bench| {
        bench.iter(|| pool.submit(|| tiny(1)).wait().expect("no job panics"));
    });
    drop(pool);
    let pool = rayon_pool(1);
    group.bench_function("rayon", |bench| bench.iter(|| pool.install(|| tiny(1))));
    drop(pool);
    let pool = ChannelPool::new(1);
    group.bench_function("channel", |bench| {
        bench.iter(|| pool.submit(|| tiny(1)).recv().expect("no job panics"));
    });
    pool.join();
}

/// Make a pool of one worker, give it one job, let it go. Rayon does not wait for its thread to end.
fn cold_round_trip(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cold round trip");
    group.bench_function("glassloop", |bench| {
        bench.iter(|| {
            let pool = ThreadPool::new(1).expect("threads can be started");
            pool.submit(|| tiny(1)).wait().expect("no job panics")
        });
    });
    group.bench_function("rayon", |bench| bench.iter(|| rayon_pool(1).install(|| tiny(1))));
    group.bench_function("channel", |bench| {
        bench.iter(|| {
            let pool = ChannelPool::new(1);
            let result = pool.submit(|| tiny(1)).recv();
            pool.join();
            result
        });
    });
}

/// The results of many tiny jobs, in their order. Rayon is asked twice: for one job each, as the others
/// do, and in its own way, which cuts the range into a few pieces and makes a job of each.
fn many_tiny_jobs(criterion: &mut Criterion) {
    const JOBS: u64 = 10_000;
    let mut group = criterion.benchmark_group("map of 10,000");
    group.throughput(Throughput::Elements(JOBS));
    for size in [1, 2] {
        let pool = ThreadPool::new(size).expect("threads can be started");
        group.bench_function(BenchmarkId::new("glassloop", size), |bench| {
            bench.iter(|| pool.map(0..JOBS, tiny).collect::<Result<Vec<u64>, _>>());
        });
        drop(pool);
        let pool = rayon_pool(size);
        group.bench_function(BenchmarkId::new("rayon", size), |bench| {
            bench.iter(|| in_order(JOBS, |job| pool.spawn(job)));
        });
        group.bench_function(BenchmarkId::new("rayon, cut up", size), |bench| {
            bench.iter(|| pool.install(|| (0..JOBS).into_par_iter().map(tiny).collect::<Vec<_>>()));
        });
        drop(pool);
        let pool = ChannelPool::new(size);
        group.bench_function(BenchmarkId::new("channel", size), |bench| {
            bench.iter(|| in_order(JOBS, |job| pool.spawn(job)));
        });
        pool.join();
    }
}

/// For pools whose jobs bring no result: all come through one channel, each with its number.
fn in_order(jobs: u64, spawn: impl Fn(Box<dyn FnOnce() + Send>)) -> Vec<u64> {
    let (done, results) = unbounded();
    for number in 0..jobs {
        let done = done.clone();
        spawn(Box::new(move || done.send((number, tiny(number))).unwrap_or_default()));
    }
    drop(done);
    let mut in_order = vec![0; jobs as usize];
    results.iter().for_each(|(number, result)| in_order[number as usize] = result);
    in_order
}

criterion_group! {
    name = threads;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    targets = warm_round_trip, cold_round_trip, many_tiny_jobs
}
criterion_main!(threads);
