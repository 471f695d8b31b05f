//! How a database is doing: its files, log, checkpoints and memory.

use axum::Json;
use serde::Serialize;
use sop::Database;
use utoipa::ToSchema;

use super::DatabasePath;
use super::streams::long_call;
use crate::error::{ApiResult, Problem};
use crate::extract::{ApiPath, State};

/// Figures of an open database; counters are since it was opened.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DatabaseState {
    /// The identity that is kept when the folder is copied.
    id: String,
    /// Sequence of the newest commit.
    sequence: u64,
    stores: u64,
    /// Exact number of items of all stores.
    items: u64,
    /// Bytes of keys and values.
    live_bytes: u64,
    /// Bytes of all files.
    bytes_on_disk: u64,
    /// Bytes that the commit log takes on the disk.
    log_bytes: u64,
    /// Bytes of nodes and values that no checkpoint has written yet; they are in the log.
    unsaved_bytes: u64,
    checkpoints: u64,
    /// What went wrong with the last checkpoint; it is tried again.
    checkpoint_failure: Option<String>,
    /// Sequence of the checkpoint that was loaded when it was opened.
    opened_at: u64,
    /// Commits that were read from the log when it was opened.
    replayed: u64,
    commits: u64,
    conflicts: u64,
    cache_bytes: u64,
    cache_limit_bytes: u64,
    cache_hits: u64,
    cache_misses: u64,
    active_transactions: u64,
    /// Transactions that wait for the second phase of their commit.
    prepared_transactions: u64,
}

impl From<&Database> for DatabaseState {
    fn from(db: &Database) -> Self {
        let (status, metrics, recovery) = (db.status(), db.metrics(), db.recovery());
        Self {
            id: db.id(),
            sequence: status.sequence,
            stores: status.stores,
            items: status.items,
            live_bytes: status.live_bytes,
            bytes_on_disk: status.bytes_on_disk,
            log_bytes: metrics.log_bytes_on_disk,
            unsaved_bytes: status.dirty_bytes,
            checkpoints: status.checkpoints,
            checkpoint_failure: status.checkpoint_failure,
            opened_at: recovery.checkpoint,
            replayed: recovery.replayed,
            commits: status.commits,
            conflicts: status.conflicts,
            cache_bytes: status.cache_bytes,
            cache_limit_bytes: metrics.cache_limit_bytes,
            cache_hits: status.cache_hits,
            cache_misses: status.cache_misses,
            active_transactions: status.active_transactions,
            prepared_transactions: status.prepared_transactions,
        }
    }
}

/// How a database is doing.
#[utoipa::path(
    get, operation_id = "get_database_state", path = "/databases/{db}/state", tag = "databases", params(DatabasePath),
    responses((status = 200, body = DatabaseState), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn show(
    State(state): State,
    ApiPath(path): ApiPath<DatabasePath>,
) -> ApiResult<Json<DatabaseState>> {
    let registry = state.registry().clone();
    state
        .call(move || Ok(Json(DatabaseState::from(&registry.database(&path.db)?))))
        .await
}

/// Writes what is only in the log to its place, and gives the room of what is not needed any more back. It
/// happens by itself, too; reads and commits go on.
#[utoipa::path(
    post, operation_id = "checkpoint_database", path = "/databases/{db}/checkpoint", tag = "databases", params(DatabasePath),
    responses((status = 200, body = DatabaseState), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn checkpoint(
    State(state): State,
    ApiPath(path): ApiPath<DatabasePath>,
) -> ApiResult<Json<DatabaseState>> {
    let registry = state.registry().clone();
    long_call(&state, move || {
        let db = registry.writable(&path.db)?;
        db.checkpoint()?;
        Ok(Json(DatabaseState::from(&db)))
    })
    .await
}
