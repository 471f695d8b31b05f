//! What can go wrong with the system database.

use crate::script::Fault;
use crate::tool::ToolFault;

/// An error of the system database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SystemError {
    /// No such script, version, entry, session or schedule.
    #[error("there is no {what} {name:?}{}", hint(.suggestions))]
    NotFound {
        /// `script`, `version`, `knowledge`, …
        what: &'static str,
        /// What was asked for.
        name: String,
        /// The nearest names.
        suggestions: Vec<String>,
    },
    /// A name without its category means several scripts.
    #[error("{name:?} is in several categories: {}; write Category.Name", .candidates.join(", "))]
    Ambiguous {
        /// The name.
        name: String,
        /// What it may mean.
        candidates: Vec<String>,
    },
    /// What was to be saved is wrong.
    #[error("{}", told(.0))]
    Invalid(Vec<Fault>),
    /// A script that was to be saved does not pass its check.
    #[error("the script was not saved: {}", told(.0))]
    Refused(Vec<Fault>),
    /// Somebody else saved another version meanwhile.
    #[error(
        "{what} {name:?} was saved by somebody else meanwhile: it has version {found}, not {expected}"
    )]
    Changed {
        /// What.
        what: &'static str,
        /// Its name.
        name: String,
        /// The version that the writer knew.
        expected: u64,
        /// The version that it has.
        found: u64,
    },
    /// Another process has the database and does not give it up now.
    #[error(
        "the system database is held by another program, which has not given it up: {holder}. Try again; if this lasts, look what that program does, or end it"
    )]
    Busy {
        /// Which one.
        holder: String,
    },
    /// The database cannot be opened.
    #[error("{detail}")]
    Unusable {
        /// Where, why, and what to do.
        detail: String,
        /// What the engine said.
        source: Box<sop::Error>,
    },
    /// The storage engine failed, or the database cannot be written.
    #[error("the system database: {0}")]
    Engine(#[from] sop::Error),
}

fn hint(names: &[String]) -> String {
    names
        .first()
        .map(|name| format!("; did you mean {name:?}?"))
        .unwrap_or_default()
}

fn told(faults: &[Fault]) -> String {
    let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
    told.join("; ")
}

impl SystemError {
    pub(super) fn not_found<I>(what: &'static str, name: &str, known: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        Self::NotFound {
            what,
            name: name.to_owned(),
            suggestions: sop::nearest(name, known),
        }
    }

    pub(super) fn invalid(at: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Fault::new(at, "invalid_value", message)])
    }

    /// A stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { what: "script", .. } => "script_not_found",
            Self::NotFound {
                what: "version", ..
            } => "version_not_found",
            Self::NotFound {
                what: "knowledge", ..
            } => "knowledge_not_found",
            Self::NotFound {
                what: "session", ..
            } => "session_not_found",
            Self::NotFound { .. } => "not_found",
            Self::Ambiguous { .. } => "ambiguous_name",
            Self::Invalid(_) => "invalid_value",
            Self::Refused(_) => "invalid_script",
            Self::Changed { .. } => "version_mismatch",
            Self::Busy { .. } => "database_locked",
            Self::Engine(sop::Error::ReadOnly { .. }) => "read_only",
            Self::Unusable { .. } | Self::Engine(_) => "storage_error",
        }
    }
}

impl From<SystemError> for ToolFault {
    fn from(error: SystemError) -> Self {
        let mut fault = Self::new(error.code(), error.to_string());
        match error {
            SystemError::NotFound { suggestions, .. } => fault.suggestions = suggestions,
            SystemError::Ambiguous { candidates, .. } => fault.suggestions = candidates,
            SystemError::Invalid(faults) | SystemError::Refused(faults) => {
                if let Some(first) = faults.into_iter().next() {
                    fault.at = Some(first.at);
                    fault.suggestions = first.suggestions;
                }
            }
            _ => {}
        }
        fault
    }
}
