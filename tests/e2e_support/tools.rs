//! Programs that a test needs and a machine may not have.

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

/// Finds a program. Without it the test is skipped, and says so; with `GLASSLOOP_REQUIRE_ALL=1` it fails.
///
/// ```ignore
/// let Some(nginx) = find("nginx") else { return };
/// ```
#[track_caller]
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = folders.map(|folder| folder.join(name)).find(|program| program.is_file());
    if found.is_none() {
        skip(&format!("{name} is not installed"));
    }
    found
}

/// strace, where it may do its work: containers often forbid it.
#[track_caller]
pub(crate) fn strace() -> Option<PathBuf> {
    let strace = find("strace")?;
    let output = Command::new(&strace).args(["-o", "/dev/null", "true"]).output().unwrap();
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
        skip(&format!("strace may not trace here: {why}"));
        return None;
    }
    Some(strace)
}

/// Says why a test proves nothing here.
#[track_caller]
pub(crate) fn skip(why: &str) {
    let all_required = std::env::var_os("GLASSLOOP_REQUIRE_ALL") == Some(OsString::from("1"));
    assert!(!all_required, "GLASSLOOP_REQUIRE_ALL=1 and {why}");
    // Past the test harness, which would swallow the words of a test that passes.
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let _ = writeln!(std::io::stderr(), "{test} was skipped: {why}");
}
