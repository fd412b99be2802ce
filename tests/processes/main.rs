//! The pool of processes: what it promises, and that it holds when processes are killed.
//!
//! libtest has threads, and a pool must be made before there are any: this binary has a runner of its own
//! (`runner.rs`), in which every test is a process of its own, watched for what it leaves behind.

// What is spawned is waited for with `waitpid`, together with all that it orphaned.
#![allow(clippy::zombie_processes)]

mod deaths;
mod limits;
mod models;
mod parents;
mod runner;
mod stress;
mod support;
mod threads;
mod work;

use runner::Test;

fn main() -> std::process::ExitCode {
    let parts = [
        work::TESTS,
        threads::TESTS,
        deaths::TESTS,
        limits::TESTS,
        models::TESTS,
        parents::TESTS,
        stress::TESTS,
    ];
    runner::main(&parts.concat())
}

/// A list of tests, each a function and its name.
#[macro_export]
macro_rules! tests {
    ($($name:ident,)*) => {
        pub(crate) const TESTS: &[$crate::Test] = &[$($crate::Test { name: stringify!($name), run: $name },)*];
    };
}
