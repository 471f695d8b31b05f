//! Changing items for `INSERT`, `UPDATE` and `DELETE`.
//!
//! Fields that a statement does not set stay exactly as they are. Setting a field to `NULL` removes it: missing
//! and null are the same to SQL. Text that is a JSON array or object becomes one in a field that is new or has such values already; in
//! others it stays text. Bytes become the document's bytes.

use rusqlite::types::ValueRef;
use rusqlite::vtab::{Inserts, Updates};
use serde_json::{Map, Number, Value as Json};
use sop::key::{ANY_BYTES, Key, KeyType, KeyValue};
use sop::{Document, DocumentStore, FieldType, Item};

use super::TableShared;
use crate::sql::Result;
use crate::sql::columns::{Kind, Source, TableColumn};
use crate::sql::error::{Code, QueryError};
use crate::sql::masking;
use crate::sql::output::{RowChange, StoreChanges};
use crate::sql::running::{Conflict, OnConflict, Running};
use crate::sql::visibility::{Protection, Refused};

fn invalid(column: &TableColumn, detail: impl std::fmt::Display) -> QueryError {
    let message = format!("column {:?}: {detail}", column.name);
    QueryError::new(Code::InvalidValue, message)
}

fn text_of(text: &[u8], column: &TableColumn) -> Result<String> {
    String::from_utf8(text.to_vec()).map_err(|_| invalid(column, "the text is not UTF-8"))
}

/// A value of SQL as a key's value.
fn key_value(column: &TableColumn, kind: KeyType, value: ValueRef<'_>) -> Result<KeyValue> {
    let json = match value {
        ValueRef::Null => return Ok(KeyValue::Null),
        ValueRef::Integer(value) if kind == KeyType::Bool => match value {
            0 | 1 => Json::Bool(value == 1),
            _ => return Err(invalid(column, "a bool is 0 or 1")),
        },
        ValueRef::Integer(value) if kind == KeyType::String => Json::String(value.to_string()),
        ValueRef::Integer(value) => Json::Number(value.into()),
        ValueRef::Real(value) if value.fract() == 0.0 && value.abs() < 9e15 => {
            Json::Number((value as i64).into())
        }
        ValueRef::Real(value) => number(column, value)?,
        ValueRef::Text(text) => Json::String(text_of(text, column)?),
        ValueRef::Blob(bytes) if kind == KeyType::Bytes => {
            return Ok(KeyValue::Bytes(bytes.to_vec()));
        }
        ValueRef::Blob(_) => return Err(invalid(column, "it does not take bytes")),
    };
    KeyValue::from_json(&column.name, kind, &json).map_err(|error| invalid(column, error))
}

fn number(column: &TableColumn, value: f64) -> Result<Json> {
    Number::from_f64(value)
        .map(Json::Number)
        .ok_or_else(|| invalid(column, "a document holds finite numbers"))
}

/// A value of SQL as a part of a document.
fn json_value(column: &TableColumn, value: ValueRef<'_>) -> Result<Json> {
    Ok(match value {
        ValueRef::Null => Json::Null,
        ValueRef::Integer(value @ 0..=1) if column.kind.is_bool() => Json::Bool(value == 1),
        ValueRef::Integer(value) => Json::Number(value.into()),
        ValueRef::Real(value) => number(column, value)?,
        ValueRef::Text(text) => {
            let text = text_of(text, column)?;
            let is_integer = column.kind == Kind::Field(FieldType::Integer);
            match text.trim_start().chars().next() {
                Some('{' | '[') if column.kind.may_be_json() => {
                    serde_json::from_str(&text).unwrap_or(Json::String(text))
                }
                Some('0'..='9') if is_integer => match text.parse::<u64>() {
                    Ok(value) => Json::Number(value.into()),
                    Err(_) => Json::String(text),
                },
                _ => Json::String(text),
            }
        }
        ValueRef::Blob(bytes) => Document::from_bytes(bytes)
            .map_err(|error| invalid(column, error))?
            .to_value(),
    })
}

/// A new value of the whole document.
fn whole_value(column: &TableColumn, value: ValueRef<'_>) -> Result<Document> {
    let json = match value {
        ValueRef::Blob(bytes) => {
            return Document::from_bytes(bytes).map_err(|error| invalid(column, error));
        }
        ValueRef::Text(text) if column.hidden => {
            let text = text_of(text, column)?;
            return Document::from_json(text.as_bytes()).map_err(|error| invalid(column, error));
        }
        value => json_value(column, value)?,
    };
    Document::from_value(&json).map_err(|error| invalid(column, error))
}

