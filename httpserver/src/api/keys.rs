//! Keys, prefixes and ranges as they stand in addresses.

use std::ops::Bound;

use serde_json::Value;
use sop::{Key, KeyPrefix, KeyRange, KeySpec};

use crate::error::{ApiError, ApiResult, Code};

/// A key given as JSON in the parameter `name`.
pub(super) fn key(spec: &KeySpec, name: &str, text: &str) -> ApiResult<Key> {
    let json = parse(name, text)?;
    spec.key_from_json(&json).map_err(|error| at_parameter(error.into(), name))
}

/// The items whose key begins with a prefix: a JSON array of leading values, of which the last may
/// be `{"partial": "text"}` for the beginning of a text. Without the parameter, all items.
pub(super) fn prefix(spec: &KeySpec, text: Option<&str>) -> ApiResult<KeyRange> {
    let Some(text) = text else { return Ok(KeyRange::all()) };
    let prefix = prefix_from_json(spec, &parse("prefix", text)?)?;
    spec.prefix(&prefix).map_err(|error| at_parameter(error.into(), "prefix"))
}

/// A prefix from its JSON.
pub(super) fn prefix_from_json(spec: &KeySpec, json: &Value) -> ApiResult<KeyPrefix> {
    let wrong = |detail: &str| ApiError::new(Code::InvalidKey, detail.to_owned()).parameter("prefix", detail);
    let Value::Array(parts) = json else {
        return Err(wrong(
            "A prefix is a JSON array of the leading key values; the last may be {\"partial\": \"text\"}.",
        ));
    };
    let mut prefix = KeyPrefix { leading: Vec::new(), partial: None };
    for (index, part) in parts.iter().enumerate() {
        if let Value::Object(partial) = part {
            let (Some(Value::String(text)), 1, true) = (partial.get("partial"), partial.len(), index + 1 == parts.len())
            else {
                return Err(wrong("Only the last part of a prefix may be an object, and it is {\"partial\": \"text\"}."));
            };
            prefix.partial = Some(text.clone());
        } else {
            let value = spec.value_from_json(index, part).map_err(|error| at_parameter(error.into(), "prefix"))?;
            prefix.leading.push(value);
        }
    }
    Ok(prefix)
}

/// The range between two keys, both included; a missing one leaves its end open.
pub(super) fn between(spec: &KeySpec, from: Option<&str>, to: Option<&str>) -> ApiResult<KeyRange> {
    let bound = |name: &str, text: Option<&str>| text.map(|text| key(spec, name, text)).transpose();
    let (from, to) = (bound("from", from)?, bound("to", to)?);
    let included = |key: &'_ Option<Key>| key.clone().map_or(Bound::Unbounded, Bound::Included);
    Ok(spec.range(included(&from).as_ref(), included(&to).as_ref())?)
}

fn parse(name: &str, text: &str) -> ApiResult<Value> {
    serde_json::from_str(text).map_err(|error| {
        let detail = format!(
            "The parameter '{name}' is not valid JSON: {error}. A text needs quotes: {name}=\"abc\"."
        );
        ApiError::new(Code::InvalidKey, detail.clone()).parameter(name, detail)
    })
}

fn at_parameter(error: ApiError, name: &str) -> ApiError {
    let detail = error.detail().to_owned();
    error.parameter(name, detail)
}
