//! The settings file: JSON, every key optional, unknown keys refused.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Deserialize;

use super::Secret;
use super::limits::FileLimits;
use super::llm::FileLlm;
use super::tls::FileTls;
use crate::extract::from_json;

/// What a settings file may say. `config.example.json` shows every key.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileConfig {
    /// Root folder of the databases, relative to the file.
    pub data: Option<PathBuf>,
    /// Address to listen on.
    pub host: Option<String>,
    /// Port to listen on.
    pub port: Option<u16>,
    /// Database folders to attach, relative to the file.
    pub databases: Option<Vec<PathBuf>>,
    /// Whether the demo database is made.
    pub demo: Option<bool>,
    /// Whether the page is opened in the browser.
    pub open: Option<bool>,
    /// Whether a token is asked for.
    pub auth: Option<bool>,
    /// A fixed token of at least 16 characters.
    pub token: Option<Secret>,
    /// Level of the log.
    pub log: Option<String>,
    /// Further folders under which databases and backups may lie, relative to the file.
    pub roots: Option<Vec<PathBuf>>,
    /// Host names that are served besides the loopback ones.
    pub allowed_hosts: Option<Vec<String>>,
    /// Whether listening beyond loopback is meant.
    pub allow_remote: Option<bool>,
    /// Whether a proxy with TLS is in front.
    pub behind_tls_proxy: Option<bool>,
    /// What the server itself speaks TLS with.
    pub tls: Option<FileTls>,
    /// Node cache of each database in bytes.
    pub cache_bytes: Option<u64>,
    /// Folder of the system database, relative to the file.
    pub system_database: Option<PathBuf>,
    /// Limits on sizes and times.
    pub limits: Option<FileLimits>,
    /// The copilot's model.
    pub llm: Option<FileLlm>,
}

/// Parses the text of a settings file.
///
/// # Errors
/// What is wrong, where, and the nearest right key.
pub fn parse_file(text: &str) -> Result<FileConfig, String> {
    from_json(text.as_bytes()).map_err(|error| error.detail().to_owned())
}

/// Reads a settings file; relative paths in it are relative to its folder.
///
/// # Errors
/// The file cannot be read, or its text is wrong.
pub fn read_file(path: &Path) -> anyhow::Result<FileConfig> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("The settings file {} cannot be read", path.display()))?;
    let mut config = parse_file(&text)
        .map_err(|detail| anyhow::anyhow!("In the settings file {}: {detail}", path.display()))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let below = |path: &mut PathBuf| *path = folder.join(&*path);
    config.data.iter_mut().for_each(below);
    config.system_database.iter_mut().for_each(below);
    config.databases.iter_mut().flatten().for_each(below);
    config.roots.iter_mut().flatten().for_each(below);
    if let Some(tls) = &mut config.tls {
        tls.certificate.iter_mut().for_each(below);
        tls.key.iter_mut().for_each(below);
    }
    let llm = config.llm.iter_mut();
    llm.filter_map(|llm| llm.key_file.as_mut()).for_each(below);
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_one() {
        let error = parse_file(r#"{"prot": 1}"#).unwrap_err();
        assert!(
            error.contains("'prot'") && error.contains("'port'"),
            "{error}"
        );
        let error = parse_file(r#"{"limits": {"page_item": 1}}"#).unwrap_err();
        assert!(error.contains("'page_items'"), "{error}");
        assert!(
            parse_file(r#"{"port": "8080"}"#)
                .unwrap_err()
                .contains("/port")
        );
        assert!(parse_file("{} x").unwrap_err().contains("not valid JSON"));
    }

    #[test]
    fn the_example_shows_every_key_and_is_accepted() {
        let text = include_str!("../../../config.example.json");
        let parsed = parse_file(text).unwrap();
        let config = Config::default().with_file(parsed);
        config.check().unwrap();
        // It is the defaults written out, so that a copy changes nothing by itself.
        assert_eq!(format!("{config:?}"), format!("{:?}", Config::default()));
        let shown: serde_json::Value = serde_json::from_str(text).unwrap();
        // The words of the refusal list every key that there is.
        for (wrong, at) in [
            ("{\"zzzzzzzz\":0}", ""),
            ("{\"limits\":{\"zzzzzzzz\":0}}", "/limits"),
            ("{\"llm\":{\"zzzzzzzz\":0}}", "/llm"),
            ("{\"llm\":{\"limits\":{\"zzzzzzzz\":0}}}", "/llm/limits"),
        ] {
            let error = parse_file(wrong).unwrap_err();
            let known = error
                .split_once("Known are: ")
                .unwrap()
                .1
                .trim_end_matches('.');
            for key in known.split(", ") {
                assert!(
                    shown.pointer(&format!("{at}/{key}")).is_some(),
                    "{at}/{key} is not shown"
                );
            }
        }
    }
}
