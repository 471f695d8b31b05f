//! Items in groups: what a statement wants of the items of a walk, kept in memory and given group by group, so that SQLite need
//! not sort it.
//!
//! Always: items that SQLite takes for one group come one behind the other, each once, in the order of the walk. What does not
//! fit into memory is gathered in parts, a walk for each: first by parts of the hashes of groups, and a group that alone is too
//! large in pieces. The groups of a part come in SQLite's order of their values.

mod rows;

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::ops::{Bound, ControlFlow};

use rusqlite::vtab::Context;
use sop::key::KeyRange;
use sop::{Direction, DocumentStore, ItemRef};

use self::rows::Rows;
use super::TableShared;
use super::residual::{Residuals, Verdict};
use crate::sql::Result;
use crate::sql::error::QueryError;
use crate::sql::running::Running;

/// After so many items somebody may have cancelled the statement.
const CHECKED_ITEMS: u64 = 4_096;

/// What is wanted in groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grouping {
    /// The columns that tell groups apart, and whether their values are to come in descending order.
    pub by: Vec<(usize, bool)>,
    /// The other columns that are wanted.
    pub others: Vec<usize>,
    /// Whether one row of each group is enough.
    pub distinct: bool,
}

impl Grouping {
    /// About how many bytes an item takes, texts aside.
    pub fn item_bytes(&self) -> usize {
        rows::ROW_BYTES + self.others.len() * rows::CELL_BYTES
    }
}

/// What is gathered in one walk.
enum Part {
    /// The groups whose hashes are within these, both included.
    Hashes(u64, u64),
    /// A group that is too large, without so many of its items.
    One { key: Box<[u8]>, skip: u64 },
}

/// Where a search is gathered.
pub(super) struct Walk<'a> {
    pub table: &'a TableShared,
    pub store: &'a DocumentStore<'a>,
    pub running: &'a Running,
}

/// The items of a search in groups.
pub(super) struct Groups {
    grouping: Grouping,
    ranges: Vec<KeyRange>,
    residuals: Residuals,
    hasher: RandomState,
    rows: Rows,
    at: usize,
    /// What is still to be gathered, the next last.
    parts: Vec<Part>,
    /// The groups that are gathered by themselves.
    large: HashSet<Box<[u8]>>,
    /// Whether everything was gathered at once.
    is_whole: bool,
}

/// Why a walk ended.
enum Ended {
    AllSeen,
    NoRoom,
}

impl Groups {
    pub fn new(grouping: &Grouping, ranges: Vec<KeyRange>, residuals: Residuals) -> Self {
        Self {
            rows: Rows::new(grouping),
            grouping: grouping.clone(),
            ranges,
            residuals,
            hasher: RandomState::new(),
            at: 0,
            parts: vec![Part::Hashes(0, u64::MAX)],
            large: HashSet::new(),
            is_whole: true,
        }
    }

    /// Whether others are the same items in the same groups.
    pub fn are_as(&self, others: &Self) -> bool {
        self.grouping == others.grouping
            && self.ranges == others.ranges
            && self.residuals == others.residuals
    }

    /// Goes back to the first row; false where that would need another walk.
    pub fn rewind(&mut self) -> bool {
        self.at = 0;
        self.is_whole && self.parts.is_empty()
    }

    /// Whether there is a row.
    #[inline]
    pub fn is_at_row(&self) -> bool {
        self.at < self.rows.len()
    }

    /// Gathers what comes behind the last row, if there is anything.
    pub fn arrive(&mut self, walk: &Walk<'_>) -> Result<()> {
        while !self.is_at_row() {
            let Some(part) = self.parts.pop() else {
                return Ok(());
            };
            self.at = 0;
            self.gather(walk, part)?;
        }
        Ok(())
    }

    /// Leaves the row.
    pub fn leave(&mut self) {
        self.at += 1;
    }

    /// Gives SQLite a column of the row.
    #[inline]
    pub fn column(&self, context: &mut Context, column: usize) -> rusqlite::Result<()> {
        self.rows.column(context, self.at, column)
    }

