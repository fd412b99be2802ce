//! Where a redirect leads: from a request and the response to it to the next request. Pure; `session.rs` and
//! `blocking.rs` send what comes out.

use ::http::{HeaderMap, Method, StatusCode, header};
use url::Url;

use super::request::without_credentials;
use super::{Error, Origin, Request, parse_url};

/// How many redirects are followed for one request.
pub const MAX_REDIRECTS: usize = 10;

/// The next request if `status` is a redirect (301, 302, 303, 307, 308), after `hops` redirects so far.
///
/// 303 turns every method but HEAD into GET, 301 and 302 turn POST into GET, 307 and 308 change nothing.
/// Authorization, Cookie, Proxy-Authorization and the URL's user name and password stay within the origin. The
/// fragment is inherited unless the new URL has its own.
///
/// ```
/// use glassloop::http::{Request, next_request};
/// use http::{HeaderMap, StatusCode, header};
///
/// let request = Request::get("http://example.org/a/b")?;
/// let mut headers = HeaderMap::new();
/// headers.insert(header::LOCATION, "../c".parse().unwrap());
/// let next = next_request(&request, StatusCode::FOUND, &headers, 0)?.unwrap();
/// assert_eq!(next.url.as_str(), "http://example.org/c");
/// # Ok::<(), glassloop::http::Error>(())
/// ```
///
/// # Errors
/// When there were [`MAX_REDIRECTS`] before it, when the Location is missing, repeated or no http URL, or when it
/// leads from https to http.
pub fn next_request(
    request: &Request,
    status: StatusCode,
    headers: &HeaderMap,
    hops: usize,
) -> Result<Option<Request>, Error> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let from = || Box::new(without_credentials(&request.url));
    if hops >= MAX_REDIRECTS {
        return Err(Error::TooManyRedirects { url: from(), limit: MAX_REDIRECTS });
    }
    let url = location(&request.url, status, headers)?;
    let (here, there) = (Origin::of(&request.url)?, Origin::of(&url)?);
    if here.is_https() && !there.is_https() {
        return Err(Error::Downgrade { from: from(), to: Box::new(url) });
    }

    let mut next = Request { url, ..request.clone() };
    if here == there {
        // These fail only for URLs without a host; this one has the host of the other.
        let _ = next.url.set_username(request.url.username());
        let _ = next.url.set_password(request.url.password());
    } else {
        for name in [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION] {
            next.headers.remove(name);
        }
    }
    let becomes_get = match status {
        StatusCode::SEE_OTHER => request.method != Method::HEAD,
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => request.method == Method::POST,
        _ => false,
    };
    if becomes_get {
        next.method = Method::GET;
        next.body.clear();
        for name in [
            header::CONTENT_TYPE,
            header::CONTENT_ENCODING,
            header::CONTENT_LANGUAGE,
            header::CONTENT_LOCATION,
        ] {
            next.headers.remove(name);
        }
    }
    Ok(Some(next))
}

