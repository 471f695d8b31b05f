//! The changed items of one store: a sorted map over bytes that are a commit record already.
//!
//! Items are appended to one buffer in the form of the record ([`item`](crate::commit::item)), with room for
//! the rest of the record before them; a sorted table says where they are. The table is a list of chunks like the pages of a tree ([`Slots`]), so
//! a change moves a few hundred bytes at most and allocates nothing. What was replaced or
//! forgotten stays in the buffer until it is more than what counts; then the buffer is written anew.
//!
//! Always: the table has exactly the items that count, in the order of their keys; no chunk is empty;
//! `separators` has, for each chunk but the first, an offset of a key that is above all keys before the
//! chunk and not above its own.

use std::cmp::Ordering;
use std::ops::Bound;
use std::sync::OnceLock;

use super::writes::Change;
use crate::commit::item;
use crate::commit::record::ONE_STORE_HEADER;
use crate::tree::slots::Slots;

/// The most items in a chunk.
const CHUNK: usize = if cfg!(test) { 6 } else { 128 };
/// So many bytes that no longer count are not worth writing the buffer anew.
const GARBAGE: usize = if cfg!(test) { 200 } else { 64 << 10 };

/// Items whose memory is fetched together by a walk.
const FETCHED: usize = 8;
const CACHE_LINE: usize = 64;

/// Changed items of one store, by physical key.
#[derive(Debug, Default)]
pub(crate) struct StoreWrites {
    buffer: Vec<u8>,
    /// Bytes of the items that count.
    live: usize,
    len: usize,
    separators: Slots,
    chunks: Vec<Chunk>,
}

#[derive(Debug, Default)]
struct Chunk {
    slots: Slots,
    /// By how much its items move the number of items, once somebody asked.
    delta: OnceLock<i64>,
}

/// Where an item is; one past the end is the next chunk's first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Position {
    chunk: usize,
    at: usize,
}

/// What is around a place in the order of the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Around<'a> {
    /// The key that is there.
    At(&'a [u8]),
    /// The keys before and behind it.
    Between(Option<&'a [u8]>, Option<&'a [u8]>),
}

/// Where a key is or belongs, until the next change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    position: Position,
    found: bool,
}

impl StoreWrites {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes that the items take in a commit record.
    pub fn bytes(&self) -> usize {
        self.live
    }

    /// Where a key is or belongs.
    #[inline]
    pub fn find(&self, key: &[u8]) -> Place {
        let key_at = |offset| item::key(&self.buffer, offset);
        let chunk = match self.separators.find(key, key_at) {
            Ok(at) => at + 1,
            Err(at) => at,
        };
        let slots = self.chunks.get(chunk).map(|chunk| &chunk.slots);
        let at = slots.map_or(Err(0), |slots| slots.find(key, key_at));
        Place {
            position: Position {
                chunk,
                at: at.unwrap_or_else(|at| at),
            },
            found: at.is_ok(),
        }
    }

