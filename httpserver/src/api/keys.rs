//! Keys, prefixes and ranges as they stand in addresses.

use std::ops::Bound;

use serde_json::Value;
use sop::{DocumentStore, Key, KeyPrefix, KeyRange, KeySpec};
use sop_query::keys::key_from_json;
use sop_query::prefixes::parse_prefix;

use crate::error::{ApiError, ApiResult, Code};

/// A key given as JSON in the parameter `name`.
pub(super) fn key(spec: &KeySpec, name: &str, text: &str) -> ApiResult<Key> {
    let json = parse(name, text)?;
    key_from_json(spec, &json).map_err(|error| at_parameter(error.into(), name))
}

/// The items whose key begins with a prefix: a JSON array of leading values, of which the last may
/// be `{"partial": "text"}` for the beginning of a text. Without the parameter, all items.
pub(super) fn prefix(spec: &KeySpec, text: Option<&str>) -> ApiResult<KeyRange> {
    let Some(text) = text else {
        return Ok(KeyRange::all());
    };
    let prefix = leading(spec, "prefix", text)?;
    spec.prefix(&prefix)
        .map_err(|error| at_parameter(error.into(), "prefix"))
}

/// The leading key values given as JSON in the parameter `name`.
pub(super) fn leading(spec: &KeySpec, name: &str, text: &str) -> ApiResult<KeyPrefix> {
    parse_prefix(spec, &parse(name, text)?).map_err(|error| at_parameter(error.into(), name))
}

/// The range between two keys, both included; a missing one leaves its end open.
pub(super) fn between(
    store: &DocumentStore<'_>,
    from: Option<&str>,
    to: Option<&str>,
) -> ApiResult<KeyRange> {
    let spec = &store.definition().key;
    let bound = |name: &str, text: Option<&str>| text.map(|text| key(spec, name, text)).transpose();
    let (from, to) = (bound("from", from)?, bound("to", to)?);
    let included = |key: &'_ Option<Key>| key.clone().map_or(Bound::Unbounded, Bound::Included);
    Ok(store.key_range(included(&from).as_ref(), included(&to).as_ref())?)
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
