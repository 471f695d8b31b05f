//! From what `CREATE STORE` says to the definition of a store.

use sop::key::{KeyField, KeySpec, KeyType, RideOnField};
use sop::{FieldType, Relation, SchemaField, StoreDefinition};

use super::types::{TypeName, field_type, key_type};
use super::words::invalid;
use super::{Column, Create, KeyPart, Name, References, settings};
use crate::sql::Result;
use crate::sql::columns::Kind;
use crate::sql::error::{Code, QueryError};

/// The name of the one column that makes a single key.
const SINGLE: &str = "key";

/// A column of the select that fills a new store.
pub(in crate::sql) struct Selected {
    pub name: String,
    /// What it is, where it comes from a store as it is.
    pub kind: Option<Kind>,
}

fn position(columns: &[Column], name: &Name) -> Option<usize> {
    let exact = columns
        .iter()
        .position(|column| column.name.text == name.text);
    exact.or_else(|| {
        let same = |column: &Column| column.name.text.eq_ignore_ascii_case(&name.text);
        columns.iter().position(same)
    })
}

fn unknown<T>(columns: &[Column], name: &Name, what: &str) -> Result<T> {
    let names = columns.iter().map(|column| column.name.text.as_str());
    let message = format!("{what} names {:?}, which is no column", name.text);
    Err(QueryError::new(Code::FieldNotFound, message)
        .suggest(sop::nearest(&name.text, names))
        .at(Some(name.at)))
}

fn unique_names(columns: &[Column]) -> Result<()> {
    for (at, column) in columns.iter().enumerate() {
        let name = &column.name;
        if position(columns.get(..at).unwrap_or_default(), name).is_some() {
            let message = format!("there are two columns {:?}", name.text);
            return invalid(name.at, message);
        }
    }
    Ok(())
}

/// The type that a kind stands for, as if it were written.
fn seen_type(kind: Kind, at: usize) -> TypeName {
    let (key, field) = match kind {
        Kind::Key(key) => (Some(key), field_type(key)),
        Kind::Field(field) => (key_type(field), field),
        Kind::Json | Kind::Mixed => (None, FieldType::Any),
    };
    TypeName {
        text: kind.name().to_owned(),
        at,
        key,
        field,
    }
}

/// Brings the columns that are written and those of the select together.
fn columns(create: &Create, selected: Option<&[Selected]>) -> Result<Vec<Column>> {
    let Some(selected) = selected else {
        return Ok(create.columns.clone());
    };
    let at = create.select.as_ref().map_or(0, |span| span.start);
    let mut columns = create.columns.clone();
    if columns.is_empty() {
        columns = selected
            .iter()
            .map(|column| Column {
                name: Name {
                    text: column.name.clone(),
                    at,
                },
                kind: None,
                not_null: false,
            })
            .collect();
    } else if columns.len() != selected.len() {
        let message = format!(
            "{} columns are named, and the select gives {}",
            columns.len(),
            selected.len()
        );
        return invalid(at, message);
    }
    for (column, from) in columns.iter_mut().zip(selected) {
        if column.kind.is_none() {
            column.kind = from.kind.map(|kind| seen_type(kind, column.name.at));
        }
    }
    Ok(columns)
}

fn type_of_key(part: &KeyPart, column: &Column) -> Result<KeyType> {
    let name = &part.name;
    let Some(kind) = part.kind.as_ref().or(column.kind.as_ref()) else {
        let message = format!(
            "the type of key column {:?} is not known; write it: PRIMARY KEY ({} TEXT)",
            name.text, name.text
        );
        return invalid(name.at, message);
    };
    let Some(key) = kind.key else {
        let message = format!(
            "column {:?} is of type {}, which cannot be a key",
            name.text, kind.text
        );
        return invalid(kind.at, message);
    };
    Ok(key)
}

