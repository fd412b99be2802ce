//! A thread for each chunk: as many cores work as there are, and all chunks compete for them.

use std::thread;

use super::SumError;

pub(super) fn run<C: Sync>(
    chunks: &[C],
    add: impl Fn(&C) -> Result<i128, SumError> + Sync,
) -> Vec<Result<i128, SumError>> {
    let add = &add;
    thread::scope(|scope| {
        let start = |chunk| thread::Builder::new().spawn_scoped(scope, move || add(chunk));
        // Collected first: a chain of iterators would join each thread before it starts the next.
        let threads: Vec<_> = chunks.iter().map(start).collect();
        let sum = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| Err(SumError::from_panic(&*panic)))
        };
        threads.into_iter().map(|thread| sum(thread.map_err(SumError::NotStarted)?)).collect()
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;
    use crate::workloads::sum::{Chunk, Numbers};

    fn four_chunks() -> Vec<Chunk> {
        Numbers::Range("1..=4".parse().unwrap()).split(4).unwrap()
    }

    #[test]
    fn a_thread_that_panics_fails_its_own_chunk_only() {
        let chunks = four_chunks();
        let sums = run(&chunks, |chunk| {
            assert!(*chunk != chunks[1], "chunk {chunk} is cursed");
            Ok(1)
        });
        assert!(matches!(&sums[1], Err(SumError::Panicked(why)) if why.contains("is cursed")));
        assert_eq!(sums.iter().filter(|sum| matches!(sum, Ok(1))).count(), 3);
    }

    #[test]
    fn all_chunks_are_under_way_at_once() {
        let all = Barrier::new(4);
        let sums = run(&four_chunks(), |_| {
            all.wait();
            Ok(1)
        });
        assert_eq!(sums.len(), 4);
    }
}
