//! Views: selects that are kept in a database and read as tables `view.name`.
//!
//! ```sql
//! CREATE VIEW [IF NOT EXISTS] [view.]name [(column, …)] AS select
//! DROP VIEW [IF EXISTS] [view.]name
//! ```
//!
//! A definition is an item of the store [`STORE`], which statements and lists of stores do not show. To SQLite a view is a view of
//! the connection, so its select is planned as a part of the statement that names it, and keeps its seeks. In the text of a
//! statement `view.name` is put into the words that SQLite has for that ([`text`]).
//!
//! Always: a view is of the database that it was made in, and bare names in it are stores of that; it sees what its reader
//! sees; what is wrong within one names it. Views may stand on views, to a depth, and never on themselves.
//!
//! Not there: views of other databases than the first, writing to a view, parameters in one.

mod define;
mod text;

use sop::key::{Key, KeySpec, KeyType, KeyValue};
use sop::{Document, KeyRange, StoreDefinition, Transaction};

use super::Result;
use super::connection::StoreConnection;
use super::error::{Code, QueryError};
use super::running::Running;
use super::tokens::quote_name;

pub(super) use self::define::{carry_out, parse};
pub(super) use self::text::Expanded;

/// The store that holds the definitions of a database's views, by name.
pub const STORE: &str = "_views";
/// The schema that statements name before a view.
pub(super) const SCHEMA: &str = "view";
/// So many views may stand on one another.
const MAX_DEPTH: usize = 16;

/// A saved select.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Its name.
    pub name: String,
    /// The select.
    pub sql: String,
    /// The names of its columns; empty: those of the select.
    pub columns: Vec<String>,
}

impl View {
    fn from_document(name: &str, document: &Document) -> Option<Self> {
        let value = document.to_value();
        let columns = value.get("columns").and_then(|columns| columns.as_array());
        let columns = columns.into_iter().flatten();
        Some(Self {
            name: name.to_owned(),
            sql: value.get("sql")?.as_str()?.to_owned(),
            columns: columns
                .filter_map(|name| name.as_str().map(str::to_owned))
                .collect(),
        })
    }

    fn to_document(&self) -> Result<Document> {
        let value = serde_json::json!({"sql": self.sql, "columns": self.columns});
        Document::from_value(&value)
            .map_err(|error| QueryError::new(Code::InvalidValue, error.to_string()))
    }

    /// What it is called in a connection.
    fn table(&self) -> String {
        table(&self.name)
    }
}

/// What a view is called in a connection.
pub(super) fn table(name: &str) -> String {
    format!("{SCHEMA}.{name}")
}

fn definition() -> StoreDefinition {
    StoreDefinition::new(STORE, KeySpec::single(KeyType::String))
}

/// The views of a database, by name.
pub fn views(transaction: &Transaction) -> sop::Result<Vec<View>> {
    let store = match transaction.documents(STORE) {
        Ok(store) => store,
        Err(sop::Error::StoreNotFound { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut views = Vec::new();
    for item in store.range(&KeyRange::all(), sop::Direction::Forward)? {
        let item = item?;
        if let Some(KeyValue::String(name)) = item.key.values.first() {
            views.extend(View::from_document(name, &item.value));
        }
    }
    Ok(views)
}

/// A view by its name, letters of either case.
fn find(transaction: &Transaction, name: &str) -> sop::Result<Option<View>> {
    let store = match transaction.documents(STORE) {
        Ok(store) => store,
        Err(sop::Error::StoreNotFound { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    if let Some(value) = store.get_value(&Key::from(name))? {
        return Ok(View::from_document(name, &value));
    }
    let mut views = views(transaction)?.into_iter();
    Ok(views.find(|view| view.name.eq_ignore_ascii_case(name)))
}

impl Running {
    /// A view of the default database.
    pub(super) fn view(&self, name: &str) -> Result<Option<View>> {
        Ok(find(&*self.planning_of(0, STORE)?, name)?)
    }

    /// The names of the views of the default database.
    pub(super) fn view_names(&self) -> Result<Vec<String>> {
        let views = views(&*self.planning_of(0, STORE)?)?;
        Ok(views.into_iter().map(|view| view.name).collect())
    }
}

/// A statement with its views in SQLite's words, and these views known to the connection; none when it names no view.
pub(super) fn expand(
    running: &Running,
    connection: &mut StoreConnection,
    sql: &str,
) -> Result<Option<Expanded>> {
    expand_within(running, connection, sql, &mut Vec::new())
}

fn expand_within(
    running: &Running,
    connection: &mut StoreConnection,
    sql: &str,
    within: &mut Vec<String>,
) -> Result<Option<Expanded>> {
    let has_word = sql.as_bytes().windows(SCHEMA.len());
    if !has_word
        .into_iter()
        .any(|word| word.eq_ignore_ascii_case(SCHEMA.as_bytes()))
    {
        return Ok(None);
    }
    let mentions = text::mentions(sql);
    let mut found = Vec::new();
    for mention in mentions {
        if let Some(view) = running.view(&mention.name)? {
            if mention.is_table {
                let declared = declare(running, connection, &view, within);
                declared.map_err(|error| QueryError {
                    at: Some(mention.span.start),
                    ..error
                })?;
            }
            found.push((mention, view));
        }
    }
    Ok((!found.is_empty()).then(|| text::expanded(sql, &found)))
}

/// Makes a view known to a connection, and what it stands on.
fn declare(
    running: &Running,
    connection: &mut StoreConnection,
    view: &View,
    within: &mut Vec<String>,
) -> Result<()> {
    if within.contains(&view.name) {
        let way: Vec<&str> = within.iter().map(String::as_str).collect();
        let message = format!(
            "view {:?} stands on itself: {} -> {}",
            view.name,
            way.join(" -> "),
            view.name
        );
        return Err(QueryError::new(Code::Unsupported, message));
    }
    if within.len() >= MAX_DEPTH {
        let message = format!("more than {MAX_DEPTH} views stand on one another");
        return Err(QueryError::new(Code::TooLarge, message));
    }
    within.push(view.name.clone());
    let named = |error: QueryError| {
        let message = match error.message.starts_with("in view ") {
            true => error.message.clone(),
            false => format!("in view {:?}: {}", view.name, error.message),
        };
        QueryError { message, ..error }
    };
    let expanded = expand_within(running, connection, &view.sql, within).map_err(named)?;
    let sql = expanded
        .as_ref()
        .map_or(&view.sql, |expanded| &expanded.sql);
    connection.declare_view(running, view, sql).map_err(named)?;
    within.pop();
    Ok(())
}

impl View {
    /// What makes it in a connection.
    pub(super) fn declaration(&self, sql: &str) -> String {
        let columns: Vec<String> = self.columns.iter().map(|name| quote_name(name)).collect();
        let columns = match columns.is_empty() {
            true => String::new(),
            false => format!("({})", columns.join(", ")),
        };
        let name = quote_name(&self.table());
        format!("CREATE TEMP VIEW {name}{columns} AS {sql}")
    }
}

#[cfg(test)]
mod tests;
