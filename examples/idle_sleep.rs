//! A sleeping loop costs nothing: between its two lines this program makes a handful of system calls.
//!
//! `cargo run --example idle_sleep`, and to see them: `strace -f target/debug/examples/idle_sleep`

use std::io::{Write, stderr};
use std::time::Duration;

use glassloop::time::sleep;

fn main() -> std::io::Result<()> {
    let runtime = glassloop::Runtime::new()?;
    // Standard error is not buffered: each line is one system call, at this very place.
    stderr().write_all(b"falling asleep\n")?;
    runtime.block_on(sleep(Duration::from_secs(2)));
    stderr().write_all(b"awake again\n")
}
