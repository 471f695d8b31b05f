//! Items of a store: pages of them, and adding one.

use axum::Extension;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use sop::Document;
use sop_query::keys::new_key_from_json;
use sop_query::sql::Cancel;
use utoipa::{IntoParams, ToSchema};

use super::StorePath;
use super::filtered::{Filtering, read_filtered};
use super::listing::{Listing, Start, read_page};
use super::output::Output;
use super::versions::Stats;
use super::write::write;
use crate::audit::Changed;
use crate::error::{ApiError, ApiResult, Code, Problem};
use crate::extract::{ApiPath, ApiQuery, JsonNumbers, LargeJson, State};
use crate::queries::CancelOnDrop;

/// Most items of a page.
const MAX_PAGE: u64 = 1000;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// Most items of the page: 1 to 1000, 100 when not said. A page of large values may have fewer.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u64>,
    /// Cursor: the page after it.
    after: Option<String>,
    /// Cursor: the page that ends before it, in listing order too.
    before: Option<String>,
    /// Key as JSON: the page that begins there, or at the next key.
    from: Option<String>,
    /// Rank in the store: the page that begins with the item that has this many before it.
    at: Option<u64>,
    /// JSON array of leading key values, the last may be `{"partial": "text"}`: only these items.
    prefix: Option<String>,
    /// Filter document as JSON: only the items that it lets through.
    filter: Option<String>,
    /// With a filter: counts all items that it lets through, which may need a walk over the store.
    #[serde(default)]
    count: bool,
    /// Without values.
    #[serde(default)]
    keys_only: bool,
    /// Descending.
    #[serde(default)]
    reverse: bool,
}

/// One item.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct ItemView {
    /// The bare value of a single key, an object of the fields of a composite one.
    key: Value,
    /// Any JSON. Left out when only keys were asked for.
    value: Option<Value>,
    /// Sequence of the commit that last changed the item.
    version: u64,
    /// In a store with duplicates: what tells items with the same key apart.
    id: Option<u64>,
}

/// A page of items.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct ItemPage {
    items: Vec<ItemView>,
    /// Cursor for `after`; null when nothing follows.
    next: Option<String>,
    /// Cursor for `before`; null when nothing precedes.
    prev: Option<String>,
    /// Whether there is more in the direction that was asked for.
    has_more: bool,
    /// Exact number of items of the prefix; with a filter null, unless `count=true` was said or all of
    /// them are on this page.
    count: Option<u64>,
    /// Exact number of items of the store.
    total: u64,
    /// Rank in the store of the item of this page with the lowest key.
    rank: u64,
    /// Rank in the store of the first item of the prefix.
    base: u64,
    stats: Stats,
    /// Sequence of the snapshot that was read.
    sequence: u64,
}

/// A page of items in key order.
#[utoipa::path(
    get, operation_id = "list_items", path = "/databases/{db}/stores/{store}/items", tag = "items", params(StorePath, PageQuery),
    responses((status = 200, body = ItemPage), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn list(
    State(state): State,
    ApiPath(path): ApiPath<StorePath>,
    ApiQuery(query): ApiQuery<PageQuery>,
    numbers: JsonNumbers,
) -> ApiResult<Output> {
    let limit = query.limit.unwrap_or(state.limits().page_items);
    if !(1..=MAX_PAGE).contains(&limit) {
        let detail = format!("'limit' is from 1 to {MAX_PAGE}.");
        return Err(
            ApiError::new(Code::InvalidParameter, detail.clone()).parameter("limit", detail)
        );
    }
    let page_bytes = state.limits().page_bytes;
    let registry = state.registry().clone();
    let time = state.limits().request_timeout();
    let engine = state.queries().engine().clone();
    let cancel = Cancel::default();
    // A client that goes away, or a request that takes too long, ends the search.
    let _held = CancelOnDrop::new(cancel.clone());
    state
        .call(move || {
            let listing = Listing {
                prefix: query.prefix.as_deref(),
                start: start(&query)?,
                reverse: query.reverse,
                keys_only: query.keys_only,
                limit,
                page_bytes,
            };
            let db = registry.database(&path.db)?;
            let seen = registry.seen(&path.db);
            let Some(filter) = query.filter.as_deref() else {
                return read_page(&db, &seen, &path.store, &listing, numbers);
            };
            let filtering = Filtering {
                filter,
                count: query.count,
                engine: &engine,
                time,
                cancel,
                seen: &seen,
            };
            read_filtered(&db, &path.store, &listing, &filtering, numbers)
        })
        .await
}

fn start(query: &PageQuery) -> ApiResult<Start<'_>> {
    match (&query.after, &query.before, &query.from, query.at) {
        (None, None, None, None) => Ok(Start::Beginning),
        (Some(after), None, None, None) => Ok(Start::After(after)),
        (None, Some(before), None, None) => Ok(Start::Before(before)),
        (None, None, Some(from), None) => Ok(Start::From(from)),
        (None, None, None, Some(at)) => Ok(Start::At(at)),
        _ => Err(ApiError::new(
            Code::InvalidParameter,
            "A page has one start: give only one of 'after', 'before', 'from' and 'at'.",
        )),
    }
}

/// A new item.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewItem {
    /// The key, as in an answer.
    key: Value,
    /// Any JSON; kept as it is, with the order of its fields and all digits.
    #[schema(value_type = Value)]
    value: Box<RawValue>,
}

/// What was written.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Written {
    /// The item's new version: the sequence of the commit.
    pub version: u64,
    /// Whether the item is new.
    pub inserted: bool,
    /// In a store with duplicates: the new item's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
}

/// Inserts an item; 409 when the key is in a unique store already.
#[utoipa::path(
    post, operation_id = "insert_item", path = "/databases/{db}/stores/{store}/items", tag = "items", params(StorePath),
    request_body = NewItem,
    responses((status = 201, body = Written), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn insert(
    State(state): State,
    ApiPath(path): ApiPath<StorePath>,
    LargeJson(body): LargeJson<NewItem>,
) -> ApiResult<Response> {
    let limit = state.limits().value_bytes;
    let registry = state.registry().clone();
    state
        .call(move || {
            let value = document(&body.value, limit)?;
            let db = registry.writable(&path.db)?;
            let seen = registry.seen(&path.db);
            let value = seen.written(&path.store, value, None)?;
            let ((id, place), version) = write(&db, |tx| {
                let store = tx.documents(&path.store)?;
                let key = key_of_body(&store, &body.key)?;
                let id = store.insert(&key, &value)?.id;
                Ok((id, store.definition().key.key_to_json(&key)))
            })?;
            let place = (path.store.as_str(), place);
            let changed = Changed::item("insert", place, None, Some(&value), version);
            let written = Written {
                version,
                inserted: true,
                id,
            };
            Ok((StatusCode::CREATED, Extension(changed), axum::Json(written)).into_response())
        })
        .await
}

/// The key of a body.
fn key_of_body(store: &sop::DocumentStore<'_>, json: &Value) -> ApiResult<sop::Key> {
    new_key_from_json(&store.definition().key, json).map_err(|error| {
        let error = ApiError::from(error);
        let detail = error.detail().to_owned();
        error.at("/key", detail)
    })
}

/// The value of a body.
pub(super) fn document(raw: &RawValue, limit: u64) -> ApiResult<Document> {
    let text = raw.get();
    if text.len() as u64 > limit {
        let detail = format!("The value has {} bytes, the limit is {limit}.", text.len());
        return Err(ApiError::new(Code::ValueTooLarge, detail.clone()).at("/value", detail));
    }
    Ok(Document::from_json(text.as_bytes())?)
}
