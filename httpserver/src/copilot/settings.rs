//! How the model is configured, and what of it may change while the server runs.
//!
//! Always true: a key goes only to the provider and host that it was configured for. A change of the address
//! over the network must not be a way to have the key sent elsewhere. A change that is refused, or cannot be kept for the
//! next start, changes nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::settings_file::{Base, Changed, SettingsFile};
use crate::config::{LlmConfig, LlmLimits, Price, ProviderKind, Secret, Share, check_key};
use crate::error::{ApiError, ApiResult, Code};
use crate::llm::{
    HttpModel, Message, Model, ModelError, ModelEvent, ModelRequest, ModelSettings, Part, Role,
};

/// Longest text of a test that is shown, in characters.
const TEST_CHARS: usize = 200;
/// Tokens of a test's answer; some models think before they speak.
const TEST_TOKENS: u64 = 512;

/// How the model is configured.
#[derive(Debug, Serialize, ToSchema)]
pub struct LlmStatus {
    /// Who is asked; null when nobody is.
    pub provider: Option<ProviderKind>,
    /// The model.
    pub model: Option<String>,
    /// Where it is reached.
    pub base_url: Option<String>,
    /// Whether private addresses may be asked; only the settings file changes that.
    pub allow_private: bool,
    /// The most that is shared.
    pub share: Share,
    /// Whether there is a key for this provider and address. The key itself is never shown.
    pub has_key: bool,
    /// Whether it can be asked.
    pub ready: bool,
    /// Why not.
    pub problem: Option<String>,
    /// The providers that there are.
    pub providers: Vec<&'static str>,
    /// What models cost, by the beginning of their names: dollars for a million tokens, as `input`, `cached` and `output`.
    #[schema(value_type = Object)]
    pub prices: BTreeMap<String, Price>,
    /// What an answer may take, by the names that the settings file has.
    #[schema(value_type = Object)]
    pub limits: LlmLimits,
}

/// A change; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LlmUpdate {
    /// `gemini`, `openai`, `anthropic`, `ollama`; `offline` for none.
    pub provider: Option<String>,
    /// The model; the empty text is the provider's own choice.
    pub model: Option<String>,
    /// Where it is reached; the empty text is the provider's own address.
    pub base_url: Option<String>,
    /// The most that is shared.
    pub share: Option<Share>,
    /// The key for this provider and address; the empty text takes it away. It is kept in a file that only the server's
    /// owner can read, and never shown.
    #[schema(value_type = Option<String>)]
    pub key: Option<Secret>,
}

/// What a test of the connection found.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Tested {
    /// Whether the model answered.
    pub ok: bool,
    /// The model.
    pub model: Option<String>,
    /// Time until its first word, in milliseconds.
    pub first_ms: Option<u64>,
    /// Time until its last, in milliseconds.
    pub elapsed_ms: u64,
    /// The beginning of what it said.
    pub text: String,
    /// Stable name of what failed.
    pub code: Option<&'static str>,
    /// What failed and what to do.
    pub detail: Option<String>,
}

/// See the module.
#[derive(Clone)]
pub(super) struct Settings {
    config: LlmConfig,
    /// Who the key is for.
    key_for: Option<(ProviderKind, String)>,
    /// Whether the key was set here, and not where the server is configured.
    key_is_set: bool,
    offline: bool,
    model: Result<Option<Arc<HttpModel>>, ModelError>,
    /// What the server was started with.
    base: Base,
    file: Option<SettingsFile>,
}

impl Settings {
    /// From the configuration of the server, with what was changed over it before; changes are kept in `folder`.
    pub fn new(config: &LlmConfig, folder: Option<&Path>) -> Self {
        let mut settings = Self {
            key_for: config.provider().map(|kind| (kind, origin(config, kind))),
            key_is_set: false,
            config: config.clone(),
            offline: false,
            model: Ok(None),
            base: Base::of(config),
            file: folder.map(SettingsFile::new),
        };
        let changed = settings.file.as_ref();
        if let Some((changed, key)) = changed.and_then(|file| file.read(&settings.base)) {
            settings.take_over(changed, key);
        }
        settings.model = settings.connect();
        if let Err(error) = &settings.model {
            tracing::warn!(%error, "the copilot has no model");
        }
        settings
    }