    /// The change at a place that was just found.
    #[inline]
    pub fn at(&self, place: Place) -> Option<Change<'_>> {
        let offset = self.offset(place.position).filter(|_| place.found)?;
        Some(item::get(&self.buffer, offset).1)
    }

    fn offset(&self, position: Position) -> Option<usize> {
        let slots = &self.chunks.get(position.chunk)?.slots;
        let offset = slots.offsets().get(position.at)?;
        Some(*offset as usize)
    }

    pub fn get(&self, key: &[u8]) -> Option<Change<'_>> {
        self.at(self.find(key))
    }

    pub fn contains(&self, key: &[u8]) -> bool {
        self.find(key).found
    }

    /// Sets the change of a key; one that was there is forgotten.
    pub fn insert(&mut self, key: &[u8], change: Change<'_>) {
        self.set(self.find(key), key, change);
    }

    /// As [`StoreWrites::insert`], at the place that was just found for the key.
    pub fn set(&mut self, place: Place, key: &[u8], change: Change<'_>) {
        let position = place.position;
        let old = self.offset(position).filter(|_| place.found);
        if self.buffer.is_empty() {
            self.buffer.resize(ONE_STORE_HEADER, 0);
        }
        let offset = self.buffer.len();
        item::put(&mut self.buffer, key, change);
        let bytes = self.buffer.len() - offset;
        self.live += bytes;
        match old {
            Some(old) => {
                self.live -= item::len(&self.buffer, old);
                self.replace(position, old, offset, change);
            }
            None => self.add(position, key, offset, change),
        }
        self.tidy();
    }

    fn replace(&mut self, position: Position, old: usize, offset: usize, change: Change<'_>) {
        let before = item::get(&self.buffer, old).1.delta();
        let Some(chunk) = self.chunks.get_mut(position.chunk) else {
            return;
        };
        chunk.moved(change.delta() - before);
        let bytes = self.buffer.len() - offset;
        if item::len(&self.buffer, old) == bytes {
            self.buffer.copy_within(offset.., old);
            self.buffer.truncate(offset);
        } else {
            chunk.slots.set_offset(position.at, offset);
        }
    }

    fn add(&mut self, position: Position, key: &[u8], offset: usize, change: Change<'_>) {
        self.len += 1;
        if self.chunks.is_empty() {
            self.chunks.push(Chunk::default());
        }
        let last = position.chunk + 1 == self.chunks.len();
        let Some(chunk) = self.chunks.get_mut(position.chunk) else {
            return;
        };
        let appended = last && position.at == chunk.slots.len();
        let buffer = &self.buffer;
        let key_at = |offset| item::key(buffer, offset);
        chunk.slots.insert(position.at, key, offset, key_at);
        chunk.moved(change.delta());
        let len = chunk.slots.len();
        if len > CHUNK {
            // Keys that come in order leave full chunks behind.
            let middle = if appended { len - 1 } else { len / 2 };
            let right = chunk.split_off(middle, key_at);
            let first = right.slots.offset(0);
            self.separators
                .insert(position.chunk, key_at(first), first, key_at);
            self.chunks.insert(position.chunk + 1, right);
        }
    }

    /// Finds a place by asking how keys compare with it; some of them, as few as bisection needs.
    pub fn search<E>(
        &self,
        mut compare: impl FnMut(&[u8]) -> Result<Ordering, E>,
    ) -> Result<Around<'_>, E> {
        let key = |chunk, at| {
            let offset = self.offset(Position { chunk, at });
            offset.map(|offset| item::key(&self.buffer, offset))
        };
        // Chunks that begin before the place, then keys of the last of these.
        let (mut from, mut to) = (0, self.chunks.len());
        while from < to {
            let middle = from.midpoint(to);
            let Some(first) = key(middle, 0) else { break };
            match compare(first)? {
                Ordering::Equal => return Ok(Around::At(first)),
                Ordering::Less => from = middle + 1,
                Ordering::Greater => to = middle,
            }
        }
        let Some(chunk) = from.checked_sub(1) else {
            return Ok(Around::Between(None, key(0, 0)));
        };
        let len = self.chunks.get(chunk).map_or(0, |c| c.slots.len());
        let (mut from, mut to) = (1, len);
        while from < to {
            let middle = from.midpoint(to);
            let Some(there) = key(chunk, middle) else {
                break;
            };
            match compare(there)? {
                Ordering::Equal => return Ok(Around::At(there)),
                Ordering::Less => from = middle + 1,
                Ordering::Greater => to = middle,
            }
        }
        let behind = if from < len {
            key(chunk, from)
        } else {
            key(chunk + 1, 0)
        };
        Ok(Around::Between(key(chunk, from - 1), behind))
    }

    /// Forgets the change of a key; whether there was one.
    pub fn remove(&mut self, key: &[u8]) -> bool {
        let place = self.find(key);
        let Position {
            chunk: at,
            at: slot,
        } = place.position;
        let offset = self.offset(place.position).filter(|_| place.found);
        let (Some(offset), Some(chunk)) = (offset, self.chunks.get_mut(at)) else {
            return false;
        };
        chunk.slots.remove(slot);
        chunk.moved(-item::get(&self.buffer, offset).1.delta());
        if chunk.slots.len() == 0 {
            self.chunks.remove(at);
            if self.separators.len() > 0 {
                self.separators.remove(at.saturating_sub(1));
            }
        }
        self.live -= item::len(&self.buffer, offset);
        self.len -= 1;
        self.tidy();
        true
    }

    /// Bytes of the buffer that no longer count.
    fn garbage(&self) -> usize {
        self.body().len().saturating_sub(self.live)
    }

    /// The items, what no longer counts among them.
    fn body(&self) -> &[u8] {
        self.buffer.get(ONE_STORE_HEADER..).unwrap_or_default()
    }

    fn tidy(&mut self) {
        let garbage = self.garbage();
        if garbage > GARBAGE && garbage > self.live {
            self.rewrite();
        }
    }

    /// Writes the buffer anew: the items that count, in order.
    fn rewrite(&mut self) {
        let mut buffer = Vec::with_capacity(ONE_STORE_HEADER + self.live);
        buffer.resize(ONE_STORE_HEADER, 0);
        let mut separators = Slots::with_capacity(self.chunks.len());
        for (number, chunk) in self.chunks.iter_mut().enumerate() {
            if number > 0 {
                separators.push_offset(buffer.len());
            }
            for at in 0..chunk.slots.len() {
                let from = chunk.slots.offset(at);
                let to = buffer.len();
                let len = item::len(&self.buffer, from);
                buffer.extend_from_slice(self.buffer.get(from..from + len).unwrap_or_default());
                chunk.slots.set_offset(at, to);
            }
        }
        self.buffer = buffer;
        separators.rebuild(|offset| item::key(&self.buffer, offset));
        self.separators = separators;
    }

    /// Makes the items the payload of a record that begins with `header`, of [`ONE_STORE_HEADER`] bytes.
    pub fn seal(&mut self, header: &[u8]) {
        if self.garbage() > 0 {
            self.rewrite();
        }
        if let Some(place) = self.buffer.get_mut(..header.len()) {
            place.copy_from_slice(header);
        }
    }

    /// The payload that [`StoreWrites::seal`] has made.
    pub fn record(&self) -> &[u8] {
        &self.buffer
    }

    /// Appends the items as a commit record has them.
    pub fn encode_to(&self, out: &mut Vec<u8>) {
        if self.garbage() == 0 {
            out.extend_from_slice(self.body());
            return;
        }
        for chunk in &self.chunks {
            for offset in chunk.slots.offsets() {
                let from = *offset as usize;
                let len = item::len(&self.buffer, from);
                out.extend_from_slice(self.buffer.get(from..from + len).unwrap_or_default());
            }
        }
    }

    /// All changes in the order of their keys.
    pub fn iter(&self) -> Iter<'_> {
        Iter {
            least: self.len,
            ..self.range(Bound::Unbounded, Bound::Unbounded)
        }
    }

    /// All keys.
    pub fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.iter().map(|(key, _)| key)
    }

    /// The changes within the bounds in the order of their keys; none when no key can lie within them.
    pub fn range(&self, lo: Bound<&[u8]>, hi: Bound<&[u8]>) -> Iter<'_> {
        let (front, back) = self.positions(lo, hi);
        Iter {
            writes: self,
            front,
            back,
            least: 0,
        }
    }

    /// By how much the changes within the bounds move the number of items.
    pub fn delta(&self, lo: Bound<&[u8]>, hi: Bound<&[u8]>) -> i64 {
        let (front, back) = self.positions(lo, hi);
        if front >= back {
            return 0;
        }
        let sum = |chunk: usize, from: usize, to: usize| match self.chunks.get(chunk) {
            Some(chunk) => chunk.sum(&self.buffer, from, to),
            None => 0,
        };
        if front.chunk == back.chunk {
            return sum(front.chunk, front.at, back.at);
        }
        let between = self.chunks.get(front.chunk + 1..back.chunk);
        let between = between.into_iter().flatten();
        sum(front.chunk, front.at, usize::MAX)
            + between.map(|chunk| chunk.delta(&self.buffer)).sum::<i64>()
            + sum(back.chunk, 0, back.at)
    }

    /// The first item within the bounds and the one behind the last.
    fn positions(&self, lo: Bound<&[u8]>, hi: Bound<&[u8]>) -> (Position, Position) {
        let end = Position {
            chunk: self.chunks.len(),
            at: 0,
        };
        let edge = |key: &[u8], behind: bool| {
            let Place {
                mut position,
                found,
            } = self.find(key);
            position.at += usize::from(found && behind);
            let chunk = self.chunks.get(position.chunk);
            if chunk.is_none_or(|chunk| position.at >= chunk.slots.len()) {
                position = Position {
                    chunk: (position.chunk + 1).min(end.chunk),
                    at: 0,
                };
            }
            position
        };
        let front = match lo {
            Bound::Unbounded => Position { chunk: 0, at: 0 },
            Bound::Included(key) => edge(key, false),
            Bound::Excluded(key) => edge(key, true),
        };
        let back = match hi {
            Bound::Unbounded => end,
            Bound::Included(key) => edge(key, true),
            Bound::Excluded(key) => edge(key, false),
        };
        (front, back)
    }
}