/// Whether SQLite would compare the column as what the value is not.
fn is_of_another_kind(column: &TableColumn, value: ValueRef<'_>) -> bool {
    match value {
        ValueRef::Integer(_) | ValueRef::Real(_) => column.kind.sql_type() == "TEXT",
        ValueRef::Text(_) => matches!(column.kind.sql_type(), "INTEGER" | "REAL"),
        ValueRef::Null | ValueRef::Blob(_) => false,
    }
}

/// Whether an index has only the beginning of a value, and so no order among such.
fn is_long(value: ValueRef<'_>) -> bool {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.len() > ANY_BYTES,
        _ => false,
    }
}

/// What a statement says of a row.
struct Row<'a, F> {
    table: &'a TableShared,
    /// The value of a column; none when the statement leaves it as it is.
    value: F,
}

impl<'v, F: Fn(usize) -> Option<ValueRef<'v>>> Row<'_, F> {
    fn columns(&self) -> impl Iterator<Item = (&TableColumn, ValueRef<'v>)> {
        let columns = self.table.columns.iter().enumerate();
        let said = columns.filter_map(|(at, column)| Some((column, (self.value)(at)?)));
        // A masked field comes as null; that says nothing of it.
        said.filter(|(column, value)| !column.is_masked() || *value != ValueRef::Null)
    }

    /// Whether it says anything of the key.
    fn has_key(&self) -> bool {
        self.columns().any(|(column, _)| {
            matches!(
                column.source,
                Source::Key(_) | Source::RideOn(_) | Source::WholeKey
            )
        })
    }

    /// The key, from one that was there.
    fn key(&self, store: &DocumentStore<'_>, before: Option<&Key>) -> Result<Key> {
        let spec = &store.definition().key;
        let mut key = before.cloned().unwrap_or_default();
        key.values.resize(spec.fields().len(), KeyValue::Null);
        let null = ValueRef::Null;
        let rides = self
            .columns()
            .any(|(column, value)| matches!(column.source, Source::RideOn(_)) && value != null);
        if rides {
            key.ride_on.resize(spec.ride_on().len(), KeyValue::Null);
        }
        for (column, value) in self.columns() {
            let of_key = matches!(
                column.source,
                Source::Key(_) | Source::RideOn(_) | Source::WholeKey
            );
            if of_key && (column.is_masked() || (column.is_partial() && value != ValueRef::Null)) {
                return Err(masking::not_written(&self.table.store, &column.name));
            }
            match (&column.source, column.kind) {
                (Source::WholeKey, _) if value != ValueRef::Null => {
                    let ValueRef::Text(text) = value else {
                        return Err(invalid(column, "write a JSON object of the key's fields"));
                    };
                    let json: Json = serde_json::from_slice(text)
                        .map_err(|error| invalid(column, format!("it is not JSON: {error}")))?;
                    key = spec
                        .key_from_json(&json)
                        .map_err(|error| invalid(column, error))?;
                }
                (Source::Key(at), Kind::Key(kind)) => {
                    let value = key_value(column, kind, value)?;
                    let given = !value.is_null() || before.is_some();
                    if let Some(place) = key.values.get_mut(*at).filter(|_| given) {
                        *place = value;
                    }
                }
                (Source::RideOn(at), Kind::Key(kind)) => {
                    let value = key_value(column, kind, value)?;
                    if let Some(place) = key.ride_on.get_mut(*at) {
                        *place = value;
                    }
                }
                _ => {}
            }
        }
        if key.values.iter().all(KeyValue::is_null) {
            let rules = self.table.rules.as_deref();
            let hidden = |name: &str| {
                rules.is_some_and(|rules| rules.key_field(name) == Some(Protection::Hidden))
            };
            let names: Vec<_> = spec
                .fields()
                .iter()
                .map(|field| field.name.as_str())
                .filter(|name| !hidden(name))
                .collect();
            let message = format!(
                "store {:?}: the key is missing; give {} a value",
                self.table.store,
                names.join(", ")
            );
            return Err(QueryError::new(Code::Constraint, message));
        }
        Ok(key)
    }

    /// The value, from one that was there. What the caller does not see of that stays as it is.
    fn document(&self, running: &Running, before: Option<&Document>) -> Result<Document> {
        let rules = self.table.rules.as_deref();
        let Some(rules) = rules.filter(|rules| rules.protects_values()) else {
            return self.plain_document(running, before);
        };
        let wrong =
            |error: sop::DocumentError| QueryError::new(Code::InvalidValue, error.to_string());
        let stripped = before.map(|before| Document::from_value(&rules.stripped(before)));
        let stripped = stripped.transpose().map_err(wrong)?;
        let after = self.plain_document(running, stripped.as_ref())?;
        self.merged(&after, before)
    }

    /// What is stored when a caller wrote a value over one that was there.
    fn merged(&self, after: &Document, before: Option<&Document>) -> Result<Document> {
        let rules = self.table.rules.as_deref();
        let Some(rules) = rules.filter(|rules| rules.protects_values()) else {
            return Ok(after.clone());
        };
        let store = &self.table.store;
        let merged = rules.merged(after.to_value(), before);
        let merged = merged.map_err(|refused| match refused {
            Refused::Gives(path, Protection::Masked) => masking::not_written(store, &path),
            Refused::Gives(path, Protection::Hidden) => {
                let message = format!("store {store:?} has no field {path:?} here, and takes none");
                QueryError::new(Code::FieldNotFound, message)
            }
            Refused::TakesAway(path) => {
                let whole = if path.is_empty() { "value" } else { &path };
                let message = format!(
                    "{whole:?} of store {store:?} has parts that are not shown here, so it cannot be replaced or removed; set its fields one by one"
                );
                QueryError::new(Code::Forbidden, message)
            }
        })?;
        Document::from_value(&merged)
            .map_err(|error| QueryError::new(Code::InvalidValue, error.to_string()))
    }

    fn plain_document(&self, running: &Running, before: Option<&Document>) -> Result<Document> {
        let mut fields = Vec::new();
        let mut whole = before.cloned();
        for (column, value) in self.columns() {
            let is_cut = is_long(value) && !self.table.indexes.is_empty();
            if is_of_another_kind(column, value) || is_cut {
                running.reshape(self.table.database, &self.table.store);
            }
            match &column.source {
                Source::Value if before.is_some() || value != ValueRef::Null => {
                    running.reshape(self.table.database, &self.table.store);
                    whole = Some(whole_value(column, value)?);
                }
                // What an insert does not name comes as null, and must not take a part of another column away.
                Source::Field(_) | Source::Path(_)
                    if before.is_none() && value == ValueRef::Null => {}
                Source::Field(name) => fields.push((vec![name.as_str()], column, value)),
                Source::Path(path) => {
                    let path = path.iter().map(String::as_str).collect();
                    fields.push((path, column, value));
                }
                Source::Version | Source::Position
                    if before.is_some() || value != ValueRef::Null =>
                {
                    return Err(invalid(column, "it is kept by the store and cannot be set"));
                }
                _ => {}
            }
        }
        let no_fields = fields
            .iter()
            .all(|(_, _, value)| *value == ValueRef::Null && before.is_none());
        if let Some(whole) = &whole
            && (fields.is_empty() || no_fields)
        {
            return Ok(whole.clone());
        }
        let mut json = whole.map_or_else(|| Json::Object(Map::new()), |whole| whole.to_value());
        for (path, column, value) in fields {
            let found = set(&mut json, &path, json_value(column, value)?);
            found.map_err(|kind| {
                let detail = format!("the item has {kind} there, which has no fields");
                invalid(column, detail)
            })?;
        }
        Document::from_value(&json)
            .map_err(|error| QueryError::new(Code::InvalidValue, error.to_string()))
    }
}

