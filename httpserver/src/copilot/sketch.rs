//! What a model is told of stores, and how it is read from a database.
//!
//! The cost is bounded: counts and fields are kept by the engine; only samples read items, three of each store.

use serde_json::Value;
use sop::{Direction, KeyRange, Mode, Transaction};

use super::seams::{SchemaSource, ToolContext};
use crate::security::{Capability, Seen};

/// Most stores of a database that are looked at.
const MAX_STORES: usize = 500;
/// Most fields of a store that are listed.
const MAX_FIELDS: usize = 60;
/// Sample values of a field.
const SAMPLES: usize = 3;
/// Longest sample in characters.
const SAMPLE_CHARS: usize = 40;
/// Items that are larger are no sample, in bytes.
const SAMPLE_BYTES: usize = 16 << 10;

/// A store in short.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoreSketch {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its key: name and type of each field.
    pub key: Vec<FieldSketch>,
    /// The fields of its values.
    pub fields: Vec<FieldSketch>,
    /// Its fields, the other store, the fields there.
    pub relations: Vec<(Vec<String>, String, Vec<String>)>,
    /// Number of items.
    pub count: u64,
}

/// A field in short.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FieldSketch {
    /// Its name or path.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Some of its values.
    pub samples: Vec<String>,
}

/// Reads the stores of the databases of the request's environment.
#[derive(Debug, Default)]
pub struct RegistrySchema;

impl SchemaSource for RegistrySchema {
    fn stores(&self, context: &ToolContext, samples: bool) -> Vec<StoreSketch> {
        let read = || -> Result<Vec<StoreSketch>, sop::Error> {
            let registry = context.state.registry();
            let allowed = registry
                .who()
                .check(Capability::Query, Some(&context.database));
            let Ok(database) = allowed.and_then(|()| registry.database(&context.database)) else {
                return Ok(Vec::new());
            };
            let tx = database.begin(Mode::Read)?;
            let seen = context.state.registry().seen(&context.database);
            let infos = tx.stores()?;
            let infos = infos.iter().take(MAX_STORES);
            infos
                .map(|info| sketch(&tx, &seen, &info.definition.name, samples))
                .collect()
        };
        read().unwrap_or_else(|error| {
            tracing::warn!(%error, "the stores could not be read for a prompt");
            Vec::new()
        })
    }
}

fn sketch(
    tx: &Transaction,
    seen: &Seen,
    name: &str,
    samples: bool,
) -> Result<StoreSketch, sop::Error> {
    let store = tx.documents(name)?;
    let info = store.info()?;
    let definition = &info.definition;
    let key = definition.key.fields().iter().map(|field| FieldSketch {
        name: field.name.clone(),
        kind: word(&field.kind),
        samples: Vec::new(),
    });
    let found = store.schema()?;
    let fields = found.fields.iter().take(MAX_FIELDS);
    let mut fields: Vec<FieldSketch> = fields
        .map(|field| FieldSketch {
            name: field.path.clone(),
            kind: word(&field.kind),
            samples: Vec::new(),
        })
        .collect();
    // What the person does not see, a model does not hear of.
    if samples && seen.shows(definition) {
        for item in store
            .range(&KeyRange::all(), Direction::Forward)?
            .take(SAMPLES)
        {
            let value = item?.value;
            if value.encoded().len() <= SAMPLE_BYTES {
                add_samples(&seen.json(name, value.to_value()), &mut fields);
            }
        }
    }
    let relations = definition.relations.iter().map(|relation| {
        let source = relation.source_fields.clone();
        (
            source,
            relation.target_store.clone(),
            relation.target_fields.clone(),
        )
    });
    Ok(StoreSketch {
        name: name.to_owned(),
        description: definition.description.clone(),
        key: key.collect(),
        relations: relations.collect(),
        fields,
        count: info.count,
    })
}

/// The word that something is written as in JSON.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(_) => "any".to_owned(),
    }
}

fn add_samples(value: &Value, fields: &mut [FieldSketch]) {
    for field in fields {
        let found = field
            .name
            .split('.')
            .try_fold(value, |value, step| value.get(step));
        let text = match found {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(value)) => value.to_string(),
            _ => continue,
        };
        let short: String = text.chars().take(SAMPLE_CHARS).collect();
        if !field.samples.contains(&short) {
            field.samples.push(short);
        }
    }
}
