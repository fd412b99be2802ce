//! Where downloads end up: names that a server chose, files and links that are in the way, disks that are
//! full. Nothing leaves the folder, nothing partial gets a final name, nothing that was there is lost.

#![cfg(feature = "cli")]

mod e2e_support;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use e2e_support::folder::generated;
use e2e_support::servers::ok;
use e2e_support::{
    AlbumServer, Folder, Running, Scripted, for_every_model, glassloop, run, tools, wait_for,
};
use glassloop::workloads::Model;

/// Answers each path with itself.
fn echo() -> Scripted {
    Scripted::start(|request, stream| stream.write_all(ok(&request.path).as_bytes()))
}

/// `download` under strace, which makes system calls on one path fail.
fn with_fault(
    strace: &Path,
    path: &str,
    inject: &str,
    model: Model,
    args: &[&str],
) -> (Running, Folder) {
    let log = Folder::new();
    let mut command = Command::new(strace);
    command.args(["-f", "-qq", "-o", &log.at("log"), "-P", path, "-e", inject]);
    command.arg(env!("CARGO_BIN_EXE_glassloop")).args(["download", "--model", model.name()]);
    (Running::start(command.args(args)), log)
}

#[test]
fn a_full_disk_fails_the_file_and_not_the_others() {
    let Some(strace) = tools::strace() else { return };
    let server = AlbumServer::start(["--files", "5", "--size", "300000"]);
    let album = server.url("");
    for_every_model(|model| {
        // At once, and in the middle of the file.
        for when in ["1+", "3"] {
            let folder = Folder::new();
            let part = folder.at("file-0003.bin.part");
            let inject = format!("inject=write:error=ENOSPC:when={when}");
            let args = ["--album", &album, "-o", folder.arg()];
            let (running, log) = with_fault(&strace, &part, &inject, model, &args);
            let run = running.end();
            let log = String::from_utf8(log.read("log")).unwrap();
            assert!(log.contains("ENOSPC (No space left on device) (INJECTED)"), "{log}");
            run.exits(1).says("4 of 5 files, 1 failed");
            run.says(&format!("file-0003.bin: cannot write to {part}: make room, or choose"));
            run.says("No space left on device");
            let mut expected = generated(5, 300_000);
            expected.remove("file-0003.bin");
            folder.assert_holds(&expected);
        }
    });
}

#[test]
fn a_full_disk_loses_nothing_that_was_there() {
    let Some(strace) = tools::strace() else { return };
    let server = AlbumServer::start(["--files", "1", "--size", "300000"]);
    let url = server.url("file-0001.bin");
    for_every_model(|model| {
        let folder = Folder::new();
        folder.write("file-0001.bin", "an older one");
        let part = folder.at("file-0001.bin.part");
        let inject = "inject=write:error=ENOSPC:when=2+";
        let args = [&*url, "--force", "-o", folder.arg()];
        let (running, _log) = with_fault(&strace, &part, inject, model, &args);
        running.end().exits(1).says("No space left on device");
        assert_eq!(folder.names(), ["file-0001.bin"]);
        assert_eq!(folder.read("file-0001.bin"), b"an older one");
    });
}

#[test]
fn writes_that_a_signal_interrupts_lose_nothing() {
    let Some(strace) = tools::strace() else { return };
    let server = AlbumServer::start(["--files", "2", "--size", "300000"]);
    let album = server.url("");
    for_every_model(|model| {
        let folder = Folder::new();
        let part = folder.at("file-0001.bin.part");
        let inject = "inject=write:error=EINTR:when=1+2";
        let args = ["--album", &album, "-o", folder.arg()];
        let (running, log) = with_fault(&strace, &part, inject, model, &args);
        running.end().exits(0);
        let log = String::from_utf8(log.read("log")).unwrap();
        assert!(log.contains("EINTR"), "{log}");
        folder.assert_holds(&generated(2, 300_000));
    });
}

