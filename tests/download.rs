//! `glassloop download` as its users run it, under every model: what arrives, what is told, and how it
//! takes servers that are slow, busy or broken.

#![cfg(feature = "cli")]

mod e2e_support;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use e2e_support::folder::generated;
use e2e_support::servers::{Refusing, dribble, ok, redirect, response, say_nothing};
use e2e_support::{
    AlbumServer, Blackhole, Folder, Running, Scripted, for_every_model, glassloop, run,
};
use glassloop::runtime::BackendKind;
use glassloop::workloads::Model;
use serde_json::Value;

/// Limits in these tests are a fraction of a second.
const SOON: Duration = Duration::from_secs(5);

#[test]
fn every_model_fetches_the_same_folder() {
    let server = AlbumServer::start(["--files", "40", "--size", "70001"]);
    let expected = generated(40, 70_001);
    for_every_model(|model| {
        let folder = Folder::new();
        let album = server.url("");
        let run = run(["download", "--album", &album, "-o", folder.arg(), "--model", model.name()]);
        run.exits(0).says("40 of 40 files, 2.7 MiB in ");
        folder.assert_holds(&expected);
        let printed: BTreeSet<_> = run.stdout.lines().map(str::to_owned).collect();
        assert_eq!(printed, expected.keys().map(|name| folder.at(name)).collect(), "{run}");
    });
}

#[test]
fn every_backend_fetches_and_serves_the_same_folder() {
    let expected = generated(40, 70_001);
    for backend in BackendKind::ALL.map(BackendKind::name) {
        let server = AlbumServer::start(["--files", "40", "--size", "70001", "--backend", backend]);
        let folder = Folder::new();
        let album = server.url("");
        let run = run(["download", "--album", &album, "-o", folder.arg(), "--backend", backend]);
        run.exits(0).says("40 of 40 files, 2.7 MiB in ");
        folder.assert_holds(&expected);
    }
}

#[test]
fn concurrency_is_capped_and_used() {
    let server = AlbumServer::start(["--files", "12", "--size", "10", "--latency", "150ms"]);
    for_every_model(|model| {
        for (cap, expected) in [("3", 3), ("12", 12)] {
            let folder = Folder::new();
            let album = server.url("");
            let args =
                ["download", "--json", "-n", cap, "--model", model.name(), "--album", &album];
            let run = run(args.into_iter().chain(["-o", folder.arg()]));
            let expected = if model == Model::Sequential { 1 } else { expected };
            let lines = run.exits(0).json_lines();
            assert_eq!(lines.last().unwrap()["summary"]["in_flight"], expected, "{run}");
            folder.assert_holds(&generated(12, 10));
        }
    });
}

#[test]
fn a_missing_file_is_a_failed_row_and_the_others_are_there() {
    let server = AlbumServer::start(["--files", "2", "--size", "1000"]);
    let urls = ["file-0001.bin", "missing.bin", "file-0002.bin"].map(|name| server.url(name));
    for_every_model(|model| {
        let folder = Folder::new();
        let run = run(["download", "-o", folder.arg(), "--model", model.name()]
            .into_iter()
            .chain(urls.iter().map(String::as_str)));
        run.exits(1);
        run.says(&format!("failed: {}: the server answers 404 Not Found\n", urls[1]));
        run.says("2 of 3 files, 1 failed, ");
        folder.assert_holds(&generated(2, 1000));
        assert_eq!(run.stdout.lines().count(), 2, "{run}");
    });
}

#[test]
fn urls_come_from_arguments_a_file_and_standard_input() {
    let server = AlbumServer::start(["--files", "3", "--size", "100"]);
    let url = |number| server.url(&format!("file-000{number}.bin"));
    for_every_model(|model| {
        let folder = Folder::new();
        let lists = Folder::new();
        let list = lists.write("list", format!("# a list\n\n  {}\r\n{}", url(2), url(3)));
        let args = ["download", "-o", folder.arg(), "--model", model.name()];
        run(args.into_iter().chain([&*url(1), "-i", &list])).exits(0);
        folder.assert_holds(&generated(3, 100));

        let folder = Folder::new();
        let args = ["download", "-i", "-", "-o", folder.arg(), "--model", model.name()];
        let mut running = Running::with_input(glassloop(args).stdin(Stdio::piped()));
        running.feed(&format!("{}\n{}\n{}\n", url(1), url(2), url(3)));
        running.end().exits(0);
        folder.assert_holds(&generated(3, 100));
    });
}

