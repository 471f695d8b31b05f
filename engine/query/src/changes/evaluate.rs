//! Carrying out a change set inside a transaction, change by change.
//!
//! Always true: a change that cannot be done leaves no trace in the transaction and does not stop the others from being
//! looked at; only errors about the database as a whole end the evaluation. `if_version` is compared with the version
//! that the item had before the set, so that two changes of one item carry the same version.

use super::{Change, ChangeSet, Conflict, ConflictCode, Current, Operation, Preview};
use crate::keys::{key_from_json, new_key_from_json};
use serde_json::Value;
use sop::document::Document;
use sop::key::{Key, KeyValue};
use sop::{Direction, DocumentStore, Error, Item, Transaction};
use std::collections::HashMap;
use std::ops::Bound;

/// What became of a set.
#[derive(Default)]
pub(super) struct Evaluated {
    pub preview: Vec<Preview>,
    pub conflicts: Vec<Conflict>,
}

/// Why one change is not done.
enum Stop {
    Conflict(Box<Refusal>),
    /// The whole set cannot be evaluated.
    Fatal(Error),
}

/// A conflict before it is known where in the set it stands.
struct Refusal {
    code: ConflictCode,
    detail: String,
    current: Option<Item>,
    suggestions: Vec<String>,
}

impl Stop {
    fn conflict(code: ConflictCode, detail: impl Into<String>, current: Option<Item>) -> Self {
        let suggestions = Vec::new();
        Self::Conflict(Box::new(Refusal {
            code,
            detail: detail.into(),
            current,
            suggestions,
        }))
    }

    /// The same conflict with the item as it is now.
    fn with_current(self, item: Option<&Item>) -> Self {
        match self {
            Self::Conflict(mut refusal) if refusal.current.is_none() => {
                refusal.current = item.cloned();
                Self::Conflict(refusal)
            }
            other => other,
        }
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        let code = match &error {
            Error::KeyExists { .. } => ConflictCode::KeyExists,
            Error::StoreNotFound { .. } => ConflictCode::StoreNotFound,
            Error::InvalidKey { .. } => ConflictCode::InvalidKey,
            Error::Document(_) => ConflictCode::InvalidValue,
            Error::SchemaViolation { .. } => ConflictCode::SchemaViolation,
            _ => return Self::Fatal(error),
        };
        let detail = error.to_string();
        let suggestions = if let Error::StoreNotFound { suggestions, .. } = error {
            suggestions
        } else {
            Vec::new()
        };
        Self::Conflict(Box::new(Refusal {
            code,
            detail,
            current: None,
            suggestions,
        }))
    }
}

/// Carries out all changes of `set` in `tx`.
pub(super) fn evaluate(tx: &Transaction, set: &ChangeSet) -> sop::Result<Evaluated> {
    let mut evaluation = Evaluation {
        tx,
        stores: HashMap::new(),
        versions: HashMap::new(),
    };
    let mut done = Evaluated::default();
    for (index, change) in set.changes.iter().enumerate() {
        match evaluation.change(index, change) {
            Ok(preview) => done.preview.push(preview),
            Err(Stop::Fatal(error)) => return Err(error),
            Err(Stop::Conflict(refusal)) => done.conflicts.push(conflict(index, change, *refusal)),
        }
    }
    Ok(done)
}

fn conflict(index: usize, change: &Change, refusal: Refusal) -> Conflict {
    let current = refusal.current.map(|item| Current {
        // Items that the set itself wrote have no version yet.
        version: Some(item.version).filter(|version| *version != 0),
        value: item.value,
        id: item.id,
    });
    Conflict {
        index,
        code: refusal.code,
        store: change.store.clone(),
        key: change.key.clone(),
        detail: refusal.detail,
        current,
        suggestions: refusal.suggestions,
    }
}

/// An item's identity: store, order bytes of the key, id.
type Identity = (String, Vec<u8>, Option<u64>);

struct Evaluation<'tx> {
    tx: &'tx Transaction,
    stores: HashMap<String, DocumentStore<'tx>>,
    /// Versions before the set of the items that it touched; `None` for items that were not there.
    versions: HashMap<Identity, Option<u64>>,
}

impl Evaluation<'_> {
    fn change(&mut self, index: usize, change: &Change) -> Result<Preview, Stop> {
        if !self.stores.contains_key(&change.store) {
            self.stores
                .insert(change.store.clone(), self.tx.documents(&change.store)?);
        }
        let Some(store) = self.stores.get(&change.store) else {
            return Err(Stop::conflict(
                ConflictCode::StoreNotFound,
                "there is no such store",
                None,
            ));
        };
        let spec = &store.definition().key;
        let makes = matches!(change.operation, Operation::Insert | Operation::Upsert);
        let read = if makes {
            new_key_from_json
        } else {
            key_from_json
        };
        let mut key = read(spec, &change.key).map_err(|source| {
            Stop::from(Error::InvalidKey {
                store: change.store.clone(),
                source,
            })
        })?;
        let current = current_item(store, change, &key)?;
        keep_ride_on(&change.key, &mut key, current.as_ref(), store);
        // What tells the key from others, in whatever order the store has them.
        let order = spec
            .identity(&key)
            .map_err(|source| {
                Stop::from(Error::InvalidKey {
                    store: change.store.clone(),
                    source,
                })
            })?
            .order;

        let mut identity = (
            change.store.clone(),
            order,
            current.as_ref().and_then(|item| item.id),
        );
        let version = match self.versions.get(&identity) {
            Some(version) => *version,
            None => current.as_ref().map(|item| item.version),
        };
        check_presence(store, change, current.as_ref())?;
        check_version(change, version, current.as_ref())?;
        let after = new_value(change, current.as_ref())?;
        let id = write(store, change, &key, current.as_ref(), after.as_ref())
            .map_err(|stop| stop.with_current(current.as_ref()))?;

        identity.2 = id;
        let order = identity.1.clone();
        self.versions.entry(identity).or_insert(version);
        Ok(Preview {
            index,
            operation: change.operation,
            store: change.store.clone(),
            key: spec.key_to_json(&key),
            id,
            key_before: current.as_ref().map(|item| spec.key_to_json(&item.key)),
            before: current.map(|item| item.value),
            after,
            version,
            order,
        })
    }
}

