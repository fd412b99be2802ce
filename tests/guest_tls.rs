//! hyper over rustls on sockets of this loop: the way of a byte is socket, futures-rustls, `HyperIo`, hyper.

#![cfg(feature = "hyper")]

#[path = "support/guest.rs"]
mod guest;
mod support;
#[allow(dead_code)]
#[path = "e2e_support/tools.rs"]
mod tools;

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::process::Command;
use std::sync::Arc;

use futures::{AsyncReadExt, AsyncWriteExt};
use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use futures_rustls::rustls::crypto::ring;
use futures_rustls::rustls::{CertificateError, ClientConfig, RootCertStore, ServerConfig};
use futures_rustls::{TlsAcceptor, TlsConnector, client, rustls};
use glassloop::net::{TcpListener, TcpStream};
use glassloop::spawn;
use glassloop::task::spawn_blocking;
use guest::{Http, bytes, curl_has_http2, numbered, request};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use support::{pair, run};

type Certified = CertifiedKey<KeyPair>;

fn certified() -> Certified {
    generate_simple_self_signed(["localhost".to_owned()]).unwrap()
}

fn acceptor(ours: &Certified) -> TlsAcceptor {
    let key = PrivateKeyDer::Pkcs8(ours.signing_key.serialize_der().into());
    let mut config = ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![ours.cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec!["h2".into(), "http/1.1".into()];
    Arc::new(config).into()
}

/// A client of one protocol that trusts one certificate.
async fn connect(
    stream: TcpStream,
    trusted: &CertificateDer<'static>,
    name: &'static str,
    http: Http,
) -> io::Result<client::TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![if http == Http::Two { "h2" } else { "http/1.1" }.into()];
    let connector = TlsConnector::from(Arc::new(config));
    connector.connect(ServerName::try_from(name).unwrap(), stream).await
}

/// Gives back each body, in the version that was agreed on.
async fn serve(stream: TcpStream, acceptor: TlsAcceptor) -> Result<(), Box<dyn Error>> {
    let stream = acceptor.accept(stream).await?;
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let echo = |request: Request<Incoming>| async {
        Ok::<_, Infallible>(Response::new(request.into_body()))
    };
    let http = if http2 { Http::Two } else { Http::One };
    Ok(http.serve(stream, service_fn(echo)).await?)
}

#[test]
fn bodies_go_both_ways_over_tls_in_the_version_that_was_agreed_on() {
    let ours = certified();
    for http in Http::BOTH {
        run(async {
            let (near, far) = pair().await;
            let server = spawn(serve(far, acceptor(&ours)));
            let stream = connect(near, ours.cert.der(), "localhost", http).await.unwrap();
            let (mut sender, connection) = http.ask(stream).await;
            for length in [0, 1, 16 * 1024 + 1, 1_000_003] {
                let body = numbered(length);
                let response = sender.send(request("POST", "/", Full::new(body.clone()))).await;
                assert!(bytes(response.unwrap()).await == body, "{http:?}: {length} bytes");
            }
            drop(sender);
            connection.await.unwrap().unwrap();
            server.await.unwrap().unwrap();
        });
    }
}

#[test]
fn curl_trusts_the_certificate_and_agrees_on_a_version() {
    if tools::find("curl").is_none() {
        return;
    }
    let ours = certified();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("certificate.pem");
    std::fs::write(&file, ours.cert.pem()).unwrap();
    for (option, version) in [("--http1.1", "1.1"), ("--http2", "2")] {
        if version == "2" && !curl_has_http2() {
            return tools::skip("this curl has no HTTP/2");
        }
        run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let acceptor = acceptor(&ours);
            let server = spawn(async move {
                serve(listener.accept().await.unwrap().0, acceptor).await.unwrap();
            });
            let mut curl = Command::new("curl");
            curl.args(["--silent", "--show-error", "--max-time", "30", option, "--cacert"]);
            curl.arg(&file).args(["--resolve", &format!("localhost:{port}:127.0.0.1")]);
            curl.args(["--data", "a secret", "--write-out", "|%{http_version}"]);
            curl.arg(format!("https://localhost:{port}/"));
            let output = spawn_blocking(move || curl.output()).await.unwrap().unwrap();
            assert!(output.status.success(), "{output:?}");
            assert_eq!(String::from_utf8_lossy(&output.stdout), format!("a secret|{version}"));
            server.await.unwrap();
        });
    }
}

#[test]
fn a_certificate_for_another_name_or_of_a_stranger_is_refused_and_both_ends_are_told() {
    let (ours, strangers) = (certified(), certified());
    for (trusted, name) in [(&ours, "elsewhere.test"), (&strangers, "localhost")] {
        run(async {
            let (near, far) = pair().await;
            let server = spawn(serve(far, acceptor(&ours)));
            let refused = connect(near, trusted.cert.der(), name, Http::One).await.unwrap_err();
            let refused = refused.into_inner().unwrap();
            let refused = refused.downcast_ref::<rustls::Error>().unwrap();
            let rustls::Error::InvalidCertificate(why) = refused else { panic!("{refused}") };
            match why {
                CertificateError::NotValidForNameContext { .. } => {
                    assert_eq!(name, "elsewhere.test")
                }
                // It bears the same name as the one that is trusted, and another signature.
                CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                    assert_eq!(name, "localhost");
                }
                other => panic!("{other:?}"),
            }
            assert!(server.await.unwrap().is_err(), "the server takes it for a connection");
        });
    }
}

#[test]
fn a_body_without_a_length_that_is_cut_off_is_an_error_and_not_a_short_body() {
    let ours = certified();
    for is_cut_off in [false, true] {
        run(async {
            let (near, far) = pair().await;
            let accepted = acceptor(&ours).accept(far);
            spawn(async move {
                let mut stream = accepted.await.unwrap();
                assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nhalf").await.unwrap();
                stream.flush().await.unwrap();
                if !is_cut_off {
                    stream.close().await.unwrap(); // TLS says that this is the end
                }
            });
            let stream = connect(near, ours.cert.der(), "localhost", Http::One).await.unwrap();
            let (mut sender, _connection) = Http::One.ask(stream).await;
            let response = sender.send(request("GET", "/", Empty::<Bytes>::new())).await.unwrap();
            let body = response.into_body().collect().await;
            assert_eq!(body.is_err(), is_cut_off);
        });
    }
}

#[test]
fn hyper_takes_its_leave_in_tls_before_it_closes() {
    let ours = certified();
    run(async {
        let (near, far) = pair().await;
        let server = spawn(serve(far, acceptor(&ours)));
        let mut client = connect(near, ours.cert.der(), "localhost", Http::One).await.unwrap();
        let request = b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
        client.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        // rustls reports an end without the farewell as an error.
        client.read_to_end(&mut answer).await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200"));
        server.await.unwrap().unwrap();
    });
}
