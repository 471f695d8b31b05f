//! The folders that databases may lie in, for people who choose one.

use axum::Json;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::{ApiResult, Problem};
use crate::extract::{ApiQuery, State};
use crate::registry::shown;

/// Where to look.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FolderQuery {
    /// A folder, relative to the data folder; the folders that the server may use when missing.
    path: Option<String>,
}

/// A folder.
#[derive(Serialize, ToSchema)]
pub(super) struct FolderView {
    /// Its name.
    #[schema(example = "shop")]
    name: String,
    /// Where it is.
    path: String,
    /// Whether it is a database.
    is_database: bool,
}

/// What lies in a folder.
#[derive(Serialize, ToSchema)]
pub(super) struct FolderList {
    /// The folder; null for the folders that the server may use.
    path: Option<String>,
    /// The one around it, where that may be looked into.
    parent: Option<String>,
    /// Its folders by their names, at most 500.
    folders: Vec<FolderView>,
    /// Whether there are more.
    more: bool,
}

/// The folders in a folder, of those that the server may use: the data folder and the 'roots' in its settings. Files are not
/// named, nor what a database is made of.
#[utoipa::path(
    get, operation_id = "list_folders", path = "/folders", tag = "server", params(FolderQuery),
    responses((status = 200, body = FolderList), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn list(
    State(state): State,
    ApiQuery(query): ApiQuery<FolderQuery>,
) -> ApiResult<Json<FolderList>> {
    let shared = state.clone();
    let look = move || {
        let inside = shared.registry().roots().look(query.path.as_deref())?;
        Ok(Json(FolderList {
            path: inside.path.as_deref().map(shown),
            parent: inside.parent.as_deref().map(shown),
            folders: inside
                .folders
                .into_iter()
                .map(|folder| FolderView {
                    path: shown(&folder.path),
                    name: folder.name,
                    is_database: folder.is_database,
                })
                .collect(),
            more: inside.more,
        }))
    };
    state.call(look).await
}
