//! A copy of a database while it is used.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::DatabasePath;
use super::streams::long_call;
use crate::error::{ApiError, ApiResult, Code, Problem};
use crate::extract::{ApiJson, ApiPath, State};

/// Where to copy to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BackupTarget {
    /// A folder that is not there yet or empty, relative to the data folder of the server.
    #[schema(example = "backups/shop-2024-05-01")]
    path: String,
}

/// The copy.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BackupDone {
    /// Its folder; attach it as a database to look into it.
    path: String,
    /// The copy holds at least the commits up to this one.
    sequence: u64,
}

/// Copies a database as of now into a new folder.
#[utoipa::path(
    post, operation_id = "backup_database", path = "/databases/{db}/backup", tag = "databases", params(DatabasePath), request_body = BackupTarget,
    responses((status = 200, body = BackupDone), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn backup(
    State(state): State,
    ApiPath(path): ApiPath<DatabasePath>,
    ApiJson(target): ApiJson<BackupTarget>,
) -> ApiResult<Json<BackupDone>> {
    let registry = state.registry().clone();
    long_call(&state, move || {
        let db = registry.database(&path.db)?;
        let folder = registry.roots().resolve(&target.path)?;
        if registry
            .list()
            .iter()
            .any(|entry| folder.starts_with(&entry.path) || entry.path.starts_with(&folder))
        {
            let detail =
                "The folder is, holds or lies in the folder of a database. Choose another.";
            return Err(ApiError::new(Code::InvalidPath, detail).at("/path", detail));
        }
        if std::fs::read_dir(&folder).is_ok_and(|mut found| found.next().is_some())
            || folder.is_file()
        {
            let detail = format!(
                "'{}' is there already and not empty. Choose a new folder.",
                folder.display()
            );
            return Err(ApiError::new(Code::TargetExists, detail.clone()).at("/path", detail));
        }
        let sequence = db.sequence();
        db.backup(&folder)?;
        Ok(Json(BackupDone {
            path: crate::registry::shown(&folder),
            sequence,
        }))
    })
    .await
}