/// The key, and which of the columns are in it.
fn key(
    create: &Create,
    columns: &[Column],
    others: settings::Others,
) -> Result<(KeySpec, Vec<usize>)> {
    if create.key.is_empty() {
        let message = match create.select {
            Some(_) => "a store needs a key: write PRIMARY KEY (column, …) before AS",
            None => "a store needs a key: write PRIMARY KEY (column, …) behind the columns",
        };
        return invalid(create.store.store.at, message);
    }
    let mut used = Vec::new();
    let mut fields = Vec::new();
    for part in &create.key {
        let Some((at, column)) =
            position(columns, &part.name).and_then(|at| Some((at, columns.get(at)?)))
        else {
            return unknown(columns, &part.name, "PRIMARY KEY");
        };
        used.push(at);
        let field = KeyField::new(column.name.text.clone(), type_of_key(part, column)?);
        fields.push(match part.descending {
            true => field.descending(),
            false => field,
        });
    }
    let mut ride_on = Vec::new();
    for name in &others.ride_on {
        let Some((at, column)) =
            position(columns, name).and_then(|at| Some((at, columns.get(at)?)))
        else {
            return unknown(columns, name, "ride_on");
        };
        used.push(at);
        let part = KeyPart {
            name: name.clone(),
            kind: None,
            descending: false,
        };
        ride_on.push(RideOnField::new(
            column.name.text.clone(),
            type_of_key(&part, column)?,
        ));
    }
    let at = create.key.first().map_or(0, |part| part.name.at);
    if let ([field], [part]) = (fields.as_slice(), create.key.as_slice())
        && field.name == SINGLE
    {
        if part.descending || !ride_on.is_empty() || others.order.is_some() {
            let message = "a single key, which one column named \"key\" makes, is ascending, and nothing rides on it; name the column otherwise";
            return invalid(at, message);
        }
        return Ok((KeySpec::single(field.kind), used));
    }
    let failed = |error: sop::key::KeyError| {
        QueryError::new(Code::InvalidValue, format!("the key: {error}")).at(Some(at))
    };
    let mut spec = KeySpec::composite(fields, ride_on).map_err(failed)?;
    if let Some(order) = others.order {
        spec = spec.ordered_by(order).map_err(failed)?;
    }
    Ok((spec, used))
}

/// The definition that a statement makes, and the columns in which a select fills it.
pub(super) fn definition(
    create: &Create,
    selected: Option<&[Selected]>,
) -> Result<(StoreDefinition, Vec<String>)> {
    let columns = columns(create, selected)?;
    unique_names(&columns)?;
    let name = &create.store.store;
    let mut store = StoreDefinition::new(name.text.clone(), KeySpec::single(KeyType::I64));
    let others = settings::apply(&create.settings, &mut store)?;
    let required = columns.iter().find(|column| column.not_null);
    let mut declared = others.declared;
    let (spec, used) = key(create, &columns, others)?;
    store.key = spec;
    for (at, column) in columns.iter().enumerate() {
        if used.contains(&at) {
            continue;
        }
        let kind = column.kind.as_ref();
        store.schema.fields.push(SchemaField {
            name: column.name.text.clone(),
            kind: kind.map_or(FieldType::Any, |kind| kind.field),
            required: column.not_null,
        });
    }
    if let Some(column) = required.filter(|_| declared == Some(false)) {
        let message = "NOT NULL is kept only by a declared schema; leave declared = false out";
        return invalid(column.name.at, message);
    }
    let any_required = store.schema.fields.iter().any(|field| field.required);
    if declared.is_none() && (create.strict || any_required) {
        declared = Some(true);
    }
    store.schema.declared = declared.unwrap_or_default();
    for relation in &create.relations {
        for field in &relation.fields {
            if position(&columns, field).is_none() {
                return unknown(&columns, field, "FOREIGN KEY");
            }
        }
    }
    let names = columns.into_iter().map(|column| column.name.text).collect();
    Ok((store, names))
}

/// A relation; `key` gives the key of a store by its name.
pub(super) fn relation(
    from: &References,
    key: impl FnOnce(&str) -> Option<KeySpec>,
) -> Result<Relation> {
    let texts = |names: &[Name]| {
        names
            .iter()
            .map(|name| name.text.clone())
            .collect::<Vec<_>>()
    };
    let mut target_fields = texts(&from.target_fields);
    if target_fields.is_empty() {
        let Some(spec) = key(&from.target.text) else {
            let message = format!(
                "store {:?} is not there yet, so its fields have to be named: {} (field)",
                from.target.text, from.target.text
            );
            return invalid(from.target.at, message);
        };
        let fields = spec.fields().iter();
        target_fields = fields.map(|field| field.name.clone()).collect();
    }
    if target_fields.len() != from.fields.len() {
        let message = format!(
            "a relation pairs fields, and here are {} and {}",
            from.fields.len(),
            target_fields.len()
        );
        return invalid(from.target.at, message);
    }
    Ok(Relation {
        source_fields: texts(&from.fields),
        target_store: from.target.text.clone(),
        target_fields,
    })
}