#[test]
fn a_file_that_cannot_get_its_name_fails_alone() {
    let Some(strace) = tools::strace() else { return };
    let server = AlbumServer::start(["--files", "2", "--size", "1000"]);
    let album = server.url("");
    for_every_model(|model| {
        let folder = Folder::new();
        let part = folder.at("file-0001.bin.part");
        let inject = "inject=/rename.*:error=EIO";
        let args = ["--album", &album, "--force", "-o", folder.arg()];
        let (running, _log) = with_fault(&strace, &part, inject, model, &args);
        let run = running.end();
        run.exits(1).says("1 of 2 files, 1 failed").says("cannot give the finished file the name");
        assert_eq!(folder.names(), ["file-0002.bin"], "{run}");
    });
}

#[test]
fn a_link_in_the_way_is_kept_or_replaced_and_never_followed() {
    let server = echo();
    for_every_model(|model| {
        let (folder, elsewhere) = (Folder::new(), Folder::new());
        let victim = elsewhere.write("victim", "precious");
        symlink(&victim, folder.path().join("link")).unwrap();
        symlink(elsewhere.at("not-there"), folder.path().join("dangling")).unwrap();
        let urls = [server.url("link"), server.url("dangling")];
        let args = ["download", &urls[0], &urls[1], "-o", folder.arg(), "--model", model.name()];

        run(args).exits(1).says("0 of 2 files, 2 failed").says("exists already");
        for name in ["link", "dangling"] {
            assert!(fs::symlink_metadata(folder.path().join(name)).unwrap().is_symlink());
        }
        run(args.into_iter().chain(["--force"])).exits(0);
        for name in ["link", "dangling"] {
            assert!(fs::symlink_metadata(folder.path().join(name)).unwrap().is_file());
            assert_eq!(folder.read(name), format!("/{name}").as_bytes());
        }
        assert_eq!(elsewhere.files(), BTreeMap::from([("victim".into(), b"precious".to_vec())]));
    });
}

#[test]
fn a_part_file_or_a_link_in_its_place_is_not_touched() {
    let server = echo();
    for_every_model(|model| {
        let (folder, elsewhere) = (Folder::new(), Folder::new());
        let victim = elsewhere.write("victim", "precious");
        folder.write("a.part", "of another run");
        symlink(&victim, folder.path().join("b.part")).unwrap();
        let urls = ["a", "b", "c"].map(|name| server.url(name));
        let args = ["download", "--force", "-o", folder.arg(), "--model", model.name()];
        let run = run(args.into_iter().chain(urls.iter().map(String::as_str)));
        run.exits(1).says("1 of 3 files, 2 failed");
        run.says(&format!("{} exists already: another run may be writing it", folder.at("a.part")));
        assert_eq!(folder.names(), ["a.part", "b.part", "c"]);
        assert_eq!(folder.read("a.part"), b"of another run");
        assert_eq!(elsewhere.read("victim"), b"precious");
    });
}

#[test]
fn a_file_that_appears_while_its_namesake_arrives_is_kept() {
    for_every_model(|model| {
        let folder = Folder::new();
        let path = folder.path().join("file");
        let server = Scripted::start(move |_, stream| {
            let answer = ok("downloaded");
            let (start, end) = answer.split_at(answer.len() - 3);
            stream.write_all(start.as_bytes())?;
            wait_for("the download to begin", || {
                path.with_extension("part").exists().then_some(())
            });
            fs::write(&path, "precious")?;
            stream.write_all(end.as_bytes())
        });
        let url = server.url("file");
        run(["download", &url, "-o", folder.arg(), "--model", model.name()])
            .exits(1)
            .says("file exists already");
        assert_eq!(folder.files(), BTreeMap::from([("file".into(), b"precious".to_vec())]));
    });
}

#[test]
fn a_folder_in_the_way_of_a_file_is_kept() {
    let server = echo();
    for_every_model(|model| {
        let folder = Folder::new();
        fs::create_dir(folder.path().join("taken")).unwrap();
        folder.write("taken/inside", "precious");
        let urls = [server.url("taken"), server.url("free")];
        let args = ["download", "-o", folder.arg(), "--model", model.name(), &urls[0], &urls[1]];
        run(args).exits(1).says("taken exists already");
        run(args.into_iter().chain(["--force"]))
            .exits(1)
            .says("cannot give the finished file the name");
        assert_eq!(folder.names(), ["free", "taken"]);
        assert_eq!(folder.read("taken/inside"), b"precious");
    });
}

