//! What a query asks for: its body, checked against the limits.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use sop_query::select;
use sop_query::sql::{Access, Params, Value as SqlValue};
use utoipa::ToSchema;

use crate::config::Limits;
use crate::error::{ApiError, ApiResult, Code};

/// A statement, or a select document in its place.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct QueryBody {
    /// One or more SQL statements with semicolons between them. Stores of this database by their
    /// names, those of others as `database.store`.
    #[serde(default)]
    pub sql: Option<String>,
    /// A select document in place of `sql`.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    pub select: Option<Box<RawValue>>,
    /// An array for `?` and `?1`, an object for `:name`, `@name` and `$name`.
    #[serde(default)]
    pub params: Option<Value>,
    /// Most rows. As one JSON object at most, and when not said, the limit of the server (10,000);
    /// as lines without limit.
    #[serde(default)]
    pub limit: Option<u64>,
    /// Longest time in milliseconds: 60,000 when not said, at most what the server allows (an hour).
    #[serde(default)]
    pub timeout_ms: Option<u64>,
    /// Gives the plan of one statement in place of its rows: `plan`, or `analyze`, which runs it.
    #[serde(default)]
    pub explain: Option<Explain>,
    /// Shows what would change in `changes`, and keeps nothing.
    #[serde(default)]
    pub dry_run: bool,
}

/// Which plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum Explain {
    /// What is going to be done.
    Plan,
    /// The same with what it took: the statement is run.
    Analyze,
}

/// What is asked.
#[derive(Debug)]
pub(super) enum Text {
    /// A statement.
    Sql(String),
    /// A select document, which becomes one.
    Select(Value),
}

/// A query whose body is right.
#[derive(Debug)]
pub(super) struct Query {
    pub text: Text,
    pub params: Params,
    pub limit: Option<u64>,
    pub time: Duration,
    pub access: Access,
    pub dry_run: bool,
    pub explain: Option<Explain>,
    /// By which way it came.
    pub way: &'static str,
}

impl Query {
    /// The text that the list of queries shows.
    pub fn shown(&self) -> String {
        match &self.text {
            Text::Sql(sql) => sql.clone(),
            Text::Select(document) => document.to_string(),
        }
    }
}

impl QueryBody {
    /// Checks it; `in_lines` when the answer has no end in memory.
    pub(super) fn check(self, limits: &Limits, in_lines: bool) -> ApiResult<Query> {
        let text = match (self.sql, self.select) {
            (Some(sql), None) => {
                check_length(&sql, limits)?;
                Text::Sql(sql)
            }
            (None, Some(document)) => {
                if self.params.is_some() {
                    let detail =
                        "A select document has its values in itself; 'params' is for 'sql'.";
                    return Err(ApiError::new(Code::InvalidValue, detail).at("/params", detail));
                }
                let document = select::parse(document.get().as_bytes());
                Text::Select(document.map_err(|error| ApiError::in_document(error, "/select"))?)
            }
            (Some(_), Some(_)) => {
                let detail = "A query is one of 'sql' and 'select', not both.";
                return Err(ApiError::new(Code::InvalidValue, detail).at("/select", detail));
            }
            (None, None) => {
                let detail = "The field 'sql' is missing.";
                return Err(ApiError::new(Code::MissingField, detail).at("/sql", detail));
            }
        };
        Ok(Query {
            text,
            params: params(self.params)?,
            limit: row_limit(self.limit, limits, in_lines)?,
            time: time(self.timeout_ms, limits)?,
            // Each database refuses by itself what it must not take.
            access: Access::ReadWrite,
            dry_run: self.dry_run,
            explain: self.explain,
            way: "api",
        })
    }
}

/// A statement may be so long.
pub(super) fn check_length(sql: &str, limits: &Limits) -> ApiResult<()> {
    let (length, most) = (sql.len(), limits.query_statement_bytes);
    if length as u64 <= most {
        return Ok(());
    }
    let detail = format!(
        "The statement has {length} bytes, the limit is {most}. Give values as parameters, many items by an import."
    );
    Err(ApiError::new(Code::StatementTooLarge, detail.clone()).at("/sql", detail))
}

fn row_limit(wish: Option<u64>, limits: &Limits, in_lines: bool) -> ApiResult<Option<u64>> {
    let most = limits.query_rows;
    match wish {
        None if in_lines => Ok(None),
        None => Ok(Some(most)),
        Some(wish) if in_lines || wish <= most => Ok(Some(wish)),
        Some(_) => {
            let detail = format!(
                "'limit' is at most {most} for an answer as one object. Ask for lines with \
                 'Accept: application/x-ndjson' to have more."
            );
            Err(ApiError::new(Code::InvalidValue, detail.clone()).at("/limit", detail))
        }
    }
}

fn time(wish: Option<u64>, limits: &Limits) -> ApiResult<Duration> {
    let most = limits.query_longest_ms;
    match wish {
        None => Ok(limits.query_timeout()),
        Some(wish) if (1..=most).contains(&wish) => Ok(Duration::from_millis(wish)),
        Some(_) => {
            let detail = format!("'timeout_ms' is from 1 to {most}.");
            Err(ApiError::new(Code::InvalidValue, detail.clone()).at("/timeout_ms", detail))
        }
    }
}

pub(crate) fn params(json: Option<Value>) -> ApiResult<Params> {
    match json {
        None | Some(Value::Null) => Ok(Params::None),
        Some(Value::Array(values)) => Ok(Params::Positional(
            values.iter().map(SqlValue::from_json).collect(),
        )),
        Some(Value::Object(values)) => {
            let named = values.iter();
            let named = named.map(|(name, value)| (name.clone(), SqlValue::from_json(value)));
            Ok(Params::Named(named.collect()))
        }
        Some(_) => {
            let detail =
                "'params' is an array for '?', or an object for ':name', '@name' and '$name'.";
            Err(ApiError::new(Code::InvalidValue, detail).at("/params", detail))
        }
    }
}
