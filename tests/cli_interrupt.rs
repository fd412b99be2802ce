//! Ctrl-C ends every command within a second, keeps what is complete, leaves nothing else behind, and the
//! exit code is 130.

#![cfg(feature = "cli")]

mod e2e_support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use e2e_support::processes::Mark;
use e2e_support::program::Run;
use e2e_support::servers::{response, say_nothing};
use e2e_support::{
    AlbumServer, Blackhole, Folder, Running, Scripted, for_every_model, glassloop, wait_for,
};
use glassloop::workloads::Model;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A second is what users are promised; a busy machine gets three.
const AT_ONCE: Duration = Duration::from_secs(3);

/// A folder that is served: a file that arrives at once, and two that take minutes.
fn slow_album() -> (Folder, AlbumServer) {
    let served = Folder::new();
    served.write("small", "small");
    served.write("large-1", vec![1; 20_000_000]);
    served.write("large-2", vec![2; 20_000_000]);
    let server = AlbumServer::start(["--bandwidth", "100000", "--dir", served.arg()]);
    (served, server)
}

#[test]
fn a_download_keeps_what_is_complete_and_nothing_else() {
    let (_served, server) = slow_album();
    for_every_model(|model| {
        for json in [false, true] {
            let folder = Folder::new();
            let urls = ["small", "large-1", "large-2"].map(|name| server.url(name));
            let mut command = glassloop(["download", "-o", folder.arg(), "--model", model.name()]);
            command.args(&urls).args(json.then_some("--json"));
            let mut running = Running::start(&mut command);
            wait_for("the small file, and a large one on its way", || {
                (folder.has("small") && folder.has("large-1.part")).then_some(())
            });
            running.interrupt();
            let run = running.end();
            run.exits(130).ends_within(AT_ONCE);
            assert_eq!(folder.names(), ["small"], "{run}");
            assert_eq!(folder.read("small"), b"small");
            if json {
                let summary = run.json_lines().pop().unwrap()["summary"].clone();
                assert_eq!(summary["interrupted"], true, "{run}");
                assert_eq!(
                    (&summary["files"], &summary["failed"]),
                    (&3.into(), &2.into()),
                    "{run}"
                );
            } else {
                run.says("interrupted: 1 of 3 files, 2 failed");
                assert_eq!(run.stdout.trim_end(), folder.at("small"));
            }
        }
    });
}

/// A terminal sends Ctrl-C to all processes of a command, `kill` to the one that was started.
#[test]
#[cfg(target_os = "linux")]
fn no_process_of_a_download_or_a_sum_is_left() {
    let (_served, server) = slow_album();
    let urls = ["large-1", "large-2"].map(|name| server.url(name));
    let endless = ["sum", "--range", "1..=9223372036854775807"];
    for_every_model(|model| {
        for whole_group in [false, true] {
            let folder = Folder::new();
            let download = ["download", "-o", folder.arg(), &urls[0], &urls[1]];
            for args in [&download[..], &endless] {
                let mark = Mark::new();
                let mut command = glassloop(args);
                mark.put_on(&mut command).args(["--model", model.name()]).process_group(0);
                let mut running = Running::start(&mut command);
                if model == Model::Processes {
                    // The command, its nursery, and a worker at least.
                    wait_for("a worker", || (mark.bearers().len() >= 3).then_some(()));
                }
                match whole_group {
                    true => running.interrupt_group(),
                    false => running.interrupt(),
                }
                running.end().exits(130).ends_within(AT_ONCE);
                // A process that was killed may take a moment to be gone.
                wait_for("the end of all", || mark.bearers().is_empty().then_some(()));
                assert_eq!(folder.names(), [""; 0]);
            }
        }
    });
}

#[test]
fn a_download_ends_whatever_it_waits_for() {
    let silent = Scripted::start(|_, stream| say_nothing(stream));
    let nowhere = Blackhole::new();
    let busy = Scripted::saying(response("503 Service Unavailable", "text/plain", "busy"));
    for_every_model(|model| {
        for url in [silent.url("answer"), nowhere.url("connection"), busy.url("next-attempt")] {
            let folder = Folder::new();
            let args = ["download", &url, "-o", folder.arg(), "--model", model.name()];
            let mut running = Running::start(glassloop(args).args(["--retries", "1000"]));
            thread::sleep(Duration::from_millis(400));
            running.interrupt();
            let run = running.end();
            run.exits(130).ends_within(AT_ONCE).says("interrupted: 0 of ");
            assert_eq!(folder.names(), [""; 0], "{url}");
        }
    });
}

