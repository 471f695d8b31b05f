//! A real server that speaks TLS itself.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject as _};
use rustls::{ClientConfig, RootCertStore, crypto};
use sop_httpserver::config::{Config, TlsConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::sockets::{Server, read_all};
use super::support::TOKEN;

/// A server with a certificate of its own, and who trusts that.
struct Secure {
    server: Server,
    connector: TlsConnector,
    _folder: tempfile::TempDir,
}

/// Makes a certificate for this machine.
fn certificate(folder: &Path) -> TlsConfig {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let config = TlsConfig {
        certificate: folder.join("certificate.pem"),
        key: folder.join("key.pem"),
    };
    std::fs::write(&config.certificate, made.cert.pem()).unwrap();
    std::fs::write(&config.key, made.signing_key.serialize_pem()).unwrap();
    config
}

impl Secure {
    async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tls = certificate(folder.path());
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_file(&tls.certificate).unwrap())
            .unwrap();
        let provider = Arc::new(crypto::ring::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let server = Server::start(|config| {
            config.tls = Some(tls);
            change(config);
        })
        .await;
        Self {
            server,
            connector: TlsConnector::from(Arc::new(client)),
            _folder: folder,
        }
    }

    async fn connect(&self) -> TlsStream<TcpStream> {
        let name = ServerName::try_from("localhost").unwrap();
        let stream = self.server.connect().await;
        self.connector.connect(name, stream).await.unwrap()
    }

    async fn exchange(&self, text: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(text.as_bytes()).await.unwrap();
        read_all(&mut stream).await
    }
}

#[tokio::test]
async fn requests_are_answered_over_tls_alone_and_cookies_are_for_it() {
    let secure = Secure::start(|_| {}).await;
    let health = secure.server.head("GET /api/v1/health") + "Connection: close\r\n\r\n";
    assert!(secure.exchange(&health).await.starts_with("HTTP/1.1 200"));
    let open = secure.server.head(&format!("GET /?token={TOKEN}"));
    let opened = secure.exchange(&(open + "Connection: close\r\n\r\n")).await;
    assert!(opened.to_lowercase().contains("set-cookie: sop_session_"));
    assert!(opened.contains("SameSite=Strict; Secure"), "{opened}");
    // A page of this server names it with https.
    let origin = format!("Origin: https://{}\r\n", secure.server.address);
    let own = secure.server.head("GET /api/v1/health") + &origin + "Connection: close\r\n\r\n";
    assert!(secure.exchange(&own).await.starts_with("HTTP/1.1 200"));
    let mut plain = secure.server.connect().await;
    plain.write_all(health.as_bytes()).await.unwrap();
    assert!(!read_all(&mut plain).await.contains("HTTP/1.1"));
}

#[tokio::test]
async fn a_greeting_that_does_not_end_is_given_up() {
    let secure = Secure::start(|config| config.limits.header_timeout_ms = 200).await;
    // Nothing at all, and the beginning of a greeting.
    for text in [&b""[..], b"\x16\x03\x01\x02\x00\x01"] {
        let mut stream = secure.server.connect().await;
        stream.write_all(text).await.unwrap();
        assert_eq!(read_all(&mut stream).await, "");
    }
    let mut silent = secure.connect().await;
    assert!(
        !read_all(&mut silent).await.contains("200"),
        "no request came"
    );
}

#[tokio::test]
async fn greetings_that_do_not_end_make_room() {
    let secure = Secure::start(|config| config.limits.max_connections = 2).await;
    let mut silent = secure.server.connect().await;
    let mut dripping = secure.server.connect().await;
    dripping.write_all(b"\x16\x03").await.unwrap();
    let health = secure.server.head("GET /api/v1/health") + "Connection: close\r\n\r\n";
    for _ in 0..2 {
        assert!(secure.exchange(&health).await.starts_with("HTTP/1.1 200"));
    }
    assert_eq!(read_all(&mut silent).await, "", "it made room");
    drop(dripping);
}

#[tokio::test]
async fn stopping_lets_a_running_request_end_over_tls() {
    let secure = Secure::start(|_| {}).await;
    let body = r#"{"name":"d"}"#;
    let head = secure.server.head("POST /api/v1/databases");
    let text = format!(
        "{head}Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    let mut running = secure.connect().await;
    running.write_all(text.as_bytes()).await.unwrap();
    // The server asks for the body when the request has begun.
    let mut asked = [0; 12];
    running.read_exact(&mut asked).await.unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100");
    // One that never ends its greeting must not hold the server up.
    let _greeting = secure.server.connect().await;
    secure.server.stop.send(()).unwrap();
    running.write_all(body.as_bytes()).await.unwrap();
    let answer = read_all(&mut running).await;
    assert!(answer.contains("HTTP/1.1 201"), "{answer}");
    secure.server.ended.await.unwrap();
}
