//! Bad input, and what stands in the way: one clear sentence, the right exit code, nothing half-done left.

#![cfg(feature = "cli")]

mod e2e_support;

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::Duration;

use e2e_support::folder::generated;
use e2e_support::servers::{Refusing, response};
use e2e_support::{AlbumServer, Folder, Running, Scripted, for_every_model, glassloop, run, tools};
use glassloop::workloads::Model;

#[test]
fn wrong_usage_is_told_in_a_sentence_and_exits_with_2() {
    let rows: [(&[&str], &str); 21] = [
        (&["sum", "--range", "5..=1"], "the range 5..=1 is reversed: write 1..=5"),
        (&["sum", "--range", "1..5"], "\"1..5\" is not a range: write the first number, ..="),
        (&["sum", "--range", "1..=x"], "\"x\" cannot be an end of a range"),
        (&["sum", "--range", "1..=9223372036854775808"], "cannot be an end of a range"),
        (&["sum", "--range", "1..=5", "--chunks", "0"], "0 is not in 1..=1000000"),
        (&["sum", "--range", "1..=5", "--chunks", "1000001"], "1000001 is not in 1..=1000000"),
        (&["sum", "--range", "1..=5", "--chunks", "-1"], "'-1'"),
        (&["sum", "--range", "1..=5", "--model", "fibres"], "invalid value 'fibres' for '--model"),
        (&["sum", "--range", "1..=5", "--modle", "sequential"], "unexpected argument '--modle'"),
        (&["sum", "--range", "1..=5", "a-file"], "cannot be used with"),
        (&["sum"], "required arguments were not provided"),
        (&["download"], "required arguments were not provided"),
        (&["download", "-n", "0", "http://127.0.0.1/"], "invalid value '0' for '--concurrency"),
        (&["download", "--timeout", "soon", "http://127.0.0.1/"], "try 50ms, 2s or 1m"),
        (&["download", "--timeout", "0", "http://127.0.0.1/"], "nothing can be done in no time"),
        (&["download", "--model", "fibres", "http://127.0.0.1/"], "invalid value 'fibres'"),
        (&["serve", "--backend", "magic"], "[possible values: mio, polling]"),
        (&["serve", "--size", "large"], "not a size (try 16384, 16KiB or 1MB)"),
        (&["serve", "--bandwidth", "0"], "nothing would ever arrive"),
        (&["compare", "--models", "sequential,fibres"], "invalid value 'fibres'"),
        (&["juggle"], "unrecognized subcommand 'juggle'"),
    ];
    let folder = Folder::new();
    for (args, words) in rows {
        let run = Running::start(glassloop(args).current_dir(folder.path())).end();
        run.exits(2).prints_nothing().says(words);
        assert_eq!(run.stderr.matches("error:").count(), 1, "{run}");
        // The sentence comes first; clap's hints follow it.
        assert!(run.stderr.starts_with("error: "), "{run}");
        assert_eq!(folder.names(), [""; 0], "{run}");
    }
    let run = run(["sum", "--range", "1..=5", "--model", "fibres"]);
    let models = Model::ALL.map(Model::name).join(", ");
    run.says(&format!("[possible values: {models}]"));
}

#[test]
fn help_and_version_go_to_standard_output() {
    assert!(run(["--help"]).exits(0).stdout.contains("130 interrupted"));
    assert_eq!(run(["--version"]).exits(0).stderr, "");
    for command in ["compare", "download", "sum", "serve"] {
        assert!(run([command, "--help"]).exits(0).stdout.contains("Usage: "));
    }
}

#[test]
fn a_host_that_cannot_be_reached_is_a_failed_row() {
    let refusing = Refusing::new();
    for_every_model(|model| {
        let parent = Folder::new();
        let folder = parent.at("new/folder");
        let url = refusing.url("file");
        let run = run(["download", &url, "-o", &folder, "--model", model.name()]);
        run.exits(1).prints_nothing().says("0 of 1 files, 1 failed");
        let origin = url.trim_end_matches("/file");
        run.says(&format!("failed: {url}: cannot connect to {origin}: "));
        run.says("Connection refused");
        assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
    });
}

