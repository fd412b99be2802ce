//! https under every model: who is believed, what is refused, and what a connection that ends early means.
//! The certificates are made for each test; nobody outside it trusts them.

#![cfg(feature = "cli")]

#[path = "support/cut.rs"]
mod cut;
mod e2e_support;
mod support;

use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use cut::sweep_wakes;
use e2e_support::program::Run;
use e2e_support::servers::{ok, redirect, say_nothing};
use e2e_support::tls::{Authority, Identity, Secure, SecureServer, Then, params};
use e2e_support::{Folder, Running, Scripted, for_every_model, glassloop, run};
use glassloop::http::{self, Origin, TlsConnect, Trust, blocking};
use glassloop::workloads::Model;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use rcgen::{BasicConstraints, IsCa, date_time_ymd};
use rustls::version;

/// Limits in these tests are a fraction of a second.
const SOON: Duration = Duration::from_secs(5);

const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// An authority, and a file with its certificate to give to `--cacert`.
fn authority() -> (Authority, Folder, String) {
    let (authority, folder) = (Authority::new("ours"), Folder::new());
    let file = folder.write("authority.pem", &authority.pem);
    (authority, folder, file)
}

fn download(model: Model, cacert: &str, folder: &Folder, urls: &[String]) -> Run {
    let mut command = glassloop(["download", "--model", model.name(), "--cacert", cacert]);
    Running::start(command.args(["--json", "-o", folder.arg()]).args(urls)).end()
}

