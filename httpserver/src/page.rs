//! Routes of the page: the shell, its files, and the page for those who are not signed in.

use axum::Router;
use axum::response::Html;

use crate::state::AppState;

/// Routes of the page.
pub fn router() -> Router<AppState> {
    Router::new()
}

/// What a person sees who opens the page without a session.
pub fn sign_in() -> Html<&'static str> {
    Html(include_str!("page/sign_in.html"))
}
