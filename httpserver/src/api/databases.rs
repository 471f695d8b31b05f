//! The databases: list, make or attach, change, remove.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::DatabasePath;
use crate::audit::Changed;
use crate::error::{ApiError, ApiResult, Code, Problem};
use crate::extract::{ApiJson, ApiPath, ApiQuery, State};
use crate::registry::{Attach, Entry, SYSTEM_REASON, Settings};
use crate::state::AppState;

/// A database.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DatabaseView {
    /// Its name.
    #[schema(example = "shop")]
    pub name: String,
    /// Its folder.
    pub path: String,
    /// How it is run: `standalone` on one machine.
    pub mode: &'static str,
    /// Whether it takes no writes.
    pub read_only: bool,
    /// Why it takes no writes, or cannot be opened.
    pub reason: Option<String>,
    /// Stable code of the fault when it cannot be opened.
    pub error: Option<&'static str>,
    /// Whether the program keeps its own things in it.
    pub is_system: bool,
    /// Number of stores.
    pub stores: u64,
    /// Exact number of items of all stores.
    pub items: u64,
    /// Bytes on disk.
    pub bytes: u64,
    /// Sequence of the newest commit.
    pub sequence: u64,
}

/// All databases.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DatabaseList {
    databases: Vec<DatabaseView>,
}

/// How a database is run.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DatabaseMode {
    /// By one process on one machine.
    Standalone,
}

/// A database to be made or attached.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDatabase {
    /// 1 to 64 letters, digits, `_` or `-`.
    #[schema(example = "shop")]
    name: String,
    /// Its folder, relative to the data folder of the server; a folder that is a database already is
    /// attached. Named after the database when missing.
    path: Option<String>,
    /// How it is run.
    #[expect(dead_code, reason = "there is one mode; others are refused by name")]
    mode: Option<DatabaseMode>,
    /// Opened for reading only.
    #[serde(default)]
    read_only: bool,
}

/// What may change; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DatabaseChange {
    /// Opened for reading only.
    read_only: Option<bool>,
}

/// What happens to the files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DataWish {
    /// They stay.
    #[default]
    Keep,
    /// They are deleted.
    Delete,
}

/// How to remove a database.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RemoveQuery {
    /// `keep` (default) takes the database off the list and keeps its files; `delete` deletes them.
    #[serde(default)]
    #[param(inline)]
    data: DataWish,
    /// The name of the database once more, needed to delete its files.
    confirm: Option<String>,
}

impl DatabaseView {
    /// What is known of a database; opens it when that was not tried yet.
    pub(crate) fn of(entry: &Entry, state: &AppState) -> Self {
        let mut view = Self {
            name: entry.name.clone(),
            path: crate::registry::shown(&entry.path),
            mode: "standalone",
            read_only: entry.settings.read_only,
            reason: None,
            error: None,
            is_system: entry.is_system(),
            stores: 0,
            items: 0,
            bytes: 0,
            sequence: 0,
        };
        match state.registry().look(entry) {
            Ok(database) => {
                let status = database.status();
                let own = entry.is_system().then(|| SYSTEM_REASON.to_owned());
                view.reason = own
                    .or_else(|| entry.held())
                    .or_else(|| database.read_only())
                    .or_else(|| state.registry().refusal(&entry.name));
                view.read_only = view.reason.is_some();
                (view.stores, view.items) = (status.stores, status.items);
                (view.bytes, view.sequence) = (status.bytes_on_disk, status.sequence);
            }
            Err((code, detail)) => {
                (view.error, view.reason) = (Some(code.as_str()), Some(detail));
                view.read_only = true;
            }
        }
        view
    }
}

/// All databases, and the server's own at the end. One that cannot be opened is there too, with the reason.
#[utoipa::path(get, operation_id = "list_databases", path = "/databases", tag = "databases", responses((status = 200, body = DatabaseList), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(State(state): State) -> ApiResult<Json<DatabaseList>> {
    let shared = state.clone();
    state
        .call(move || {
            let registry = shared.registry();
            let own = registry.shown_system();
            let entries = registry.list().into_iter().chain(own);
            let databases = entries.map(|entry| DatabaseView::of(&entry, &shared));
            Ok(Json(DatabaseList {
                databases: databases.collect(),
            }))
        })
        .await
}

/// Makes a database, or attaches a folder that is one.
#[utoipa::path(
    post, operation_id = "create_database", path = "/databases", tag = "databases", request_body = NewDatabase,
    responses((status = 201, body = DatabaseView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn create(
    State(state): State,
    ApiJson(body): ApiJson<NewDatabase>,
) -> ApiResult<Response> {
    let shared = state.clone();
    let view = state
        .call(move || {
            let settings = Settings {
                read_only: body.read_only,
                ..Settings::default()
            };
            let entry = shared.registry().attach(&Attach {
                name: body.name,
                path: body.path,
                settings,
            })?;
            Ok(DatabaseView::of(&entry, &shared))
        })
        .await?;
    let changed = Changed {
        detail: json!({"database": view.name, "path": view.path}),
        ..Changed::default()
    };
    Ok((StatusCode::CREATED, Extension(changed), Json(view)).into_response())
}

/// One database.
#[utoipa::path(
    get, operation_id = "get_database", path = "/databases/{db}", tag = "databases", params(DatabasePath),
    responses((status = 200, body = DatabaseView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn show(
    State(state): State,
    ApiPath(path): ApiPath<DatabasePath>,
) -> ApiResult<Json<DatabaseView>> {
    let shared = state.clone();
    state
        .call(move || {
            let entry = shared.registry().get(&path.db)?;
            // Asked for by name, an old failure is not good enough: its cause may be gone. A new one
            // is part of the answer.
            let _ = shared.registry().database(&path.db);
            Ok(Json(DatabaseView::of(&entry, &shared)))
        })
        .await
}

/// Changes the settings of a database.
#[utoipa::path(
    patch, operation_id = "change_database", path = "/databases/{db}", tag = "databases", params(DatabasePath), request_body = DatabaseChange,
    responses((status = 200, body = DatabaseView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn change(
    State(state): State,
    ApiPath(path): ApiPath<DatabasePath>,
    ApiJson(body): ApiJson<DatabaseChange>,
) -> ApiResult<Json<DatabaseView>> {
    let shared = state.clone();
    state
        .call(move || {
            let mut settings = shared.registry().get(&path.db)?.settings;
            settings.read_only = body.read_only.unwrap_or(settings.read_only);
            let entry = shared.registry().change(&path.db, settings)?;
            Ok(Json(DatabaseView::of(&entry, &shared)))
        })
        .await
}

/// Takes a database off the list. Its files stay, unless `data=delete` and its name confirm that
/// they shall go.
#[utoipa::path(
    delete, operation_id = "remove_database", path = "/databases/{db}", tag = "databases", params(DatabasePath, RemoveQuery),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn remove(
    State(state): State,
    ApiPath(path): ApiPath<DatabasePath>,
    ApiQuery(query): ApiQuery<RemoveQuery>,
) -> ApiResult<StatusCode> {
    let registry = state.registry().clone();
    state
        .call(move || {
            registry.get(&path.db)?;
            let delete = query.data == DataWish::Delete;
            if delete && query.confirm.as_deref() != Some(path.db.as_str()) {
                let detail = format!("To delete all data of '{0}', add 'confirm={0}'.", path.db);
                return Err(ApiError::new(Code::ConfirmationRequired, detail.clone())
                    .parameter("confirm", detail));
            }
            registry.remove(&path.db, delete)?;
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}
