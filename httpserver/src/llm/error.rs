//! Why a model did not answer.

use std::time::Duration;

/// Longest text of a provider that is passed on, in characters.
const SHOWN: usize = 300;

/// Why a model did not answer. No text has a key in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The address may not be asked.
    #[error("The model's address is refused: {0}")]
    Address(String),
    /// The settings are not enough to ask.
    #[error("{0}")]
    NotConfigured(String),
    /// No connection.
    #[error("The model's provider cannot be reached: {0}")]
    Unreachable(String),
    /// A phase took too long.
    #[error("The model's provider took longer than {} ms {phase}.", limit.as_millis())]
    Timeout {
        /// What took too long.
        phase: &'static str,
        /// How long it may take.
        limit: Duration,
    },
    /// The provider is busy; also after repetitions.
    #[error("The model's provider is too busy (status {status}){}. Try again later.", retry_after.map(|wait| format!(" and asks to wait {} s", wait.as_secs())).unwrap_or_default())]
    Busy {
        /// 429, 503 or 529.
        status: u16,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// The provider does not take the key.
    #[error(
        "The model's provider refused the key (status {0}). Check SOP_LLM_API_KEY or the key file."
    )]
    Key(u16),
    /// The provider refused the request.
    #[error("The model's provider answered with status {status}: {detail}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// What it said, shortened.
        detail: String,
    },
    /// The answer broke off.
    #[error("The model's answer broke off before its end.")]
    Cut,
    /// The answer is not what the provider's interface promises.
    #[error("The model's answer cannot be read: {0}")]
    Malformed(String),
    /// The provider failed within an answer.
    #[error("The model's provider failed while it answered: {0}")]
    Failed(String),
    /// The provider refused to answer this question.
    #[error(
        "The model's provider blocked the answer: {0}. Ask in other words, or share less of the data."
    )]
    Blocked(String),
}

impl ModelError {
    /// A stable name of it, for events.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Address(_) => "model_address_refused",
            Self::NotConfigured(_) => "model_not_configured",
            Self::Unreachable(_) => "model_unreachable",
            Self::Timeout { .. } => "model_timeout",
            Self::Busy { .. } => "model_busy",
            Self::Key(_) => "model_key_refused",
            Self::Status { .. } => "model_refused",
            Self::Cut => "model_cut_off",
            Self::Malformed(_) => "model_malformed",
            Self::Failed(_) => "model_failed",
            Self::Blocked(_) => "model_blocked",
        }
    }
}

/// A text of a provider, made short and one line.
pub fn shown(text: &str) -> String {
    let mut short: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(SHOWN)
        .collect();
    if text.chars().nth(SHOWN).is_some() {
        short.push('…');
    }
    short.trim().to_owned()
}