/// A response that the server keeps its connection for.
fn kept(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

#[test]
fn a_server_whose_authority_is_given_is_believed_by_name_and_by_address() {
    let (authority, _kept, cacert) = authority();
    let identity = authority.sign(&LOCAL);
    for_every_model(|model| {
        for (versions, at) in [
            (&[&version::TLS13][..], "127.0.0.1:0"),
            (&[&version::TLS12], "127.0.0.1:0"),
            (&[&version::TLS13], "[::1]:0"),
        ] {
            let server = SecureServer::start_at(at, &identity, versions, |path, stream| {
                stream.write_all(ok(path).as_bytes()).map(|()| Then::Close)
            });
            let folder = Folder::new();
            download(model, &cacert, &folder, &[server.url("address")]).exits(0);
            assert_eq!(folder.read("address"), b"/address");
            if at.starts_with("127.") {
                let url = format!("https://localhost:{}/name", server.port());
                download(model, &cacert, &folder, &[url]).exits(0);
                assert_eq!(folder.read("name"), b"/name");
            }
            let names = server.hellos().into_iter().map(|hello| {
                assert_eq!(hello.protocol.as_deref(), Some("http/1.1"));
                hello.server_name
            });
            // An address is no server name.
            let expected = [None, Some("localhost".to_owned())];
            let names: Vec<_> = names.collect();
            assert_eq!(names, expected[..names.len()]);
        }
    });
}

#[test]
fn each_kind_of_bad_certificate_is_refused_with_what_to_do_and_the_others_go_on() {
    let (authority, kept, cacert) = authority();
    let with = |change: fn(&mut rcgen::CertificateParams)| {
        let mut params = params(&LOCAL);
        change(&mut params);
        params
    };
    let expired = with(|params| params.not_after = date_time_ymd(2001, 2, 3));
    let early = with(|params| params.not_before = date_time_ymd(2999, 2, 3));
    let signer = with(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    let signer = Identity::self_signed(signer);
    // It is trusted, and still no server's.
    let both = kept.write("both.pem", format!("{}{}", authority.pem, signer.certificate_pem));
    let untrusted = "signed by nobody who is trusted here";
    let rows = [
        (authority.sign_with(expired), "expired ", " days ago: whoever runs the server"),
        (
            authority.sign_with(early),
            "is valid only in ",
            " days: see whether this machine's clock",
        ),
        (
            authority.sign(&["a.example", "10.0.0.1"]),
            "is for a.example, 10.0.0.1, not for 127.0.0.1",
            ": check the address",
        ),
        (Authority::new("theirs").sign(&LOCAL), untrusted, "(--cacert FILE)"),
        // The name of one who is trusted, and another key.
        (Authority::new("ours").sign(&LOCAL), untrusted, "(--cacert FILE)"),
        (Identity::self_signed(params(&LOCAL)), untrusted, "(--cacert FILE)"),
        (signer, "is one for signing others", "without CA:TRUE"),
    ];
    for_every_model(|model| {
        let good = SecureServer::saying(&authority.sign(&LOCAL), ok("good"));
        let answer = ok("not to be believed");
        let bad: Vec<_> =
            rows.iter().map(|(identity, ..)| SecureServer::saying(identity, &*answer)).collect();
        let mut urls: Vec<_> = bad.iter().map(|server| server.url("bad")).collect();
        urls.insert(2, good.url("good"));
        let folder = Folder::new();
        let run = download(model, &both, &folder, &urls);
        let lines = run.exits(1).json_lines();
        for (server, (_, what, to_do)) in bad.iter().zip(&rows) {
            let url = server.url("bad");
            let line = lines.iter().find(|line| line["url"] == *url).unwrap();
            let error = line["error"].as_str().unwrap();
            let origin = url.trim_end_matches("/bad");
            assert!(
                error.starts_with(&format!("cannot connect to {origin}: the server's ")),
                "{error}"
            );
            assert!(error.contains(what) && error.contains(to_do), "{error}");
            assert_eq!((&line["attempts"], server.connections()), (&1.into(), 1), "{run}");
            assert_eq!(server.hellos(), []);
        }
        assert_eq!(folder.names(), ["good"], "{run}");
    });
    let folder = Folder::new();
    let server = SecureServer::saying(&rows[3].0, ok("[]"));
    run(["download", "--cacert", &cacert, "-o", folder.arg(), "--album", &server.url("")])
        .exits(1)
        .prints_nothing()
        .says_in_one_line(untrusted);
}

#[test]
fn both_sessions_of_the_library_speak_https_over_what_another_connect_opens() {
    let (authority, _kept, cacert) = authority();
    let server = SecureServer::saying(&authority.sign(&LOCAL), ok("hello"));
    let trust = Trust::with_file(cacert).unwrap();
    let url = server.url("");

    // Also when reading has a limit, as std knows it.
    let connect = |origin: &Origin| {
        assert!(!origin.is_https(), "encrypting is not its business");
        let stream = TcpStream::connect((origin.host(), origin.port()))?;
        stream.set_read_timeout(Some(SOON))?;
        Ok(stream)
    };
    let session = blocking::Session::new(blocking::TlsConnect { connect, trust: trust.clone() });
    assert_eq!(session.get(&url).unwrap().bytes(100).unwrap(), b"hello");

    let body = glassloop::Runtime::new().unwrap().block_on(async {
        let session = http::Session::new(TlsConnect::tcp(SOON, trust));
        session.get(&url).await?.bytes(100).await
    });
    assert_eq!(body.unwrap(), b"hello");
    assert_eq!(server.connections(), 2);
}

#[test]
fn a_self_signed_certificate_can_be_trusted_itself() {
    let identity = Identity::self_signed(params(&LOCAL));
    let kept = Folder::new();
    let cacert = kept.write("server.pem", &identity.certificate_pem);
    let server = SecureServer::saying(&identity, ok("hello"));
    for_every_model(|model| {
        let folder = Folder::new();
        download(model, &cacert, &folder, &[server.url("file")]).exits(0);
        assert_eq!(folder.read("file"), b"hello");
    });
}

#[test]
fn what_the_system_trusts_is_believed_and_without_any_list_there_is_a_sentence() {
    let (authority, kept, cacert) = authority();
    let server = SecureServer::saying(&authority.sign(&LOCAL), ok("hello"));
    let empty = kept.write("empty.pem", "");
    let theirs = kept.write("theirs.pem", Authority::new("theirs").pem);
    for_every_model(|model| {
        let get = |list: &str, more: &[&str]| {
            let folder = Folder::new();
            let mut command = glassloop(["download", "--model", model.name(), "-o", folder.arg()]);
            command.arg(server.url("file")).args(more).env("SSL_CERT_FILE", list);
            let run = Running::start(command.env_remove("SSL_CERT_DIR")).end();
            (run, folder.names())
        };
        let (run, names) = get(&cacert, &[]);
        run.exits(0);
        assert_eq!(names, ["file"]);
        let (run, names) = get(&empty, &[]);
        run.exits(1).says("this system has no list of trusted certificates: install it");
        assert_eq!(names, [""; 0]);
        for (list, more) in [(&empty, &cacert), (&cacert, &theirs)] {
            let (run, names) = get(list, &["--cacert", more]);
            run.exits(0);
            assert_eq!(names, ["file"]);
        }
    });
}

#[test]
fn the_systems_list_is_not_read_for_http() {
    let kept = Folder::new();
    // Nobody writes into it: whoever opens it waits for ever.
    mkfifo(&kept.path().join("list"), Mode::S_IRWXU).unwrap();
    let server = Scripted::saying(ok("hello"));
    for_every_model(|model| {
        let folder = Folder::new();
        let mut command = glassloop(["download", "--model", model.name(), "-o", folder.arg()]);
        command.arg(server.url("file")).env("SSL_CERT_FILE", kept.at("list"));
        Running::start(&mut command).end().exits(0).ends_within(SOON);
    });
}

#[test]
fn a_file_of_certificates_that_is_none_ends_it_before_anything_is_fetched() {
    let (authority, kept, cacert) = authority();
    let server = SecureServer::saying(&authority.sign(&LOCAL), ok("hello"));
    let one = fs::read_to_string(&cacert).unwrap();
    let text = kept.write("text.pem", "no certificate at all\n");
    let key = kept.write("key.pem", authority.sign(&LOCAL).key_pem);
    let torn = kept.write("torn.pem", &one[..one.len() - 30]);
    let noise = kept.write(
        "noise.pem",
        format!("{one}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    );
    let rows = [
        (kept.at("missing.pem"), "cannot read the certificates in ", "missing.pem: No such file"),
        (kept.arg().to_owned(), "cannot read the certificates in ", "Is a directory"),
        (text, "text.pem holds no certificate in PEM form", "-----BEGIN CERTIFICATE-----"),
        (key, "key.pem holds no certificate in PEM form", "-----BEGIN CERTIFICATE-----"),
        (torn, "torn.pem holds a certificate that cannot be used", "end marker"),
        (noise, "noise.pem holds a certificate that cannot be used", ": "),
    ];
    for_every_model(|model| {
        for (file, words, more) in &rows {
            let folder = Folder::new();
            let at = folder.at("new");
            let url = server.url("file");
            let args = ["download", &url, "--cacert", file, "-o", &at, "--model", model.name()];
            let run = run(args);
            run.exits(3).prints_nothing().says_in_one_line(words).says(more);
            assert!(!folder.has("new"));
        }
    });
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_close_without_notice_cuts_off_only_what_has_no_other_end() {
    let (authority, _kept, cacert) = authority();
    let to_close = "HTTP/1.1 200 OK\r\n\r\nall there is";
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
    let server = SecureServer::start(&authority.sign(&LOCAL), move |path, stream| {
        let (text, then) = match path {
            "/noticed" => (to_close.to_owned(), Then::Close),
            "/length" => (ok("all there is"), Then::Drop),
            "/chunks" => (format!("{chunked}0\r\n\r\n"), Then::Drop),
            "/cut-body" => (to_close.to_owned(), Then::Drop),
            "/cut-length" => (kept("all there is").replace("12", "13"), Then::Drop),
            "/cut-chunks" => (chunked.to_owned(), Then::Drop),
            _ => (String::new(), Then::Drop),
        };
        stream.write_all(text.as_bytes()).map(|()| then)
    });
    for_every_model(|model| {
        let whole = ["chunks", "length", "noticed"];
        let folder = Folder::new();
        download(model, &cacert, &folder, &whole.map(|path| server.url(path))).exits(0);
        assert_eq!(folder.names(), whole);
        assert_eq!(folder.read("noticed"), b"all there is");

        let cut = ["cut-body", "cut-length", "cut-chunks", "no-answer"];
        let folder = Folder::new();
        let run = download(model, &cacert, &folder, &cut.map(|path| server.url(path)));
        for line in &run.exits(1).json_lines()[..cut.len()] {
            let error = line["error"].as_str().unwrap();
            assert!(error.starts_with("cannot read the response of https://"), "{error}");
            assert!(
                error.contains("closed without the close_notify of TLS, so the end may"),
                "{error}"
            );
            assert_eq!(line["attempts"], 3, "the next attempt may bring all of it");
        }
        assert_eq!(folder.names(), [""; 0]);
    });
}

#[test]
fn a_server_without_tls_is_told_from_one_with_it_in_both_directions() {
    let (authority, _kept, cacert) = authority();
    let secure = SecureServer::saying(&authority.sign(&LOCAL), ok("hello"));
    // What Apache and nginx say to those who begin with TLS, and what a database might.
    let says = |text: &'static str| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut hello = [0; 64];
                let _ = stream.read(&mut hello).and_then(|_| stream.write_all(text.as_bytes()));
                let _ = stream
                    .shutdown(std::net::Shutdown::Write)
                    .and_then(|()| std::io::copy(&mut stream, &mut std::io::sink()).map(drop));
            }
        });
        format!("https://{address}/file")
    };
    let http = says("HTTP/1.1 400 Bad Request\r\n\r\n");
    let nothing = says("");
    for_every_model(|model| {
        let get = |url: String, words: &str| {
            let folder = Folder::new();
            let mut command = glassloop(["download", "--model", model.name(), "--cacert", &cacert]);
            command.args(["--retries", "0", "-o", folder.arg(), &url]);
            Running::start(&mut command).end().exits(1).says(words);
            assert_eq!(folder.names(), [""; 0]);
        };
        get(http.clone(), "does not speak TLS on this port: write http:// if");
        get(nothing.clone(), "closed the connection during the TLS handshake: see whether this is");
        get(
            secure.url("file").replace("https", "http"),
            "speaks TLS on this port: write https:// instead of http://",
        );
    });
}

/// It may have been restarted just then.
#[test]
fn a_server_that_closes_in_the_handshake_is_tried_again() {
    let (listener, url) = listen_in();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = stream.unwrap().read(&mut [0; 2000]);
        }
    });
    let (_authority, _kept, cacert) = authority();
    for_every_model(|model| {
        let folder = Folder::new();
        let run = download(model, &cacert, &folder, std::slice::from_ref(&url));
        assert_eq!(run.exits(1).json_lines()[0]["attempts"], 3, "{run}");
    });
}

