//! Walking an index for a cursor: entries, and the items that they lead to.

use std::collections::VecDeque;
use std::ops::Bound;
use std::rc::Rc;
use std::sync::Arc;

use sop::key::{KeyRange, KeyType, KeyValue};
use sop::{Direction, EntryReader};

use super::entries::EntryRanges;
use super::open::{OpenCursor, OpenStore};
use crate::sql::Result;
use crate::sql::columns::Source;
use crate::sql::error::{Code, QueryError};
use crate::sql::indexes::TableIndex;

/// A place in an index.
pub(super) struct IndexWalk {
    index: Arc<TableIndex>,
    store: Rc<OpenStore>,
    cursor: Option<OpenCursor>,
    /// Whether entries are enough, where they have their fields as they are.
    covering: bool,
    /// Where the item of the entry stands.
    position: Vec<u8>,
    /// Entries from this one on whose items were asked for, and where these stand.
    fetched: usize,
    ahead: Vec<Vec<u8>>,
}

/// Items that are asked for together.
const FETCHED: usize = 16;
/// A statement that has read so many items has read more than a processor's nearer caches hold; those of a smaller one may
/// well be there, and asking for them takes as long as a quarter of reading them.
const CACHED: u64 = 2_048;

impl IndexWalk {
    pub fn new(index: Arc<TableIndex>, store: Rc<OpenStore>, covering: bool) -> Self {
        Self {
            index,
            store,
            cursor: None,
            covering,
            position: Vec::new(),
            fetched: 0,
            ahead: Vec::new(),
        }
    }

    /// Whether it is one of this index.
    pub fn is_of(&self, index: &Arc<TableIndex>) -> bool {
        Arc::ptr_eq(&self.index, index)
    }

    /// The store of the index.
    pub fn into_store(self) -> Rc<OpenStore> {
        self.store
    }

    /// Begins with a range, at its end when `reverse`; whether there is an entry.
    pub fn begin(&mut self, range: &KeyRange, reverse: bool) -> Result<bool> {
        let mut cursor = OpenCursor::open(Rc::clone(&self.store), range)?;
        let found = cursor.with_dependent_mut(|_, cursor| match reverse {
            false => cursor.first(),
            true => cursor.last(),
        })?;
        self.cursor = Some(cursor);
        self.fetched = 0;
        Ok(found)
    }

    pub fn step(&mut self, reverse: bool) -> Result<bool> {
        self.fetched = self.fetched.saturating_sub(1);
        let Some(cursor) = &mut self.cursor else {
            return Ok(false);
        };
        Ok(cursor.with_dependent_mut(|_, cursor| match reverse {
            false => cursor.next(),
            true => cursor.prev(),
        })?)
    }

    /// Reads where the item of the entry stands; whether the entry is enough without it. `scanned`: how many items the
    /// statement has read.
    pub fn arrive(&mut self, source: &OpenStore, scanned: u64) -> Result<bool> {
        let (index, of) = (self.store.store().definition(), source.store().definition());
        let reader = EntryReader::new(index, of).ok_or_else(|| {
            let message = format!("{:?} is no index of {:?} any more", index.name, of.name);
            QueryError::new(Code::Engine, message)
        })?;
        let (position, covering) = (&mut self.position, self.covering);
        let Some(cursor) = &self.cursor else {
            return Ok(false);
        };
        let enough = cursor.with_dependent(|_, cursor| {
            reader.position(cursor.position().unwrap_or_default(), position)?;
            if !covering {
                return Ok(false);
            }
            let entry = cursor.item()?;
            let complete = |entry: sop::ItemRef<'_>| EntryReader::is_complete(entry.encoded());
            Ok::<_, QueryError>(entry.is_some_and(complete))
        })?;
        if !enough && self.fetched == 0 && scanned > CACHED {
            self.fetched = fetch_items(cursor, &reader, source, &mut self.ahead)?;
        }
        Ok(enough)
    }

    /// Where the item of the entry stands.
    pub fn position(&self) -> &[u8] {
        &self.position
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

/// Asks for the memory of the items of the entries that come next; how many these are.
fn fetch_items(
    cursor: &OpenCursor,
    reader: &EntryReader<'_>,
    source: &OpenStore,
    ahead: &mut Vec<Vec<u8>>,
) -> Result<usize> {
    ahead.resize_with(FETCHED, Vec::new);
    let count = cursor.with_dependent(|_, cursor| {
        let mut count = 0;
        for (entry, position) in cursor.positions_ahead(FETCHED).zip(ahead.iter_mut()) {
            reader.position(entry, position)?;
            count += 1;
        }
        Ok::<_, sop::Error>(count)
    })?;
    // A single one is read at once.
    if count > 1 {
        source
            .store()
            .fetch(ahead.iter().take(count).map(Vec::as_slice));
    }
    Ok(count)
}

/// The ranges of a search in the order in which they are to be walked. Where the items are wanted in the order of what is
/// behind the first `equal` fields, but entries of more than one value of these may be meant, each entry is a
/// range of its own.
pub(super) fn in_order(
    store: &OpenStore,
    ranges: EntryRanges,
    equal: Option<usize>,
) -> Result<VecDeque<KeyRange>> {
    let doubtful = count(store, &ranges.doubtful)?;
    let Some(fields) = equal.filter(|fields| *fields > 0 && doubtful > 0) else {
        return Ok(ranges.merged().into());
    };
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
