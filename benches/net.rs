//! Servers beside other runtimes' and beside an epoll loop: echo, accept + close. The rows are those of
//! `glassloop bench`.
//!
//! `cargo bench --bench net`; `-- calls` for the rows with that word.

mod support;

fn main() {
    support::main(&["net"]);
}
