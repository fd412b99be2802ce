//! Both pumps play the same scripts against servers in memory, and must do the same.

mod http_script;

use std::cell::Cell;
use std::future::Future;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use glassloop::http::{Error, Flaw, MAX_HEAD, MAX_IDLE_PER_ORIGIN, Session, blocking};
use http::Method;
use http_script::Step::{Broken, Close, Interrupted, Request as R, Reset, Say, TimeOut, Unasked};
use http_script::{Connector, Do, World, both, finish, one, run};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const BYE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbye";

fn redirect(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} X\r\nLocation: {location}\r\nContent-Length: 4\r\n\r\ngone")
}

#[test]
fn a_connection_is_used_again_after_a_body_that_ended_cleanly() {
    both(
        || vec![vec![R, Say(OK.into()), R, Say(OK.into())]],
        &[Do::Get("http://h/a"), Do::Get("http://h/b")],
        &["connect http://h", "0 GET /a", "200 hello", "0 GET /b", "200 hello"],
    );
}

#[test]
fn a_response_without_a_body_gives_its_connection_back() {
    both(
        || {
            vec![vec![
                R,
                Say("HTTP/1.1 204 No Content\r\n\r\n".into()),
                R,
                Say("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n".into()),
                R,
                Say(OK.into()),
            ]]
        },
        &[Do::Get("http://h/a"), Do::Send(Method::HEAD, "http://h/b"), Do::Get("http://h/c")],
        &["connect http://h", "0 GET /a", "204 ", "0 HEAD /b", "200 ", "0 GET /c", "200 hello"],
    );
}

#[test]
fn a_response_without_a_body_need_not_be_read_for_that() {
    both(
        || {
            vec![vec![
                R,
                Say("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".into()),
                R,
                Say("HTTP/1.1 302 X\r\nLocation: /c\r\nContent-Length: 0\r\n\r\n".into()),
                R,
                Say(OK.into()),
            ]]
        },
        &[Do::Drop("http://h/a"), Do::Get("http://h/b")],
        &["connect http://h", "0 GET /a", "200 …", "0 GET /b", "0 GET /c", "200 hello"],
    );
}

#[test]
fn a_connection_the_server_wants_closed_is_closed() {
    for bye in [BYE, "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nbye"] {
        both(
            || vec![vec![R, Say(bye.into())], vec![R, Say(OK.into())]],
            &[Do::Get("http://h/a"), Do::Get("http://h/b")],
            &[
                "connect http://h",
                "0 GET /a",
                "0 closed",
                "200 bye",
                "connect http://h",
                "1 GET /b",
                "200 hello",
            ],
        );
    }
    both(
        || vec![vec![R, Say("HTTP/1.1 200 OK\r\n\r\nall".into()), Close], vec![R, Say(OK.into())]],
        &[Do::Get("http://h/a"), Do::Get("http://h/b")],
        &[
            "connect http://h",
            "0 GET /a",
            "0 closed",
            "200 all",
            "connect http://h",
            "1 GET /b",
            "200 hello",
        ],
    );
}

#[test]
fn bytes_after_the_end_of_a_response_are_never_the_next_response() {
    let log = [
        "connect http://h",
        "0 GET /a",
        "0 closed",
        "200 hello",
        "connect http://h",
        "1 GET /b",
        "200 hello",
    ];
    one(
        || vec![vec![R, Say(format!("{OK}HTTP/1.1 200 OK\r\n\r\nevil"))], vec![R, Say(OK.into())]],
        &[Do::Get("http://h/a"), Do::Get("http://h/b")],
        &log,
    );
}

#[test]
fn a_response_sent_before_its_request_is_never_taken_for_one() {
    both(
        || vec![vec![R, Say(OK.into()), Unasked(BYE.into())], vec![R, Say(OK.into())]],
        &[Do::Get("http://h/a"), Do::Get("http://h/b")],
        &[
            "connect http://h",
            "0 GET /a",
            "200 hello",
            "0 closed",
            "connect http://h",
            "1 GET /b",
            "200 hello",
        ],
    );
}

#[test]
fn an_idle_connection_that_was_closed_meanwhile_is_not_used() {
    both(
        || vec![vec![R, Say(OK.into()), Close], vec![R, Say(OK.into())]],
        &[Do::Get("http://h/a"), Do::Send(Method::POST, "http://h/b")],
        &[
            "connect http://h",
            "0 GET /a",
            "200 hello",
            "0 closed",
            "connect http://h",
            "1 POST /b",
            "200 hello",
        ],
    );
}

