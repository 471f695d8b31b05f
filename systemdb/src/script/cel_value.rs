//! JSON values in CEL and back.
//!
//! Whole numbers within 64 bits are `int` (beyond `i64` `uint`), all others `double`. Instants and durations come back as
//! text, bytes as base64 would be: they are refused, as are types and messages.

use cel::Value as Cel;
use cel::common::types::CelNull;
use cel::common::value::Val;
use cel::objects::{Key, Map};
use serde_json::{Number, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// Most parts that the result of an expression may have.
const MAX_PARTS: usize = 1_000_000;
/// How deep it may be.
const MAX_DEPTH: usize = 64;

/// A JSON value for expressions.
pub(super) fn from_json(value: &Value) -> Box<dyn Val> {
    let value: Result<Box<dyn Val>, _> = converted(value).try_into();
    value.unwrap_or_else(|_| Box::new(CelNull))
}

fn converted(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(value) => Cel::Bool(*value),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(value), ..) => Cel::Int(value),
            (_, Some(value), _) => Cel::UInt(value),
            (_, _, Some(value)) => Cel::Float(value),
            _ => Cel::Null,
        },
        Value::String(text) => Cel::String(Arc::new(text.clone())),
        Value::Array(list) => Cel::List(Arc::new(list.iter().map(converted).collect())),
        Value::Object(fields) => {
            let fields = fields.iter();
            let map: HashMap<Key, Cel> = fields
                .map(|(name, value)| (Key::from(name.as_str()), converted(value)))
                .collect();
            Cel::Map(Map { map: Arc::new(map) })
        }
    }
}

/// The result of an expression as JSON; the fields of objects in the order of their names.
pub(super) fn to_json(value: &Cel) -> Result<Value, String> {
    let mut parts = 0;
    json(value, 0, &mut parts)
}

fn json(value: &Cel, depth: usize, parts: &mut usize) -> Result<Value, String> {
    *parts += 1;
    if *parts > MAX_PARTS || depth > MAX_DEPTH {
        return Err("the value is too large".to_owned());
    }
    Ok(match value {
        Cel::Null => Value::Null,
        Cel::Bool(value) => Value::Bool(*value),
        Cel::Int(value) => Value::from(*value),
        Cel::UInt(value) => Value::from(*value),
        Cel::Float(value) => match Number::from_f64(*value) {
            Some(number) => Value::Number(number),
            None => return Err(format!("{value} is not a number that can be stored")),
        },
        Cel::String(text) => Value::String(text.to_string()),
        Cel::Timestamp(at) => Value::String(at.to_rfc3339()),
        Cel::Duration(time) => Value::String(format!("{}s", time.num_seconds())),
        Cel::List(list) => {
            let values = list.iter().map(|value| json(value, depth + 1, parts));
            Value::Array(values.collect::<Result<_, _>>()?)
        }
        Cel::Map(map) => {
            let mut fields = Vec::with_capacity(map.map.len());
            for (key, value) in map.map.iter() {
                let name = match key {
                    Key::String(name) => name.to_string(),
                    Key::Int(number) => number.to_string(),
                    Key::Uint(number) => number.to_string(),
                    Key::Bool(value) => value.to_string(),
                };
                fields.push((name, json(value, depth + 1, parts)?));
            }
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(fields.into_iter().collect())
        }
        _ => return Err("the expression gives something that is no JSON value".to_owned()),
    })
}
