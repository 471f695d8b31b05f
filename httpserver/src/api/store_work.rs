//! What is done with a store as a whole: another name, a copy, no items, another order.
//!
//! A new name and emptying are one small transaction whatever the store holds. A copy of a large store is a job: it
//! copies the state as of its beginning, in pieces, and drops the copy again when it fails or is cancelled. Another
//! order is one transaction in a job: reads go on beside it, and nothing of it is seen until all of it is.

use std::sync::Arc;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sop::{
    Database, Direction, Document, Key, KeyRange, KeySpec, Mode, Relation, StoreChange,
    StoreDefinition, Transaction,
};
use utoipa::ToSchema;

use super::StorePath;
use super::stores::view;
use super::write::write;
use crate::error::{ApiError, ApiResult, Code, Fault, Problem};
use crate::extract::{ApiJson, ApiPath, JsonNumbers, State};
use crate::jobs::{self, Job, JobView, JobWish};
use crate::security::Seen;

/// A store with no more items and bytes than these is copied while the request waits, in one transaction.
const SMALL: (u64, u64) = (5_000, 4 << 20);
/// Items and bytes that a large copy writes at once.
const PIECE: (usize, usize) = (5_000, 8 << 20);
/// Items that disagree with a new order and are listed.
const MOST_LISTED: usize = 20;
/// Items between two words about progress.
const STEP: u64 = 1_000;

/// The name of a store.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StoreName {
    /// A name that no store of the database has.
    name: String,
}

/// A copy.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Duplicate {
    /// A name that no store of the database has.
    name: String,
    /// Whether the items are copied too.
    #[serde(default = "yes")]
    items: bool,
}

fn yes() -> bool {
    true
}

/// Another order for the items that are there.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reorder {
    /// The key, with the fields that it has now.
    #[schema(value_type = serde_json::Value)]
    key: KeySpec,
    /// The name of the store once more.
    confirm: Option<String>,
}

/// What was emptied.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Emptied {
    /// Items that were in it.
    items: u64,
    /// Sequence of the commit.
    sequence: u64,
}

