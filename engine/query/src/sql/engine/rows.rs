//! Giving the rows of a statement: binding its parameters, reading its values.

use std::ops::ControlFlow;

use rusqlite::types::ValueRef as SqliteRef;

use super::Call;
use crate::sql::Result;
use crate::sql::columns::Kind;
use crate::sql::error::{Code, QueryError};
use crate::sql::value::{Params, ValueRef};

/// What the rows of a text are to the statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// All that it gives, and all its parameters are in the text.
    Own,
    /// All that it gives; other parameters are elsewhere.
    Part,
    /// More of what it gave already.
    More,
}

impl Call<'_> {
    pub(super) fn rows(&mut self, sql: &str, part: Rows) -> Result<()> {
        let connection = &*self.connection;
        let running = self.running;
        let failed = |error: &rusqlite::Error| connection.explain(running, sql, error);
        let mut prepared = connection.prepare(running, sql)?;
        let shape = connection.shape(sql, &prepared);
        bind(&mut prepared, &self.request.params, part)?;
        let width = shape.kinds.len();
        let head = width > 0 && part != Rows::More;
        if head && self.output.columns(&shape.columns).is_break() {
            return Ok(());
        }
        let mut rows = prepared.raw_query();
        let before = match part {
            Rows::More => self.given,
            Rows::Own | Rows::Part => 0,
        };
        let mut given = before;
        let mut spare = Vec::with_capacity(width);
        loop {
            let row = match rows.next() {
                Ok(Some(row)) if width > 0 => row,
                Ok(Some(_)) => continue,
                Ok(None) => break,
                Err(error) => return Err(failed(&error)),
            };
            if self.request.limits.rows.is_some_and(|limit| given >= limit) {
                self.summary.truncated = true;
                break;
            }
            let mut values = spare;
            for (at, kind) in shape.kinds.iter().enumerate() {
                let value = row.get_ref(at).map_err(|error| failed(&error))?;
                values.push(shown(value, *kind));
            }
            given += 1;
            if self.output.row(&values) == ControlFlow::Break(()) {
                break;
            }
            // The same memory for the next row: collecting from a vector of the same type takes it over.
            values.clear();
            spare = values.into_iter().map(|_| ValueRef::Null).collect();
        }
        drop(rows);
        if !connection.keeps(sql) {
            prepared.discard();
        }
        self.given = given;
        self.summary.rows += given - before;
        Ok(())
    }
}

/// A value of SQLite as it is shown.
fn shown(value: SqliteRef<'_>, kind: Option<Kind>) -> ValueRef<'_> {
    match value {
        SqliteRef::Null => ValueRef::Null,
        SqliteRef::Integer(value @ 0..=1) if kind.is_some_and(Kind::is_bool) => {
            ValueRef::Bool(value == 1)
        }
        SqliteRef::Integer(value) => ValueRef::Integer(value),
        SqliteRef::Real(value) => ValueRef::Real(value),
        SqliteRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if kind.is_some_and(Kind::may_be_json) && is_container(text) => {
                ValueRef::Json(text)
            }
            Ok(text) => ValueRef::Text(text),
            Err(_) => ValueRef::Blob(bytes),
        },
        SqliteRef::Blob(bytes) => ValueRef::Blob(bytes),
    }
}

fn is_container(text: &str) -> bool {
    text.starts_with(['{', '[']) && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

pub(super) fn bind(
    prepared: &mut rusqlite::Statement<'_>,
    params: &Params,
    part: Rows,
) -> Result<()> {
    let wanted = prepared.parameter_count();
    if let Params::Positional(values) = params
        && part == Rows::Own
        && values.len() > wanted
    {
        let given = values.len();
        let message =
            format!("the statement has {wanted} parameters, and {given} values are given");
        return Err(QueryError::new(Code::Parameter, message));
    }
    for number in 1..=wanted {
        let name = prepared.parameter_name(number).map(str::to_owned);
        let Some(value) = params.value(number, name.as_deref()) else {
            let name = name.unwrap_or_else(|| format!("?{number}"));
            let message = format!("parameter {name} has no value");
            return Err(QueryError::new(Code::Parameter, message));
        };
        prepared
            .raw_bind_parameter(number, value)
            .map_err(|error| QueryError::new(Code::Parameter, error.to_string()))?;
    }
    Ok(())
}