#[test]
fn a_server_that_refuses_the_handshake_is_quoted() {
    // A certificate request that we have no answer to, and a fatal alert 40 in the clear.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}/file", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 2000]);
            let _ = stream.write_all(&[21, 3, 3, 0, 2, 2, 40]);
            let _ = say_nothing(&mut stream);
        }
    });
    for_every_model(|model| {
        let folder = Folder::new();
        run(["download", &url, "-o", folder.arg(), "--model", model.name()])
            .exits(1)
            .says("the server refuses this TLS connection (HandshakeFailure)");
    });
}

/// Everything that is written to it, as it came.
fn listen_in() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://me:password@{}/secret?more", listener.local_addr().unwrap());
    (listener, url)
}

#[test]
fn nothing_is_sent_in_the_clear_to_an_https_origin() {
    for model in Model::ALL {
        for album in [false, true] {
            let (listener, url) = listen_in();
            let folder = Folder::new();
            let mut command = glassloop(["download", "--model", model.name(), "-o", folder.arg()]);
            command.args(["--retries", "0"]).args(album.then_some("--album")).arg(&url);
            let running = Running::start(&mut command);
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
            let mut heard = Vec::new();
            while heard.is_empty() {
                let _ = stream.read_to_end(&mut heard); // until nothing has come for a while
            }
            drop(stream);
            running.end().exits(1);
            assert_eq!(heard[..2], [22, 3], "a TLS handshake");
            for word in ["GET", "secret", "password", "more", "HTTP", "Host"] {
                let shown = heard.windows(word.len()).any(|window| window == word.as_bytes());
                assert!(!shown, "{word} was to be seen on the wire");
            }
        }
    }
}

