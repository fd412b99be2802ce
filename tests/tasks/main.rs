//! What the loop promises its tasks: who is polled and how often, who is dropped and where, and that
//! no panic and no destructor of one disturbs another.

mod aborts;
mod handles;
mod panics;
mod sets;
#[path = "../support/mod.rs"]
mod support;
mod wakes;
