//! Where a message ends: which body its head announces, and whether the connection outlives it.
//! `head.rs` supplies the head, `body.rs` acts on the answer.

use ::http::{HeaderMap, Method, StatusCode, Version, header};

use super::error::excerpt;
use super::{Flaw, RequestHead, ResponseHead};

/// How a body is delimited.
///
/// ```
/// use glassloop::http::{Framing, ResponseHead};
/// use http::Method;
///
/// let head = ResponseHead::parse(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n")?;
/// assert_eq!(Framing::of_response(&Method::GET, &head)?, Framing::Length(3));
/// assert_eq!(Framing::of_response(&Method::HEAD, &head)?, Framing::None);
/// # Ok::<(), glassloop::http::Flaw>(())
/// ```
// ANCHOR: framing
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    None,
    /// This many bytes.
    Length(u64),
    /// Chunks, each with its size, and trailers.
    Chunked,
    /// Everything until the connection is closed; only a response can do that.
    ToClose,
}
// ANCHOR_END: framing

impl Framing {
    /// Which body follows the head of a response to `method`.
    ///
    /// # Errors
    /// A [`Flaw`] when the headers contradict each other, even if no body follows.
    pub fn of_response(method: &Method, head: &ResponseHead) -> Result<Self, Flaw> {
        let announced = announced(head.version, &head.headers)?;
        let bodiless = method == Method::HEAD
            || head.status.is_informational()
            || matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        Ok(if bodiless { Framing::None } else { announced.unwrap_or(Framing::ToClose) })
    }

    /// Which body follows the head of a request.
    ///
    /// # Errors
    /// A [`Flaw`] when the headers contradict each other.
    pub fn of_request(head: &RequestHead) -> Result<Self, Flaw> {
        Ok(announced(head.version, &head.headers)?.unwrap_or(Framing::None))
    }
}

// ANCHOR: announced
/// Two readers that choose differently between two lengths see two different messages: that is request
/// smuggling. So what is not beyond doubt is an error.
fn announced(version: Version, headers: &HeaderMap) -> Result<Option<Framing>, Flaw> {
    let length = content_length(headers)?;
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else {
        return Ok(length.map(Framing::Length));
    };
    if length.is_some() {
        return Err(Flaw::LengthAndCoding);
    }
    if version == Version::HTTP_10 {
        return Err(Flaw::CodingInHttp10);
    }
    if codings.next().is_some() || !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked")
    {
        return Err(Flaw::Coding { value: excerpt(coding.as_bytes()) });
    }
    Ok(Some(Framing::Chunked))
}
// ANCHOR_END: announced

/// The Content-Length, if there is one. Repeating it is allowed only with the same number.
pub(super) fn content_length(headers: &HeaderMap) -> Result<Option<u64>, Flaw> {
    let mut length = None;
    for value in headers.get_all(header::CONTENT_LENGTH) {
        let second = decimal(value.as_bytes())
            .ok_or_else(|| Flaw::Length { value: excerpt(value.as_bytes()) })?;
        match length {
            Some(first) if first != second => return Err(Flaw::TwoLengths { first, second }),
            _ => length = Some(second),
        }
    }
    Ok(length)
}

// ANCHOR: decimal
/// Digits and nothing else: `str::parse` would take a `+`.
fn decimal(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii();
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}
// ANCHOR_END: decimal

/// Whether the sender of this head means to keep the connection: in HTTP/1.1 unless it says `close`, in
/// HTTP/1.0 only if it says `keep-alive`. `close` wins over `keep-alive`.
pub(super) fn keeps_alive(version: Version, headers: &HeaderMap) -> bool {
    let mut keeps = version == Version::HTTP_11;
    for value in headers.get_all(header::CONNECTION) {
        for token in value.as_bytes().split(|&byte| byte == b',').map(<[u8]>::trim_ascii) {
            if token.eq_ignore_ascii_case(b"close") {
                return false;
            }
            keeps |= token.eq_ignore_ascii_case(b"keep-alive");
        }
    }
    keeps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing(version: &str, headers: &str) -> Result<Framing, Flaw> {
        let head = format!("{version} 200 OK\r\n{headers}\r\n");
        Framing::of_response(&Method::GET, &ResponseHead::parse(head.as_bytes())?)
    }

    #[test]
    fn a_length_is_digits_and_nothing_else() {
        let parse = |value: &str| framing("HTTP/1.1", &format!("Content-Length: {value}\r\n"));
        assert_eq!(parse("5"), Ok(Framing::Length(5)));
        assert_eq!(parse("18446744073709551615"), Ok(Framing::Length(u64::MAX)));
        for odd in
            ["", "+5", "-5", "5, 6", "5, 5", "5 5", "0x5", "5.0", "18446744073709551616", "\u{b2}"]
        {
            assert!(matches!(parse(odd), Err(Flaw::Length { .. })), "{odd:?}");
        }
    }

    #[test]
    fn two_lengths_must_agree() {
        let two =
            |a, b| framing("HTTP/1.1", &format!("Content-Length: {a}\r\ncontent-length: {b}\r\n"));
        assert_eq!(two(5, 5), Ok(Framing::Length(5)));
        assert_eq!(two(5, 6), Err(Flaw::TwoLengths { first: 5, second: 6 }));
    }

    #[test]
    fn only_the_one_coding_chunked_is_known() {
        let coded = |value: &str| framing("HTTP/1.1", &format!("Transfer-Encoding: {value}\r\n"));
        assert_eq!(coded("chunked"), Ok(Framing::Chunked));
        assert_eq!(coded("Chunked"), Ok(Framing::Chunked));
        for odd in
            ["", "gzip", "gzip, chunked", "chunked, chunked", "chunked, identity", "xchunked"]
        {
            assert!(matches!(coded(odd), Err(Flaw::Coding { .. })), "{odd:?}");
        }
        let twice = "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n";
        assert!(matches!(framing("HTTP/1.1", twice), Err(Flaw::Coding { .. })));
        assert_eq!(
            framing("HTTP/1.0", "Transfer-Encoding: chunked\r\n"),
            Err(Flaw::CodingInHttp10)
        );
    }

    #[test]
    fn a_length_and_a_coding_together_are_refused() {
        let both = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n";
        assert_eq!(framing("HTTP/1.1", both), Err(Flaw::LengthAndCoding));
    }

    #[test]
    fn close_wins_and_http_1_0_must_ask_to_stay() {
        let keeps = |version, value: &str| {
            let mut headers = HeaderMap::new();
            headers.append(header::CONNECTION, value.parse().unwrap());
            keeps_alive(version, &headers)
        };
        assert!(keeps_alive(Version::HTTP_11, &HeaderMap::new()));
        assert!(!keeps_alive(Version::HTTP_10, &HeaderMap::new()));
        assert!(keeps(Version::HTTP_10, "Keep-Alive"));
        assert!(keeps(Version::HTTP_11, "closed"));
        assert!(!keeps(Version::HTTP_11, "foo , CLOSE"));
        assert!(!keeps(Version::HTTP_10, "keep-alive, close"));
    }
}
