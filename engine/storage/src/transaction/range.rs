//! Walking a range: the snapshot's tree and the transaction's own changes, merged in key order.
//!
//! What was walked is recorded for validation when the walk ends, wherever it ends: from where it
//! began to the last item that was given out, or to the end of the range when it was exhausted.

use std::ops::Bound;

use super::item::{Item, KeyItem, decode_item, decode_key};
use super::physical::Bounds;
use super::store::Store;
use super::writes::{Change, is_empty_range};
use crate::error::Result;
use crate::tree::Cursor;

/// Which way a range is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Ascending in the store's order.
    Forward,
    /// Descending.
    Backward,
}

enum Progress {
    NotStarted,
    /// At or after this physical key, in walking order.
    At(Vec<u8>),
    Exhausted,
}

/// The next item of the merge.
enum Found {
    /// The cursor stands on it.
    Base(Vec<u8>),
    Own(Vec<u8>),
}

/// Items of a range. Made by [`Store::range`].
pub struct Range<'s> {
    store: &'s Store<'s>,
    cursor: Cursor,
    /// Whether the cursor stands on an item that was not given out yet.
    cursor_ready: bool,
    lo: Bound<Vec<u8>>,
    hi: Bound<Vec<u8>>,
    direction: Direction,
    progress: Progress,
}

impl std::fmt::Debug for Range<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Range")
            .field("store", &self.store)
            .field("direction", &self.direction)
            .finish_non_exhaustive()
    }
}

fn as_slices<'a>(
    lo: &'a Bound<Vec<u8>>,
    hi: &'a Bound<Vec<u8>>,
) -> (Bound<&'a [u8]>, Bound<&'a [u8]>) {
    (
        lo.as_ref().map(Vec::as_slice),
        hi.as_ref().map(Vec::as_slice),
    )
}

impl<'s> Range<'s> {
    pub(super) fn new(
        store: &'s Store<'s>,
        (lo, hi): Bounds,
        direction: Direction,
    ) -> Result<Self> {
        store.check_usable()?;
        let mut range = Self {
            store,
            cursor: store.tree.cursor(),
            cursor_ready: false,
            lo,
            hi,
            direction,
            progress: Progress::NotStarted,
        };
        let (l, h) = as_slices(&range.lo, &range.hi);
        if is_empty_range(l, h) {
            range.progress = Progress::Exhausted;
        }
        Ok(range)
    }

    /// Puts the cursor on the first item of the tree within the bound it starts from.
    fn start(&mut self) -> Result<bool> {
        let nodes_before = self.cursor.nodes_read();
        let ready = match (self.direction, &self.lo, &self.hi) {
            (Direction::Forward, Bound::Unbounded, _) => self.cursor.first()?,
            (Direction::Forward, Bound::Included(key), _) => self.cursor.seek(key)?,
            (Direction::Forward, Bound::Excluded(key), _) => {
                let found = self.cursor.seek(key)?;
                if found && self.cursor.key() == Some(key.as_slice()) {
                    self.cursor.next()?
                } else {
                    found
                }
            }
            (Direction::Backward, _, Bound::Unbounded) => self.cursor.last()?,
            (Direction::Backward, _, Bound::Excluded(key)) => self.cursor.seek_before(key)?,
            (Direction::Backward, _, Bound::Included(key)) => {
                let exact = self.cursor.seek(key)? && self.cursor.key() == Some(key.as_slice());
                exact || self.cursor.seek_before(key)?
            }
        };
        let nodes = self.cursor.nodes_read() - nodes_before;
        self.store.tx.count_read(nodes, 0);
        Ok(ready)
    }

    fn step(&mut self) -> Result<bool> {
        let nodes_before = self.cursor.nodes_read();
        let ready = match self.direction {
            Direction::Forward => self.cursor.next()?,
            Direction::Backward => self.cursor.prev()?,
        };
        self.store
            .tx
            .count_read(self.cursor.nodes_read() - nodes_before, 0);
        Ok(ready)
    }

    fn within(&self, key: &[u8]) -> bool {
        match self.direction {
            Direction::Forward => match &self.hi {
                Bound::Unbounded => true,
                Bound::Included(hi) => key <= hi.as_slice(),
                Bound::Excluded(hi) => key < hi.as_slice(),
            },
            Direction::Backward => match &self.lo {
                Bound::Unbounded => true,
                Bound::Included(lo) => key >= lo.as_slice(),
                Bound::Excluded(lo) => key > lo.as_slice(),
            },
        }
    }