    fn take_over(&mut self, changed: Changed, key: Option<Secret>) {
        self.offline = changed.offline;
        self.config.provider = changed.provider;
        self.config.model = changed.model;
        self.config.base_url = changed.base_url;
        self.config.share = changed.share;
        if key.is_some() {
            self.config.key = key;
            self.key_for = changed.key_for;
            self.key_is_set = true;
        }
    }

    /// The key, so that it is never a part of a prompt.
    pub fn key(&self) -> Option<Secret> {
        self.config.key.clone()
    }

    /// Keeps what differs from the configuration.
    fn keep(&self, key: Option<&Secret>) -> ApiResult<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let changed = Changed {
            over: self.base.clone(),
            offline: self.offline,
            provider: self.config.provider,
            model: self.config.model.clone(),
            base_url: self.config.base_url.clone(),
            share: self.config.share,
            key_for: self.key_for.clone().filter(|_| self.key_is_set),
        };
        file.write(&changed, key).map_err(|error| {
            let detail = format!("The settings cannot be kept, so they were not changed: {error}.");
            ApiError::new(Code::StorageError, detail)
        })
    }

    /// The configuration that counts now, with the key only where it belongs.
    fn effective(&self) -> LlmConfig {
        let mut config = self.config.clone();
        let provider = self.provider();
        config.provider = provider;
        let wanted = provider.map(|kind| (kind, origin(&config, kind)));
        if wanted != self.key_for {
            config.key = None;
        }
        config
    }

    fn connect(&self) -> Result<Option<Arc<HttpModel>>, ModelError> {
        if self.offline {
            return Ok(None);
        }
        let settings = ModelSettings::of(&self.effective())?;
        settings
            .map(|settings| HttpModel::new(settings).map(Arc::new))
            .transpose()
    }

    pub fn provider(&self) -> Option<ProviderKind> {
        self.config.provider().filter(|_| !self.offline)
    }

    pub fn model(&self) -> Result<Option<Arc<dyn Model>>, ModelError> {
        let model = self.model.clone()?;
        Ok(model.map(|model| model as Arc<dyn Model>))
    }

    pub fn limits(&self) -> LlmLimits {
        self.config.limits.clone()
    }

    pub fn share(&self) -> Share {
        self.config.share
    }

    pub fn prices(&self) -> BTreeMap<String, Price> {
        self.config.prices.clone()
    }

    pub fn masks(&self, database: &str) -> bool {
        self.config
            .mask
            .iter()
            .any(|name| name == "*" || name == database)
    }

    pub fn status(&self) -> LlmStatus {
        let config = self.effective();
        let provider = self.provider();
        let own = |kind: ProviderKind| kind.base_url().to_owned();
        LlmStatus {
            provider,
            model: config
                .model
                .or(provider.and_then(ProviderKind::model).map(str::to_owned)),
            base_url: config.base_url.or(provider.map(own)),
            allow_private: config.allow_private,
            share: config.share,
            has_key: config.key.is_some(),
            ready: matches!(self.model, Ok(Some(_))),
            problem: self.problem(),
            providers: ProviderKind::ALL.map(ProviderKind::name).to_vec(),
            prices: config.prices,
            limits: config.limits,
        }
    }

    fn problem(&self) -> Option<String> {
        let error = self.model.as_ref().err()?;
        let elsewhere = self.config.key.is_some() && self.effective().key.is_none();
        let hint = " The key of this server is for another provider or address: set it with this one and start anew.";
        Some(format!("{error}{}", if elsewhere { hint } else { "" }))
    }

    /// Takes a change over when it is possible, and keeps it.
    pub fn update(&mut self, update: &LlmUpdate) -> ApiResult<LlmStatus> {
        let mut next = self.clone();
        next.change(update)?;
        next.keep(update.key.as_ref())?;
        *self = next;
        Ok(self.status())
    }

    fn change(&mut self, update: &LlmUpdate) -> ApiResult<()> {
        let refuse = |pointer: &str, detail: String| {
            Err(ApiError::new(Code::InvalidValue, detail.clone()).at(pointer, detail))
        };
        if let Some(provider) = &update.provider {
            self.offline = provider == "offline";
            if !self.offline {
                match provider.parse() {
                    Ok(kind) => self.config.provider = Some(kind),
                    Err(detail) => return refuse("/provider", detail),
                }
            }
        }
        let or_none = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        if let Some(model) = &update.model {
            self.config.model = or_none(model);
        }
        if let Some(url) = &update.base_url {
            self.config.base_url = or_none(url);
        }
        self.config.share = update.share.unwrap_or(self.config.share);
        if let Some(key) = &update.key
            && let Err(detail) = self.set_key(key)
        {
            return refuse("/key", detail);
        }
        self.model = self.connect();
        match &self.model {
            Err(error @ ModelError::Address(_)) => refuse("/base_url", error.to_string()),
            _ => Ok(()),
        }
    }

    /// The key for the provider and the address that are configured now.
    fn set_key(&mut self, key: &Secret) -> Result<(), String> {
        let Some(provider) = self.config.provider.or(self.provider()) else {
            return Err("Choose a provider first: a key is for one provider.".to_owned());
        };
        if key.expose().is_empty() {
            (self.config.key, self.key_is_set) = (None, false);
            // Without a key nobody is asked unless somebody said who.
            self.config.provider = Some(provider);
            return Ok(());
        }
        self.config.key = Some(check_key(key.expose().trim())?);
        self.config.provider = Some(provider);
        self.key_for = Some((provider, origin(&self.config, provider)));
        self.key_is_set = true;
        Ok(())
    }
}

