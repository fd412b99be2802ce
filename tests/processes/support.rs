//! Looking at processes, and killing them.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The state letter and the parent of a process; `None` when there is none.
fn stat(process: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

/// `R` running, `S` sleeping, `T` stopped, `Z` a zombie.
pub(crate) fn state(process: u32) -> Option<char> {
    Some(stat(process)?.0)
}

pub(crate) fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").expect("there is a /proc");
    let numbers = processes.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|process| stat(*process).is_some_and(|(_, of)| of == parent)).collect()
}

/// The nursery of the only pool of this process.
pub(crate) fn nursery() -> u32 {
    let [nursery] = children(std::process::id())[..] else { panic!("not one child") };
    nursery
}

pub(crate) fn send(process: u32, signal: Signal) {
    kill(Pid::from_raw(process as i32), signal).expect("the process is there");
}

/// Also one that may be gone.
pub(crate) fn murder(process: u32) {
    let _ = kill(Pid::from_raw(process as i32), Signal::SIGKILL);
}

/// Looks every millisecond, for at most ten seconds.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited ten seconds, and not yet: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

pub(crate) fn descriptors() -> Vec<String> {
    let links = fs::read_dir("/proc/self/fd").expect("there is a /proc");
    let name = |entry: fs::DirEntry| fs::read_link(entry.path()).ok();
    let mut names: Vec<String> =
        links.flatten().filter_map(name).map(|name| name.display().to_string()).collect();
    names.retain(|name| !name.contains("/proc/"));
    names.sort();
    names
}

/// How many bytes of memory this process has touched and keeps.
pub(crate) fn resident_bytes() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").expect("the kernel counts");
    let pages = statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.expect("a count of pages") * 4096
}

/// A file that says that a moment has come, in whatever process.
pub(crate) struct Mark(tempfile::TempDir);

impl Mark {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub(crate) fn path(&self) -> String {
        self.0.path().join("mark").display().to_string()
    }

    pub(crate) fn wait(&self) {
        until("the mark is there", || std::path::Path::new(&self.path()).exists());
    }
}

/// A child that does nothing but keep what it inherited open, until it is killed.
#[allow(unsafe_code)]
pub(crate) fn leave_a_child() -> u32 {
    // SAFETY: called in a worker, which has one thread; the child only sleeps.
    match unsafe { nix::unistd::fork() }.expect("a fork") {
        nix::unistd::ForkResult::Parent { child } => child.as_raw().unsigned_abs(),
        nix::unistd::ForkResult::Child => loop {
            std::thread::sleep(Duration::from_secs(100));
        },
    }
}

#[allow(unsafe_code)]
pub(crate) fn write_to_all_sockets(bytes: &[u8]) {
    for number in 3..100 {
        let link = fs::read_link(format!("/proc/self/fd/{number}"));
        if link.is_ok_and(|link| link.to_string_lossy().starts_with("socket:")) {
            // SAFETY: the descriptor is open, and nothing closes it meanwhile.
            let socket = unsafe { std::os::fd::BorrowedFd::borrow_raw(number) };
            let _ = nix::unistd::write(socket, bytes);
        }
    }
}
