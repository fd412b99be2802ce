//! The event loop beside other runtimes: tasks, wakes, timers, memory. The rows are those of `glassloop bench`.
//!
//! `cargo bench --bench runtime`; `-- timer` for the rows with that word.

mod support;

fn main() {
    support::main(&["tasks", "wakes", "timers", "memory"]);
}
