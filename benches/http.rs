//! Downloads beside other clients. The rows are those of `glassloop bench`.
//!
//! `cargo bench --bench http`; `-- 1 MiB` for the rows with these words.

mod support;

fn main() {
    support::main(&["http"]);
}
