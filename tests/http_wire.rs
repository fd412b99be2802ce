//! What is sent: nothing a caller passes can split a request, and a response says how it ends.

use glassloop::http::{
    Error, Event, Exchange, Framing, LAST_CHUNK, Request, RequestEvent, RequestHead, Requests,
    ResponseHead, parse_url, put_chunk,
};
use http::{HeaderMap, Method, StatusCode, header};

fn wire(request: &Request) -> String {
    String::from_utf8(request.encode().unwrap()).unwrap()
}

#[test]
fn a_plain_request_is_these_bytes() {
    let request = Request::get("http://example.org/a/b?c=d&e#f").unwrap();
    let agent = concat!("glassloop/", env!("CARGO_PKG_VERSION"));
    let expected = format!(
        "GET /a/b?c=d&e HTTP/1.1\r\nhost: example.org\r\nuser-agent: {agent}\r\naccept: */*\r\n\r\n"
    );
    assert_eq!(wire(&request), expected);
}

#[test]
fn what_is_sent_is_a_request_that_our_own_server_side_accepts() {
    let url = parse_url("http://u:p@[::1]:8000/a b?\u{fc}=1#x").unwrap();
    let request = Request::new(Method::POST, url).body("hello").header("X-Y", "z").unwrap();
    let bytes = request.encode().unwrap();
    let mut requests = Requests::default();
    let (consumed, event) = requests.step(&bytes).unwrap();
    let Some(RequestEvent::Head(head)) = event else { panic!("{event:?}") };
    assert_eq!(head.target, "/a%20b?%C3%BC=1");
    assert_eq!(head.headers[header::HOST], "[::1]:8000");
    assert_eq!(head.headers[header::AUTHORIZATION], "Basic dTpw");
    assert_eq!(head.headers[header::CONTENT_LENGTH], "5");
    let (_, event) = requests.step(&bytes[consumed..]).unwrap();
    assert_eq!(event, Some(RequestEvent::Data(0..5)));
}

#[test]
fn the_host_has_a_port_only_if_it_is_not_the_scheme_s_own() {
    let host = |url: &str| {
        let wire = wire(&Request::get(url).unwrap());
        wire.lines().find_map(|line| line.strip_prefix("host: ").map(str::to_owned)).unwrap()
    };
    assert_eq!(host("http://h:80/"), "h");
    assert_eq!(host("http://h:443/"), "h:443");
    assert_eq!(host("https://h:443/"), "h");
    assert_eq!(host("http://[2001:DB8::1]/"), "[2001:db8::1]");
    assert_eq!(host("http://user:secret@h/"), "h");
}

#[test]
fn a_control_character_in_a_url_is_refused() {
    for control in ["\r", "\n", "\r\n", "\0", "\t", "\u{1}", "\u{7f}", "\u{85}"] {
        let places = [
            "http://h/a{}b",
            "http://h{}/",
            "ht{}tp://h/",
            "http://h/?a{}b",
            "{}http://h/",
            "http://h/{}",
        ];
        for place in places {
            let url = place.replace("{}", control);
            assert!(matches!(parse_url(&url), Err(Error::Url { .. })), "{url:?}");
            assert!(matches!(Request::get(&url), Err(Error::Url { .. })), "{url:?}");
        }
    }
}

#[test]
fn text_that_is_no_http_url_is_refused_with_what_to_do() {
    let rows = [
        ("example.org/a", "http:// or https://"),
        ("", "http:// or https://"),
        ("ftp://h/", "http:// or https://"),
        ("file:///etc/passwd", "http:// or https://"),
        ("http://", "correct it"),
        ("http://h:99999/", "correct it"),
        ("http://a b/", "correct it"),
        ("http://h/\r\nX: 1", "remove it"),
    ];
    for (text, advice) in rows {
        let error = parse_url(text).unwrap_err().to_string();
        assert!(error.contains(advice), "{text:?}: {error}");
        assert!(!error.contains(['\r', '\n']), "{error:?}");
    }
}

#[test]
fn percent_encoded_line_ends_stay_encoded() {
    let wire = wire(&Request::get("http://h/%0d%0aX:%201?%0A%00").unwrap());
    assert!(wire.starts_with("GET /%0d%0aX:%201?%0A%00 HTTP/1.1\r\n"), "{wire}");
}

#[test]
fn a_header_cannot_split_a_request() {
    for (name, value) in [
        ("X", "a\r\nY: b"),
        ("X", "a\nb"),
        ("X", "a\rb"),
        ("X", "a\0b"),
        ("X\r\nY", "a"),
        ("X Y", "a"),
        ("X:", "a"),
        ("", "a"),
    ] {
        let refused = Request::get("http://h/").unwrap().header(name, value);
        assert!(matches!(refused, Err(Error::Header { .. })), "{name:?}: {value:?}");
    }
}

#[test]
fn a_header_that_frames_the_request_is_refused() {
    for name in ["Host", "content-length", "Transfer-Encoding"] {
        let request = Request::get("http://h/").unwrap().header(name, "5").unwrap();
        assert!(matches!(request.encode(), Err(Error::ReservedHeader { .. })), "{name}");
    }
    let tunnel = Request::new(Method::CONNECT, parse_url("http://h/").unwrap());
    assert!(matches!(tunnel.encode(), Err(Error::Tunnel)));
}

