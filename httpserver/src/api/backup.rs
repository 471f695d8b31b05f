//! A copy of a database while it is used.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::DatabasePath;
use super::streams::long_call;
use crate::error::{ApiError, ApiResult, Code, Problem};
use crate::extract::{ApiJson, ApiPath, State};
use crate::jobs::{self, JobView, JobWish};
use crate::registry::Registry;

/// Where to copy to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BackupTarget {
    /// A folder that is not there yet or empty, relative to the data folder of the server.
    #[schema(example = "backups/shop-2024-05-01")]
    path: String,
    /// Whether to answer at once with a job (202), which tells how far it is.
    #[serde(default)]
    background: bool,
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
    responses(
        (status = 200, body = BackupDone), (status = 202, body = JobView),
        (status = "default", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn backup(
    State(state): State,
    ApiPath(path): ApiPath<DatabasePath>,
    ApiJson(target): ApiJson<BackupTarget>,
) -> ApiResult<Response> {
    let registry = state.registry().clone();
    if !target.background {
        let done = long_call(&state, move || {
            let db = registry.database(&path.db)?;
            let folder = free_folder(&registry, &target.path)?;
            copy(&db, &folder, &mut |_, _| ControlFlow::Continue(()))
        })
        .await?;
        return Ok(Json(done).into_response());
    }
    let (db, shared) = (path.db.clone(), registry.clone());
    let folder = state
        .call(move || {
            shared.get(&db)?;
            free_folder(&shared, &target.path)
        })
        .await?;
    let wish = JobWish {
        kind: "backup",
        what: format!(
            "Backup of {} into {}",
            path.db,
            crate::registry::shown(&folder)
        ),
        database: path.db.clone(),
        unit: "bytes",
        can_cancel: true,
        by: Arc::clone(&state.who().name),
    };
    let job = jobs::start(&state, wish, move |job| {
        let db = registry.database(&path.db)?;
        let done = copy(&db, &folder, &mut |done, all| {
            job.progress(done, all);
            if job.is_cancelled() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })?;
        serde_json::to_value(done).map_err(ApiError::internal)
    })?;
    Ok((StatusCode::ACCEPTED, Json(job)).into_response())
}

fn copy(
    db: &sop::Database,
    folder: &Path,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> ApiResult<BackupDone> {
    let sequence = db.sequence();
    db.backup_with(folder, progress)?;
    Ok(BackupDone {
        path: crate::registry::shown(folder),
        sequence,
    })
}

/// A folder that is not there yet or empty, and has nothing to do with a database.
fn free_folder(registry: &Registry, path: &str) -> ApiResult<PathBuf> {
    let folder = registry.roots().resolve(path)?;
    if registry
        .list()
        .iter()
        .any(|entry| folder.starts_with(&entry.path) || entry.path.starts_with(&folder))
    {
        let detail = "The folder is, holds or lies in the folder of a database. Choose another.";
        return Err(ApiError::new(Code::InvalidPath, detail).at("/path", detail));
    }
    if std::fs::read_dir(&folder).is_ok_and(|mut found| found.next().is_some()) || folder.is_file()
    {
        let detail = format!(
            "'{}' is there already and not empty. Choose a new folder.",
            folder.display()
        );
        return Err(ApiError::new(Code::TargetExists, detail.clone()).at("/path", detail));
    }
    Ok(folder)
}
