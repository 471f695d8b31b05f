//! Indexes within a transaction: making and dropping them, and keeping their entries with each change of an item.
//!
//! An entry changes in the same overlay, and so in the same commit record, as its item. Entries of different items
//! have different keys, so two transactions that change different items never meet in an index; who creates or drops
//! one touches the name of its source, so that whoever writes to that meanwhile runs again and sees it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use super::physical::{has_ride_on, split_payload};
use super::range::Direction;
use super::store::{DocumentStore, Presence};
use super::writes::{CATALOG, CatalogChange, Change, Intent, StoreId, Writes};
use super::{Cursor, Transaction, item::key_text};
use crate::commit::item;
use crate::definition::StoreDefinition;
use crate::error::{Error, Result};
use crate::index::{Entry, IndexDefinition, IndexInfo, IndexOf, IndexState, check_length, entry};
use crate::key::{Form, KeyRange};
use crate::log::MAX_RECORD_BYTES;
use crate::names::nearest;

/// An index whose entries are kept.
#[derive(Clone, Debug)]
pub(super) struct Target {
    id: StoreId,
    definition: Arc<StoreDefinition>,
}

/// The indexes of stores, as far as they were asked for.
pub(super) type Known = BTreeMap<StoreId, Arc<[Target]>>;

/// What a change of an item does to one index.
pub(super) struct EntryChange {
    id: StoreId,
    remove: Option<Vec<u8>>,
    put: Option<Entry>,
    /// Whether the entry that is put has the key of the one that is there.
    replaces: bool,
}

/// How far a batch of a build came.
pub(crate) enum Filled {
    /// There is no such index any more, or it is ready.
    Over,
    /// Up to this item.
    UpTo(Vec<u8>),
    /// To the end: the index is ready with this transaction.
    Whole,
}

impl Target {
    fn of(&self) -> Result<&IndexOf> {
        self.definition.index_of.as_ref().ok_or_else(|| {
            Error::corrupt(
                format!("store {:?}", self.definition.name),
                "it is no index",
            )
        })
    }
}

impl Transaction {
    /// Makes an index of a store: a store of its own that is kept with every change of the other's items, in
    /// the same transaction.
    ///
    /// For items that are there already it is built afterwards: by the background thread, or by
    /// [`Database::build_indexes`](crate::Database::build_indexes) where there is none. Until then its state is
    /// [`IndexState::Building`].
    ///
    /// # Errors
    /// [`Error::StoreNotFound`], [`Error::StoreExists`], [`Error::InvalidDefinition`]; the transaction can go on.
    pub fn create_index(&self, index: &IndexDefinition) -> Result<()> {
        self.check_write()?;
        let (source_definition, is_empty) = {
            let source = self.documents(&index.store)?;
            (Arc::clone(&source.definition), source.is_empty()?)
        };
        let state = match is_empty {
            true => IndexState::Ready,
            false => IndexState::Building,
        };
        let definition = index.store_definition(&source_definition, state)?;
        self.add_store(definition)?;
        let mut writes = self.writes.borrow_mut();
        writes.touch_name(source_definition.name.as_bytes());
        self.indexes.borrow_mut().clear();
        Ok(())
    }

    /// Drops an index.
    ///
    /// # Errors
    /// [`Error::StoreNotFound`]; [`Error::NotAnIndex`] for any other store.
    pub fn drop_index(&self, name: &str) -> Result<()> {
        self.check_write()?;
        let (id, definition) = {
            let (id, definition, _) = self.find(name)?;
            (id, Arc::clone(&definition))
        };
        let Some(of) = &definition.index_of else {
            let stores = self.snapshot()?.stores.values();
            let names = stores
                .filter(|store| store.definition.index_of.is_some())
                .map(|store| store.definition.name.as_str());
            return Err(Error::NotAnIndex {
                name: name.to_owned(),
                suggestions: nearest(name, names),
            });
        };
        self.forget_store(id, name);
        self.writes.borrow_mut().touch_name(of.store.as_bytes());
        self.indexes.borrow_mut().clear();
        Ok(())
    }

    /// Drops the index with this identity, if it is there.
    pub(crate) fn drop_index_with(&self, id: StoreId, name: &str) -> Result<bool> {
        match self.find(name) {
            Ok((found, ..)) if found == id => {}
            Ok(_) | Err(Error::StoreNotFound { .. }) => return Ok(false),
            Err(error) => return Err(error),
        }
        self.drop_index(name).map(|()| true)
    }

