//! `--trace`: what real runs record, under every model.

#![cfg(feature = "cli")]

mod e2e_support;
#[path = "support/laws.rs"]
#[allow(unreachable_pub)] // other tests have it in a module of their own
mod laws;

use std::io::Write;
use std::path::Path;

use e2e_support::servers::say_nothing;
use e2e_support::{
    AlbumServer, Folder, Running, Scripted, for_every_model, glassloop, run, wait_for,
};
use glassloop::glass::{Picture, Row, RowKind, Span, State};
use glassloop::trace::{Event, LaneKind, Run, file};
use glassloop::workloads::Model;
use laws::{Order, check};
use serde_json::Value;

/// The one run in a trace, which has its entries in the order of time.
#[track_caller]
fn only_run(path: &str) -> Run {
    let text = std::fs::read_to_string(path).unwrap();
    let at = |line| serde_json::from_str::<Value>(line).unwrap()["at"].as_u64();
    assert!(text.lines().filter_map(at).is_sorted(), "{text}");
    let mut runs = file::open(Path::new(path)).unwrap();
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

/// A run that is drawn, without complaint, with a row for each of these.
#[track_caller]
fn drawn(path: &str, labels: &[String]) -> Picture {
    let timeline = run(["timeline", path, "--width", "200"]);
    timeline.exits(0);
    assert_eq!(timeline.stderr, "");
    let picture = Picture::of(&only_run(path));
    for label in labels {
        assert_eq!(rows(&picture, label).count(), 1, "{label}: {picture:#?}");
        let shown = label.rsplit('/').next().unwrap();
        assert!(timeline.stdout.contains(shown), "{label}: {timeline}");
    }
    let svg = run(["timeline", path, "--svg", "-"]);
    assert!(svg.exits(0).stdout.ends_with("</svg>\n"), "{svg}");
    picture
}

fn rows<'a>(picture: &'a Picture, label: &'a str) -> impl Iterator<Item = &'a Row> {
    picture.rows.iter().filter(move |row| row.kind == RowKind::Task && row.label == label)
}

fn spans<'a>(picture: &'a Picture, label: &str, state: State) -> Vec<&'a Span> {
    let row = picture.rows.iter().find(|row| row.label == label).unwrap();
    row.spans.iter().filter(|span| span.state == state).collect()
}

/// How many of these rows wait at one moment, at most.
fn waiting_at_once(picture: &Picture, labels: &[String]) -> usize {
    let waits: Vec<_> = labels.iter().map(|label| spans(picture, label, State::Waiting)).collect();
    let begins = waits.iter().flatten().map(|span| span.from);
    let wait_at = |at| {
        let wait = |spans: &&Vec<&Span>| spans.iter().any(|span| span.from <= at && at < span.to);
        waits.iter().filter(wait).count()
    };
    begins.map(wait_at).max().unwrap_or(0)
}

fn workers(picture: &Picture) -> usize {
    picture.rows.iter().filter(|row| row.kind == RowKind::Worker).count()
}

#[test]
fn a_download_has_a_row_for_each_file_and_waits_overlap_as_the_model_has_it() {
    let server = AlbumServer::start(["--files", "4", "--size", "1KiB", "--latency", "300ms"]);
    for_every_model(|model| {
        let folder = Folder::new();
        let (output, trace) = (folder.at("files"), folder.at("trace"));
        let urls: Vec<_> = (1..=4).map(|n| server.url(&format!("file-000{n}.bin"))).collect();
        let options = ["-n", "2", "-o", &output, "--trace", &trace, "--model", model.name()];
        let urls_as_arguments = urls.iter().map(String::as_str);
        let downloaded = run(["download"].into_iter().chain(options).chain(urls_as_arguments));
        downloaded.exits(0);

        let recorded = only_run(&trace);
        assert_eq!(recorded.name, format!("download, {model}"));
        let picture = drawn(&trace, &urls);
        for url in &urls {
            let longest = spans(&picture, url, State::Waiting);
            let longest = longest.into_iter().max_by_key(|span| span.to - span.from).unwrap();
            assert!(longest.to - longest.from >= 100_000_000, "{model}: {longest:?}");
            assert!(longest.why.contains("to be read"), "{model}: {longest:?}");
            assert!(!spans(&picture, url, State::Running).is_empty(), "{model}: {picture:#?}");
        }
        let queued = |url: &String| spans(&picture, url, State::Ready)[0];
        match model {
            Model::EventLoop => {
                assert_eq!(waiting_at_once(&picture, &urls), 2, "{picture:#?}");
                assert_eq!(workers(&picture), 1, "{picture:#?}");
                assert!(!picture.wakes.is_empty());
            }
            Model::Sequential => {
                assert_eq!(waiting_at_once(&picture, &urls), 1, "{picture:#?}");
                let third = queued(&urls[2]);
                assert!(third.to - third.from >= 500_000_000, "it is the third: {third:?}");
                assert_eq!(workers(&picture), 1, "{picture:#?}");
            }
            _ => {
                assert_eq!(waiting_at_once(&picture, &urls), 2, "{model}: {picture:#?}");
                let last = queued(&urls[3]);
                assert!(last.to - last.from >= 250_000_000, "{model}, in the queue: {last:?}");
            }
        }
        match model {
            Model::Threads | Model::Processes => assert_eq!(workers(&picture), 2, "{model}"),
            _ => {}
        }
        let kinds = |kind| recorded.lanes.iter().filter(|lane| lane.kind == kind).count();
        match model {
            Model::EventLoop => assert_eq!(kinds(LaneKind::Loop), 1),
            Model::Processes => assert_eq!(kinds(LaneKind::Process), 2),
            Model::Threads => assert_eq!(kinds(LaneKind::Thread), 1 + 2),
            Model::ThreadPerTask => assert_eq!(kinds(LaneKind::Thread), 1 + 4),
            Model::Sequential => assert_eq!(kinds(LaneKind::Thread), 1),
        }
        is_lawful(model, &recorded);
    });
}