/// Gives a store another name. Relations to it follow.
#[utoipa::path(
    post, operation_id = "rename_store", path = "/databases/{db}/stores/{store}/rename", tag = "stores", params(StorePath), request_body = StoreName,
    responses((status = 200, body = super::stores::StoreView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn rename(
    State(state): State,
    ApiPath(path): ApiPath<StorePath>,
    numbers: JsonNumbers,
    ApiJson(body): ApiJson<StoreName>,
) -> ApiResult<Response> {
    let registry = state.registry().clone();
    let out = state
        .call(move || {
            let db = registry.writable(&path.db)?;
            write(&db, |tx| {
                tx.rename_store(&path.store, &body.name)?;
                follow(tx, &path.store, &body.name)
            })?;
            view(&db, &Seen::all(), &body.name, numbers)
        })
        .await?;
    Ok(out.into_response())
}

/// Changes the relations that lead to a store to its new name.
fn follow(tx: &Transaction, old: &str, new: &str) -> ApiResult<()> {
    for info in tx.stores()? {
        let definition = &info.definition;
        if !definition
            .relations
            .iter()
            .any(|one| one.target_store == old)
        {
            continue;
        }
        let relations = definition.relations.iter().map(|one| match one {
            one if one.target_store == old => Relation {
                target_store: new.to_owned(),
                ..one.clone()
            },
            other => other.clone(),
        });
        let change = StoreChange {
            relations: Some(relations.collect()),
            ..StoreChange::default()
        };
        tx.alter_store(&definition.name, change)?;
    }
    Ok(())
}

/// Takes all items out of a store in one transaction; what it is stays.
#[utoipa::path(
    post, operation_id = "empty_store", path = "/databases/{db}/stores/{store}/empty", tag = "stores", params(StorePath),
    responses((status = 200, body = Emptied), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn empty(
    State(state): State,
    ApiPath(path): ApiPath<StorePath>,
) -> ApiResult<Json<Emptied>> {
    let registry = state.registry().clone();
    state
        .call(move || {
            let db = registry.writable(&path.db)?;
            let (items, sequence) = write(&db, |tx| {
                let info = tx.documents(&path.store)?.info()?;
                let definition = StoreDefinition::clone(&info.definition);
                tx.drop_store(&path.store)?;
                tx.create_store(definition)?;
                Ok(info.count)
            })?;
            Ok(Json(Emptied { items, sequence }))
        })
        .await
}

/// Copies a store under another name: at once when it is small (201), else as a job (202).
#[utoipa::path(
    post, operation_id = "duplicate_store", path = "/databases/{db}/stores/{store}/duplicate", tag = "stores", params(StorePath), request_body = Duplicate,
    responses(
        (status = 201, body = super::stores::StoreView), (status = 202, body = JobView),
        (status = "default", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn duplicate(
    State(state): State,
    ApiPath(path): ApiPath<StorePath>,
    numbers: JsonNumbers,
    ApiJson(body): ApiJson<Duplicate>,
) -> ApiResult<Response> {
    let registry = state.registry().clone();
    let (db, from, to, with_items) = (path.db.clone(), path.store, body.name, body.items);
    let (source, target) = (from.clone(), to.clone());
    let small = state
        .call(move || {
            let db = registry.writable(&path.db)?;
            let info = db.begin(Mode::Read)?.documents(&source)?.info()?;
            if with_items && (info.count > SMALL.0 || info.bytes > SMALL.1) {
                // A name that is taken is said now, not by the job.
                write(&db, |tx| make_copy(tx, &source, &target))?;
                return Ok(None);
            }
            write(&db, |tx| {
                make_copy(tx, &source, &target)?;
                if with_items {
                    copy_at_once(tx, &source, &target)?;
                }
                Ok(())
            })?;
            view(&db, &Seen::all(), &target, numbers).map(Some)
        })
        .await?;
    if let Some(out) = small {
        return Ok((StatusCode::CREATED, out).into_response());
    }
    let wish = JobWish {
        kind: "duplicate",
        what: format!("Copy of {from} as {to}"),
        database: db.clone(),
        unit: "items",
        can_cancel: true,
        by: Arc::clone(&state.who().name),
    };
    let registry = state.registry().clone();
    let (target, database) = (to.clone(), db.clone());
    let started = jobs::start(&state, wish, move |job| {
        let db = registry.writable(&db)?;
        let copied = copy_in_pieces(&db, &from, &target, job);
        if copied.is_err() {
            write(&db, |tx| Ok(tx.drop_store(&target)?))?;
        }
        Ok(json!({"store": target, "items": copied?}))
    });
    if started.is_err() {
        // No place for it: the empty store that waits for the copy goes again.
        let registry = state.registry().clone();
        state
            .call(move || {
                let db = registry.writable(&database)?;
                write(&db, |tx| Ok(tx.drop_store(&to)?)).map(drop)
            })
            .await?;
    }
    Ok((StatusCode::ACCEPTED, Json(started?)).into_response())
}

fn make_copy(tx: &Transaction, from: &str, to: &str) -> ApiResult<()> {
    let mut definition = StoreDefinition::clone(&tx.documents(from)?.info()?.definition);
    to.clone_into(&mut definition.name);
    Ok(tx.create_store(definition)?)
}

fn copy_at_once(tx: &Transaction, from: &str, to: &str) -> ApiResult<()> {
    let (source, target) = (tx.documents(from)?, tx.documents(to)?);
    for item in source.range(&KeyRange::all(), Direction::Forward)? {
        let item = item?;
        target.insert(&item.key, &item.value)?;
    }
    Ok(())
}

/// Copies the items of a snapshot, a transaction for each piece.
fn copy_in_pieces(db: &Database, from: &str, to: &str, job: &Job) -> ApiResult<u64> {
    let snapshot = db.begin(Mode::Read)?;
    let source = snapshot.documents(from)?;
    let total = source.len()?;
    let mut items = source.range(&KeyRange::all(), Direction::Forward)?;
    let mut done = 0;
    loop {
        let mut piece: Vec<(Key, Document)> = Vec::new();
        let mut bytes = 0;
        while piece.len() < PIECE.0 && bytes < PIECE.1 {
            let Some(item) = items.next().transpose()? else {
                break;
            };
            bytes += item.value.encoded().len();
            piece.push((item.key, item.value));
        }
        if job.is_cancelled() {
            return Err(cancelled());
        }
        if piece.is_empty() {
            return Ok(done);
        }
        write(db, |tx| {
            let target = tx.documents(to)?;
            for (key, value) in &piece {
                target.insert(key, value)?;
            }
            Ok(())
        })?;
        done += piece.len() as u64;
        job.progress(done, total);
    }
}

fn cancelled() -> ApiError {
    ApiError::new(Code::Cancelled, "It was cancelled; nothing of it is left.")
}

/// Gives the items of a store another order, or other types of the same key fields, as a job. Every item is asked
/// first: those that do not fit are listed, and nothing is changed. Needs the name of the store once more.
#[utoipa::path(
    post, operation_id = "reorder_store", path = "/databases/{db}/stores/{store}/reorder", tag = "stores", params(StorePath), request_body = Reorder,
    responses((status = 202, body = JobView), (status = "default", body = Problem, content_type = "application/problem+json")),
)]
pub(super) async fn reorder(
    State(state): State,
    ApiPath(path): ApiPath<StorePath>,
    ApiJson(body): ApiJson<Reorder>,
) -> ApiResult<(StatusCode, Json<JobView>)> {
    if body.confirm.as_deref() != Some(path.store.as_str()) {
        let detail = format!(
            "A new order rewrites all items of '{0}'. To do that, add 'confirm': '{0}'.",
            path.store
        );
        return Err(
            ApiError::new(Code::ConfirmationRequired, detail.clone()).at("/confirm", detail)
        );
    }
    let registry = state.registry().clone();
    let (db, store, key) = (path.db.clone(), path.store.clone(), body.key);
    let plan = key.clone();
    state
        .call(move || {
            let db = registry.writable(&db)?;
            let now = db.begin(Mode::Read)?.documents(&store)?.info()?;
            fits(&now.definition.key, &plan)
        })
        .await?;
    let wish = JobWish {
        kind: "reorder",
        database: path.db.clone(),
        what: format!("New order of {}", path.store),
        unit: "items",
        can_cancel: true,
        by: Arc::clone(&state.who().name),
    };
    let registry = state.registry().clone();
    let job = jobs::start(&state, wish, move |job| {
        let db = registry.writable(&path.db)?;
        let (items, sequence) = write(&db, |tx| order_anew(tx, &path.store, &key, job))?;
        Ok(json!({"store": path.store, "items": items, "sequence": sequence}))
    })?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// A key keeps its fields: none may come from nowhere, none may get lost.
fn fits(now: &KeySpec, wanted: &KeySpec) -> ApiResult<()> {
    let names = |spec: &KeySpec| -> Vec<String> {
        let fields = spec.fields().iter().map(|field| field.name.clone());
        fields
            .chain(spec.ride_on().iter().map(|field| field.name.clone()))
            .collect()
    };
    if now == wanted {
        let detail = "The items have this order already.";
        return Err(ApiError::new(Code::RuleViolation, detail).at("/key", detail));
    }
    let (mut old, mut new) = (names(now), names(wanted));
    old.sort();
    new.sort();
    if now.is_composite() != wanted.is_composite() || old != new {
        let detail = format!(
            "A key of items keeps its fields, {}: their order, directions, types and the expression may change. \
             For other fields make a new store from a query.",
            old.join(", ")
        );
        return Err(ApiError::new(Code::RuleViolation, detail.clone()).at("/key", detail));
    }
    Ok(())
}

/// All in one transaction: a store of the new order takes the items over, and then the name.
fn order_anew(tx: &Transaction, name: &str, key: &KeySpec, job: &Job) -> ApiResult<u64> {
    let info = tx.documents(name)?.info()?;
    let mut definition = StoreDefinition::clone(&info.definition);
    let old_key = std::mem::replace(&mut definition.key, key.clone());
    let taken: Vec<String> = tx
        .stores()?
        .iter()
        .map(|one| one.definition.name.clone())
        .collect();
    let beside = (0..=u32::MAX)
        .map(|n| format!("_reorder_{n}"))
        .find(|name| !taken.contains(name))
        .unwrap_or_default();
    definition.name.clone_from(&beside);
    tx.create_store(definition)?;
    let mut done = 0;
    let mut wrong: Vec<Fault> = Vec::new();
    {
        let (source, target) = (tx.documents(name)?, tx.documents(&beside)?);
        for item in source.range(&KeyRange::all(), Direction::Forward)? {
            let item = item?;
            let shown = old_key.key_to_json(&item.key);
            let moved = key
                .key_from_json(&shown)
                .map_err(ApiError::from)
                .and_then(|key| Ok(target.insert(&key, &item.value).map(drop)?));
            if let Err(error) = moved {
                wrong.push(Fault {
                    pointer: Some("/key".to_owned()),
                    detail: format!("{shown}: {}", error.detail()),
                    ..Fault::default()
                });
                if wrong.len() >= MOST_LISTED {
                    break;
                }
            }
            done += 1;
            if done % STEP == 0 {
                job.progress(done, info.count);
                if job.is_cancelled() {
                    return Err(cancelled());
                }
            }
        }
    }
    if !wrong.is_empty() {
        let detail = format!(
            "Nothing was changed: items do not fit the new order, {}{} of them are listed.",
            if wrong.len() < MOST_LISTED {
                "all "
            } else {
                "the first "
            },
            wrong.len()
        );
        return Err(wrong
            .into_iter()
            .fold(ApiError::new(Code::RuleViolation, detail), ApiError::fault));
    }
    job.progress(done, info.count);
    tx.drop_store(name)?;
    tx.rename_store(&beside, name)?;
    Ok(done)
}