#[test]
fn a_url_that_is_none_is_a_failed_row_that_says_why() {
    let server = AlbumServer::start(["--files", "1", "--size", "10"]);
    let good = server.url("file-0001.bin");
    let bad = [
        "",
        "file",
        "ftp://127.0.0.1/file",
        "file:///etc/passwd",
        "http://",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1/a\r\nHost: other",
        "http://127.0.0.1/a\tb",
        "http://127.0.0.1/\x1b[2J",
        "http://a b/",
    ];
    for_every_model(|model| {
        let folder = Folder::new();
        let args = ["download", "-o", folder.arg(), "--model", model.name()];
        let run = run(args.into_iter().chain(bad).chain([&*good]));
        run.exits(1).says("1 of 11 files, 10 failed");
        assert_eq!(run.stderr.matches(" cannot be fetched: ").count(), bad.len(), "{run}");
        assert_eq!(run.stderr.lines().count(), bad.len() + 1, "one line each: {run}");
        assert!(!run.stderr.contains('\x1b'), "an order to the terminal: {run}");
        folder.assert_holds(&generated(1, 10));
    });
}

#[test]
fn a_folder_that_cannot_be_written_is_noticed_before_anything_is_fetched() {
    let server = Scripted::saying(response("200 OK", "text/plain", "hello"));
    let folder = Folder::new();
    folder.write("in-the-way", "mine");
    let url = server.url("file");
    for output in [folder.at("in-the-way"), folder.at("in-the-way/below"), "/proc/none".into()] {
        let run = run(["download", &url, "-o", &output]);
        run.exits(3).prints_nothing();
        run.says_in_one_line(&format!("error: cannot write to the folder {output}: "));
    }
    assert_eq!(server.requests().len(), 0);
    assert_eq!(folder.files(), BTreeMap::from([("in-the-way".into(), b"mine".to_vec())]));
}

#[test]
fn a_list_that_cannot_be_read_leaves_no_folder() {
    let folder = Folder::new();
    let (missing, output) = (folder.at("missing"), folder.at("output"));
    run(["download", "-i", &missing, "-o", &output])
        .exits(3)
        .prints_nothing()
        .says_in_one_line(&format!("error: cannot read URLs from {missing}: No such file"));
    run(["download", "-i", folder.arg(), "-o", &output])
        .exits(3)
        .prints_nothing()
        .says_in_one_line("Is a directory");
    folder.write("binary", [0xff, 0xfe, 0x00]);
    run(["download", "-i", &folder.at("binary"), "-o", &output])
        .exits(3)
        .prints_nothing()
        .says_in_one_line("cannot read URLs from");
    assert_eq!(folder.names(), ["binary"]);
}

