//! Chapter 4: a sum in four chunks, by two worker processes; then a job that kills its worker.
//!
//! `cargo run --example 04_process_pool`

use std::error::Error;
use std::ops::RangeInclusive;
use std::process;
use std::time::Instant;

use glassloop::processes::{ProcessError, ProcessPool};
use glassloop::trace::{Account, Recorder, file};

type Chunk = (u64, u64);

// ANCHOR: main
fn main() -> Result<(), Box<dyn Error>> {
    let clock = Instant::now(); // the workers inherit it, and tell their times by it
    let add = |(first, last): Chunk| Account::of(clock, || sum(first..=last));
    // First thing in main: a pool is forked, and that is safe only while there is one thread.
    let adders = ProcessPool::new(2, add)?;
    let risky =
        ProcessPool::new(2, |job: u32| if job == 3 { process::abort() } else { job * job })?;

    let chunks: [Chunk; 4] = [(1, 25), (26, 50), (51, 75), (76, 100)];
    let (_, sums) = add_up(clock, &adders, &chunks)?;
    println!("1..=100 in four chunks: {sums:?}, together {}", sums.iter().sum::<u64>());

    let chunks = [0, 1, 2, 3].map(|n| (n * 10_000_000 + 1, (n + 1) * 10_000_000));
    let (recorder, sums) = add_up(clock, &adders, &chunks)?;
    println!("1..=40000000: {}", sums.iter().sum::<u64>());

    for (job, result) in (1..=4).zip(risky.map(1..=4)) {
        match result {
            Ok(square) => println!("job {job}: {square}"),
            Err(ProcessError::Died { how, .. }) => println!("job {job}: its worker {how}"),
            Err(error) => println!("job {job}: {error}"),
        }
    }
    Ok(file::save_if_asked(|| recorder.finish("two worker processes"))?)
}
// ANCHOR_END: main

// ANCHOR: add_up
/// Sends the chunks to the workers; what each did comes back with its sum, and is entered into the record.
fn add_up(
    clock: Instant,
    adders: &ProcessPool<Chunk, (u64, Account)>,
    chunks: &[Chunk],
) -> Result<(Recorder, Vec<u64>), ProcessError> {
    let recorder = Recorder::new();
    let tracks: Vec<_> =
        chunks.iter().map(|(first, last)| recorder.track(format!("{first} to {last}"))).collect();
    let mut sums = Vec::new();
    for (track, result) in tracks.iter().zip(adders.map(chunks.iter().copied())) {
        let (sum, account) = result?;
        track.add(clock, account);
        sums.push(sum);
    }
    Ok((recorder, sums))
}
// ANCHOR_END: add_up

/// Really adds: without the black box the compiler would make a formula of it.
fn sum(numbers: RangeInclusive<u64>) -> u64 {
    numbers.map(std::hint::black_box).sum()
}
