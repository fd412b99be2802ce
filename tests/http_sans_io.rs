//! What the bytes mean cannot depend on how they were split, and what is in doubt is an error.

use glassloop::http::{
    Event, Exchange, Flaw, MAX_FIRST_LINE, MAX_HEAD, MAX_HEADERS, MAX_TRAILERS, Request,
    RequestEvent, Requests,
};

/// What came of a response: status, body, trailers, whether the connection is clean; or the flaw.
type Outcome = Result<(u16, Vec<u8>, usize, bool), Flaw>;

/// Feeds the pieces as reads would bring them, then the end of the connection.
fn feed<'a>(request: &Request, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut exchange = Exchange::new(request);
    let mut pieces = pieces.into_iter();
    let (mut unread, mut status, mut body) = (Vec::new(), 0, Vec::new());
    loop {
        let (consumed, event) = exchange.step(&unread)?;
        match event {
            Some(Event::Head(head)) => {
                assert_eq!(status, 0, "a second head");
                status = head.status.as_u16();
            }
            Some(Event::Data(data)) => {
                assert!(data.end <= consumed, "data that is kept would come twice");
                body.extend_from_slice(&unread[data]);
            }
            Some(Event::End) => {
                unread.drain(..consumed);
                unread.extend(pieces.flatten());
                let trailers = exchange.trailers().map_or(0, |trailers| trailers.len());
                return Ok((status, body, trailers, exchange.is_reusable(&unread)));
            }
            None => match pieces.next() {
                Some(piece) => {
                    unread.drain(..consumed);
                    unread.extend_from_slice(piece);
                    continue;
                }
                None => exchange.eof(&unread[consumed..]),
            },
        }
        unread.drain(..consumed);
    }
}

/// The outcome of a response that arrives at once; checks that every other way to arrive gives the same.
fn outcome(request: &Request, response: &[u8]) -> Outcome {
    let whole = feed(request, [response]);
    assert_eq!(feed(request, response.chunks(1)), whole, "byte by byte: {response:?}");
    if response.len() < 1000 {
        for at in 0..=response.len() {
            let (front, back) = response.split_at(at);
            assert_eq!(feed(request, [front, back]), whole, "split at {at}: {response:?}");
        }
    }
    whole
}

fn get(response: &str) -> Outcome {
    outcome(&Request::get("http://h/").unwrap(), response.as_bytes())
}

fn head(response: &str) -> Outcome {
    outcome(&Request::head("http://h/").unwrap(), response.as_bytes())
}

fn ok(status: u16, body: &str, reusable: bool) -> Outcome {
    Ok((status, body.as_bytes().to_vec(), 0, reusable))
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

fn chunked(body: &str) -> Outcome {
    get(&format!("{CHUNKED}{body}"))
}

#[test]
fn every_kind_of_body_is_read_however_it_is_split() {
    let rows = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", ok(200, "hello", true)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ok(200, "", true)),
        ("HTTP/1.1 200\r\ncontent-LENGTH:5\r\n\r\nhello", ok(200, "hello", true)),
        ("HTTP/1.1 200 \r\nContent-Length: \t 5 \r\n\r\nhello", ok(200, "hello", true)),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", ok(404, "no", true)),
        ("HTTP/1.1 200 OK\r\n\r\nuntil the end", ok(200, "until the end", false)),
        ("HTTP/1.0 200 OK\r\n\r\nold", ok(200, "old", false)),
        ("HTTP/1.1 200 OK\r\nX: \u{fc}\r\nContent-Length: 1\r\n\r\nx", ok(200, "x", true)),
    ];
    for (response, expected) in rows {
        assert_eq!(get(response), expected, "{response:?}");
    }
}

