//! The page: a leaf of the tree in memory.
//!
//! A slotted page: entries are appended to one payload buffer, a small sorted table
//! ([`Slots`]) says where they are. Inserting moves only table entries, copying a page is a copy of
//! two or three buffers. Entries that were removed or outgrown leave dead bytes behind, and
//! the payload is compacted when these become many.
//!
//! Entry: version `u64`, value length `u32`, key length `u16`, key, value. A value kept apart has the length
//! [`SEPARATE`] and a `u32` index into `separate` instead of its bytes.
//!
//! Always: every offset in the table is the start of a whole entry in the payload (so the
//! indexing below cannot fail); `live` is the sum of the sizes of the entries in the table.

use std::sync::Arc;

use super::slots::Slots;
use super::value::ValueHandle;

/// Bytes of an entry before its key.
pub(crate) const ENTRY_HEADER: usize = 14;
/// Value length that says "kept apart".
const SEPARATE: u32 = u32::MAX;
/// So many insertions in ascending order are taken as the sign of more to come.
const RUN: u32 = 8;
/// Below this many payload bytes compaction isn't worth it.
const COMPACT_MIN: usize = 512;

/// What to store as the value of an item.
#[derive(Clone)]
pub(crate) enum PageValue<'a> {
    /// The bytes, in the page.
    Inline(&'a [u8]),
    /// A value kept apart.
    Separate(&'a Arc<ValueHandle>),
}

impl PageValue<'_> {
    /// Length of the value, in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Inline(bytes) => bytes.len() as u64,
            Self::Separate(handle) => handle.len(),
        }
    }
}

/// A sorted run of items.
#[derive(Default)]
pub(crate) struct Page {
    slots: Slots,
    payload: Vec<u8>,
    live: usize,
    separate: Vec<Option<Arc<ValueHandle>>>,
    /// Position of the last insertion and how many before it went in ascending order.
    last: u32,
    run: u32,
}

#[inline]
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut raw = [0; 4];
    raw.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(raw)
}

/// The key of the entry at `offset` of `payload`.
#[inline]
fn key_in(payload: &[u8], offset: usize) -> &[u8] {
    let len = usize::from(u16::from_le_bytes([
        payload[offset + 12],
        payload[offset + 13],
    ]));
    &payload[offset + ENTRY_HEADER..offset + ENTRY_HEADER + len]
}

impl Clone for Page {
    /// A page is copied to be changed, so the copy has room for a few more entries.
    fn clone(&self) -> Self {
        let len = self.payload.len();
        let mut payload = Vec::with_capacity(len + len / 16 + 512);
        payload.extend_from_slice(&self.payload);
        Self {
            slots: self.slots.copy(),
            payload,
            live: self.live,
            separate: self.separate.clone(),
            last: self.last,
            run: self.run,
        }
    }
}

impl Page {
    /// An empty page with room for `items` entries of `bytes` together.
    pub fn with_capacity(items: usize, bytes: usize) -> Self {
        Self {
            slots: Slots::with_capacity(items),
            payload: Vec::with_capacity(bytes),
            ..Self::default()
        }
    }

    /// Number of items.
    #[inline]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Bytes of the live entries with their headers.
    pub fn live(&self) -> usize {
        self.live
    }

    /// Memory this page holds, in bytes, values kept apart not counted.
    pub fn memory(&self) -> usize {
        size_of::<Self>()
            + self.slots.memory()
            + self.payload.capacity()
            + self.separate.capacity() * size_of::<Option<Arc<ValueHandle>>>()
    }

    /// Where `key` is, or where it belongs.
    #[inline]
    pub fn find(&self, key: &[u8]) -> std::result::Result<usize, usize> {
        self.slots.find(key, |offset| key_in(&self.payload, offset))
    }

    /// Key of item `at`.
    #[inline]
    pub fn key(&self, at: usize) -> &[u8] {
        key_in(&self.payload, self.slots.offset(at))
    }

    /// First and last key, if there are items.
    pub fn ends(&self) -> Option<(&[u8], &[u8])> {
        let last = self.len().checked_sub(1)?;
        Some((self.key(0), self.key(last)))
    }

    /// Bytes that all keys are known to share.
    pub fn prefix_len(&self) -> usize {
        self.slots.prefix_len()
    }

    /// Version of item `at`.
    #[inline]
    pub fn version(&self, at: usize) -> u64 {
        let offset = self.slots.offset(at);
        let mut raw = [0; 8];
        raw.copy_from_slice(&self.payload[offset..offset + 8]);
        u64::from_le_bytes(raw)
    }