#[test]
fn a_connection_that_closes_just_when_it_is_reused_costs_one_retry() {
    let rows = [vec![R, Say(OK.into()), R, Close], vec![R, Say(OK.into()), R, Reset]];
    for first in rows {
        both(
            || vec![first.clone(), vec![R, Say(OK.into())]],
            &[Do::Get("http://h/a"), Do::Get("http://h/b")],
            &[
                "connect http://h",
                "0 GET /a",
                "200 hello",
                "0 GET /b",
                "0 closed",
                "connect http://h",
                "1 GET /b",
                "200 hello",
            ],
        );
    }
    both(
        || vec![vec![R, Say(OK.into()), Broken], vec![R, Say(OK.into())]],
        &[Do::Get("http://h/a"), Do::Get("http://h/b")],
        &[
            "connect http://h",
            "0 GET /a",
            "200 hello",
            "0 closed",
            "connect http://h",
            "1 GET /b",
            "200 hello",
        ],
    );
}

#[test]
fn there_is_no_second_retry() {
    both(
        || vec![vec![R, Say(OK.into()), R, Close], vec![R, Close], vec![R, Say(OK.into())]],
        &[Do::Get("http://h/a"), Do::Get("http://h/b")],
        &[
            "connect http://h",
            "0 GET /a",
            "200 hello",
            "0 GET /b",
            "0 closed",
            "connect http://h",
            "1 GET /b",
            "1 closed",
            "the server at http://h closed the connection without sending a response",
        ],
    );
}

#[test]
fn a_new_connection_that_fails_is_not_retried() {
    both(
        || vec![vec![R, Close], vec![R, Say(OK.into())]],
        &[Do::Get("http://h/a")],
        &[
            "connect http://h",
            "0 GET /a",
            "0 closed",
            "the server at http://h closed the connection without sending a response",
        ],
    );
}

#[test]
fn what_may_not_be_done_twice_is_not_retried() {
    both(
        || vec![vec![R, Say(OK.into()), R, Close], vec![R, Say(OK.into())]],
        &[Do::Get("http://h/a"), Do::Send(Method::POST, "http://h/b")],
        &[
            "connect http://h",
            "0 GET /a",
            "200 hello",
            "0 POST /b",
            "0 closed",
            "the server at http://h closed the connection without sending a response",
        ],
    );
}

#[test]
fn a_server_that_is_too_slow_is_not_asked_again() {
    both(
        || vec![vec![R, Say(OK.into()), R, TimeOut], vec![R, Say(OK.into())]],
        &[Do::Get("http://h/a"), Do::Get("http://h/b")],
        &[
            "connect http://h",
            "0 GET /a",
            "200 hello",
            "0 GET /b",
            "0 closed",
            "cannot read the response of http://h: timed out",
        ],
    );
}

#[test]
fn a_response_that_broke_off_after_its_first_byte_is_not_retried() {
    both(
        || vec![vec![R, Say(OK.into()), R, Say("H".into()), Close], vec![R, Say(OK.into())]],
        &[Do::Get("http://h/a"), Do::Get("http://h/b")],
        &[
            "connect http://h",
            "0 GET /a",
            "200 hello",
            "0 GET /b",
            "0 closed",
            "the server at http://h closed the connection in the middle of the head",
        ],
    );
}

#[test]
fn a_response_dropped_half_way_closes_its_connection() {
    both(
        || vec![vec![R, Say(OK.into())], vec![R, Say(OK.into())]],
        &[Do::Drop("http://h/a"), Do::Get("http://h/b")],
        &[
            "connect http://h",
            "0 GET /a",
            "200 …",
            "0 closed",
            "connect http://h",
            "1 GET /b",
            "200 hello",
        ],
    );
}

#[test]
fn a_flaw_names_the_server_and_closes_the_connection() {
    let rows = [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 125\r\n\r\nhello",
            "closed the connection 120 bytes before the end of the body",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab",
            "closed the connection before the last chunk of the body",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
            "sent both Content-Length and Transfer-Encoding",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
            "sent two different lengths, 3 and 4",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\nabc",
            "sent a chunk size that is not a hexadecimal number of at most 64 bits",
        ),
    ];
    for (response, flaw) in rows {
        both(
            || vec![vec![R, Say(response.into()), Close], vec![R, Say(OK.into())]],
            &[Do::Get("http://h:81/a"), Do::Get("http://h:81/b")],
            &[
                "connect http://h:81",
                "0 GET /a",
                "0 closed",
                &format!("the server at http://h:81 {flaw}"),
                "connect http://h:81",
                "1 GET /b",
                "200 hello",
            ],
        );
    }
}

#[test]
fn a_redirect_is_followed_on_the_same_connection_when_its_body_is_small() {
    both(
        || vec![vec![R, Say(redirect(302, "/b")), R, Say(OK.into())]],
        &[Do::Get("http://h/a")],
        &["connect http://h", "0 GET /a", "0 GET /b", "200 hello"],
    );
}