    /// Where the item of the row stands, which nobody is expected to ask.
    pub fn position(&self, store: &DocumentStore<'_>) -> Result<Option<Vec<u8>>> {
        let Some(mut number) = self.rows.number(self.at).map(u64::from) else {
            return Ok(None);
        };
        for range in &self.ranges {
            let items = store.count(range)?;
            if number >= items {
                number -= items;
                continue;
            }
            let hi = match &range.lo {
                Bound::Included(lo) => Bound::Excluded(lo.clone()),
                Bound::Excluded(lo) => Bound::Included(lo.clone()),
                Bound::Unbounded => {
                    let item = store.nth(number)?;
                    return Ok(item.map(|item| item.position.as_slice().to_vec()));
                }
            };
            let before = store.count(&KeyRange {
                lo: Bound::Unbounded,
                hi,
            })?;
            let item = store.nth(before + number)?;
            return Ok(item.map(|item| item.position.as_slice().to_vec()));
        }
        Ok(None)
    }

    fn gather(&mut self, walk: &Walk<'_>, part: Part) -> Result<()> {
        self.rows.clear();
        match self.walk(walk, &part)? {
            Ended::AllSeen => self.rows.sort(),
            Ended::NoRoom => {
                self.is_whole = false;
                match part {
                    Part::Hashes(from, to) => {
                        self.divide(from, to);
                        self.rows.clear();
                    }
                    Part::One { key, skip } => {
                        let skip = skip + self.rows.len() as u64;
                        self.parts.push(Part::One { key, skip });
                        self.rows.sort();
                    }
                }
            }
        }
        Ok(())
    }

    fn walk(&mut self, walk: &Walk<'_>, part: &Part) -> Result<Ended> {
        let room = walk.running.group_bytes.get();
        let (mut seen, mut passed) = (0_u64, 0_u64);
        let mut ended = Ended::AllSeen;
        let (rows, hasher, large) = (&mut self.rows, &self.hasher, &self.large);
        let residuals = &self.residuals;
        let all = large.is_empty() && matches!(part, Part::Hashes(0, u64::MAX));
        for range in &self.ranges {
            let visit = |item: &ItemRef<'_>| -> Result<ControlFlow<()>> {
                seen += 1;
                if seen.is_multiple_of(CHECKED_ITEMS)
                    && let Some(why) = walk.running.stopped()
                {
                    return Err(why.error());
                }
                if residuals.verdict(walk.table, item)? == Verdict::No {
                    return Ok(ControlFlow::Continue(()));
                }
                rows.read_key(walk.table, item)?;
                let is_wanted = match part {
                    _ if all => true,
                    Part::Hashes(from, to) => {
                        let key = rows.key();
                        (*from..=*to).contains(&hasher.hash_one(&key)) && !large.contains(&key)
                    }
                    Part::One { key, skip } if *key == rows.key() => {
                        passed += 1;
                        passed > *skip
                    }
                    Part::One { .. } => false,
                };
                if !is_wanted {
                    return Ok(ControlFlow::Continue(()));
                }
                if rows.bytes() > room && rows.len() > 0 {
                    ended = Ended::NoRoom;
                    return Ok(ControlFlow::Break(()));
                }
                rows.add(walk.table, item, (seen - 1) as u32)?;
                Ok(ControlFlow::Continue(()))
            };
            walk.store
                .try_for_each::<QueryError>(range, Direction::Forward, visit)?;
            if matches!(ended, Ended::NoRoom) {
                break;
            }
        }
        let scanned = &walk.running.scanned;
        scanned.set(scanned.get() + seen);
        Ok(ended)
    }

    /// Has what did not fit gathered in two walks, or, where all of it has one hash, each group by itself.
    fn divide(&mut self, from: u64, to: u64) {
        let keys = self.rows.keys();
        let mut hashes: Vec<u64> = keys.map(|key| self.hasher.hash_one(key)).collect();
        hashes.sort_unstable();
        hashes.dedup();
        let middle = hashes.len().div_ceil(2).wrapping_sub(1);
        if let (Some(middle), 2..) = (hashes.get(middle), hashes.len()) {
            let middle = *middle;
            self.parts.push(Part::Hashes(middle + 1, to));
            self.parts.push(Part::Hashes(from, middle));
            return;
        }
        self.parts.push(Part::Hashes(from, to));
        for key in self.rows.keys() {
            if self.large.insert(key.clone()) {
                self.parts.push(Part::One { key, skip: 0 });
            }
        }
    }
}
