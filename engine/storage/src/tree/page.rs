//! The page: a leaf of the tree in memory.
//!
//! A slotted page in one allocation: a sorted table in front, and behind it the entries in the order of
//! their insertion. The table has for each item the *head* of its key (see [`slots`](super::slots)) and where
//! its entry lies. Inserting moves only the table, copying a page is one copy, finding an item
//! touches the table and one entry. Entries that were removed or outgrown leave dead bytes behind, and
//! the page is compacted when these become many.
//!
//! Buffer: `room` heads (`u64`), `room` offsets (`u32`) of which the first `count` are in use, entries up to
//! `used`. Entry: version `u64`, value length `u32`, key length `u16`, key, value. A value kept apart has the
//! length [`SEPARATE`] and a `u32` index into `separate` instead of its bytes. Numbers in the table are
//! in the machine's order, as they never leave its memory.
//!
//! A clone shares the buffer; changing a page whose buffer is shared copies it first. So whoever holds a
//! clone, or the buffer alone, sees no change.
//!
//! Always: every offset in the table is the start of a whole entry in the buffer (so the indexing below
//! cannot fail); `live` is the sum of the sizes of the entries in the table.

mod fetch;
mod reshape;

use std::cmp::Ordering;
use std::sync::Arc;

pub(crate) use fetch::FETCH;

use super::slots::{Prefix, Spread, common_prefix, search};
use super::value::ValueHandle;

/// Bytes of an entry before its key.
pub(crate) const ENTRY_HEADER: usize = 14;
/// Value length that says "kept apart".
const SEPARATE: u32 = u32::MAX;
/// Below this many bytes of entries compaction isn't worth it.
const COMPACT_MIN: usize = 512;
/// Bytes of a head, of an offset, and of both.
const HEAD: usize = 8;
const OFFSET: usize = 4;
const SLOT: usize = HEAD + OFFSET;

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

    /// Bytes that the value takes in an entry.
    fn body(&self) -> usize {
        match self {
            Self::Inline(bytes) => bytes.len(),
            Self::Separate(_) => 4,
        }
    }
}

/// An item in its page.
pub(crate) struct PageItem<'a> {
    pub key: &'a [u8],
    pub version: u64,
    pub value: ValuePlace<'a>,
}

/// Where the value of an item is.
pub(crate) enum ValuePlace<'a> {
    /// From, to in the buffer.
    Inline(usize, usize),
    /// Kept apart (always present; `None` would be a broken page).
    Separate(Option<&'a Arc<ValueHandle>>),
}

type Handles = Vec<Option<Arc<ValueHandle>>>;

/// A sorted run of items. A clone shares the buffer.
#[derive(Default, Clone)]
pub(crate) struct Page {
    bytes: Arc<[u8]>,
    prefix: Prefix,
    /// Of the heads.
    spread: Spread,
    /// Items, and how many the table has room for.
    count: u32,
    room: u32,
    /// Where the next entry goes.
    used: u32,
    live: u32,
    /// Position of the last insertion and how many before it went in ascending order.
    last: u32,
    run: u32,
    separate: Option<Arc<Handles>>,
}

#[inline]
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut raw = [0; 4];
    raw.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(raw)
}

/// The key of the entry at `offset`.
#[inline]
fn key_in(bytes: &[u8], offset: usize) -> &[u8] {
    let len = usize::from(u16::from_le_bytes([bytes[offset + 12], bytes[offset + 13]]));
    &bytes[offset + ENTRY_HEADER..offset + ENTRY_HEADER + len]
}

/// Where the offset of item `at` lies in a buffer with a table for `room` items.
#[inline]
fn offset_place(room: usize, at: usize) -> usize {
    room * HEAD + at * OFFSET
}

#[inline]
fn offset_in(bytes: &[u8], room: usize, at: usize) -> usize {
    let place = offset_place(room, at);
    let mut raw = [0; OFFSET];
    raw.copy_from_slice(&bytes[place..place + OFFSET]);
    u32::from_ne_bytes(raw) as usize
}

#[inline]
fn set_offset(bytes: &mut [u8], room: usize, at: usize, offset: usize) {
    let place = offset_place(room, at);
    bytes[place..place + OFFSET].copy_from_slice(&(offset as u32).to_ne_bytes());
}

