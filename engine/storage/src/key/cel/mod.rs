//! Orders of composite keys that a CEL expression gives.
//!
//! A [`CelExpression`] is either a comparer of two keys (`mapX`, `mapY`; an int below, at or above zero)
//! or a sort key of one key (`key`; a value or a list of values). It is compiled once per
//! specification, checked as far as that is possible without keys, and bounded: no loops, a limit on
//! its length, depth and size, so that the time of one evaluation is bounded by the size of the keys.
//!
//! What always holds:
//! - an expression sees the ordered fields only, never ride-on fields, offsets of timestamps, a clock
//!   or a random source: the same keys always give the same answer;
//! - the CEL library never takes the process down: it runs on a stack that is deep enough, and a panic
//!   of it is an error of the key;
//! - nothing here decides where a key lies: that is `sort_key` bytes (see [`super::encode`]), or the
//!   label that the store gives the key (see [`super::label`]).
//!
//! # Types
//!
//! | key type | CEL type |
//! |---|---|
//! | `bool` | `bool` |
//! | `i8` to `i64` | `int` |
//! | `u8` to `u64` | `uint` |
//! | `f32` `f64` | `double` |
//! | `decimal` | `decimal`: exact; compares with itself and all numbers, `double(d)` and `string(d)` |
//! | `string` | `string` |
//! | `bytes` | `bytes` |
//! | `uuid` | `string`, hyphenated in lower case |
//! | `date` | `timestamp` at midnight UTC |
//! | `time` | `duration` since midnight |
//! | `datetime` | `timestamp`, taken as UTC |
//! | `timestamp` | `timestamp`, in UTC |
//! | missing | `null` |
//!
//! `has(key.field)` is whether the value is there. Besides CEL's own functions there are
//! `compare(a, b)`, which gives -1, 0 or 1 by the order of [`sort_key`], and `lowerAscii` and
//! `upperAscii` of strings.

mod compile;
mod functions;
mod sort_key;
mod values;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use cel::common::types::CelInt;
use cel::common::value::CowVal;
use cel::{Context, IdedExpr, Value};
use serde::{Deserialize, Serialize};

use self::values::Row;
use super::{KeyError, KeySpec, KeyValue};

pub(super) use self::sort_key::skip;

/// The longest expression, in bytes.
pub const MAX_EXPRESSION_BYTES: usize = 2_000;

/// An expression that orders composite keys. In JSON `{"compare": "…"}` or `{"sort_key": "…"}`.
#[derive(Clone, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(try_from = "Form", into = "Form")]
pub enum CelExpression {
    /// Over `mapX` and `mapY`, the fields of two keys: an int below zero when X comes first, above zero
    /// when Y does, zero when the expression does not tell them apart. Those are ordered by their
    /// fields.
    Compare(String),
    /// Over `key`, the fields of one key: a value or a list of values, by which keys are sorted. Keys
    /// with the same one are ordered by their fields.
    SortKey(String),
}

/// The JSON form of a [`CelExpression`].
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    compare: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sort_key: Option<String>,
}

impl From<CelExpression> for Form {
    fn from(expression: CelExpression) -> Self {
        let (compare, sort_key) = match expression {
            CelExpression::Compare(text) => (Some(text), None),
            CelExpression::SortKey(text) => (None, Some(text)),
        };
        Self { compare, sort_key }
    }
}

impl TryFrom<Form> for CelExpression {
    type Error = KeyError;

    fn try_from(form: Form) -> Result<Self, KeyError> {
        match (form.compare, form.sort_key) {
            (Some(text), None) => Ok(Self::Compare(text)),
            (None, Some(text)) => Ok(Self::SortKey(text)),
            _ => Err(KeyError::InvalidSpec {
                detail: "\"cel\" takes one of \"compare\" and \"sort_key\"".to_owned(),
            }),
        }
    }
}

impl CelExpression {
    /// Its text.
    pub fn text(&self) -> &str {
        match self {
            Self::Compare(text) | Self::SortKey(text) => text,
        }
    }

    /// Its name in JSON.
    pub fn form(&self) -> &'static str {
        match self {
            Self::Compare(_) => "compare",
            Self::SortKey(_) => "sort_key",
        }
    }

    /// The variables it has.
    fn variables(&self) -> &'static [&'static str] {
        match self {
            Self::Compare(_) => &["mapX", "mapY"],
            Self::SortKey(_) => &["key"],
        }
    }
}

/// A compiled expression. Cheap to clone; equal when the texts are.
#[derive(Clone)]
pub(super) struct CelOrder {
    pub expression: CelExpression,
    program: Arc<IdedExpr>,
}

impl fmt::Debug for CelOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.fmt(f)
    }
}

impl PartialEq for CelOrder {
    fn eq(&self, other: &Self) -> bool {
        self.expression == other.expression
    }
}

