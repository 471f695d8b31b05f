//! TLS of the server itself: certificate and key, and the greeting of a connection.
//!
//! What always holds: nothing is served before the greeting has ended, which takes as long as the headers of a request at
//! most; only HTTP/1.1 is offered. It does not look for new certificates: a restart takes them up.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, crypto};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::config::TlsConfig;

/// What greets connections.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

impl Tls {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// A file is not there or is none of its kind, or they do not belong together; each says what to do.
    pub fn open(config: &TlsConfig) -> anyhow::Result<Self> {
        let certificates = certificates(&config.certificate)?;
        let key = PrivateKeyDer::from_pem_file(&config.key)
            .map_err(|error| wrong(&config.key, "private key", error))?;
        let provider = Arc::new(crypto::ring::default_provider());
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .map_err(|error| {
                anyhow::anyhow!(
                    "The certificate {} and the key {} cannot be used together: {error}. The key has to be the one that \
                     the certificate was made for.",
                    config.certificate.display(),
                    config.key.display()
                )
            })?;
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(server))))
    }

    /// Greets a connection, in a bounded time.
    pub async fn greet<S>(&self, stream: S, time: Duration) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        tokio::time::timeout(time, self.0.accept(stream)).await?
    }
}

fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(path, "certificate", error))?;
    match read.is_empty() {
        true => Err(wrong(path, "certificate", pem::Error::NoItemsFound)),
        false => Ok(read),
    }
}

fn wrong(path: &Path, what: &str, error: pem::Error) -> anyhow::Error {
    let path = path.display();
    match error {
        pem::Error::Io(error) => anyhow::anyhow!("The {what} {path} cannot be read: {error}."),
        pem::Error::NoItemsFound => anyhow::anyhow!(
            "There is no {what} in {path}: it has to be PEM text with a line that says BEGIN {}.",
            what.to_uppercase()
        ),
        error => anyhow::anyhow!("The {what} {path} is not PEM text: {error}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(certificate: &str, key: &str) -> anyhow::Result<Tls> {
        let folder = tempfile::tempdir()?;
        let config = TlsConfig {
            certificate: folder.path().join("c.pem"),
            key: folder.path().join("k.pem"),
        };
        std::fs::write(&config.certificate, certificate)?;
        std::fs::write(&config.key, key)?;
        Tls::open(&config)
    }

    fn made() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn files_that_are_none_are_named_with_what_they_should_be() {
        let (certificate, key) = made();
        assert!(opened(&certificate, &key).is_ok());
        let said =
            |certificate: &str, key: &str| opened(certificate, key).err().unwrap().to_string();
        let other = made().1;
        assert!(said(&certificate, &other).contains("cannot be used together"));
        let swapped = said(&key, &certificate);
        assert!(swapped.contains("no certificate in") && swapped.contains("BEGIN CERTIFICATE"));
        assert!(said(&certificate, "").contains("no private key in"));
        assert!(said("-----BEGIN CERTIFICATE-----\n%%", &key).contains("not PEM text"));
        let config = TlsConfig {
            certificate: "/nowhere/c.pem".into(),
            key: "/nowhere/k.pem".into(),
        };
        let missing = Tls::open(&config).err().unwrap().to_string();
        assert!(
            missing.contains("/nowhere/c.pem cannot be read"),
            "{missing}"
        );
    }
}
