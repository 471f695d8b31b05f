//! How a row becomes an item: which of its fields form the key, and what stays as the value.
//!
//! A row carries its key in fields, or is an envelope `{"key": …, "value": …}` as exports write it for keys without
//! names. Always true: a plan belongs to one key specification, and a row either gives a whole key or is a bad row.

use super::key_types::{key_type, suggest_keys};
use super::{Row, TransferError};
use crate::keys::key_from_json;
use serde_json::{Map, Value};
use sop::key::{Key, KeyField, KeySpec};

/// Fields that an error about a row names at most.
const MAX_NAMED_FIELDS: usize = 8;

/// Where a part of the key lies in a row: a field, or `a.b` for a field of a nested object. A field whose own name
/// has the dot comes first.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Path {
    name: String,
}

impl Path {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    /// Names of the objects that lead to the field, and its own.
    fn steps(&self) -> (impl Iterator<Item = &str>, &str) {
        let (parents, field) = self.name.rsplit_once('.').unwrap_or(("", &self.name));
        (parents.split('.').filter(|step| !step.is_empty()), field)
    }

    fn last(&self) -> &str {
        self.steps().1
    }

    fn get<'a>(&self, row: &'a Map<String, Value>) -> Option<&'a Value> {
        row.get(&self.name).or_else(|| {
            let (parents, field) = self.steps();
            let mut object = row;
            for parent in parents {
                object = object.get(parent)?.as_object()?;
            }
            object.get(field)
        })
    }

    fn remove(&self, row: &mut Map<String, Value>) -> Option<Value> {
        if row.contains_key(&self.name) {
            return row.shift_remove(&self.name);
        }
        let (parents, field) = self.steps();
        let mut object = row;
        for parent in parents {
            object = object.get_mut(parent)?.as_object_mut()?;
        }
        object.shift_remove(field)
    }
}

/// How rows become items of one store.
#[derive(Clone, Debug)]
pub(super) struct KeyPlan {
    spec: KeySpec,
    /// One for each ordered field; none when only envelopes can give a key.
    ordered: Vec<Path>,
    ride_on: Vec<Path>,
    keep_key: bool,
}

impl KeyPlan {
    /// The plan for a store that exists, from the fields that the caller named (none: the key's own names).
    pub fn for_store(store: &str, spec: &KeySpec, given: &[String], keep_key: bool, sample: &[&Row]) -> Result<Self, TransferError> {
        let ride_on = spec.ride_on().iter().map(|field| Path::new(&field.name)).collect();
        let plan = |ordered| Self { spec: spec.clone(), ordered, ride_on, keep_key };
        if !given.is_empty() {
            return Ok(plan(match_given(store, spec, given)?));
        }
        let names = spec.fields().iter().filter(|_| spec.is_composite());
        let plan = plan(names.map(|field| Path::new(&field.name)).collect());
        if sample.is_empty() || sample.iter().any(|row| plan.has_key(&row.value)) {
            return Ok(plan);
        }
        let key = match spec.kind() {
            Some(kind) => format!("one {kind} without a name"),
            None => field_names(spec),
        };
        let detail = format!("no row names the key of store {store:?} ({key}): say with key= which fields form it");
        Err(TransferError::KeyNeeded { detail, suggestions: suggest_keys(store, &objects(sample)) })
    }

    /// The plan for a store that is to be made, with key types as the sample shows them.
    pub fn for_new_store(store: &str, given: &[String], keep_key: bool, sample: &[&Row]) -> Result<Self, TransferError> {
        if sample.is_empty() {
            let detail = "the data has no rows, so the type of the key is not known; create the store first".to_owned();
            return Err(TransferError::KeyMismatch { detail });
        }
        if given.is_empty() {
            return Self::from_envelopes(store, keep_key, sample);
        }
        let paths: Vec<Path> = given.iter().map(|name| Path::new(name)).collect();
        let mut fields = Vec::new();
        for path in &paths {
            let values: Vec<&Value> =
                sample.iter().filter_map(|row| row.value.as_object()).filter_map(|row| path.get(row)).collect();
            fields.push(KeyField::new(path.name.clone(), key_type(&path.name, &values)?));
        }
        Ok(Self { spec: composite(fields)?, ordered: paths, ride_on: Vec::new(), keep_key })
    }

    /// The key of a new store from rows `{"key": …, "value": …}`.
    fn from_envelopes(store: &str, keep_key: bool, sample: &[&Row]) -> Result<Self, TransferError> {
        let keys: Vec<&Value> = sample.iter().filter_map(|row| envelope(&row.value)).map(|(key, _)| key).collect();
        if keys.len() * 2 <= sample.len() {
            let suggestions = suggest_keys(store, &objects(sample));
            let hint = suggestions.first().map_or_else(String::new, |key| format!("; key={key} looks unique"));
            let detail = format!("a new store needs its key: say with key= which fields form it{hint}");
            return Err(TransferError::KeyNeeded { detail, suggestions });
        }
        let spec = match keys.first() {
            Some(Value::Object(first)) => {
                let mut fields = Vec::new();
                for name in first.keys() {
                    let values: Vec<&Value> = keys.iter().filter_map(|key| key.get(name)).collect();
                    fields.push(KeyField::new(name.clone(), key_type(name, &values)?));
                }
                composite(fields)?
            }
            _ => KeySpec::single(key_type("key", &keys)?),
        };
        let names = spec.fields().iter().filter(|_| spec.is_composite());
        let ordered = names.map(|field| Path::new(&field.name)).collect();
        Ok(Self { spec, ordered, ride_on: Vec::new(), keep_key })
    }