impl Eq for CelOrder {}

impl Hash for CelOrder {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.expression.hash(state);
    }
}

impl CelOrder {
    /// Compiles an expression for the keys of `spec`, and tries it on a key that has a value in each
    /// field.
    pub fn new(spec: &KeySpec, expression: CelExpression) -> Result<Self, KeyError> {
        if !spec.is_composite() {
            return Err(KeyError::InvalidSpec {
                detail: "only a composite key can have a CEL order; make it one of one field"
                    .to_owned(),
            });
        }
        let program = Arc::new(compile::compile(spec, &expression)?);
        let order = Self {
            expression,
            program,
        };
        order.try_on_a_sample(spec)?;
        Ok(order)
    }

    /// Finds expressions that fail for every key: values of the wrong type, or a result of one.
    fn try_on_a_sample(&self, spec: &KeySpec) -> Result<(), KeyError> {
        let sample = values::sample(spec);
        let tried = match self.expression {
            CelExpression::Compare(_) => self.evaluate(&sample, &sample, compared),
            CelExpression::SortKey(_) => self
                .evaluate(&sample, &[], |value| {
                    sort_key::encode(value.as_ref(), &mut Vec::new())
                })
                .map(|()| Ordering::Equal),
        };
        match tried {
            Ok(_) => Ok(()),
            // What depends on the values themselves (a division by zero, a text that is no number) may
            // never happen with the keys there will be.
            Err(failure) if failure.depends_on_values => Ok(()),
            Err(failure) => Err(KeyError::Expression {
                form: self.expression.form(),
                detail: format!("{}, tried with {}", failure.message, Shown(spec, &sample)),
            }),
        }
    }

    /// How the expression orders two keys; what it leaves equal is still ordered by the fields.
    pub fn compare(
        &self,
        spec: &KeySpec,
        x: &[KeyValue],
        y: &[KeyValue],
    ) -> Result<Ordering, KeyError> {
        self.evaluate(x, y, compared)
            .map_err(|failure| KeyError::Evaluation {
                form: self.expression.form(),
                detail: failure.message,
                keys: format!("{} and {}", Shown(spec, x), Shown(spec, y)),
            })
    }

    /// Appends the bytes of the sort key of a key.
    pub fn sort_key_into(
        &self,
        spec: &KeySpec,
        key: &[KeyValue],
        out: &mut Vec<u8>,
    ) -> Result<(), KeyError> {
        self.evaluate(key, &[], |value| sort_key::encode(value.as_ref(), out))
            .map_err(|failure| KeyError::Evaluation {
                form: self.expression.form(),
                detail: failure.message,
                keys: Shown(spec, key).to_string(),
            })
    }

    fn evaluate<T>(
        &self,
        x: &[KeyValue],
        y: &[KeyValue],
        take: impl FnOnce(&CowVal<'_, '_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let row = Row { x, y };
        let run = || {
            let mut context = Context::with_env(functions::environment());
            context.set_variable_resolver(&row);
            take(&Value::resolve_val(&self.program, &context)?)
        };
        catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
            Err(Failure::of_type(
                "the CEL library failed on it; write it in another way",
            ))
        })
    }
}

fn compared(value: &CowVal<'_, '_>) -> Result<Ordering, Failure> {
    match value.downcast_ref::<CelInt>() {
        Some(result) => Ok(result.inner().cmp(&0)),
        None => Err(Failure::of_type(format!(
            "it gives a value of type {}, not an int below, at or above zero",
            value.get_type().name()
        ))),
    }
}

/// Why an expression has no answer.
#[derive(Debug)]
struct Failure {
    message: String,
    /// Whether other values of the same types may have an answer.
    depends_on_values: bool,
}

impl Failure {
    fn of_type(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            depends_on_values: false,
        }
    }
}

impl From<cel::ExecutionError> for Failure {
    fn from(error: cel::ExecutionError) -> Self {
        use cel::ExecutionError as E;
        let of_type = matches!(
            error,
            E::NoSuchOverload(_)
                | E::UnexpectedType { .. }
                | E::ValuesNotComparable(..)
                | E::UndeclaredReference(_)
                | E::UnsupportedBinaryOperator(..)
                | E::UnsupportedKeyType(_)
                | E::UnsupportedIndex(..)
        );
        Self {
            message: super::error::shortened_to(&error.to_string(), 300),
            depends_on_values: !of_type,
        }
    }
}

/// The fields of a key, for messages.
struct Shown<'a>(&'a KeySpec, &'a [KeyValue]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = super::Key {
            values: self.1.to_vec(),
            ride_on: Vec::new(),
        };
        let text = self.0.key_to_json(&key).to_string();
        f.write_str(&super::error::shortened_to(&text, 200))
    }
}

#[cfg(test)]
mod tests;
