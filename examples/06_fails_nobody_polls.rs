//! Fails: an `async fn` is called, and nothing happens. Its future is a value like any other; somebody must poll it.
//!
//! `cargo run --example 06_fails_nobody_polls`

use std::cell::Cell;

// ANCHOR: nobody_polls
async fn fetch(begun: &Cell<bool>) {
    begun.set(true);
}

fn main() {
    let begun = Cell::new(false);
    let future = fetch(&begun);
    println!("called: has it begun? {}", begun.get());
    drop(future);
    println!("dropped: has it begun? {}", begun.get());
}
// ANCHOR_END: nobody_polls
