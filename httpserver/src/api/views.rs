//! The saved selects of a database: made by `CREATE VIEW` and read as `view.name` in queries.

use axum::Json;
use serde::Serialize;
use sop::Mode;
use utoipa::ToSchema;

use super::DatabasePath;
use crate::error::{ApiResult, Problem};
use crate::extract::{ApiPath, State};

/// A saved select.
#[derive(Serialize, ToSchema)]
pub(super) struct ViewView {
    name: String,
    /// The select.
    sql: String,
    /// The names of its columns where the view gives them; otherwise they are those of the select.
    columns: Vec<String>,
}

/// The saved selects of a database.
#[derive(Serialize, ToSchema)]
pub(super) struct ViewList {
    /// By name.
    views: Vec<ViewView>,
}

/// The views of a database. `CREATE VIEW name AS select` in a query makes one, `DROP VIEW name` removes it, and queries of
/// the database read it as `view.name`.
#[utoipa::path(
    get, operation_id = "list_views", path = "/databases/{db}/views", tag = "queries", params(DatabasePath),
    responses((status = 200, body = ViewList), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn list(
    State(state): State,
    ApiPath(path): ApiPath<DatabasePath>,
) -> ApiResult<Json<ViewList>> {
    let registry = state.registry().clone();
    state
        .call(move || {
            let tx = registry.database(&path.db)?.begin(Mode::Read)?;
            let views = sop_query::sql::views(&tx)?.into_iter();
            Ok(Json(ViewList {
                views: views
                    .map(|view| ViewView {
                        name: view.name,
                        sql: view.sql,
                        columns: view.columns,
                    })
                    .collect(),
            }))
        })
        .await
}
