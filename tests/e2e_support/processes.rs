//! Finding processes: those of a command, and who is whose child.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// In the environment, which children inherit.
const NAME: &str = "GLASSLOOP_TEST_MARK";

/// A mark that a command and all that come of it bear.
pub(crate) struct Mark(String);

impl Mark {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        Self(format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    pub(crate) fn put_on<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.env(NAME, &self.0)
    }

    /// The process ids and the command lines of those that are there.
    pub(crate) fn bearers(&self) -> Vec<(i32, String)> {
        let mark = format!("{NAME}={}", self.0);
        let is_marked = |process: &Path| {
            let environment = fs::read(process.join("environ")).unwrap_or_default();
            environment.split(|&byte| byte == 0).any(|variable| variable == mark.as_bytes())
        };
        let line = |(pid, process): (i32, PathBuf)| {
            let line = fs::read(process.join("cmdline")).ok()?;
            Some((pid, String::from_utf8_lossy(&line).replace('\0', " ")))
        };
        all().filter(|(_, process)| is_marked(process)).filter_map(line).collect()
    }
}

/// Every process: its id and its folder.
fn all() -> impl Iterator<Item = (i32, PathBuf)> {
    let entries = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    entries.filter_map(|path| Some((path.file_name()?.to_str()?.parse().ok()?, path)))
}

pub(crate) fn children(parent: i32) -> Vec<i32> {
    let is_child = |process: &Path| {
        let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
        let fields = stat.rsplit_once(") ").map(|(_, fields)| fields);
        fields.and_then(|fields| fields.split(' ').nth(1)) == Some(&parent.to_string())
    };
    all().filter(|(_, process)| is_child(process)).map(|(pid, _)| pid).collect()
}

/// The worker processes of a command under the model `processes`: the children of its only child.
pub(crate) fn workers(command: i32) -> Vec<i32> {
    children(command).into_iter().flat_map(children).collect()
}
