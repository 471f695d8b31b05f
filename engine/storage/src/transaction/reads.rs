//! What a write transaction has seen: points (found or missing) and ranges. Checked at commit.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::writes::{Change, StoreId, StoreWrites};
use crate::seeded::{self, Fault};

/// A range of physical keys that was read as a whole, so that a new key in it is a conflict.
#[derive(Debug)]
pub(crate) struct ReadRange {
    pub lo: Bound<Vec<u8>>,
    pub hi: Bound<Vec<u8>>,
}

/// Reads of one store.
#[derive(Debug, Default)]
pub(crate) struct StoreReads {
    pub points: BTreeSet<Vec<u8>>,
    pub ranges: Vec<ReadRange>,
    /// Ranges that no item may have come into or left, whatever became of the values there.
    pub places: Vec<ReadRange>,
}

/// Reads of one transaction.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    stores: BTreeMap<StoreId, StoreReads>,
}

impl Reads {
    pub fn point(&mut self, store: StoreId, key: &[u8]) {
        let points = &mut self.stores.entry(store).or_default().points;
        if !points.contains(key) {
            points.insert(key.to_vec());
        }
    }

    pub fn range(&mut self, store: StoreId, lo: Bound<Vec<u8>>, hi: Bound<Vec<u8>>) {
        push(&mut self.stores.entry(store).or_default().ranges, lo, hi);
    }

    /// Notes where a key is or would be: see [`StoreReads::places`].
    pub fn place(&mut self, store: StoreId, lo: Bound<Vec<u8>>, hi: Bound<Vec<u8>>) {
        push(&mut self.stores.entry(store).or_default().places, lo, hi);
    }

    /// What was read of each store.
    pub fn stores(&self) -> impl ExactSizeIterator<Item = (StoreId, &StoreReads)> {
        self.stores.iter().map(|(id, reads)| (*id, reads))
    }

    /// The first key among `writes` of `store` that was read here.
    pub fn first_overlap<'w>(
        &'w self,
        store: StoreId,
        writes: &'w StoreWrites,
    ) -> Option<&'w [u8]> {
        let reads = self.stores.get(&store)?;
        let point = if seeded::is(Fault::SkipReadValidation) {
            None
        } else if reads.points.len() <= writes.len() {
            let mut points = reads.points.iter().map(Vec::as_slice);
            points.find(|key| writes.contains(key))
        } else {
            writes.keys().find(|key| reads.points.contains(*key))
        };
        point.or_else(|| {
            let ranges = reads.ranges.iter();
            ranges
                .filter(|_| !seeded::is(Fault::IgnoreRanges))
                .find_map(|range| first_in(writes, range, |_| true))
                .or_else(|| {
                    let moves = |change: Change<'_>| !change.keeps_place();
                    let mut places = reads.places.iter();
                    places.find_map(|place| first_in(writes, place, moves))
                })
        })
    }
}

fn push(ranges: &mut Vec<ReadRange>, lo: Bound<Vec<u8>>, hi: Bound<Vec<u8>>) {
    // A loop that asks for the same range again and again keeps one entry.
    let mut last = ranges.iter().rev().take(8);
    if !last.any(|range| range.lo == lo && range.hi == hi) {
        ranges.push(ReadRange { lo, hi });
    }
}

fn first_in<'w>(
    writes: &'w StoreWrites,
    range: &ReadRange,
    counts: impl Fn(Change<'_>) -> bool,
) -> Option<&'w [u8]> {
    let (lo, hi) = (
        range.lo.as_ref().map(Vec::as_slice),
        range.hi.as_ref().map(Vec::as_slice),
    );
    let mut changes = writes.range(lo, hi);
    changes
        .find(|(_, change)| counts(*change))
        .map(|(key, _)| key)
}
