//! Whose signature on a server's certificate counts: the system's authorities, and those in a file.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};

use super::TlsError;
use crate::http::Origin;

/// Whose signature on a server's certificate counts. By default that of the authorities the system trusts.
///
/// The system's list is read when the first https connection is made (some milliseconds, and half a
/// megabyte of memory), once for all clones. As for OpenSSL, the variables `SSL_CERT_FILE` and `SSL_CERT_DIR` name
/// another list.
///
/// ```
/// use glassloop::http::Trust;
///
/// let error = Trust::with_file("no-such-file.pem").unwrap_err();
/// assert!(error.to_string().starts_with("cannot read the certificates in no-such-file.pem: "));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Trust(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    more: Vec<CertificateDer<'static>>,
    /// `None` inside: nobody is trusted.
    config: OnceLock<Option<Arc<ClientConfig>>>,
}

impl Trust {
    /// Besides the system's authorities, those whose certificates are in `file`, in PEM form. Also a server's own
    /// certificate may be there, if it is none that can sign others.
    ///
    /// # Errors
    /// When the file cannot be read, or holds no certificate, or one that cannot be used.
    pub fn with_file(file: impl AsRef<Path>) -> Result<Self, CacertError> {
        let file = file.as_ref();
        let malformed = |why: String| CacertError::Malformed { file: file.to_owned(), why };
        let bytes = std::fs::read(file)
            .map_err(|cause| CacertError::Unreadable { file: file.to_owned(), cause })?;
        let certificates: Result<Vec<_>, pem::Error> =
            CertificateDer::pem_slice_iter(&bytes).collect();
        let more = certificates.map_err(|error| malformed(error.to_string()))?;
        if more.is_empty() {
            return Err(CacertError::Empty { file: file.to_owned() });
        }
        let mut roots = RootCertStore::empty();
        for certificate in &more {
            roots.add(certificate.clone()).map_err(|error| malformed(error.to_string()))?;
        }
        Ok(Trust(Arc::new(Inner { more, config: OnceLock::new() })))
    }

    /// What every connection shares, session tickets included.
    ///
    /// The first call reads the system's list, and blocks meanwhile, also the loop. A thread would be no faster:
    /// every task that comes to https waits for that list.
    pub(super) fn config(&self) -> io::Result<Arc<ClientConfig>> {
        let config = self.0.config.get_or_init(|| configure(&self.0.more));
        Ok(config.clone().ok_or(TlsError::NoRoots)?)
    }
}

fn configure(more: &[CertificateDer<'static>]) -> Option<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    // A system's list may hold a certificate that rustls cannot read: the others count all the same.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots.add_parsable_certificates(more.iter().cloned());
    if roots.is_empty() {
        return None;
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has what TLS 1.2 and 1.3 need")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Some(Arc::new(config))
}

/// What the server's certificate has to be for: a name, or an address.
pub(super) fn server_name(origin: &Origin) -> io::Result<ServerName<'static>> {
    let host = origin.host();
    ServerName::try_from(host.to_owned())
        .map_err(|_| TlsError::Name { host: host.to_owned() }.into())
}

/// Why a file of certificates cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)] // each variant's text is its documentation
pub enum CacertError {
    #[error("cannot read the certificates in {}: {cause}", file.display())]
    Unreadable { file: PathBuf, cause: io::Error },
    #[error(
        "{} holds no certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----",
        file.display()
    )]
    Empty { file: PathBuf },
    #[error("{} holds a certificate that cannot be used: {why}", file.display())]
    Malformed { file: PathBuf, why: String },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::parse_url;

    #[test]
    fn a_host_that_no_certificate_can_name_is_an_error() {
        let name = |url| server_name(&Origin::of(&parse_url(url).unwrap()).unwrap());
        assert!(name("https://a..b/").unwrap_err().to_string().contains("cannot stand in a cert"));
        for fine in ["https://example.org/", "https://example.org./", "https://[::1]:1/"] {
            assert!(name(fine).is_ok(), "{fine}");
        }
    }
}
