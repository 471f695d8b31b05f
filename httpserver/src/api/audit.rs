//! Who changed what, by which way.

use axum::Json;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sop_systemdb::system::AuditEntry;
use utoipa::{IntoParams, ToSchema};

use crate::error::{ApiResult, Problem};
use crate::extract::{ApiQuery, State};

/// Most entries of an answer.
const MOST: usize = 1_000;
/// Entries of an answer when nothing is said.
const USUAL: usize = 100;

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditQuery {
    /// Entries after the one of this number, in their order. Without it the newest, the newest first.
    after: Option<u64>,
    /// Entries before the one of this number, the newest first.
    before: Option<u64>,
    /// Most entries: 100 when missing, at most 1,000.
    limit: Option<usize>,
}

/// A change that somebody made, or was refused.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct AuditView {
    /// Its number; entries are only ever added.
    number: u64,
    at: String,
    who: String,
    /// `page`, `api`, `command`, `script`, `copilot`, `mcp`.
    way: String,
    /// The tool or the address.
    what: String,
    database: Option<String>,
    store: Option<String>,
    changed: u64,
    /// `done`, `refused` or `failed`.
    outcome: String,
    detail: Option<Value>,
}

/// An entry with its number.
#[derive(Serialize)]
struct Numbered {
    number: u64,
    #[serde(flatten)]
    entry: AuditEntry,
}

/// Entries of the audit.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditList {
    #[schema(value_type = Vec<AuditView>)]
    entries: Vec<Numbered>,
    /// Number for `after` to go on with.
    next: Option<u64>,
    /// Whether there are more.
    has_more: bool,
}

/// What was changed, by whom and by which way; refused attempts too.
#[utoipa::path(
    get, operation_id = "list_audit", path = "/audit", tag = "server", params(AuditQuery),
    responses((status = 200, body = AuditList), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn list(
    State(state): State,
    ApiQuery(query): ApiQuery<AuditQuery>,
) -> ApiResult<Json<AuditList>> {
    let limit = query.limit.unwrap_or(USUAL).clamp(1, MOST);
    let shared = state.clone();
    let listed = state.call(move || {
        shared.audit().flush();
        let system = shared.system()?;
        let mut found = match query.after {
            Some(after) => system.audited_after(after, limit + 1)?,
            None => system.audited(query.before, limit + 1)?,
        };
        let has_more = found.len() > limit;
        found.truncate(limit);
        let entries = found
            .into_iter()
            .map(|(number, entry)| Numbered { number, entry });
        let entries: Vec<_> = entries.collect();
        Ok(AuditList {
            next: entries.iter().map(|entry| entry.number).max(),
            entries,
            has_more,
        })
    });
    Ok(Json(listed.await?))
}