    /// Start and end in the payload of the value of item `at`, or the value kept apart.
    #[inline]
    pub fn value_place(&self, at: usize) -> ValuePlace<'_> {
        let offset = self.slots.offset(at);
        let start = offset + ENTRY_HEADER + key_in(&self.payload, offset).len();
        match u32_at(&self.payload, offset + 8) {
            SEPARATE => ValuePlace::Separate(
                self.separate
                    .get(u32_at(&self.payload, start) as usize)
                    .and_then(Option::as_ref),
            ),
            len => ValuePlace::Inline(start, start + len as usize),
        }
    }

    /// The bytes from `start` to `end` of the payload, as told by [`value_place`](Self::value_place).
    #[inline]
    pub fn payload(&self, start: usize, end: usize) -> &[u8] {
        &self.payload[start..end]
    }

    /// Value of item `at`.
    #[inline]
    pub fn value(&self, at: usize) -> PageValue<'_> {
        match self.value_place(at) {
            ValuePlace::Inline(start, end) => PageValue::Inline(&self.payload[start..end]),
            ValuePlace::Separate(Some(handle)) => PageValue::Separate(handle),
            // Entries and handles are only made together.
            ValuePlace::Separate(None) => PageValue::Inline(&[]),
        }
    }

    /// The values kept apart.
    pub fn separate(&self) -> impl Iterator<Item = &Arc<ValueHandle>> {
        self.separate.iter().flatten()
    }

    /// Size of the entry at `offset`.
    fn entry_len(&self, offset: usize) -> usize {
        let value = match u32_at(&self.payload, offset + 8) {
            SEPARATE => 4,
            len => len as usize,
        };
        ENTRY_HEADER + key_in(&self.payload, offset).len() + value
    }

    /// Appends an entry to the payload and returns its offset.
    fn write_entry(&mut self, key: &[u8], version: u64, value: &PageValue<'_>) -> usize {
        let body = match value {
            PageValue::Inline(bytes) => bytes.len(),
            PageValue::Separate(_) => 4,
        };
        let size = ENTRY_HEADER + key.len() + body;
        self.make_room(size);
        let offset = self.payload.len();
        let len = match value {
            PageValue::Inline(bytes) => bytes.len() as u32,
            PageValue::Separate(_) => SEPARATE,
        };
        let mut header = [0; ENTRY_HEADER];
        header[..8].copy_from_slice(&version.to_le_bytes());
        header[8..12].copy_from_slice(&len.to_le_bytes());
        header[12..].copy_from_slice(&(key.len() as u16).to_le_bytes());
        self.payload.extend_from_slice(&header);
        self.payload.extend_from_slice(key);
        match value {
            PageValue::Inline(bytes) => self.payload.extend_from_slice(bytes),
            PageValue::Separate(handle) => {
                let index = self.separate.len() as u32;
                self.separate.push(Some(Arc::clone(handle)));
                self.payload.extend_from_slice(&index.to_le_bytes());
            }
        }
        self.live += size;
        offset
    }

    /// Makes sure `size` more bytes fit: by compaction when a quarter is dead, else by growing a little.
    fn make_room(&mut self, size: usize) {
        if self.payload.len() + size <= self.payload.capacity() {
            return;
        }
        if (self.payload.len() - self.live) * 4 > self.payload.len() {
            self.compact(size);
        } else {
            let slack = (self.payload.len() / 4).max(512);
            self.payload.reserve_exact(size + slack);
        }
    }

    /// Inserts an item at the position that [`find`](Self::find) gave. The key is at most 64 KiB.
    pub fn insert(&mut self, at: usize, key: &[u8], version: u64, value: &PageValue<'_>) {
        let offset = self.write_entry(key, version, value);
        let payload = &self.payload;
        self.slots
            .insert(at, key, offset, |offset| key_in(payload, offset));
        self.run = if at > 0 && at as u32 == self.last + 1 {
            self.run.saturating_add(1)
        } else {
            0
        };
        self.last = at as u32;
    }

    /// Adds an item behind all others when a page is built; [`finish`](Self::finish) must follow.
    pub fn push(&mut self, key: &[u8], version: u64, value: &PageValue<'_>) {
        let offset = self.write_entry(key, version, value);
        self.slots.push_offset(offset);
    }

    /// Ends building by [`push`](Self::push).
    pub fn finish(&mut self) {
        let payload = &self.payload;
        self.slots.rebuild(|offset| key_in(payload, offset));
        self.last = 0;
        self.run = 0;
    }

    /// Gives back memory that many more items would take, after building.
    pub fn shrink(&mut self) {
        if self.payload.len() < self.payload.capacity() / 2 {
            self.payload.shrink_to(self.payload.len() + 512);
        }
    }

    /// Gives item `at` another version and value. Returns the old value when it was kept apart.
    pub fn replace(
        &mut self,
        at: usize,
        version: u64,
        value: &PageValue<'_>,
    ) -> Option<Arc<ValueHandle>> {
        let offset = self.slots.offset(at);
        let old_len = u32_at(&self.payload, offset + 8);
        if let PageValue::Inline(bytes) = value
            && old_len != SEPARATE
            && bytes.len() <= old_len as usize
        {
            let start = offset + ENTRY_HEADER + key_in(&self.payload, offset).len();
            self.payload[offset..offset + 8].copy_from_slice(&version.to_le_bytes());
            self.payload[offset + 8..offset + 12]
                .copy_from_slice(&(bytes.len() as u32).to_le_bytes());
            self.payload[start..start + bytes.len()].copy_from_slice(bytes);
            self.live -= old_len as usize - bytes.len();
            return None;
        }
        let key = self.key(at).to_vec();
        let old = self.take_separate(offset);
        self.live -= self.entry_len(offset);
        self.slots.remove(at);
        let offset = self.write_entry(&key, version, value);
        let payload = &self.payload;
        self.slots
            .insert(at, &key, offset, |offset| key_in(payload, offset));
        old
    }

    /// Removes item `at`. Returns its value when it was kept apart.
    pub fn remove(&mut self, at: usize) -> Option<Arc<ValueHandle>> {
        let offset = self.slots.offset(at);
        let old = self.take_separate(offset);
        self.live -= self.entry_len(offset);
        self.slots.remove(at);
        self.last = u32::MAX / 2;
        self.run = 0;
        self.compact_if_sparse();
        old
    }

    fn take_separate(&mut self, offset: usize) -> Option<Arc<ValueHandle>> {
        if u32_at(&self.payload, offset + 8) != SEPARATE {
            return None;
        }
        let start = offset + ENTRY_HEADER + key_in(&self.payload, offset).len();
        let index = u32_at(&self.payload, start) as usize;
        self.separate.get_mut(index).and_then(Option::take)
    }

    /// Replaces the handle of a value kept apart by another for the same value.
    pub fn swap_separate(&mut self, at: usize, handle: Arc<ValueHandle>) -> bool {
        let offset = self.slots.offset(at);
        if u32_at(&self.payload, offset + 8) != SEPARATE {
            return false;
        }
        let start = offset + ENTRY_HEADER + key_in(&self.payload, offset).len();
        let index = u32_at(&self.payload, start) as usize;
        match self.separate.get_mut(index) {
            Some(place) => {
                *place = Some(handle);
                true
            }
            None => false,
        }
    }

    fn compact_if_sparse(&mut self) {
        let dead = self.payload.len() - self.live;
        if self.payload.len() > COMPACT_MIN && dead * 2 > self.payload.len() {
            self.compact(0);
        }
    }

    /// Copies the live entries, in key order, to a payload with room for `extra` more bytes.
    fn compact(&mut self, extra: usize) {
        let mut payload = Vec::with_capacity(self.live + extra + self.live / 8);
        let mut separate = Vec::new();
        for at in 0..self.slots.len() {
            let from = self.slots.offset(at);
            let to = payload.len();
            payload.extend_from_slice(&self.payload[from..from + self.entry_len(from)]);
            if u32_at(&self.payload, from + 8) == SEPARATE {
                let index = payload.len() - 4;
                let handle = self.take_separate(from);
                payload[index..].copy_from_slice(&(separate.len() as u32).to_le_bytes());
                separate.push(handle);
            }
            self.slots.set_offset(at, to);
        }
        self.payload = payload;
        self.separate = separate;
    }

    /// Moves the items from `at` on to a new page.
    pub fn split_off(&mut self, at: usize) -> Self {
        let mut right = Self::default();
        let bytes: usize = self.slots.offsets()[at..]
            .iter()
            .map(|offset| self.entry_len(*offset as usize))
            .sum();
        right.payload.reserve_exact(bytes + bytes / 4);
        right.slots = Slots::with_capacity(self.len() - at);
        for index in at..self.len() {
            right.push_from(self, index);
        }
        right.finish();
        for index in at..self.len() {
            let offset = self.slots.offset(index);
            self.take_separate(offset);
        }
        self.live -= bytes;
        self.slots.truncate(at);
        if (self.payload.len() - self.live) * 8 > self.payload.len() {
            self.compact(0);
        }
        let payload = &self.payload;
        self.slots.rebuild(|offset| key_in(payload, offset));
        self.last = 0;
        self.run = 0;
        right
    }

    /// Adds all items of `other`, whose keys are behind those of this page.
    pub fn append(&mut self, other: &Self) {
        self.payload.reserve_exact(other.live);
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
        for (at, offset) in self.slots.offsets().iter().enumerate() {
            bytes += self.entry_len(*offset as usize);
            if bytes * 2 >= self.live {
                return (at + 1).clamp(1, len - 1);
            }
        }
        len / 2
    }

    /// What is wrong with the invariants of this page, if anything.
    pub fn defect(&self) -> Option<String> {
        let mut live = 0;
        for at in 0..self.len() {
            live += self.entry_len(self.slots.offset(at));
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
        (live != self.live).then(|| format!("live bytes are {live}, not {}", self.live))
    }
}

/// Where the value of an item is.
pub(crate) enum ValuePlace<'a> {
    /// From, to in the payload.
    Inline(usize, usize),
    /// Kept apart (always present; `None` would be a broken page).
    Separate(Option<&'a Arc<ValueHandle>>),
}
