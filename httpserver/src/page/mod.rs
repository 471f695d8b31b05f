//! Routes of the page: the shell with the first rows in it, and the files that it loads.
//!
//! The web crate makes the text; this module finds out what stands in it. What it shows is the same
//! JSON that the interface answers, so page and interface cannot disagree.

mod assets;
mod shell;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use sop_web::{ErrorPage, render_error};

use crate::error::{ApiError, Code};
use crate::state::AppState;

/// Routes of the page.
pub fn router() -> Router<AppState> {
    Router::new()
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
                 begins with “listening on http://”: open that address."
            .to_owned(),
        advice: "A restart makes a new token, so an older address or tab does not work any more.".to_owned(),
    };
    (StatusCode::UNAUTHORIZED, Html(render_error(&page))).into_response()
}

/// An error as a page, for people.
fn error_page(error: ApiError) -> Response {
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
