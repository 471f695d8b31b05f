//! The library as a subject.

use crate::data::Dataset;
use crate::harness::{Answer, Cell, Failure, Params, Statement, Subject};
use sop_query::sql::{self, Catalog, EngineOptions, QueryEngine, QueryError, Request};

/// A query engine over a new database.
pub struct Library {
    engine: QueryEngine,
    catalog: Catalog,
}

impl Library {
    pub fn open(name: &str, data: &Dataset) -> Self {
        Self::with(name, data, EngineOptions::default())
    }

    /// One with settings of its own.
    pub fn with(name: &str, data: &Dataset, options: EngineOptions) -> Self {
        Self {
            engine: QueryEngine::new(options),
            catalog: Catalog::new(vec![(name.to_owned(), data.database())]),
        }
    }
}

impl Library {
    /// The ways in which a statement reads its stores.
    pub fn accesses(&self, statement: &Statement<'_>) -> Vec<&'static str> {
        let request = Request::new(statement.sql, params(statement.params));
        let plan = self.engine.explain(&self.catalog, &request, false);
        let nodes = plan.map(|plan| plan.nodes).unwrap_or_default();
        let stores = nodes.iter().filter_map(|node| {
            let access = node.access.as_ref()?;
            let in_groups = access.contains(" in groups of ");
            Some(if in_groups { "groups" } else { node.operator })
        });
        stores.collect()
    }

    /// Runs a statement that writes, apart from what is compared; the code of its error.
    pub fn write(&self, sql: &str) -> Result<(), String> {
        let request = Request::new(sql, sql::Params::None).writing();
        let done = self.engine.collect(&self.catalog, &request);
        done.map(drop).map_err(|error| error.code.name().to_owned())
    }
}

impl Subject for Library {
    fn run(&mut self, statement: &Statement<'_>) -> Result<Answer, Failure> {
        let mut request = Request::new(statement.sql, params(statement.params));
        if statement.write {
            request = request.writing();
        }
        request.dry_run = statement.dry_run;
        let table = self
            .engine
            .collect(&self.catalog, &request)
            .map_err(failure)?;
        Ok(Answer {
            columns: table
                .columns
                .into_iter()
                .map(|column| column.name)
                .collect(),
            rows: table
                .rows
                .into_iter()
                .map(|row| row.into_iter().map(from_value).collect())
                .collect(),
            changes: Some(table.summary.changed),
        })
    }
}

fn failure(error: QueryError) -> Failure {
    Failure {
        code: error.code.name().to_owned(),
        message: error.message,
        at: error.at,
        suggestions: error.suggestions,
    }
}

fn params(params: &Params) -> sql::Params {
    match params {
        Params::None => sql::Params::None,
        Params::Positional(values) => {
            sql::Params::Positional(values.iter().map(to_value).collect())
        }
        Params::Named(values) => sql::Params::Named(
            values
                .iter()
                .map(|(name, value)| (name.clone(), to_value(value)))
                .collect(),
        ),
    }
}

fn to_value(cell: &Cell) -> sql::Value {
    match cell.clone() {
        Cell::Null => sql::Value::Null,
        Cell::Bool(b) => sql::Value::Bool(b),
        Cell::Integer(i) => sql::Value::Integer(i),
        Cell::Real(r) => sql::Value::Real(r),
        Cell::Text(text) => sql::Value::Text(text),
        Cell::Blob(bytes) => sql::Value::Blob(bytes),
        Cell::Json(json) => sql::Value::Json(json.to_string()),
    }
}

fn from_value(value: sql::Value) -> Cell {
    match value {
        sql::Value::Null => Cell::Null,
        sql::Value::Bool(b) => Cell::Bool(b),
        sql::Value::Integer(i) => Cell::Integer(i),
        sql::Value::Real(r) => Cell::Real(r),
        sql::Value::Text(text) => Cell::Text(text),
        sql::Value::Blob(bytes) => Cell::Blob(bytes),
        sql::Value::Json(text) => Cell::Json(serde_json::from_str(&text).unwrap()),
    }
}
