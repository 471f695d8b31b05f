//! The resources of the interface, one file each.
use crate::error::{ApiError, Code};
use crate::state::AppState;
use axum::Router;
use utoipa_axum::router::OpenApiRouter;
/// Routes.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
}
/// Docs.
pub fn description_routes(_d: utoipa::openapi::OpenApi) -> Router<AppState> {
    Router::new()
}
/// 404
pub async fn not_found() -> ApiError {
    ApiError::new(Code::NotFound, "no")
}
/// 405
pub async fn method_not_allowed() -> ApiError {
    ApiError::new(Code::MethodNotAllowed, "no")
}