#[inline]
fn set_head(bytes: &mut [u8], at: usize, head: u64) {
    bytes[at * HEAD..][..HEAD].copy_from_slice(&head.to_ne_bytes());
}

/// What an allocation has beside the buffer: two counts, and a word of the allocator's own as a rule.
const ALLOCATION: usize = 24;

/// The size of a buffer for at least `bytes`. Pages come and go all the time, and each has another size; with a few
/// sizes to choose from, what one leaves in memory is a place for the next and not a gap that is a little too small. Up
/// to an eighth is given away for it, a twentieth on average.
fn usual_size(bytes: usize) -> usize {
    let size = bytes + ALLOCATION;
    let step = (size.next_power_of_two() / 16).max(64);
    size.next_multiple_of(step) - ALLOCATION
}

fn compute_heads(bytes: &mut [u8], room: usize, count: usize, prefix: Prefix) {
    for at in 0..count {
        let head = prefix.head(key_in(bytes, offset_in(bytes, room, at)));
        set_head(bytes, at, head);
    }
}

impl Page {
    /// An empty page with room for `items` entries of `bytes` together, and for what is left to a usual size: some
    /// more entries like these.
    pub fn with_capacity(items: usize, bytes: usize) -> Self {
        let least = items * SLOT + bytes;
        let size = usual_size(least);
        let items = items + (size - least) * items / least.max(1);
        Self {
            bytes: std::iter::repeat_n(0, size).collect(),
            room: items as u32,
            used: (items * SLOT) as u32,
            ..Self::default()
        }
    }

    /// Number of items.
    #[inline]
    pub fn len(&self) -> usize {
        self.count as usize
    }

    #[inline]
    fn room(&self) -> usize {
        self.room as usize
    }

    /// Bytes of the live entries with their headers.
    pub fn live(&self) -> usize {
        self.live as usize
    }

    /// Bytes of all entries, dead ones too.
    fn entries(&self) -> usize {
        self.used as usize - self.room() * SLOT
    }

    /// Memory this page holds, in bytes, values kept apart not counted.
    pub fn memory(&self) -> usize {
        let separate = self.separate.as_ref().map_or(0, |handles| {
            handles.capacity() * size_of::<Option<Arc<ValueHandle>>>()
        });
        size_of::<Self>() + self.bytes.len() + separate
    }

    /// Whether someone else holds the buffer, so that a change copies it.
    pub fn is_shared(&self) -> bool {
        // All empty pages share one empty buffer.
        !self.bytes.is_empty() && Arc::strong_count(&self.bytes) > 1
    }

    /// The buffer, for values that are read on after the page was left.
    #[inline]
    pub fn bytes(&self) -> &Arc<[u8]> {
        &self.bytes
    }

    #[inline]
    fn offset(&self, at: usize) -> usize {
        offset_in(&self.bytes, self.room(), at)
    }

    /// Where `key` is, or where it belongs.
    #[inline]
    pub fn find(&self, key: &[u8]) -> std::result::Result<usize, usize> {
        search(self.heads(), (self.prefix, self.spread), key, |at| {
            self.key(at)
        })
    }

    #[inline]
    fn heads(&self) -> &[[u8; HEAD]] {
        self.bytes[..self.len() * HEAD].as_chunks::<HEAD>().0
    }

    /// Key of item `at`.
    #[inline]
    pub fn key(&self, at: usize) -> &[u8] {
        key_in(&self.bytes, self.offset(at))
    }

    /// First and last key, if there are items.
    pub fn ends(&self) -> Option<(&[u8], &[u8])> {
        let last = self.len().checked_sub(1)?;
        Some((self.key(0), self.key(last)))
    }

    /// Bytes that all keys are known to share.
    pub fn prefix_len(&self) -> usize {
        self.prefix.len as usize
    }

    /// Version of item `at`.
    #[inline]
    pub fn version(&self, at: usize) -> u64 {
        let offset = self.offset(at);
        let mut raw = [0; 8];
        raw.copy_from_slice(&self.bytes[offset..offset + 8]);
        u64::from_le_bytes(raw)
    }

