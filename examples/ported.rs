//! A program that was written for tokio's current_thread runtime, and what it takes to run it here: four
//! paths. `tests/ported.rs` compiles it for both and holds them to one result.
//!
//! `cargo run --example ported`

#[allow(dead_code)] // here it only has to compile
pub(crate) mod tokios {
    use std::sync::Arc;

    use tokio as rt;
    use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

    include!("ported/program.rs");
}

pub(crate) mod ours {
    use std::rc::Rc as Arc; // nothing here leaves its thread

    use futures::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
    use glassloop as rt;

    include!("ported/program.rs");
}

#[allow(dead_code)] // the test has a main of its own
fn main() -> std::io::Result<()> {
    for line in ours::run()? {
        println!("{line}");
    }
    Ok(())
}