/// Sets a field within objects; null removes it. Fails with what is there in the place of an object.
fn set(json: &mut Json, path: &[&str], value: Json) -> std::result::Result<(), &'static str> {
    let Some((name, rest)) = path.split_first() else {
        return Ok(());
    };
    if json.is_null() {
        *json = Json::Object(Map::new());
    }
    let object = match json {
        Json::Object(object) => object,
        _ if value.is_null() => return Ok(()),
        Json::Array(_) => return Err("an array"),
        Json::String(_) => return Err("a text"),
        Json::Number(_) => return Err("a number"),
        _ => return Err("a bool"),
    };
    match (rest, value) {
        ([], Json::Null) => {
            object.shift_remove(*name);
        }
        ([], value) => {
            object.insert((*name).to_owned(), value);
        }
        (_, Json::Null) if object.get(*name).is_none_or(Json::is_null) => {}
        (rest, value) => set(object.entry(*name).or_insert(Json::Null), rest, value)?,
    }
    Ok(())
}

/// Notes a change for a dry run and counts it.
fn changed(
    table: &TableShared,
    running: &Running,
    store: &DocumentStore<'_>,
    key: &Key,
    before: Option<&Document>,
    after: Option<&Document>,
) {
    running.note_change();
    StoreChanges::note(
        &mut running.touched.borrow_mut(),
        running.catalog.name(table.database),
        &table.store,
        before.is_some(),
        after.is_some(),
    );
    if running.notes_changes {
        let rules = table.rules.as_deref();
        let text = |value: &Document| match rules {
            Some(rules) => rules.document(value),
            None => value.to_json(),
        };
        let spec = &store.definition().key;
        running.changes.borrow_mut().push(RowChange {
            database: running.catalog.name(table.database).to_owned(),
            store: table.store.clone(),
            key: match rules {
                Some(rules) => rules.key(spec, key),
                None => spec.key_to_json(key).to_string(),
            },
            before: before.map(text),
            after: after.map(text),
        });
    }
}