/// The scheme, host and port that a key goes to.
fn origin(config: &LlmConfig, kind: ProviderKind) -> String {
    let text = config.base_url.as_deref().unwrap_or(kind.base_url()).trim();
    match reqwest::Url::parse(text) {
        Ok(url) => url.origin().ascii_serialization(),
        Err(_) => text.to_owned(),
    }
}

/// Asks a model for a word.
pub(super) async fn test(
    model: Result<Option<Arc<dyn Model>>, ModelError>,
    limit: Duration,
) -> Tested {
    let began = Instant::now();
    let model = match model {
        Ok(Some(model)) => model,
        Ok(None) => {
            let words = "No model is configured.".to_owned();
            return Tested::default().failed(&ModelError::NotConfigured(words));
        }
        Err(error) => return Tested::default().failed(&error),
    };
    let request = ModelRequest {
        messages: vec![Message {
            role: Role::User,
            parts: vec![Part::Text("Answer with the word OK.".to_owned())],
        }],
        output_tokens: TEST_TOKENS,
        ..ModelRequest::default()
    };
    let mut tested = Tested {
        model: Some(model.name().to_owned()),
        ..Tested::default()
    };
    let since = || began.elapsed().as_millis() as u64;
    let mut sink = |event| {
        if let ModelEvent::Text(text) = event {
            tested.first_ms.get_or_insert_with(since);
            let room = TEST_CHARS.saturating_sub(tested.text.chars().count());
            tested.text.extend(text.chars().take(room));
        }
    };
    let streamed = tokio::time::timeout(limit, model.stream(model.body(&request), &mut sink));
    let result = streamed.await.unwrap_or(Err(ModelError::Timeout {
        phase: "for the whole answer",
        limit,
    }));
    tested.elapsed_ms = since();
    match result {
        Ok(()) => Tested { ok: true, ..tested },
        Err(error) => tested.failed(&error),
    }
}

