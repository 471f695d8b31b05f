//! Functions that SQLite does not have.
//!
//! `regexp(pattern, text)` and the operator, `uuid()`, `contains(text, part)` and `contains(array, value)`, `starts_with(text, start)`;
//! the collation `DIGITS`, for whole numbers above `i64`; the aggregates `median(x)` and `percentile(x, p)`, exact, with `p` from 0 to 100, linear between the two nearest.

use std::sync::Arc;

use regex::Regex;
use rusqlite::functions::{Aggregate, Context, FunctionFlags, WindowAggregate};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error, Result};

/// The most values that one median or percentile holds in memory.
const MAX_VALUES: usize = 16 << 20;

fn wrong(detail: impl Into<String>) -> Error {
    Error::UserFunctionError(detail.into().into())
}

fn text<'a>(context: &'a Context<'_>, at: usize) -> Option<&'a str> {
    match context.get_raw(at) {
        ValueRef::Text(text) => std::str::from_utf8(text).ok(),
        _ => None,
    }
}

fn regexp(context: &Context<'_>) -> Result<Option<bool>> {
    let pattern: Option<String> = context.get(0)?;
    let Some(pattern) = pattern else {
        return Ok(None);
    };
    let compiled = context.get_or_create_aux(0, |_| -> Result<Regex, Error> {
        Regex::new(&pattern).map_err(|error| wrong(format!("regexp: {error}")))
    })?;
    let compiled: Arc<Regex> = compiled;
    Ok(match context.get_raw(1) {
        ValueRef::Null => None,
        ValueRef::Text(text) => std::str::from_utf8(text).ok().map(|t| compiled.is_match(t)),
        ValueRef::Integer(value) => Some(compiled.is_match(&value.to_string())),
        ValueRef::Real(value) => Some(compiled.is_match(&value.to_string())),
        ValueRef::Blob(_) => Some(false),
    })
}

/// Whether an element of a JSON array is a value of SQL.
fn is_element(element: &serde_json::Value, value: ValueRef<'_>) -> bool {
    match (element, value) {
        (serde_json::Value::String(there), ValueRef::Text(text)) => there.as_bytes() == text,
        (serde_json::Value::Number(there), ValueRef::Integer(value)) => {
            there.as_i64() == Some(value) || there.as_f64() == Some(value as f64)
        }
        (serde_json::Value::Number(there), ValueRef::Real(value)) => there.as_f64() == Some(value),
        (serde_json::Value::Bool(there), ValueRef::Integer(value)) => i64::from(*there) == value,
        _ => false,
    }
}

fn contains(context: &Context<'_>) -> Option<bool> {
    let value = context.get_raw(1);
    let (Some(whole), false) = (text(context, 0), value == ValueRef::Null) else {
        return None;
    };
    if whole.starts_with('[')
        && let Ok(serde_json::Value::Array(elements)) = serde_json::from_str(whole)
    {
        return Some(elements.iter().any(|element| is_element(element, value)));
    }
    match value {
        ValueRef::Text(part) => {
            let part = std::str::from_utf8(part).ok()?;
            Some(whole.contains(part))
        }
        ValueRef::Integer(part) => Some(whole.contains(&part.to_string())),
        _ => Some(false),
    }
}

fn starts_with(context: &Context<'_>) -> Option<bool> {
    Some(text(context, 0)?.starts_with(text(context, 1)?))
}

/// A random UUID, version 4 (RFC 9562).
fn uuid() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|error| wrong(format!("uuid: no random bytes: {error}")))?;
    bytes[6] = bytes[6] & 0x0F | 0x40;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    let part = |from, to| hex.get(from..to).unwrap_or_default();
    Ok([
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32),
    ]
    .join("-"))
}

/// Values whose place in order is asked for.
#[derive(Default)]
struct Sample {
    values: Vec<f64>,
    /// 0 to 1.
    at: Option<f64>,
}

/// `median(x)` and `percentile(x, p)`.
struct Percentile;

impl Percentile {
    fn arguments(context: &Context<'_>) -> Result<(Option<f64>, f64)> {
        let value = match context.get_raw(0) {
            ValueRef::Null => None,
            ValueRef::Integer(value) => Some(value as f64),
            ValueRef::Real(value) => Some(value),
            _ => return Err(wrong("median and percentile are of numbers")),
        };
        let at = if context.len() > 1 {
            context.get::<f64>(1)?
        } else {
            50.0
        };
        if !(0.0..=100.0).contains(&at) {
            return Err(wrong("the second argument of percentile is from 0 to 100"));
        }
        Ok((value, at / 100.0))
    }

    fn result(sample: &Sample) -> Option<f64> {
        let mut values = sample.values.clone();
        values.sort_by(f64::total_cmp);
        let place = sample.at? * values.len().checked_sub(1)? as f64;
        let low = *values.get(place.floor() as usize)?;
        let high = *values.get(place.ceil() as usize)?;
        Some(low + (high - low) * place.fract())
    }
}

impl Aggregate<Sample, Value> for Percentile {
    fn init(&self, _: &mut Context<'_>) -> Result<Sample> {
        Ok(Sample::default())
    }

    fn step(&self, context: &mut Context<'_>, sample: &mut Sample) -> Result<()> {
        let (value, at) = Self::arguments(context)?;
        if sample
            .at
            .replace(at)
            .is_some_and(|before| before.to_bits() != at.to_bits())
        {
            return Err(wrong(
                "the second argument of percentile is the same for all rows",
            ));
        }
        if sample.values.len() >= MAX_VALUES {
            return Err(wrong(format!(
                "median and percentile are of at most {MAX_VALUES} values"
            )));
        }
        sample.values.extend(value);
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, sample: Option<Sample>) -> Result<Value> {
        Ok(sample
            .and_then(|sample| Self::result(&sample))
            .map_or(Value::Null, Value::Real))
    }
}

impl WindowAggregate<Sample, Value> for Percentile {
    fn value(&self, sample: Option<&mut Sample>) -> Result<Value> {
        Ok(sample
            .and_then(|sample| Self::result(sample))
            .map_or(Value::Null, Value::Real))
    }

    fn inverse(&self, context: &mut Context<'_>, sample: &mut Sample) -> Result<()> {
        let (value, _) = Self::arguments(context)?;
        let found = sample.values.iter().position(|there| Some(*there) == value);
        if let Some(at) = found {
            sample.values.swap_remove(at);
        }
        Ok(())
    }
}

/// Orders text of digits as the numbers that it is, before all other text.
fn digits(a: &str, b: &str) -> std::cmp::Ordering {
    fn rank(text: &str) -> (bool, usize, &str) {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        (!is_number, if is_number { text.len() } else { 0 }, text)
    }
    rank(a).cmp(&rank(b))
}

/// Makes the functions known to a connection.
pub(super) fn register(connection: &Connection) -> Result<()> {
    connection.create_collation("DIGITS", digits)?;
    let pure = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("regexp", 2, pure, regexp)?;
    connection.create_scalar_function("contains", 2, pure, |context| Ok(contains(context)))?;
    connection
        .create_scalar_function("starts_with", 2, pure, |context| Ok(starts_with(context)))?;
    connection.create_scalar_function("uuid", 0, FunctionFlags::SQLITE_UTF8, |_| uuid())?;
    connection.create_window_function("median", 1, pure, Percentile)?;
    connection.create_window_function("percentile", 2, pure, Percentile)
}