#[test]
fn a_sum_has_a_row_for_each_chunk_and_every_chunk_runs() {
    for_every_model(|model| {
        let folder = Folder::new();
        let trace = folder.at("trace");
        let options = ["--chunks", "4", "--trace", &trace, "--model", model.name()];
        run(["sum", "--range", "1..=1000000"].into_iter().chain(options)).exits(0);
        let chunks = ["1..=250000", "250001..=500000", "500001..=750000", "750001..=1000000"];
        let chunks = chunks.map(String::from);
        let picture = drawn(&trace, &chunks);
        for chunk in &chunks {
            let runs = spans(&picture, chunk, State::Running);
            assert_eq!(runs.len(), 1, "{model}: adding never waits: {picture:#?}");
            let waits = spans(&picture, chunk, State::Waiting);
            assert!(waits.is_empty(), "{model}: {picture:#?}");
        }
        if matches!(model, Model::Sequential | Model::EventLoop) {
            let end = |chunk| spans(&picture, chunk, State::Running)[0].to;
            let begin = |chunk| spans(&picture, chunk, State::Running)[0].from;
            let in_turn = chunks.windows(2).all(|two| end(&two[0]) <= begin(&two[1]));
            assert!(in_turn, "{model}: {picture:#?}");
        }
        is_lawful(model, &only_run(&trace));
    });
}

/// What has one thread obeys the laws of a loop.
#[track_caller]
fn is_lawful(model: Model, run: &Run) {
    let events: Vec<Event<String>> = run.entries.iter().map(|entry| entry.event.clone()).collect();
    match model {
        Model::EventLoop => _ = check(&events, Order::OldestFirst),
        // While one job is blocked, others stay where they are: it goes on before its turn.
        Model::Sequential => _ = check(&events, Order::ByLot),
        _ => {}
    }
}

#[test]
fn a_file_that_is_read_slowly_shows_as_waiting() {
    let folder = Folder::new();
    let pipe = folder.at("pipe");
    nix::unistd::mkfifo(Path::new(&pipe), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let trace = folder.at("trace");
    let args = ["sum", &pipe, "--chunks", "1", "--trace", &trace, "--model", "sequential"];
    let adding = Running::start(&mut glassloop(args));
    let mut writer = std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(100));
    writer.write_all(b"1 2 3\n").unwrap();
    drop(writer);
    adding.end().exits(0);
    let picture = Picture::of(&only_run(&trace));
    let job = picture.rows.iter().find(|row| row.kind == RowKind::Task).unwrap();
    let (why, time) = job.longest_wait().unwrap();
    assert!(why == "its file" && time >= 10_000_000, "{picture:#?}");
}

#[test]
fn compare_records_a_download_and_a_sum_of_every_model() {
    let folder = Folder::new();
    let trace = folder.at("trace");
    let small = ["--files", "2", "--size", "1KiB", "--latency", "20ms", "--sum", "1000"];
    let options = ["compare", "--trace", &trace].into_iter().chain(small);
    run(options).exits(0);
    let runs = file::open(Path::new(&trace)).unwrap();
    let names: Vec<_> = runs.iter().map(|run| run.name.clone()).collect();
    let of = |workload| Model::ALL.map(|model| format!("{workload}, {model}"));
    assert_eq!(names, [of("download"), of("sum")].concat());
    assert!(runs.iter().all(|run| run.entries.len() > 10), "{runs:#?}");
    let timeline = run(["timeline", &trace, "--run", "event-loop"]);
    assert_eq!(timeline.exits(0).stdout.matches(" tasks in ").count(), 2, "{timeline}");
}

#[test]
fn a_run_that_is_interrupted_leaves_its_trace() {
    let stalling = Scripted::start(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nbeginning")?;
        say_nothing(stream)
    });
    for_every_model(|model| {
        let folder = Folder::new();
        let (trace, url) = (folder.at("trace"), stalling.url("file"));
        let args = ["download", &url, "-o", folder.arg(), "--model", model.name()];
        let args = args.into_iter().chain(["--trace", &trace]);
        let mut running = Running::start(&mut glassloop(args));
        wait_for("the beginning", || folder.has("file.part").then_some(()));
        running.interrupt();
        running.end().exits(130);
        drawn(&trace, &[url]);
    });
}

#[test]
fn a_trace_that_cannot_be_written_is_told_of_before_anything_is_done() {
    let folder = Folder::new();
    let nowhere = folder.at("nowhere/trace");
    let server = Scripted::saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let url = server.url("file");
    for args in [
        &["download", &url, "-o", folder.arg()][..],
        &["sum", "--range", "1..=10"],
        &["compare", "--files", "1"],
    ] {
        let refused = run(args.iter().copied().chain(["--trace", &nowhere]));
        refused.exits(3).prints_nothing();
        refused.says_in_one_line(&format!("cannot write the trace {nowhere}"));
    }
    assert!(server.requests().is_empty() && folder.names().is_empty());
}
