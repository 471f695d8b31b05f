//! Settings of the server: from flags, the environment and a JSON file, in this order of strength.
//!
//! [`FileConfig`] is what a file may say; every key is optional and an unknown one is refused with
//! the nearest right name. [`Config`] is the result, complete and checked.

mod file;
mod limits;
mod llm;
mod llm_limits;
mod tls;

use std::path::PathBuf;

pub use file::{FileConfig, parse_file, read_file};
pub use limits::Limits;
pub use llm::{Chosen, FileLlm, LlmConfig, LlmLimits, Price, ProviderKind, Share};
pub(crate) use llm::{check_key, key_of as read_key_file};
pub use tls::{FileTls, TlsConfig};

/// Where the server listens when nothing else is said.
pub const DEFAULT_PORT: u16 = 8080;

/// Complete settings.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch that a person sets"
)]
pub struct Config {
    /// Root folder of the databases; also where the list of attached ones is kept.
    pub data: PathBuf,
    /// Address to listen on.
    pub host: String,
    /// Port to listen on; 0 takes a free one.
    pub port: u16,
    /// Database folders to attach for this run.
    pub databases: Vec<PathBuf>,
    /// Whether a database `shop` with demo data is made when it is not there.
    pub demo: bool,
    /// Whether the page is opened in the browser.
    pub open: bool,
    /// Whether a token is asked for.
    pub auth: bool,
    /// A fixed token; a random one is made when missing.
    pub token: Option<Secret>,
    /// Level of the log: a `tracing` filter such as `info` or `sop_httpserver=debug`.
    pub log: String,
    /// Further folders under which databases and backups may lie.
    pub roots: Vec<PathBuf>,
    /// Host names that are served besides the loopback ones, with or without a port.
    pub allowed_hosts: Vec<String>,
    /// Whether listening beyond loopback was asked for.
    pub allow_remote: bool,
    /// Whether a proxy with TLS is in front, so that cookies are sent over TLS only.
    pub behind_tls_proxy: bool,
    /// What the server itself speaks TLS with; plain HTTP when missing.
    pub tls: Option<TlsConfig>,
    /// Node cache of each database in bytes; the engine's default when missing.
    pub cache_bytes: Option<u64>,
    /// Folder of the system database; `system` in the data root when missing. Servers on one host may share one.
    pub system_database: Option<PathBuf>,
    /// Limits on sizes and times.
    pub limits: Limits,
    /// The copilot's model.
    pub llm: LlmConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("sop-data"),
            host: "127.0.0.1".to_owned(),
            port: DEFAULT_PORT,
            databases: Vec::new(),
            demo: false,
            open: true,
            auth: true,
            token: None,
            log: "info".to_owned(),
            roots: Vec::new(),
            allowed_hosts: Vec::new(),
            allow_remote: false,
            behind_tls_proxy: false,
            tls: None,
            cache_bytes: None,
            system_database: None,
            limits: Limits::default(),
            llm: LlmConfig::default(),
        }
    }
}

