//! The files of the page. They are part of the program: nothing is read from disk.

use std::collections::HashMap;
use std::io::Write as _;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use parking_lot::Mutex;
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
    let packed = takes_gzip(headers).then(|| packed(found)).flatten();
    let form = if packed.is_some() { "-gzip" } else { "" };
    let Ok(tag) = HeaderValue::try_from(format!("\"{}{form}\"", found.hash)) else {
        return ApiError::internal("the hash of a file is no header").into_response();
    };
    let shared = [
        (header::ETAG, tag.clone()),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static(found.content_type),
        ),
    ];
    if headers.get(header::IF_NONE_MATCH) == Some(&tag) {
        return (StatusCode::NOT_MODIFIED, shared).into_response();
    }
    match packed {
        Some(bytes) => (shared, [(header::CONTENT_ENCODING, "gzip")], bytes).into_response(),
        None => (shared, found.bytes).into_response(),
    }
}

/// Whether a client says that it takes gzip.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter();
    let mut codings = accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','));
    codings.any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = weight.trim().trim_start_matches("q=").parse() == Ok(0.0);
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

/// A file in its short form, made when it is first asked for; `None` when it would hardly be shorter.
fn packed(found: &Asset) -> Option<Bytes> {
    static PACKED: LazyLock<Mutex<HashMap<&str, Option<Bytes>>>> = LazyLock::new(Mutex::default);
    let there = PACKED.lock().get(found.hash).cloned();
    if let Some(there) = there {
        return there;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(found.bytes);
    let short = written.and_then(|()| encoder.finish()).ok();
    let short = short.filter(|short| short.len() < found.bytes.len() / 10 * 9);
    let short = short.map(Bytes::from);
    PACKED.lock().insert(found.hash, short.clone());
    short
}

fn missing() -> Response {
    ApiError::new(
        Code::NotFound,
        "The page has no such file. Reload the page: the program may be newer.",
    )
    .into_response()
}