#[test]
fn the_body_of_a_redirect_is_not_read_when_it_is_large_or_has_no_end() {
    let large = "HTTP/1.1 302 X\r\nLocation: /b\r\nContent-Length: 1000000\r\n\r\ngone";
    let endless = "HTTP/1.1 302 X\r\nLocation: /b\r\n\r\ngone";
    let chunked = "HTTP/1.1 302 X\r\nLocation: /b\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunked = format!("{chunked}{}", format!("1000\r\n{}\r\n", "x".repeat(4096)).repeat(10));
    for response in [large, endless, &chunked] {
        one(
            || vec![vec![R, Say(response.into())], vec![R, Say(OK.into())]],
            &[Do::Get("http://h/a")],
            &[
                "connect http://h",
                "0 GET /a",
                "0 closed",
                "connect http://h",
                "1 GET /b",
                "200 hello",
            ],
        );
    }
}

#[test]
fn a_redirect_loop_ends_after_ten() {
    let mut expected = vec!["connect http://h".to_owned()];
    expected.extend((0..11).map(|_| "0 GET /a".to_owned()));
    expected.push("0 closed".to_owned());
    expected
        .push("http://h/a redirects again after 10 redirects: it is probably a loop".to_owned());
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    let hop = [R, Say(redirect(302, "/a"))];
    both(
        || vec![hop.iter().cycle().take(40).cloned().collect()],
        &[Do::Get("http://h/a")],
        &expected,
    );
}

#[test]
fn credentials_go_to_their_origin_only_and_do_not_come_back() {
    let basic = "with Basic dXNlcjpzZWNyZXQ=";
    both(
        || {
            vec![
                vec![
                    R,
                    Say(redirect(302, "/b")),
                    R,
                    Say(redirect(307, "http://other/c")),
                    R,
                    Say(OK.into()),
                ],
                vec![R, Say(redirect(308, "http://h/d"))],
            ]
        },
        &[Do::Get("http://user:secret@h/a")],
        &[
            "connect http://h",
            &format!("0 GET /a {basic}"),
            &format!("0 GET /b {basic}"),
            "connect http://other",
            "1 GET /c",
            "0 GET /d",
            "200 hello",
        ],
    );
}

#[test]
fn https_is_never_left_for_http() {
    both(
        || vec![vec![R, Say(redirect(301, "http://h/b"))]],
        &[Do::Get("https://h/a")],
        &[
            "connect https://h",
            "0 GET /a",
            "0 closed",
            "https://h/a redirects from https to http://h/b, which is not encrypted: refused",
        ],
    );
}

#[test]
fn a_connection_that_cannot_be_made_is_an_error_that_names_the_origin() {
    both(
        Vec::new,
        &[Do::Get("http://u:p@h/a")],
        &["cannot connect to http://h: connection refused"],
    );
}

#[test]
fn a_url_with_a_line_end_is_refused_before_anything_is_connected() {
    for url in ["http://h/a\r\nX: 1", "http://h/\0", "h/a", "ftp://h/"] {
        let (log, _) = run::asynchronous(vec![vec![R, Say(OK.into())]], &[Do::Get(url)], 99);
        assert!(log.len() == 1 && log[0].contains("cannot be fetched"), "{log:?}");
        assert_eq!(run::blocking(vec![vec![R, Say(OK.into())]], &[Do::Get(url)], 99).0, log);
    }
}

#[test]
fn a_body_longer_than_allowed_is_an_error() {
    both(
        || vec![vec![R, Say(format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(2001)))]],
        &[Do::Get("http://h/a")],
        &[
            "connect http://h",
            "0 GET /a",
            "0 closed",
            "the body of http://h/a is larger than the 2000 bytes allowed here",
        ],
    );
}

#[test]
fn an_interrupted_read_is_read_again() {
    let script =
        vec![vec![R, Interrupted, Say(OK[..20].into()), Interrupted, Say(OK[20..].into())]];
    let (log, _) = run::blocking(script, &[Do::Get("http://h/a")], 99);
    assert_eq!(log, ["connect http://h", "0 GET /a", "200 hello"]);
}

#[test]
fn neither_a_large_body_nor_the_largest_head_needs_more_than_64_kib() {
    const LENGTH: usize = 1 << 20;
    let body = format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n{}", "x".repeat(LENGTH));
    let head = |length| {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: \r\n\r\n";
        head.replace("X: ", &format!("X: {}", "x".repeat(length - head.len())))
    };
    for pump in [run::asynchronous, run::blocking] {
        let get = |answer: String, what| pump(vec![vec![R, Say(answer)]], &[what], usize::MAX);
        let (log, largest) = get(body.clone(), Do::Count("http://h/a"));
        assert_eq!(log.last().unwrap(), &format!("200 with {LENGTH} bytes"));
        assert_eq!(largest, 64 * 1024);
        let (log, largest) = get(head(MAX_HEAD), Do::Count("http://h/a"));
        assert_eq!(log.last().unwrap(), "200 with 0 bytes");
        assert_eq!(largest, 64 * 1024);
        let (log, _) = get(head(MAX_HEAD + 1), Do::Get("http://h/a"));
        assert!(log.last().unwrap().contains("65536"), "{log:?}");
    }
}