impl Chunk {
    fn moved(&mut self, by: i64) {
        if let Some(delta) = self.delta.get_mut() {
            *delta += by;
        }
    }

    fn delta(&self, buffer: &[u8]) -> i64 {
        *self.delta.get_or_init(|| self.sum(buffer, 0, usize::MAX))
    }

    fn sum(&self, buffer: &[u8], from: usize, to: usize) -> i64 {
        let offsets = self.slots.offsets();
        let some = offsets.get(from..to.min(offsets.len())).unwrap_or_default();
        some.iter()
            .map(|offset| item::get(buffer, *offset as usize).1.delta())
            .sum()
    }

    fn split_off<'a>(&mut self, at: usize, key_at: impl Fn(usize) -> &'a [u8]) -> Self {
        self.delta = OnceLock::new();
        Self {
            slots: self.slots.split_off(at, CHUNK + 1, key_at),
            delta: OnceLock::new(),
        }
    }
}

/// Changes in the order of their keys, from both ends. Made by [`StoreWrites::range`].
#[derive(Debug)]
pub(crate) struct Iter<'a> {
    writes: &'a StoreWrites,
    front: Position,
    back: Position,
    /// At least so many are left.
    least: usize,
}

impl<'a> Iter<'a> {
    fn get(&self, position: Position) -> Option<(&'a [u8], Change<'a>)> {
        let offset = self.writes.offset(position)?;
        Some(item::get(&self.writes.buffer, offset))
    }

