//! The stores of a database: list, create, change, drop.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sop::{
    Database, IndexDefinition, KeySpec, Mode, Placement, Relation, Schema, SchemaField,
    StoreChange, StoreDefinition, StoreInfo, StoreSchema, Transaction,
};
use sop_query::sql::VIEWS_STORE;
use utoipa::ToSchema;

use super::output::Output;
use super::write::write;
use super::{DatabasePath, StorePath};
use crate::error::{ApiError, ApiResult, Code, Problem};
use crate::extract::{ApiJson, ApiPath, JsonNumbers, State};
use crate::security::Seen;

/// Values larger than this are not shown as the sample of a store, in bytes.
const SAMPLE_BYTES: usize = 16 * 1024;
/// The path of the elements of values that are arrays as a whole.
const ELEMENTS: &str = "[]";

/// A store, for the description of the interface.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct StoreView {
    name: String,
    description: String,
    /// `{"type": "i64"}`, or `{"type": "composite", "fields": [{"name", "type", "order"}], "ride_on": [{"name", "type"}], "cel": {"compare"} or {"sort_key"}}`.
    key: Value,
    /// Whether a key occurs at most once.
    unique: bool,
    /// Most items in a stored node.
    slot_length: u32,
    leaf_load_balancing: bool,
    /// `node` or `segment`.
    placement: String,
    /// `{"declared": bool, "fields": [{"name", "type", "required"}]}`. Without a declared schema the fields are
    /// those at the top of the items' values.
    schema: Value,
    /// `[{"source_fields", "target_store", "target_fields"}]`.
    relations: Vec<Value>,
    cache: Map<String, Value>,
    /// Its indexes: `[{"name", "fields": [{"path": {"value": ["a", "b"]} or {"key": "a"}, "order"}], "unique", "state", "entries"}]`; the
    /// state is `building` or `ready`, and one that is being built has entries of some items.
    indexes: Vec<Value>,
    /// For an index, which the database keeps: `{"store", "fields", "unique", "state"}`; otherwise null.
    index_of: Option<Value>,
    /// Exact number of items.
    count: u64,
    /// Bytes of keys and values.
    bytes: u64,
    /// Levels of the tree.
    depth: u32,
    /// The first item, `{"key", "value"}`; null in an empty store.
    sample: Option<Value>,
    /// What the items show, exactly: `{"fields": [{"path", "depth", "type", "required", "declared", "count",
    /// "kinds": [{"kind", "count"}], "more"}], "values": [{"kind", "count"}], "more", "exact"}`. Only for one store.
    shape: Option<Value>,
}

/// All stores.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what is written without it")]
pub(super) struct StoreList {
    stores: Vec<StoreView>,
    sequence: u64,
}

/// A new store, for the description of the interface; what is left out gets its default.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what the engine's definition reads")]
pub(super) struct NewStore {
    name: String,
    description: Option<String>,
    key: Value,
    unique: Option<bool>,
    slot_length: Option<u32>,
    leaf_load_balancing: Option<bool>,
    placement: Option<String>,
    schema: Option<Value>,
    relations: Option<Vec<Value>>,
    cache: Option<Map<String, Value>>,
}

/// What may change; what is left out stays. Structure may change only while the store is empty.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoreUpdate {
    description: Option<String>,
    #[schema(value_type = Option<Vec<Value>>)]
    relations: Option<Vec<Relation>>,
    cache: Option<Map<String, Value>>,
    #[schema(value_type = Option<Value>)]
    schema: Option<Schema>,
    #[schema(value_type = Option<Value>)]
    key: Option<KeySpec>,
    unique: Option<bool>,
    slot_length: Option<u32>,
    leaf_load_balancing: Option<bool>,
    #[schema(value_type = Option<String>)]
    placement: Option<Placement>,
}

/// What was dropped.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Dropped {
    /// Items that were in it.
    items: u64,
    /// Sequence of the commit.
    sequence: u64,
}

