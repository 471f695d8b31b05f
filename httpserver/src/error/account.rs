//! What errors of the accounts mean to a client.

use sop_systemdb::accounts::AccountError;

use super::{ApiError, Code};

impl From<AccountError> for ApiError {
    fn from(error: AccountError) -> Self {
        let words = error.to_string();
        match error {
            AccountError::NotFound {
                what, suggestions, ..
            } => {
                let code = match what {
                    "token" => Code::TokenNotFound,
                    "session" => Code::SessionNotFound,
                    _ => Code::UserNotFound,
                };
                Self::new(code, words).suggest(suggestions)
            }
            AccountError::Exists { .. } => {
                Self::new(Code::UserExists, words.clone()).at("/name", words)
            }
            AccountError::Invalid { at, .. } => {
                Self::new(Code::InvalidAccount, words.clone()).at(at, words)
            }
            AccountError::LastAdmin { .. } => Self::new(Code::LastAdmin, words),
            AccountError::Engine(error) => error.into(),
            error => Self::internal(error),
        }
    }
}
