//! What errors of the query crate mean to a client.

use sop_query::changes::ChangeSetError;
use sop_query::prefixes::PrefixError;
use sop_query::select::{self, SelectError};
use sop_query::sql::{self, QueryError};
use sop_query::transfer::{ImportFailure, TransferError};

use super::{ApiError, Code, Fault, sentence};

impl From<PrefixError> for ApiError {
    fn from(error: PrefixError) -> Self {
        match error {
            PrefixError::Key(error) => error.into(),
            PrefixError::Engine(error) => error.into(),
            other => Self::new(Code::InvalidKey, sentence(&other.to_string())),
        }
    }
}

impl From<ChangeSetError> for ApiError {
    fn from(error: ChangeSetError) -> Self {
        let code = match (error.pointer.as_str(), error.detail.as_str()) {
            ("", detail) if detail.starts_with("not JSON") => Code::MalformedJson,
            (_, detail) if detail.starts_with("is missing") => Code::MissingField,
            (_, detail) if detail.starts_with("there is no field") => Code::UnknownField,
            _ => Code::InvalidValue,
        };
        Self::new(code, sentence(&error.to_string())).fault(Fault {
            pointer: Some(error.pointer),
            detail: error.detail,
            suggestions: error.suggestions,
            ..Fault::default()
        })
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        let mut words = sentence(&error.message);
        let mut code = statement_code(error.code);
        if let Some(engine) = error.engine {
            // Its log line and its care for what may be said hold here, too.
            let base = Self::from(*engine);
            code = base.code();
            if code.status().is_server_error() && code != Code::TimeLimit {
                base.detail().clone_into(&mut words);
            }
        } else if error.code == sql::Code::Engine {
            tracing::error!(error = words, "a query failed");
        }
        let pointer = match error.code {
            sql::Code::Parameter => "/params",
            _ => "/sql",
        };
        Self::new(code, words.clone()).fault(Fault {
            pointer: Some(pointer.to_owned()),
            at: error.at,
            detail: words,
            suggestions: error.suggestions,
            ..Fault::default()
        })
    }
}

impl ApiError {
    /// A select document that is wrong; it stands in the body at `pointer`.
    pub fn in_document(error: SelectError, pointer: &str) -> Self {
        let words = sentence(&error.to_string());
        Self::new(document_code(error.fault), words).fault(Fault {
            pointer: Some(format!("{pointer}{}", error.pointer)),
            detail: error.detail,
            suggestions: error.suggestions,
            ..Fault::default()
        })
    }

    /// A filter document that is wrong; it is a parameter of the address, and the pointer leads into it.
    pub fn in_filter(error: SelectError) -> Self {
        let words = sentence(&error.to_string());
        Self::new(document_code(error.fault), words).fault(Fault {
            parameter: Some("filter".to_owned()),
            pointer: Some(error.pointer),
            detail: error.detail,
            suggestions: error.suggestions,
            ..Fault::default()
        })
    }
}

fn document_code(fault: select::Fault) -> Code {
    match fault {
        select::Fault::UnknownStore => Code::StoreNotFound,
        select::Fault::UnknownField => Code::FieldNotFound,
        select::Fault::UnknownOperator => Code::UnknownOperator,
        select::Fault::TooLarge => Code::StatementTooLarge,
        _ => Code::InvalidValue,
    }
}

fn statement_code(code: sql::Code) -> Code {
    match code {
        sql::Code::Syntax => Code::SyntaxError,
        sql::Code::StoreNotFound => Code::StoreNotFound,
        sql::Code::FieldNotFound => Code::FieldNotFound,
        sql::Code::Parameter => Code::InvalidParameter,
        sql::Code::Forbidden => Code::ForbiddenStatement,
        sql::Code::Unsupported => Code::UnsupportedStatement,
        sql::Code::ReadOnly => Code::ReadOnly,
        sql::Code::Constraint => Code::Constraint,
        sql::Code::SchemaViolation => Code::SchemaViolation,
        sql::Code::Conflict => Code::Conflict,
        sql::Code::Cancelled => Code::Cancelled,
        sql::Code::Timeout => Code::TimeLimit,
        sql::Code::TooLarge => Code::StatementTooLarge,
        sql::Code::MemoryLimit => Code::MemoryLimit,
        sql::Code::InvalidValue => Code::InvalidValue,
        _ => Code::StorageError,
    }
}

impl From<TransferError> for ApiError {
    fn from(error: TransferError) -> Self {
        let words = sentence(&error.to_string());
        match error {
            TransferError::Engine(error) => error.into(),
            TransferError::Io(_) | TransferError::Cancelled => {
                Self::new(Code::BodyUnreadable, words)
            }
            TransferError::KeyNeeded { suggestions, .. } => {
                Self::new(Code::KeyNeeded, words.clone())
                    .parameter("key", words)
                    .suggest(suggestions)
            }
            TransferError::KeyMismatch { .. } => {
                Self::new(Code::InvalidParameter, words.clone()).parameter("key", words)
            }
            TransferError::Option { option, .. } => {
                Self::new(Code::InvalidParameter, words.clone()).parameter(option, words)
            }
            TransferError::NotRepresentable { .. } => {
                Self::new(Code::NotRepresentable, words.clone()).parameter("format", words)
            }
            _ => Self::new(Code::MalformedData, words),
        }
    }
}

impl From<ImportFailure> for ApiError {
    fn from(failure: ImportFailure) -> Self {
        let words = sentence(&failure.to_string());
        let summary = serde_json::to_value(&failure.summary).unwrap_or_default();
        Self::from(failure.error)
            .detailed(words)
            .extend("summary", summary)
    }
}
