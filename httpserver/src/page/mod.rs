//! Routes of the page: the shell with the first rows in it, and the files that it loads.
//!
//! The web crate makes the text; this module finds out what stands in it. What it shows is the same
//! JSON that the interface answers, so page and interface cannot disagree.

mod assets;
mod shell;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use sop_web::{ErrorPage, LoginPage, render_error, render_login};

use crate::error::{ApiError, Code};
use crate::security::is_signed_in;
use crate::state::AppState;

/// Routes of the page.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/login", get(login))
        .route("/", get(shell::start))
        .route("/welcome", get(shell::welcome))
        .route("/d/{db}", get(shell::database))
        .route("/d/{db}/q", get(shell::query))
        .route("/d/{db}/design", get(shell::design))
        .route("/d/{db}/databases", get(shell::databases))
        .route("/d/{db}/s/{store}", get(shell::store))
        .route("/d/{db}/s/{store}/design", get(shell::store_design))
        .route("/settings", get(shell::settings))
        .route("/knowledge", get(shell::knowledge))
        .route("/users", get(shell::users))
        .route("/scripts", get(shell::scripts))
        .route("/scripts/{category}/{name}", get(shell::scripts))
        .route("/activity", get(shell::activity))
        .route("/assets/{build}/{*path}", get(assets::embedded))
        .route("/assets/reference.css", get(assets::reference))
        .route("/favicon.ico", get(assets::favicon))
}

/// What a person sees who opens the page without a session.
pub fn sign_in() -> Response {
    let page = ErrorPage {
        status: StatusCode::UNAUTHORIZED.as_u16(),
        title: "Open the address from the terminal".to_owned(),
        detail: "This page needs the token of the running server. When it started, it printed a line that \
                 begins with “listening on”: open that address."
            .to_owned(),
        advice: "A restart makes a new token, so an older address or tab does not work any more.".to_owned(),
    };
    (StatusCode::UNAUTHORIZED, Html(render_error(&page))).into_response()
}

/// The page that asks for name and password. Where nobody signs in, and for who has, it leads on.
async fn login(
    State(state): State<AppState>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = query.unwrap_or_default();
    let next = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "next");
    let next = next.map(|(_, next)| next.into_owned()).unwrap_or_default();
    // A path of this server: "//host" and "/\\host" would lead elsewhere.
    let mut start = next.chars();
    let is_own = start.next() == Some('/') && !matches!(start.next(), Some('/' | '\\'));
    let next = if is_own && !next.chars().any(char::is_control) {
        next
    } else {
        "/".to_owned()
    };
    if !state.accounts().is_on() || is_signed_in(&state, &headers) {
        return Redirect::to(&next).into_response();
    }
    Html(render_login(&LoginPage { next })).into_response()
}

/// An error as a page, for people.
pub(crate) fn error_page(error: ApiError) -> Response {
    let status = error.code().status();
    let advice = match error.code() {
        Code::DatabaseNotFound | Code::StoreNotFound => "It may have been renamed or removed.",
        _ => "",
    };
    let problem = error.into_problem();
    let page = ErrorPage {
        status: problem.status,
        title: problem.title.to_owned(),
        detail: problem.detail,
        advice: advice.to_owned(),
    };
    (status, Html(render_error(&page))).into_response()
}