/// The one URL that the Location headers name, without credentials: those a server puts there are not ours.
fn location(base: &Url, status: StatusCode, headers: &HeaderMap) -> Result<Url, Error> {
    let mut locations = headers.get_all(header::LOCATION).iter();
    let Some(value) = locations.next() else {
        return Err(Error::NoLocation { url: Box::new(without_credentials(base)), status });
    };
    let refuse = |why: String| Error::Location {
        url: Box::new(without_credentials(base)),
        location: String::from_utf8_lossy(value.as_bytes()).into_owned(),
        why,
    };
    if locations.any(|other| other != value) {
        return Err(refuse("there are two different Locations".to_owned()));
    }
    let text =
        str::from_utf8(value.as_bytes()).map_err(|_| refuse("it is not UTF-8".to_owned()))?;
    if text.trim().is_empty() {
        return Err(refuse("it is empty".to_owned()));
    }
    if text.chars().any(char::is_control) {
        return Err(refuse("it holds a control character".to_owned()));
    }
    let joined = base.join(text).map_err(|error| refuse(error.to_string()))?;
    let mut url = parse_url(joined.as_str()).map_err(|error| match error {
        Error::Url { why, .. } => refuse(why),
        other => other,
    })?;
    if url.fragment().is_none() {
        url.set_fragment(base.fragment());
    }
    Ok(without_credentials(&url))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(request: &Request, status: u16, location: &str) -> Result<Option<Request>, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, location.parse().unwrap());
        next_request(request, StatusCode::from_u16(status).unwrap(), &headers, 0)
    }

    fn followed(request: &Request, status: u16, location: &str) -> Request {
        follow(request, status, location).unwrap().unwrap()
    }

    fn with_secrets(url: &str) -> Request {
        let request = Request::get(url).unwrap();
        let request = request.header("Authorization", "Bearer x").unwrap();
        let request = request.header("Proxy-Authorization", "Basic x").unwrap();
        request.header("Cookie", "a=b").unwrap().header("X-Mine", "1").unwrap()
    }

    #[test]
    fn only_five_statuses_are_redirects() {
        let request = Request::get("http://h/").unwrap();
        for status in [200, 300, 304, 305, 306, 399, 404] {
            assert!(follow(&request, status, "/x").unwrap().is_none(), "{status}");
        }
    }

    #[test]
    fn each_status_has_its_rule_for_the_method() {
        let rows = [
            ("GET", "GET GET GET GET GET"),
            ("HEAD", "HEAD HEAD HEAD HEAD HEAD"),
            ("POST", "GET GET GET POST POST"),
            ("PUT", "PUT PUT GET PUT PUT"),
            ("DELETE", "DELETE DELETE GET DELETE DELETE"),
        ];
        for (method, expected) in rows {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let request = Request::new(method.clone(), parse_url("http://h/").unwrap()).body("b");
            let request = request.header("Content-Type", "text/plain").unwrap();
            for (status, expected) in [301, 302, 303, 307, 308].into_iter().zip(expected.split(' '))
            {
                let next = followed(&request, status, "/x");
                assert_eq!(next.method, expected, "{method} {status}");
                let kept = next.method == method && !(method == Method::GET && status == 303);
                assert_eq!(next.body.is_empty(), !kept, "{method} {status}");
                assert_eq!(
                    next.headers.contains_key(header::CONTENT_TYPE),
                    kept,
                    "{method} {status}"
                );
            }
        }
    }

    #[test]
    fn credentials_stay_within_scheme_host_and_port() {
        let request = with_secrets("http://u:p@h/a");
        for elsewhere in
            ["http://other/", "http://h:81/", "https://h/", "//sub.h/", "http://v:q@other/"]
        {
            let next = followed(&request, 307, elsewhere);
            assert_eq!(
                next.headers.keys().map(|name| name.as_str()).collect::<Vec<_>>(),
                ["x-mine"]
            );
            assert_eq!((next.url.username(), next.url.password()), ("", None), "{elsewhere}");
        }
    }

    #[test]
    fn credentials_are_kept_within_the_origin() {
        let request = with_secrets("http://u:p@h/a");
        for here in ["b", "/b", "http://h/b", "http://h:80/b", "//h/b", "http://someone:else@h/b"] {
            let next = followed(&request, 302, here);
            assert_eq!(next.url.as_str(), "http://u:p@h/b");
            assert_eq!(next.headers, request.headers);
        }
    }

    #[test]
    fn https_never_becomes_http() {
        let request = Request::get("https://h/").unwrap();
        assert!(matches!(follow(&request, 301, "http://h/"), Err(Error::Downgrade { .. })));
        assert_eq!(followed(&request, 301, "//other/").url.as_str(), "https://other/");
    }

    #[test]
    fn the_eleventh_redirect_is_an_error() {
        let request = Request::get("http://h/").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, "/".parse().unwrap());
        let hop = |hops| next_request(&request, StatusCode::FOUND, &headers, hops);
        assert!(hop(9).is_ok());
        assert!(matches!(hop(10), Err(Error::TooManyRedirects { limit: 10, .. })));
    }

    #[test]
    fn a_fragment_is_inherited_unless_the_location_has_one() {
        let request = Request::get("http://h/a#here").unwrap();
        assert_eq!(followed(&request, 302, "/b").url.as_str(), "http://h/b#here");
        assert_eq!(followed(&request, 302, "/b#there").url.as_str(), "http://h/b#there");
    }

    #[test]
    fn a_location_that_cannot_be_followed_is_an_error() {
        let request = Request::get("http://u:secret@h/").unwrap();
        for bad in [
            "",
            " ",
            "/a\tb",
            "ftp://h/",
            "javascript:alert(1)",
            "http://",
            "http://a b/",
            "http://h:99999/",
        ] {
            let error = follow(&request, 302, bad).unwrap_err();
            assert!(matches!(error, Error::Location { .. }), "{bad:?}: {error}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        let none = next_request(&request, StatusCode::FOUND, &HeaderMap::new(), 0);
        assert!(matches!(none, Err(Error::NoLocation { .. })));
        let mut two = HeaderMap::new();
        two.append(header::LOCATION, "/a".parse().unwrap());
        two.append(header::LOCATION, "/b".parse().unwrap());
        let two = next_request(&request, StatusCode::FOUND, &two, 0);
        assert!(matches!(two, Err(Error::Location { .. })));
    }
}