impl Tested {
    fn failed(self, error: &ModelError) -> Self {
        Self {
            code: Some(error.code()),
            detail: Some(error.to_string()),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    fn settings() -> Settings {
        Settings::new(
            &LlmConfig {
                key: Some(Secret::new("the-key-of-gemini")),
                ..LlmConfig::default()
            },
            None,
        )
    }

    #[test]
    fn a_key_stays_with_the_provider_and_host_that_it_is_for() {
        let mut settings = settings();
        assert!(settings.status().has_key && settings.status().ready);
        let elsewhere = LlmUpdate {
            base_url: Some("https://evil.example".to_owned()),
            ..LlmUpdate::default()
        };
        let status = settings.update(&elsewhere).unwrap();
        assert!(!status.has_key && !status.ready);
        assert!(
            status
                .problem
                .unwrap()
                .contains("another provider or address")
        );
        let other = LlmUpdate {
            provider: Some("anthropic".to_owned()),
            base_url: Some(String::new()),
            ..LlmUpdate::default()
        };
        assert!(!settings.update(&other).unwrap().has_key);
        let back = LlmUpdate {
            provider: Some("gemini".to_owned()),
            ..LlmUpdate::default()
        };
        assert!(settings.update(&back).unwrap().has_key);
    }

    #[test]
    fn a_change_is_there_at_the_next_start_until_the_configuration_changes() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = LlmConfig::default();
        let mut settings = Settings::new(&config, Some(folder.path()));
        let update = LlmUpdate {
            provider: Some("anthropic".to_owned()),
            model: Some("small".to_owned()),
            share: Some(Share::Rows),
            key: Some(Secret::new("the-key-that-was-set")),
            ..LlmUpdate::default()
        };
        assert!(settings.update(&update).unwrap().has_key);
        let json = std::fs::read_to_string(folder.path().join("llm.json")).unwrap();
        assert!(!json.contains("the-key"), "{json}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let data = std::fs::metadata(folder.path().join("llm.key")).unwrap();
            assert_eq!(data.permissions().mode() & 0o777, 0o600);
        }
        let again = Settings::new(&config, Some(folder.path()));
        let status = again.status();
        assert!(status.has_key && status.ready && status.share == Share::Rows);
        assert_eq!(again.key().unwrap().expose(), "the-key-that-was-set");
        // The key stays with its address also after a restart.
        let mut again = again;
        let elsewhere = LlmUpdate {
            base_url: Some("https://evil.example".to_owned()),
            ..LlmUpdate::default()
        };
        assert!(!again.update(&elsewhere).unwrap().has_key);
        assert!(!Settings::new(&config, Some(folder.path())).status().has_key);
        config.model = Some("another".to_owned());
        let anew = Settings::new(&config, Some(folder.path()));
        assert_eq!(anew.status().provider, None);
        let without = LlmUpdate {
            provider: Some("anthropic".to_owned()),
            key: Some(Secret::new("")),
            ..LlmUpdate::default()
        };
        assert!(!again.update(&without).unwrap().has_key);
        assert!(!folder.path().join("llm.key").exists());
    }

    #[test]
    fn a_change_that_cannot_be_kept_is_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let nowhere = folder.path().join("missing");
        let mut settings = Settings::new(&LlmConfig::default(), Some(&nowhere));
        let update = LlmUpdate {
            share: Some(Share::Rows),
            ..LlmUpdate::default()
        };
        assert_eq!(
            settings.update(&update).unwrap_err().code(),
            Code::StorageError
        );
        assert_eq!(settings.status().share, Share::Schema);
    }

    #[test]
    fn a_change_that_is_refused_changes_nothing() {
        let mut settings = settings();
        for url in ["http://127.0.0.1:1", "https://169.254.169.254", "nonsense"] {
            let update = LlmUpdate {
                base_url: Some(url.to_owned()),
                share: Some(Share::Rows),
                ..LlmUpdate::default()
            };
            assert!(settings.update(&update).is_err(), "{url}");
            let status = settings.status();
            assert!(status.ready && status.share == Share::Schema);
        }
        let update = LlmUpdate {
            provider: Some("offline".to_owned()),
            ..LlmUpdate::default()
        };
        let status = settings.update(&update).unwrap();
        assert!(status.provider.is_none() && status.problem.is_none());
        let text = serde_json::to_string(&settings.status()).unwrap();
        assert!(!text.contains("the-key-of"), "{text}");
    }
}
