//! What people change in the settings of the model, kept in the data folder for the next start.
//!
//! Always: the key is in a file of its own that only its owner can read, and nowhere else; both files are replaced whole or not
//! at all. What the server is started with counts again as soon as somebody changes that.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::{LlmConfig, ProviderKind, Secret, Share, read_key_file};
use crate::registry::{replace_file, replace_private_file};

/// Name of the file.
const FILE: &str = "llm.json";
/// Name of the file with the key.
const KEY_FILE: &str = "llm.key";

/// What the server was started with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    provider: Option<ProviderKind>,
    model: Option<String>,
    /// Of the provider; written under the name that the configuration has.
    #[serde(rename = "base_url")]
    address: Option<String>,
    share: Share,
}

/// What was changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Changed {
    /// Over which configuration it counts.
    pub over: Base,
    /// Whether no model is asked.
    pub offline: bool,
    /// As in the configuration.
    pub provider: Option<ProviderKind>,
    /// As in the configuration.
    pub model: Option<String>,
    /// As in the configuration.
    pub base_url: Option<String>,
    /// As in the configuration.
    pub share: Share,
    /// Whose the key in the other file is: provider and origin.
    pub key_for: Option<(ProviderKind, String)>,
}

/// Where it is kept.
#[derive(Clone, Debug)]
pub struct SettingsFile(PathBuf);

impl Base {
    /// Of a configuration.
    pub fn of(config: &LlmConfig) -> Self {
        Self {
            provider: config.provider(),
            model: config.model.clone(),
            address: config.base_url.clone(),
            share: config.share,
        }
    }
}

impl SettingsFile {
    /// In this folder.
    pub fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    /// What was changed over this configuration, with the key. A file that cannot be read is told in the log.
    pub fn read(&self, base: &Base) -> Option<(Changed, Option<Secret>)> {
        let path = self.0.join(FILE);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "the changed settings of the model cannot be read");
                return None;
            }
        };
        let changed: Changed = match serde_json::from_slice(&bytes) {
            Ok(changed) => changed,
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "the changed settings of the model are damaged");
                return None;
            }
        };
        if changed.over != *base {
            tracing::info!(
                "the model is configured anew: what was changed in the settings before does not count"
            );
            return None;
        }
        let key = changed.key_for.as_ref().and_then(|_| self.key());
        Some((changed, key))
    }

    fn key(&self) -> Option<Secret> {
        match read_key_file(&self.0.join(KEY_FILE)) {
            Ok(key) => Some(key),
            Err(problem) => {
                tracing::warn!(
                    problem,
                    "the key that was set in the settings cannot be used"
                );
                None
            }
        }
    }

    /// Keeps changes; `key` is one that was set or, as an empty text, taken away.
    pub fn write(&self, changed: &Changed, key: Option<&Secret>) -> io::Result<()> {
        let path = self.0.join(KEY_FILE);
        match key.map(Secret::expose) {
            None => {}
            Some("") => match std::fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            },
            Some(key) => replace_private_file(&path, format!("{key}\n").as_bytes())?,
        }
        let mut bytes = serde_json::to_vec_pretty(changed)?;
        bytes.push(b'\n');
        replace_file(&self.0.join(FILE), &bytes)
    }
}
