//! How a row becomes an item: which of its fields form the key, and what stays as the value.
//!
//! A row carries its key in fields, or is an envelope `{"key": …, "value": …}` as exports write it for keys without
//! names. Always true: a plan belongs to one key specification, and a row either gives a whole key or is a bad row.

use super::key_types::{key_type, suggest_keys};
use super::{Row, TransferError};
use crate::keys::new_key_from_json;
use serde_json::{Map, Value};
use sop::document::{Document, DocumentRef, Kind, merge_patch};
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
        Self {
            name: name.to_owned(),
        }
    }

    fn last(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or(&self.name)
    }

    fn get<'a>(&self, row: DocumentRef<'a>) -> Option<DocumentRef<'a>> {
        row.get(&self.name).or_else(|| {
            let mut steps = self.name.split('.');
            steps.try_fold(row, DocumentRef::get)
        })
    }

    /// Adds to a merge patch what removes the field from `row`.
    fn add_removal(&self, row: DocumentRef<'_>, patch: &mut Map<String, Value>) {
        if row.get(&self.name).is_some() {
            patch.insert(self.name.clone(), Value::Null);
            return;
        }
        let mut steps = self.name.split('.').peekable();
        let mut object = patch;
        while let Some(step) = steps.next() {
            if steps.peek().is_none() {
                object.insert(step.to_owned(), Value::Null);
                return;
            }
            let inner = object
                .entry(step)
                .or_insert_with(|| Value::Object(Map::new()));
            match inner {
                Value::Object(inner) => object = inner,
                // The whole object goes already.
                _ => return,
            }
        }
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
    pub fn for_store(
        store: &str,
        spec: &KeySpec,
        given: &[String],
        keep_key: bool,
        sample: &[&Row],
    ) -> Result<Self, TransferError> {
        let ride_on = spec
            .ride_on()
            .iter()
            .map(|field| Path::new(&field.name))
            .collect();
        let plan = |ordered| Self {
            spec: spec.clone(),
            ordered,
            ride_on,
            keep_key,
        };
        if !given.is_empty() {
            return Ok(plan(match_given(store, spec, given)?));
        }
        let names = spec.fields().iter().filter(|_| spec.is_composite());
        let plan = plan(names.map(|field| Path::new(&field.name)).collect());
        if sample.is_empty() || sample.iter().any(|row| plan.has_key(row.document.root())) {
            return Ok(plan);
        }
        let key = match spec.kind() {
            Some(kind) => format!("one {kind} without a name"),
            None => field_names(spec),
        };
        let detail = format!(
            "no row names the key of store {store:?} ({key}): say with key= which fields form it"
        );
        Err(TransferError::KeyNeeded {
            detail,
            suggestions: suggest_keys(store, &objects(sample)),
        })
    }

    /// The plan for a store that is to be made, with key types as the sample shows them.
    pub fn for_new_store(
        store: &str,
        given: &[String],
        keep_key: bool,
        sample: &[&Row],
    ) -> Result<Self, TransferError> {
        if sample.is_empty() {
            let detail =
                "the data has no rows, so the type of the key is not known; create the store first"
                    .to_owned();
            return Err(TransferError::KeyMismatch { detail });
        }
        if given.is_empty() {
            return Self::from_envelopes(store, keep_key, sample);
        }
        let paths: Vec<Path> = given.iter().map(|name| Path::new(name)).collect();
        let mut fields = Vec::new();
        for path in &paths {
            let values: Vec<Value> = sample
                .iter()
                .filter_map(|row| path.get(row.document.root()))
                .map(DocumentRef::to_value)
                .collect();
            fields.push(KeyField::new(
                path.name.clone(),
                key_type(&path.name, &values)?,
            ));
        }
        Ok(Self {
            spec: composite(fields)?,
            ordered: paths,
            ride_on: Vec::new(),
            keep_key,
        })
    }

    /// The key of a new store from rows `{"key": …, "value": …}`.
    fn from_envelopes(store: &str, keep_key: bool, sample: &[&Row]) -> Result<Self, TransferError> {
        let keys: Vec<Value> = sample
            .iter()
            .filter_map(|row| envelope(row.document.root()))
            .map(|(key, _)| key.to_value())
            .collect();
        if keys.len() * 2 <= sample.len() {
            let suggestions = suggest_keys(store, &objects(sample));
            let hint = suggestions
                .first()
                .map_or_else(String::new, |key| format!("; key={key} looks unique"));
            let detail =
                format!("a new store needs its key: say with key= which fields form it{hint}");
            return Err(TransferError::KeyNeeded {
                detail,
                suggestions,
            });
        }
        let spec = match keys.first() {
            Some(Value::Object(first)) => {
                let mut fields = Vec::new();
                for name in first.keys() {
                    let values: Vec<Value> = keys
                        .iter()
                        .filter_map(|key| key.get(name))
                        .cloned()
                        .collect();
                    fields.push(KeyField::new(name.clone(), key_type(name, &values)?));
                }
                composite(fields)?
            }
            _ => KeySpec::single(key_type("key", &keys)?),
        };
        let names = spec.fields().iter().filter(|_| spec.is_composite());
        let ordered = names.map(|field| Path::new(&field.name)).collect();
        Ok(Self {
            spec,
            ordered,
            ride_on: Vec::new(),
            keep_key,
        })
    }

    pub const fn spec(&self) -> &KeySpec {
        &self.spec
    }

    fn has_key(&self, row: DocumentRef<'_>) -> bool {
        self.ordered.iter().any(|path| path.get(row).is_some()) || is_envelope(row)
    }

    /// Whether the key cannot lie in the row's own fields: none of them is there, or the field `key` holds a whole
    /// composite key, which no field of a key can.
    fn only_envelope(&self, row: DocumentRef<'_>) -> bool {
        let holds_key =
            |(key, _): (DocumentRef<'_>, _)| matches!(key.kind(), Kind::Object | Kind::Array);
        !self.ordered.iter().any(|path| path.get(row).is_some())
            || envelope(row).is_some_and(holds_key)
    }

    /// Takes a row apart into key and value; the error says what the row lacks.
    pub fn split(&self, document: &Document) -> Result<(Key, Document), String> {
        let row = document.root();
        if row.kind() != Kind::Object {
            return Err(format!(
                "the row is {}, not an object with the fields of a key",
                kind_name(row.kind())
            ));
        }
        if self.only_envelope(row) {
            return self.split_envelope(row);
        }
        let mut values = Vec::with_capacity(self.ordered.len() + self.ride_on.len());
        for path in &self.ordered {
            values.push(
                path.get(row)
                    .ok_or_else(|| missing_field(&path.name, row))?
                    .to_value(),
            );
        }
        let json = if self.spec.is_composite() {
            values.extend(
                self.ride_on
                    .iter()
                    .map(|path| path.get(row).map_or(Value::Null, DocumentRef::to_value)),
            );
            Value::Array(values)
        } else {
            values.pop().unwrap_or(Value::Null)
        };
        let key = new_key_from_json(&self.spec, &json).map_err(|error| error.to_string())?;
        if self.keep_key {
            return Ok((key, document.clone()));
        }
        let mut patch = Map::new();
        let present = self
            .ordered
            .iter()
            .chain(&self.ride_on)
            .filter(|path| path.get(row).is_some());
        present.for_each(|path| path.add_removal(row, &mut patch));
        let value =
            merge_patch(document, &Value::Object(patch)).map_err(|error| error.to_string())?;
        Ok((key, value))
    }

    fn split_envelope(&self, row: DocumentRef<'_>) -> Result<(Key, Document), String> {
        let Some((key, value)) = envelope(row) else {
            let wanted = self.ordered.first().map_or("key", |path| &path.name);
            return Err(missing_field(wanted, row));
        };
        let key =
            new_key_from_json(&self.spec, &key.to_value()).map_err(|error| error.to_string())?;
        Ok((key, value.to_document()))
    }
}

/// The places of the key's fields, by name and otherwise, when no name agrees, by position.
fn match_given(store: &str, spec: &KeySpec, given: &[String]) -> Result<Vec<Path>, TransferError> {
    let paths: Vec<Path> = given.iter().map(|name| Path::new(name)).collect();
    let fields = spec.fields();
    let by_name = |field: &KeyField| {
        let exact = paths.iter().find(|path| path.name == field.name);
        exact
            .or_else(|| paths.iter().find(|path| path.last() == field.name))
            .cloned()
    };
    let named: Vec<Path> = fields.iter().filter_map(by_name).collect();
    let is_ride_on = |path: &&Path| spec.ride_on().iter().any(|field| field.name == path.name);
    if named.len() == fields.len()
        && paths
            .iter()
            .all(|path| named.contains(path) || is_ride_on(&path))
    {
        return Ok(named);
    }
    if paths.len() == fields.len() && (named.is_empty() || !spec.is_composite()) {
        return Ok(paths);
    }
    let detail = format!(
        "the key of store {store:?} is {}, but key= names {}",
        field_names(spec),
        given.join(", ")
    );
    Err(TransferError::KeyMismatch { detail })
}

fn composite(fields: Vec<KeyField>) -> Result<KeySpec, TransferError> {
    KeySpec::composite(fields, Vec::new()).map_err(|error| TransferError::KeyMismatch {
        detail: error.to_string(),
    })
}

fn field_names(spec: &KeySpec) -> String {
    match spec.kind() {
        Some(kind) => format!("one {kind}"),
        None => spec
            .fields()
            .iter()
            .map(|field| field.name.as_str())
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn objects(sample: &[&Row]) -> Vec<Map<String, Value>> {
    let object = |row: &&Row| {
        if let Value::Object(fields) = row.document.to_value() {
            Some(fields)
        } else {
            None
        }
    };
    sample.iter().filter_map(object).collect()
}

fn is_envelope(row: DocumentRef<'_>) -> bool {
    envelope(row).is_some()
}

fn envelope(row: DocumentRef<'_>) -> Option<(DocumentRef<'_>, DocumentRef<'_>)> {
    let fits = row.kind() == Kind::Object && row.len() == 2;
    if fits {
        row.get("key").zip(row.get("value"))
    } else {
        None
    }
}

const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Bool => "a boolean",
        Kind::Int | Kind::Uint | Kind::Float | Kind::Number => "a number",
        Kind::String => "a text",
        Kind::Bytes => "bytes",
        Kind::Array => "an array",
        Kind::Object => "an object",
    }
}

fn missing_field(name: &str, row: DocumentRef<'_>) -> String {
    let mut there: Vec<&str> = row
        .fields()
        .map(|(name, _)| name)
        .take(MAX_NAMED_FIELDS + 1)
        .collect();
    if there.len() > MAX_NAMED_FIELDS {
        there.truncate(MAX_NAMED_FIELDS);
        there.push("…");
    }
    let there = if there.is_empty() {
        "no fields".to_owned()
    } else {
        there.join(", ")
    };
    format!("the row has no field {name:?}, which the key needs; it has {there}")
}

#[cfg(test)]
mod tests;