    pub const fn spec(&self) -> &KeySpec {
        &self.spec
    }

    fn has_key(&self, row: &Value) -> bool {
        row.as_object().is_some_and(|row| self.ordered.iter().any(|path| path.get(row).is_some())) || envelope(row).is_some()
    }

    /// Takes a row apart into key and value; the error says what the row lacks.
    pub fn split(&self, row: Value) -> Result<(Key, Value), String> {
        let Value::Object(mut fields) = row else {
            return Err(format!("the row is {}, not an object with the fields of a key", kind_name(&row)));
        };
        if !self.ordered.iter().any(|path| path.get(&fields).is_some()) {
            return self.split_envelope(fields);
        }
        let mut values = Vec::with_capacity(self.ordered.len());
        for path in &self.ordered {
            match self.take(path, &mut fields) {
                Some(value) => values.push(value),
                None => return Err(missing_field(&path.name, &fields)),
            }
        }
        let json = if self.spec.is_composite() {
            if !self.ride_on.is_empty() {
                values.extend(self.ride_on.iter().map(|path| self.take(path, &mut fields).unwrap_or(Value::Null)));
            }
            Value::Array(values)
        } else {
            values.pop().unwrap_or(Value::Null)
        };
        let key = key_from_json(&self.spec, &json).map_err(|error| error.to_string())?;
        Ok((key, Value::Object(fields)))
    }

    fn take(&self, path: &Path, fields: &mut Map<String, Value>) -> Option<Value> {
        if self.keep_key { path.get(fields).cloned() } else { path.remove(fields) }
    }

    fn split_envelope(&self, mut fields: Map<String, Value>) -> Result<(Key, Value), String> {
        if !is_envelope(&fields) {
            let wanted = self.ordered.first().map_or("key", |path| &path.name);
            return Err(missing_field(wanted, &fields));
        }
        let key = fields.shift_remove("key").unwrap_or_default();
        let value = fields.shift_remove("value").unwrap_or_default();
        let key = key_from_json(&self.spec, &key).map_err(|error| error.to_string())?;
        Ok((key, value))
    }
}

/// The places of the key's fields, by name and otherwise, when no name agrees, by position.
fn match_given(store: &str, spec: &KeySpec, given: &[String]) -> Result<Vec<Path>, TransferError> {
    let paths: Vec<Path> = given.iter().map(|name| Path::new(name)).collect();
    let fields = spec.fields();
    let by_name = |field: &KeyField| {
        let exact = paths.iter().find(|path| path.name == field.name);
        exact.or_else(|| paths.iter().find(|path| path.last() == field.name)).cloned()
    };
    let named: Vec<Path> = fields.iter().filter_map(by_name).collect();
    let is_ride_on = |path: &&Path| spec.ride_on().iter().any(|field| field.name == path.name);
    if named.len() == fields.len() && paths.iter().all(|path| named.contains(path) || is_ride_on(&path)) {
        return Ok(named);
    }
    if paths.len() == fields.len() && (named.is_empty() || !spec.is_composite()) {
        return Ok(paths);
    }
    let detail = format!("the key of store {store:?} is {}, but key= names {}", field_names(spec), given.join(", "));
    Err(TransferError::KeyMismatch { detail })
}

fn composite(fields: Vec<KeyField>) -> Result<KeySpec, TransferError> {
    KeySpec::composite(fields, Vec::new()).map_err(|error| TransferError::KeyMismatch { detail: error.to_string() })
}

fn field_names(spec: &KeySpec) -> String {
    match spec.kind() {
        Some(kind) => format!("one {kind}"),
        None => spec.fields().iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(", "),
    }
}

fn objects<'a>(sample: &[&'a Row]) -> Vec<&'a Map<String, Value>> {
    sample.iter().filter_map(|row| row.value.as_object()).collect()
}

fn is_envelope(fields: &Map<String, Value>) -> bool {
    fields.len() == 2 && fields.contains_key("key") && fields.contains_key("value")
}

fn envelope(row: &Value) -> Option<(&Value, &Value)> {
    let fields = row.as_object().filter(|fields| is_envelope(fields))?;
    Some((fields.get("key")?, fields.get("value")?))
}

fn missing_field(name: &str, fields: &Map<String, Value>) -> String {
    let mut there: Vec<&str> = fields.keys().map(String::as_str).take(MAX_NAMED_FIELDS + 1).collect();
    if there.len() > MAX_NAMED_FIELDS {
        there.truncate(MAX_NAMED_FIELDS);
        there.push("…");
    }
    let there = if there.is_empty() { "nothing else".to_owned() } else { there.join(", ") };
    format!("the row has no field {name:?}, which the key needs; it has {there}")
}

const fn kind_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
