//! The sorted table of contents of a node, and the search that pages share.
//!
//! For each entry a table keeps a *head*, the eight key bytes after the prefix that all keys of the node
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
    prefix: Prefix,
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

/// A head as a table holds it.
pub(crate) trait Head: Copy {
    /// The number that orders like the key bytes.
    fn number(self) -> u64;
}

impl Head for u64 {
    #[inline]
    fn number(self) -> u64 {
        self
    }
}

/// A head within a page: the bytes of a `u64` of this machine.
impl Head for [u8; 8] {
    #[inline]
    fn number(self) -> u64 {
        u64::from_ne_bytes(self)
    }
}

/// The leading bytes that all keys of a node share.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Prefix {
    /// Number of leading bytes known to be the same in all keys.
    pub len: u32,
    /// The first eight of them, zero-padded, so that a short prefix is compared in one step.
    word: u64,
}

impl Prefix {
    /// The first `len` bytes of `key`.
    pub fn of(key: &[u8], len: usize) -> Self {
        Self {
            len: len as u32,
            word: keep_bytes(head_of(key, 0), len),
        }
    }

    /// The head of `key`, which starts with this prefix.
    #[inline]
    pub fn head(self, key: &[u8]) -> u64 {
        head_of(key, self.len as usize)
    }

    /// How `key` compares with the prefix; equal when it starts with it. `first` is the first key.
    #[inline]
    pub fn compare<'a>(self, key: &[u8], first: impl FnOnce() -> &'a [u8]) -> Ordering {
        let len = self.len as usize;
        if len == 0 {
            return Ordering::Equal;
        }
        if len <= 8 && key.len() >= len {
            return keep_bytes(head_of(key, 0), len).cmp(&self.word);
        }
        let prefix = &first()[..len];
        key[..key.len().min(len)].cmp(prefix)
    }
}

/// The first and the last head of a table, to guess from where between them another stands: numbers, and identifiers at
/// random, lie at even distances, so that a guess is as a rule right to a few places. Only a hint, which may be out of date.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Spread {
    first: u64,
    last: u64,
}

impl Spread {
    /// Of sorted heads.
    #[inline]
    pub fn of<H: Head>(heads: &[H]) -> Self {
        match (heads.first(), heads.last()) {
            (Some(first), Some(last)) => Self {
                first: first.number(),
                last: last.number(),
            },
            _ => Self::default(),
        }
    }

    /// About how many of `len` heads are less than `head`; at most `len`.
    #[inline]
    pub fn guess(self, head: u64, len: usize) -> usize {
        let Some(above) = head.checked_sub(self.first) else {
            return 0;
        };
        let span = self.last.saturating_sub(self.first);
        if above >= span {
            return len;
        }
        // Half of a number fits into the signed type, which processors convert in one step.
        let part = |number: u64| (number >> 1) as i64 as f64;
        let guess = part(above) / part(span) * len as f64;
        // Whatever the division made of it.
        (guess as usize).min(len)
    }
}

/// Heads that are looked at around a guess: those of a cache line.
pub(crate) const WINDOW: usize = 8;

/// Number of heads less than `head`.
///
/// Looks around the guess first, then on the side of it where the place is.
#[inline]
pub(crate) fn lower_bound<H: Head>(heads: &[H], spread: Spread, head: u64) -> usize {
    let guess = spread.guess(head, heads.len());
    let from = guess
        .saturating_sub(WINDOW / 2)
        .min(heads.len().saturating_sub(WINDOW));
    let Some(window) = heads
        .get(from..)
        .and_then(|rest| rest.first_chunk::<WINDOW>())
    else {
        return heads.iter().filter(|there| there.number() < head).count();
    };
    let to = from + WINDOW;
    if from > 0 && window[0].number() >= head {
        return count_below(&heads[..from], head);
    }
    if to < heads.len() && window[WINDOW - 1].number() < head {
        return to + count_below(&heads[to..], head);
    }
    from + window.iter().filter(|there| there.number() < head).count()
}

/// Number of heads less than `head`.
///
/// Counts in steps of a cache line, then within one line: these loads do not wait for each other, where
/// those of a binary search do, and at this size waiting for memory is most of the work.
#[inline]
fn count_below<H: Head>(heads: &[H], head: u64) -> usize {
    const FEW: usize = 256;
    let mut rest = heads;
    let mut from = 0;
    while rest.len() > FEW {
        let middle = rest.len() / 2;
        if rest[middle].number() < head {
            from += middle + 1;
            rest = &rest[middle + 1..];
        } else {
            rest = &rest[..middle];
        }
    }
    let (lines, tail) = rest.as_chunks::<WINDOW>();
    let below = lines
        .iter()
        .filter(|line| line[WINDOW - 1].number() < head)
        .count();
    let line = lines.get(below).map_or(tail, <[H; WINDOW]>::as_slice);
    from + below * WINDOW + line.iter().filter(|there| there.number() < head).count()
}

