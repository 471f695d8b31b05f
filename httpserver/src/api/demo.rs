//! Fills a database with the demo data.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::DatabasePath;
use super::streams::long_call;
use crate::demo;
use crate::error::{ApiResult, Problem};
use crate::extract::{ApiJson, ApiPath, State};

/// Which demo.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DemoName {
    /// Users, products, orders with their lines, and reviews.
    #[default]
    Shop,
}

/// The demo to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DemoWish {
    #[serde(default)]
    #[expect(dead_code, reason = "there is one demo; others are refused by name")]
    name: DemoName,
}

/// Makes the stores of the demo and fills them: all or nothing.
#[utoipa::path(
    post, operation_id = "fill_demo", path = "/databases/{db}/demo", tag = "databases", params(DatabasePath), request_body = DemoWish,
    responses((status = 201, body = demo::Filled), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn fill(
    State(state): State,
    ApiPath(path): ApiPath<DatabasePath>,
    ApiJson(_wish): ApiJson<DemoWish>,
) -> ApiResult<Response> {
    let registry = state.registry().clone();
    let filled = long_call(&state, move || demo::fill(&registry.writable(&path.db)?)).await?;
    Ok((StatusCode::CREATED, axum::Json(filled)).into_response())
}
