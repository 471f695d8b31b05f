//! One item by its key.

use axum::Extension;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sop::{DocumentStore, Item, Key, Mode};
use utoipa::{IntoParams, ToSchema};

use super::items::{ItemView, Written, document};
use super::output::Output;
use super::versions::Precondition;
use super::write::write;
use super::{StorePath, keys};
use crate::audit::Changed;
use crate::error::{ApiError, ApiResult, Code, Problem};
use crate::extract::{ApiPath, ApiQuery, JsonNumbers, LargeJson, State};

/// Which item.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ItemQuery {
    /// The key as JSON: `7`, `"abc"`, `{"a":1,"b":"x"}`.
    key: String,
    /// In a store with duplicates: which of the items with this key; the first when missing.
    id: Option<u64>,
}

/// A new value.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewValue {
    /// Any JSON; kept as it is, with the order of its fields and all digits.
    #[schema(value_type = serde_json::Value)]
    value: Box<RawValue>,
}

/// What was removed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Removed {
    /// Always true.
    deleted: bool,
    /// Sequence of the commit.
    sequence: u64,
}

/// The item; its version is also the `ETag`.
#[utoipa::path(
    get, operation_id = "get_item", path = "/databases/{db}/stores/{store}/item", tag = "items", params(StorePath, ItemQuery),
    responses((status = 200, body = ItemView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn show(
    State(state): State,
    ApiPath(path): ApiPath<StorePath>,
    ApiQuery(query): ApiQuery<ItemQuery>,
    numbers: JsonNumbers,
) -> ApiResult<Response> {
    let registry = state.registry().clone();
    let (out, version) = state
        .call(move || {
            let db = registry.database(&path.db)?;
            let tx = db.begin(Mode::Read)?;
            let store = tx.documents(&path.store)?;
            let spec = &store.definition().key;
            let key = keys::key(spec, "key", &query.key)?;
            let item = find(&store, &key, query.id)?.ok_or_else(|| item_not_found(&query))?;
            let seen = registry.seen(&path.db);
            seen.check(store.definition())?;
            let item = Item {
                value: seen.document(&path.store, &item.value)?,
                ..item
            };
            let mut out = Output::new(numbers);
            out.item(spec, &item);
            Ok((out, item.version))
        })
        .await?;
    let tag = HeaderValue::try_from(format!("\"{version}\"")).map_err(ApiError::internal)?;
    Ok(([(header::ETAG, tag)], out).into_response())
}

/// Replaces the value of the item, or adds it. `If-Match: <version>` makes it fail when the item
/// changed meanwhile; `If-None-Match: *` when it is there.
#[utoipa::path(
    put, operation_id = "put_item", path = "/databases/{db}/stores/{store}/item", tag = "items",
    params(StorePath, ItemQuery, ("If-Match" = Option<String>, Header, description = "Version that the item must have, or `*`")),
    request_body = NewValue,
    responses((status = 200, body = Written), (status = 201, body = Written, description = "The item is new"), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn put(
    State(state): State,
    ApiPath(path): ApiPath<StorePath>,
    ApiQuery(query): ApiQuery<ItemQuery>,
    headers: HeaderMap,
    LargeJson(body): LargeJson<NewValue>,
) -> ApiResult<Response> {
    let precondition = Precondition::of(&headers)?;
    let limit = state.limits().value_bytes;
    let registry = state.registry().clone();
    let written = state
        .call(move || {
            let value = document(&body.value, limit)?;
            let db = registry.writable(&path.db)?;
            let seen = registry.seen(&path.db);
            let hides = seen.rules(&path.store).is_some();
            let ((inserted, place, before, value), version) = write(&db, |tx| {
                let store = tx.documents(&path.store)?;
                let spec = &store.definition().key;
                let key = keys::key(spec, "key", &query.key)?;
                let before = find(&store, &key, query.id)?;
                precondition.check(before.as_ref())?;
                let mut value = value.clone();
                if hides {
                    // What they do not see stays.
                    let there = before.as_ref().map(|item| &item.value);
                    value = seen.written(&path.store, value, there)?;
                }
                let inserted = match query.id {
                    None => store.upsert(&key, &value)?,
                    Some(id) if store.update_id(&key, id, &value)? => false,
                    Some(_) => return Err(item_not_found(&query)),
                };
                Ok((inserted, spec.key_to_json(&key), before, value))
            })?;
            let op = if inserted { "insert" } else { "update" };
            let before = before.as_ref().map(|item| &item.value);
            let changed = Changed::item(op, (&path.store, place), before, Some(&value), version);
            let written = Written {
                version,
                inserted,
                id: None,
            };
            Ok((written, changed))
        })
        .await?;
    let (written, changed) = written;
    let status = if written.inserted {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Extension(changed), axum::Json(written)).into_response())
}

/// Removes the item.
#[utoipa::path(
    delete, operation_id = "remove_item", path = "/databases/{db}/stores/{store}/item", tag = "items",
    params(StorePath, ItemQuery, ("If-Match" = Option<String>, Header, description = "Version that the item must have, or `*`")),
    responses((status = 200, body = Removed), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn remove(
    State(state): State,
    ApiPath(path): ApiPath<StorePath>,
    ApiQuery(query): ApiQuery<ItemQuery>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let precondition = Precondition::of(&headers)?;
    let registry = state.registry().clone();
    state
        .call(move || {
            let db = registry.writable(&path.db)?;
            let ((place, before), sequence) = write(&db, |tx| {
                let store = tx.documents(&path.store)?;
                let spec = &store.definition().key;
                let key = keys::key(spec, "key", &query.key)?;
                let before = find(&store, &key, query.id)?;
                precondition.check(before.as_ref())?;
                let removed = match query.id {
                    None => store.remove(&key)?,
                    Some(id) => store.remove_id(&key, id)?,
                };
                if removed {
                    Ok((spec.key_to_json(&key), before))
                } else {
                    Err(item_not_found(&query))
                }
            })?;
            let before = before.as_ref().map(|item| &item.value);
            let changed = Changed::item("delete", (&path.store, place), before, None, sequence);
            let removed = Removed {
                deleted: true,
                sequence,
            };
            Ok((Extension(changed), axum::Json(removed)).into_response())
        })
        .await
}

fn find(store: &DocumentStore<'_>, key: &Key, id: Option<u64>) -> ApiResult<Option<Item>> {
    Ok(match id {
        None => store.get(key)?,
        Some(id) => store.get_id(key, id)?,
    })
}

fn item_not_found(query: &ItemQuery) -> ApiError {
    let shown: String = query.key.chars().take(200).collect();
    let id = query
        .id
        .map_or(String::new(), |id| format!(" and the id {id}"));
    ApiError::new(
        Code::ItemNotFound,
        format!("There is no item with the key {shown}{id}."),
    )
}
