//! What can go wrong with a statement, said so that its writer can mend it.

use std::fmt;

use super::visibility::{StoreRules, Visibility};

/// What kind of error it is; stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// The text is not SQL.
    Syntax,
    /// A store or a database that is not there.
    StoreNotFound,
    /// A field that is not there.
    FieldNotFound,
    /// A parameter without a value, or a value without a parameter.
    Parameter,
    /// The statement may not do that here.
    Forbidden,
    /// SQLite or this layer cannot do that.
    Unsupported,
    /// The statement writes and the access is for reading.
    ReadOnly,
    /// An item with that key exists, or a required one is missing.
    Constraint,
    /// A value breaks the schema of its store.
    SchemaViolation,
    /// Another transaction changed what this one read; it can be run again.
    Conflict,
    /// It was cancelled.
    Cancelled,
    /// It took longer than it may.
    Timeout,
    /// It is larger than it may be.
    TooLarge,
    /// It needs more memory than there is for statements, or than one value may take.
    MemoryLimit,
    /// A value has no sense there: a function's argument, a pattern, a number out of range.
    InvalidValue,
    /// The storage engine failed.
    Engine,
}

impl Code {
    /// The name that interfaces give it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Syntax => "syntax_error",
            Self::StoreNotFound => "store_not_found",
            Self::FieldNotFound => "field_not_found",
            Self::Parameter => "invalid_parameter",
            Self::Forbidden => "forbidden_statement",
            Self::Unsupported => "unsupported_statement",
            Self::ReadOnly => "read_only",
            Self::Constraint => "constraint",
            Self::SchemaViolation => "schema_violation",
            Self::Conflict => "conflict",
            Self::Cancelled => "cancelled",
            Self::Timeout => "timeout",
            Self::TooLarge => "too_large",
            Self::MemoryLimit => "memory_limit",
            Self::InvalidValue => "invalid_value",
            Self::Engine => "engine_error",
        }
    }
}

/// An error of a statement.
#[derive(Debug)]
pub struct QueryError {
    /// What kind of error.
    pub code: Code,
    /// What happened, and what to do.
    pub message: String,
    /// The byte of the request's text that it is about.
    pub at: Option<usize>,
    /// The nearest right names, where a name is wrong.
    pub suggestions: Vec<String>,
    /// The engine's error, where one is the cause.
    pub engine: Option<Box<sop::Error>>,
}

impl QueryError {
    /// An error without a place.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            at: None,
            suggestions: Vec::new(),
            engine: None,
        }
    }

    pub(super) fn at(mut self, at: Option<usize>) -> Self {
        self.at = self.at.or(at);
        self
    }

    pub(super) fn suggest(mut self, names: Vec<String>) -> Self {
        if let [nearest, ..] = names.as_slice() {
            self.message = format!("{}; did you mean {nearest:?}?", self.message);
        }
        self.suggestions = names;
        self
    }

    /// The same error without keys and fields that the caller does not see.
    pub(super) fn seen_by(mut self, visibility: &Visibility) -> Self {
        const UNSEEN: &str = "(not shown)";
        if visibility.is_all() {
            return self;
        }
        let protects_keys = |store: &str| {
            let mut rules = visibility.stores_named(store);
            rules.any(StoreRules::protects_some_key)
        };
        let Some(engine) = &mut self.engine else {
            return self;
        };
        match engine.as_mut() {
            sop::Error::Conflict { store, key, .. } | sop::Error::KeyExists { store, key }
                if protects_keys(store) =>
            {
                UNSEEN.clone_into(key);
            }
            sop::Error::InvalidKey { store, .. } if protects_keys(store) => {
                self.message = format!("store {store:?} does not take this key");
                self.engine = None;
                return self;
            }
            sop::Error::SchemaViolation {
                store,
                key,
                field,
                detail,
            }
            | sop::Error::InvalidValue {
                store,
                key,
                field,
                detail,
            } => {
                if protects_keys(store) {
                    UNSEEN.clone_into(key);
                }
                let path = field.replace("[]", "");
                let mut rules = visibility.stores_named(store);
                if rules.any(|rules| rules.value_field(&path).is_some()) {
                    UNSEEN.clone_into(field);
                    "does not fit".clone_into(detail);
                }
            }
            sop::Error::NotUnique(found) => {
                let store = &found.store;
                if visibility.stores_named(store).next().is_none() {
                    return self;
                }
                // Index, fields, values and the other key may all be unseen.
                self.message = format!(
                    "store {store:?} has an item already with the values that a unique index of it allows once"
                );
                self.engine = None;
                return self;
            }
            sop::Error::StoreNotFound { suggestions, .. } => {
                suggestions.clear();
                self.suggestions.clear();
            }
            _ => return self,
        }
        self.message = engine.to_string();
        self
    }

    /// The same error with its place counted from further behind; none where it lies in front of that.
    pub(super) fn moved_back(mut self, by: usize) -> Self {
        self.at = self.at.and_then(|at| at.checked_sub(by));
        self
    }

    /// The same error with its place counted from further in front.
    pub(super) fn moved(mut self, by: usize) -> Self {
        self.at = self.at.map(|at| at + by);
        self
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for QueryError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.engine.as_deref().map(|error| error as _)
    }
}

impl From<sop::Error> for QueryError {
    fn from(error: sop::Error) -> Self {
        let code = match &error {
            sop::Error::Conflict { .. } => Code::Conflict,
            sop::Error::KeyExists { .. }
            | sop::Error::StoreExists { .. }
            | sop::Error::NotUnique(_) => Code::Constraint,
            sop::Error::IsIndex { .. } => Code::Unsupported,
            sop::Error::SchemaViolation { .. } => Code::SchemaViolation,
            sop::Error::StoreNotFound { .. } => Code::StoreNotFound,
            sop::Error::InvalidKey { .. }
            | sop::Error::InvalidValue { .. }
            | sop::Error::InvalidDefinition { .. } => Code::InvalidValue,
            sop::Error::TimeLimit { .. } => Code::Timeout,
            sop::Error::TransactionTooLarge { .. } => Code::TooLarge,
            _ => Code::Engine,
        };
        let suggestions = match &error {
            sop::Error::StoreNotFound { suggestions, .. } => suggestions.clone(),
            _ => Vec::new(),
        };
        Self {
            code,
            message: error.to_string(),
            at: None,
            suggestions,
            engine: Some(Box::new(error)),
        }
    }
}