#[test]
fn chunks_are_read_however_they_are_split() {
    let rows = [
        ("0\r\n\r\n", ok(200, "", true)),
        ("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", ok(200, "abcde", true)),
        ("00000000000000000000A\r\n0123456789\r\n000\r\n\r\n", ok(200, "0123456789", true)),
        ("3;name=value;\"quoted\"\r\nabc\r\n0;last\r\n\r\n", ok(200, "abc", true)),
        ("3  \r\nabc\r\n0 ;x\r\n\r\n", ok(200, "abc", true)),
        ("2\r\n\r\n\r\n0\r\n\r\n", ok(200, "\r\n", true)),
        ("1\r\nx\r\n0\r\nA: 1\r\nB: 2\r\n\r\n", Ok((200, b"x".to_vec(), 2, true))),
    ];
    for (body, expected) in rows {
        assert_eq!(chunked(body), expected, "{body:?}");
    }
}

#[test]
fn a_response_without_a_body_ends_with_its_head_whatever_it_announces() {
    for status in ["204 No Content", "304 Not Modified"] {
        let response = format!("HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\n");
        assert_eq!(get(&response), ok(status[..3].parse().unwrap(), "", true));
    }
    assert_eq!(head("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), ok(200, "", true));
    assert_eq!(head("HTTP/1.1 200 OK\r\n\r\n"), ok(200, "", true));
    assert_eq!(head(CHUNKED), ok(200, "", true));
}

#[test]
fn bytes_after_the_end_make_the_connection_unfit_for_reuse() {
    assert_eq!(get("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc"), ok(200, "ab", false));
    assert_eq!(get("HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nab"), ok(204, "", false));
    assert_eq!(head("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"), ok(200, "", false));
    assert_eq!(chunked("0\r\n\r\nHTTP/1.1 200 OK\r\n"), ok(200, "", false));
}

#[test]
fn a_connection_is_kept_only_when_both_sides_mean_to() {
    let with = |version: &str, connection: &str| {
        let head = format!(
            "HTTP/{version} 200 OK\r\nContent-Length: 0\r\nConnection: {connection}\r\n\r\n"
        );
        get(&head).unwrap().3
    };
    assert!(with("1.1", "keep-alive"));
    assert!(!with("1.1", "Close"));
    assert!(with("1.0", "Keep-Alive"));
    assert!(!with("1.0", "x"));
    let closing = Request::get("http://h/").unwrap().header("Connection", "close").unwrap();
    assert!(!outcome(&closing, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap().3);
}

#[test]
fn interim_responses_are_skipped_but_not_for_ever_and_101_is_refused() {
    const END: &str = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
    let interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: close\r\n\r\n";
    assert_eq!(get(&format!("HTTP/1.1 100 Continue\r\n\r\n{interim}{END}")), ok(200, "x", true));
    assert_eq!(get(&format!("{}{END}", interim.repeat(16))), ok(200, "x", true));
    assert_eq!(
        get(&format!("{}{END}", interim.repeat(17))),
        Err(Flaw::TooManyInterim { limit: 16 })
    );
    assert_eq!(get("HTTP/1.1 101 Switching Protocols\r\n\r\n"), Err(Flaw::Upgrade));
    assert_eq!(get(interim), Err(Flaw::TruncatedHead));
}

#[test]
fn a_body_shorter_than_promised_is_an_error() {
    let promised = "HTTP/1.1 200 OK\r\nContent-Length: 125\r\n\r\n";
    let truncated = get(&format!("{promised}hello")).unwrap_err();
    assert_eq!(truncated, Flaw::TruncatedBody { missing: 120 });
    let huge = "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\nx";
    assert_eq!(get(huge), Err(Flaw::TruncatedBody { missing: u64::MAX - 1 }));
}

#[test]
fn every_prefix_of_a_delimited_response_is_an_error() {
    let request = Request::get("http://h/").unwrap();
    let body = "3;x=y\r\nabc\r\n0\r\nTrailer: 1\r\n\r\n";
    let length = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc".to_owned();
    for response in [format!("{CHUNKED}{body}"), length] {
        let bytes = response.as_bytes();
        assert!(feed(&request, [bytes]).is_ok());
        assert_eq!(feed(&request, []), Err(Flaw::NoAnswer));
        for end in 1..bytes.len() {
            let flaw = feed(&request, [&bytes[..end]]).unwrap_err();
            let truncated = matches!(
                flaw,
                Flaw::TruncatedHead | Flaw::TruncatedBody { .. } | Flaw::TruncatedChunks
            );
            assert!(truncated, "{end}: {flaw:?}");
        }
    }
}

#[test]
fn a_malformed_chunk_is_an_error() {
    let sizes =
        ["\r\n", ";x\r\n", " 3\r\n", "x\r\n", "-1\r\n", "+3\r\n", "0x3\r\n", "3 3\r\n", "3,\r\n"];
    for size in sizes.into_iter().chain(["10000000000000000\r\n", "fffffffffffffffff\r\n"]) {
        assert_eq!(chunked(&format!("{size}abc\r\n0\r\n\r\n")), Err(Flaw::ChunkSize), "{size:?}");
    }
    assert_eq!(chunked("ffffffffffffffff\r\nabc"), Err(Flaw::TruncatedChunks));
    for end in ["abcd\r\n", "abc\n", "abc0\r\n", "abc\rx", "abc3\r\nabc"] {
        assert_eq!(chunked(&format!("3\r\n{end}0\r\n\r\n")), Err(Flaw::ChunkEnd), "{end:?}");
    }
    for line_end in ["3;x\nabc", "3;x\rabc", "3\rabc"] {
        assert_eq!(chunked(line_end), Err(Flaw::BareLineEnd), "{line_end:?}");
    }
    assert_eq!(chunked("3\nabc"), Err(Flaw::ChunkSize));
    for trailer in ["0\r\nA: 1\n\r\n", "0\r\n\n"] {
        assert_eq!(chunked(trailer), Err(Flaw::BareLineEnd), "{trailer:?}");
    }
    for trailer in
        ["0\r\nA\r\n\r\n", "0\r\n A: 1\r\n\r\n", "0\r\nA : 1\r\n\r\n", "0\r\nA: \0\r\n\r\n"]
    {
        assert!(matches!(chunked(trailer), Err(Flaw::Head { .. })), "{trailer:?}");
    }
}

#[test]
fn a_chunk_line_or_trailers_over_the_limit_are_an_error() {
    let long = "x".repeat(5000);
    assert!(matches!(chunked(&format!("3;{long}\r\n")), Err(Flaw::ChunkLineTooLong { .. })));
    let zeros = "0".repeat(5000);
    assert!(matches!(chunked(&format!("{zeros}\r\n\r\n")), Err(Flaw::ChunkLineTooLong { .. })));
    let trailers = format!("0\r\nA: {}\r\n\r\n", "x".repeat(MAX_TRAILERS));
    assert_eq!(chunked(&trailers), Err(Flaw::HeadTooLarge { limit: MAX_TRAILERS }));
    let many = format!("0\r\n{}\r\n", "A: 1\r\n".repeat(MAX_HEADERS + 1));
    assert_eq!(chunked(&many), Err(Flaw::TooManyHeaders { limit: MAX_HEADERS }));
}

#[test]
fn what_leaves_the_end_of_a_message_in_doubt_is_an_error() {
    let with = |headers: &str| get(&format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\nhello"));
    assert_eq!(with("Content-Length: 5\r\nTransfer-Encoding: chunked"), Err(Flaw::LengthAndCoding));
    assert_eq!(with("Transfer-Encoding: chunked\r\nContent-Length: 5"), Err(Flaw::LengthAndCoding));
    let two = Flaw::TwoLengths { first: 5, second: 6 };
    assert_eq!(with("Content-Length: 5\r\nContent-Length: 6"), Err(two));
    for odd in ["+5", "-5", "5, 6", "", "5 ,", "1e3", "99999999999999999999"] {
        let flaw = with(&format!("Content-Length: {odd}")).unwrap_err();
        assert!(matches!(flaw, Flaw::Length { .. }), "{odd:?}: {flaw:?}");
    }
    assert!(matches!(with("Transfer-Encoding: gzip"), Err(Flaw::Coding { .. })));
    let old = "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(get(old), Err(Flaw::CodingInHttp10));
}

#[test]
fn a_malformed_head_is_an_error() {
    let lines = [
        "Content-Length : 5",
        " Content-Length: 5",
        "A: 1\r\n folded: 2",
        "A: 1\r\n\tfolded",
        "A B: 1",
        ": 1",
        "no colon",
        "A: \0",
        "A: \u{7f}",
        "A: \u{8}",
    ];
    for line in lines {
        let flaw = get(&format!("HTTP/1.1 200 OK\r\n{line}\r\n\r\n")).unwrap_err();
        assert!(matches!(flaw, Flaw::Head { .. }), "{line:?}: {flaw:?}");
    }
    for head in [
        "HTTP/1.1 200 OK\nA: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: 1\rB: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\r\n",
    ] {
        assert_eq!(get(head), Err(Flaw::BareLineEnd), "{head:?}");
    }
    for start in [
        "SSH-2.0-OpenSSH\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "http/1.1 200 OK\r\n\r\n",
        "ICY 200\r\n",
    ] {
        assert!(matches!(get(start), Err(Flaw::NotHttp { .. })), "{start:?}");
    }
    for tls in ["\x15\x03\x03\0\x02\x02\x0a", "\x16\x03\x01"] {
        assert_eq!(get(tls), Err(Flaw::Tls));
    }
    for version in ["HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/1"] {
        let flaw = get(&format!("{version} 200 OK\r\n\r\n")).unwrap_err();
        assert!(matches!(flaw, Flaw::Version | Flaw::Head { .. }), "{version}: {flaw:?}");
    }
    for status in ["099", "20", "2000", "abc", "-20", ""] {
        let flaw = get(&format!("HTTP/1.1 {status} X\r\n\r\n")).unwrap_err();
        assert!(matches!(flaw, Flaw::Head { .. }), "{status:?}: {flaw:?}");
    }
}

#[test]
fn a_head_over_the_limits_is_an_error_and_one_within_them_is_not() {
    let headers = |count: usize| format!("HTTP/1.1 204 X\r\n{}\r\n", "A: 1\r\n".repeat(count));
    assert_eq!(get(&headers(MAX_HEADERS)), ok(204, "", true));
    assert_eq!(get(&headers(MAX_HEADERS + 1)), Err(Flaw::TooManyHeaders { limit: MAX_HEADERS }));

    let sized = |size: usize| {
        let frame = "HTTP/1.1 204 X\r\nA: \r\n\r\n".len();
        format!("HTTP/1.1 204 X\r\nA: {}\r\n\r\n", "x".repeat(size - frame))
    };
    assert_eq!(get(&sized(MAX_HEAD)), ok(204, "", true));
    assert_eq!(get(&sized(MAX_HEAD + 1)), Err(Flaw::HeadTooLarge { limit: MAX_HEAD }));
    let endless = "HTTP/1.1 200 OK\r\n".to_owned() + &"A: 1\r\n".repeat(20_000);
    assert_eq!(get(&endless), Err(Flaw::HeadTooLarge { limit: MAX_HEAD }));
}

#[test]
fn after_an_error_there_is_nothing_but_the_same_error() {
    let mut exchange = Exchange::new(&Request::get("http://h/").unwrap());
    assert_eq!(exchange.step(b"HTTP/1.1 200 OK\n"), Err(Flaw::BareLineEnd));
    assert_eq!(exchange.step(b"HTTP/1.1 204 OK\r\n\r\n"), Err(Flaw::BareLineEnd));
    exchange.eof(b"");
    assert_eq!(exchange.step(b""), Err(Flaw::BareLineEnd));
    assert!(!exchange.is_reusable(b""));
}

// ── The server's side ───────────────────────────────────────────────────────────────────────────────────────

/// The targets and bodies of the requests in these bytes, or the status to refuse them with.
fn serve<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<(String, Vec<u8>)>, u16> {
    let mut requests = Requests::default();
    let (mut unread, mut served) = (Vec::new(), Vec::<(String, Vec<u8>)>::new());
    let mut ended = 0;
    let mut pieces = pieces.into_iter();
    loop {
        let (consumed, event) =
            requests.step(&unread).map_err(|refusal| refusal.status.as_u16())?;
        match event {
            Some(RequestEvent::Head(head)) => served.push((head.target, Vec::new())),
            Some(RequestEvent::Data(data)) => {
                served.last_mut().unwrap().1.extend_from_slice(&unread[data]);
            }
            Some(RequestEvent::End) => ended += 1,
            None => match pieces.next() {
                Some(piece) => {
                    unread.drain(..consumed);
                    unread.extend_from_slice(piece);
                    continue;
                }
                None => {
                    let whole = requests.eof(&unread[consumed..]);
                    assert!(whole.is_err() || ended == served.len(), "a request without an end");
                    return whole.map(|()| served).map_err(|_| 0);
                }
            },
        }
        unread.drain(..consumed);
    }
}

fn served(bytes: &str) -> Result<Vec<(String, Vec<u8>)>, u16> {
    let bytes = bytes.as_bytes();
    let whole = serve([bytes]);
    assert_eq!(serve(bytes.chunks(1)), whole, "byte by byte");
    if bytes.len() < 1000 {
        for at in 0..=bytes.len() {
            assert_eq!(serve([&bytes[..at], &bytes[at..]]), whole, "split at {at}");
        }
    }
    whole
}

#[test]
fn pipelined_requests_are_read_one_after_another() {
    let bytes = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n\
        POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc\r\n\
        POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n\
        OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n\
        GET http://h/d HTTP/1.0\r\n\r\n";
    let expected = [("/a", ""), ("/b", "abc"), ("/c", "de"), ("*", ""), ("http://h/d", "")];
    let expected = expected.map(|(target, body)| (target.to_owned(), body.as_bytes().to_vec()));
    assert_eq!(served(bytes), Ok(expected.to_vec()));
}

#[test]
fn a_request_that_could_smuggle_another_is_refused() {
    let headers = [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5, 5",
        "Content-Length: +5",
        "Content-Length : 5",
        "Transfer-Encoding : chunked",
        "X: 1\r\n Content-Length: 5",
        "X: 1\rContent-Length: 5",
        "X: 1\nContent-Length: 5",
        "Host: again",
    ];
    for header in headers {
        let request = format!("POST / HTTP/1.1\r\nHost: h\r\n{header}\r\n\r\nhello");
        assert_eq!(served(&request), Err(400), "{header:?}");
    }
    let old = "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    assert_eq!(served(old), Err(400));
}

#[test]
fn each_refusal_has_its_status() {
    let with = |line: &str| served(&format!("{line}\r\nHost: h\r\n\r\n"));
    assert_eq!(with("GET / HTTP/1.1"), Ok(vec![("/".to_owned(), Vec::new())]));
    assert_eq!(served("GET / HTTP/1.1\r\n\r\n"), Err(400));
    assert_eq!(served("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), Err(400));
    for line in [
        "GET  / HTTP/1.1",
        "GET /a b HTTP/1.1",
        "GET a HTTP/1.1",
        "GET * HTTP/1.1",
        "G@T / HTTP/1.1",
    ] {
        assert_eq!(with(line), Err(400), "{line}");
    }
    assert_eq!(with("GET /\u{fc} HTTP/1.1"), Err(400));
    assert_eq!(with("CONNECT h:80 HTTP/1.1"), Err(501));
    assert_eq!(with("GET / HTTP/2.0"), Err(505));
    assert_eq!(with(&format!("GET /{} HTTP/1.1", "a".repeat(MAX_FIRST_LINE))), Err(414));
    assert_eq!(with(&format!("GET / HTTP/1.1\r\n{}", "A: 1\r\n".repeat(MAX_HEADERS))), Err(400));
    let headers = "A: 1\r\n".repeat(MAX_HEADERS);
    assert_eq!(served(&format!("GET / HTTP/1.1\r\nHost: h\r\n{headers}\r\n")), Err(431));
    let large = "x".repeat(MAX_HEAD);
    assert_eq!(served(&format!("GET / HTTP/1.1\r\nHost: h\r\nA: {large}\r\n\r\n")), Err(431));
    let gzip = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n";
    assert_eq!(served(gzip), Err(501));
    assert_eq!(served("GET / HTT"), Err(0));
    assert_eq!(served(&"\r\n".repeat(100)), Err(400));
}
