//! Walking an index for a cursor: entries, and the items that they lead to.

use std::collections::VecDeque;
use std::ops::Bound;
use std::rc::Rc;
use std::sync::Arc;

use sop::key::{KeyRange, KeyType, KeyValue};
use sop::{Direction, EntryReader};

use super::TableShared;
use super::any::Affinity;
use super::entries::{EntryRanges, Search, has_numeric_texts};
use super::open::{OpenCursor, OpenStore};
use super::plan::ways::affinities;
use super::seek::{Arguments, Seek};
use crate::sql::Result;
use crate::sql::columns::Source;
use crate::sql::error::{Code, QueryError};
use crate::sql::indexes::TableIndex;

/// A place in an index.
pub(super) struct IndexWalk {
    index: Arc<TableIndex>,
    store: Rc<OpenStore>,
    affinities: Vec<Affinity>,
    cursor: Option<OpenCursor>,
    /// Whether entries are enough, where they have their fields as they are.
    covering: bool,
    /// Where the items of the entries stand that were looked at together, the one that was come to among them, and how many
    /// are left, itself included.
    positions: Vec<Vec<u8>>,
    at: usize,
    left: usize,
    /// The changes that the transaction had made by then.
    changes: u64,
    /// How many are looked at together: as many as were wanted of late.
    together: usize,
    /// Whether the index is known to have texts that may be taken for numbers, or to have none.
    texts: Option<bool>,
}

/// How many items are found together before it is known how many are wanted, and the most.
const FIRST_TOGETHER: usize = 4;
const MOST_TOGETHER: usize = 16;

impl IndexWalk {
    pub fn new(table: &TableShared, index: Arc<TableIndex>, store: Rc<OpenStore>) -> Self {
        Self {
            affinities: affinities(table, &index),
            index,
            store,
            cursor: None,
            covering: false,
            positions: Vec::new(),
            at: 0,
            left: 0,
            changes: 0,
            together: FIRST_TOGETHER,
            texts: None,
        }
    }

    /// Whether it is one of this index.
    pub fn is_of(&self, index: &Arc<TableIndex>) -> bool {
        Arc::ptr_eq(&self.index, index)
    }

    /// The store of the index.
    pub fn store(&self) -> &Rc<OpenStore> {
        &self.store
    }

    /// Whether entries are enough, where they have their fields as they are.
    pub fn set_covering(&mut self, covering: bool) {
        self.covering = covering;
    }

    /// The ranges of the entries that may satisfy the conditions. `remembers`: the index stays as it is, and is searched
    /// more than once.
    pub fn search(
        &mut self,
        seek: &Seek,
        arguments: &impl Arguments,
        remembers: bool,
    ) -> Result<EntryRanges> {
        let index = self.store.store();
        if remembers && self.texts.is_none() {
            self.texts = Some(has_numeric_texts(index)?);
        }
        let search = Search {
            seek,
            index,
            affinities: &self.affinities,
            arguments,
            texts: self.texts.unwrap_or(true),
        };
        search.ranges()
    }

    /// Begins with a range, at its end when `reverse`; whether there is an entry.
    pub fn begin(&mut self, range: &KeyRange, reverse: bool) -> Result<bool> {
        if self.left > 1 {
            self.together = (self.together / 2).max(1);
        }
        (self.at, self.left) = (0, 0);
        let cursor = match &mut self.cursor {
            Some(cursor) => {
                cursor.with_dependent_mut(|_, cursor| cursor.set_range(range))?;
                cursor
            }
            none => none.insert(OpenCursor::open(Rc::clone(&self.store), range)?),
        };
        Ok(cursor.with_dependent_mut(|_, cursor| match reverse {
            false => cursor.first(),
            true => cursor.last(),
        })?)
    }

    pub fn step(&mut self, reverse: bool) -> Result<bool> {
        self.at += 1;
        self.left = self.left.saturating_sub(1);
        let Some(cursor) = &mut self.cursor else {
            return Ok(false);
        };
        Ok(cursor.with_dependent_mut(|_, cursor| match reverse {
            false => cursor.next(),
            true => cursor.prev(),
        })?)
    }

    /// Whether the entry is enough without its item.
    pub fn is_enough(&self) -> Result<bool> {
        let Some(cursor) = self.cursor.as_ref().filter(|_| self.covering) else {
            return Ok(false);
        };
        cursor.with_dependent(|_, cursor| {
            let entry = cursor.item()?;
            let complete = |entry: sop::ItemRef<'_>| EntryReader::is_complete(entry.encoded());
            Ok(entry.is_some_and(complete))
        })
    }

    /// Goes with a cursor of the source to the item of the entry; false when there is none.
    pub fn go_to_item(&mut self, source: &OpenStore, items: &mut OpenCursor) -> Result<bool> {
        if self.left == 0 || self.changes != self.own_changes() {
            self.look_ahead(source, items)?;
        }
        let Some(position) = self.positions.get(self.at) else {
            return Ok(false);
        };
        Ok(items.with_dependent_mut(|_, cursor| {
            Ok::<_, sop::Error>(
                cursor.seek(position)? && cursor.position() == Some(position.as_slice()),
            )
        })?)
    }

    fn own_changes(&self) -> u64 {
        let changes = |cursor: &OpenCursor| cursor.with_dependent(|_, cursor| cursor.own_changes());
        self.cursor.as_ref().map_or(0, changes)
    }

