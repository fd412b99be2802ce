//! The model `processes` on the command line, when its processes are killed or cannot be had.

#![cfg(all(feature = "cli", target_os = "linux"))]

mod e2e_support;

use std::fs;
use std::process::{Command, Stdio};

use e2e_support::folder::generated;
use e2e_support::processes::{children, workers};
use e2e_support::{AlbumServer, Folder, Running, glassloop, tools, wait_for};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

fn murder(process: i32) {
    kill(Pid::from_raw(process), Signal::SIGKILL).unwrap();
}

/// Two files arrive when this returns.
fn download_of_six(server: &AlbumServer, folder: &Folder) -> Running {
    let album = server.url("");
    let args = ["download", "--json", "--model", "processes", "-n", "2", "--album", &album];
    let running = Running::start(glassloop(args).args(["-o", folder.arg()]));
    wait_for("two files on their way", || {
        let parts = folder.names().iter().filter(|name| name.ends_with(".part")).count();
        (parts == 2).then_some(())
    });
    running
}

const SIX: [&str; 6] = ["--files", "6", "--size", "300000", "--bandwidth", "600000"];

#[test]
fn a_worker_of_a_download_that_is_killed_costs_its_file_and_a_rerun_completes_the_folder() {
    let server = AlbumServer::start(SIX);
    let folder = Folder::new();
    let running = download_of_six(&server, &folder);
    let victim = workers(running.pid())[0];
    murder(victim);
    let run = running.end();
    run.exits(1);
    let mut rows = run.json_lines();
    let summary = rows.pop().unwrap()["summary"].clone();
    assert_eq!((&summary["files"], &summary["failed"]), (&6.into(), &1.into()), "{run}");
    let failed: Vec<_> = rows.iter().filter(|row| !row["error"].is_null()).collect();
    assert_eq!(failed.len(), 1, "{run}");
    let error = format!("worker {victim} was killed by SIGKILL while it held this job");
    assert_eq!(failed[0]["error"], error, "{run}");
    let names = folder.names();
    assert!(names.len() == 5 && !names.iter().any(|name| name.ends_with(".part")), "{names:?}");

    // What is there is not fetched again, and said so.
    let album = server.url("");
    let args = ["download", "--model", "processes", "--album", &album, "-o", folder.arg()];
    let again = Running::start(&mut glassloop(args)).end();
    again.exits(1).says("1 of 6 files");
    folder.assert_holds(&generated(6, 300_000));
}

/// Who ends processes in an orderly way sends SIGTERM, which a worker hears and obeys.
#[test]
fn a_worker_of_a_download_that_gets_sigterm_costs_its_file_and_is_replaced() {
    let server = AlbumServer::start(SIX);
    let folder = Folder::new();
    let running = download_of_six(&server, &folder);
    let victim = workers(running.pid())[0];
    kill(Pid::from_raw(victim), Signal::SIGTERM).unwrap();
    let run = running.end();
    run.exits(1);
    let error = format!("worker {victim} was killed by SIGTERM while it held this job");
    assert_eq!(run.stdout.matches(&error).count(), 1, "{run}");
    let names = folder.names();
    assert!(names.len() == 5 && !names.iter().any(|name| name.ends_with(".part")), "{names:?}");
}

#[test]
fn a_nursery_that_is_killed_fails_what_is_left_of_a_download_and_leaves_no_part_file() {
    let server = AlbumServer::start(SIX);
    let folder = Folder::new();
    let running = download_of_six(&server, &folder);
    let nursery = children(running.pid())[0];
    let orphans = workers(running.pid());
    murder(nursery);
    let run = running.end();
    run.exits(1);
    let why = format!("its nursery (process {nursery}) was killed by SIGKILL");
    assert!(run.stdout.matches(&why).count() >= 2, "{run}");
    let names = folder.names();
    assert!(!names.iter().any(|name| name.ends_with(".part")), "{names:?}");
    for orphan in orphans {
        wait_for("the end of an orphan", || {
            let stat = fs::read_to_string(format!("/proc/{orphan}/stat")).unwrap_or_default();
            (stat.is_empty() || stat.contains(") Z ")).then_some(())
        });
    }
}

#[test]
fn a_worker_of_a_sum_that_is_killed_is_a_failed_row_and_no_wrong_total() {
    let folder = Folder::new();
    let small = folder.write("small", "1 2 3");
    let args = ["sum", &small, "/dev/stdin", "--chunks", "1", "--model", "processes"];
    let running = Running::with_input(glassloop(args).stdin(Stdio::piped()));
    // Their nursery has no standard input; the one that reads has opened it once more.
    let pipes = |process: i32| {
        let links = fs::read_dir(format!("/proc/{process}/fd")).into_iter().flatten().flatten();
        let links = links.filter_map(|entry| fs::read_link(entry.path()).ok());
        links.filter(|link| link.to_string_lossy().starts_with("pipe:")).count()
    };
    let victim = wait_for("a worker that reads", || {
        let nursery = *children(running.pid()).first()?;
        children(nursery).into_iter().find(|worker| pipes(*worker) == pipes(nursery) + 2)
    });
    murder(victim);
    let run = running.end();
    run.exits(1);
    run.says_in_one_line(&format!("/dev/stdin: worker {victim} was killed by SIGKILL"));
    assert!(run.stdout.ends_with("  6\n") && !run.stdout.contains("total"), "{run}");
}

/// The program under strace, which fails some of the forks. (Threads are made by another call.)
fn with_forks_failing(which: &str, args: &[&str]) -> Option<Command> {
    let mut command = Command::new(tools::strace()?);
    let inject = format!("inject=clone,fork,vfork:error=EAGAIN:when={which}");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=clone,fork,vfork", "-e", &inject]);
    command.arg(env!("CARGO_BIN_EXE_glassloop")).args(args);
    Some(command)
}

#[test]
fn a_fork_that_is_refused_is_told_in_a_sentence_and_exits_with_3() {
    let folder = Folder::new();
    let target = folder.at("new");
    for args in [
        &["sum", "--range", "1..=9", "--model", "processes"][..],
        &["download", "http://127.0.0.1:1/x", "-o", &target, "--model", "processes"],
    ] {
        let Some(mut command) = with_forks_failing("1", args) else { return };
        let run = Running::start(&mut command).end();
        run.exits(3).says_in_one_line("cannot fork a pool: ");
    }
    assert_eq!(folder.names(), [""; 0]);
}

#[test]
fn when_no_more_workers_can_be_had_those_that_are_there_do_the_work() {
    let server = AlbumServer::start(["--files", "40", "--size", "100", "--latency", "10ms"]);
    let (folder, album) = (Folder::new(), server.url(""));
    let args =
        ["download", "--album", &album, "-o", folder.arg(), "-n", "8", "--model", "processes"];
    // Counted for each process: the first fork of the command, the first two of the nursery succeed.
    let Some(mut command) = with_forks_failing("3+", &args) else { return };
    Running::start(&mut command).end().exits(0);
    folder.assert_holds(&generated(40, 100));
}
