//! Fails: a state machine that remembers where its own buffer is, and is moved between two polls. No unsafe code
//! reads through the address here; it only looks whether the buffer is still there.
//!
//! `cargo run --example 06_fails_moved`

// ANCHOR: moved
#[derive(Default)]
struct Reading {
    buffer: [u8; 16],
    /// What a reference across an `.await` is: the address of a neighbour in the same state machine.
    filled_at: Option<usize>,
}

impl Reading {
    fn poll(&mut self) -> &'static str {
        let here = self.buffer.as_ptr().addr();
        match self.filled_at {
            None => {
                self.filled_at = Some(here);
                "first poll: it remembers where its buffer is"
            }
            Some(at) if at == here => "polled again: its buffer is where it was",
            Some(_) => "polled again: its buffer is elsewhere. A reference would dangle now",
        }
    }
}

fn main() {
    let mut still = Reading::default();
    println!("stays in its place");
    println!("  {}", still.poll());
    println!("  {}", still.poll());

    let mut moved = Reading::default();
    println!("is moved into a Box");
    println!("  {}", moved.poll());
    let mut elsewhere = Box::new(moved);
    println!("  {}", elsewhere.poll());
}
// ANCHOR_END: moved