#[test]
fn an_album_that_is_none_leaves_no_folder() {
    let server = Scripted::start(|request, stream| {
        let answer = match &*request.path {
            "/empty.html" => response("200 OK", "text/html", "<p>Nothing <a href='/up/'>here</a>"),
            "/empty.json" => response("200 OK", "application/json", "[]"),
            "/other.json" => response("200 OK", "application/json", r#"{"links": 3}"#),
            "/broken.json" => response("200 OK", "application/json", r#"["a","#),
            "/empty.txt" => response("200 OK", "text/plain", "# none\n"),
            _ => response("404 Not Found", "text/html", "<a href='x'>x</a>"),
        };
        std::io::Write::write_all(stream, answer.as_bytes())
    });
    let refusing = Refusing::new();
    let rows = [
        (server.url("empty.html"), "it links to no file"),
        (server.url("empty.json"), "it links to no file"),
        (server.url("empty.txt"), "it links to no file"),
        (server.url("other.json"), "it is neither a JSON list of links nor a server's listing"),
        (server.url("broken.json"), "it is neither a JSON list of links nor a server's listing"),
        (server.url("missing"), "the server answers 404 Not Found"),
        (refusing.url(""), "cannot connect to "),
        ("no URL".into(), "\"no URL\" cannot be fetched"),
    ];
    let folder = Folder::new();
    for (album, words) in rows {
        let run = run(["download", "--album", &album, "-o", &folder.at("output")]);
        run.exits(1).prints_nothing();
        run.says_in_one_line(&format!("error: cannot read the album {album}: ")).says(words);
        assert_eq!(folder.names(), [""; 0], "{album}");
    }
}

#[test]
fn a_server_that_cannot_start_says_what_is_in_the_way() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = Folder::new();
    let missing = folder.at("missing");
    let rows: [(&[&str], &str); 5] = [
        (&["--addr", &address], "Address already in use"),
        (&["--addr", "127.0.0.1:99999"], "invalid port"),
        (&["--addr", "127.0.0.1"], "127.0.0.1"),
        // An address for documentation, which no machine has.
        (&["--addr", "192.0.2.1:80"], "192.0.2.1:80"),
        (&["--addr", "127.0.0.1:0", "--dir", &missing], "cannot serve "),
    ];
    for (args, words) in rows {
        let run = run(["serve"].iter().chain(args));
        run.exits(3).prints_nothing().says_in_one_line(words);
        assert!(run.stderr.starts_with("error: "), "{run}");
    }
}

#[test]
fn a_file_of_numbers_that_cannot_be_read_fails() {
    let folder = Folder::new();
    let missing = folder.at("missing");
    for_every_model(|model| {
        let run = run(["sum", &missing, "--model", model.name()]);
        run.exits(1).prints_nothing().says_in_one_line(&missing).says("No such file");
    });
}

#[test]
fn nothing_is_coloured_in_a_pipe_nor_with_no_color() {
    let server = AlbumServer::start(["--files", "1", "--size", "10"]);
    let (good, bad) = (server.url("file-0001.bin"), server.url("missing"));
    let folder = Folder::new();
    let download = ["download", &good, &bad, "--force", "-o", folder.arg()];
    let compare = ["compare", "--files", "2", "--size", "10", "--latency", "0", "--sum", "10"];
    let sum = ["sum", "--range", "1..=10"];
    for no_color in [None, Some(("NO_COLOR", "1"))] {
        for args in [&download[..], &compare, &sum, &["sum", "--range", "5..=1"]] {
            let run = Running::start(glassloop(args).envs(no_color)).end();
            assert!(!run.stdout.contains('\x1b') && !run.stderr.contains('\x1b'), "{run}");
            assert!(!run.stdout.contains('\r') && !run.stderr.contains('\r'), "{run}");
        }
    }
    // What the test would see: the same with colours forced upon it.
    let run = Running::start(glassloop(download).env("CLICOLOR_FORCE", "1")).end();
    run.exits(1).says("\x1b[");
}

#[test]
fn on_a_terminal_there_is_a_bar_and_no_color_is_obeyed() {
    let Some(script) = tools::find("script") else { return };
    let server = AlbumServer::start(["--files", "3", "--size", "10", "--latency", "250ms"]);
    let on_a_terminal = |no_color: &str| {
        let folder = Folder::new();
        let program = env!("CARGO_BIN_EXE_glassloop");
        let line = format!(
            "{no_color} '{program}' download --model sequential --album {} -o '{}'",
            server.url(""),
            folder.arg()
        );
        let mut command = std::process::Command::new(&script);
        command.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm").env_remove("NO_COLOR");
        let run = Running::start(&mut command).end();
        run.exits(0);
        folder.assert_holds(&generated(3, 10));
        run.stdout
    };
    let shown = on_a_terminal("");
    assert!(shown.contains("1/3 files"), "no bar: {shown:?}");
    assert!(shown.contains("\x1b[1m3 of 3 files"), "nothing is bold: {shown:?}");
    let shown = on_a_terminal("NO_COLOR=1");
    assert!(shown.contains("3 of 3 files, "), "{shown:?}");
    assert!(!shown.contains("\x1b[1m"), "{shown:?}");
}

/// Runs with a standard output that nobody reads any more, as `| head` leaves it, or with such a standard
/// error.
fn with_closed(closed: Closed, args: &[&str]) -> (Option<i32>, String) {
    let mut command = glassloop(args);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    match closed {
        Closed::Output => command.stdout(writer),
        Closed::Error => command.stderr(writer),
    };
    let output = command.output().unwrap();
    let told = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(told).unwrap())
}

