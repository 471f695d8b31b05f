//! Figures of the server and its databases, for monitoring.

use axum::http::header;
use axum::response::IntoResponse;

use crate::error::{ApiResult, Problem};
use crate::extract::State;
use crate::metrics::{CONTENT_TYPE, text};

/// Figures of the server and of the databases that are open, in the text format of Prometheus.
///
/// Counters are since the start of the server, those of a database since it was opened. Times are in seconds,
/// sizes in bytes. A scraper sends the token as `Authorization: Bearer`.
#[utoipa::path(
    get, operation_id = "metrics", path = "/metrics", tag = "server",
    responses(
        (status = 200, body = String, content_type = "text/plain", description = "Families of samples; version 0.0.4 of the format."),
        (status = "default", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn metrics(State(state): State) -> ApiResult<impl IntoResponse> {
    let shared = state.clone();
    let body = state.call(move || Ok(text(&shared))).await?;
    Ok(([(header::CONTENT_TYPE, CONTENT_TYPE)], body))
}