/// Where `key` is (`Ok`) or where it would be inserted (`Err`), among sorted `heads` whose keys share a prefix; `key_at`
/// gives the key of each.
#[inline]
pub(crate) fn search<'a, H: Head>(
    heads: &[H],
    (prefix, spread): (Prefix, Spread),
    key: &[u8],
    key_at: impl Fn(usize) -> &'a [u8],
) -> std::result::Result<usize, usize> {
    if heads.is_empty() {
        return Err(0);
    }
    match prefix.compare(key, || key_at(0)) {
        Ordering::Less => return Err(0),
        Ordering::Greater => return Err(heads.len()),
        Ordering::Equal => {}
    }
    let head = prefix.head(key);
    let is_tie = |at: usize| heads.get(at).is_some_and(|there| there.number() == head);
    let low = lower_bound(heads, spread, head);
    if !is_tie(low) {
        return Err(low);
    }
    if !is_tie(low + 1) {
        return match key.cmp(key_at(low)) {
            Ordering::Equal => Ok(low),
            Ordering::Less => Err(low),
            Ordering::Greater => Err(low + 1),
        };
    }
    let (mut from, mut to) = (low, heads.len());
    while from < to {
        let middle = from + (to - from) / 2;
        let order = if is_tie(middle) {
            key_at(middle).cmp(key)
        } else {
            Ordering::Greater
        };
        match order {
            Ordering::Equal => return Ok(middle),
            Ordering::Less => from = middle + 1,
            Ordering::Greater => to = middle,
        }
    }
    Err(from)
}

impl Slots {
    /// An empty table with room for `capacity` entries.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            heads: Vec::with_capacity(capacity),
            offsets: Vec::with_capacity(capacity),
            prefix: Prefix::default(),
        }
    }

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

    /// Offsets of all entries, in the order of their keys.
    #[inline]
    pub fn offsets(&self) -> &[u32] {
        &self.offsets
    }

    /// Points entry `at` to another offset (same key).
    pub fn set_offset(&mut self, at: usize, offset: usize) {
        self.offsets[at] = offset as u32;
    }

    /// Bytes that all keys are known to share.
    pub fn prefix_len(&self) -> usize {
        self.prefix.len as usize
    }

    /// Where `key` is (`Ok`) or where it would be inserted (`Err`).
    #[inline]
    pub fn find<'a>(
        &self,
        key: &[u8],
        key_at: impl Fn(usize) -> &'a [u8],
    ) -> std::result::Result<usize, usize> {
        let shape = (self.prefix, Spread::of(&self.heads));
        search(&self.heads, shape, key, |at| key_at(self.offset(at)))
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
            self.prefix = Prefix::of(key, key.len());
        } else {
            let first = || key_at(self.offset(0));
            if self.prefix.compare(key, first) != Ordering::Equal {
                let shared = common_prefix(&first()[..self.prefix_len()], key);
                self.prefix = Prefix::of(first(), shared);
                self.compute_heads(&key_at);
            }
        }
        self.heads.insert(at, self.prefix.head(key));
        self.offsets.insert(at, offset as u32);
    }

    /// Adds an entry behind all others without computing heads; [`rebuild`](Self::rebuild) must follow.
    pub fn push_offset(&mut self, offset: usize) {
        self.offsets.push(offset as u32);
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
        right.prefix = self.prefix;
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
                self.prefix = Prefix::of(first, shared);
            }
            _ => self.prefix = Prefix::default(),
        }
        self.compute_heads(key_at);
    }

    fn compute_heads<'a>(&mut self, key_at: impl Fn(usize) -> &'a [u8]) {
        let prefix = self.prefix;
        self.heads.clear();
        self.heads.extend(
            self.offsets
                .iter()
                .map(|offset| prefix.head(key_at(*offset as usize))),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_bound_equals_binary_search() {
        // Even, with steps, and as uneven as can be; with right, late and wrong hints.
        let shapes: [fn(u64) -> u64; 4] = [
            |n| n * 7,
            |n| n / 3 * 10,
            |n| n * n,
            |n| u64::MAX << (n % 64),
        ];
        for (len, shape) in [0, 1, 7, 8, 9, 15, 16, 64, 127, 255, 256, 257, 1_000]
            .into_iter()
            .flat_map(|len| shapes.map(|shape| (len, shape)))
        {
            let mut heads: Vec<u64> = (0..len).map(shape).collect();
            heads.sort_unstable();
            let bytes: Vec<[u8; 8]> = heads.iter().map(|h| h.to_ne_bytes()).collect();
            let (first, last) = (heads.first().copied(), heads.last().copied());
            let late = Spread {
                first: first.unwrap_or(0) / 2,
                last: last.unwrap_or(0) / 2,
            };
            let wrong = Spread {
                first: u64::MAX,
                last: 0,
            };
            let asked = heads
                .iter()
                .flat_map(|head| [head.saturating_sub(1), *head, head.saturating_add(1)]);
            for head in asked.chain([0, 1, u64::MAX / 2, u64::MAX]) {
                let expected = heads.partition_point(|there| *there < head);
                for spread in [Spread::of(&heads), late, wrong, Spread::default()] {
                    assert_eq!(lower_bound(&heads, spread, head), expected);
                    assert_eq!(lower_bound(&bytes, spread, head), expected);
                }
            }
        }
    }

    #[test]
    fn even_heads_are_guessed() {
        let heads: Vec<u64> = (0..500).map(|n| 1_000 + n * 3).collect();
        let spread = Spread::of(&heads);
        for (at, head) in heads.iter().enumerate() {
            assert!(spread.guess(*head, heads.len()).abs_diff(at) <= 1);
        }
        let whole = Spread::of(&[0, u64::MAX]);
        assert_eq!(whole.guess(u64::MAX / 2, 100), 50);
        assert_eq!(whole.guess(u64::MAX, 100), 100);
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
