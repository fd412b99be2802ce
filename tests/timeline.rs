//! What `glassloop timeline` draws: of traces made by hand, whose drawings are kept beside them, and of files
//! that are no traces.
//!
//! `GLASSLOOP_BLESS=1 cargo test --test timeline` writes the kept drawings anew; look at them before you keep them.

#![cfg(feature = "cli")]

mod e2e_support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Stdio;

use e2e_support::{Folder, Running, glassloop, run};
use glassloop::glass::{Picture, State, Terminal, View, Woken, svg};
use glassloop::trace::file::{self, ReadError};

const BY_HAND: &str = "tests/timeline/hand.jsonl";

/// Compares a drawing with the one that is kept under this name.
#[track_caller]
fn is_as_kept(drawn: &str, name: &str) {
    let path = Path::new("tests/timeline").join(name);
    if std::env::var_os("GLASSLOOP_BLESS").is_some() {
        fs::write(&path, drawn).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap();
    assert!(drawn == kept, "{} is otherwise:\n{drawn}", path.display());
}

fn pictures(trace: &str) -> Vec<Picture> {
    let runs = file::read(trace.as_bytes()).unwrap_or_else(|error| panic!("{error}: {trace}"));
    runs.iter().map(Picture::of).collect()
}

fn by_hand() -> String {
    fs::read_to_string(BY_HAND).unwrap()
}

fn timeline<'a>(options: impl IntoIterator<Item = &'a str>) -> String {
    let args = ["timeline", BY_HAND].into_iter().chain(options);
    let run = run(args);
    run.exits(0);
    assert_eq!(run.stderr, "");
    run.stdout.clone()
}

// ─── Drawings ───────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_trace_made_by_hand_is_drawn_as_it_always_was() {
    is_as_kept(&timeline(["--width", "100"]), "hand.txt");
    is_as_kept(&timeline(["--width", "60", "--ascii"]), "hand.ascii.txt");
    is_as_kept(&timeline(["--svg", "-"]), "hand.svg");
}

#[test]
fn every_span_of_the_trace_made_by_hand_is_in_its_row() {
    let pictures = pictures(&by_hand());
    let [on_a_loop, _] = &pictures[..] else { panic!("two runs") };
    let row = |label| on_a_loop.rows.iter().find(|row| row.label == label).unwrap();
    let spans = |label| -> Vec<(u64, u64, State, &str)> {
        let spans = row(label).spans.iter();
        spans.map(|s| (s.from / 10_000, s.to / 10_000, s.state, &*s.why)).collect()
    };
    use State::{Ready, Running, Waiting};
    assert_eq!(
        spans("a & b <c>"),
        [
            (100, 200, Ready, ""),
            (200, 400, Running, ""),
            (400, 1000, Waiting, "descriptor 7 to be read"),
            (1000, 1300, Running, ""),
            (1300, 1600, Running, ""),
            (1600, 2200, Waiting, "message"),
            (2200, 2400, Running, ""),
        ]
    );
    assert_eq!(
        spans("task 0 (main.rs:5)"),
        [
            (0, 200, Running, ""),
            (200, 2400, Waiting, "a & b <c> or task 2 (main.rs:9) or 1 more"),
            (2400, 2500, Ready, ""),
            (2500, 2600, Running, ""),
        ]
    );
    let sleeps =
        |(_, _, state, why): &&(u64, u64, State, &str)| *state == Waiting && *why == "the kernel";
    assert_eq!(spans("main").iter().filter(sleeps).count(), 2);
    let woken: Vec<_> = on_a_loop.wakes.iter().map(|wake| (wake.at / 10_000, wake.by)).collect();
    let child = on_a_loop.rows.iter().position(|row| row.label == "a & b <c>").unwrap();
    let expected = [
        (1000, Woken::ByKernel),
        (1600, Woken::ByTimer),
        (2200, Woken::FromOutside),
        (2400, Woken::By(child)),
    ];
    assert_eq!(woken, expected, "a task that yields has not been woken");
}

#[test]
fn a_thread_that_did_several_jobs_has_a_row_in_which_it_is_blocked_with_them() {
    let pictures = pictures(&by_hand());
    let labels: Vec<_> = pictures[1].rows.iter().map(|row| &*row.label).collect();
    let [one, two] = ["one", "two"].map(|name| format!("http://localhost:8000/album/{name}.png"));
    assert_eq!(labels, ["pool-0", "process 71", &one, &two, "three"], "main did nothing");
    let pool = &pictures[1].rows[0];
    assert_eq!(pool.total(State::Waiting), 11_000_000);
    assert_eq!(pool.longest_wait(), Some(("descriptor 4 to be written", 11_000_000)));
}