#[derive(Clone, Copy, Debug)]
enum Closed {
    Output,
    Error,
}

#[test]
fn a_reader_that_leaves_does_no_harm() {
    let server = AlbumServer::start(["--files", "30", "--size", "10"]);
    let album = server.url("");
    let compare = ["compare", "--files", "2", "--size", "10", "--latency", "0", "--sum", "10"];
    let compare_json = [&compare[..], &["--json"]].concat();
    for closed in [Closed::Output, Closed::Error] {
        let rows: [&[&str]; 6] = [
            &["sum", "--range", "1..=100", "--chunks", "50"],
            &["sum", "--range", "1..=100", "--json"],
            &compare,
            &compare_json,
            &["--help"],
            &["--version"],
        ];
        for args in rows {
            let (code, told) = with_closed(closed, args);
            assert_eq!(code, Some(0), "{args:?} with {closed:?} closed: {told}");
            assert!(!told.contains("panicked") && !told.contains("error: "), "{args:?}: {told}");
        }
        for_every_model(|model| {
            for json in [&[][..], &["--json"]] {
                let folder = Folder::new();
                // Everything is fetched, and the exit code tells of the one that is not there.
                let missing = server.url("missing");
                let model = ["--model", model.name()];
                let args = ["download", "--album", &album, &missing, "-o", folder.arg()];
                let (code, told) = with_closed(closed, &[&args[..], &model, json].concat());
                assert_eq!(code, Some(1), "with {closed:?} closed: {told}");
                assert!(!told.contains("panicked"), "{told}");
                folder.assert_holds(&generated(30, 10));
            }
        });
        let (code, told) = with_closed(closed, &["sum", "/no/such/file"]);
        assert_eq!(code, Some(1), "with {closed:?} closed: {told}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn output_on_a_full_disk_is_an_error_and_no_panic() {
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    let compare = ["compare", "--files", "2", "--size", "10", "--latency", "0", "--sum", "10"];
    for args in [&compare[..], &["sum", "--range", "1..=10"]] {
        let output = glassloop(args).stdout(full()).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{args:?}: {told}");
        assert_eq!(told, "error: No space left on device (os error 28)\n", "{args:?}");
    }
    let server = AlbumServer::start(["--files", "2", "--size", "10"]);
    let (good, missing) = (server.url("file-0001.bin"), server.url("missing"));
    let folder = Folder::new();
    let download = ["download", &good, &missing, "-o", folder.arg()];
    for (args, code) in [(&compare[..], 0), (&download, 1), (&["sum", "--range", "1..=1"], 0)] {
        let output = glassloop(args).stderr(full()).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}");
    }
    assert_eq!(folder.names(), ["file-0001.bin"]);
}

#[test]
fn a_comparison_that_cannot_start_says_so_and_leaves_nothing() {
    let folder = Folder::new();
    let missing = folder.at("missing");
    let mut command = glassloop(["compare", "--files", "1", "--size", "1", "--sum", "10"]);
    let run = Running::start(command.env("TMPDIR", missing)).end();
    run.exits(3).prints_nothing().says_in_one_line("error: cannot make a temporary folder");
    run.ends_within(Duration::from_secs(10));
}
