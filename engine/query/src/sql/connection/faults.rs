//! SQLite's errors, said for people.

use rusqlite::Error as SqliteError;

use super::StoreConnection;
use crate::sql::error::{Code, QueryError};
use crate::sql::running::Running;
use crate::sql::{tokens, views};

impl StoreConnection {
    /// SQLite's error, said for people.
    pub(in crate::sql) fn explain(
        &self,
        running: &Running,
        sql: &str,
        error: &SqliteError,
    ) -> QueryError {
        if let Some(error) = running.take_error() {
            return error;
        }
        if let Some(why) = self.watch.stopped() {
            return why.error();
        }
        let text = message(error);
        if let Some(error) = self.memory.error(error.sqlite_error_code(), &text) {
            return error;
        }
        let at = match error {
            SqliteError::SqlInputError { offset, .. } => usize::try_from(*offset).ok(),
            _ => None,
        };
        self.explained(running, sql, &text).at(at)
    }

    fn explained(&self, running: &Running, sql: &str, message: &str) -> QueryError {
        let place = |name: &str| {
            let last = name.rsplit('.').next().unwrap_or(name);
            let tokens = tokens::tokens(sql);
            let token = tokens
                .iter()
                .find(|token| token.is_name() && token.name(sql) == last);
            token.map(|token| token.span.start)
        };
        if let Some(name) = message.strip_prefix("no such table: ") {
            let names = store_names(running, name);
            let text = format!("there is no store {name:?}");
            return QueryError::new(Code::StoreNotFound, text)
                .suggest(names)
                .at(place(name));
        }
        if let Some(name) = message.strip_prefix("unknown database ") {
            let names = running.catalog.iter().map(|(name, _)| name.to_owned());
            let text = format!("there is no open database {name:?}");
            return QueryError::new(Code::StoreNotFound, text)
                .suggest(sop::nearest(name, names))
                .at(place(name));
        }
        if let Some(name) = message.strip_prefix("no such column: ") {
            let known = self.column_names(sql);
            let last = name.rsplit('.').next().unwrap_or(name);
            let mut text = format!("there is no field {name:?} in the stores of this statement");
            if name.starts_with('"') {
                text += "; text stands in single quotes";
            }
            return QueryError::new(Code::FieldNotFound, text)
                .suggest(sop::nearest(last.trim_matches('"'), known))
                .at(place(last.trim_matches('"')));
        }
        if let Some((table, name)) = message
            .strip_prefix("table ")
            .and_then(|rest| rest.split_once(" has no column named "))
        {
            let known = self.column_names(sql);
            let text = format!("store {table:?} has no field {name:?}");
            return QueryError::new(Code::FieldNotFound, text)
                .suggest(sop::nearest(name, known))
                .at(place(name));
        }
        let (code, text) = classified(message);
        QueryError::new(code, text)
    }

    /// Columns of the stores that a statement names.
    fn column_names(&self, sql: &str) -> Vec<String> {
        let tokens = tokens::tokens(sql);
        let words: Vec<String> = tokens
            .iter()
            .filter(|token| token.is_name())
            .map(|token| token.name(sql))
            .collect();
        let named = |name: &str| words.iter().any(|word| word.eq_ignore_ascii_case(name));
        let mut names: Vec<String> = self
            .declared
            .iter()
            .filter(|((_, table), _)| named(table))
            .flat_map(|(_, table)| table.columns.iter())
            .filter(|column| !column.name.starts_with('_'))
            .map(|column| column.name.clone())
            .collect();
        names.sort();
        names.dedup();
        names
    }
}

/// What the text of an error of SQLite means here.
pub(super) fn classified(message: &str) -> (Code, String) {
    let is = |part: &str| message.contains(part);
    if is("not authorized") || is("authorization denied") || is("prohibited") {
        let text = "the statement may only read and change stores: no files, other schemas, settings or transactions of SQLite";
        return (Code::Forbidden, text.to_owned());
    }
    if is("because it is a view") {
        let text = format!("{message}; change the stores that it selects from");
        return (Code::Unsupported, text);
    }
    if is("cannot create triggers") {
        let text = "there is no CREATE TRIGGER for stores";
        return (Code::Forbidden, text.to_owned());
    }
    if is("UPSERT not implemented") {
        let text =
            "ON CONFLICT is not there for stores; write INSERT OR REPLACE or INSERT OR IGNORE";
        return (Code::Unsupported, text.to_owned());
    }
    if is("RETURNING is not available") {
        let text = "RETURNING is there for INSERT only; for UPDATE and DELETE a dry run shows the rows before and after";
        return (Code::Unsupported, text.to_owned());
    }
    if is("near \"LIMIT\": syntax error") || is("near \"ORDER\": syntax error") {
        let text = format!(
            "{message}; UPDATE and DELETE have no ORDER BY and LIMIT: write WHERE key IN (SELECT key FROM … ORDER BY … LIMIT …)"
        );
        return (Code::Syntax, text);
    }
    if is("syntax error") || is("incomplete input") || is("unrecognized token") {
        return (Code::Syntax, message.to_owned());
    }
    if is("too large") || is("too many") || is("too big") || is("too deep") || is("out of memory") {
        return (Code::TooLarge, message.to_owned());
    }
    if is("integer overflow") || is("malformed JSON") || is("regexp:") || is("bad JSON path") {
        return (Code::InvalidValue, message.to_owned());
    }
    (Code::Syntax, message.to_owned())
}

pub(super) fn message(error: &SqliteError) -> String {
    match error {
        SqliteError::SqlInputError { msg, .. } => msg.clone(),
        SqliteError::SqliteFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    }
}

pub(super) fn engine_error(error: &SqliteError) -> QueryError {
    QueryError::new(Code::Engine, message(error))
}

/// Stores that a wrong name may have meant.
fn store_names(running: &Running, name: &str) -> Vec<String> {
    let Some((schema, store)) = name.split_once('.') else {
        return sop::nearest(name, running.store_names(0).unwrap_or_default());
    };
    let within = |schema: &str, names: Vec<String>| {
        let near = sop::nearest(store, names).into_iter();
        near.map(|name| format!("{schema}.{name}")).collect()
    };
    if schema.eq_ignore_ascii_case(views::SCHEMA) {
        return within(views::SCHEMA, running.view_names().unwrap_or_default());
    }
    if let Some(schema) = running.source_schema(schema) {
        return within(&schema, running.source_names(&schema));
    }
    if let Some(database) = running.database(schema) {
        return within(schema, running.store_names(database).unwrap_or_default());
    }
    // The database's name may be the wrong one.
    let databases = running.catalog.iter().map(|(name, _)| name.to_owned());
    let mut found = Vec::new();
    for near in sop::nearest(schema, databases) {
        let at = running.catalog.find(&near).unwrap_or_default();
        let names = running.store_names(at).unwrap_or_default();
        let there = names.iter().any(|name| name.eq_ignore_ascii_case(store));
        let names = match there {
            true => vec![store.to_owned()],
            false => sop::nearest(store, names),
        };
        found.extend(names.into_iter().map(|name| format!("{near}.{name}")));
    }
    if found.is_empty() {
        found = sop::nearest(store, running.store_names(0).unwrap_or_default());
    }
    found
}