    /// Start and end in the buffer of the value of item `at`, or the value kept apart.
    #[inline]
    pub fn value_place(&self, at: usize) -> ValuePlace<'_> {
        let offset = self.offset(at);
        let start = offset + ENTRY_HEADER + key_in(&self.bytes, offset).len();
        match u32_at(&self.bytes, offset + 8) {
            SEPARATE => ValuePlace::Separate(self.handle(start)),
            len => ValuePlace::Inline(start, start + len as usize),
        }
    }

    /// Item `at`, looked up once.
    #[expect(
        clippy::inline_always,
        reason = "a walk that calls this moves every item through memory twice"
    )]
    #[inline(always)]
    pub fn item(&self, at: usize) -> PageItem<'_> {
        let offset = self.offset(at);
        let entry = &self.bytes[offset..];
        let (header, rest) = entry.split_at(ENTRY_HEADER);
        let mut version = [0; 8];
        version.copy_from_slice(&header[..8]);
        let key_len = usize::from(u16::from_le_bytes([header[12], header[13]]));
        let start = offset + ENTRY_HEADER + key_len;
        PageItem {
            key: &rest[..key_len],
            version: u64::from_le_bytes(version),
            value: match u32_at(header, 8) {
                SEPARATE => ValuePlace::Separate(self.handle(start)),
                len => ValuePlace::Inline(start, start + len as usize),
            },
        }
    }

    #[cold]
    fn handle(&self, start: usize) -> Option<&Arc<ValueHandle>> {
        let index = u32_at(&self.bytes, start) as usize;
        self.separate.as_ref()?.get(index)?.as_ref()
    }

    /// Value of item `at`.
    #[inline]
    pub fn value(&self, at: usize) -> PageValue<'_> {
        match self.value_place(at) {
            ValuePlace::Inline(start, end) => PageValue::Inline(&self.bytes[start..end]),
            ValuePlace::Separate(Some(handle)) => PageValue::Separate(handle),
            // Entries and handles are only made together.
            ValuePlace::Separate(None) => PageValue::Inline(&[]),
        }
    }

    /// The values kept apart.
    pub fn separate(&self) -> impl Iterator<Item = &Arc<ValueHandle>> {
        self.separate.iter().flat_map(|all| all.iter().flatten())
    }

    /// Size of the entry at `offset`.
    fn entry_len(&self, offset: usize) -> usize {
        let value = match u32_at(&self.bytes, offset + 8) {
            SEPARATE => 4,
            len => len as usize,
        };
        ENTRY_HEADER + key_in(&self.bytes, offset).len() + value
    }

    /// Makes the buffer this page's own, with room for one more item of `size` bytes: by compaction when a
    /// quarter is dead, else by growing a little.
    fn make_room(&mut self, size: usize) {
        let shared = self.is_shared();
        if !shared && self.count < self.room && self.used as usize + size <= self.bytes.len() {
            return;
        }
        let (count, entries) = (self.len(), self.entries());
        if (entries - self.live()) * 4 > entries {
            self.compact(size);
            return;
        }
        // A shared page is copied to be changed a little, another one was filled and will be further.
        let part = if shared { 16 } else { 4 };
        let room = (count + count / part + 4).max(self.room().min(count + 4));
        let slack = (entries / part).max(512);
        self.lay_out(room, entries + size + slack);
    }

    /// Moves to a buffer with a table for `room` items and `entry_bytes` for entries.
    fn lay_out(&mut self, room: usize, entry_bytes: usize) {
        let (old_room, used, count) = (self.room(), self.used as usize, self.len());
        let mut to = Self::with_capacity(room, entry_bytes);
        let room = to.room();
        if let Some(bytes) = Arc::get_mut(&mut to.bytes) {
            let (from, start) = (old_room * SLOT, room * SLOT);
            bytes[..count * HEAD].copy_from_slice(&self.bytes[..count * HEAD]);
            bytes[start..start + used - from].copy_from_slice(&self.bytes[from..used]);
            for at in 0..count {
                set_offset(bytes, room, at, self.offset(at) - from + start);
            }
        }
        self.used = (room * SLOT + used - old_room * SLOT) as u32;
        self.bytes = to.bytes;
        self.room = room as u32;
    }

    /// Copies the live entries, in key order, to a buffer with room for `extra` more bytes.
    fn compact(&mut self, extra: usize) {
        let count = self.len();
        let mut to =
            Self::with_capacity(count + count / 8 + 4, self.live() + extra + self.live() / 8);
        let mut handles = Vec::new();
        let (room, mut used) = (to.room(), to.used as usize);
        if let Some(bytes) = Arc::get_mut(&mut to.bytes) {
            bytes[..count * HEAD].copy_from_slice(&self.bytes[..count * HEAD]);
            for at in 0..count {
                let from = self.offset(at);
                let end = used + self.entry_len(from);
                bytes[used..end].copy_from_slice(&self.bytes[from..from + end - used]);
                if let ValuePlace::Separate(handle) = self.value_place(at) {
                    bytes[end - 4..end].copy_from_slice(&(handles.len() as u32).to_le_bytes());
                    handles.push(handle.cloned());
                }
                set_offset(bytes, room, at, used);
                used = end;
            }
        }
        self.bytes = to.bytes;
        self.room = to.room;
        self.used = used as u32;
        self.separate = (!handles.is_empty()).then(|| Arc::new(handles));
    }

    fn compact_if_sparse(&mut self) {
        let entries = self.entries();
        if entries > COMPACT_MIN && (entries - self.live()) * 2 > entries {
            self.compact(0);
        }
    }

    /// Writes an entry behind the others, after [`make_room`](Self::make_room), and returns its offset.
    fn write_entry(&mut self, key: &[u8], version: u64, value: &PageValue<'_>) -> usize {
        let offset = self.used as usize;
        let (len, index);
        let body: &[u8] = match value {
            PageValue::Inline(bytes) => {
                len = bytes.len() as u32;
                bytes
            }
            PageValue::Separate(handle) => {
                let handles = Arc::make_mut(self.separate.get_or_insert_default());
                index = (handles.len() as u32).to_le_bytes();
                handles.push(Some(Arc::clone(handle)));
                len = SEPARATE;
                &index
            }
        };
        let size = ENTRY_HEADER + key.len() + body.len();
        let entry = &mut Arc::make_mut(&mut self.bytes)[offset..offset + size];
        entry[..8].copy_from_slice(&version.to_le_bytes());
        entry[8..12].copy_from_slice(&len.to_le_bytes());
        entry[12..ENTRY_HEADER].copy_from_slice(&(key.len() as u16).to_le_bytes());
        let (to_key, to_value) = entry[ENTRY_HEADER..].split_at_mut(key.len());
        to_key.copy_from_slice(key);
        to_value.copy_from_slice(body);
        self.used += size as u32;
        self.live += size as u32;
        offset
    }

    /// Puts an entry into the table at position `at`.
    fn insert_slot(&mut self, at: usize, key: &[u8], offset: usize) {
        let (room, count) = (self.room(), self.len());
        let bytes = Arc::make_mut(&mut self.bytes);
        if count == 0 {
            self.prefix = Prefix::of(key, key.len());
        } else {
            let first = key_in(bytes, offset_in(bytes, room, 0));
            if self.prefix.compare(key, || first) != Ordering::Equal {
                let shared = common_prefix(&first[..self.prefix.len as usize], key);
                self.prefix = Prefix::of(first, shared);
                compute_heads(bytes, room, count, self.prefix);
            }
        }
        bytes.copy_within(at * HEAD..count * HEAD, (at + 1) * HEAD);
        let (from, to) = (offset_place(room, at), offset_place(room, count));
        bytes.copy_within(from..to, from + OFFSET);
        set_head(bytes, at, self.prefix.head(key));
        set_offset(bytes, room, at, offset);
        self.count += 1;
        self.spread = Spread::of(self.heads());
    }

    /// Takes item `at` out of the table.
    fn remove_slot(&mut self, at: usize) {
        let (room, count) = (self.room(), self.len());
        let bytes = Arc::make_mut(&mut self.bytes);
        bytes.copy_within((at + 1) * HEAD..count * HEAD, at * HEAD);
        let (from, to) = (offset_place(room, at), offset_place(room, count));
        bytes.copy_within(from + OFFSET..to, from);
        self.count -= 1;
        self.spread = Spread::of(self.heads());
    }

    /// Inserts an item at the position that [`find`](Self::find) gave. The key is at most 64 KiB.
    pub fn insert(&mut self, at: usize, key: &[u8], version: u64, value: &PageValue<'_>) {
        self.make_room(ENTRY_HEADER + key.len() + value.body());
        let offset = self.write_entry(key, version, value);
        self.insert_slot(at, key, offset);
        self.run = if at > 0 && at as u32 == self.last + 1 {
            self.run.saturating_add(1)
        } else {
            0
        };
        self.last = at as u32;
    }

    /// Adds an item behind all others when a page is built; [`finish`](Self::finish) must follow.
    pub fn push(&mut self, key: &[u8], version: u64, value: &PageValue<'_>) {
        self.make_room(ENTRY_HEADER + key.len() + value.body());
        let offset = self.write_entry(key, version, value);
        let (room, at) = (self.room(), self.len());
        set_offset(Arc::make_mut(&mut self.bytes), room, at, offset);
        self.count += 1;
    }

    /// Ends building by [`push`](Self::push).
    pub fn finish(&mut self) {
        self.prefix = match self.ends() {
            Some((first, last)) => Prefix::of(first, common_prefix(first, last)),
            None => Prefix::default(),
        };
        let (room, count) = (self.room(), self.len());
        compute_heads(Arc::make_mut(&mut self.bytes), room, count, self.prefix);
        self.spread = Spread::of(self.heads());
        self.last = 0;
        self.run = 0;
    }

    /// Gives back memory that many more items would take, after building.
    pub fn shrink(&mut self) {
        if (self.used as usize) < self.bytes.len() / 2 {
            self.lay_out(self.len() + 4, self.entries() + 512);
        }
    }

    /// Gives item `at` another version and value. Returns the old value when it was kept apart.
    pub fn replace(
        &mut self,
        at: usize,
        version: u64,
        value: &PageValue<'_>,
    ) -> Option<Arc<ValueHandle>> {
        let offset = self.offset(at);
        if let (PageValue::Inline(new), ValuePlace::Inline(start, end)) =
            (value, self.value_place(at))
            && new.len() <= end - start
        {
            let bytes = Arc::make_mut(&mut self.bytes);
            bytes[offset..offset + 8].copy_from_slice(&version.to_le_bytes());
            bytes[offset + 8..offset + 12].copy_from_slice(&(new.len() as u32).to_le_bytes());
            bytes[start..start + new.len()].copy_from_slice(new);
            self.live -= (end - start - new.len()) as u32;
            return None;
        }
        let key = self.key(at).to_vec();
        let old = self.take_separate(offset);
        self.live -= self.entry_len(offset) as u32;
        self.remove_slot(at);
        self.make_room(ENTRY_HEADER + key.len() + value.body());
        let offset = self.write_entry(&key, version, value);
        self.insert_slot(at, &key, offset);
        old
    }

    /// Removes item `at`. Returns its value when it was kept apart.
    pub fn remove(&mut self, at: usize) -> Option<Arc<ValueHandle>> {
        let offset = self.offset(at);
        let old = self.take_separate(offset);
        self.live -= self.entry_len(offset) as u32;
        self.remove_slot(at);
        self.last = u32::MAX / 2;
        self.run = 0;
        self.compact_if_sparse();
        old
    }

    /// The place of the handle of the entry at `offset`, when its value is kept apart.
    fn handle_mut(&mut self, offset: usize) -> Option<&mut Option<Arc<ValueHandle>>> {
        if u32_at(&self.bytes, offset + 8) != SEPARATE {
            return None;
        }
        let start = offset + ENTRY_HEADER + key_in(&self.bytes, offset).len();
        let index = u32_at(&self.bytes, start) as usize;
        Arc::make_mut(self.separate.as_mut()?).get_mut(index)
    }

    fn take_separate(&mut self, offset: usize) -> Option<Arc<ValueHandle>> {
        self.handle_mut(offset).and_then(Option::take)
    }

    /// Replaces the handle of a value kept apart by another for the same value.
    pub fn swap_separate(&mut self, at: usize, handle: Arc<ValueHandle>) -> bool {
        let offset = self.offset(at);
        match self.handle_mut(offset) {
            Some(place) => {
                *place = Some(handle);
                true
            }
            None => false,
        }
    }
}
