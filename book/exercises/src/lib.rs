//! The book's Rust blocks that are no quotes: each is a test. `build.rs` lists the pages.

include!(concat!(env!("OUT_DIR"), "/pages.rs"));
