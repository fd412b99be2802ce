//! The sum of numbers in memory, by threads and by processes, beside two bare threads. The rows are those of
//! `glassloop bench`.
//!
//! `cargo bench --bench sum`

mod support;

fn main() {
    support::main(&["sum"]);
}
