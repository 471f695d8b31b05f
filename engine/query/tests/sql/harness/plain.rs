//! Plain SQLite tables: what expected rows come from, and the subject that proves the cases themselves.

use super::{Answer, Cell, Failure, Params, Statement, Subject};
use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Batch, Connection, OpenFlags};
use std::path::Path;

/// A SQLite database.
pub struct Plain(pub Connection);

impl Plain {
    /// An empty one in memory.
    pub fn empty() -> Self {
        Self(Connection::open_in_memory().unwrap())
    }

    /// A file, to read.
    pub fn file(path: &Path) -> Self {
        Self(Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap())
    }

    /// Rows come the other way round where no order is asked for, so that what leans on an order fails.
    #[must_use]
    pub fn reversed(self) -> Self {
        self.0
            .execute_batch("PRAGMA reverse_unordered_selects = ON")
            .unwrap();
        self
    }

    /// Makes a table of columns with these names and types.
    pub fn table(&self, name: &str, columns: &[(String, &str)], rows: &[Vec<Cell>]) {
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let names: Vec<String> = columns
            .iter()
            .map(|(name, kind)| format!("{} {kind}", quoted(name)))
            .collect();
        let name = quoted(name);
        let sql = format!("CREATE TABLE {name} ({})", names.join(", "));
        self.0.execute_batch(&sql).unwrap();
        self.0.execute_batch("BEGIN").unwrap();
        let marks = vec!["?"; columns.len()].join(", ");
        let mut insert = self
            .0
            .prepare(&format!("INSERT INTO {name} VALUES ({marks})"))
            .unwrap();
        for row in rows {
            insert
                .execute(rusqlite::params_from_iter(row.iter().map(to_value)))
                .unwrap();
        }
        self.0.execute_batch("COMMIT").unwrap();
    }
}

impl Subject for Plain {
    fn run(&mut self, statement: &Statement<'_>) -> Result<Answer, Failure> {
        // Reads are seen to be reads; SQLite itself undoes what is only tried.
        if statement.dry_run {
            self.0
                .execute_batch("SAVEPOINT dry")
                .map_err(|error| failure(&error))?;
        }
        let answer = run(&self.0, statement).map_err(|error| failure(&error));
        if statement.dry_run {
            self.0
                .execute_batch("ROLLBACK TO dry; RELEASE dry")
                .map_err(|error| failure(&error))?;
        }
        answer
    }
}

fn run(connection: &Connection, statement: &Statement<'_>) -> rusqlite::Result<Answer> {
    let mut answer = Answer::default();
    let mut batch = Batch::new(connection, statement.sql);
    let before = connection.total_changes();
    while let Some(mut prepared) = batch.next()? {
        bind(&mut prepared, statement.params)?;
        answer.columns = prepared.column_names().map(str::to_owned).collect();
        answer.rows.clear();
        let mut rows = prepared.raw_query();
        while let Some(row) = rows.next()? {
            let cells =
                (0..answer.columns.len()).map(|at| row.get_ref(at).map(|value| from_value(value)));
            answer.rows.push(cells.collect::<rusqlite::Result<_>>()?);
        }
    }
    answer.changes = Some(connection.total_changes() - before);
    Ok(answer)
}

fn bind(prepared: &mut rusqlite::Statement<'_>, params: &Params) -> rusqlite::Result<()> {
    match params {
        Params::None => {}
        Params::Positional(values) => {
            for (at, value) in values.iter().enumerate() {
                prepared.raw_bind_parameter(at + 1, to_value(value))?;
            }
        }
        Params::Named(values) => {
            for (name, value) in values {
                for sign in [':', '@', '$'] {
                    if let Some(at) = prepared.parameter_index(&format!("{sign}{name}"))? {
                        prepared.raw_bind_parameter(at, to_value(value))?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// A value as a plain table has it: booleans are numbers and JSON is text.
pub fn to_value(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Bool(b) => Value::Integer(i64::from(*b)),
        Cell::Integer(i) => Value::Integer(*i),
        Cell::Real(r) => Value::Real(*r),
        Cell::Text(text) => Value::Text(text.clone()),
        Cell::Blob(bytes) => Value::Blob(bytes.clone()),
        Cell::Json(json) => Value::Text(json.to_string()),
    }
}

fn from_value(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(i) => Cell::Integer(i),
        ValueRef::Real(r) => Cell::Real(r),
        ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Cell::Blob(bytes.to_vec()),
    }
}

fn failure(error: &rusqlite::Error) -> Failure {
    let at = match error {
        rusqlite::Error::SqlInputError { offset, .. } => usize::try_from(*offset).ok(),
        _ => None,
    };
    Failure {
        code: "sqlite".to_owned(),
        message: error.to_string(),
        at,
        suggestions: Vec::new(),
    }
}
