//! Queries: SQL over the stores, as one object or as lines, and what runs just now.
//!
//! Statements run on threads that may block, each in one of a bounded number of places. A client that
//! goes away ends its query. A statement that cannot be begun is refused with an ordinary problem,
//! also where lines were asked for; after the first line a problem is the last line.

mod answer;
mod body;
mod catalog;
mod export;
mod file;
mod sending;
mod values;

pub(crate) use body::params as sql_params;
use catalog::check_definitions;
pub(crate) use catalog::{catalog, compile as compile_document};
pub(super) use export::*;
pub(crate) use file::{FileRows, Target};
pub(super) use sending::{Form, send};

use axum::Json;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sop_query::sql::{
    Access, Catalog, Limits, Output as Rows, Params, Plan, Request, Summary, Value as SqlValue,
};
use sop_query::transfer::Format;
use sop_systemdb::system::AuditEntry;
use utoipa::{IntoParams, ToSchema};

use self::answer::{Collected, Lines};
use self::body::{Explain, Query, QueryBody, Text};
use super::{DatabasePath, ParquetFile};
use crate::error::{ApiError, ApiResult, Code, Problem};
use crate::extract::{ApiJson, ApiPath, JsonNumbers, State};
use crate::formats::{FileFormat, parquet_of_query};
use crate::queries::RunningQuery;
use crate::scripts::{Chain, with_scripts};
use crate::state::{AppState, join_error};

/// A column of a result.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct QueryColumn {
    name: String,
    /// `integer`, `number`, `string`, `bool`, `bytes`, `uuid`, `date`, `time`, `datetime`, `json`,
    /// `any`: the type in its store, `any` where it is computed.
    r#type: String,
}

/// What a query cost.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct QueryStats {
    /// Time in the database, in milliseconds.
    elapsed_ms: f64,
    /// Rows in the answer.
    rows: u64,
    /// Items that were looked at.
    scanned: u64,
    /// Tree nodes that were visited.
    nodes_read: u64,
    /// Items that were inserted, updated or deleted.
    changed: u64,
}

/// What a query would change.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct QueryChanges {
    /// All changes.
    count: u64,
    /// `{op, database, store, key, before, after}` with `op` one of `insert`, `update`, `delete`; in
    /// one object at most as many as rows.
    rows: Vec<Value>,
}

/// The result of a query.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct QueryAnswer {
    /// Of the last statement that gives rows.
    columns: Vec<QueryColumn>,
    /// A value for each column. Bytes are base64.
    rows: Vec<Vec<Value>>,
    stats: QueryStats,
    /// Sequence of the commit, or of the snapshot that was read.
    sequence: Option<u64>,
    /// Whether rows were left out.
    truncated: bool,
    /// Of a dry run.
    changes: Option<QueryChanges>,
    id: String,
}

/// Rows, or a plan.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) enum QueryResult {
    Rows(QueryAnswer),
    Plan(PlanAnswer),
}

