//! What is measured, against whom, and how: each row once, for `glassloop bench` and for `cargo bench`.
//!
//! A row names its contenders: ours, the peers that it is judged by, and others for whoever wants to know.
//! All do the same operations; where they can, they are one function over the trait `Peer`.

pub mod child;
mod epoll;
mod http;
mod measure;
mod memory;
mod net;
mod peer;
mod pools;
mod served;
mod servers;
mod sum;
mod tasks;
mod timers;
mod wakes;

use anyhow::Result;
use serde::Serialize;

/// One thing to measure.
#[derive(Debug)]
pub struct Row {
    pub name: &'static str,
    /// The criterion group's name, shared by the rows of one file.
    pub group: &'static str,
    pub unit: Unit,
    /// How many operations make a round, the same for everybody.
    pub round: u64,
    pub target: Target,
    /// Each measurement wants a process of its own: it looks at all of the process, or forks.
    pub alone: bool,
    pub ours: Contender,
    /// In `glassloop bench` and in `cargo bench`. The target is a ratio to the first.
    pub peers: &'static [Contender],
    /// Only in `cargo bench`.
    pub others: &'static [Contender],
}

/// Who does it, and how.
#[derive(Clone, Copy, Debug)]
pub struct Contender {
    pub name: &'static str,
    /// Makes what can stay for all rounds: a runtime, a pool, a server. An error says what is missing.
    pub prepare: fn() -> Result<Run>,
}

/// Does `n` operations; gives what *one* of them cost, in the row's unit.
pub type Run = Box<dyn FnMut(u64) -> Result<f64>>;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Of time, whether the wall's or a processor's.
    Nanoseconds,
    Bytes,
    /// Of the system.
    Calls,
}

impl Unit {
    pub fn name(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Bytes => "B",
            Self::Calls => "calls",
        }
    }
}

/// What is not to be exceeded: in JSON an object of one field, which is named as that of what was measured.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    None,
    /// Ours divided by the first peer's.
    Ratio(f64),
    /// Ours, in the row's unit.
    Ours(f64),
}

/// All of them, group after group.
pub fn rows() -> Vec<&'static Row> {
    [
        tasks::ROWS,
        wakes::ROWS,
        timers::ROWS,
        memory::ROWS,
        net::ROWS,
        http::ROWS,
        pools::ROWS,
        sum::ROWS,
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Row {
    /// Ours first.
    pub fn contenders(&self) -> impl Iterator<Item = &Contender> {
        std::iter::once(&self.ours).chain(self.peers).chain(self.others)
    }

    /// What runs this row's rounds for `contender`, which is one of its own.
    ///
    /// # Errors
    /// When something is missing that the contender needs.
    pub fn prepare(&self, contender: &Contender) -> Result<Run> {
        match self.alone {
            true => Ok(child::measure(self.name, contender.name)),
            false => (contender.prepare)(),
        }
    }
}