#[test]
fn the_handshake_is_part_of_what_the_limits_on_time_count() {
    // The kernel takes connections for it, and nobody ever answers.
    let (_listener, url) = listen_in();
    for_every_model(|model| {
        for (limit, words) in [("--connect-timeout", "time"), ("--timeout", "300ms")] {
            let folder = Folder::new();
            let args = ["download", &url, "-o", folder.arg(), "--model", model.name()];
            let run = run(args.into_iter().chain([limit, "300ms", "--retries", "0"]));
            run.exits(1).says(words).ends_within(SOON);
            assert_eq!(folder.names(), [""; 0]);
        }
    });
}

#[test]
fn ctrl_c_ends_a_handshake() {
    for_every_model(|model| {
        let (listener, url) = listen_in();
        let folder = Folder::new();
        let args = ["download", &url, "-o", folder.arg(), "--model", model.name()];
        let mut running = Running::start(glassloop(args).args(["--retries", "1000"]));
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 64]).unwrap();
        running.interrupt();
        running.end().exits(130).ends_within(Duration::from_secs(3)).says("interrupted: 0 of 1");
        assert_eq!(folder.names(), [""; 0]);
    });
}

#[test]
fn http_may_lead_to_https_and_never_back() {
    let (authority, _kept, cacert) = authority();
    let identity = authority.sign(&LOCAL);
    for_every_model(|model| {
        let plain = Scripted::saying(ok("in the clear"));
        let target = plain.url("file");
        let back = SecureServer::start(&identity, move |path, stream| {
            let answer = if path == "/safe" { ok("safe") } else { redirect(&target) };
            stream.write_all(answer.as_bytes()).map(|()| Then::Close)
        });
        let safe = back.url("safe");
        let ahead = Scripted::start(move |_, stream| stream.write_all(redirect(&safe).as_bytes()));
        let folder = Folder::new();
        download(model, &cacert, &folder, &[ahead.url("file")]).exits(0);
        assert_eq!(folder.read("file"), b"safe");
        let folder = Folder::new();
        let run = download(model, &cacert, &folder, &[back.url("file")]);
        assert!(run.exits(1).stdout.contains("which is not encrypted: refused"), "{run}");
        assert_eq!(folder.names(), [""; 0]);
        assert_eq!(plain.requests().len(), 0);
    });
}