impl Config {
    /// Takes over what a file says.
    #[must_use]
    pub fn with_file(mut self, file: FileConfig) -> Self {
        fn set<T>(slot: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *slot = value;
            }
        }
        set(&mut self.data, file.data);
        set(&mut self.host, file.host);
        set(&mut self.port, file.port);
        set(&mut self.databases, file.databases);
        set(&mut self.demo, file.demo);
        set(&mut self.open, file.open);
        set(&mut self.auth, file.auth);
        set(&mut self.log, file.log);
        set(&mut self.roots, file.roots);
        set(&mut self.allowed_hosts, file.allowed_hosts);
        set(&mut self.allow_remote, file.allow_remote);
        set(&mut self.behind_tls_proxy, file.behind_tls_proxy);
        self.token = file.token.or(self.token);
        self.tls = file.tls.map(TlsConfig::from).or(self.tls);
        self.cache_bytes = file.cache_bytes.or(self.cache_bytes);
        self.system_database = file.system_database.or(self.system_database);
        self.limits = file.limits.unwrap_or_default().over(&self.limits);
        self.llm = self.llm.with_file(file.llm.unwrap_or_default());
        self
    }

    /// Checks what must fit together.
    ///
    /// # Errors
    /// A sentence that names the setting and what to do.
    pub fn check(&self) -> Result<(), String> {
        if !self.is_loopback() && !self.allow_remote && !self.is_encrypted() {
            return Err(format!(
                "The host '{}' is reachable from other machines, and this server has no encryption. Use 127.0.0.1, \
                 give it a certificate (--tls-certificate and --tls-key), or put a proxy with TLS in front and say \
                 --behind-tls-proxy. --allow-remote goes without, as in a network where nobody else listens.",
                self.host
            ));
        }
        if let Some(tls) = &self.tls {
            tls.check()?;
        }
        if !self.auth && !self.is_loopback() {
            return Err(
                "--no-auth is allowed on a loopback address only. Leave it out.".to_owned(),
            );
        }
        if self
            .token
            .as_ref()
            .is_some_and(|token| token.expose().len() < MIN_TOKEN_LENGTH)
        {
            return Err(format!(
                "The token must have at least {MIN_TOKEN_LENGTH} characters."
            ));
        }
        self.llm.check()?;
        self.limits.check()
    }

    /// Checks that people sign in where others can reach the server.
    ///
    /// # Errors
    /// A sentence that says what to do.
    pub fn check_users(&self, users: bool) -> Result<(), String> {
        if !self.is_loopback() && !users {
            return Err(format!(
                "The host '{}' is reachable from other machines, and there are no users yet. Make the first one: \
                 sop-httpserver user add NAME --role admin --data {}",
                self.host,
                self.data.display()
            ));
        }
        if !self.auth && users {
            return Err(
                "There are users, and --no-auth would let everybody in without them. Leave it out."
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// Whether browsers reach it over TLS.
    pub fn is_encrypted(&self) -> bool {
        self.tls.is_some() || self.behind_tls_proxy
    }

    /// Whether only this machine can reach the address.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self
                .host
                .trim_start_matches('[')
                .trim_end_matches(']')
                .parse::<std::net::IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    }
}

/// The shortest token that may be given.
const MIN_TOKEN_LENGTH: usize = 16;

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself; not for logs or answers.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_overlays_the_defaults_and_leaves_the_rest() {
        let file = parse_file(r#"{"port": 9000, "limits": {"page_items": 50}}"#).unwrap();
        let config = Config::default().with_file(file);
        assert_eq!(config.port, 9000);
        assert_eq!(config.host, "127.0.0.1");
        assert_eq!(config.limits.page_items, 50);
        assert_eq!(
            config.limits.json_body_bytes,
            Limits::default().json_body_bytes
        );
    }

    #[test]
    fn beyond_loopback_needs_the_flag_and_a_token() {
        let mut config = Config {
            host: "0.0.0.0".to_owned(),
            ..Config::default()
        };
        assert!(config.check().unwrap_err().contains("--allow-remote"));
        config.behind_tls_proxy = true;
        assert!(config.check().is_ok());
        config.behind_tls_proxy = false;
        config.tls = Some(TlsConfig {
            certificate: "c.pem".into(),
            key: "k.pem".into(),
        });
        assert!(config.check().is_ok());
        config.tls = None;
        config.allow_remote = true;
        assert!(config.check().is_ok());
        assert!(
            config
                .check_users(false)
                .unwrap_err()
                .contains("user add NAME")
        );
        assert!(config.check_users(true).is_ok());
        config.auth = false;
        assert!(config.check().unwrap_err().contains("--no-auth"));
        for host in ["127.0.0.1", "::1", "[::1]", "localhost", "127.1.2.3"] {
            assert!(
                Config {
                    host: host.to_owned(),
                    ..Config::default()
                }
                .is_loopback()
            );
        }
    }

    #[test]
    fn a_secret_is_not_in_debug_output() {
        let config = Config {
            token: Some(Secret::new("hidden-hidden-hidden")),
            ..Config::default()
        };
        assert!(!format!("{config:?}").contains("hidden"));
    }
}
