//! The fields that the items of a store show: which there are, of which kinds, in how many items.
//!
//! Each store's state has one [`Shapes`], changed with every item that a commit changes: the value that goes is
//! taken off, the one that comes is added. Always true:
//!
//! - The counts are those of the items of the snapshot, while [`Shapes::is_exact`] says so.
//! - What an item counts for depends on its value and on the fields that are told apart, and these change
//!   only so that no item that was counted counts for something else.
//! - Memory is bounded by the constants here, whatever the documents are; what is beyond them is marked.
//!
//! Most documents of a store are alike, so counting is by shape: a document is compared with the shapes that
//! were seen last, and one number goes up. The numbers are added to the fields when someone asks, or when
//! the memory of shapes is full. Sums do not care in which way an item was counted.
//!
//! It knows nothing of declared schemas; [`schema`] brings both together.

mod column;
mod encoding;
mod memo;
mod names;
mod recount;
pub(crate) mod schema;
#[cfg(test)]
mod tests;
mod walk;
mod watch;

use std::sync::Arc;

use column::{COLUMNS, Counts};
use memo::Memo;
use names::{Names, ROOT};
use walk::{Part, Walk};

use crate::document::DocumentRef;
pub(crate) use recount::{Recount, mended};
pub(crate) use watch::ShapeWatch;

/// The most names that are told apart at the top of a store's values.
pub const MAX_TOP_FIELDS: usize = 1_000;
/// The most names that are told apart in all objects below the top, and in one of them.
const MAX_NESTED_FIELDS: usize = 1_000;
/// See [`MAX_NESTED_FIELDS`].
const MAX_NESTED_IN_ONE: usize = 200;
/// How many steps from the whole value fields are looked for.
const MAX_DEPTH: usize = 5;
/// Elements of an array that are looked at, from its beginning.
const MAX_ELEMENTS: usize = 32;
/// Fields, and elements that are containers, that are looked at in one document, from its beginning.
const MAX_VALUES: usize = 1_000;
/// Longer names are not told apart, in bytes.
const MAX_NAME_BYTES: usize = 256;
/// So many items have to go before fields without any item are given up for new ones.
const REMOVED_BEFORE_RENEWAL: u32 = 1_000;

/// The counts of one store. Cloning shares what does not change.
#[derive(Clone, Debug)]
pub(crate) struct Shapes {
    names: Arc<Names>,
    /// By field; what the memo has not added yet is missing.
    counts: Arc<Vec<Counts>>,
    memo: Memo,
    exact: bool,
    /// A name was refused since the fields were made anew.
    refused: bool,
    /// Items that went since then.
    removed: u32,
    /// Empty between calls; kept for its memory.
    parts: Vec<Part>,
}

impl Default for Shapes {
    fn default() -> Self {
        Self {
            names: Arc::default(),
            counts: Arc::new(vec![[0; COLUMNS]]),
            memo: Memo::default(),
            exact: true,
            refused: false,
            removed: 0,
            parts: Vec::new(),
        }
    }
}

impl Shapes {
    /// Whether the counts are those of the items. They are not after a value could not be read when it was
    /// replaced or removed.
    pub fn is_exact(&self) -> bool {
        self.exact
    }

    /// An item came with this encoded document.
    #[inline]
    pub fn add(&mut self, document: &[u8]) {
        self.count(document, 1);
    }

    /// An item with this encoded document went.
    #[inline]
    pub fn remove(&mut self, document: &[u8]) {
        self.count(document, -1);
    }

    /// An item went, and it is not known what it was.
    pub fn lose(&mut self) {
        self.exact = false;
    }

    #[inline]
    fn count(&mut self, document: &[u8], by: i64) {
        match DocumentRef::from_trusted(document) {
            Ok(root) if self.memo.count(&self.names, root, by) => {}
            Ok(root) => self.count_slowly(root, by),
            // Nothing can be said of it, neither now nor when it goes.
            Err(_) => {}
        }
    }

    #[cold]
    fn count_slowly(&mut self, root: DocumentRef<'_>, by: i64) {
        if by < 0 {
            self.removed = self.removed.saturating_add(1);
        } else if self.refused && self.removed >= REMOVED_BEFORE_RENEWAL {
            *self = self.renewed();
        }
        let parts = std::mem::take(&mut self.parts);
        let walked = Walk::new(&mut self.names, &self.counts, by > 0, parts).run(root);
        if walked.unknown {
            self.exact = false;
        }
        self.refused |= !walked.lasting;
        if self.counts.len() < self.names.len() {
            Arc::make_mut(&mut self.counts).resize(self.names.len(), [0; COLUMNS]);
        }
        if !walked.lasting || !self.memo.learn(&walked.parts, by) {
            let counts = Arc::make_mut(&mut self.counts);
            if self.memo.is_full() {
                self.memo.add_to(counts);
                self.memo = Memo::default();
            }
            add_parts(counts, &walked.parts, by);
        }
        self.parts = walked.parts;
        self.parts.clear();
    }

    /// The counts of all fields.
    fn totals(&self) -> Vec<Counts> {
        let mut totals = self.counts.to_vec();
        self.memo.add_to(&mut totals);
        totals
    }

    /// The same without the fields that no item has.
    fn renewed(&self) -> Self {
        let totals = self.totals();
        let mut names = Names::default();
        let mut counts = Vec::with_capacity(totals.len());
        // Of each field, the number it has now; of one that is gone, none.
        let mut moved: Vec<Option<u32>> = Vec::with_capacity(totals.len());
        for ((number, field), total) in self.names.iter().zip(totals) {
            let parent = moved.get(field.parent as usize).copied().flatten();
            let to = match parent {
                _ if number == ROOT => Some(ROOT),
                Some(parent) if total != [0; COLUMNS] => Some(if field.is_elements {
                    names.add_elements(parent)
                } else {
                    names.add(parent, &field.name)
                }),
                _ => None,
            };
            if to.is_some() {
                counts.push(total);
            }
            moved.push(to);
        }
        Self {
            names: Arc::new(names),
            counts: Arc::new(counts),
            exact: self.exact,
            ..Self::default()
        }
    }
}

fn add_parts(counts: &mut [Counts], parts: &[Part], by: i64) {
    for part in parts {
        add_part(counts, *part, by);
    }
}

fn add_part(counts: &mut [Counts], part: Part, by: i64) {
    if let Some(counts) = counts.get_mut(part.field as usize) {
        let mut columns = part.columns;
        while columns != 0 {
            counts[columns.trailing_zeros() as usize % COLUMNS] += by;
            columns &= columns - 1;
        }
    }
}
