//! Results of tools: rows as JSON values, bounded, and what they cost.

use std::ops::ControlFlow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value, json};
use sop_query::sql::{Column as SqlColumn, Output, Summary, ValueRef};
use sop_systemdb::tool::{Column, Table};

/// Collects rows up to a number of bytes.
pub struct Rows {
    /// What was collected.
    pub table: Table,
    left: usize,
}

impl Rows {
    /// At most about so many bytes.
    pub fn new(bytes: usize) -> Self {
        Self {
            table: Table::default(),
            left: bytes,
        }
    }
}

impl Output for Rows {
    fn columns(&mut self, columns: &[SqlColumn]) -> ControlFlow<()> {
        let columns = columns.iter().map(|column| Column {
            name: column.name.clone(),
            kind: column.kind.clone(),
        });
        self.table.columns = columns.collect();
        self.table.rows.clear();
        ControlFlow::Continue(())
    }

    fn row(&mut self, row: &[ValueRef<'_>]) -> ControlFlow<()> {
        let size = row.iter().map(|value| size(*value)).sum::<usize>();
        let Some(left) = self.left.checked_sub(size) else {
            self.table.truncated = true;
            return ControlFlow::Break(());
        };
        self.left = left;
        let values = row.iter().map(|value| json_of(*value));
        self.table.rows.push(values.collect());
        ControlFlow::Continue(())
    }
}

fn size(value: ValueRef<'_>) -> usize {
    8 + match value {
        ValueRef::Text(text) | ValueRef::Json(text) => text.len(),
        ValueRef::Blob(bytes) => bytes.len() * 4 / 3,
        _ => 8,
    }
}

/// A value as JSON. Bytes are base64; what JSON has no number for is text.
pub fn json_of(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Bool(value) => Value::Bool(value),
        ValueRef::Integer(value) => value.into(),
        ValueRef::Real(value) => {
            Number::from_f64(value).map_or_else(|| value.to_string().into(), Value::Number)
        }
        ValueRef::Text(text) => text.into(),
        ValueRef::Blob(bytes) => STANDARD.encode(bytes).into(),
        ValueRef::Json(text) => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
    }
}

/// What a statement cost.
pub fn stats(summary: &Summary) -> Value {
    let mut stats = json!({
        "elapsed_ms": summary.elapsed.as_secs_f64() * 1e3,
        "rows": summary.rows,
        "scanned": summary.scanned,
        "nodes_read": summary.nodes_read,
        "changed": summary.changed,
        "sequence": summary.sequence,
    });
    if !summary.stores.is_empty() {
        let stores = summary.stores.iter().map(|one| {
            json!({
                "database": one.database, "store": one.store, "inserted": one.inserted,
                "updated": one.updated, "deleted": one.deleted,
            })
        });
        stats["stores"] = stores.collect();
    }
    stats
}

/// A column of a table that is no query's.
pub fn column(name: &str, kind: &str) -> Column {
    Column {
        name: name.to_owned(),
        kind: kind.to_owned(),
    }
}

/// `1 row`, `2 rows`.
pub fn counted(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
