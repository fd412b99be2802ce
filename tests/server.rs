//! `glassloop serve` as any client meets it: through bare sockets, and through curl.

#![cfg(feature = "cli")]

mod e2e_support;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use e2e_support::folder::generated;
use e2e_support::{AlbumServer, Folder, Running, tools};

struct Client(TcpStream);

struct Response {
    status: u16,
    /// In lower case.
    head: String,
    body: Vec<u8>,
}

impl Client {
    fn new(server: &AlbumServer) -> Self {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(e2e_support::PATIENCE)).unwrap();
        Self(stream)
    }

    fn send(&mut self, bytes: &str) -> &mut Self {
        self.0.write_all(bytes.as_bytes()).unwrap();
        self
    }

    /// Reads a response, with its body unless it answers a HEAD.
    fn receive(&mut self, with_body: bool) -> Response {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            self.0.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.split("content-length: ").nth(1).unwrap();
        let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
        let mut body = vec![0; if with_body { length } else { 0 }];
        self.0.read_exact(&mut body).unwrap();
        Response { status, head, body }
    }

    fn get(&mut self, path: &str) -> Response {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n")).receive(true)
    }

    /// Nothing more comes; a reset is an end, too.
    fn assert_closed(&mut self) {
        match self.0.read(&mut [0]) {
            Ok(count) => assert_eq!(count, 0, "the server goes on"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
        }
    }
}

#[test]
fn a_connection_serves_one_request_after_another() {
    let server = AlbumServer::start(["--files", "3", "--size", "70000"]);
    let mut client = Client::new(&server);
    for (name, content) in generated(3, 70_000) {
        let response = client.get(&format!("/{name}"));
        assert_eq!(response.status, 200);
        assert!(response.body == content, "{name}");
    }
    let missing = client.get("/file-0004.bin");
    assert_eq!(missing.status, 404);
    assert_eq!(client.get("/file-0001.bin").status, 200, "a 404 is no reason to hang up");
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let server = AlbumServer::start(["--files", "2", "--size", "1000", "--latency", "20ms"]);
    let mut client = Client::new(&server);
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
    let requests = [get("/file-0002.bin"), get("/none"), get("/file-0001.bin")].concat();
    // Cut in the middle of a request, and of a line end.
    let (start, end) = requests.split_at(requests.len() - 1);
    client.send(start);
    thread::sleep(Duration::from_millis(50));
    client.send(end);
    let album = generated(2, 1000);
    assert!(client.receive(true).body == album["file-0002.bin"]);
    assert_eq!(client.receive(true).status, 404);
    assert!(client.receive(true).body == album["file-0001.bin"]);
}

#[test]
fn head_has_the_headers_of_get_and_no_body() {
    let server = AlbumServer::start(["--files", "1", "--size", "123456"]);
    let mut client = Client::new(&server);
    for path in ["/file-0001.bin", "/", "/none"] {
        let head = client.send(&format!("HEAD {path} HTTP/1.1\r\nHost: h\r\n\r\n")).receive(false);
        let get = client.get(path);
        let without_date = |head: &str| {
            head.lines().filter(|l| !l.starts_with("date:")).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(without_date(&head.head), without_date(&get.head), "{path}");
    }
}

#[test]
fn other_methods_are_told_what_is_allowed() {
    let server = AlbumServer::start(["--files", "1", "--size", "10"]);
    let mut client = Client::new(&server);
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let request = format!("{method} /file-0001.bin HTTP/1.1\r\nHost: h\r\n");
        // The body is passed over, not taken for the next request.
        let body = "GET /none HTTP/1.1\r\nHost: h\r\n\r\n";
        let length = format!("Content-Length: {}\r\n\r\n", body.len());
        let response = client.send(&request).send(&length).send(body).receive(true);
        assert_eq!(response.status, 405, "{method}");
        assert!(response.head.contains("\r\nallow: get, head\r\n"), "{}", response.head);
    }
    assert_eq!(client.get("/file-0001.bin").status, 200);
}

#[test]
fn a_client_that_wants_to_leave_is_let_go() {
    let server = AlbumServer::start(["--files", "1", "--size", "10"]);
    for request in [
        "GET /file-0001.bin HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        "GET /file-0001.bin HTTP/1.0\r\n\r\n",
    ] {
        let mut client = Client::new(&server);
        assert_eq!(client.send(request).receive(true).status, 200);
        client.assert_closed();
    }
}

