//! What the end-to-end tests share: the program as its users run it, servers that play a script, folders
//! to look into, and tools that may be missing.

#![allow(dead_code, unused_imports)] // each file of tests is a program of its own and uses a part of this

pub(crate) mod folder;
pub(crate) mod processes;
pub(crate) mod program;
pub(crate) mod servers;
pub(crate) mod tls;
pub(crate) mod tools;

use std::thread;
use std::time::{Duration, Instant};

use glassloop::workloads::Model;

pub(crate) use self::folder::Folder;
pub(crate) use self::program::{AlbumServer, Running, glassloop, run};
pub(crate) use self::servers::{Blackhole, Scripted};

/// How long anything may take before a test gives up. Far more than it needs: the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a test's body for every model, all at the same time: most of it is waiting.
pub(crate) fn for_every_model(body: impl Fn(Model) + Sync) {
    let body = &body;
    thread::scope(|scope| {
        for model in Model::ALL {
            let name = format!("under {model}");
            thread::Builder::new().name(name).spawn_scoped(scope, move || body(model)).unwrap();
        }
    });
}

/// Looks again and again until `look` finds something.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
