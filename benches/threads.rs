//! The thread pool beside others: many jobs, a map, one job there and back. The rows are those of `glassloop bench`.
//!
//! `cargo bench --bench threads`; `-- "round trip"` for the rows with these words.

mod support;

fn main() {
    support::main(&["thread pool"]);
}
