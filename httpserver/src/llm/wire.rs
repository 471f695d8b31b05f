//! What each provider's interface has to say: where a request goes, how it is written, how its answer is read.

use serde_json::Value;

use super::lines::Framing;
use super::{ModelError, ModelEvent, ModelRequest, ModelSettings};
use super::{anthropic, gemini, ollama, openai};
use crate::config::ProviderKind;

/// Reads the pieces of one answer.
pub trait Decoder: Send {
    /// Takes a piece and adds what it says to `out`.
    ///
    /// # Errors
    /// The provider says that it failed, or the piece cannot be read.
    fn piece(&mut self, piece: &str, out: &mut Vec<ModelEvent>) -> Result<(), ModelError>;

    /// Takes the end of the answer.
    ///
    /// # Errors
    /// [`ModelError::Cut`] when it is not whole.
    fn end(&mut self, out: &mut Vec<ModelEvent>) -> Result<(), ModelError>;
}

/// A provider's interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wire(pub ProviderKind);

impl Wire {
    /// The address that requests go to.
    pub fn url(self, settings: &ModelSettings) -> String {
        match self.0 {
            ProviderKind::Gemini => gemini::url(settings),
            ProviderKind::Openai => settings.below("/chat/completions"),
            ProviderKind::Anthropic => settings.below("/v1/messages"),
            ProviderKind::Ollama => settings.below("/api/chat"),
        }
    }

    /// Its headers: a name, a value, and whether the value is secret.
    pub fn headers(self, settings: &ModelSettings) -> Vec<(&'static str, String, bool)> {
        let key = settings.key.as_ref().map(|key| key.expose().to_owned());
        let bearer = key
            .clone()
            .map(|key| ("authorization", format!("Bearer {key}"), true));
        match self.0 {
            ProviderKind::Gemini => key
                .map(|key| ("x-goog-api-key", key, true))
                .into_iter()
                .collect(),
            ProviderKind::Openai | ProviderKind::Ollama => bearer.into_iter().collect(),
            ProviderKind::Anthropic => {
                let version = ("anthropic-version", "2023-06-01".to_owned(), false);
                let key = key.map(|key| ("x-api-key", key, true));
                std::iter::once(version).chain(key).collect()
            }
        }
    }

    /// The body of a request.
    pub fn body(self, settings: &ModelSettings, request: &ModelRequest) -> Value {
        match self.0 {
            ProviderKind::Gemini => gemini::body(request),
            ProviderKind::Openai => openai::body(settings, request),
            ProviderKind::Anthropic => anthropic::body(settings, request),
            ProviderKind::Ollama => ollama::body(settings, request),
        }
    }

    /// How answers are cut into pieces.
    pub fn framing(self) -> Framing {
        match self.0 {
            ProviderKind::Ollama => Framing::Lines,
            _ => Framing::Events,
        }
    }

    /// What reads one answer.
    pub fn decoder(self) -> Box<dyn Decoder> {
        match self.0 {
            ProviderKind::Gemini => Box::new(gemini::Answer::default()),
            ProviderKind::Openai => Box::new(openai::Answer::default()),
            ProviderKind::Anthropic => Box::new(anthropic::Answer::default()),
            ProviderKind::Ollama => Box::new(ollama::Answer::default()),
        }
    }
}
