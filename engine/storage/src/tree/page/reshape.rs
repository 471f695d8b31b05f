//! Dividing and joining pages, and checking one.
//!
//! Items are moved in key order, so the new page's entries lie in that order.

use super::{Page, ValuePlace};

/// So many insertions in ascending order are taken as the sign of more to come.
const RUN: u32 = 8;

impl Page {
    /// Moves the items from `at` on to a new page.
    pub fn split_off(&mut self, at: usize) -> Self {
        let moved = self.len() - at;
        let bytes: usize = (at..self.len())
            .map(|i| self.entry_len(self.offset(i)))
            .sum();
        let mut right = Self::with_capacity(moved + moved / 4 + 4, bytes + bytes / 4);
        for index in at..self.len() {
            right.push_from(self, index);
        }
        right.finish();
        for index in at..self.len() {
            let offset = self.offset(index);
            self.take_separate(offset);
        }
        self.live -= bytes as u32;
        self.count = at as u32;
        let entries = self.entries();
        if (entries - self.live()) * 8 > entries {
            self.compact(0);
        }
        self.finish();
        right
    }

    /// Adds all items of `other`, whose keys are behind those of this page.
    pub fn append(&mut self, other: &Self) {
        self.lay_out(self.len() + other.len(), self.entries() + other.live());
        for at in 0..other.len() {
            self.push_from(other, at);
        }
        self.finish();
    }

    fn push_from(&mut self, other: &Self, at: usize) {
        self.push(other.key(at), other.version(at), &other.value(at));
    }

    /// Whether the last insertion went on with a run at the end of this page, where a split leaves the page full.
    pub fn is_appended(&self, rightmost: bool) -> bool {
        self.last as usize + 1 == self.len() && (rightmost || self.run >= RUN)
    }

    /// Where to split this page, which is too full, so that both parts have items. `rightmost` says
    /// that no page follows: there an append leaves its page full instead of half full.
    pub fn split_point(&self, rightmost: bool) -> usize {
        let len = self.len();
        let last = self.last as usize;
        if self.is_appended(rightmost) {
            return len - 1;
        }
        if self.run >= RUN && last + 1 < len {
            return last + 1;
        }
        let mut bytes = 0;
        for at in 0..len {
            bytes += self.entry_len(self.offset(at));
            if bytes * 2 >= self.live() {
                return (at + 1).clamp(1, len - 1);
            }
        }
        len / 2
    }

    /// What is wrong with the invariants of this page, if anything.
    pub fn defect(&self) -> Option<String> {
        let mut live = 0;
        for at in 0..self.len() {
            live += self.entry_len(self.offset(at));
            if at > 0 && self.key(at - 1) >= self.key(at) {
                return Some(format!("keys {} and {at} are not ascending", at - 1));
            }
            if self.find(self.key(at)) != Ok(at) {
                return Some(format!("key {at} is not found by a search"));
            }
            if matches!(self.value_place(at), ValuePlace::Separate(None)) {
                return Some(format!("the value of key {at} is missing"));
            }
        }
        (live != self.live()).then(|| format!("live bytes are {live}, not {}", self.live))
    }
}
