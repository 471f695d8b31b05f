//! The files of the page. They are part of the program: nothing is read from disk.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sop_web::{Asset, BUILD, asset};

use crate::error::{ApiError, Code};

/// What is under the build's own address never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// What has a lasting address is asked for again each time.
const ASK_AGAIN: &str = "no-cache";

/// A file of the page under the address of its build.
pub(super) async fn embedded(
    Path((build, path)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    match asset(&path) {
        // A page of an older build asks for its own files; they are gone, and newer ones may not fit.
        Some(found) if build == BUILD => serve(&found, FOR_EVER, &headers),
        _ => missing(),
    }
}

/// The icon for browsers that ask for it by its old name.
pub(super) async fn favicon(headers: HeaderMap) -> Response {
    asset("favicon.svg").map_or_else(missing, |found| serve(&found, ASK_AGAIN, &headers))
}

/// The style of the reference page.
pub(super) async fn reference() -> Response {
    let css = include_str!("reference.css");
    (
        [
            (header::CONTENT_TYPE, "text/css; charset=utf-8"),
            (header::CACHE_CONTROL, ASK_AGAIN),
        ],
        css,
    )
        .into_response()
}

fn serve(found: &Asset, cache: &'static str, headers: &HeaderMap) -> Response {
    let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", found.hash)) else {
        return ApiError::internal("the hash of a file is no header").into_response();
    };
    let shared = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static(found.content_type),
        ),
    ];
    if headers.get(header::IF_NONE_MATCH) == Some(&tag) {
        return (StatusCode::NOT_MODIFIED, shared).into_response();
    }
    (shared, found.bytes).into_response()
}

fn missing() -> Response {
    ApiError::new(
        Code::NotFound,
        "The page has no such file. Reload the page: the program may be newer.",
    )
    .into_response()
}