/// All stores in the order of their names.
#[utoipa::path(
    get, operation_id = "list_stores", path = "/databases/{db}/stores", tag = "stores", params(DatabasePath),
    responses((status = 200, body = StoreList), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn list(
    State(state): State,
    ApiPath(path): ApiPath<DatabasePath>,
    numbers: JsonNumbers,
) -> ApiResult<Output> {
    let registry = state.registry().clone();
    state
        .call(move || {
            let mut out = Output::new(numbers);
            let db = registry.database(&path.db)?;
            write_stores(&mut out, &db, &registry.seen(&path.db))?;
            Ok(out)
        })
        .await
}

/// Writes `{stores, sequence}` of a database.
pub(crate) fn write_stores(out: &mut Output, db: &Database, seen: &Seen) -> ApiResult<()> {
    let tx = db.begin(Mode::Read)?;
    out.open(b'{');
    out.name("stores");
    out.open(b'[');
    for info in tx.stores()? {
        // The database's saved selects: read as views, not as a store.
        if info.definition.name == VIEWS_STORE {
            continue;
        }
        write_store(out, &tx, &info, seen, Detail::Listed)?;
    }
    out.close(b']');
    out.field("sequence", &tx.sequence());
    out.close(b'}');
    Ok(())
}

/// Creates a store.
#[utoipa::path(
    post, operation_id = "create_store", path = "/databases/{db}/stores", tag = "stores", params(DatabasePath), request_body = NewStore,
    responses((status = 201, body = StoreView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn create(
    State(state): State,
    ApiPath(path): ApiPath<DatabasePath>,
    numbers: JsonNumbers,
    ApiJson(definition): ApiJson<StoreDefinition>,
) -> ApiResult<Response> {
    let registry = state.registry().clone();
    let out = state
        .call(move || {
            let db = registry.writable(&path.db)?;
            write(&db, |tx| Ok(tx.create_store(definition.clone())?))?;
            view(&db, &Seen::all(), &definition.name, numbers)
        })
        .await?;
    Ok((StatusCode::CREATED, out).into_response())
}

/// One store.
#[utoipa::path(
    get, operation_id = "get_store", path = "/databases/{db}/stores/{store}", tag = "stores", params(StorePath),
    responses((status = 200, body = StoreView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn show(
    State(state): State,
    ApiPath(path): ApiPath<StorePath>,
    numbers: JsonNumbers,
) -> ApiResult<Output> {
    let registry = state.registry().clone();
    state
        .call(move || {
            view(
                &registry.database(&path.db)?,
                &registry.seen(&path.db),
                &path.store,
                numbers,
            )
        })
        .await
}

/// Changes a store: description, relations, cache and schema always, structure while it is empty.
#[utoipa::path(
    patch, operation_id = "change_store", path = "/databases/{db}/stores/{store}", tag = "stores", params(StorePath), request_body = StoreUpdate,
    responses((status = 200, body = StoreView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn change(
    State(state): State,
    ApiPath(path): ApiPath<StorePath>,
    numbers: JsonNumbers,
    ApiJson(update): ApiJson<StoreUpdate>,
) -> ApiResult<Output> {
    let registry = state.registry().clone();
    state
        .call(move || {
            let db = registry.writable(&path.db)?;
            write(&db, |tx| update.apply(tx, &path.store))?;
            view(&db, &Seen::all(), &path.store, numbers)
        })
        .await
}

/// Drops a store with all its items.
#[utoipa::path(
    delete, operation_id = "drop_store", path = "/databases/{db}/stores/{store}", tag = "stores", params(StorePath),
    responses((status = 200, body = Dropped), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn remove(
    State(state): State,
    ApiPath(path): ApiPath<StorePath>,
) -> ApiResult<Json<Dropped>> {
    let registry = state.registry().clone();
    state
        .call(move || {
            let db = registry.writable(&path.db)?;
            let (items, sequence) = write(&db, |tx| {
                let items = tx.documents(&path.store)?.len()?;
                tx.drop_store(&path.store)?;
                Ok(items)
            })?;
            Ok(Json(Dropped { items, sequence }))
        })
        .await
}

impl StoreUpdate {
    /// Changes the store in a transaction.
    ///
    /// # Errors
    /// The store is not there, or it holds items and its structure would change.
    pub(crate) fn apply(&self, tx: &Transaction, name: &str) -> ApiResult<()> {
        let (current, count, indexes) = {
            let info = tx.documents(name)?.info()?;
            ((*info.definition).clone(), info.count, info.indexes)
        };
        let wanted = self.over(&current);
        if wanted.same_structure(&current) {
            let change = StoreChange {
                description: self.description.clone(),
                relations: self.relations.clone(),
                cache: self.cache.clone(),
                schema: self.schema.clone(),
            };
            return Ok(tx.alter_store(name, change)?);
        }
        if count > 0 {
            let detail = format!(
                "The store '{name}' holds {count} items. Its key, uniqueness, slot length, balancing and \
                 placement can change only while it is empty: export the items, empty the store, import them again."
            );
            return Err(ApiError::new(Code::RuleViolation, detail));
        }
        tx.drop_store(name)?;
        tx.create_store(wanted)?;
        for index in indexes {
            tx.create_index(&IndexDefinition {
                name: index.name,
                store: name.to_owned(),
                fields: index.fields,
                unique: index.unique,
            })?;
        }
        Ok(())
    }

    fn over(&self, current: &StoreDefinition) -> StoreDefinition {
        let mut wanted = current.clone();
        set(&mut wanted.description, self.description.as_ref());
        set(&mut wanted.relations, self.relations.as_ref());
        set(&mut wanted.cache, self.cache.as_ref());
        set(&mut wanted.schema, self.schema.as_ref());
        set(&mut wanted.key, self.key.as_ref());
        set(&mut wanted.unique, self.unique.as_ref());
        set(&mut wanted.slot_length, self.slot_length.as_ref());
        set(
            &mut wanted.leaf_load_balancing,
            self.leaf_load_balancing.as_ref(),
        );
        set(&mut wanted.placement, self.placement.as_ref());
        wanted
    }
}

/// Puts a value in its place, when there is one.
fn set<T: Clone>(slot: &mut T, value: Option<&T>) {
    if let Some(value) = value {
        slot.clone_from(value);
    }
}

/// One store, as [`show`] answers it.
pub(super) fn view(
    db: &Database,
    seen: &Seen,
    name: &str,
    numbers: JsonNumbers,
) -> ApiResult<Output> {
    let tx = db.begin(Mode::Read)?;
    let info = tx.documents(name)?.info()?;
    let mut out = Output::new(numbers);
    write_store(&mut out, &tx, &info, seen, Detail::Whole)?;
    Ok(out)
}

/// A store as [`show`] answers it.
pub(crate) fn store_as_json(tx: &Transaction, seen: &Seen, info: &StoreInfo) -> ApiResult<Value> {
    let mut out = Output::new(JsonNumbers {
        as_strings: false,
        lines: false,
    });
    write_store(&mut out, tx, info, seen, Detail::Whole)?;
    serde_json::from_slice(out.as_bytes()).map_err(ApiError::internal)
}

/// How much is said of a store.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Detail {
    Listed,
    Whole,
}

/// What a declared schema says, or what the items show at the top of their values.
fn schema_of(definition: &StoreDefinition, found: &StoreSchema) -> Schema {
    if definition.schema.declared {
        return definition.schema.clone();
    }
    let top = found.fields.iter().filter(|field| field.depth == 1);
    let named = top.filter(|field| field.path != ELEMENTS);
    Schema {
        declared: false,
        fields: named
            .map(|field| SchemaField {
                name: field.path.clone(),
                kind: field.kind,
                required: field.required,
            })
            .collect(),
    }
}

/// Writes one store: its definition, its figures and its first item.
fn write_store(
    out: &mut Output,
    tx: &Transaction,
    info: &StoreInfo,
    seen: &Seen,
    detail: Detail,
) -> ApiResult<()> {
    let definition = &info.definition;
    let store = tx.documents(&definition.name)?;
    let found = store.schema()?;
    out.open(b'{');
    out.field("name", &definition.name);
    out.field("description", &definition.description);
    out.field("key", &definition.key);
    out.field("unique", &definition.unique);
    out.field("slot_length", &definition.slot_length);
    out.field("leaf_load_balancing", &definition.leaf_load_balancing);
    out.field("placement", &definition.placement);
    out.field("schema", &schema_of(definition, &found));
    out.field("relations", &definition.relations);
    out.field("cache", &definition.cache);
    out.field("indexes", &info.indexes);
    out.field("index_of", &definition.index_of);
    out.field("count", &info.count);
    out.field("bytes", &info.bytes);
    out.field("depth", &info.depth);
    out.name("sample");
    // A store whose items cannot be read is listed all the same; reading them says why.
    match store.first().ok().flatten() {
        Some(item) if item.value.encoded().len() <= SAMPLE_BYTES && seen.shows(definition) => {
            out.open(b'{');
            out.name("key");
            out.key(&definition.key, &item.key);
            out.name("value");
            out.document(&seen.document(&definition.name, &item.value)?);
            out.close(b'}');
        }
        _ => out.value(&()),
    }
    if detail == Detail::Whole {
        out.name("shape");
        out.open(b'{');
        out.field("fields", &found.fields);
        out.field("values", &found.values);
        out.field("more", &found.more);
        out.field("exact", &found.exact);
        out.close(b'}');
    }
    out.close(b'}');
    Ok(())
}