#[test]
fn a_thread_for_each_job_needs_no_rows_of_threads() {
    let recorder = glassloop::trace::Recorder::new();
    let tracks = ["one", "two"].map(|name| recorder.track(name));
    std::thread::scope(|scope| {
        tracks.iter().for_each(|track| _ = scope.spawn(|| track.run(|| ())))
    });
    let picture = Picture::of(&recorder.finish("two"));
    let labels: Vec<_> = picture.rows.iter().map(|row| &*row.label).collect();
    assert_eq!(labels, ["one", "two"]);
}

#[test]
fn no_line_is_longer_than_the_width_and_none_is_cut_in_half() {
    for width in ["40", "41", "55", "71", "72", "80", "133", "250"] {
        for ascii in [&[][..], &["--ascii"]] {
            let options = ["--width", width].into_iter().chain(ascii.iter().copied());
            let drawn = timeline(options);
            let longest = drawn.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(longest <= width.parse().unwrap(), "{width}:\n{drawn}");
            for label in ["pool-0", "three", "runs"] {
                assert!(drawn.contains(label), "{width}: {label} is missing:\n{drawn}");
            }
        }
    }
}

#[test]
fn with_ascii_nothing_else_is_drawn() {
    let trace = by_hand().replace("three", "drei für µ");
    let folder = Folder::new();
    let path = folder.write("trace", trace);
    let drawn = run(["timeline", &path, "--ascii", "--to", "20us"]);
    assert!(drawn.exits(0).stdout.is_ascii(), "{drawn}");
}

#[test]
fn colours_are_for_terminals_and_no_color_is_obeyed() {
    let mut forced = glassloop(["timeline", BY_HAND]);
    let colored = Running::start(forced.env("CLICOLOR_FORCE", "1")).end();
    assert!(colored.exits(0).stdout.contains("\x1b[32m█"), "{colored}");
    assert!(!timeline([]).contains('\x1b'), "into a pipe");
    let mut refused = glassloop(["timeline", BY_HAND]);
    let plain = Running::start(refused.env("NO_COLOR", "1").env("TERM", "xterm")).end();
    assert!(!plain.exits(0).stdout.contains('\x1b'), "{plain}");
}

#[test]
fn the_same_trace_gives_the_same_drawing() {
    assert_eq!(timeline([]), timeline([]));
    assert_eq!(timeline(["--svg", "-"]), timeline(["--svg", "-"]));
}

// ─── What is to be seen ─────────────────────────────────────────────────────────────────────────

#[test]
fn a_window_shows_only_what_happened_in_it() {
    let drawn = timeline(["--from", "17ms", "--to", "20ms", "--run", "a loop"]);
    assert!(!drawn.contains("\ntask 2"), "it had finished:\n{drawn}");
    assert!(!drawn.contains('█') && !drawn.contains("woken"), "all waited:\n{drawn}");
    assert!(drawn.contains("3.00 ms, message"), "what was before does not count:\n{drawn}");
    assert!(drawn.contains("╷18 ms") && !drawn.contains("╷10 ms"), "{drawn}");
    let nothing = timeline(["--from", "2h"]);
    assert_eq!(nothing.matches("nothing happened at that time").count(), 2, "{nothing}");
}

#[test]
fn rows_that_are_too_many_are_folded_into_a_line_that_says_so() {
    let drawn = timeline(["--tasks", "1"]);
    assert!(drawn.contains("… and 2 more: --tasks 3 shows all"), "{drawn}");
    assert!(drawn.contains("\ntask 0") && !drawn.contains("\ntask 2"), "{drawn}");
    assert!(!timeline([]).contains("more: --tasks"));
    assert!(timeline(["--tasks", "1", "--svg", "-"]).contains("… and 2 more: --tasks 3 shows all"));
    // A wake by or of a row that is folded has no arrow.
    let picture = pictures(&by_hand())[0].seen(&View { tasks: 1, ..View::default() });
    assert!(picture.wakes.is_empty(), "{:?}", picture.wakes);
}

#[test]
fn runs_are_chosen_by_name_and_can_share_a_scale() {
    let drawn = timeline(["--run", "threads"]);
    assert!(drawn.starts_with("threads and a process, by hand: 3 tasks in 18.0 ms\n"), "{drawn}");
    assert!(!drawn.contains("╷20 ms"), "{drawn}");
    let drawn = timeline(["--same-scale"]);
    assert_eq!(drawn.matches("╷20 ms").count(), 2, "{drawn}");
    let none = run(["timeline", BY_HAND, "--run", "tasks"]);
    none.exits(3)
        .says_in_one_line("there are \"a loop, by hand\", \"threads and a process, by hand\"");
}