    /// Reads where the items of the entry and of those behind it stand, and has them found together.
    fn look_ahead(&mut self, source: &OpenStore, items: &mut OpenCursor) -> Result<()> {
        if self.at > 0 && self.at >= self.together {
            self.together = (self.together * 2).min(MOST_TOGETHER);
        }
        let reader = entry_reader(&self.store, source)?;
        let Some(cursor) = &self.cursor else {
            return Ok(());
        };
        (self.at, self.left, self.changes) = (0, 0, self.own_changes());
        self.positions.resize_with(self.together, Vec::new);
        cursor.with_dependent(|_, cursor| {
            let ahead = cursor.positions_ahead(self.together);
            for (entry, position) in ahead.zip(self.positions.iter_mut()) {
                reader.position(entry, position)?;
                self.left += 1;
            }
            // What the transaction itself wrote comes one by one.
            if let (0, Some(entry), Some(position)) =
                (self.left, cursor.position(), self.positions.first_mut())
            {
                reader.position(entry, position)?;
                self.left = 1;
            }
            Ok::<_, sop::Error>(())
        })?;
        // A single one is read at once.
        if self.left > 1 {
            let positions = self.positions.iter().take(self.left).map(Vec::as_slice);
            items.with_dependent_mut(|_, items| items.expect(positions));
        }
        Ok(())
    }

    /// Where the item of the entry stands.
    pub fn position(&self, source: &OpenStore) -> Result<Vec<u8>> {
        let reader = entry_reader(&self.store, source)?;
        let mut position = Vec::new();
        if let Some(cursor) = &self.cursor {
            cursor.with_dependent(|_, cursor| {
                reader.position(cursor.position().unwrap_or_default(), &mut position)
            })?;
        }
        Ok(position)
    }

    /// A field of the entry's item.
    pub fn field(&self, source: &Source) -> Result<KeyValue> {
        let spec = &self.store.store().definition().key;
        // The fields of the item's key are there as they are in it, behind those that are indexed.
        let Some(at) = self.index.sources.iter().rposition(|there| there == source) else {
            return Ok(KeyValue::Null);
        };
        let Some(cursor) = &self.cursor else {
            return Ok(KeyValue::Null);
        };
        cursor.with_dependent(|_, cursor| {
            let entry = cursor.position().unwrap_or_default();
            spec.decode_field(entry, at).map_err(|source| {
                let store = self.index.store.clone();
                sop::Error::InvalidKey { store, source }.into()
            })
        })
    }
}

fn entry_reader<'a>(index: &'a OpenStore, source: &'a OpenStore) -> Result<EntryReader<'a>> {
    let (index, of) = (index.store().definition(), source.store().definition());
    EntryReader::new(index, of).ok_or_else(|| {
        let message = format!("{:?} is no index of {:?} any more", index.name, of.name);
        QueryError::new(Code::Engine, message)
    })
}

/// The ranges of a search in the order in which they are to be walked. Where the items are wanted in the order of what is
/// behind the first `equal` fields, but entries of more than one value of these may be meant, each entry is a
/// range of its own.
pub(super) fn in_order(
    store: &OpenStore,
    ranges: EntryRanges,
    equal: Option<usize>,
) -> Result<VecDeque<KeyRange>> {
    let fields = equal.unwrap_or_default();
    if fields == 0 || count(store, &ranges.doubtful)? == 0 {
        return Ok(ranges.merged().into());
    }
    let spec = &store.store().definition().key;
    let mut entries = Vec::new();
    for range in ranges.merged() {
        store
            .store()
            .try_for_each::<QueryError>(&range, Direction::Forward, |item| {
                let key = item.position().to_vec();
                let start = spec.leading_length(&key, fields);
                let start = start.map_err(|source| sop::Error::InvalidKey {
                    store: store.store().definition().name.clone(),
                    source,
                })?;
                entries.push((start, key));
                Ok(std::ops::ControlFlow::Continue(()))
            })?;
    }
    let behind = |entry: &(usize, Vec<u8>)| entry.1.get(entry.0..).map(<[u8]>::to_vec);
    entries.sort_by_cached_key(behind);
    let one = |(_, key): (usize, Vec<u8>)| KeyRange {
        lo: Bound::Included(key.clone()),
        hi: Bound::Included(key),
    };
    Ok(entries.into_iter().map(one).collect())
}

/// How many entries lie in some ranges.
fn count(store: &OpenStore, ranges: &[KeyRange]) -> Result<u64> {
    let mut count = 0;
    for range in ranges {
        count += store.store().count(range)?;
    }
    Ok(count)
}

/// The ranges of which the counts say how many items satisfy the conditions; `None` where that is not sure.
pub(super) fn countable(store: &OpenStore, ranges: &EntryRanges) -> Result<Option<Vec<KeyRange>>> {
    if count(store, &ranges.doubtful)? > 0 {
        return Ok(None);
    }
    let sure = EntryRanges {
        sure: ranges.sure.clone(),
        doubtful: Vec::new(),
    };
    Ok(Some(sure.merged()))
}

/// Whether a key's values are not all in its encoded bytes.
pub(super) fn has_offsets(definition: &sop::StoreDefinition) -> bool {
    let mut fields = definition.key.fields().iter();
    fields.any(|field| field.kind == KeyType::Timestamp)
}