#[test]
fn a_download_that_stands_still_half_way_takes_its_part_file_with_it() {
    let stalling = Scripted::start(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbeginning")?;
        say_nothing(stream)
    });
    for_every_model(|model| {
        let folder = Folder::new();
        let url = stalling.url("file");
        let args = ["download", &url, "-o", folder.arg(), "--model", model.name()];
        let mut running = Running::start(&mut glassloop(args));
        let part = folder.path().join("file.part");
        wait_for("the beginning", || {
            fs::metadata(&part).is_ok_and(|file| file.len() == 9).then_some(())
        });
        running.interrupt();
        let run = running.end();
        run.exits(130).ends_within(AT_ONCE).says("interrupted: 0 of 1 files, 1 failed");
        assert_eq!(folder.names(), [""; 0], "{run}");
    });
}

#[test]
fn a_download_that_still_reads_its_list_ends() {
    let silent = Scripted::start(|_, stream| say_nothing(stream));
    let album = silent.url("album");
    for args in [["--album", &album], ["-i", "-"]] {
        let folder = Folder::new();
        let mut command = glassloop(["download", "-o", folder.arg()]);
        let mut running = Running::with_input(command.args(args).stdin(Stdio::piped()));
        thread::sleep(Duration::from_millis(300));
        running.interrupt();
        let run = running.end();
        run.exits(130).ends_within(AT_ONCE).prints_nothing().says_in_one_line("interrupted");
    }
}

#[test]
fn a_reader_that_has_stopped_reading_holds_up_neither_the_files_nor_ctrl_c() {
    // More lines than a pipe holds.
    let server = AlbumServer::start(["--files", "1000", "--size", "0"]);
    for_every_model(|model| {
        let folder = Folder::new();
        let album = server.url("");
        let mut command = glassloop(["download", "--json", "--album", &album, "-o", folder.arg()]);
        let (unread, stdout) = std::io::pipe().unwrap();
        command.args(["--model", model.name()]).stderr(Stdio::null()).stdout(stdout);
        let mut child = command.spawn().unwrap();
        wait_for("all files", || {
            let names = folder.names();
            let complete = names.len() == 1000 && !names.iter().any(|name| name.ends_with(".part"));
            complete.then_some(())
        });
        assert!(child.try_wait().unwrap().is_none(), "everything fitted into the pipe");
        interrupt(&child);
        assert_eq!(code_of(&mut child), Some(130), "{model} did not end by itself");
        drop(unread);
    });
}

fn interrupt(child: &Child) {
    kill(Pid::from_raw(child.id().try_into().unwrap()), Signal::SIGINT).unwrap();
}

/// The exit code, or `None` if the process does not end at once.
fn code_of(child: &mut Child) -> Option<i32> {
    let begin = Instant::now();
    wait_for("the process to end", || {
        if begin.elapsed() > AT_ONCE {
            child.kill().unwrap();
        }
        child.try_wait().unwrap()
    })
    .code()
}

#[test]
fn a_sum_ends() {
    for_every_model(|model| {
        let range = "1..=9223372036854775807";
        let args = ["sum", "--range", range, "--chunks", "4", "--model", model.name()];
        let mut running = Running::start(&mut glassloop(args));
        thread::sleep(Duration::from_millis(300));
        running.interrupt();
        let run = running.end();
        run.exits(130).ends_within(AT_ONCE).says("interrupted before this chunk was done");
        assert!(!run.stdout.contains("total"), "{run}");
    });
}

#[test]
fn a_sum_of_a_pipe_that_stays_open_ends() {
    let args = ["sum", "/dev/stdin"];
    let mut running = Running::with_input(glassloop(args).stdin(Stdio::piped()));
    thread::sleep(Duration::from_millis(300));
    running.interrupt();
    running.end().exits(130).ends_within(AT_ONCE).says("interrupted");
}