#[test]
fn a_body_that_failed_never_looks_complete_afterwards() {
    let script =
        vec![vec![R, Say("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello".into()), Close]];
    let session = Session::new(Connector(World::new(script, usize::MAX)));
    finish(async {
        let mut response = session.get("http://h/").await.unwrap();
        assert_eq!(response.content_length(), Some(9));
        assert_eq!(response.chunk().await.unwrap(), Some(&b"hello"[..]));
        for _ in 0..3 {
            let error = response.chunk().await.unwrap_err();
            let truncated = Flaw::TruncatedBody { missing: 4 };
            assert!(matches!(error, Error::Answer { flaw, .. } if flaw == truncated));
        }
    });
}

#[test]
fn a_body_that_was_reset_does_not_end_when_the_stream_then_reports_its_end() {
    let script = vec![vec![R, Say("HTTP/1.1 200 OK\r\n\r\nhel".into()), Reset, Close]];
    let session = Session::new(Connector(World::new(script, usize::MAX)));
    finish(async {
        let mut response = session.get("http://h/").await.unwrap();
        assert_eq!(response.chunk().await.unwrap(), Some(&b"hel"[..]));
        assert!(matches!(response.chunk().await, Err(Error::Receive { .. })));
        assert!(matches!(response.chunk().await, Err(Error::Answer { flaw: Flaw::Broken, .. })));
    });
}

#[test]
fn a_read_that_was_given_up_at_any_poll_loses_no_byte() {
    let body = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\nA: 1\r\n\r\n";
    let session = Session::new(Connector(World::new(vec![vec![R, Say(body.into())]], 1)));
    let mut response = finish(session.get("http://h/")).unwrap();
    let mut read = Vec::new();
    loop {
        // The future is dropped after a single poll, ready or not.
        let mut cx = Context::from_waker(Waker::noop());
        match pin!(response.chunk()).poll(&mut cx) {
            Poll::Pending => {}
            Poll::Ready(Ok(Some(chunk))) => read.extend_from_slice(chunk),
            Poll::Ready(Ok(None)) => break,
            Poll::Ready(Err(error)) => panic!("{error}"),
        }
    }
    assert_eq!(read, b"hello world");
    assert_eq!(response.trailers().unwrap()["a"], "1");
}

#[test]
fn clones_of_a_session_share_its_connections() {
    let world = World::new(vec![vec![R, Say(OK.into()), R, Say(OK.into())]], usize::MAX);
    let session = Session::new(Connector(world));
    for session in [session.clone(), session] {
        let body = finish(async { session.get("http://h/").await?.bytes(9).await });
        assert_eq!(body.unwrap(), b"hello");
    }
}

#[test]
fn a_stream_that_uses_the_session_while_it_is_dropped_finds_nothing_borrowed() {
    let scripts = vec![vec![R, Say(OK.into())]; MAX_IDLE_PER_ORIGIN + 1];
    let world = World::new(scripts, usize::MAX);
    let session = Session::new(Connector(world.clone()));
    let mut responses: Vec<_> =
        (0..=MAX_IDLE_PER_ORIGIN).map(|_| finish(session.get("http://h/")).unwrap()).collect();
    let (again, dropped) = (session.clone(), Rc::new(Cell::new(0)));
    let count = dropped.clone();
    World::on_drop(&world, move || {
        // Looks into the pool, which would panic if somebody held it.
        let _ = pin!(again.get("http://h/")).poll(&mut Context::from_waker(Waker::noop()));
        count.set(count.get() + 1);
    });
    for response in &mut responses {
        assert_eq!(finish(response.bytes(9)).unwrap(), b"hello");
    }
    assert_eq!(dropped.get(), 1, "the one too many was not closed");
}

#[test]
fn a_socket_is_quiet_until_the_server_speaks_or_closes() {
    for speaks in [true, false] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        assert!(blocking::is_quiet(&client));
        match speaks {
            true => server.write_all(b"x").unwrap(),
            false => drop(server),
        }
        // A blocking look waits until it has arrived.
        assert_eq!(client.peek(&mut [0]).unwrap(), usize::from(speaks));
        assert!(!blocking::is_quiet(&client));
    }
}
