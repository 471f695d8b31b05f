//! What can go wrong with accounts.

/// An error of the accounts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// No such user, token or session.
    #[error("There is no {what} '{name}'.{}", hint(.suggestions))]
    NotFound {
        /// `user`, `token` or `session`.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// The nearest names.
        suggestions: Vec<String>,
    },
    /// Somebody has the name already.
    #[error("There is a user '{name}' already. Choose another name.")]
    Exists {
        /// The name.
        name: String,
    },
    /// Something that was given cannot be so.
    #[error("{detail}")]
    Invalid {
        /// JSON pointer of what is wrong.
        at: &'static str,
        /// What is wrong, and what would be right.
        detail: String,
    },
    /// Nobody could manage the server any more.
    #[error(
        "'{name}' is the only administrator who can sign in. Make another one first; then this can be done."
    )]
    LastAdmin {
        /// The administrator.
        name: String,
    },
    /// Another process has the accounts.
    #[error(
        "The accounts in '{folder}' are in use by another process: {holder}. Manage users in its page, or end it first."
    )]
    InUse {
        /// The folder.
        folder: String,
        /// Who has it.
        holder: String,
    },
    /// The system gives no random numbers.
    #[error("The system gives no random numbers.")]
    Random,
    /// A password could not be hashed.
    #[error("The password could not be hashed: {0}.")]
    Hash(String),
    /// The storage engine failed.
    #[error("The accounts cannot be read or written: {0}.")]
    Engine(#[from] sop::Error),
}

fn hint(names: &[String]) -> String {
    names
        .first()
        .map(|name| format!(" Did you mean '{name}'?"))
        .unwrap_or_default()
}

impl AccountError {
    pub(super) fn invalid(at: &'static str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::Invalid { at, detail }
    }

    pub(super) fn not_found<I>(what: &'static str, name: &str, known: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        Self::NotFound {
            what,
            name: name.chars().take(100).collect(),
            suggestions: sop::nearest(name, known),
        }
    }
}