#[test]
fn credentials_of_the_url_become_basic_authorization_and_show_nowhere_else() {
    let request = Request::get("http://Aladdin:open%20sesame@h/").unwrap();
    assert!(wire(&request).contains("authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
    assert!(!wire(&request).contains("sesame"));
    assert!(!format!("{request:?}").contains("sesame"));
    let request = request.header("Authorization", "Bearer mine").unwrap();
    assert_eq!(wire(&request).matches("uthorization").count(), 1);
    for odd in ["http://a%0d%0ab:c@h/", "http://a:%00@h/", "http://a%3Ab:c@h/"] {
        let error = Request::get(odd).unwrap().encode().unwrap_err();
        assert!(matches!(error, Error::Credentials { .. }), "{odd}");
    }
}

#[test]
fn a_length_is_sent_with_a_body_and_with_methods_that_expect_one() {
    let url = || parse_url("http://h/").unwrap();
    assert!(!wire(&Request::new(Method::GET, url())).contains("content-length"));
    assert!(!wire(&Request::new(Method::DELETE, url())).contains("content-length"));
    assert!(wire(&Request::new(Method::POST, url())).contains("content-length: 0\r\n"));
    let put = wire(&Request::new(Method::PUT, url()).body("abc"));
    assert!(put.contains("content-length: 3\r\n") && put.ends_with("\r\n\r\nabc"), "{put}");
}

// ── The server's side ───────────────────────────────────────────────────────────────────────────────────────

fn request(text: &str) -> RequestHead {
    RequestHead::parse(text.as_bytes()).unwrap()
}

#[test]
fn a_response_says_whether_the_connection_stays_open() {
    let stays = |head: &str, framing, close| {
        let (bytes, stays) =
            request(head).respond(StatusCode::OK, &HeaderMap::new(), framing, close);
        let said = ResponseHead::parse(&bytes).unwrap().headers[header::CONNECTION].clone();
        assert_eq!(said, if stays { "keep-alive" } else { "close" });
        stays
    };
    let new = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    let (old, old_stays) =
        ("GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert!(stays(new, Framing::Length(5), false));
    assert!(stays(new, Framing::Chunked, false));
    assert!(!stays(new, Framing::Length(5), true));
    assert!(!stays(new, Framing::ToClose, false));
    assert!(!stays(old, Framing::Length(5), false));
    assert!(stays(old_stays, Framing::Length(5), false));
    assert!(!stays(old_stays, request(old_stays).framing_for(None), false));
    assert!(!stays(
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        Framing::Length(5),
        false
    ));
}

#[test]
fn a_response_is_framed_once_whatever_the_headers_say() {
    let mut headers = HeaderMap::new();
    for (name, value) in
        [("content-length", "7"), ("transfer-encoding", "gzip"), ("connection", "x"), ("x", "y")]
    {
        headers.append(name, value.parse().unwrap());
    }
    let get = request("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let (bytes, _) = get.respond(StatusCode::OK, &headers, Framing::Chunked, false);
    let head = ResponseHead::parse(&bytes).unwrap();
    assert_eq!(Framing::of_response(&Method::GET, &head), Ok(Framing::Chunked));
    assert_eq!(head.headers["x"], "y");
    let (bytes, _) = get.respond(StatusCode::NO_CONTENT, &headers, Framing::Length(0), false);
    assert!(!ResponseHead::parse(&bytes).unwrap().headers.contains_key(header::CONTENT_LENGTH));
}

#[test]
fn a_chunked_body_comes_out_as_it_went_in() {
    let get = request("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    let (mut bytes, _) =
        get.respond(StatusCode::OK, &HeaderMap::new(), get.framing_for(None), false);
    for piece in [&b"hello"[..], b"", &[b'x'; 300], b"\r\n0\r\n"] {
        put_chunk(&mut bytes, piece);
    }
    bytes.extend_from_slice(LAST_CHUNK);

    let mut exchange = Exchange::new(&Request::get("http://h/").unwrap());
    let (mut rest, mut body) = (&bytes[..], Vec::new());
    loop {
        let (consumed, event) = exchange.step(rest).unwrap();
        match event {
            Some(Event::Data(data)) => body.extend_from_slice(&rest[data]),
            Some(Event::End) => break,
            Some(Event::Head(_)) => {}
            None => panic!("cut off"),
        }
        rest = &rest[consumed..];
    }
    assert_eq!(body, [&b"hello"[..], &[b'x'; 300], b"\r\n0\r\n"].concat());
}

#[test]
fn a_refused_request_is_answered_and_the_connection_ends() {
    let refusal = Requests::default().step(b"GET / HTTP/3.0\r\nHost: h\r\n\r\n").unwrap_err();
    let response = String::from_utf8(refusal.response()).unwrap();
    assert!(response.starts_with("HTTP/1.1 505 HTTP Version Not Supported\r\n"), "{response}");
    assert!(response.contains("connection: close\r\n"), "{response}");
}

#[test]
fn the_path_of_a_target_is_found_in_each_of_its_forms() {
    let rows = [
        ("/a/b?c?d", "/a/b", Some("c?d")),
        ("/a?u=http://h/b", "/a", Some("u=http://h/b")),
        ("http://h/a?b", "/a", Some("b")),
        ("http://h", "/", None),
        ("http://h?b", "/", Some("b")),
        ("//h/a", "//h/a", None),
    ];
    for (target, path, query) in rows {
        let head = request(&format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n"));
        assert_eq!((head.path(), head.query()), (path, query), "{target}");
    }
}
