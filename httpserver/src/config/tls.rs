//! Where the certificate and its key are.

use std::path::PathBuf;

use serde::Deserialize;

/// Files of PEM text for a server that speaks TLS itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsConfig {
    /// The certificate, with those that lead to one that others trust behind it.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// What a file may say about TLS. Both are needed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileTls {
    /// The certificate, relative to the file.
    pub certificate: Option<PathBuf>,
    /// Its private key, relative to the file.
    pub key: Option<PathBuf>,
}

impl From<FileTls> for TlsConfig {
    fn from(file: FileTls) -> Self {
        Self {
            certificate: file.certificate.unwrap_or_default(),
            key: file.key.unwrap_or_default(),
        }
    }
}

impl TlsConfig {
    /// These over those that were set before: flags over a file.
    pub(crate) fn over(
        certificate: Option<PathBuf>,
        key: Option<PathBuf>,
        before: Option<Self>,
    ) -> Option<Self> {
        if certificate.is_none() && key.is_none() {
            return before;
        }
        let (old_certificate, old_key) = match before {
            Some(before) => (before.certificate, before.key),
            None => (PathBuf::new(), PathBuf::new()),
        };
        Some(Self {
            certificate: certificate.unwrap_or(old_certificate),
            key: key.unwrap_or(old_key),
        })
    }

    /// Fails when one is there without the other.
    pub(crate) fn check(&self) -> Result<(), String> {
        let missing = |what: &str, flag: &str| {
            Err(format!(
                "TLS needs a certificate and its private key, and the {what} is not given: say --tls-{flag} FILE, or 'tls' \
                 in the settings."
            ))
        };
        match (self.certificate.as_os_str(), self.key.as_os_str()) {
            (none, _) if none.is_empty() => missing("certificate", "certificate"),
            (_, none) if none.is_empty() => missing("key", "key"),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_without_the_other_is_refused_and_flags_are_stronger() {
        let only = TlsConfig::over(Some("c".into()), None, None).unwrap();
        assert!(only.check().unwrap_err().contains("--tls-key"));
        let both = TlsConfig::over(None, Some("k".into()), Some(only)).unwrap();
        assert!(both.check().is_ok());
        let other = TlsConfig::over(Some("d".into()), None, Some(both)).unwrap();
        assert_eq!((other.certificate, other.key), ("d".into(), "k".into()));
        assert!(TlsConfig::over(None, None, None).is_none());
    }
}
