//! A hash of one field of a store, for looking items up by it within one statement.
//!
//! It says where items *may* be: values are kept as their hashes, numbers that compare equal under one, and SQLite
//! tests what comes out.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use rusqlite::types::ValueRef;

/// The most memory of one hash, in bytes; with more items than that holds a store is walked instead.
const MAX_BYTES: usize = 256 << 20;
const NONE: u32 = u32::MAX;

/// Positions of items by the hash of a value.
pub(crate) struct FieldHash {
    hasher: RandomState,
    /// The last entry of a hash.
    heads: HashMap<u64, u32>,
    /// For each entry the one before with the same hash, and where its position begins.
    entries: Vec<(u32, u32)>,
    positions: Vec<u8>,
}

impl FieldHash {
    pub fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            heads: HashMap::new(),
            entries: Vec::new(),
            positions: Vec::new(),
        }
    }

    /// The hash of a value; none for null, which equals nothing.
    pub fn hash_of(&self, value: ValueRef<'_>) -> Option<u64> {
        let mut hasher = self.hasher.build_hasher();
        match value {
            ValueRef::Null => return None,
            ValueRef::Integer(value) => hash_number(&mut hasher, value as f64),
            ValueRef::Real(value) => hash_number(&mut hasher, value),
            ValueRef::Text(text) => match number(text) {
                // Whether text is compared as a number is for SQLite to say.
                Some(value) => hash_number(&mut hasher, value),
                None => hasher.write(text),
            },
            ValueRef::Blob(bytes) => hasher.write(bytes),
        }
        Some(hasher.finish())
    }

    /// Adds an item; false when there is no room for more.
    #[must_use]
    pub fn add(&mut self, hash: u64, position: &[u8]) -> bool {
        let bytes = self.positions.len() + self.entries.len() * 8 + self.heads.len() * 24;
        if bytes > MAX_BYTES {
            return false;
        }
        let entry = self.entries.len() as u32;
        let before = self.heads.insert(hash, entry).unwrap_or(NONE);
        self.entries.push((before, self.positions.len() as u32));
        self.positions.extend_from_slice(position);
        true
    }

    /// The last item of a hash.
    pub fn find(&self, hash: u64) -> Option<u32> {
        self.heads.get(&hash).copied()
    }

    /// The item before one with the same hash.
    pub fn before(&self, entry: u32) -> Option<u32> {
        let (before, _) = self.entries.get(entry as usize)?;
        (*before != NONE).then_some(*before)
    }

    /// Where an item stands.
    pub fn position(&self, entry: u32) -> &[u8] {
        let at = entry as usize;
        let start = self.entries.get(at).map_or(0, |entry| entry.1 as usize);
        let end = self.entries.get(at + 1);
        let end = end.map_or(self.positions.len(), |entry| entry.1 as usize);
        self.positions.get(start..end).unwrap_or_default()
    }
}

fn hash_number(hasher: &mut impl Hasher, value: f64) {
    // Both zeros are one.
    hasher.write_u64((value + 0.0).to_bits());
}

fn number(text: &[u8]) -> Option<f64> {
    let first = text.trim_ascii().first()?;
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return None;
    }
    std::str::from_utf8(text).ok()?.trim().parse().ok()
}
