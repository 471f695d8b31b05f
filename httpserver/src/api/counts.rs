//! Exact numbers from the counts in the tree's nodes: none of these reads the items it counts.

use std::time::Instant;

use serde::Deserialize;
use sop::{Item, Mode};
use utoipa::{IntoParams, ToSchema};

use super::items::ItemView;
use super::output::Output;
use super::versions::{Stats, stats};
use super::{StorePath, keys};
use crate::error::{ApiResult, Problem};
use crate::extract::{ApiPath, ApiQuery, JsonNumbers, State};

/// What to count.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CountQuery {
    /// JSON array of leading key values, the last may be `{"partial": "text"}`.
    prefix: Option<String>,
    /// Lowest key as JSON, included.
    from: Option<String>,
    /// Highest key as JSON, included.
    to: Option<String>,
}

/// An exact number of items.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct CountView {
    count: u64,
    stats: Stats,
    sequence: u64,
}

/// Exact number of items of a prefix, of a range, or of where both meet.
#[utoipa::path(
    get, operation_id = "count_items", path = "/databases/{db}/stores/{store}/count", tag = "items", params(StorePath, CountQuery),
    responses((status = 200, body = CountView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn count(
    State(state): State,
    ApiPath(path): ApiPath<StorePath>,
    ApiQuery(query): ApiQuery<CountQuery>,
    numbers: JsonNumbers,
) -> ApiResult<Output> {
    let registry = state.registry().clone();
    state
        .call(move || {
            let started = Instant::now();
            let db = registry.database(&path.db)?;
            let tx = db.begin(Mode::Read)?;
            let store = tx.documents(&path.store)?;
            let spec = &store.definition().key;
            let range = keys::prefix(spec, query.prefix.as_deref())?;
            let between = keys::between(&store, query.from.as_deref(), query.to.as_deref())?;
            let mut out = Output::new(numbers);
            out.open(b'{');
            out.field("count", &store.count(&range.intersect(&between))?);
            stats(&mut out, started, 0, &tx);
            out.close(b'}');
            Ok(out)
        })
        .await
}

/// Which key.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RankQuery {
    /// The key as JSON; it need not be there.
    key: String,
}

/// The place of a key.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct RankView {
    /// Number of items before the key.
    rank: u64,
    /// Whether an item has it.
    exists: bool,
    stats: Stats,
    sequence: u64,
}

/// Number of items before a key.
#[utoipa::path(
    get, operation_id = "rank_of_key", path = "/databases/{db}/stores/{store}/rank", tag = "items", params(StorePath, RankQuery),
    responses((status = 200, body = RankView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn rank(
    State(state): State,
    ApiPath(path): ApiPath<StorePath>,
    ApiQuery(query): ApiQuery<RankQuery>,
    numbers: JsonNumbers,
) -> ApiResult<Output> {
    let registry = state.registry().clone();
    state
        .call(move || {
            let started = Instant::now();
            let db = registry.database(&path.db)?;
            let tx = db.begin(Mode::Read)?;
            let store = tx.documents(&path.store)?;
            let key = keys::key(&store.definition().key, "key", &query.key)?;
            let mut out = Output::new(numbers);
            out.open(b'{');
            out.field("rank", &store.rank(&key)?);
            out.field("exists", &store.get(&key)?.is_some());
            stats(&mut out, started, 0, &tx);
            out.close(b'}');
            Ok(out)
        })
        .await
}

/// Which place.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct NthQuery {
    /// Number of items before the wanted one; 0 is the first.
    i: u64,
}

/// The item at a place.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct NthView {
    i: u64,
    /// Null when the store has no more than `i` items.
    item: Option<ItemView>,
    /// Exact number of items of the store.
    count: u64,
    stats: Stats,
    sequence: u64,
}

/// The item with `i` items before it.
#[utoipa::path(
    get, operation_id = "item_at_rank", path = "/databases/{db}/stores/{store}/nth", tag = "items", params(StorePath, NthQuery),
    responses((status = 200, body = NthView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn nth(
    State(state): State,
    ApiPath(path): ApiPath<StorePath>,
    ApiQuery(query): ApiQuery<NthQuery>,
    numbers: JsonNumbers,
) -> ApiResult<Output> {
    let registry = state.registry().clone();
    state
        .call(move || {
            let started = Instant::now();
            let db = registry.database(&path.db)?;
            let tx = db.begin(Mode::Read)?;
            let store = tx.documents(&path.store)?;
            let seen = registry.seen(&path.db);
            seen.check(store.definition())?;
            let item = match store.nth(query.i)? {
                Some(item) => Some(Item {
                    value: seen.document(&path.store, &item.value)?,
                    ..item
                }),
                None => None,
            };
            let mut out = Output::new(numbers);
            out.open(b'{');
            out.field("i", &query.i);
            out.name("item");
            match &item {
                Some(item) => out.item(&store.definition().key, item),
                None => out.value(&()),
            }
            out.field("count", &store.len()?);
            stats(&mut out, started, u64::from(item.is_some()), &tx);
            out.close(b'}');
            Ok(out)
        })
        .await
}