#[test]
fn a_trace_may_come_from_standard_input() {
    let mut command = glassloop(["timeline", "-"]);
    let mut reading = Running::with_input(command.stdin(Stdio::piped()));
    reading.feed(&by_hand());
    assert_eq!(reading.end().exits(0).stdout, timeline([]));
}

#[test]
fn a_picture_is_written_where_it_is_wanted() {
    let folder = Folder::new();
    let path = folder.at("picture.svg");
    assert_eq!(timeline(["--svg", &path]), "");
    assert_eq!(String::from_utf8(folder.read("picture.svg")).unwrap(), timeline(["--svg", "-"]));
    let nowhere = folder.at("nowhere/picture.svg");
    run(["timeline", BY_HAND, "--svg", &nowhere])
        .exits(3)
        .says_in_one_line("cannot write the picture");
}

#[test]
fn wrong_usage_is_told() {
    for (options, words) in [
        (&["--from", "5ms", "--to", "5ms"][..], "--to must be later than --from"),
        (&["--width", "10"], "40..=10000"),
        (&["--tasks", "0"], "1..="),
        (&["--from", "soon"], "--from"),
        (&["--svg", "x", "--ascii"], "cannot be used with"),
    ] {
        let run = run(["timeline", BY_HAND].iter().chain(options));
        run.exits(2).says(words);
    }
}

// ─── SVG ────────────────────────────────────────────────────────────────────────────────────────

/// The elements of a file, and the texts between them; every element must be closed, in order.
#[track_caller]
fn elements(svg: &str) -> BTreeSet<&str> {
    let (mut open, mut names) = (Vec::new(), BTreeSet::new());
    for tag in svg.split('<').skip(1) {
        let (tag, text) = tag.split_once('>').unwrap_or_else(|| panic!("no end: <{tag}"));
        assert!(!text.contains('>') || open.last() == Some(&"style"), "{text:?}");
        let name = tag.trim_matches('/').split_whitespace().next().unwrap();
        names.insert(name);
        match (tag.starts_with('/'), tag.ends_with('/')) {
            (true, _) => assert_eq!(open.pop(), Some(name), "closed out of order"),
            (false, false) => open.push(name),
            (false, true) => {}
        }
        let entities = text.split('&').skip(1).filter(|_| open.last() != Some(&"style"));
        for entity in entities {
            let known =
                ["amp;", "lt;", "gt;", "quot;"].iter().any(|known| entity.starts_with(known));
            assert!(known, "&{entity}");
        }
    }
    assert!(open.is_empty(), "{open:?}");
    names
}

#[test]
fn a_picture_loads_nothing_runs_nothing_and_is_told_in_words() {
    let svg = timeline(["--svg", "-"]);
    let expected = ["g", "path", "rect", "style", "svg", "text", "title"];
    assert_eq!(elements(&svg), BTreeSet::from(expected));
    let outside = svg.replace("http://www.w3.org/2000/svg", "").replace("http://localhost", "");
    for word in ["http:", "https:", "url(", "href", "import", " id=", " onload", "javascript"] {
        assert!(!outside.contains(word), "{word}");
    }
    for words in [
        "role=\"img\"",
        "<title>Timeline of a loop, by hand; threads and a process, by hand</title>",
        "<title>a &amp; b &lt;c&gt; at src/main.rs:7:9: runs 10.0 ms, is ready 1.00 ms, waits 12.0 ms</title>",
        "<title>waits for descriptor 7 to be read, 6.00 ms</title>",
        "<title>the kernel wakes a &amp; b &lt;c&gt; after 10.0 ms</title>",
        "<title>a &amp; b &lt;c&gt; wakes task 0 (main.rs:5) after 24.0 ms</title>",
        "prefers-color-scheme:dark",
    ] {
        assert!(svg.contains(words), "{words}");
    }
}

// ─── What is no trace ───────────────────────────────────────────────────────────────────────────

