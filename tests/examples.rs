//! The examples on channels, on the `futures` crate, on guests and on the simulated world say what their comments
//! promise.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// An example's program. `cargo test` builds the examples beside the tests.
fn program(name: &str) -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let target = tests.parent().and_then(Path::parent).unwrap();
    let example = target.join("examples").join(name);
    if !example.is_file() {
        let built = Command::new(env!("CARGO")).args(["build", "--examples"]).status().unwrap();
        assert!(built.success() && example.is_file(), "the example {name} cannot be built");
    }
    example
}

/// What an example prints.
fn output(name: &str) -> String {
    let run = Command::new(program(name)).output().unwrap();
    assert!(run.status.success(), "{run:?}");
    String::from_utf8(run.stdout).unwrap()
}

#[test]
fn in_the_example_the_producers_are_held_back_to_the_pace_of_the_consumer() {
    let output = output("channel");
    let (mut sent, mut used) = (Vec::new(), Vec::new());
    for line in output.lines() {
        let value = line.split_whitespace().next().unwrap();
        if line.contains("is on its way") {
            sent.push(value);
        } else {
            used.push(value);
        }
        // Two in the channel, and one that the consumer took and has not used yet.
        assert!(sent.len() <= used.len() + 3, "{output}");
    }
    for mut values in [sent, used] {
        let in_order = |name| values.iter().filter(|v| v.starts_with(name)).is_sorted();
        assert!(in_order("a") && in_order("b"), "{output}");
        values.sort_unstable();
        assert_eq!(values, ["a1", "a2", "a3", "a4", "b1", "b2", "b3", "b4"]);
    }
}

#[test]
fn in_the_example_the_macros_and_combinators_of_futures_work() {
    let output = output("futures_macros");
    let expected = [
        "join!                (3, 1, 2)",
        "select!              1",
        "select_biased!       some came in time",
        "FuturesUnordered     [1, 15, 30]",
        "buffer_unordered(2)  [1, 10, 200]",
        "StreamExt            [2, 4, 6]",
    ];
    assert_eq!(output.lines().collect::<Vec<_>>(), expected);
}

// ─── Guests ─────────────────────────────────────────────────────────────────────────────────────

#[test]
fn the_examples_of_guests_are_their_own_clients_and_end() {
    for (name, expected) in [
        (
            "guest_hyper",
            "HTTP/1.1: hello /first, you are number 1
             HTTP/1.1: hello /second, you are number 2
             HTTP/2.0: hello /a, you are number 3
             HTTP/2.0: hello /b, you are number 4
             HTTP/2.0: hello /c, you are number 5",
        ),
        (
            "guest_tls",
            "the client:  a secret in HTTP/1.1
             the client:  a secret in HTTP/2.0
             a stranger:  invalid peer certificate: UnknownIssuer",
        ),
        (
            "guest_axum",
            r#"GET  /visits       200 visit 1
             GET  /visits       200 visit 2
             GET  /square/12    200 {"number":12,"square":144}
             GET  /square/dozen 400 Invalid URL: Cannot parse `dozen` to a `i64`
             POST /sum          200 {"sum":6}
             GET  /greeting     200 hello from a socket
             GET  /slow         504
             GET  /nowhere      404"#,
        ),
        (
            "guest_websocket",
            r#"Text(Utf8Bytes(b"hello")) → Text(Utf8Bytes(b"hello"))
             Binary(b"\x01\x02\x03") → Binary(b"\x01\x02\x03")
             Ping(b"are you there?") → Pong(b"are you there?")
             Close(None) → Close(None)"#,
        ),
    ] {
        program(name); // built by now: it is the example that must be quick
        let start = Instant::now();
        let output = output(name);
        assert!(start.elapsed() < Duration::from_secs(10), "{name}: {:?}", start.elapsed());
        let lines = |text: &str| text.lines().map(str::trim).map(String::from).collect::<Vec<_>>();
        assert_eq!(lines(&output), lines(expected), "{name}");
    }
}

/// An example that serves until the test is done with it.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_examples_of_guests_serve_others_when_asked_to() {
    for (name, scheme, path, answer) in [
        ("guest_hyper", "http", "/me", "HTTP/1.1: hello /me, you are number 1\n"),
        ("guest_axum", "http", "/square/7", r#"{"number":7,"square":49}"#),
        ("guest_websocket", "ws", "/", ""),
    ] {
        let mut serve = Command::new(program(name));
        serve.args(["serve", "127.0.0.1:0"]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut serving = Serving(serve.spawn().unwrap());
        let mut url = String::new();
        BufReader::new(serving.0.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let address = url.strip_prefix(&format!("{scheme}://")).unwrap().trim_end_matches("/\n");

        let mut client = TcpStream::connect(address).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let upgrade = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nConnection: Upgrade";
        let fields = if scheme == "ws" { upgrade } else { "Connection: close" };
        write!(client, "GET {path} HTTP/1.1\r\nHost: h\r\n{fields}\r\n\r\n").unwrap();
        let mut heard = vec![0; 12];
        client.read_exact(&mut heard).unwrap();
        let expected = if scheme == "ws" { "HTTP/1.1 101" } else { "HTTP/1.1 200" };
        assert_eq!(String::from_utf8_lossy(&heard), expected, "{name}");
        if scheme == "http" {
            client.read_to_end(&mut heard).unwrap();
            let heard = String::from_utf8_lossy(&heard);
            assert!(heard.ends_with(answer), "{name}: {heard}");
        }
    }
}

#[test]
fn an_example_writes_its_trace_where_it_is_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trace");
    let mut by_argument = Command::new(program("glass"));
    let mut by_environment = Command::new(program("glass"));
    by_argument.arg("--trace").arg(&path);
    by_environment.env("GLASSLOOP_TRACE", &path);
    for mut command in [by_argument, by_environment] {
        assert!(command.output().unwrap().status.success());
        let runs = glassloop::trace::file::open(&path).unwrap();
        assert_eq!(runs[0].name, "ping-pong");
        std::fs::remove_file(&path).unwrap();
    }
    let nowhere = Command::new(program("glass")).args(["--trace", "/nowhere/trace"]).output();
    let nowhere = nowhere.unwrap();
    assert!(!nowhere.status.success());
    let said = String::from_utf8_lossy(&nowhere.stderr).into_owned();
    assert!(said.contains("cannot write the trace /nowhere/trace"), "{said}");
}

#[test]
fn in_the_example_a_seed_tells_the_same_story_every_time() {
    let story = output("simulated");
    assert_eq!(story, output("simulated"));
    assert!(story.contains("What went wrong:") && story.contains("bytes"), "{story}");
}
