//! What is needed to ask a model, complete and checked.

use reqwest::Url;

use super::ModelError;
use super::address::check_url;
use crate::config::{LlmConfig, LlmLimits, ProviderKind, Secret};

/// Longest name of a model.
const NAME_BYTES: usize = 200;

/// Settings of one model.
#[derive(Clone, Debug)]
pub struct ModelSettings {
    /// Whose interface is spoken.
    pub provider: ProviderKind,
    /// The model.
    pub model: String,
    /// Where it is reached, without a slash at its end.
    pub base_url: Url,
    /// The key.
    pub key: Option<Secret>,
    /// Whether private addresses may be asked.
    pub allow_private: bool,
    /// Times and sizes.
    pub limits: LlmLimits,
}

impl ModelSettings {
    /// The settings of a configuration; `None` when it names no provider.
    ///
    /// # Errors
    /// Something is missing or refused; the words say which setting.
    pub fn of(config: &LlmConfig) -> Result<Option<Self>, ModelError> {
        let Some(provider) = config.provider() else {
            return Ok(None);
        };
        // The address first: it is refused whatever else is missing.
        let address = config.base_url.as_deref().unwrap_or(provider.base_url());
        let base_url = check_url(address, config.allow_private)?;
        let model = config.model.as_deref().or(provider.model());
        let model = model.ok_or_else(|| {
            let words = format!(
                "The provider '{}' needs the name of a model: set llm.model or SOP_LLM_MODEL.",
                provider.name()
            );
            ModelError::NotConfigured(words)
        })?;
        check_name(model)?;
        if provider.needs_key() && config.key.is_none() {
            let words = format!(
                "The provider '{}' needs a key: set SOP_LLM_API_KEY, or llm.key_file.",
                provider.name()
            );
            return Err(ModelError::NotConfigured(words));
        }
        Ok(Some(Self {
            provider,
            model: model.to_owned(),
            base_url,
            key: config.key.clone(),
            allow_private: config.allow_private,
            limits: config.limits.clone(),
        }))
    }

    /// An address below the base.
    pub fn below(&self, path: &str) -> String {
        format!("{}{path}", self.base_url.as_str().trim_end_matches('/'))
    }
}

/// The name becomes part of an address.
fn check_name(model: &str) -> Result<(), ModelError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.:/@".contains(c);
    let dots = model
        .split('/')
        .any(|part| part.is_empty() || part == "." || part == "..");
    if model.len() <= NAME_BYTES && model.chars().all(fits) && !dots {
        return Ok(());
    }
    let words = "The name of a model has letters, digits and the signs - _ . : / @ only.";
    Err(ModelError::NotConfigured(words.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        assert!(ModelSettings::of(&LlmConfig::default()).unwrap().is_none());
        let mut config = LlmConfig {
            provider: Some(ProviderKind::Gemini),
            ..LlmConfig::default()
        };
        let error = ModelSettings::of(&config).unwrap_err();
        assert!(error.to_string().contains("SOP_LLM_API_KEY"), "{error}");
        config.key = Some(Secret::new("k"));
        let settings = ModelSettings::of(&config).unwrap().unwrap();
        assert_eq!(settings.model, "gemini-2.5-flash");
        config.provider = Some(ProviderKind::Openai);
        let error = ModelSettings::of(&config).unwrap_err();
        assert!(error.to_string().contains("SOP_LLM_MODEL"), "{error}");
        for name in ["../x", "a b", "a?b", "a//b", "", "a#b", "ä"] {
            config.model = Some(name.to_owned());
            assert!(ModelSettings::of(&config).is_err(), "{name}");
        }
        config.model = Some("org/model:8b".to_owned());
        config.base_url = Some("https://models.example/v1/".to_owned());
        let settings = ModelSettings::of(&config).unwrap().unwrap();
        assert_eq!(settings.below("/x"), "https://models.example/v1/x");
    }
}