/// Runs SQL, or a select document. With `explain` the answer is the plan, always as one object. With `Accept: application/x-ndjson` lines, sent as the rows are found: `{"id"}` by which
/// the query is cancelled, `{"columns"}`, an array for each row, and at the end `{"stats", "sequence",
/// "truncated", "changes"}` or `{"error"}` with the problem. With `Accept: text/csv` or
/// `application/vnd.apache.parquet` the rows as a file, which is cut off when the query fails; for the latter the statement may
/// only read. A statement that takes longer than its
/// time is ended with `time_limit` (503), a conflict with another transaction is 409 and can be run again.
#[utoipa::path(
    post, operation_id = "run_query", path = "/databases/{db}/query", tag = "queries", params(DatabasePath), request_body = QueryBody,
    responses(
        (status = 200, content((QueryResult = "application/json"), (String = "application/x-ndjson"), (String = "text/csv"), (ParquetFile = "application/vnd.apache.parquet"))),
        (status = "default", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn run(
    State(state): State,
    ApiPath(path): ApiPath<DatabasePath>,
    numbers: JsonNumbers,
    headers: HeaderMap,
    ApiJson(body): ApiJson<QueryBody>,
) -> ApiResult<Response> {
    let as_file = wanted_file(&headers);
    let mut query = body.check(state.limits(), numbers.lines || as_file.is_some())?;
    query.way = crate::audit::way(&headers);
    if let Some(format) = as_file.filter(|_| query.explain.is_none()) {
        return send_file(&state, path.db, query, format, numbers).await;
    }
    // Before it waits for a place: the name may be wrong.
    state.registry().get(&path.db)?;
    let shared = state.clone();
    if let Some(explain) = query.explain {
        return send_plan(&state, path.db, query, explain).await;
    }
    let shown = query.shown();
    let begun = state
        .queries()
        .begin(state.who(), &path.db, &shown, query.time);
    let (running, held) = begun.await?;
    if numbers.lines {
        let id = running.id().to_owned();
        return send(Form::Lines { id }, held, move |sink| {
            let mut rows = Lines::new(sink, numbers);
            let summary = execute(&shared, &path.db, &query, &running, &mut rows)?;
            rows.end(&summary, query.dry_run);
            Ok(())
        })
        .await;
    }
    let most = state.limits().query_bytes;
    let work = tokio::task::spawn_blocking(move || {
        let mut rows = Collected::new(numbers, most);
        let summary = execute(&shared, &path.db, &query, &running, &mut rows)?;
        let shown = query.limit.unwrap_or(u64::MAX);
        Ok(rows.answer(running.id(), &summary, query.dry_run, shown))
    });
    let answer: ApiResult<_> = work.await.unwrap_or_else(|error| Err(join_error(error)));
    drop(held);
    Ok(answer?.into_response())
}

/// The format of the file that is asked for; JSON and lines are no files here.
fn wanted_file(headers: &HeaderMap) -> Option<FileFormat> {
    let accept = headers.get_all(header::ACCEPT).iter();
    let mut ranges = accept.flat_map(|value| value.to_str().unwrap_or_default().split([',', ';']));
    ranges.find_map(|range| match FileFormat::from_content_type(range.trim()) {
        found @ Some(FileFormat::Text(Format::Csv) | FileFormat::Parquet) => found,
        _ => None,
    })
}

/// Answers with the rows as a file.
async fn send_file(
    state: &AppState,
    database: String,
    query: Query,
    format: FileFormat,
    numbers: JsonNumbers,
) -> ApiResult<Response> {
    state.registry().get(&database)?;
    let shared = state.clone();
    let shown = query.shown();
    let begun = state
        .queries()
        .begin(state.who(), &database, &shown, query.time);
    let (running, held) = begun.await?;
    let form = Form::File {
        content_type: format.content_type(),
    };
    send(form, held, move |sink| {
        let FileFormat::Text(format) = format else {
            let (catalog, request, _) = request(&shared, &database, &query, &running)?;
            return parquet_of_query(running.engine(), &catalog, &request, sink).map(drop);
        };
        let mut rows = FileRows::new(sink, format, numbers);
        execute(&shared, &database, &query, &running, &mut rows)?;
        rows.end()
    })
    .await
}

/// Runs a query on this thread.
fn execute(
    state: &AppState,
    database: &str,
    query: &Query,
    running: &RunningQuery,
    rows: &mut dyn Rows,
) -> ApiResult<Summary> {
    let (catalog, mut request, _) = request(state, database, query, running)?;
    let registry = state.registry();
    let refused = registry.check_write(database).err();
    if refused.is_some() && !query.dry_run {
        request.access = Access::ReadOnly;
    }
    let run = running.engine().run(&catalog, &request, rows);
    if let Ok(summary) = &run
        && !query.dry_run
        && (summary.changed > 0 || !summary.definitions.is_empty())
    {
        write_down(state, database, query.way, &request.sql, summary);
    }
    run.map_err(|error| match refused {
        // Says why it may only read.
        Some(refused) if error.code == sop_query::sql::Code::ReadOnly => refused,
        _ => error.into(),
    })
}

/// Tells the audit what a statement changed.
fn write_down(state: &AppState, database: &str, way: &'static str, sql: &str, summary: &Summary) {
    let statement: String = sql.chars().take(MOST_KEPT).collect();
    state.audit().record(AuditEntry {
        who: state.who().name.to_string(),
        way: way.to_owned(),
        what: "query".to_owned(),
        database: Some(database.to_owned()),
        changed: summary.changed,
        outcome: "done".to_owned(),
        detail: serde_json::json!({"statement": statement, "sequence": summary.sequence}),
        ..AuditEntry::default()
    });
}

/// Characters of a statement that the audit keeps.
const MOST_KEPT: usize = 10_000;

/// What is run, on which databases, and what there is to know of it.
fn request(
    state: &AppState,
    database: &str,
    query: &Query,
    running: &RunningQuery,
) -> ApiResult<(Catalog, Request, Vec<String>)> {
    let text = query.shown();
    let catalog = catalog::catalog(state.registry(), database, &text)?;
    let catalog = with_scripts(catalog, state, database, &text, &Chain::default());
    let (sql, params, notes) = match &query.text {
        Text::Sql(sql) => (sql.clone(), query.params.clone(), Vec::new()),
        Text::Select(document) => catalog::compile(state.who().visibility(), &catalog, document)?,
    };
    check_definitions(state.registry(), database, &sql)?;
    let request = Request {
        visibility: state.who().visibility().clone(),
        sql,
        params,
        limits: Limits {
            rows: query.limit,
            time: Some(query.time),
        },
        access: query.access,
        dry_run: query.dry_run,
        cancel: running.cancel(),
    };
    Ok((catalog, request, notes))
}

/// Answers with the plan of a query.
async fn send_plan(
    state: &AppState,
    database: String,
    query: Query,
    explain: Explain,
) -> ApiResult<Response> {
    let shared = state.clone();
    let shown = query.shown();
    let begun = state
        .queries()
        .begin(state.who(), &database, &shown, query.time);
    let (running, held) = begun.await?;
    let work = tokio::task::spawn_blocking(move || {
        let (catalog, request, notes) = request(&shared, &database, &query, &running)?;
        let analyze = explain == Explain::Analyze;
        let plan = running.engine().explain(&catalog, &request, analyze)?;
        let params = values_of(&request.params);
        let sql = request.sql;
        let answer = PlanAnswer {
            plan,
            sql,
            params,
            notes,
        };
        Ok(Json(answer).into_response())
    });
    let answer: ApiResult<_> = work.await.unwrap_or_else(|error| Err(join_error(error)));
    drop(held);
    answer
}

/// Parameters as JSON, bytes as `{"$bytes": base64}`; those with names are known to whoever sent them.
fn values_of(params: &Params) -> Vec<Value> {
    let Params::Positional(values) = params else {
        return Vec::new();
    };
    let json = |value: &SqlValue| match value {
        SqlValue::Null => Value::Null,
        SqlValue::Bool(value) => Value::from(*value),
        SqlValue::Integer(value) => Value::from(*value),
        SqlValue::Real(value) => Value::from(*value),
        SqlValue::Text(value) | SqlValue::Json(value) => Value::from(value.as_str()),
        SqlValue::Blob(value) => json!({"$bytes": STANDARD.encode(value)}),
    };
    values.iter().map(json).collect()
}

/// The plan of a query.
#[derive(Serialize, ToSchema)]
pub(super) struct PlanAnswer {
    /// `nodes`, each `{id, parent, operator, detail, access, estimated_rows, rows, loops, time_ms}`,
    /// the last three after `analyze`; `advice` in words; `elapsed_ms` after `analyze`.
    #[schema(value_type = Value)]
    plan: Plan,
    /// The statement; what a select document became.
    sql: String,
    /// The values of its parameters in their order.
    params: Vec<Value>,
    /// What is worth knowing of a select document: which relation joined, what cannot find anything.
    notes: Vec<String>,
}

/// A query that runs.
#[derive(Serialize, ToSchema)]
pub(super) struct RunningView {
    id: String,
    database: String,
    /// The first 200 characters.
    sql: String,
    elapsed_ms: u64,
}

/// The queries that run.
#[derive(Serialize, ToSchema)]
pub(super) struct RunningList {
    /// The oldest first.
    queries: Vec<RunningView>,
}

/// What runs just now: one's own; all for an administrator.
#[utoipa::path(
    get, operation_id = "list_queries", path = "/queries", tag = "queries",
    responses((status = 200, body = RunningList), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn list(State(state): State) -> Json<RunningList> {
    let listed = state.queries().list(state.who()).into_iter();
    let listed = listed.map(|query| RunningView {
        id: query.id,
        database: query.database,
        sql: query.sql,
        elapsed_ms: u64::try_from(query.elapsed.as_millis()).unwrap_or(u64::MAX),
    });
    Json(RunningList {
        queries: listed.collect(),
    })
}

/// The query of an address.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct QueryPath {
    /// Id of the query, from the first line of its answer.
    id: String,
}

/// Cancels a query. It ends soon, with the problem `cancelled`; nothing of what its statement or
/// transaction changed is kept.
#[utoipa::path(
    delete, operation_id = "cancel_query", path = "/queries/{id}", tag = "queries", params(QueryPath),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn cancel(
    State(state): State,
    ApiPath(path): ApiPath<QueryPath>,
) -> ApiResult<StatusCode> {
    if state.queries().cancel(state.who(), &path.id) {
        return Ok(StatusCode::NO_CONTENT);
    }
    let detail = "No query with this id runs. It may have ended.";
    Err(ApiError::new(Code::QueryNotFound, detail))
}