    /// The indexes of a store; `None`: it has none.
    pub(super) fn indexes_of(&self, id: StoreId, name: &str) -> Result<Option<Arc<[Target]>>> {
        let snapshot = self.snapshot()?;
        if snapshot.indexes.is_empty() && self.local_stores.borrow().is_empty() {
            return Ok(None);
        }
        if let Some(known) = self.indexes.borrow().get(&id) {
            return Ok((!known.is_empty()).then(|| Arc::clone(known)));
        }
        let local = self.local_stores.borrow();
        let mut targets: BTreeMap<String, Target> = BTreeMap::new();
        for id in snapshot.indexes.get(&id).into_iter().flatten() {
            if let Some(store) = snapshot.stores.get(id)
                && !local.contains_key(&store.definition.name)
            {
                let definition = Arc::clone(&store.definition);
                let target = Target {
                    id: *id,
                    definition,
                };
                targets.insert(target.definition.name.clone(), target);
            }
        }
        for (index, (id, definition)) in local.iter().filter_map(|(n, s)| Some((n, s.as_ref()?))) {
            if definition
                .index_of
                .as_ref()
                .is_some_and(|of| of.store == name)
            {
                let target = Target {
                    id: *id,
                    definition: Arc::clone(definition),
                };
                targets.insert(index.clone(), target);
            }
        }
        let targets: Arc<[Target]> = targets.into_values().collect();
        self.indexes.borrow_mut().insert(id, Arc::clone(&targets));
        Ok((!targets.is_empty()).then_some(targets))
    }

    /// Drops the indexes of a store that is dropped.
    pub(super) fn drop_indexes_of(&self, id: StoreId, name: &str) -> Result<()> {
        for target in self.indexes_of(id, name)?.iter().flat_map(|t| t.iter()) {
            self.forget_store(target.id, &target.definition.name);
        }
        self.indexes.borrow_mut().clear();
        Ok(())
    }

    /// An index as a store of this transaction, whatever its source's handle knows.
    fn index_store(&self, target: &Target) -> Result<DocumentStore<'_>> {
        let tree = match self.snapshot()?.stores.get(&target.id) {
            Some(store) => Cow::Borrowed(&store.tree),
            None => Cow::Owned(self.empty_tree(target.id, &target.definition)),
        };
        let definition = Cow::Owned(Arc::clone(&target.definition));
        Ok(DocumentStore::new(self, (target.id, definition, tree)))
    }

    /// Adds entries of up to `most` items behind `after` to an index that is being built.
    ///
    /// What is read of the source is noted: who changed an item of the batch meanwhile wins.
    pub(crate) fn fill_index(
        &self,
        id: StoreId,
        name: &str,
        after: Option<&[u8]>,
        most: usize,
    ) -> Result<Filled> {
        let target = match self.find(name) {
            Ok((found, definition, _)) if found == id => Target {
                id,
                definition: Arc::clone(&definition),
            },
            Ok(_) | Err(Error::StoreNotFound { .. }) => return Ok(Filled::Over),
            Err(error) => return Err(error),
        };
        let of = target.of()?;
        if of.state == IndexState::Ready {
            return Ok(Filled::Over);
        }
        let source = self.documents(&of.store)?;
        let from = after.map_or(Bound::Unbounded, |after| Bound::Excluded(after.to_vec()));
        let mut cursor = Cursor::new(&source, (from, Bound::Unbounded))?;
        let mut last = None;
        let mut entries = Vec::new();
        cursor.visit(Direction::Forward, |item| {
            last = Some(item.position().to_vec());
            entries.push(entry(
                &source.definition,
                of,
                item.position(),
                item.encoded(),
            )?);
            Ok::<_, Error>(match entries.len() > most {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            })
        })?;
        let whole = entries.len() <= most;
        drop(cursor);
        let index = self.index_store(&target)?;
        for entry in entries {
            if index.holds(&entry.key)? {
                continue;
            }
            let text = || index.key_text(&entry.key);
            check_length(name, &of.store, text(), entry.key.len())?;
            self.check_unique(&target, &source, &entry, None)?;
            let mut writes = self.writes.borrow_mut();
            put_entry(&mut writes, id, &entry, || Ok(false))?;
        }
        if !whole {
            return Ok(last.map_or(Filled::Whole, Filled::UpTo));
        }
        self.mark_ready(&target)?;
        Ok(Filled::Whole)
    }

    fn mark_ready(&self, target: &Target) -> Result<()> {
        let mut next = StoreDefinition::clone(&target.definition);
        if let Some(of) = &mut next.index_of {
            of.state = IndexState::Ready;
        }
        let name = next.name.clone();
        let metadata = format!("{name}\0");
        self.reads.borrow_mut().point(CATALOG, metadata.as_bytes());
        let next = Arc::new(next);
        let mut writes = self.writes.borrow_mut();
        // Those who write to the source need not know.
        writes.touch_name(metadata.as_bytes());
        let change = CatalogChange::Alter(target.id, Arc::clone(&next));
        writes.catalog.push(change);
        let local = Some((target.id, next));
        self.local_stores.borrow_mut().insert(name, local);
        self.indexes.borrow_mut().clear();
        Ok(())
    }

    /// Fails when another item has the values of an entry in a unique index. What was looked at is noted: two
    /// transactions that add the same values meet.
    fn check_unique(
        &self,
        target: &Target,
        source: &DocumentStore<'_>,
        entry: &Entry,
        leaving: Option<&[u8]>,
    ) -> Result<()> {
        let of = target.of()?;
        if !of.unique || entry.has_missing {
            return Ok(());
        }
        let index = self.index_store(target)?;
        let range = KeyRange::starting_with(entry.fields().to_vec());
        let mut other = None;
        index.try_for_each(&range, Direction::Forward, |item| {
            let there = item.position();
            if there == entry.key || Some(there) == leaving {
                return Ok::<_, Error>(ControlFlow::Continue(()));
            }
            other = Some(there.to_vec());
            Ok(ControlFlow::Break(()))
        })?;
        if entry.form == Form::Cut {
            let fields: Vec<String> = of
                .fields
                .iter()
                .map(crate::index::IndexField::name)
                .collect();
            return Err(Error::InvalidValue {
                store: of.store.clone(),
                key: source_key(&target.definition, source, &entry.key),
                field: fields.join(", "),
                detail: format!(
                    "it is too long for the unique index {:?}, which tells texts apart by their first {} bytes",
                    target.definition.name,
                    crate::key::ANY_BYTES
                ),
            });
        }
        let Some(other) = other else {
            return Ok(());
        };
        let count = of.fields.len();
        let values = target.definition.key.decode_leading(&entry.key, count);
        let values: Vec<String> = values.iter().flatten().map(ToString::to_string).collect();
        Err(Error::NotUnique {
            store: of.store.clone(),
            index: target.definition.name.clone(),
            fields: of
                .fields
                .iter()
                .map(crate::index::IndexField::name)
                .collect(),
            values: values.join(", "),
            key: source_key(&target.definition, source, &entry.key),
            other: source_key(&target.definition, source, &other),
        })
    }
}

