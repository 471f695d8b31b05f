//! Items of a range that the caller owns, one after the other. Made of a [`Cursor`], which merges the
//! snapshot with the transaction's own changes and notes what was read.

use super::cursor::Cursor;
use super::item::{Item, KeyItem, decode_key};
use crate::error::Result;

/// Which way a range is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Ascending in the store's order.
    Forward,
    /// Descending.
    Backward,
}

/// Items of a range. Made by [`DocumentStore::range`](super::DocumentStore::range).
#[derive(Debug)]
pub struct Range<'s> {
    cursor: Cursor<'s>,
    direction: Direction,
}

impl<'s> Range<'s> {
    pub(super) fn new(mut cursor: Cursor<'s>, direction: Direction) -> Self {
        if direction == Direction::Backward {
            cursor.go_behind();
        }
        Self { cursor, direction }
    }

    /// Whether there is another item, where the cursor stands then.
    fn step(&mut self) -> Result<bool> {
        let more = self.cursor.step(self.direction);
        if let Err(error) = more {
            self.cursor.give_up();
            return Err(error);
        }
        more
    }

    fn next_key(&mut self) -> Result<Option<KeyItem>> {
        if !self.step()? {
            return Ok(None);
        }
        let Some(position) = self.cursor.position() else {
            return Ok(None);
        };
        let version = self.cursor.version().unwrap_or_default();
        decode_key(self.cursor.store().definition(), position, version).map(Some)
    }
}

impl Iterator for Range<'_> {
    type Item = Result<Item>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.step() {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => return Some(Err(error)),
        }
        self.cursor.store().tx.count_read(0, 1);
        let item = match self.cursor.item() {
            Ok(Some(item)) => item.to_item(),
            Ok(None) => return None,
            Err(error) => Err(error),
        };
        if item.is_err() {
            self.cursor.give_up();
        }
        Some(item)
    }
}

/// Keys of a range without their values. Made by [`DocumentStore::keys`](super::DocumentStore::keys).
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
            self.range.cursor.give_up();
        }
        next.transpose()
    }
}
