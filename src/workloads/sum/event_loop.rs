//! A task for each chunk, all on one thread. It wins nothing: adding never waits, so each task keeps control until
//! its chunk is done, and there is one thread, whose time is all it takes.

use std::io;
use std::rc::Rc;

use super::{Chunk, SumError};
use crate::JoinError;
use crate::runtime::Builder;
use crate::task;
use crate::trace::Recorder;
use crate::workloads::recorded;

pub(super) fn run(
    chunks: &[Chunk],
    add: impl Fn(&Chunk) -> Result<i128, SumError> + 'static,
    recorder: Option<&Recorder>,
) -> io::Result<Vec<Result<i128, SumError>>> {
    let add = Rc::new(add);
    let start = |chunk: &Chunk| {
        let (chunk, add) = (chunk.clone(), Rc::clone(&add));
        let name = chunk.to_string();
        task::Builder::new().name(&name).spawn(async move { add(&chunk) })
    };
    recorded(Builder::new().watch(true), recorder, |runtime| {
        runtime.block_on(async {
            // Collected first: a chain of iterators would await each task before it starts the next.
            let tasks: Vec<_> = chunks.iter().map(start).collect();
            let mut sums = Vec::with_capacity(tasks.len());
            // Nobody aborts them.
            let panicked = |error: JoinError| Err(SumError::from_panic(&*error.into_panic()));
            for task in tasks {
                sums.push(task.await.unwrap_or_else(panicked));
            }
            sums
        })
    })
}