/// The key of the item of an entry, for messages.
fn source_key(index: &StoreDefinition, source: &DocumentStore<'_>, entry: &[u8]) -> String {
    let mut position = Vec::new();
    let found = crate::index::EntryReader::new(index, &source.definition)
        .map(|reader| reader.position(entry, &mut position));
    match found {
        Some(Ok(())) => key_text(&source.definition, &position),
        _ => key_text(index, entry),
    }
}

/// Puts an entry; `in_snapshot` is asked whether the snapshot has one with the key when the transaction has not
/// changed it.
fn put_entry(
    writes: &mut Writes,
    id: StoreId,
    entry: &Entry,
    in_snapshot: impl FnOnce() -> Result<bool>,
) -> Result<()> {
    let own = writes.of_store(id);
    let place = own.find(&entry.key);
    let replaces = match own.at(place) {
        Some(change) => Presence::after(change).in_snapshot,
        None => in_snapshot()?,
    };
    let change = Change::Put {
        intent: Intent::Insert,
        payload: entry.payload(),
        replaces,
    };
    writes.set_at(id, place, &entry.key, change)
}

impl DocumentStore<'_> {
    /// The indexes of this store.
    pub fn indexes(&self) -> Result<Vec<IndexInfo>> {
        let targets = self.tx.indexes_of(self.id, &self.definition.name)?;
        let mut indexes = Vec::new();
        for target in targets.iter().flat_map(|targets| targets.iter()) {
            let of = target.of()?;
            indexes.push(IndexInfo {
                name: target.definition.name.clone(),
                fields: of.fields.clone(),
                unique: of.unique,
                state: of.state,
                entries: self.tx.index_store(target)?.count_unnoted()?,
            });
        }
        Ok(indexes)
    }

    /// Fails for an index, which only its source's items change.
    pub(super) fn check_is_no_index(&self) -> Result<()> {
        match &self.definition.index_of {
            None => Ok(()),
            Some(of) => Err(Error::IsIndex {
                name: self.definition.name.clone(),
                of: of.store.clone(),
            }),
        }
    }

    /// Whether the transaction sees an item at a physical key; notes nothing.
    fn holds(&self, physical: &[u8]) -> Result<bool> {
        if let Some(change) = self.tx.writes.borrow().get(self.id, physical) {
            return Ok(matches!(change, Change::Put { .. }));
        }
        Ok(self.tree.contains(physical)?)
    }

    /// The encoded document of an item as the transaction sees it; notes nothing.
    fn document_at(&self, physical: &[u8]) -> Result<Option<Vec<u8>>> {
        let rides = has_ride_on(&self.definition.key);
        match self.tx.writes.borrow().get(self.id, physical) {
            Some(Change::Put { payload, .. }) => {
                return Ok(Some(split_payload(payload, rides)?.1.to_vec()));
            }
            Some(Change::Remove) => return Ok(None),
            None => {}
        }
        let Some(there) = self.tree.get(physical)? else {
            return Ok(None);
        };
        let payload = there.value.bytes()?;
        Ok(Some(split_payload(&payload, rides)?.1.to_vec()))
    }

    /// What putting this document at a place (`None`: removing what is there) does to the indexes. Fails where it
    /// must not be.
    pub(super) fn entry_changes(
        &self,
        targets: &[Target],
        physical: &[u8],
        is_there: bool,
        document: Option<&[u8]>,
    ) -> Result<Vec<EntryChange>> {
        let before = match is_there {
            true => self.document_at(physical)?,
            false => None,
        };
        let mut changes = Vec::with_capacity(targets.len());
        for target in targets {
            let of = target.of()?;
            let entry = |document| entry(&self.definition, of, physical, document);
            let before = before.as_deref().map(entry).transpose()?;
            let after = document.map(entry).transpose()?;
            if before == after {
                continue;
            }
            let mut change = EntryChange {
                id: target.id,
                remove: before.map(|entry| entry.key),
                put: after,
                replaces: false,
            };
            if let Some(entry) = &change.put {
                let key = || self.key_text(physical);
                check_length(&target.definition.name, &of.store, key(), entry.key.len())?;
                self.tx
                    .check_unique(target, self, entry, change.remove.as_deref())?;
                if change.remove.as_ref() == Some(&entry.key) {
                    // The same entry, which reads back otherwise.
                    change.remove = None;
                    change.replaces = true;
                }
            }
            changes.push(change);
        }
        Ok(changes)
    }

    /// Carries the changes of entries out. The room for them has been checked.
    pub(super) fn change_entries(
        &self,
        writes: &mut Writes,
        changes: &[EntryChange],
    ) -> Result<()> {
        for change in changes {
            if let Some(key) = &change.remove {
                self.remove_entry(writes, change.id, key)?;
            }
            if let Some(entry) = &change.put {
                // The snapshot has no entry of an item that is not there, or that has other values there.
                put_entry(writes, change.id, entry, || {
                    Ok(change.replaces && self.in_snapshot(change.id, &entry.key)?)
                })?;
            }
        }
        Ok(())
    }

    fn in_snapshot(&self, id: StoreId, key: &[u8]) -> Result<bool> {
        match self.tx.snapshot()?.stores.get(&id) {
            Some(store) => Ok(store.tree.contains(key)?),
            None => Ok(false),
        }
    }

    fn remove_entry(&self, writes: &mut Writes, id: StoreId, key: &[u8]) -> Result<()> {
        let own = writes.of_store(id);
        let place = own.find(key);
        let in_snapshot = match own.at(place) {
            Some(change) => Presence::after(change).in_snapshot,
            None => self.in_snapshot(id, key)?,
        };
        if in_snapshot {
            return writes.set_at(id, place, key, Change::Remove);
        }
        own.remove(key);
        // An index that is being built may lack it; who adds it meanwhile has the old values.
        self.tx.reads.borrow_mut().point(id, key);
        Ok(())
    }
}

/// Fails when the changes of an item and its entries do not fit the transaction any more.
pub(super) fn check_room(
    writes: &Writes,
    key: &[u8],
    payload: usize,
    changes: &[EntryChange],
) -> Result<()> {
    let mut bytes = writes.bytes() + item::max_len(key, payload);
    for change in changes {
        bytes += change
            .remove
            .as_ref()
            .map_or(0, |key| item::max_len(key, 0));
        let put = change.put.as_ref();
        bytes += put.map_or(0, |entry| item::max_len(&entry.key, entry.payload().len()));
    }
    if bytes > MAX_RECORD_BYTES {
        return Err(Error::TransactionTooLarge {
            bytes,
            limit: MAX_RECORD_BYTES,
        });
    }
    Ok(())
}
