//! What an engine error means to a client.
//!
//! The engine's words are kept: they say what happened, where, and what to do.

use sop::{Error, KeyError};

use super::{ApiError, Code, Fault, sentence};

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let words = sentence(&error.to_string());
        match error {
            Error::Conflict { store, key, .. } => {
                let place = format!("store '{store}', key {key}");
                Self::new(Code::Conflict, words).fault(Fault {
                    detail: place,
                    ..Fault::default()
                })
            }
            Error::KeyExists { .. } => {
                Self::new(Code::KeyExists, words).at("/key", "the key exists")
            }
            Error::StoreNotFound { suggestions, .. } => {
                Self::new(Code::StoreNotFound, words).suggest(suggestions)
            }
            Error::StoreExists {
                same_structure: true,
                ..
            } => Self::new(Code::StoreExists, words),
            Error::StoreExists { .. } => Self::new(Code::StoreMismatch, words),
            Error::InvalidDefinition { field, detail, .. } => {
                Self::new(Code::InvalidDefinition, words).at(format!("/{field}"), detail)
            }
            Error::InvalidKey { source, .. } => Self::from(source).at("/key", words),
            Error::Document(error) => Self::from(error),
            Error::SchemaViolation { field, detail, .. } => {
                let pointer = if field.is_empty() {
                    "/value".to_owned()
                } else {
                    format!("/value/{field}")
                };
                Self::new(Code::SchemaViolation, words).at(pointer, detail)
            }
            Error::IsIndex { .. } | Error::NotUnique { .. } => {
                Self::new(Code::RuleViolation, words)
            }
            Error::TransactionTooLarge { .. } => Self::new(Code::BodyTooLarge, words),
            Error::ReadOnly { .. } | Error::ReadTransaction => Self::new(Code::ReadOnly, words),
            Error::Locked { .. } => Self::new(Code::DatabaseLocked, words),
            Error::Corrupt { .. } => {
                tracing::error!(error = words, "damage found");
                // Reading never repairs, so that nothing that could still be saved is lost.
                Self::new(
                    Code::DatabaseDamaged,
                    format!("{words} Nothing was changed."),
                )
            }
            Error::NotADatabase { .. } => Self::new(Code::NotADatabase, words),
            Error::Io { .. } => {
                tracing::error!(error = words, "storage error");
                Self::new(Code::StorageError, words)
            }
            Error::TimeLimit { .. } => Self::new(Code::TimeLimit, words),
            Error::Closed => {
                Self::new(Code::DatabaseNotFound, "The database was closed meanwhile.")
            }
            other => Self::internal(other),
        }
    }
}

impl From<KeyError> for ApiError {
    fn from(error: KeyError) -> Self {
        let words = sentence(&error.to_string());
        match error {
            KeyError::TooLong { .. } => Self::new(Code::KeyTooLarge, words),
            KeyError::InvalidSpec { .. } | KeyError::Expression { .. } => {
                Self::new(Code::InvalidDefinition, words)
            }
            KeyError::Corrupt { .. } => Self::new(Code::DatabaseDamaged, words),
            KeyError::UnknownField { suggestions, .. } => {
                Self::new(Code::InvalidKey, words).suggest(suggestions)
            }
            _ => Self::new(Code::InvalidKey, words),
        }
    }
}

impl From<sop::DocumentError> for ApiError {
    fn from(error: sop::DocumentError) -> Self {
        let words = sentence(&error.to_string());
        Self::new(document_code(&error), words.clone()).at("/value", words)
    }
}

fn document_code(error: &sop::DocumentError) -> Code {
    match error {
        sop::DocumentError::TooLarge { .. } => Code::ValueTooLarge,
        sop::DocumentError::Corrupt { .. } => Code::DatabaseDamaged,
        _ => Code::MalformedJson,
    }
}
