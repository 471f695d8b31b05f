//! The sorted table of contents of a node: where each key lies and what it starts with.
//!
//! For each entry it keeps a *head*, the eight key bytes after the prefix that all keys of the node
//! share, as a big-endian number, and the offset of the entry in the node's payload. Most
//! comparisons of a search end at the head and touch no payload.
//!
//! Always: heads are ascending; every key starts with the first `prefix_len` bytes of the first key;
//! equal heads are in the order of their whole keys. The table doesn't know how entries are laid
//! out: each operation that needs keys gets a function from offset to key.

use std::cmp::Ordering;

/// Sorted heads and offsets of the entries of a node.
#[derive(Default, Debug)]
pub(crate) struct Slots {
    heads: Vec<u64>,
    offsets: Vec<u32>,
    /// Number of leading bytes known to be the same in all keys.
    prefix_len: usize,
    /// The first eight prefix bytes, zero-padded, so that a short prefix is compared in one step.
    prefix_word: u64,
}

/// The eight bytes of `key` from `from`, zero-padded, as a number that orders like the bytes.
#[inline]
fn head_of(key: &[u8], from: usize) -> u64 {
    let rest = key.get(from..).unwrap_or_default();
    if let Some(eight) = rest.first_chunk::<8>() {
        return u64::from_be_bytes(*eight);
    }
    let mut padded = [0; 8];
    padded[..rest.len()].copy_from_slice(rest);
    u64::from_be_bytes(padded)
}

/// Length of the longest common start of two keys.
pub(crate) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}

/// `word` with all but its first `len` bytes cleared.
#[inline]
fn keep_bytes(word: u64, len: usize) -> u64 {
    match len {
        0 => 0,
        1..=7 => word & !(u64::MAX >> (len * 8)),
        _ => word,
    }
}

/// Number of heads less than `head`.
///
/// Counts in steps of a cache line, then within one line: these loads do not wait for each other, where
/// those of a binary search do, and at this size waiting for memory is most of the work.
#[inline]
fn lower_bound(heads: &[u64], head: u64) -> usize {
    const LINE: usize = 8;
    const FEW: usize = 256;
    let mut rest = heads;
    let mut from = 0;
    while rest.len() > FEW {
        let middle = rest.len() / 2;
        if rest[middle] < head {
            from += middle + 1;
            rest = &rest[middle + 1..];
        } else {
            rest = &rest[..middle];
        }
    }
    let (lines, tail) = rest.as_chunks::<LINE>();
    let below = lines.iter().filter(|line| line[LINE - 1] < head).count();
    let line = lines.get(below).map_or(tail, <[u64; LINE]>::as_slice);
    from + below * LINE + line.iter().filter(|there| **there < head).count()
}

impl Slots {
    /// A copy with room for a few more entries.
    pub fn copy(&self) -> Self {
        fn roomy<T: Copy>(from: &[T]) -> Vec<T> {
            let mut out = Vec::with_capacity(from.len() + from.len() / 8 + 4);
            out.extend_from_slice(from);
            out
        }
        Self {
            heads: roomy(&self.heads),
            offsets: roomy(&self.offsets),
            ..*self
        }
    }

