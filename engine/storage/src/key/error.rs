//! What can be wrong with a key, its JSON or its specification.

use thiserror::Error;

use super::KeyType;

/// Characters of the offending text that an error repeats.
const MAX_SHOWN_CHARS: usize = 60;

/// An error about a key. Each one names the field where there is one; the only field of a single key
/// is called `key`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A value of another type than the field has.
    #[error("key field \"{field}\" takes {expected}, not {found}")]
    TypeMismatch {
        /// The key field.
        field: String,
        /// The type that the field has.
        expected: KeyType,
        /// What was given instead.
        found: String,
    },
    /// A value of the right sort that does not fit or cannot be read as the type.
    #[error("key field \"{field}\": {text} is not a {expected}: {detail}")]
    InvalidValue {
        /// The key field.
        field: String,
        /// The type that the field has.
        expected: KeyType,
        /// The value as it was given, shortened.
        text: String,
        /// What is wrong, and what would be right.
        detail: String,
    },
    /// A field that the key does not have.
    #[error("the key has no field \"{field}\"{}", did_you_mean(suggestions))]
    UnknownField {
        /// The name as it was given.
        field: String,
        /// The nearest names of the key, best first.
        suggestions: Vec<String>,
    },
    /// A value that has to be there is missing or null.
    #[error("key field \"{field}\" ({expected}) is missing")]
    MissingField {
        /// The key field.
        field: String,
        /// The type that the field has.
        expected: KeyType,
    },
    /// More or fewer values than the key has fields.
    #[error("the key has {expected} {what} fields, but {found} values were given")]
    FieldCount {
        /// Which fields: `ordered` or `ride-on`.
        what: &'static str,
        /// How many the specification has.
        expected: usize,
        /// How many values there were.
        found: usize,
    },
    /// The encoded key is longer than [`MAX_KEY_BYTES`](super::MAX_KEY_BYTES).
    #[error("the key takes {bytes} bytes when encoded; the limit is {limit} bytes")]
    TooLong {
        /// Length of the encoded key.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A specification that cannot be.
    #[error("invalid key specification: {detail}")]
    InvalidSpec {
        /// What is wrong with it.
        detail: String,
    },
    /// A prefix or range that the key cannot have.
    #[error("invalid key prefix: {detail}")]
    InvalidPrefix {
        /// What is wrong with it.
        detail: String,
    },
    /// A CEL order that cannot be.
    #[error("the CEL expression \"{form}\" of the key: {detail}")]
    Expression {
        /// Which one: `compare` or `sort_key`.
        form: &'static str,
        /// What is wrong with it, and where.
        detail: String,
    },
    /// A CEL order that has no answer for a key.
    #[error("the CEL expression \"{form}\" of the store fails for {keys}: {detail}")]
    Evaluation {
        /// Which one: `compare` or `sort_key`.
        form: &'static str,
        /// What CEL says.
        detail: String,
        /// The key, or the two that were compared, as JSON.
        keys: String,
    },
    /// A comparer that is not an order over the keys there are.
    #[error("the CEL expression \"compare\" of the store is not an order: {detail}")]
    NotAnOrder {
        /// The keys, and what it says of them.
        detail: String,
    },
    /// A question about the place of a key that the specification alone cannot answer.
    #[error(
        "keys of this store are ordered by comparing them with those that are there; ask the store for their places"
    )]
    OrderedByStore,
    /// Bytes that no key encodes to.
    #[error("damaged key: {detail} at byte {at}")]
    Corrupt {
        /// What was found.
        detail: &'static str,
        /// Offset in the order or ride-on bytes.
        at: usize,
    },
}

impl KeyError {
    pub(super) fn invalid(
        field: &str,
        expected: KeyType,
        text: &str,
        detail: impl Into<String>,
    ) -> Self {
        Self::InvalidValue {
            field: field.to_owned(),
            expected,
            text: shortened(text),
            detail: detail.into(),
        }
    }
}

/// `text` cut to a length that fits into an error message.
pub(super) fn shortened(text: &str) -> String {
    shortened_to(text, MAX_SHOWN_CHARS)
}

/// `text` cut to so many characters.
pub(super) fn shortened_to(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn did_you_mean(names: &[String]) -> String {
    if names.is_empty() {
        return String::new();
    }
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    format!("; did you mean {}?", quoted.join(" or "))
}
