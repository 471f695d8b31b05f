//! Values of items as SQLite gets them.

use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::types::{ToSqlOutput, Value as SqliteValue, ValueRef};
use rusqlite::vtab::Context;
use sop::key::{AnyValue, KeyValue};
use sop::{DocumentRef, ItemRef};

use super::masked::seen_value;
use crate::sql::Result;
use crate::sql::columns::{Source, TableColumn};
use crate::sql::visibility::StoreRules;

/// A key's value in SQL.
pub(super) fn key_value(value: &KeyValue) -> ToSqlOutput<'_> {
    let integer = |value: i64| ToSqlOutput::Borrowed(ValueRef::Integer(value));
    match value {
        KeyValue::Null => ToSqlOutput::Borrowed(ValueRef::Null),
        KeyValue::Bool(value) => integer((*value).into()),
        KeyValue::I8(value) => integer((*value).into()),
        KeyValue::I16(value) => integer((*value).into()),
        KeyValue::I32(value) => integer((*value).into()),
        KeyValue::I64(value) => integer(*value),
        KeyValue::U8(value) => integer((*value).into()),
        KeyValue::U16(value) => integer((*value).into()),
        KeyValue::U32(value) => integer((*value).into()),
        KeyValue::U64(value) => match i64::try_from(*value) {
            Ok(value) => integer(value),
            Err(_) => ToSqlOutput::Owned(SqliteValue::Text(value.to_string())),
        },
        KeyValue::F32(value) => ToSqlOutput::Borrowed(ValueRef::Real((*value).into())),
        KeyValue::F64(value) => ToSqlOutput::Borrowed(ValueRef::Real(*value)),
        KeyValue::Decimal(value) => ToSqlOutput::Borrowed(ValueRef::Real(value.to_f64())),
        KeyValue::String(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        KeyValue::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        KeyValue::Any(value) => match value {
            AnyValue::Integer(value) => integer(*value),
            AnyValue::Real(value) => ToSqlOutput::Borrowed(ValueRef::Real(*value)),
            AnyValue::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            AnyValue::CutText(bytes) => {
                let text = String::from_utf8_lossy(bytes).into_owned();
                ToSqlOutput::Owned(SqliteValue::Text(text))
            }
            AnyValue::Bytes(bytes) | AnyValue::CutBytes(bytes) => {
                ToSqlOutput::Borrowed(ValueRef::Blob(bytes))
            }
        },
        KeyValue::Uuid(_)
        | KeyValue::Date(_)
        | KeyValue::Time(_)
        | KeyValue::DateTime(_)
        | KeyValue::Timestamp(_) => match value.to_json() {
            serde_json::Value::String(text) => ToSqlOutput::Owned(SqliteValue::Text(text)),
            other => ToSqlOutput::Owned(SqliteValue::Text(other.to_string())),
        },
    }
}

/// A part of a document in SQL.
pub(super) fn document_value(value: DocumentRef<'_>) -> ToSqlOutput<'_> {
    use sop::document::Kind;
    let lent = ToSqlOutput::Borrowed;
    match value.kind() {
        Kind::Null => lent(ValueRef::Null),
        Kind::Bool => lent(ValueRef::Integer(
            value.as_bool().unwrap_or_default().into(),
        )),
        Kind::Int => lent(ValueRef::Integer(value.as_i64().unwrap_or_default())),
        Kind::Uint => ToSqlOutput::Owned(SqliteValue::Text(
            value.as_u64().unwrap_or_default().to_string(),
        )),
        Kind::Float | Kind::Number => lent(value.as_f64().map_or(ValueRef::Null, ValueRef::Real)),
        // SQLite takes bytes; who reads text out of it looks whether it is one.
        Kind::String => lent(ValueRef::Text(value.text_bytes())),
        Kind::Bytes => lent(ValueRef::Blob(value.as_bytes().unwrap_or_default())),
        Kind::Array | Kind::Object => ToSqlOutput::Owned(SqliteValue::Text(value.to_json())),
    }
}

pub(super) const NULL: ToSqlOutput<'static> = ToSqlOutput::Borrowed(ValueRef::Null);

pub(super) fn owned(value: ValueRef<'_>) -> SqliteValue {
    match value {
        ValueRef::Null => SqliteValue::Null,
        ValueRef::Integer(value) => SqliteValue::Integer(value),
        ValueRef::Real(value) => SqliteValue::Real(value),
        ValueRef::Text(text) => SqliteValue::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => SqliteValue::Blob(bytes.to_vec()),
    }
}

/// A value of an owned key, kept.
fn kept(value: Option<&KeyValue>) -> ToSqlOutput<'static> {
    match value.map_or(NULL, key_value) {
        ToSqlOutput::Owned(value) => ToSqlOutput::Owned(value),
        ToSqlOutput::Borrowed(value) => ToSqlOutput::Owned(owned(value)),
        _ => NULL,
    }
}

/// A field, looked for first where it was in the document before.
#[inline]
pub(super) fn near<'d>(
    document: DocumentRef<'d>,
    name: &str,
    place: &AtomicUsize,
) -> Option<DocumentRef<'d>> {
    let before = place.load(Ordering::Relaxed);
    let (value, at) = document.get_near(name, before)?;
    if at != before {
        place.store(at, Ordering::Relaxed);
    }
    Some(value)
}

/// Gives SQLite a part of a document; nothing where it is missing. As [`document_value`], without a value in between for what
/// is most common.
#[inline]
pub(super) fn set_part(
    context: &mut Context,
    value: Option<DocumentRef<'_>>,
) -> rusqlite::Result<()> {
    use sop::document::Kind;
    let Some(value) = value else { return Ok(()) };
    match value.kind() {
        Kind::Int => context.set_result(value.as_i64().unwrap_or_default()),
        Kind::Float => match value.as_f64() {
            Some(value) => context.set_result(value),
            None => Ok(()),
        },
        Kind::String => {
            let text = ValueRef::Text(value.text_bytes());
            context.set_result(ToSqlOutput::Borrowed(text))
        }
        _ => context.set_result(document_value(value)),
    }
}

/// The value of a column of an item; `place` is where its field was in the item before.
pub(super) fn value_of<'a>(
    column: &TableColumn,
    place: &AtomicUsize,
    item: &'a ItemRef<'_>,
    rules: Option<&StoreRules>,
) -> Result<ToSqlOutput<'a>> {
    if column.is_masked() {
        return Ok(NULL);
    }
    Ok(match &column.source {
        Source::Field(name) if column.is_partial() => {
            let found = item.value()?.get(name);
            found.map_or(NULL, |value| seen_value(rules, name, value))
        }
        Source::Path(path) if column.is_partial() => {
            let root = Some(item.value()?);
            let found = path.iter().fold(root, |value, name| value?.get(name));
            found.map_or(NULL, |value| seen_value(rules, &path.join("."), value))
        }
        Source::Value if column.is_partial() => seen_value(rules, "", item.value()?),
        Source::Field(name) => near(item.value()?, name, place).map_or(NULL, document_value),
        Source::Key(at) => kept(item.key()?.values.get(*at)),
        Source::RideOn(at) => kept(item.key()?.ride_on.get(*at)),
        Source::Path(path) => {
            let root = Some(item.value()?);
            let found = path.iter().fold(root, |value, name| value?.get(name));
            found.map_or(NULL, document_value)
        }
        Source::Value => document_value(item.value()?),
        Source::WholeKey | Source::Version | Source::Count | Source::Counted | Source::Position => {
            NULL
        }
    })
}
