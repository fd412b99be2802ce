//! A pool of worker processes, forked, fed through pipes, replaced when they die.
//!
//! ```text
//!   this process                                 the nursery             the workers
//!  ┌──────────────────────────────────┐         ┌─────────────┐         ┌──────────────────────┐
//!  │ submit ─▶ queue ─▶ proxy ◀─ pipe ┼─────────┼── (passed ──┼─────────┼▶ read frame, run job,│
//!  │ handle ◀────────── proxy ◀─ pipe ┼──── over once) ───────┼─────────┼▶ write frame         │
//!  │                      │ ▲         │         │             │  fork   │                      │
//!  │            fork one! ▼ │ socket, │         │             ├────────▶│                      │
//!  │                    link ◀────────┼─ control socket ─▶    │◀────────┤ how each one ended   │
//!  │   (one thread, one event loop)   │         │ (no thread) │ waitpid │ (no thread of ours)  │
//!  └──────────────────────────────────┘         └─────────────┘         └──────────────────────┘
//! ```
//!
//! **Why a nursery.** A fork copies one thread. If another one holds a lock at that moment, the allocator's
//! or that of standard output, it stays locked in the child for ever. So everything that will ever be
//! forked is forked from one process that never has a second thread: the nursery, made together with the
//! pool while this process has none either ([`Builder::build`] refuses otherwise). The idea is that of Android's
//! zygote and of the `forkserver` of Python's `multiprocessing`, whose names for the rest are used here. It has the job function,
//! the initializer and all they captured, shared by copy-on-write. From then on threads are free.
//!
//! **This side is an event-loop program.** At the first job a thread starts and runs a [`Runtime`] of its own:
//! (`supervisor.rs`) a task for each slot of the pool, which keeps one worker after another and speaks with it
//! through its pipe (`proxy.rs`, `pipe.rs`), and one that speaks with the nursery (`link.rs`).
//!
//! **A job's life.** Its argument is encoded by the thread that submits it, and waits in the queue. The
//! proxy of an idle worker takes it and writes the frame. The worker reads it, tells that it begins, runs it, and
//! writes the result, which is decoded by whoever asked for it. Those of a map that are tiny travel in runs, their results too
//! (`job.rs`, `packed.rs`). A job is never given to a second worker once it may have begun:
//!
//! | the worker ends | the job |
//! | --- | --- |
//! | between two jobs | there is none |
//! | with the whole frame in its pipe, before it began | goes to another worker; after three, fails |
//! | when its frame had only partly been sent | fails: the argument may be what its worker could not bear |
//! | in the midst of it | fails, with the worker and how it ended |
//!
//! Jobs that were sent along with it (`chunk_size`, or a run) and had not begun go to another worker; results that were to
//! be sent with others are found in memory that the worker shared with the pool (`outbox.rs`). A job that
//! panics fails with what the panic said; its worker, whose state may be half changed, exits and is
//! replaced. Three workers in a row that end before there was any result, or before their initializer was
//! done, fail the pool. When the system refuses another worker, those that there are do the work. If the
//! nursery dies, every handle resolves and the workers are killed.
//!
//! **Who ends when.** A worker ends when its pipe does. If this process is killed, the kernel tells
//! the nursery and the workers (`PR_SET_PDEATHSIG` on Linux; elsewhere the pipes' ends say it). Workers
//! ignore Ctrl-C, which reaches the whole group: what it means is up to this process. They leave by
//! `_exit`: what they printed without a line end and did not flush is lost. Their standard input
//! is empty. Descriptors that were open when the pool was made stay open in them.
//!
//! The way back is for values only. What the jobs together are to fill, a table by key, is filled here, from
//! their results: see `examples/shared_results.rs`.
//!
//! [`Runtime`]: crate::Runtime

mod builder;
mod control;
mod error;
mod frame;
mod handle;
mod job;
mod link;
mod nursery;
mod outbox;
mod packed;
mod pipe;
mod pool;
mod proxy;
mod queue;
mod results;
mod shared;
mod supervisor;
mod sys;
mod worker;

pub use builder::Builder;
pub use error::{Ending, ProcessError, StartError};
pub use handle::ProcessHandle;
pub use pool::ProcessPool;
pub use results::{Imap, ImapUnordered};
pub use shared::Shared;
