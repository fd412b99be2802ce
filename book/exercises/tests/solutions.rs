//! Every exercise solved: `cargo test --test solutions 03_own_pool`.

include!(concat!(env!("OUT_DIR"), "/solution.rs"));
