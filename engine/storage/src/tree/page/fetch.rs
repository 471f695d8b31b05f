//! Asking the processor for memory that is about to be read. Only hints: nothing is read, and nothing changes.

use prefetch_index::prefetch_index;

use super::super::slots::{WINDOW, lower_bound};
use super::{ENTRY_HEADER, HEAD, Page, SEPARATE, key_in, offset_place, u32_at};

/// Items whose memory is asked for together.
pub(crate) const FETCH: usize = 8;
/// Bytes that memory comes in.
const LINE: usize = 64;

impl Page {
    /// Asks for the memory of what a walk comes to, when it enters the group of [`FETCH`] items that item `at` is in: of
    /// the next group the beginnings of the entries, and of this one, whose beginnings are there, the ends, where
    /// documents have their tables.
    ///
    /// What a walk reads of an item is decided by what it read before, so that the processor, left alone, would wait for
    /// the memory of each in turn.
    #[inline]
    pub fn fetch(&self, at: usize, forward: bool) {
        let here = at - at % FETCH;
        let next = if forward {
            Some(here + FETCH)
        } else {
            here.checked_sub(FETCH)
        };
        let group = |from: usize| from..(from + FETCH).min(self.len());
        for at in next.into_iter().flat_map(group) {
            self.fetch_start(at);
        }
        for at in group(here) {
            self.fetch_end(at);
        }
    }

    /// Asks for the memory of the table that a search for `key` will most likely read.
    #[inline]
    pub fn fetch_table(&self, key: &[u8]) {
        let guess = self.spread.guess(self.prefix.head(key), self.len());
        prefetch_index(&*self.bytes, guess.saturating_sub(WINDOW / 2) * HEAD);
        prefetch_index(&*self.bytes, (guess + WINDOW / 2) * HEAD);
        prefetch_index(&*self.bytes, offset_place(self.room(), guess));
    }

    /// Asks for the beginning of the entry that has `key`, if one has.
    #[inline]
    pub fn fetch_candidate(&self, key: &[u8]) {
        let at = lower_bound(self.heads(), self.spread, self.prefix.head(key));
        if at < self.len() {
            self.fetch_start(at);
        }
    }

    /// Asks for the beginning of the entry of item `at`.
    #[inline]
    pub fn fetch_start(&self, at: usize) {
        let offset = self.offset(at);
        prefetch_index(&*self.bytes, offset);
        // An entry may begin anywhere in a line.
        prefetch_index(&*self.bytes, offset + LINE);
    }

    /// Asks for the end of the entry of item `at`; reads its header.
    #[inline]
    pub fn fetch_end(&self, at: usize) {
        let offset = self.offset(at);
        let value = offset + ENTRY_HEADER + key_in(&self.bytes, offset).len();
        let length = u32_at(&self.bytes, offset + 8);
        if length > 0 && length != SEPARATE {
            prefetch_index(&*self.bytes, value + length as usize - 1);
        }
    }
}
