//! Write documents as `INSERT`, `UPDATE` and `DELETE`.
//!
//! - `{insert: store, items: [{key, value}, …]}`; an item without `value` has null.
//! - `{update: store, filter, set: {field: value, …}}` sets columns: fields of the key and fields of the values that are
//!   known, `a.b` too; null is a value. Two fields of which one holds the other are refused.
//! - `{delete: store, filter}`.
//!
//! `filter` has to be there in both; `{}` means all items.

use super::error::{Fault, Pointer, SelectError};
use super::filter::{Filters, literal};
use super::fragment::Sql;
use super::joins::named;
use super::object::Fields;
use super::place::Place;
use super::schema::{Named, Schema};
use super::shape::Kinds;
use super::tables::{Scope, Table, Tables};
use super::value::Literal;
use crate::sql::Value;
use serde_json::Value as Json;

/// The most items of an insert.
const MAX_ITEMS: usize = 10_000;

type Result<T> = std::result::Result<T, SelectError>;

pub(super) fn insert(json: &Json, schema: &Schema) -> Result<Sql> {
    let root = Pointer::Root;
    let document = Fields::of(json, &["insert", "items"], "an insert", &root)?;
    let store = schema.store(document.text("insert")?, &root.field("insert"))?;
    let at = root.field("items");
    let items = document.get("items").and_then(Json::as_array);
    let Some(items) = items.filter(|items| !items.is_empty()) else {
        let detail = "must be a list of {key, value}, at least one";
        return Err(SelectError::invalid(&at, detail));
    };
    if items.len() > MAX_ITEMS {
        let detail = format!(
            "has {} items; at most {MAX_ITEMS} go into one insert",
            items.len()
        );
        return Err(SelectError::new(Fault::TooLarge, &at, detail));
    }
    let tables = single(store);
    let key = tables.place("key", &at)?;
    let value = tables.place("value", &at)?;
    let (Some(key_column), Some(value_column)) = (&key.column, &value.column) else {
        let detail = "this store's keys or values can't be named as a whole; insert with SQL";
        return Err(SelectError::invalid(&at, detail));
    };
    let columns = Sql::list([Sql::name(key_column), Sql::name(value_column)]);
    let mut rows = Vec::new();
    for (number, item) in items.iter().enumerate() {
        let at = at.index(number);
        let fields = Fields::of(item, &["key", "value"], "an item", &at)?;
        let Some(json) = fields.get("key") else {
            return Err(SelectError::invalid(&at.field("key"), "is missing"));
        };
        check_key(&store, &key, json, &at.field("key"))?;
        let key = literal(&key, json, &at.field("key"))?;
        let json = fields.get("value").unwrap_or(&Json::Null);
        let value = match Literal::of(json) {
            Some(literal) => literal,
            None => literal(&value, json, &at.field("value"))?,
        };
        let row = Sql::new("(")
            .then_param(key.into_value())
            .then(", ")
            .then_param(value.into_value())
            .then(")");
        rows.push(row);
    }
    Ok(Sql::new("INSERT INTO ")
        .and_then(target(&tables))
        .then(" (")
        .and_then(columns)
        .then(") VALUES ")
        .and_then(Sql::list(rows)))
}

/// A key of several fields is an object or a list of them, any other one value.
fn check_key(store: &Named<'_>, key: &Place, json: &Json, at: &Pointer<'_>) -> Result<()> {
    let names: Vec<&str> = store
        .shape
        .key
        .iter()
        .map(|part| part.name.as_str())
        .collect();
    match json {
        Json::Object(fields) if !names.is_empty() => {
            match fields.keys().find(|name| !names.contains(&name.as_str())) {
                None => Ok(()),
                Some(name) => {
                    let what = ("field", " in the key");
                    let at = at.field(name);
                    Err(SelectError::unknown(
                        Fault::UnknownField,
                        &at,
                        what,
                        name,
                        &names,
                    ))
                }
            }
        }
        Json::Array(values) if values.len() == key.parts.len() => Ok(()),
        Json::Object(_) if key.kinds == Kinds::BYTES => Ok(()),
        Json::Array(_) | Json::Object(_) if names.is_empty() => Err(SelectError::invalid(
            at,
            "the keys of this store are single values",
        )),
        _ if names.is_empty() || key.parts.len() == 1 => Ok(()),
        _ => {
            let detail = format!("a key is an object of {}", names.join(", "));
            Err(SelectError::invalid(at, detail))
        }
    }
}

pub(super) fn update(json: &Json, schema: &Schema, notes: &mut Vec<String>) -> Result<Sql> {
    let root = Pointer::Root;
    let document = Fields::of(json, &["update", "filter", "set"], "an update", &root)?;
    let store = schema.store(document.text("update")?, &root.field("update"))?;
    let tables = single(store);
    let at = root.field("set");
    let set = document.get("set").and_then(Json::as_object);
    let Some(set) = set.filter(|set| !set.is_empty()) else {
        let detail = "must be an object {field: value}, at least one";
        return Err(SelectError::invalid(&at, detail));
    };
    let mut columns: Vec<String> = Vec::new();
    let mut assignments = Vec::new();
    for (name, value) in set {
        let at = at.field(name);
        let place = tables.place(name, &at)?;
        let column = place.column.as_deref().filter(|_| place.parts.is_empty());
        let Some(column) = column else {
            let detail = format!(
                "{name:?} can't be set by itself; set the field that holds it, or \"value\" as a whole"
            );
            return Err(SelectError::invalid(&at, detail));
        };
        if let Some(other) = columns.iter().find(|other| overlaps(other, column)) {
            let detail =
                format!("{column:?} and {other:?} can't be set at once: one holds the other");
            return Err(SelectError::invalid(&at, detail));
        }
        columns.push(column.to_owned());
        let value: Value = literal(&place, value, &at)?.into_value();
        assignments.push(Sql::name(column).then(" = ").then_param(value));
    }
    let sql = Sql::new("UPDATE ")
        .and_then(target(&tables))
        .then(" SET ")
        .and_then(Sql::list(assignments));
    filtered(sql, &document, &tables, notes)
}

pub(super) fn delete(json: &Json, schema: &Schema, notes: &mut Vec<String>) -> Result<Sql> {
    let root = Pointer::Root;
    let document = Fields::of(json, &["delete", "filter"], "a delete", &root)?;
    let store = schema.store(document.text("delete")?, &root.field("delete"))?;
    let tables = single(store);
    let sql = Sql::new("DELETE FROM ").and_then(target(&tables));
    filtered(sql, &document, &tables, notes)
}

fn single(store: Named<'_>) -> Tables<'_> {
    Tables::single(Table {
        store,
        alias: store.name.to_owned(),
    })
}

fn target(tables: &Tables<'_>) -> Sql {
    Sql::list(tables.list.iter().map(named))
}

/// Whether one column holds the other.
fn overlaps(one: &str, other: &str) -> bool {
    let holds = |outer: &str, inner: &str| {
        let rest = inner.strip_prefix(outer);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    holds(one, other) || holds(other, one)
}

fn filtered(
    sql: Sql,
    document: &Fields<'_>,
    tables: &Tables<'_>,
    notes: &mut Vec<String>,
) -> Result<Sql> {
    let at = Pointer::Root;
    let at = at.field("filter");
    let Some(filter) = document.get("filter") else {
        let detail = "is missing; {} means all items";
        return Err(SelectError::invalid(&at, detail));
    };
    Ok(match Filters::new(tables, notes).condition(filter, &at)? {
        Some(condition) => sql.then(" WHERE ").and_then(condition),
        None => sql,
    })
}