#[test]
fn two_urls_with_one_name_become_two_files() {
    let server = echo();
    for_every_model(|model| {
        let folder = Folder::new();
        let paths = ["a/x.txt", "b/x.txt", "b/X.TXT", "b/x.txt?v=2", "b/x.txt"];
        let urls = paths.map(|path| server.url(path));
        let args = ["download", "-o", folder.arg(), "--model", model.name()];
        run(args.into_iter().chain(urls.iter().map(String::as_str))).exits(0);
        let files = ["x.txt", "x.2.txt", "X.3.TXT", "x.4.txt", "x.5.txt"];
        let expected = files.iter().zip(paths);
        let expected = expected.map(|(name, path)| (name.to_string(), format!("/{path}").into()));
        folder.assert_holds(&expected.collect());
    });
}

#[test]
fn names_that_a_server_chose_never_leave_the_folder() {
    let server = Scripted::start(|request, stream| {
        let hostile = [
            "..%2f..%2fetc%2fpasswd",
            "%2e%2e%2fabove",
            "..%5c..%5cabove",
            "%2fetc%2fpasswd",
            "C:%5cabove",
            "nul%00.jpg",
            "%00",
            "%2e%2e",
            "..",
            ".hidden",
            "line%0aend",
            "esc%1b%5b2J",
            "x.part",
            "~root",
            "-rf",
            "%ff%fe",
            "NUL.txt",
        ];
        let long = format!("{}.jpg", "x".repeat(4000));
        let links = hostile.iter().map(|name| format!("<a href='/a/{name}'>x</a>\n"));
        let page = links.collect::<String>() + &format!("<a href='/a/{long}'>x</a>");
        let answer = if request.path == "/album/" { ok_html(&page) } else { ok("content") };
        stream.write_all(answer.as_bytes())
    });
    let album = server.url("album/");
    let mut seen: Vec<Vec<String>> = Vec::new();
    let seen_by_all = std::sync::Mutex::new(&mut seen);
    for_every_model(|model| {
        let above = Folder::new();
        let folder = above.at("folder");
        above.write("above", "precious");
        let run = run(["download", "--album", &album, "-o", &folder, "--model", model.name()]);
        run.exits(0);
        assert_eq!(above.names(), ["above", "folder"], "{run}");
        assert_eq!(above.read("above"), b"precious");
        let names = e2e_support::folder::names_in(Path::new(&folder));
        assert_eq!(names.len(), run.stdout.lines().count(), "a name in more than a line: {run}");
        assert!(names.len() >= 15, "{names:?}");
        for name in &names {
            let entry = fs::symlink_metadata(Path::new(&folder).join(name)).unwrap();
            assert!(entry.is_file(), "{name:?}");
            let odd = |c: char| c.is_control() || c == '/' || c == '\\';
            assert!(!name.contains(odd) && !name.starts_with('.'), "{name:?}");
            assert!(!name.ends_with(".part") && name.len() <= 255, "{name:?}");
        }
        assert!(!run.stdout.contains('\x1b') && !run.stderr.contains('\x1b'), "{run}");
        seen_by_all.lock().unwrap().push(names);
    });
    assert!(seen.windows(2).all(|names| names[0] == names[1]), "{seen:?}");
}

fn ok_html(page: &str) -> String {
    e2e_support::servers::response("200 OK", "text/html", page)
}

#[test]
fn empty_files_are_files() {
    let server = AlbumServer::start(["--files", "2", "--size", "0"]);
    for_every_model(|model| {
        let folder = Folder::new();
        let album = server.url("");
        let mut command = glassloop(["download", "--album", &album, "-o", folder.arg()]);
        let run = Running::start(command.args(["--model", model.name()])).end();
        run.exits(0).says("2 of 2 files, 0 B");
        folder.assert_holds(&generated(2, 0));
    });
}