/// What a server does between two requests, on a connection that is kept meanwhile.
fn between_two_requests(then: fn(&mut Secure) -> io::Result<()>, expected_connections: usize) {
    let (authority, _kept, cacert) = authority();
    let identity = authority.sign(&LOCAL);
    for_every_model(|model| {
        let server = SecureServer::start(&identity, move |path, stream| {
            stream.write_all(kept(path).as_bytes())?;
            stream.flush()?;
            // After the response has gone, so that it is not read with it.
            thread::sleep(Duration::from_millis(50));
            then(stream).map(|()| Then::Stay)
        });
        let slow = Scripted::start(|_, stream| {
            thread::sleep(Duration::from_millis(200));
            stream.write_all(ok("slow").as_bytes())
        });
        let folder = Folder::new();
        let urls =
            [server.url("a"), slow.url("b"), server.url("c"), slow.url("d"), server.url("e")];
        let mut command = glassloop(["download", "--model", model.name(), "--cacert", &cacert]);
        command.args(["-n", "1", "-o", folder.arg()]).args(&urls);
        Running::start(&mut command).end().exits(0);
        let files = ["a", "c", "e"].map(|name| folder.read(name));
        assert_eq!(files, [b"/a", b"/c", b"/e"]);
        let expected = if model == Model::ThreadPerTask { 3 } else { expected_connections };
        assert_eq!(server.connections(), expected, "under {model}");
    });
}

/// Whoever takes that for a response, or for an end, opens a connection for each file.
#[test]
fn a_connection_is_kept_although_the_server_changes_its_keys() {
    between_two_requests(|stream| stream.conn.refresh_traffic_keys().map_err(io::Error::other), 1);
}

#[test]
fn what_a_server_says_unasked_is_never_taken_for_a_response() {
    between_two_requests(|stream| stream.write_all(kept("??").as_bytes()), 3);
}

#[test]
fn a_second_connection_resumes_the_session_of_the_first() {
    let (authority, _kept, cacert) = authority();
    let identity = authority.sign(&LOCAL);
    for_every_model(|model| {
        let server = SecureServer::saying(&identity, ok("hello"));
        let folder = Folder::new();
        let mut command = glassloop(["download", "--model", model.name(), "--cacert", &cacert]);
        command.args(["-n", "1", "-o", folder.arg(), &server.url("a"), &server.url("b")]);
        Running::start(&mut command).end().exits(0);
        let hellos = server.hellos();
        assert_eq!(hellos.iter().map(|hello| hello.resumed).collect::<Vec<_>>(), [false, true]);
    });
}

#[test]
fn a_handshake_or_a_read_that_is_given_up_at_any_poll_loses_nothing() {
    let (authority, _kept, cacert) = authority();
    let server = SecureServer::start(&authority.sign(&LOCAL), |_, stream| {
        for piece in ["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", "hello", "world"] {
            stream.write_all(piece.as_bytes())?;
            stream.flush()?;
            thread::sleep(Duration::from_millis(2));
        }
        Ok(Then::Stay)
    });
    let (url, trust) = (server.url(""), Trust::with_file(cacert).unwrap());
    let session = || http::Session::new(TlsConnect::tcp(SOON, trust.clone()));
    sweep_wakes(async |cut| {
        let session = session();
        drop(cut.short_sharing(session.get(&url)).await);
        assert_eq!(session.get(&url).await.unwrap().bytes(99).await.unwrap(), b"helloworld");
    });
    sweep_wakes(async |cut| {
        let mut response = session().get(&url).await.unwrap();
        let read = async { response.chunk().await.unwrap().unwrap_or_default().to_vec() };
        let mut body = cut.short_sharing(read).await.unwrap_or_default();
        body.extend(response.bytes(99).await.unwrap());
        assert_eq!(body, b"helloworld");
    });
}
