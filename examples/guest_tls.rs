//! hyper over TLS on this loop: futures-rustls wraps our socket, [`HyperIo`] wraps that, and what was agreed on
//! in the handshake (ALPN) is HTTP/2 or HTTP/1.
//!
//! `cargo run --example guest_tls`, or, to be asked by others,
//! `cargo run --example guest_tls -- serve 127.0.0.1:8443 certificate.pem` and
//! `curl --cacert certificate.pem https://localhost:8443/`.

use std::convert::Infallible;
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::{fs, io};

use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use futures_rustls::rustls::crypto::ring;
use futures_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use futures_rustls::{TlsAcceptor, TlsConnector};
use glassloop::hyper::{Executor, HyperIo, Timer};
use glassloop::net::{TcpListener, TcpStream};
use glassloop::spawn;
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, client, server};
use rcgen::{CertifiedKey, generate_simple_self_signed};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const HTTP_2: &[u8] = b"h2";
const HTTP_1: &[u8] = b"http/1.1";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ours = generate_simple_self_signed(["localhost".to_owned()])?;
    glassloop::Runtime::new()?.block_on(async {
        match &arguments[..] {
            [] => show(&ours).await,
            [verb, address, file] if verb == "serve" => {
                fs::write(file, ours.cert.pem())?;
                let listener = TcpListener::bind(address.as_str()).await?;
                println!("https://localhost:{}/", listener.local_addr()?.port());
                Ok(serve(listener, acceptor(&ours)?).await?)
            }
            _ => Err("usage: guest_tls [serve ADDRESS FILE-FOR-THE-CERTIFICATE]".into()),
        }
    })
}

// ─── The server ─────────────────────────────────────────────────────────────────────────────────

fn acceptor(ours: &CertifiedKey<rcgen::KeyPair>) -> Result<TlsAcceptor> {
    let key = PrivateKeyDer::Pkcs8(ours.signing_key.serialize_der().into());
    let mut config = ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![ours.cert.der().clone()], key)?;
    config.alpn_protocols = vec![HTTP_2.into(), HTTP_1.into()];
    Ok(Arc::new(config).into())
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor) -> io::Result<()> {
    loop {
        let (stream, peer) = listener.accept().await?;
        let acceptor = acceptor.clone();
        spawn(async move {
            if let Err(error) = converse(stream, acceptor).await {
                eprintln!("{peer}: {error}");
            }
        });
    }
}

async fn converse(stream: TcpStream, acceptor: TlsAcceptor) -> Result<()> {
    let stream = acceptor.accept(stream).await?;
    let http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP_2);
    let (stream, service) = (HyperIo::new(stream), service_fn(answer));
    if http2 {
        let mut http2 = server::conn::http2::Builder::new(Executor);
        http2.timer(Timer).serve_connection(stream, service).await?;
    } else {
        let mut http1 = server::conn::http1::Builder::new();
        http1.timer(Timer).serve_connection(stream, service).await?;
    }
    Ok(())
}

async fn answer(request: Request<Incoming>) -> std::result::Result<Response<String>, Infallible> {
    Ok(Response::new(format!("a secret in {:?}\n", request.version())))
}

// ─── The clients ────────────────────────────────────────────────────────────────────────────────

async fn show(ours: &CertifiedKey<rcgen::KeyPair>) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    spawn(serve(listener, acceptor(ours)?));

    for protocol in [HTTP_1, HTTP_2] {
        print!("the client:  {}", ask(address, &[ours.cert.der()], protocol).await?);
    }
    // A stranger knows nobody who would vouch for our certificate.
    match ask(address, &[], HTTP_1).await {
        Ok(secret) => return Err(format!("a stranger was told {secret}").into()),
        Err(error) => println!("a stranger:  {error}"),
    }
    Ok(())
}

/// Asks over TLS, trusting these certificates only.
async fn ask(
    server: SocketAddr,
    trusted: &[&CertificateDer<'static>],
    protocol: &[u8],
) -> Result<String> {
    let mut roots = RootCertStore::empty();
    for &certificate in trusted {
        roots.add(certificate.clone())?;
    }
    let mut config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.into()];
    let stream = TcpStream::connect(server).await?;
    let name = ServerName::try_from("localhost")?;
    let stream = HyperIo::new(TlsConnector::from(Arc::new(config)).connect(name, stream).await?);

    let request = Request::get("https://localhost/").header("Host", "localhost");
    let request = request.body(Empty::<Bytes>::new())?;
    let response = if protocol == HTTP_2 {
        let mut http2 = client::conn::http2::Builder::new(Executor);
        let (mut sender, connection) = http2.timer(Timer).handshake(stream).await?;
        spawn(connection);
        sender.send_request(request).await?
    } else {
        let (mut sender, connection) = client::conn::http1::handshake(stream).await?;
        spawn(connection);
        sender.send_request(request).await?
    };
    Ok(String::from_utf8(response.into_body().collect().await?.to_bytes().into())?)
}