    /// An empty table with room for `capacity` entries.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            heads: Vec::with_capacity(capacity),
            offsets: Vec::with_capacity(capacity),
            ..Self::default()
        }
    }

    /// Number of entries.
    #[inline]
    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Offset of entry `at` in the payload.
    #[inline]
    pub fn offset(&self, at: usize) -> usize {
        self.offsets[at] as usize
    }

    /// All offsets in key order.
    pub fn offsets(&self) -> &[u32] {
        &self.offsets
    }

    /// Bytes that all keys are known to share.
    pub fn prefix_len(&self) -> usize {
        self.prefix_len
    }

    /// Heap bytes held.
    pub fn memory(&self) -> usize {
        self.heads.capacity() * 8 + self.offsets.capacity() * 4
    }

    /// Where `key` is (`Ok`) or where it would be inserted (`Err`).
    #[inline]
    pub fn find<'a>(
        &self,
        key: &[u8],
        key_at: impl Fn(usize) -> &'a [u8],
    ) -> std::result::Result<usize, usize> {
        if self.offsets.is_empty() {
            return Err(0);
        }
        match self.compare_prefix(key, &key_at) {
            Ordering::Less => return Err(0),
            Ordering::Greater => return Err(self.len()),
            Ordering::Equal => {}
        }
        let head = head_of(key, self.prefix_len);
        let low = lower_bound(&self.heads, head);
        if self.heads.get(low) != Some(&head) {
            return Err(low);
        }
        if self.heads.get(low + 1) != Some(&head) {
            return match key.cmp(key_at(self.offset(low))) {
                Ordering::Equal => Ok(low),
                Ordering::Less => Err(low),
                Ordering::Greater => Err(low + 1),
            };
        }
        let ties = self.heads[low..].partition_point(|h| *h == head);
        match self.offsets[low..low + ties]
            .binary_search_by(|offset| key_at(*offset as usize).cmp(key))
        {
            Ok(at) => Ok(low + at),
            Err(at) => Err(low + at),
        }
    }

    /// How `key` compares with the shared prefix; equal when it starts with it.
    #[inline]
    fn compare_prefix<'a>(&self, key: &[u8], key_at: impl Fn(usize) -> &'a [u8]) -> Ordering {
        let len = self.prefix_len;
        if len == 0 {
            return Ordering::Equal;
        }
        if len <= 8 && key.len() >= len {
            return keep_bytes(head_of(key, 0), len).cmp(&self.prefix_word);
        }
        let prefix = &key_at(self.offset(0))[..len];
        key[..key.len().min(len)].cmp(prefix)
    }

    /// Puts an entry with `key` at position `at`, as found by [`find`](Self::find). The entry must
    /// not be reachable through `key_at` before; the others must be.
    #[inline]
    pub fn insert<'a>(
        &mut self,
        at: usize,
        key: &[u8],
        offset: usize,
        key_at: impl Fn(usize) -> &'a [u8],
    ) {
        if self.offsets.is_empty() {
            self.set_prefix(key.len(), key);
        } else if self.compare_prefix(key, &key_at) != Ordering::Equal {
            let first = key_at(self.offset(0));
            let shared = common_prefix(&first[..self.prefix_len], key);
            self.set_prefix(shared, first);
            self.compute_heads(&key_at);
        }
        self.heads.insert(at, head_of(key, self.prefix_len));
        self.offsets.insert(at, offset as u32);
    }

    /// Adds an entry behind all others without computing heads; [`rebuild`](Self::rebuild) must follow.
    pub fn push_offset(&mut self, offset: usize) {
        self.offsets.push(offset as u32);
    }

    /// Points entry `at` to another offset (same key).
    pub fn set_offset(&mut self, at: usize, offset: usize) {
        self.offsets[at] = offset as u32;
    }

    /// Removes entry `at`.
    pub fn remove(&mut self, at: usize) {
        self.heads.remove(at);
        self.offsets.remove(at);
    }

    /// Drops all entries from `at` on.
    pub fn truncate(&mut self, at: usize) {
        self.heads.truncate(at);
        self.offsets.truncate(at);
    }

    /// Moves the entries from `at` on to a new table with room for `capacity` of them.
    pub fn split_off<'a>(
        &mut self,
        at: usize,
        capacity: usize,
        key_at: impl Fn(usize) -> &'a [u8],
    ) -> Self {
        let mut right = Self::with_capacity(capacity);
        right
            .heads
            .extend_from_slice(self.heads.get(at..).unwrap_or_default());
        right
            .offsets
            .extend_from_slice(self.offsets.get(at..).unwrap_or_default());
        right.prefix_len = self.prefix_len;
        right.prefix_word = self.prefix_word;
        self.truncate(at);
        for half in [&mut *self, &mut right] {
            // Heads that say little: the keys of the half share more than the whole did.
            if let (Some(first), Some(last)) = (half.heads.first(), half.heads.last())
                && (first ^ last).leading_zeros() >= 40
            {
                half.rebuild(&key_at);
            }
        }
        right
    }

    /// Finds the longest shared prefix again and computes all heads.
    pub fn rebuild<'a>(&mut self, key_at: impl Fn(usize) -> &'a [u8]) {
        match (self.offsets.first(), self.offsets.last()) {
            (Some(first), Some(last)) => {
                let first = key_at(*first as usize);
                let shared = common_prefix(first, key_at(*last as usize));
                self.set_prefix(shared, first);
            }
            _ => self.set_prefix(0, &[]),
        }
        self.compute_heads(key_at);
    }

    fn set_prefix(&mut self, len: usize, key: &[u8]) {
        self.prefix_len = len;
        self.prefix_word = keep_bytes(head_of(key, 0), len);
    }

    fn compute_heads<'a>(&mut self, key_at: impl Fn(usize) -> &'a [u8]) {
        let from = self.prefix_len;
        self.heads.clear();
        self.heads.extend(
            self.offsets
                .iter()
                .map(|offset| head_of(key_at(*offset as usize), from)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_bound_equals_binary_search() {
        for len in [0, 1, 7, 8, 9, 64, 127, 128, 255, 256, 257, 1_000] {
            let heads: Vec<u64> = (0..len).map(|n| n / 3 * 10).collect();
            for head in 0..len * 4 + 20 {
                let expected = heads.partition_point(|there| *there < head);
                assert_eq!(lower_bound(&heads, head), expected);
            }
        }
    }

    #[test]
    fn heads_order_like_keys() {
        let keys: [&[u8]; 6] = [b"", b"\0", b"a", b"a\0", b"abcdefgh", b"abcdefghi"];
        for pair in keys.windows(2) {
            assert!(head_of(pair[0], 0) <= head_of(pair[1], 0));
        }
        assert_eq!(head_of(b"abc", 5), 0);
        assert_eq!(keep_bytes(u64::MAX, 3), 0xffff_ff00_0000_0000);
        assert_eq!(keep_bytes(u64::MAX, 9), u64::MAX);
    }
}
