//! Which model answers in the copilot, what may be sent to it, and what it may cost.
//!
//! What always holds: the key is a [`Secret`], comes from the environment or from a file that only its
//! owner can read, and is in no answer and no log.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Secret;
pub use super::llm_limits::{FileLimits as LlmFileLimits, Limits as LlmLimits};

/// Longest key in bytes; a larger file is not a key.
const KEY_BYTES: u64 = 4096;

/// Whose interface is spoken.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// Google's Gemini API.
    Gemini,
    /// Chat completions as `OpenAI` defined them, spoken by many servers.
    Openai,
    /// Anthropic's messages.
    Anthropic,
    /// A local Ollama.
    Ollama,
}

impl ProviderKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Gemini, Self::Openai, Self::Anthropic, Self::Ollama];

    /// Its name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gemini => "gemini",
            Self::Openai => "openai",
            Self::Anthropic => "anthropic",
            Self::Ollama => "ollama",
        }
    }

    /// Where it is reached when nothing else is said.
    pub fn base_url(self) -> &'static str {
        match self {
            Self::Gemini => "https://generativelanguage.googleapis.com",
            Self::Openai => "https://api.openai.com/v1",
            Self::Anthropic => "https://api.anthropic.com",
            Self::Ollama => "http://127.0.0.1:11434",
        }
    }

    /// The model when nothing else is said; `None` where it has to be said.
    pub fn model(self) -> Option<&'static str> {
        match self {
            Self::Gemini => Some("gemini-2.5-flash"),
            Self::Anthropic => Some("claude-sonnet-4-5"),
            Self::Openai | Self::Ollama => None,
        }
    }

    /// Whether it answers nobody without a key.
    pub fn needs_key(self) -> bool {
        matches!(self, Self::Gemini | Self::Anthropic)
    }
}

impl std::str::FromStr for ProviderKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            format!("There is no provider '{text}'. Known are: {known}; and offline for none.")
        })
    }
}

/// Whose model is asked, where it can be said that none is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Chosen {
    /// None, whatever key there is: questions are understood without a model.
    Offline,
    /// This one's.
    Model(ProviderKind),
}

impl std::str::FromStr for Chosen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "offline" => Ok(Self::Offline),
            text => text.parse().map(Self::Model),
        }
    }
}

impl TryFrom<String> for Chosen {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// How much of the data a model may see. Each level has what is below it.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Share {
    /// Nothing: no model is asked.
    Off,
    /// Names and types of stores and fields, counts and columns of results.
    #[default]
    Schema,
    /// A few sample values, too.
    Samples,
    /// Rows of results, up to the limits.
    Rows,
}

/// What a million tokens cost, in dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Tokens of prompts.
    pub input: f64,
    /// Tokens of prompts that the provider had kept; those of prompts when missing.
    pub cached: Option<f64>,
    /// Tokens of answers.
    pub output: f64,
}

/// Settings of the copilot's model.
#[derive(Clone, Debug, Default)]
pub struct LlmConfig {
    /// Whose interface; Gemini's when there only is a key, none when there is no key either.
    pub provider: Option<ProviderKind>,
    /// Whether a key alone makes nobody's model be asked.
    pub offline: bool,
    /// Its model.
    pub model: Option<String>,
    /// Where it is reached.
    pub base_url: Option<String>,
    /// The key.
    pub key: Option<Secret>,
    /// A file that holds the key; only its owner may read it.
    pub key_file: Option<PathBuf>,
    /// Whether the address may be one of this machine or of a private network.
    pub allow_private: bool,
    /// The most that is shared with a model; a request may ask for less.
    pub share: Share,
    /// Databases whose names of stores and fields are replaced by tokens; `*` is all.
    pub mask: Vec<String>,
    /// What models cost, by the beginning of their names.
    pub prices: BTreeMap<String, Price>,
    /// What an answer may take.
    pub limits: LlmLimits,
}

/// What a file may say about it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileLlm {
    /// See [`LlmConfig::provider`].
    pub provider: Option<Chosen>,
    /// See [`LlmConfig::model`].
    pub model: Option<String>,
    /// See [`LlmConfig::base_url`].
    pub base_url: Option<String>,
    /// See [`LlmConfig::key_file`]; relative to the settings file.
    pub key_file: Option<PathBuf>,
    /// See [`LlmConfig::allow_private`].
    pub allow_private: Option<bool>,
    /// See [`LlmConfig::share`].
    pub share: Option<Share>,
    /// See [`LlmConfig::mask`].
    pub mask: Option<Vec<String>>,
    /// See [`LlmConfig::prices`].
    pub prices: Option<BTreeMap<String, Price>>,
    /// See [`LlmConfig::limits`].
    pub limits: Option<LlmFileLimits>,
}

impl LlmConfig {
    /// Takes over what a file says.
    pub(super) fn with_file(mut self, file: FileLlm) -> Self {
        self.choose(file.provider);
        self.model = file.model.or(self.model);
        self.base_url = file.base_url.or(self.base_url);
        self.key_file = file.key_file.or(self.key_file);
        self.allow_private = file.allow_private.unwrap_or(self.allow_private);
        self.share = file.share.unwrap_or(self.share);
        self.mask = file.mask.unwrap_or(self.mask);
        self.prices = file.prices.unwrap_or(self.prices);
        self.limits = file.limits.unwrap_or_default().over(&self.limits);
        self
    }

