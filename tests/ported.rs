//! A program written for tokio runs here when its paths are changed, and does the same.

#[path = "../examples/ported.rs"]
mod ported;

use ported::{ours, tokios};

#[test]
fn a_program_written_for_tokio_does_the_same_here() {
    let expected = [
        "3 beats, none too early: true",
        "client 1: new 167 what?",
        "client 2: new 168 what?",
        "client 3: new 169 what?",
        "client 4: new 170 what?",
        "answered: 12",
        "connections: 4 ended, 1 cut off, 0 bytes left",
        r#"kept: {"k1": "v1", "k2": "v2", "k3": "v3", "k4": "v4"}"#,
        "aborted: true",
        "aborted: true",
    ];
    assert_eq!(tokios::run().unwrap(), expected, "on tokio");
    assert_eq!(ours::run().unwrap(), expected, "here");
}

/// Nothing here runs: that it compiles is the test.
#[allow(dead_code, clippy::all)]
mod names {
    mod tokios {
        use std::sync::Arc;

        use tokio as rt;

        include!("ported/names.rs");
    }

    mod ours {
        use std::rc::Rc as Arc;

        use glassloop as rt;

        include!("ported/names.rs");
    }
}