#[test]
fn what_is_no_request_gets_its_status_and_the_connection_ends() {
    let server = AlbumServer::start(["--files", "1", "--size", "10"]);
    let long = format!("GET /{} HTTP/1.1\r\nHost: h\r\n\r\n", "x".repeat(100_000));
    let many = format!("GET / HTTP/1.1\r\nHost: h\r\n{}\r\n", "X: y\r\n".repeat(2000));
    let rows = [
        ("GARBAGE\r\n\r\n", 400),
        ("GET /\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400), // without a Host
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (
            "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        ("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        ("GET / HTTP/1.1\nHost: h\n\n", 400),
        ("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\r\n\r\n", 400), // TLS
        ("GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505),
        ("CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 501),
        (&long, 414),
        (&many, 431),
    ];
    for (request, status) in rows {
        let mut client = Client::new(&server);
        let start = &request[..request.len().min(60)];
        // The server may hang up before it has read everything.
        let _ = client.0.write_all(request.as_bytes());
        assert_eq!(client.receive(true).status, status, "{start:?}");
        client.assert_closed();
    }
    // None of it has hurt.
    assert_eq!(Client::new(&server).get("/file-0001.bin").status, 200);
}

#[test]
fn an_answer_takes_its_latency_each_time() {
    let server = AlbumServer::start(["--files", "1", "--size", "10", "--latency", "150ms"]);
    let mut client = Client::new(&server);
    for path in ["/file-0001.bin", "/", "/none"] {
        let start = Instant::now();
        client.get(path);
        assert!(start.elapsed() >= Duration::from_millis(150), "{path}");
    }
    // Many wait at the same time: together they take much less than one after another would.
    let start = Instant::now();
    let mut clients: Vec<_> = (0..40).map(|_| Client::new(&server)).collect();
    for client in &mut clients {
        client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    for client in &mut clients {
        assert_eq!(client.receive(true).status, 200);
    }
    assert!(start.elapsed() < Duration::from_millis(40 * 150));
}

#[test]
fn a_file_comes_no_faster_than_its_bandwidth() {
    let server = AlbumServer::start(["--files", "1", "--size", "300000", "--bandwidth", "400000"]);
    let start = Instant::now();
    let response = Client::new(&server).get("/file-0001.bin");
    assert!(response.body == generated(1, 300_000)["file-0001.bin"]);
    // All but the last block of 64 KiB has been waited for.
    let least = (300_000.0 - 65_536.0) / 400_000.0;
    assert!(start.elapsed() >= Duration::from_secs_f64(least), "{:?}", start.elapsed());
}

#[test]
fn a_folder_is_listed_for_people_and_for_programs() {
    let folder = Folder::new();
    folder.write("a b&<c>.txt", "text");
    folder.write(".hidden", "hidden");
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    folder.write("sub/deep.txt", "deep");
    let server = AlbumServer::start(["--dir", folder.arg()]);
    let mut client = Client::new(&server);

    let page = client.get("/");
    assert!(page.head.contains("content-type: text/html; charset=utf-8\r\n"), "{}", page.head);
    let page = String::from_utf8(page.body).unwrap();
    assert!(page.contains("<a href=\"a%20b%26%3Cc%3E.txt\">a b&amp;&lt;c>.txt</a>"), "{page}");
    assert!(page.contains("<a href=\"sub/\">sub/</a>"), "{page}");
    assert!(!page.contains("hidden"), "{page}");

    let request = "GET / HTTP/1.1\r\nHost: h\r\nAccept: application/json\r\n\r\n";
    let list = client.send(request).receive(true);
    assert!(list.head.contains("content-type: application/json\r\n"), "{}", list.head);
    let links: Vec<String> = serde_json::from_slice(&list.body).unwrap();
    assert_eq!(links, ["a%20b%26%3Cc%3E.txt", "sub/"]);
    // Every link leads somewhere.
    assert_eq!(client.get(&format!("/{}", links[0])).body, b"text");
    assert!(String::from_utf8_lossy(&client.get("/sub/").body).contains("deep.txt"));
    assert_eq!(client.get("/sub/deep.txt").body, b"deep");
}

#[test]
fn nothing_outside_the_folder_and_nothing_hidden_is_served() {
    let above = Folder::new();
    above.write("secret", "secret");
    let root = above.path().join("root");
    std::fs::create_dir(&root).unwrap();
    above.write("root/open", "open");
    above.write("root/.hidden", "hidden");
    symlink(above.path().join("secret"), root.join("link")).unwrap();
    symlink("/", root.join("everything")).unwrap();
    let server = AlbumServer::start(["--dir", root.to_str().unwrap()]);
    let mut client = Client::new(&server);
    assert_eq!(client.get("/open").body, b"open");
    for path in [
        "/../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/%2e%2e%2fsecret",
        "/open/../../secret",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/.hidden",
        "/%2ehidden",
        "/link",
        "/everything/etc/passwd",
        "/everything/",
        "/..%2f",
        "/../",
        "/open%00.txt",
        "/root",
    ] {
        let response = client.get(path);
        assert!((400..500).contains(&response.status), "{path}: {}", response.status);
        let body = String::from_utf8_lossy(&response.body).into_owned();
        assert!(!body.contains("root:") && body != "secret" && body != "hidden", "{path}: {body}");
    }
}

#[test]
fn curl_is_content() {
    let Some(curl) = tools::find("curl") else { return };
    let server = AlbumServer::start(["--files", "3", "--size", "50000"]);
    let folder = Folder::new();
    let url = server.url("file-000[1-3].bin");
    let mut command = Command::new(&curl);
    command.current_dir(folder.path()).args(["-sSf", "--remote-name-all", &url]);
    // curl tells how many connections each transfer needed.
    command.args(["-w", "%{num_connects} "]);
    let run = Running::start(&mut command).end();
    run.exits(0);
    assert_eq!(run.stdout, "1 0 0 ", "one connection for all: {run}");
    folder.assert_holds(&generated(3, 50_000));

    let mut command = Command::new(curl);
    command.args(["-sS", "-I", "-X", "HEAD", "-m", "20", &server.url("none")]);
    let run = Running::start(&mut command).end();
    assert!(run.exits(0).stdout.starts_with("HTTP/1.1 404 Not Found\r\n"), "{run}");
}
