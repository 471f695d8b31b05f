//! How the model is configured, and what of it may change while the server runs.
//!
//! Always true: a key goes only to the provider and host that it was configured for. A change of the address
//! over the network must not be a way to have the key sent elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::config::{LlmConfig, LlmLimits, Price, ProviderKind, Share};
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
pub(super) struct Settings {
    config: LlmConfig,
    /// Who the key is for.
    key_for: Option<(ProviderKind, String)>,
    offline: bool,
    model: Result<Option<Arc<HttpModel>>, ModelError>,
}

impl Settings {
    /// From the configuration of the server.
    pub fn new(config: &LlmConfig) -> Self {
        let mut settings = Self {
            key_for: config.provider().map(|kind| (kind, origin(config, kind))),
            config: config.clone(),
            offline: false,
            model: Ok(None),
        };
        settings.model = settings.connect();
        if let Err(error) = &settings.model {
            tracing::warn!(%error, "the copilot has no model");
        }
        settings
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
        }
    }

    fn problem(&self) -> Option<String> {
        let error = self.model.as_ref().err()?;
        let elsewhere = self.config.key.is_some() && self.effective().key.is_none();
        let hint = " The key of this server is for another provider or address: set it with this one and start anew.";
        Some(format!("{error}{}", if elsewhere { hint } else { "" }))
    }

    /// Takes a change over when it is possible.
    pub fn update(&mut self, update: &LlmUpdate) -> ApiResult<LlmStatus> {
        let refuse = |pointer: &str, detail: String| {
            Err(ApiError::new(Code::InvalidValue, detail.clone()).at(pointer, detail))
        };
        let (config, offline) = (self.config.clone(), self.offline);
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
        let connected = self.connect();
        if let Err(error @ ModelError::Address(_)) = &connected {
            let detail = error.to_string();
            (self.config, self.offline) = (config, offline);
            return refuse("/base_url", detail);
        }
        self.model = connected;
        Ok(self.status())
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
        Settings::new(&LlmConfig {
            key: Some(Secret::new("the-key-of-gemini")),
            ..LlmConfig::default()
        })
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