/// The item that the change is about, as the transaction sees it now.
fn current_item(
    store: &DocumentStore<'_>,
    change: &Change,
    key: &Key,
) -> Result<Option<Item>, Stop> {
    if store.definition().unique {
        return Ok(store.get(key)?);
    }
    if change.operation == Operation::Insert {
        return Ok(None);
    }
    if let Some(id) = change.id {
        return Ok(store.get_id(key, id)?);
    }
    let equal = store.key_range(Bound::Included(key), Bound::Included(key))?;
    let mut items = store.range(&equal, Direction::Forward)?;
    let first = items.next().transpose()?;
    if first.is_some() && items.next().transpose()?.is_some() {
        let detail = "several items have this key; say with \"id\" which one is meant";
        return Err(Stop::conflict(ConflictCode::IdNeeded, detail, first));
    }
    Ok(first)
}

/// A key that was given without ride-on values leaves those of the item as they are.
fn keep_ride_on(given: &Value, key: &mut Key, current: Option<&Item>, store: &DocumentStore<'_>) {
    let fields = store.definition().key.ride_on();
    let names_one = fields.iter().any(|field| given.get(&field.name).is_some());
    let gives_none = key.ride_on.iter().all(KeyValue::is_null);
    if let Some(item) = current
        && gives_none
        && !names_one
    {
        key.ride_on.clone_from(&item.key.ride_on);
    }
}

fn check_presence(
    store: &DocumentStore<'_>,
    change: &Change,
    current: Option<&Item>,
) -> Result<(), Stop> {
    match (change.operation, current) {
        (Operation::Insert, Some(item)) => Err(Stop::conflict(
            ConflictCode::KeyExists,
            format!("store {:?} already has this key", store.definition().name),
            Some(item.clone()),
        )),
        (Operation::Update | Operation::Patch | Operation::Delete, None) => Err(Stop::conflict(
            ConflictCode::KeyNotFound,
            format!(
                "store {:?} has no item with this key",
                store.definition().name
            ),
            None,
        )),
        _ => Ok(()),
    }
}

fn check_version(
    change: &Change,
    version: Option<u64>,
    current: Option<&Item>,
) -> Result<(), Stop> {
    let Some(wanted) = change.if_version else {
        return Ok(());
    };
    if wanted == version.unwrap_or(0) {
        return Ok(());
    }
    let detail = match (wanted, version) {
        (0, Some(found)) => format!("the item is there already, with version {found}"),
        (_, Some(found)) => format!("the item was changed: it has version {found}, not {wanted}"),
        (_, None) => format!("the item with version {wanted} is not there any more"),
    };
    Err(Stop::conflict(
        ConflictCode::VersionMismatch,
        detail,
        current.cloned(),
    ))
}

/// The value after the change; `None` for a delete.
fn new_value(change: &Change, current: Option<&Item>) -> Result<Option<Document>, Stop> {
    match (change.operation, &change.value, &change.patch, current) {
        (Operation::Delete, ..) => Ok(None),
        (Operation::Patch, _, Some(patch), Some(item)) => {
            let patched = item.value.merge_patch(patch).map_err(Error::from);
            patched
                .map(Some)
                .map_err(|error| Stop::from(error).with_current(current))
        }
        (operation, Some(value), _, _) if operation.takes_value() => Ok(Some(value.clone())),
        // Sets that were read from JSON never come here; those made by hand may.
        (operation, ..) => {
            let detail = format!(
                "{} needs a {}",
                operation.name(),
                if operation == Operation::Patch {
                    "patch"
                } else {
                    "value"
                }
            );
            Err(Stop::conflict(
                ConflictCode::InvalidValue,
                detail,
                current.cloned(),
            ))
        }
    }
}

/// Writes the change; the id of the item.
fn write(
    store: &DocumentStore<'_>,
    change: &Change,
    key: &Key,
    current: Option<&Item>,
    after: Option<&Document>,
) -> Result<Option<u64>, Stop> {
    let id = current.and_then(|item| item.id);
    let found = match (after, current) {
        (Some(value), None) => return Ok(store.insert(key, value)?.id),
        (Some(value), Some(_)) => match id {
            Some(id) => store.update_id(key, id, value)?,
            None => store.update(key, value)?,
        },
        (None, _) => match id {
            Some(id) => store.remove_id(key, id)?,
            None => store.remove(key)?,
        },
    };
    if found {
        return Ok(id);
    }
    let detail = format!("store {:?} has no item with this key", change.store);
    Err(Stop::conflict(ConflictCode::KeyNotFound, detail, None))
}
