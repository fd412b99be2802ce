//! As many threads as there are processors, which take chunk after chunk: no more compete than can run.

use std::io;
use std::thread::available_parallelism;

use super::SumError;
use crate::{JoinError, threads};

pub(super) fn run<C: Sync>(
    chunks: &[C],
    add: impl Fn(&C) -> Result<i128, SumError> + Sync,
) -> io::Result<Vec<Result<i128, SumError>>> {
    let size = available_parallelism().map_or(1, usize::from).min(chunks.len()).max(1);
    let add = &add;
    threads::scope(size, |pool| {
        let sums = pool.map(chunks, add);
        // None is ever cancelled: a scope ends when all are done.
        let panicked = |error: JoinError| Err(SumError::from_panic(&*error.into_panic()));
        sums.map(|sum| sum.unwrap_or_else(panicked)).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workloads::sum::{Chunk, Numbers};

    #[test]
    fn a_chunk_whose_job_panics_fails_alone_and_says_why() {
        let chunks = Numbers::Range("1..=4".parse().unwrap()).split(4).unwrap();
        let cursed = &chunks[1];
        let add = |chunk: &Chunk| {
            assert!(chunk != cursed, "chunk {chunk} is cursed");
            Ok(1)
        };
        let sums = run(&chunks, add).unwrap();
        assert!(matches!(&sums[1], Err(SumError::Panicked(why)) if why.starts_with("chunk 2")));
        assert_eq!(sums.iter().filter(|sum| matches!(sum, Ok(1))).count(), 3);
    }
}
