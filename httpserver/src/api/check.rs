//! Full verification of a database.

use std::io::Write as _;
use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sop::CheckReport;
use utoipa::ToSchema;

use super::DatabasePath;
use super::streams::{long_call, stream};
use crate::error::{ApiError, ApiResult, Problem};
use crate::extract::{ApiPath, State};
use crate::jobs::{self, JobView, JobWish};

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CheckView {
    /// Whether nothing is wrong.
    pub clean: bool,
    /// Sequence of the snapshot that was checked.
    sequence: u64,
    stores: Vec<StoreChecked>,
    /// Transactions that wait for the second phase of their commit.
    prepared: Vec<PreparedTransaction>,
    /// The first problems.
    problems: Vec<ProblemFound>,
    /// Number of all problems.
    pub problem_count: u64,
}

/// A store that was checked.
#[derive(Debug, Serialize, ToSchema)]
struct StoreChecked {
    name: String,
    /// Items by the counts in the nodes.
    items: u64,
    /// Items that could be read.
    readable: u64,
    nodes: u64,
}

/// A transaction that promised to another database that it can be committed.
#[derive(Debug, Serialize, ToSchema)]
struct PreparedTransaction {
    id: String,
    /// Milliseconds since 1970 UTC.
    prepared_at_ms: u64,
    /// Milliseconds since 1970 UTC; it is rolled back then.
    expires_at_ms: u64,
    /// Names of the stores that it changes.
    stores: Vec<String>,
    items: u64,
}

/// Something that is not as it must be.
#[derive(Debug, Serialize, ToSchema)]
struct ProblemFound {
    place: String,
    detail: String,
}

impl From<CheckReport> for CheckView {
    fn from(report: CheckReport) -> Self {
        let clean = report.is_clean();
        let stores = report.stores.into_iter().map(|store| StoreChecked {
            name: store.name,
            items: store.items,
            readable: store.readable,
            nodes: store.nodes,
        });
        let prepared = report.prepared.into_iter().map(|one| PreparedTransaction {
            id: one.id,
            prepared_at_ms: one.prepared_at_ms,
            expires_at_ms: one.expires_at_ms,
            stores: one.stores,
            items: one.items,
        });
        let problems = report.problems.into_iter().map(|problem| ProblemFound {
            place: problem.place,
            detail: problem.detail,
        });
        Self {
            clean,
            sequence: report.sequence,
            stores: stores.collect(),
            prepared: prepared.collect(),
            problems: problems.collect(),
            problem_count: report.problem_count,
        }
    }
}

/// A line of the answer.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum CheckLine<'a> {
    /// A store is being read.
    Store { store: &'a str, items: u64 },
    /// The end.
    Finished(CheckView),
}

/// Reads all of a database and verifies it. With `Accept: application/json` one object; otherwise a
/// line as each store begins, then the result as the last line.
#[utoipa::path(
    get, operation_id = "check_database", path = "/databases/{db}/check", tag = "databases", params(DatabasePath),
    responses(
        (status = 200, content((CheckView = "application/json"), (String = "application/x-ndjson"))),
        (status = "default", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn check(
    State(state): State,
    ApiPath(path): ApiPath<DatabasePath>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let registry = state.registry().clone();
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if accept.contains("application/json") && !accept.contains("ndjson") {
        let view = long_call(&state, move || {
            Ok(CheckView::from(registry.database(&path.db)?.check()?))
        })
        .await?;
        return Ok(axum::Json(view).into_response());
    }
    stream(&state, "application/x-ndjson", move |sink| {
        let db = registry.database(&path.db)?;
        let report = db.check_with(&mut |store, items| {
            sink.try_line(
                serde_json::to_vec(&CheckLine::Store { store, items }).unwrap_or_default(),
            );
        })?;
        let mut last =
            serde_json::to_vec(&CheckLine::Finished(report.into())).map_err(ApiError::internal)?;
        last.push(b'\n');
        sink.write_all(&last).map_err(ApiError::internal)
    })
    .await
}

/// Verifies all of a database as a job; its outcome is the result.
#[utoipa::path(
    post, operation_id = "start_check", path = "/databases/{db}/check", tag = "databases", params(DatabasePath),
    responses((status = 202, body = JobView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn start(
    State(state): State,
    ApiPath(path): ApiPath<DatabasePath>,
) -> ApiResult<(StatusCode, axum::Json<JobView>)> {
    let registry = state.registry().clone();
    registry.get(&path.db)?;
    let wish = JobWish {
        kind: "check",
        database: path.db.clone(),
        what: format!("Check of {}", path.db),
        unit: "items",
        can_cancel: false,
        by: Arc::clone(&state.who().name),
    };
    let job = jobs::start(&state, wish, move |job| {
        let db = registry.database(&path.db)?;
        let total = db.status().items;
        let (mut done, mut current) = (0, 0);
        let report = db.check_with(&mut |store, items| {
            done += current;
            current = items;
            job.note(store);
            job.progress(done, total);
        })?;
        job.progress(total, total);
        serde_json::to_value(CheckView::from(report)).map_err(ApiError::internal)
    })?;
    Ok((StatusCode::ACCEPTED, axum::Json(job)))
}
