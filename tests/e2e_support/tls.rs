//! Certificates of our own making, and a server that shows them.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned, version};

/// Signs certificates. Nobody trusts it unless told to.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

/// A certificate and its key.
pub(crate) struct Identity {
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: String,
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = params(&[]);
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for these hosts.
    pub(crate) fn sign(&self, hosts: &[&str]) -> Identity {
        self.sign_with(params(hosts))
    }

    pub(crate) fn sign_with(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        Identity::new(params.signed_by(&key, &self.issuer).unwrap(), &key)
    }
}

impl Identity {
    pub(crate) fn self_signed(params: CertificateParams) -> Self {
        let key = KeyPair::generate().unwrap();
        Self::new(params.self_signed(&key).unwrap(), &key)
    }

    fn new(certificate: rcgen::Certificate, key: &KeyPair) -> Self {
        Self {
            certificate_pem: certificate.pem(),
            key_pem: key.serialize_pem(),
            certificate: certificate.der().clone(),
            key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        }
    }
}

/// What a certificate for these hosts says.
pub(crate) fn params(hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<_> = hosts.iter().map(ToString::to_string).collect();
    CertificateParams::new(hosts).unwrap()
}

/// What a server does after an answer.
pub(crate) enum Then {
    /// Waits for another request.
    Stay,
    /// Says that nothing follows, and closes.
    Close,
    /// Closes without a word.
    Drop,
}

pub(crate) type Secure = StreamOwned<ServerConnection, TcpStream>;

/// What a client showed in its handshake.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Hello {
    pub(crate) server_name: Option<String>,
    pub(crate) protocol: Option<String>,
    pub(crate) resumed: bool,
}

/// Answers requests, over TLS, with what a function writes.
pub(crate) struct SecureServer {
    address: SocketAddr,
    over: Arc<AtomicBool>,
    log: Arc<Log>,
}

#[derive(Default)]
struct Log {
    connections: Mutex<usize>,
    hellos: Mutex<Vec<Hello>>,
}

impl SecureServer {
    pub(crate) fn start(
        identity: &Identity,
        answer: impl Fn(&str, &mut Secure) -> io::Result<Then> + Send + Sync + 'static,
    ) -> Self {
        Self::start_at("127.0.0.1:0", identity, &[&version::TLS13, &version::TLS12], answer)
    }

    pub(crate) fn start_at(
        address: &str,
        identity: &Identity,
        versions: &[&'static rustls::SupportedProtocolVersion],
        answer: impl Fn(&str, &mut Secure) -> io::Result<Then> + Send + Sync + 'static,
    ) -> Self {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![identity.certificate.clone()], identity.key.clone_key())
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let (config, answer) = (Arc::new(config), Arc::new(answer));
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let (over, log): (Arc<AtomicBool>, Arc<Log>) = Default::default();
        let (is_over, kept) = (Arc::clone(&over), Arc::clone(&log));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                *kept.connections.lock().unwrap() += 1;
                let (config, answer) = (Arc::clone(&config), Arc::clone(&answer));
                let log = Arc::clone(&kept);
                // The client may hang up on us: that is its business.
                thread::spawn(move || serve(stream?, config, &log, &*answer));
            }
        });
        Self { address, over, log }
    }

    /// A server whose answer is always the same.
    pub(crate) fn saying(identity: &Identity, answer: impl Into<String>) -> Self {
        let answer = answer.into();
        Self::start(identity, move |_, stream| {
            stream.write_all(answer.as_bytes()).map(|()| Then::Close)
        })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{}/{path}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections came, whatever became of them.
    pub(crate) fn connections(&self) -> usize {
        *self.log.connections.lock().unwrap()
    }

    /// The handshakes that succeeded.
    pub(crate) fn hellos(&self) -> Vec<Hello> {
        self.log.hellos.lock().unwrap().clone()
    }
}

impl Drop for SecureServer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(
    stream: TcpStream,
    config: Arc<ServerConfig>,
    log: &Log,
    answer: &(dyn Fn(&str, &mut Secure) -> io::Result<Then> + Send + Sync),
) -> io::Result<()> {
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    log.hellos.lock().unwrap().push(Hello {
        server_name: stream.conn.server_name().map(str::to_owned),
        protocol: stream.conn.alpn_protocol().map(|name| String::from_utf8(name.to_vec()).unwrap()),
        resumed: stream.conn.handshake_kind() == Some(HandshakeKind::Resumed),
    });
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if BufReader::with_capacity(1, &mut stream).read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let then = answer(&path, &mut stream)?;
        stream.flush()?;
        match then {
            Then::Stay => continue,
            Then::Close => {
                stream.conn.send_close_notify();
                stream.conn.complete_io(&mut stream.sock)?;
            }
            Then::Drop => {}
        }
        return Ok(());
    }
}