#[test]
fn a_server_ends_with_clients_connected() {
    let mut command = glassloop(["serve", "--addr", "127.0.0.1:0"]);
    command.args(["--size", "10MB", "--bandwidth", "1000"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut byte = [0];
    let mut line = String::new();
    let mut stdout = child.stdout.take().unwrap();
    while !line.ends_with('\n') {
        stdout.read_exact(&mut byte).unwrap();
        line.push(char::from(byte[0]));
    }
    let address = line.trim_end().trim_start_matches("http://").trim_end_matches('/');
    let _idle = TcpStream::connect(address).unwrap();
    let mut fetching = TcpStream::connect(address).unwrap();
    fetching.write_all(b"GET /file-0001.bin HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    fetching.read_exact(&mut byte).unwrap();

    interrupt(&child);
    assert_eq!(code_of(&mut child), Some(130));
    // The connection is over, and so is the port.
    let _ = fetching.read_to_end(&mut Vec::new());
    assert!(TcpStream::connect(address).is_err());
}

/// Whom a Ctrl-C reaches.
#[derive(Clone, Copy, PartialEq)]
enum Reaches {
    /// `kill` of the process alone.
    OnlyIt,
    /// A terminal sends it to all of them.
    All,
    /// The same, with the worst luck: the children are gone before the news gets to their parent.
    TheChildrenFirst,
}

/// Starts `compare`, waits until the moment has come, given the command lines of all its processes, sends
/// Ctrl-C to it alone or to all of them, as a terminal does, and sees that nothing is left.
#[cfg(target_os = "linux")]
fn interrupt_compare(
    args: &[&str],
    mut is_time: impl FnMut(&[(i32, String)]) -> bool,
    reaches: Reaches,
) -> Run {
    let mark = Mark::new();
    let temporary = Folder::new();
    let mut command: Command = glassloop(["compare"].iter().chain(args));
    mark.put_on(&mut command).env("TMPDIR", temporary.path()).process_group(0);
    let mut running = Running::start(&mut command);
    wait_for("the moment", || is_time(&mark.bearers()).then_some(()));
    match reaches {
        Reaches::OnlyIt => running.interrupt(),
        Reaches::All => running.interrupt_group(),
        Reaches::TheChildrenFirst => {
            for (child, _) in mark.bearers().iter().filter(|(pid, _)| *pid != running.pid()) {
                // The end of one may have been the end of another.
                let sent = kill(Pid::from_raw(*child), Signal::SIGINT);
                assert!(matches!(sent, Ok(()) | Err(nix::errno::Errno::ESRCH)), "{sent:?}");
            }
            thread::sleep(Duration::from_millis(30));
            running.interrupt();
        }
    }
    let run = running.end();
    run.exits(130).ends_within(AT_ONCE).says("interrupted: ");
    assert!(!run.stderr.contains("error"), "{run}");
    assert_eq!(temporary.names(), [""; 0], "a temporary folder is left: {run}");
    // A process that was killed may take a moment to be gone.
    wait_for("the end of all children", || mark.bearers().is_empty().then_some(()));
    assert!(!run.stdout.contains("is not right"), "an unfinished run was compared: {run}");
    run
}

/// Whether one of these processes is this, and has been for a moment.
#[cfg(target_os = "linux")]
fn runs(words: &str, processes: &[(i32, String)]) -> bool {
    let runs = processes.iter().any(|(_, line)| line.contains(words));
    if runs {
        thread::sleep(Duration::from_millis(200));
    }
    runs
}

/// Its sums never end.
const SUM: [&str; 2] = ["--sum", "9000000000000000000"];

#[test]
#[cfg(target_os = "linux")]
fn a_comparison_ends_while_it_downloads_and_leaves_no_process() {
    let args = ["--files", "200", "--size", "1KiB", "--latency", "300ms"];
    thread::scope(|scope| {
        for reaches in [Reaches::OnlyIt, Reaches::All, Reaches::TheChildrenFirst] {
            let is_time = |processes: &[_]| runs("measure download --model sequential", processes);
            scope.spawn(move || drop(interrupt_compare(&args, is_time, reaches)));
        }
        for reaches in [Reaches::OnlyIt, Reaches::All] {
            let is_time = |processes: &[_]| runs("serve", processes);
            scope.spawn(move || drop(interrupt_compare(&args, is_time, reaches)));
        }
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_comparison_ends_while_it_adds_and_shows_what_is_complete() {
    let args = ["--files", "1", "--size", "1", "--latency", "0ms", SUM[0], SUM[1]];
    for reaches in [Reaches::OnlyIt, Reaches::All, Reaches::TheChildrenFirst] {
        let is_time = |processes: &[_]| runs("measure sum --model sequential", processes);
        let run = interrupt_compare(&args, is_time, reaches);
        assert!(run.stdout.contains("every file has the server's SHA-256"), "{run}");
        assert!(!run.stdout.contains("sum: "), "{run}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_comparison_ends_while_it_verifies() {
    // Hashing so much takes a while, and begins when the measurement has ended.
    let album = ["--files", "2", "--size", "200MB", "--latency", "0ms", "--models", "sequential"];
    let mut has_begun = false;
    let is_time = |processes: &[(i32, String)]| {
        let measures = processes.iter().any(|(_, line)| line.contains("measure download"));
        has_begun |= measures;
        has_begun && !measures
    };
    interrupt_compare(&[&album[..], &SUM].concat(), is_time, Reaches::OnlyIt);
}
