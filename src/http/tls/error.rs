//! What can go wrong with TLS, in sentences that say what to do. rustls says what happened.

use std::io;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage};

/// Why a TLS connection did not come about or broke. It is inside the `io::Error`: ask
/// [`get_ref`](io::Error::get_ref).
///
/// ```
/// use glassloop::http::TlsError;
///
/// let error = TlsError::Expired { ago: "3 days".into() };
/// assert!(error.to_string().starts_with("the server's certificate expired 3 days ago"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // each variant's text is its documentation
pub enum TlsError {
    #[error(
        "the server's certificate expired {ago} ago: whoever runs the server has to renew it, or this \
         machine's clock is wrong"
    )]
    Expired { ago: String },
    #[error(
        "the server's certificate is valid only in {left}: see whether this machine's clock is right"
    )]
    NotYetValid { left: String },
    #[error("the server's certificate is for {names}, not for {host}: check the address")]
    OtherHost { names: String, host: String },
    #[error(
        "the server's certificate is signed by nobody who is trusted here: if you trust it all the same, \
         give the certificate of its signer (--cacert FILE)"
    )]
    Untrusted,
    #[error(
        "the server's certificate is one for signing others, not for servers: whoever runs the server \
         has to make one without CA:TRUE"
    )]
    Authority,
    #[error("the server's certificate cannot be accepted: {why}")]
    Certificate { why: String },
    #[error("the server does not speak TLS on this port: write http:// if that is what you want")]
    NotTls,
    #[error(
        "the server closed the connection during the TLS handshake: see whether this is a port for https"
    )]
    ClosedInHandshake,
    #[error(
        "the server wants a certificate of ours, and there is none to give: ask who runs it for another way in"
    )]
    ClientCertificate,
    #[error("the server refuses this TLS connection ({alert}): see whether the host name is right")]
    Refused { alert: String },
    #[error(
        "the connection was closed without the close_notify of TLS, so the end may be missing: try again, \
         and if that stays, tell who runs the server"
    )]
    Truncated,
    #[error("the host {host:?} cannot stand in a certificate: use its name as it is registered")]
    Name { host: String },
    #[error(
        "this system has no list of trusted certificates: install it (ca-certificates), or give one \
         (--cacert FILE)"
    )]
    NoRoots,
    #[error("TLS failed: {why}")]
    Other { why: String },
}

impl From<Error> for TlsError {
    fn from(error: Error) -> Self {
        match error {
            Error::InvalidCertificate(error) => certificate(error),
            Error::InvalidMessage(InvalidMessage::InvalidContentType) => Self::NotTls,
            Error::AlertReceived(alert) => refused(alert),
            error => Self::Other { why: error.to_string() },
        }
    }
}

fn certificate(error: CertificateError) -> TlsError {
    use CertificateError as Its;
    match error {
        Its::ExpiredContext { time, not_after } => {
            let ago = time.as_secs().saturating_sub(not_after.as_secs());
            TlsError::Expired { ago: span(ago) }
        }
        Its::NotValidYetContext { time, not_before } => {
            let left = not_before.as_secs().saturating_sub(time.as_secs());
            TlsError::NotYetValid { left: span(left) }
        }
        Its::NotValidForNameContext { expected, presented } => {
            let names: Vec<_> = presented.iter().map(|name| bare(name)).collect();
            let names = if names.is_empty() { "no host".to_owned() } else { names.join(", ") };
            TlsError::OtherHost { names, host: expected.to_str().into_owned() }
        }
        // A bad signature: its signer has the name of one who is trusted, and another key.
        Its::UnknownIssuer | Its::BadSignature => TlsError::Untrusted,
        // Of what has no variant in rustls, there is only the text.
        Its::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            TlsError::Authority
        }
        error => TlsError::Certificate { why: error.to_string() },
    }
}

fn refused(alert: AlertDescription) -> TlsError {
    match alert {
        AlertDescription::CertificateRequired => TlsError::ClientCertificate,
        alert => TlsError::Refused { alert: format!("{alert:?}") },
    }
}

impl From<TlsError> for io::Error {
    fn from(error: TlsError) -> Self {
        let kind = match error {
            // The server may have been restarted just then: another attempt may help.
            TlsError::ClosedInHandshake | TlsError::Truncated => io::ErrorKind::UnexpectedEof,
            TlsError::Name { .. } => io::ErrorKind::InvalidInput,
            _ => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, error)
    }
}

/// An error of the handshake, explained.
pub(super) fn in_handshake(error: io::Error) -> io::Error {
    explain(error, TlsError::ClosedInHandshake)
}

/// An error after the handshake, explained.
pub(super) fn in_stream(error: io::Error) -> io::Error {
    explain(error, TlsError::Truncated)
}

/// Errors of the stream below stay what they are.
fn explain(error: io::Error, end: TlsError) -> io::Error {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match tls {
        Some(tls) => TlsError::from(tls.clone()).into(),
        None if error.kind() == io::ErrorKind::UnexpectedEof => end.into(),
        None => error,
    }
}

/// `DnsName("example.org")`, as rustls shows a name, without its wrapping.
fn bare(name: &str) -> &str {
    let inner = name.split_once('(').map_or(name, |(_, inner)| inner);
    inner.trim_end_matches(')').trim_matches('"')
}

/// A number of seconds in the largest unit that it fills.
fn span(seconds: u64) -> String {
    let (count, unit) = match seconds {
        86_400.. => (seconds / 86_400, "day"),
        3600.. => (seconds / 3600, "hour"),
        60.. => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_its_largest_unit() {
        let spans = [0, 1, 119, 3600, 86_399, 86_400, 400 * 86_400].map(span);
        let told = ["0 seconds", "1 second", "1 minute", "1 hour", "23 hours", "1 day", "400 days"];
        assert_eq!(spans, told);
    }

    #[test]
    fn a_name_is_shown_without_its_wrapping() {
        assert_eq!(bare("DnsName(\"a.example\")"), "a.example");
        assert_eq!(bare("IpAddress(127.0.0.1)"), "127.0.0.1");
        assert_eq!(bare("a.example"), "a.example");
    }

    #[test]
    fn errors_of_the_stream_below_stay_what_they_are() {
        for kind in [io::ErrorKind::ConnectionReset, io::ErrorKind::TimedOut] {
            assert!(in_handshake(kind.into()).get_ref().is_none());
            assert_eq!(in_stream(kind.into()).kind(), kind);
        }
    }
}
