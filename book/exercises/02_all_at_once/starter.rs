use std::thread;

/// Runs each job on a thread of its own, all at the same time.
pub fn all_at_once<T: Send + 'static>(jobs: Vec<Box<dyn FnOnce() -> T + Send>>) -> Vec<T> {
    jobs.into_iter().map(thread::spawn).map(|thread| thread.join().unwrap()).collect()
}
