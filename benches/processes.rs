//! The process pool beside Python's: a map on a pool that is made for it, one job there and back. The rows are those of
//! `glassloop bench`; each measurement is a process of its own, as a pool is made before there are threads.
//!
//! `cargo bench --bench processes`

mod support;

fn main() {
    support::main(&["process pool"]);
}