    /// Takes over whose model is asked, where something is said.
    pub fn choose(&mut self, chosen: Option<Chosen>) {
        match chosen {
            None => {}
            Some(Chosen::Offline) => (self.provider, self.offline) = (None, true),
            Some(Chosen::Model(kind)) => (self.provider, self.offline) = (Some(kind), false),
        }
    }

    /// Reads the key from its file, when there is one and nothing stronger gave a key.
    ///
    /// # Errors
    /// The file cannot be read, others may read it, or it holds no key.
    pub fn read_key(&mut self) -> Result<(), String> {
        if let Some(path) = self.key_file.as_deref().filter(|_| self.key.is_none()) {
            self.key = Some(key_of(path)?);
        }
        Ok(())
    }

    /// The provider that is asked: Gemini when there is a key and nothing else was said.
    pub fn provider(&self) -> Option<ProviderKind> {
        let by_key = self.key.as_ref().filter(|_| !self.offline);
        self.provider.or(by_key.map(|_| ProviderKind::Gemini))
    }

    /// Checks what must fit together.
    pub(super) fn check(&self) -> Result<(), String> {
        for (name, price) in &self.prices {
            let amounts = [price.input, price.output, price.cached.unwrap_or(0.0)];
            if amounts.iter().any(|amount| !(0.0..=1e6).contains(amount)) {
                return Err(format!(
                    "llm.prices.{name}: a price is from 0 to 1000000 dollars for a million tokens."
                ));
            }
        }
        self.limits.check().map_err(|words| format!("llm.{words}"))
    }
}

/// Reads a key from a file that only its owner may read.
pub(crate) fn key_of(path: &Path) -> Result<Secret, String> {
    let shown = path.display();
    let failed = |error: std::io::Error| format!("The key file {shown} cannot be read: {error}.");
    let file = std::fs::File::open(path).map_err(failed)?;
    let data = file.metadata().map_err(failed)?;
    refuse_readable_by_others(&data, path)?;
    if !data.is_file() || data.len() > KEY_BYTES {
        return Err(format!("{shown} is not a file with a key in one line."));
    }
    let text = std::io::read_to_string(file).map_err(failed)?;
    check_key(text.trim()).map_err(|_| format!("{shown} is not a file with a key in one line."))
}

/// A key as providers give them.
///
/// # Errors
/// It is empty or too long, or has signs that no key has.
pub(crate) fn check_key(key: &str) -> Result<Secret, String> {
    let is_key = !key.is_empty() && key.len() as u64 <= KEY_BYTES;
    if !is_key || key.contains(char::is_whitespace) || !key.is_ascii() {
        return Err("A key is one word of plain letters, digits and signs.".to_owned());
    }
    Ok(Secret::new(key))
}

#[cfg(unix)]
fn refuse_readable_by_others(data: &std::fs::Metadata, path: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;
    const OTHERS: u32 = 0o077;
    if data.permissions().mode() & OTHERS == 0 {
        return Ok(());
    }
    Err(format!(
        "Others may read the key file {0}. Make it yours alone: chmod 600 {0}",
        path.display()
    ))
}

#[cfg(not(unix))]
fn refuse_readable_by_others(_: &std::fs::Metadata, _: &Path) -> Result<(), String> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "the-key-in-the-file\n").unwrap();
        let mut config = LlmConfig {
            key_file: Some(path.clone()),
            ..LlmConfig::default()
        };
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = config.read_key().unwrap_err();
        assert!(
            error.contains("chmod 600") && !error.contains("the-key-in"),
            "{error}"
        );
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        config.read_key().unwrap();
        assert_eq!(config.key.as_ref().unwrap().expose(), "the-key-in-the-file");
        assert!(!format!("{config:?}").contains("the-key-in"));
        assert_eq!(config.provider(), Some(ProviderKind::Gemini));
        // A key from the environment is stronger.
        config.key = Some(Secret::new("other"));
        config.read_key().unwrap();
        assert_eq!(config.key.unwrap().expose(), "other");
    }

    #[test]
    fn offline_asks_nobody_also_where_there_is_a_key() {
        let file = |text: &str| serde_json::from_str::<FileLlm>(text);
        let keyed = LlmConfig {
            key: Some(Secret::new("key")),
            ..LlmConfig::default()
        };
        let mut config = keyed.with_file(file(r#"{"provider": "offline"}"#).unwrap());
        assert_eq!(config.provider(), None);
        config.choose("ollama".parse().ok());
        assert_eq!(config.provider(), Some(ProviderKind::Ollama));
        config.choose(Some(Chosen::Offline));
        config.choose(None);
        assert_eq!(config.provider(), None);
        let error = file(r#"{"provider": "gpt"}"#).unwrap_err().to_string();
        assert!(
            error.contains("gemini") && error.contains("offline"),
            "{error}"
        );
    }

    #[test]
    fn an_empty_or_long_key_file_is_no_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        for text in ["", "two words", &"x".repeat(5000)] {
            std::fs::write(&path, text).unwrap();
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
            }
            assert!(key_of(&path).is_err(), "{} bytes", text.len());
        }
    }

    #[test]
    fn levels_of_sharing_have_an_order_and_providers_their_names() {
        assert!(Share::Off < Share::Schema && Share::Schema < Share::Samples);
        assert!(Share::Samples < Share::Rows);
        for kind in ProviderKind::ALL {
            assert_eq!(kind.name().parse::<ProviderKind>().unwrap(), kind);
        }
        assert!(
            "gpt"
                .parse::<ProviderKind>()
                .unwrap_err()
                .contains("gemini")
        );
    }
}
