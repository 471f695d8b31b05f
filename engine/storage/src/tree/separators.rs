//! The keys between the children of an inner node.
//!
//! Built like a page: a payload of `u16` length and bytes for each key, and a sorted table. Child `i` of a
//! node holds the keys from separator `i - 1` (included) to separator `i` (excluded).

use super::slots::{Slots, common_prefix};

/// Sorted keys without values.
#[derive(Default, Debug)]
pub(crate) struct Separators {
    slots: Slots,
    payload: Vec<u8>,
    live: usize,
}

#[inline]
fn key_in(payload: &[u8], offset: usize) -> &[u8] {
    let len = usize::from(u16::from_le_bytes([payload[offset], payload[offset + 1]]));
    &payload[offset + 2..offset + 2 + len]
}

/// The shortest key that is greater than `left` and not greater than `right`, for `left < right`.
pub(crate) fn between<'a>(left: &[u8], right: &'a [u8]) -> &'a [u8] {
    let shared = common_prefix(left, right);
    &right[..right.len().min(shared + 1)]
}

impl Clone for Separators {
    fn clone(&self) -> Self {
        Self {
            slots: self.slots.copy(),
            payload: self.payload.clone(),
            live: self.live,
        }
    }
}

impl Separators {
    /// Number of separators.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Bytes of the separators with their lengths.
    pub fn live(&self) -> usize {
        self.live
    }

    /// Bytes that all separators are known to share.
    pub fn prefix_len(&self) -> usize {
        self.slots.prefix_len()
    }

    /// Separator `at`.
    #[inline]
    pub fn key(&self, at: usize) -> &[u8] {
        key_in(&self.payload, self.slots.offset(at))
    }

    /// Which child holds `key`.
    #[inline]
    pub fn child_of(&self, key: &[u8]) -> usize {
        match self.slots.find(key, |offset| key_in(&self.payload, offset)) {
            Ok(at) => at + 1,
            Err(at) => at,
        }
    }

    fn write(&mut self, key: &[u8]) -> usize {
        let offset = self.payload.len();
        self.payload
            .extend_from_slice(&(key.len() as u16).to_le_bytes());
        self.payload.extend_from_slice(key);
        self.live += key.len() + 2;
        offset
    }

    /// Inserts `key` as separator `at`, where it belongs.
    pub fn insert(&mut self, at: usize, key: &[u8]) {
        let offset = self.write(key);
        let payload = &self.payload;
        self.slots
            .insert(at, key, offset, |offset| key_in(payload, offset));
    }

    /// Adds a key behind all others when separators are built; [`finish`](Self::finish) must follow.
    pub fn push(&mut self, key: &[u8]) {
        let offset = self.write(key);
        self.slots.push_offset(offset);
    }

    /// Ends building by [`push`](Self::push).
    pub fn finish(&mut self) {
        let payload = &self.payload;
        self.slots.rebuild(|offset| key_in(payload, offset));
    }

    /// Removes separator `at`.
    pub fn remove(&mut self, at: usize) {
        self.live -= self.key(at).len() + 2;
        self.slots.remove(at);
        if self.payload.len() > 1024 && self.live * 2 < self.payload.len() {
            *self = self.copy(0, self.len());
        }
    }

    /// Puts `key` in the place of separator `at`.
    pub fn replace(&mut self, at: usize, key: &[u8]) {
        self.remove(at);
        self.insert(at, key);
    }

    /// The separators from `from` to `to` (excluded).
    pub fn copy(&self, from: usize, to: usize) -> Self {
        let mut out = Self::default();
        for at in from..to {
            out.push(self.key(at));
        }
        out.finish();
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_separator_is_short_and_between() {
        assert_eq!(between(b"abc", b"abd"), b"abd");
        assert_eq!(between(b"apple", b"banana"), b"b");
        assert_eq!(between(b"", b"banana"), b"b");
        assert_eq!(between(b"a", b"a\0"), b"a\0");
    }

    #[test]
    fn children_are_found() {
        let mut keys = Separators::default();
        keys.insert(0, b"m");
        keys.insert(0, b"c");
        keys.insert(2, b"mm");
        assert_eq!(keys.child_of(b""), 0);
        assert_eq!(keys.child_of(b"c"), 1);
        assert_eq!(keys.child_of(b"ma"), 2);
        assert_eq!(keys.child_of(b"mm"), 3);
        keys.replace(1, b"k");
        assert_eq!(keys.child_of(b"l"), 2);
        keys.remove(0);
        assert_eq!(keys.child_of(b"c"), 0);
        assert_eq!(keys.len(), 2);
    }
}