#[test]
fn what_is_no_trace_is_refused_with_a_reason() {
    let whole = by_hand();
    let line = |number: usize| whole.lines().nth(number - 1).unwrap();
    let head = format!("{}\n", line(1));
    let cut = |lines: usize| whole.lines().take(lines).map(|line| format!("{line}\n")).collect();
    let cases: [(String, &str); 12] = [
        (String::new(), "the trace is empty"),
        ("hello\n".into(), "this is no trace"),
        ("{\"time\":1}\n".into(), "this is no trace"),
        ("\0\u{1}\u{2}".repeat(100_000), "this is no trace"),
        (whole.replacen("trace\":1", "trace\":2", 1), "version 2, and this glassloop reads 1"),
        (cut(1), "ends after line 1, before run 1 of 2"),
        (cut(5), "ends after line 5, before entry 4 of 39 of the run \"a loop, by hand\""),
        (whole[..whole.len() - 9].into(), "before the end of entry 30 of 30"),
        (format!("{}\n{whole}", line(1)), "line 2 of the trace makes no sense: run 1 of 2 should"),
        (whole.replacen("\"poll_end\"", "\"poll_stop\"", 1), "unknown variant `poll_stop`"),
        (
            whole.replacen("\"lane\":0", "\"lane\":9", 1),
            "line 3 of the trace makes no sense: there is no lane 9",
        ),
        (format!("{whole}{head}"), "the first line does not tell of it"),
    ];
    let folder = Folder::new();
    for (content, words) in cases {
        let path = folder.write("trace", content);
        let run = run(["timeline", &path]);
        run.exits(3).prints_nothing().says_in_one_line(words).says(&format!("cannot draw {path}"));
    }
    run(["timeline", &folder.at("none")]).exits(3).says_in_one_line("No such file");
    run(["timeline", folder.arg()]).exits(3).says_in_one_line("Is a directory");
}

#[test]
fn what_later_versions_may_add_is_passed_over() {
    let trace = by_hand().replace("\"lane\":0", "\"lane\":0,\"weather\":\"fine\"");
    assert_eq!(pictures(&trace), pictures(&by_hand()));
}

#[test]
fn a_name_cannot_steer_the_terminal() {
    let trace = by_hand().replace("three", "\\u001b[2Jgone\\u0007\\nand\\u0085away\\uffff");
    let picture = &pictures(&trace)[1];
    let drawn = Terminal::default().draw(&picture.seen(&View::default()));
    assert!(!drawn.contains(|c: char| c.is_control() && c != '\n'), "{drawn:?}");
    assert_eq!(drawn.lines().count(), 2 + 5 + 1);
    assert!(!svg(std::slice::from_ref(picture)).contains('\u{ffff}'));
}

#[test]
fn a_trace_in_any_disorder_is_drawn_somehow() {
    let whole = by_hand();
    let entries: Vec<&str> = whole.lines().filter(|line| line.starts_with("{\"at\"")).collect();
    for seed in 0..300 {
        let mut random = fastrand::Rng::with_seed(seed);
        let count = random.usize(0..entries.len());
        let mut lines = vec![
            "{\"glassloop_trace\":1,\"runs\":1}".to_owned(),
            format!(
                "{{\"run\":\"x\",\"lanes\":[{0},{0},{0}],\"entries\":{count}}}",
                ["{\"name\":\"a\",\"kind\":\"loop\"}", "{\"name\":\"b\",\"kind\":\"thread\"}"]
                    [random.usize(0..2)]
            ),
        ];
        for _ in 0..count {
            let entry = entries[random.usize(0..entries.len())];
            let later = [1, 1_000_000, u64::MAX / 2, u64::MAX][random.usize(0..4)];
            let at = format!("{{\"at\":{},", random.u64(0..=later));
            lines.push(at + entry.split_once(',').unwrap().1);
        }
        let pictures = pictures(&lines.join("\n"));
        for view in [
            View::default(),
            View { from: random.u64(..), to: None, tasks: 1 },
            View { from: u64::MAX, to: Some(0), tasks: 3 },
        ] {
            let seen = pictures[0].seen(&view);
            for (width, ascii) in [(0, true), (40, false), (200, false)] {
                let terminal = Terminal { width, ascii, colors: true };
                let _ = terminal.draw(&seen) + &terminal.legend(std::slice::from_ref(&seen));
            }
            let svg = svg(&[seen, pictures[0].clone()]);
            elements(&svg);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{view:?}: {svg}");
        }
    }
}

#[test]
fn what_is_written_is_what_is_read() {
    let runs = file::read(by_hand().as_bytes()).unwrap();
    let mut written = Vec::new();
    file::write(&mut written, &runs).unwrap();
    assert_eq!(String::from_utf8(written).unwrap(), by_hand());
    assert!(matches!(file::read(&b""[..]), Err(ReadError::Empty)));
}