    /// Has the memory of the next items fetched. They lie anywhere in the buffer; loads that follow each other
    /// here wait together, where each would wait alone when its item's turn comes.
    #[inline]
    fn fetch(&self, position: Position) {
        let chunk = self.writes.chunks.get(position.chunk);
        let offsets = chunk.map_or(&[][..], |chunk| chunk.slots.offsets());
        let next = offsets.iter().skip(position.at).take(FETCHED);
        let byte = |offset: &u32, line: usize| {
            let at = *offset as usize + line * CACHE_LINE;
            self.writes.buffer.get(at).copied().unwrap_or_default()
        };
        let touched = next.fold(0, |sum: u8, offset| sum ^ byte(offset, 0) ^ byte(offset, 1));
        std::hint::black_box(touched);
    }

    fn chunk_len(&self, chunk: usize) -> usize {
        let chunk = self.writes.chunks.get(chunk);
        chunk.map_or(0, |chunk| chunk.slots.len())
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a [u8], Change<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.front >= self.back {
            return None;
        }
        if self.front.at.is_multiple_of(FETCHED) {
            self.fetch(self.front);
        }
        let here = self.get(self.front);
        self.least = self.least.saturating_sub(1);
        self.front.at += 1;
        if self.front.at >= self.chunk_len(self.front.chunk) {
            self.front = Position {
                chunk: self.front.chunk + 1,
                at: 0,
            };
        }
        here
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.least, None)
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.front >= self.back {
            return None;
        }
        self.least = self.least.saturating_sub(1);
        if self.back.at == 0 {
            let chunk = self.back.chunk.saturating_sub(1);
            let at = self.chunk_len(chunk);
            self.back = Position { chunk, at };
        }
        self.back.at = self.back.at.saturating_sub(1);
        self.get(self.back)
    }
}

#[cfg(test)]
mod tests;