#[test]
fn an_album_is_html_or_json_or_a_plain_list() {
    let server = Scripted::start(|request, stream| {
        let html = "<html><a href='../'>up</a><a href='c'>c</a> <a href=\"/b.bin\">b</a>";
        let answer = match &*request.path {
            "/album/html" => response("200 OK", "text/html; charset=utf-8", html),
            "/album/json" => response("200 OK", "application/json", r#"["c", "/b.bin"]"#),
            "/album/list" => response("200 OK", "text/plain", "# two\nc\n\n/b.bin\n"),
            path => ok(path),
        };
        stream.write_all(answer.as_bytes())
    });
    for_every_model(|model| {
        for page in ["html", "json", "list"] {
            let folder = Folder::new();
            let album = server.url(&format!("album/{page}"));
            run(["download", "--album", &album, "-o", folder.arg(), "--model", model.name()])
                .exits(0);
            assert_eq!(folder.names(), ["b.bin", "c"], "{page}");
            assert_eq!(folder.read("c"), b"/album/c", "{page}");
        }
    });
}

#[test]
fn json_is_a_document_a_line_and_a_summary() {
    let server = AlbumServer::start(["--files", "2", "--size", "1234"]);
    let urls = ["file-0001.bin", "missing", "file-0002.bin"].map(|name| server.url(name));
    for_every_model(|model| {
        let folder = Folder::new();
        let args = ["download", "--json", "-o", folder.arg(), "--model", model.name()];
        let run = run(args.into_iter().chain(urls.iter().map(String::as_str)).chain(["no URL"]));
        run.exits(1);
        assert_eq!(run.stderr, "", "results are on standard output");
        let mut lines = run.json_lines();
        let summary = lines.pop().unwrap()["summary"].clone();
        assert_eq!(summary["model"], model.name());
        assert_eq!(summary["files"], 4);
        assert_eq!(summary["failed"], 2);
        assert_eq!(summary["bytes"], 2 * 1234);
        assert_eq!(summary["interrupted"], false);
        assert!(summary["wall_s"].as_f64().unwrap() > 0.0);

        assert_eq!(lines.len(), 4);
        let row = |url: &str| lines.iter().find(|line| line["url"] == url).unwrap();
        let good = row(&urls[0]);
        assert_eq!(good["path"], folder.at("file-0001.bin"));
        assert_eq!(good["bytes"], 1234);
        assert_eq!(good["error"], Value::Null);
        assert_eq!(good["attempts"], 1);
        let missing = row(&urls[1]);
        assert_eq!(missing["bytes"], Value::Null);
        assert_eq!(missing["error"], "the server answers 404 Not Found");
        let malformed = row("no URL");
        assert_eq!(malformed["path"], Value::Null);
        assert!(malformed["error"].as_str().unwrap().contains("\"no URL\" cannot be fetched"));
    });
}

#[test]
fn quiet_tells_only_of_what_failed() {
    let server = AlbumServer::start(["--files", "2", "--size", "10"]);
    let (there, missing) = (server.url("file-0001.bin"), server.url("missing"));
    for_every_model(|model| {
        let folder = Folder::new();
        let args = ["download", "-q", "-o", folder.arg(), "--model", model.name()];
        let well = run(args.into_iter().chain([&*there]));
        assert_eq!(well.exits(0).prints_nothing().stderr, "");
        let failed = run(args.into_iter().chain([&*missing]));
        failed.exits(1).prints_nothing();
        failed.says_in_one_line("missing: the server answers 404 Not Found");
    });
}

#[test]
fn a_file_that_is_there_is_kept_unless_force_is_given() {
    let server = AlbumServer::start(["--files", "2", "--size", "10"]);
    let album = server.url("");
    for_every_model(|model| {
        let folder = Folder::new();
        folder.write("file-0001.bin", "mine");
        let args = ["download", "--album", &album, "-o", folder.arg(), "--model", model.name()];
        let kept = run(args);
        kept.exits(1)
            .says("file-0001.bin exists already: move it away, or ask for it to be replaced");
        assert_eq!(folder.read("file-0001.bin"), b"mine");
        assert_eq!(folder.names(), ["file-0001.bin", "file-0002.bin"]);

        run(args.into_iter().chain(["--force"])).exits(0);
        folder.assert_holds(&generated(2, 10));
    });
}

/// The number of attempts at the only file.
fn attempts(lines: &[Value]) -> u64 {
    lines[0]["attempts"].as_u64().unwrap()
}

#[test]
fn a_server_that_is_busy_twice_is_asked_a_third_time() {
    for_every_model(|model| {
        let server = Scripted::start(|request, stream| {
            let busy = response("503 Service Unavailable", "text/plain", "busy");
            let answer = if request.number < 2 { busy } else { ok("at last") };
            stream.write_all(answer.as_bytes())
        });
        let folder = Folder::new();
        let url = server.url("file");
        let args = ["download", "--json", &url, "-o", folder.arg(), "--model", model.name()];
        let run = run(args.into_iter().chain(["--retries", "2"]));
        assert_eq!(attempts(&run.exits(0).json_lines()), 3);
        assert_eq!(folder.read("file"), b"at last");
        assert_eq!(server.requests().len(), 3);
    });
}

#[test]
fn a_server_that_stays_busy_is_given_up_and_its_words_are_not_saved() {
    for_every_model(|model| {
        let server = Scripted::saying(response("503 Service Unavailable", "text/plain", "busy"));
        let folder = Folder::new();
        let url = server.url("file");
        let args = ["download", &url, "-o", folder.arg(), "--model", model.name()];
        let run = run(args.into_iter().chain(["--retries", "1"]));
        run.exits(1).says("the server answers 503 Service Unavailable");
        assert_eq!(server.requests().len(), 2);
        assert_eq!(folder.names(), [""; 0]);
    });
}

#[test]
fn what_another_attempt_cannot_help_is_tried_once() {
    let missing = Scripted::saying(response("404 Not Found", "text/plain", "no"));
    let refusing = Refusing::new();
    for_every_model(|model| {
        let folder = Folder::new();
        let (url, refused) = (missing.url("file"), refusing.url("other"));
        let args = ["download", "--json", "-o", folder.arg(), "--model", model.name()];
        let args = args.into_iter().chain(["--retries", "5", &url, &refused]);
        let lines = run(args).exits(1).json_lines();
        assert_eq!(lines.len(), 3);
        assert!(lines[..2].iter().all(|line| line["attempts"] == 1), "{lines:?}");
        assert_eq!(folder.names(), [""; 0]);
    });
    assert_eq!(missing.requests().len(), Model::ALL.len());
}

#[test]
fn a_body_that_breaks_off_is_fetched_again_from_its_beginning() {
    for_every_model(|model| {
        let server = Scripted::start(|request, stream| {
            let whole = ok("0123456789");
            let end = if request.number == 0 { whole.len() - 5 } else { whole.len() };
            stream.write_all(&whole.as_bytes()[..end])
        });
        let folder = Folder::new();
        let url = server.url("file");
        let args = ["download", "--json", &url, "-o", folder.arg(), "--model", model.name()];
        assert_eq!(attempts(&run(args).exits(0).json_lines()), 2);
        assert_eq!(folder.read("file"), b"0123456789");
        assert_eq!(folder.names(), ["file"]);
    });
}

#[test]
fn a_body_that_always_breaks_off_leaves_nothing() {
    let with_length = ok("0123456789");
    let with_length = with_length[..with_length.len() - 1].to_owned();
    let in_chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n";
    for answer in [with_length, in_chunks.into()] {
        let server = Scripted::saying(answer);
        for_every_model(|model| {
            let folder = Folder::new();
            let url = server.url("file");
            let args = ["download", &url, "-o", folder.arg(), "--model", model.name()];
            let run = run(args.into_iter().chain(["--retries", "0"]));
            run.exits(1).says("closed the connection").says("0 of 1 files, 1 failed");
            assert_eq!(folder.names(), [""; 0]);
        });
    }
}

#[test]
fn a_time_limit_ends_an_attempt_at_a_server_that_dribbles_or_never_answers() {
    let dribbling = Scripted::start(|_, stream| dribble(stream, Duration::from_millis(50)));
    let silent = Scripted::start(|_, stream| say_nothing(stream));
    let fine = Scripted::saying(ok("fine"));
    for_every_model(|model| {
        let folder = Folder::new();
        let urls = [dribbling.url("dribble"), silent.url("silence"), fine.url("fine")];
        let args = ["download", "-o", folder.arg(), "--model", model.name()];
        let limits = ["--timeout", "300ms", "--retries", "0"];
        let run = run(args.into_iter().chain(limits).chain(urls.iter().map(String::as_str)));
        run.exits(1).ends_within(SOON).says("1 of 3 files, 2 failed");
        for url in &urls[..2] {
            run.says(&format!("failed: {url}: not finished after 300ms"));
        }
        assert_eq!(folder.names(), ["fine"], "{run}");
    });
}

#[test]
fn an_attempt_that_ran_out_of_time_is_made_again() {
    for_every_model(|model| {
        let server = Scripted::start(|request, stream| match request.number {
            0 => say_nothing(stream),
            _ => stream.write_all(ok("now").as_bytes()),
        });
        let folder = Folder::new();
        let url = server.url("file");
        let args = ["download", "--json", &url, "-o", folder.arg(), "--model", model.name()];
        let lines = run(args.into_iter().chain(["--timeout", "1s"])).exits(0).json_lines();
        assert_eq!(attempts(&lines), 2);
        assert_eq!(folder.read("file"), b"now");
    });
}

#[test]
fn a_connection_that_does_not_come_about_is_given_up() {
    let nowhere = Blackhole::new();
    for_every_model(|model| {
        for limit in ["--connect-timeout", "--timeout"] {
            let folder = Folder::new();
            let url = nowhere.url("file");
            let args = ["download", &url, "-o", folder.arg(), "--model", model.name()];
            let run = run(args.into_iter().chain(["--retries", "0", limit, "300ms"]));
            run.exits(1).ends_within(SOON).says("0 of 1 files, 1 failed");
            assert!(run.took >= Duration::from_millis(300), "{run}");
            assert_eq!(folder.names(), [""; 0]);
        }
    });
}

#[test]
fn a_limit_too_far_away_to_come_is_none() {
    let server = Scripted::saying(ok("fine"));
    for_every_model(|model| {
        let folder = Folder::new();
        let url = server.url("file");
        let args = ["download", &url, "-o", folder.arg(), "--model", model.name()];
        let limits = ["--timeout", "1e19", "--connect-timeout", "1e19"];
        run(args.into_iter().chain(limits)).exits(0);
    });
}

#[test]
fn an_album_that_never_comes_is_given_up() {
    let silent = Scripted::start(|_, stream| say_nothing(stream));
    let nowhere = Blackhole::new();
    for (album, limit) in [(silent.url(""), "--timeout"), (nowhere.url(""), "--connect-timeout")] {
        let folder = Folder::new();
        let run = run(["download", "--album", &album, "-o", folder.arg(), limit, "300ms"]);
        run.exits(1).ends_within(SOON).prints_nothing();
        run.says_in_one_line(&format!("cannot read the album {album}"));
    }
}

#[test]
fn ten_redirects_are_followed_and_the_eleventh_is_not() {
    // Each leads to the number below.
    let server = Scripted::start(|request, stream| {
        let left: u32 = request.path[1..].parse().unwrap();
        let answer = if left == 0 { ok("arrived") } else { redirect(&format!("/{}", left - 1)) };
        stream.write_all(answer.as_bytes())
    });
    for_every_model(|model| {
        let folder = Folder::new();
        let (ten, eleven) = (server.url("10"), server.url("11"));
        run(["download", &ten, &eleven, "-o", folder.arg(), "--model", model.name()])
            .exits(1)
            .says("redirects again after 10 redirects: it is probably a loop");
        // Under the name of the link that was given, whatever it led to.
        assert_eq!(folder.names(), ["10"]);
        assert_eq!(folder.read("10"), b"arrived");
    });
    assert_eq!(server.requests().len(), Model::ALL.len() * (11 + 11));
}

#[test]
fn credentials_do_not_cross_to_another_origin() {
    for_every_model(|model| {
        let there = Scripted::saying(ok("there"));
        let elsewhere = there.url("file");
        let here = Scripted::start(move |request, stream| {
            let to = if request.path == "/file" { "/again" } else { &elsewhere };
            stream.write_all(redirect(to).as_bytes())
        });
        let folder = Folder::new();
        let url = here.url("file").replace("http://", "http://me:secret@");
        let run = run(["download", &url, "-o", folder.arg(), "--model", model.name()]);
        run.exits(0);
        let asked_here = here.requests();
        assert_eq!(asked_here.len(), 2);
        let credentials = "authorization: basic bwu6c2vjcmv0"; // me:secret, in lower case
        assert!(asked_here.iter().all(|request| request.head.contains(credentials)));
        let asked_there = there.requests();
        assert_eq!(asked_there.len(), 1);
        assert!(!asked_there[0].head.contains("authorization"), "{}", asked_there[0].head);
        assert_eq!(folder.read("file"), b"there");
    });
}

#[test]
fn nothing_partial_ever_stands_under_a_final_name() {
    let size = 400_000;
    let server = AlbumServer::start(["--files", "2", "--size", "400000", "--bandwidth", "600000"]);
    for_every_model(|model| {
        let folder = Folder::new();
        let album = server.url("");
        let args = ["download", "--album", &album, "-o", folder.arg(), "--model", model.name()];
        let mut running = Running::start(&mut glassloop(args));
        let mut seen_unfinished = false;
        while !running.has_ended() {
            for entry in fs::read_dir(folder.path()).unwrap().flatten() {
                if entry.file_name().to_str().unwrap().ends_with(".part") {
                    seen_unfinished = true;
                } else {
                    assert_eq!(entry.metadata().unwrap().len(), size, "{entry:?}");
                }
            }
            thread::sleep(Duration::from_millis(2));
        }
        running.end().exits(0);
        assert!(seen_unfinished, "it was too quick for anything to be seen");
        folder.assert_holds(&generated(2, size));
    });
}