pub(super) fn insert(table: &TableShared, running: &Running, row: &Inserts<'_>) -> Result<()> {
    running.change(table.database)?;
    let open = running.store(table.database, &table.store)?;
    let store = open.store();
    let row = Row {
        table,
        value: |at| row.iter().nth(at + 2),
    };
    let key = row.key(store, None)?;
    let mut document = row.document(running, None)?;
    let unique = store.definition().unique;
    let mut id = None;
    let before = match running.on_conflict.get() {
        OnConflict::Ignore if unique && store.contains(&key)? => return Ok(()),
        OnConflict::Collect if unique && store.contains(&key)? => {
            let mut values = Vec::new();
            for (column, value) in row.columns() {
                if value != ValueRef::Null {
                    let value = value
                        .try_into()
                        .map_err(|error: rusqlite::types::FromSqlError| invalid(column, error))?;
                    values.push((column.name.clone(), value));
                }
            }
            running.conflicts.borrow_mut().push(Conflict {
                position: store.position_of(&key)?,
                values,
            });
            return Ok(());
        }
        OnConflict::Replace if unique => {
            let before = store.get_value(&key)?;
            if before.is_some() {
                document = row.merged(&document, before.as_ref())?;
            }
            store.upsert(&key, &document)?;
            before
        }
        _ => {
            id = store.insert(&key, &document)?.id;
            None
        }
    };
    running.note_written(|| place(store, &key, id))?;
    changed(
        table,
        running,
        store,
        &key,
        before.as_ref(),
        Some(&document),
    );
    Ok(())
}

/// Where an item stands.
fn place(store: &DocumentStore<'_>, key: &Key, id: Option<u64>) -> sop::Result<Vec<u8>> {
    let mut position = store.position_of(key)?;
    if let Some(id) = id {
        position.extend(id.to_be_bytes());
    }
    Ok(position)
}

fn item_at(store: &DocumentStore<'_>, position: ValueRef<'_>) -> Result<Option<Item>> {
    match position {
        ValueRef::Blob(position) => Ok(store.get_at(position)?),
        _ => Ok(None),
    }
}

fn remove(store: &DocumentStore<'_>, item: &Item) -> Result<()> {
    match item.id {
        Some(id) => store.remove_id(&item.key, id)?,
        None => store.remove(&item.key)?,
    };
    Ok(())
}

pub(super) fn delete(table: &TableShared, running: &Running, position: ValueRef<'_>) -> Result<()> {
    running.change(table.database)?;
    let open = running.store(table.database, &table.store)?;
    let store = open.store();
    if let Some(item) = item_at(store, position)? {
        remove(store, &item)?;
        changed(table, running, store, &item.key, Some(&item.value), None);
    }
    Ok(())
}

pub(super) fn update(table: &TableShared, running: &Running, row: &Updates<'_>) -> Result<()> {
    running.change(table.database)?;
    let open = running.store(table.database, &table.store)?;
    let store = open.store();
    let Some(item) = item_at(store, row.iter().next().unwrap_or(ValueRef::Null))? else {
        return Ok(());
    };
    let row = Row {
        table,
        value: |at| row.iter().nth(at + 2).filter(|_| !row.no_change(at + 2)),
    };
    let document = row.document(running, Some(&item.value))?;
    let key = match row.has_key() {
        true => row.key(store, Some(&item.key))?,
        false => item.key.clone(),
    };
    let moved = key != item.key && store.position_of(&key)? != store.position_of(&item.key)?;
    if !moved {
        match item.id {
            Some(id) => store.update_id(&key, id, &document)?,
            None => store.update(&key, &document)?,
        };
        running.note_written(|| place(store, &key, item.id))?;
        changed(
            table,
            running,
            store,
            &key,
            Some(&item.value),
            Some(&document),
        );
        return Ok(());
    }
    if store.definition().unique && store.contains(&key)? {
        match running.on_conflict.get() {
            OnConflict::Ignore => return Ok(()),
            OnConflict::Replace => {
                let there = store.get_value(&key)?;
                store.remove(&key)?;
                changed(table, running, store, &key, there.as_ref(), None);
            }
            OnConflict::Abort | OnConflict::Collect => {
                return Err(sop::Error::KeyExists {
                    store: table.store.clone(),
                    key: store.definition().key.key_to_json(&key).to_string(),
                }
                .into());
            }
        }
    }
    remove(store, &item)?;
    let id = store.insert(&key, &document)?.id;
    running.note_written(|| place(store, &key, id))?;
    changed(table, running, store, &item.key, Some(&item.value), None);
    changed(table, running, store, &key, None, Some(&document));
    running.changed.set(running.changed.get() - 1);
    Ok(())
}

#[cfg(test)]
mod tests;