    /// The next own change in walking order, removals included.
    fn own(&self) -> Option<Vec<u8>> {
        let writes = self.store.tx.writes.borrow();
        let items = writes.stores.get(&self.store.id)?;
        if items.is_empty() {
            return None;
        }
        let (mut lo, mut hi) = as_slices(&self.lo, &self.hi);
        if let Progress::At(at) = &self.progress {
            match self.direction {
                Direction::Forward => lo = Bound::Excluded(at),
                Direction::Backward => hi = Bound::Excluded(at),
            }
        }
        let mut range = items.range(lo, hi);
        let (key, _) = match self.direction {
            Direction::Forward => range.next()?,
            Direction::Backward => range.next_back()?,
        };
        Some(key.to_vec())
    }

    /// Moves to the next item. When it is the tree's, the cursor stands on it.
    fn advance(&mut self) -> Result<Option<Found>> {
        loop {
            match self.progress {
                Progress::Exhausted => return Ok(None),
                Progress::NotStarted if !self.cursor_ready => self.cursor_ready = self.start()?,
                _ => {}
            }
            let base = if self.cursor_ready {
                self.cursor
                    .key()
                    .filter(|key| self.within(key))
                    .map(<[u8]>::to_vec)
            } else {
                None
            };
            let own = self.own();
            let (key, from_own) = match (base, own) {
                (None, None) => {
                    self.record_end();
                    return Ok(None);
                }
                (Some(base), None) => (base, false),
                (None, Some(own)) => (own, true),
                (Some(base), Some(own)) => {
                    let own_first = match self.direction {
                        Direction::Forward => own <= base,
                        Direction::Backward => own >= base,
                    };
                    if own == base {
                        self.cursor_ready = self.step()?;
                    }
                    if own_first {
                        (own, true)
                    } else {
                        (base, false)
                    }
                }
            };
            self.progress = Progress::At(key.clone());
            if !from_own {
                return Ok(Some(Found::Base(key)));
            }
            let writes = self.store.tx.writes.borrow();
            if matches!(writes.get(self.store.id, &key), Some(Change::Put { .. })) {
                return Ok(Some(Found::Own(key)));
            }
        }
    }

    fn next_item(&mut self) -> Result<Option<Item>> {
        let definition = &self.store.definition;
        let item = match self.advance()? {
            None => return Ok(None),
            Some(Found::Own(key)) => {
                let writes = self.store.tx.writes.borrow();
                match writes.get(self.store.id, &key) {
                    Some(Change::Put { payload, .. }) => decode_item(definition, key, 0, payload)?,
                    _ => return Ok(None),
                }
            }
            Some(Found::Base(key)) => {
                let version = self.cursor.version().unwrap_or_default();
                let value = self.cursor.value()?;
                let payload = value.as_deref().unwrap_or_default();
                let item = decode_item(definition, key, version, payload)?;
                self.cursor_ready = self.step()?;
                item
            }
        };
        self.store.tx.count_read(0, 1);
        Ok(Some(item))
    }

    fn next_key(&mut self) -> Result<Option<KeyItem>> {
        let definition = &self.store.definition;
        Ok(match self.advance()? {
            None => None,
            Some(Found::Own(key)) => Some(decode_key(definition, key, 0)?),
            Some(Found::Base(key)) => {
                let item = decode_key(definition, key, self.cursor.version().unwrap_or_default())?;
                self.cursor_ready = self.step()?;
                Some(item)
            }
        })
    }

    /// Ends the walk and records the whole range as read.
    fn record_end(&mut self) {
        self.progress = Progress::Exhausted;
        self.store.read_range((self.lo.clone(), self.hi.clone()));
    }
}

impl Iterator for Range<'_> {
    type Item = Result<Item>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.next_item();
        if next.is_err() {
            self.record_end();
        }
        next.transpose()
    }
}

impl Drop for Range<'_> {
    fn drop(&mut self) {
        if let Progress::At(at) = std::mem::replace(&mut self.progress, Progress::Exhausted) {
            let end = Bound::Included(at);
            let lo = std::mem::replace(&mut self.lo, Bound::Unbounded);
            let hi = std::mem::replace(&mut self.hi, Bound::Unbounded);
            self.store.read_range(match self.direction {
                Direction::Forward => (lo, end),
                Direction::Backward => (end, hi),
            });
        }
    }
}

/// Keys of a range without their values. Made by [`Store::keys`].
#[derive(Debug)]
pub struct Keys<'s> {
    range: Range<'s>,
}

impl<'s> Keys<'s> {
    pub(super) fn new(range: Range<'s>) -> Self {
        Self { range }
    }
}

impl Iterator for Keys<'_> {
    type Item = Result<KeyItem>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.range.next_key();
        if next.is_err() {
            self.range.record_end();
        }
        next.transpose()
    }
}
