use std::sync::mpsc;
use std::thread;

struct Permit(mpsc::Sender<()>);

impl Drop for Permit {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// Runs each job on a thread of its own, at most `limit` at a time; how many of them panicked.
pub fn at_most(limit: usize, jobs: Vec<Box<dyn FnOnce() + Send>>) -> usize {
    let (give_back, permits) = mpsc::channel();
    for _ in 0..limit {
        give_back.send(()).unwrap();
    }
    let start = |job: Box<dyn FnOnce() + Send>| {
        permits.recv().unwrap();
        let permit = Permit(give_back.clone());
        thread::spawn(move || {
            let _until_the_end = permit;
            job();
        })
    };
    let threads: Vec<_> = jobs.into_iter().map(start).collect();
    threads.into_iter().filter_map(|thread| thread.join().err()).count()
}
