//! Walking a store for SQLite.

mod columns;
mod count;
mod grouped;
mod lookup;

use std::collections::VecDeque;
use std::ffi::c_int;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::ffi;
use rusqlite::types::{Value as SqliteValue, ValueRef};
use rusqlite::vtab::{Context, Filters, VTabCursor};
use sop::key::KeyRange;

use super::groups::Groups;
use super::hash::FieldHash;
use super::open::{OpenCursor, OpenStore};
use super::plan::{Path, Plan};
use super::residual::{Residuals, Verdict};
use super::seek::{Arguments, Point, Seek};
use super::values::{near, owned, set_part, value_of};
use super::walk::{self, IndexWalk};
use super::{StoreTable, TableShared};
use crate::sql::Result;
use crate::sql::columns::Source;
use crate::sql::error::{Code, QueryError};
use crate::sql::running::Running;

/// After so many items that SQLite does not see somebody may have cancelled the statement.
const CHECKED_ITEMS: u64 = 4_096;

/// A cursor of SQLite over a store.
#[repr(C)]
pub(in crate::sql) struct StoreCursor<'vtab> {
    base: ffi::sqlite3_vtab_cursor,
    table: Arc<TableShared>,
    running: Rc<Running>,
    store: Option<Rc<OpenStore>>,
    cursor: Option<OpenCursor>,
    /// Whether the cursor is over the whole store.
    is_whole: bool,
    /// The index that leads to the items, and whether its entry is all that is needed of the item.
    walk: Option<IndexWalk>,
    on_entry: bool,
    /// Ranges that are still to be walked.
    ranges: VecDeque<KeyRange>,
    reverse: bool,
    /// Whether the statement may change items.
    changes: bool,
    /// A hash without entries.
    nothing: Rc<FieldHash>,
    /// Entries of a hash that are still to be visited.
    matches: Option<(Rc<FieldHash>, Option<u32>)>,
    /// What an item has to satisfy beside.
    residuals: Residuals,
    /// The items in groups, where they are gathered by these.
    groups: Option<Groups>,
    /// How many items the row stands for.
    count: u64,
    /// How many times a hash was asked for.
    asked: u32,
    end: bool,
    phantom: PhantomData<&'vtab StoreTable>,
}

/// The arguments of a search.
struct Given<'a>(&'a Filters<'a>);

impl Arguments for Given<'_> {
    fn value(&self, argument: usize) -> Option<ValueRef<'_>> {
        self.0.iter().nth(argument)
    }

    fn list(&self, argument: usize) -> Option<Vec<SqliteValue>> {
        // Each value lives until the next is asked for.
        let values = self.0.in_values(argument).ok()?;
        values.map(|value| Ok(owned(value))).collect().ok()
    }
}

impl StoreCursor<'_> {
    pub fn new(table: Arc<TableShared>, running: Rc<Running>) -> Self {
        Self {
            base: ffi::sqlite3_vtab_cursor::default(),
            table,
            changes: !running.only_reads(),
            running,
            store: None,
            cursor: None,
            is_whole: false,
            walk: None,
            on_entry: false,
            ranges: VecDeque::new(),
            reverse: false,
            nothing: Rc::new(FieldHash::new()),
            matches: None,
            residuals: Residuals::default(),
            groups: None,
            count: 1,
            asked: 0,
            end: true,
            phantom: PhantomData,
        }
    }

    fn store(&mut self) -> Result<Rc<OpenStore>> {
        if let Some(store) = &self.store {
            return Ok(Rc::clone(store));
        }
        let store = self.running.store(self.table.database, &self.table.store)?;
        self.store = Some(Rc::clone(&store));
        Ok(store)
    }

    fn begin(&mut self, plan: &Plan, arguments: &Filters<'_>) -> Result<()> {
        let store = self.store()?;
        self.end = false;
        self.reverse = plan.reverse;
        self.matches = None;
        self.on_entry = false;
        if !matches!(plan.path, Path::Index { .. }) {
            self.walk = None;
        }
        self.ranges.clear();
        self.count = 1;
        let gathered = self.groups.take();
        let given = Given(arguments);
        self.residuals = Residuals::new(&plan.residuals, &given);
        let argument = |at: usize| arguments.iter().nth(at);
        match &plan.path {
            Path::Scan => {
                if plan.counts && self.count(store.store(), &[KeyRange::all()])? {
                    return Ok(());
                }
                if let Some(ValueRef::Integer(skip @ 1..)) = plan.skip.and_then(argument) {
                    return self.skip(skip as u64);
                }
                self.ranges.push_back(KeyRange::all());
            }
            Path::Seek(seek) => {
                if plan.counts
                    && let Some(ranges) = seek.exact_ranges(store.store(), &given)?
                    && self.count(store.store(), &ranges)?
                {
                    return Ok(());
                }
                if self.running.only_reads()
                    && let Some(point) = seek.point(store.store(), &given)?
                {
                    return self.at_point(&point);
                }
                self.ranges.extend(seek.ranges(store.store(), &given)?);
            }
            Path::Hash {
                column,
                argument: at,
                first,
            } => {
                let value = argument(*at).unwrap_or(ValueRef::Null);
                if self.look_up(*column, value)? {
                    return Ok(());
                }
                self.ranges.extend(first.ranges(store.store(), &given)?);
            }
            Path::Index {
                index,
                seek,
                covering,
            } => return self.by_index(plan, *index, seek, *covering, &given),
            Path::At { argument: at } => {
                let Some(ValueRef::Blob(position)) = argument(*at) else {
                    self.end = true;
                    return Ok(());
                };
                let position = position.to_vec();
                return self.go_to(&position);
            }
        }
        match &plan.groups {
            Some(grouping) => self.by_groups(grouping, gathered),
            None => self.next_range(),
        }
    }

    /// Walks the entries of an index.
    fn by_index(
        &mut self,
        plan: &Plan,
        number: usize,
        seek: &Seek,
        covering: bool,
        given: &Given<'_>,
    ) -> Result<()> {
        let Some(index) = self.table.indexes.get(number).cloned() else {
            return Err(QueryError::new(
                Code::Engine,
                "a plan names an index that is not there",
            ));
        };
        let kept = self.walk.take().filter(|walk| walk.is_of(&index));
        // What is asked once may be asked again, for each row of another table.
        let remembers = kept.is_some() && self.running.only_reads();
        let mut walk = match kept {
            Some(walk) => walk,
            None => {
                let store = self.running.store(self.table.database, &index.store)?;
                IndexWalk::new(&self.table, index, store)
            }
        };
        walk.set_covering(covering);
        let ranges = walk.search(seek, given, remembers)?;
        let store = Rc::clone(walk.store());
        self.walk = Some(walk);
        if plan.counts
            && let Some(ranges) = walk::countable(&store, &ranges)?
            && self.count(store.store(), &ranges)?
        {
            return Ok(());
        }
        self.ranges = walk::in_order(&store, ranges, plan.equal)?;
        let base = self.store()?;
        if !covering {
            self.whole(&base)?;
        }
        self.next_range()
    }

    /// Goes to the item of the entry that the walk came to, if more is needed than the entry.
    fn arrive(&mut self) -> Result<()> {
        let base = self.store()?;
        let Some(walk) = &mut self.walk else {
            return Ok(());
        };
        self.running.scanned.set(self.running.scanned.get() + 1);
        self.end = false;
        self.on_entry = walk.is_enough()?;
        if self.on_entry {
            return Ok(());
        }
        let cursor = match &mut self.cursor {
            Some(cursor) => cursor,
            none => {
                self.is_whole = true;
                none.insert(OpenCursor::open(Rc::clone(&base), &KeyRange::all())?)
            }
        };
        if walk.go_to_item(&base, cursor)? {
            return Ok(());
        }
        let message = format!(
            "an index of {:?} has an entry without an item; check the database, then drop the index and make it again",
            self.table.store
        );
        Err(QueryError::new(Code::Engine, message))
    }

    /// Begins with the item that has `skip` others before it.
    fn skip(&mut self, skip: u64) -> Result<()> {
        let store = self.store()?;
        let rank = match self.reverse {
            false => Some(skip),
            true => store.store().len()?.checked_sub(skip + 1),
        };
        let item = match rank {
            Some(rank) => store.store().nth(rank)?,
            None => None,
        };
        let Some(item) = item else {
            self.end = true;
            return Ok(());
        };
        let position = item.position.as_slice();
        let found = self
            .whole(&store)?
            .with_dependent_mut(|_, cursor| cursor.seek(position))?;
        self.arrived(found);
        Ok(())
    }

    /// A cursor over the whole store.
    fn whole(&mut self, store: &Rc<OpenStore>) -> Result<&mut OpenCursor> {
        let kept = self.cursor.take_if(|_| self.is_whole);
        let cursor = match kept {
            Some(cursor) => cursor,
            None => OpenCursor::open(Rc::clone(store), &KeyRange::all())?,
        };
        self.is_whole = true;
        Ok(self.cursor.insert(cursor))
    }

    /// Goes to the only item that a whole key leads to.
    fn at_point(&mut self, point: &Point) -> Result<()> {
        // There is nothing behind it.
        self.matches = Some((Rc::clone(&self.nothing), None));
        let Point::At(position) = point else {
            self.end = true;
            return Ok(());
        };
        let store = self.store()?;
        let there = self.whole(&store)?.with_dependent_mut(|_, cursor| {
            Ok::<_, sop::Error>(cursor.seek(position)? && cursor.position() == Some(position))
        })?;
        self.arrived(there);
        if there && !self.fits()? {
            self.end = true;
        }
        Ok(())
    }

    /// Whether the item that the cursor stands at satisfies the residual conditions, as far as can be told here.
    fn fits(&self) -> Result<bool> {
        let Some(cursor) = self.cursor.as_ref().filter(|_| !self.residuals.is_empty()) else {
            return Ok(true);
        };
        cursor.with_dependent(|_, cursor| match cursor.item()? {
            Some(item) => Ok(self.residuals.verdict(&self.table, &item)? != Verdict::No),
            None => Ok(true),
        })
    }

    /// Goes on from the item that the cursor stands at, if `found`, to one that satisfies the residual conditions; false at
    /// the end.
    fn settle(&mut self, mut found: bool) -> Result<bool> {
        if self.residuals.is_empty() || !found {
            self.arrived(found);
            return Ok(found);
        }
        let (reverse, table, residuals) = (self.reverse, &self.table, &self.residuals);
        let Some(cursor) = &mut self.cursor else {
            return Ok(false);
        };
        let running = &self.running;
        let mut seen = 0_u64;
        let settled = cursor.with_dependent_mut(|_, cursor| {
            while found {
                seen += 1;
                if let Some(item) = cursor.item()?
                    && residuals.verdict(table, &item)? != Verdict::No
                {
                    break;
                }
                if seen.is_multiple_of(CHECKED_ITEMS)
                    && let Some(why) = running.stopped()
                {
                    return Err(why.error());
                }
                found = match reverse {
                    false => cursor.next()?,
                    true => cursor.prev()?,
                };
            }
            Ok(found)
        });
        running.scanned.set(running.scanned.get() + seen);
        self.end = !settled?;
        Ok(!self.end)
    }

    /// Goes to the item at exactly this place.
    fn go_to(&mut self, position: &[u8]) -> Result<()> {
        let store = self.store()?;
        let there = self.whole(&store)?.with_dependent_mut(|_, cursor| {
            Ok::<_, sop::Error>(cursor.seek(position)? && cursor.position() == Some(position))
        })?;
        self.arrived(there);
        // There is nothing behind it.
        self.matches = Some((Rc::clone(&self.nothing), None));
        Ok(())
    }

    fn arrived(&mut self, found: bool) {
        self.end = !found;
        if found {
            self.running.scanned.set(self.running.scanned.get() + 1);
        }
    }

    /// Goes to the first item of the next range that has one.
    fn next_range(&mut self) -> Result<()> {
        loop {
            let range = match self.reverse {
                false => self.ranges.pop_front(),
                true => self.ranges.pop_back(),
            };
            let Some(range) = range else {
                self.end = true;
                return Ok(());
            };
            let reverse = self.reverse;
            if let Some(walk) = &mut self.walk {
                if walk.begin(&range, reverse)? && self.arrive_at_fitting()? {
                    return Ok(());
                }
                continue;
            }
            let store = self.store()?;
            let mut cursor = OpenCursor::open(store, &range)?;
            let found = cursor.with_dependent_mut(|_, cursor| match reverse {
                false => cursor.first(),
                true => cursor.last(),
            })?;
            self.cursor = Some(cursor);
            self.is_whole = false;
            if self.settle(found)? {
                return Ok(());
            }
        }
    }

    /// Goes to the item of the entry that the walk came to, or of the first behind it in its range that fits; false where
    /// there is none.
    fn arrive_at_fitting(&mut self) -> Result<bool> {
        let mut seen = 0_u64;
        loop {
            self.arrive()?;
            if self.on_entry || self.fits()? {
                return Ok(true);
            }
            seen += 1;
            if seen.is_multiple_of(CHECKED_ITEMS)
                && let Some(why) = self.running.stopped()
            {
                return Err(why.error());
            }
            let on = match &mut self.walk {
                Some(walk) => walk.step(self.reverse)?,
                None => false,
            };
            if !on {
                return Ok(false);
            }
        }
    }

    fn next_match(&mut self) -> Result<()> {
        let Some((hash, next)) = &mut self.matches else {
            return Ok(());
        };
        let (Some(entry), Some(cursor)) = (*next, &mut self.cursor) else {
            self.end = true;
            return Ok(());
        };
        *next = hash.before(entry);
        let position = hash.position(entry);
        let found = cursor.with_dependent_mut(|_, cursor| cursor.seek(position))?;
        self.arrived(found);
        Ok(())
    }

    fn step(&mut self) -> Result<()> {
        if self.groups.is_some() {
            return self.next_of_groups();
        }
        if self.matches.is_some() {
            return self.next_match();
        }
        if let Some(walk) = &mut self.walk {
            if walk.step(self.reverse)? && self.arrive_at_fitting()? {
                return Ok(());
            }
            return self.next_range();
        }
        let Some(cursor) = &mut self.cursor else {
            self.end = true;
            return Ok(());
        };
        let reverse = self.reverse;
        let found = cursor.with_dependent_mut(|_, cursor| match reverse {
            false => cursor.next(),
            true => cursor.prev(),
        })?;
        if self.settle(found)? {
            return Ok(());
        }
        self.next_range()
    }

    fn failed(&self, error: impl Into<QueryError>) -> rusqlite::Error {
        self.running.fail(error.into())
    }
}

#[expect(unsafe_code, reason = "the structure begins with SQLite's own part")]
// SAFETY: `#[repr(C)]` with `base` first, as the trait asks.
unsafe impl VTabCursor for StoreCursor<'_> {
    fn filter(
        &mut self,
        number: c_int,
        _: Option<&str>,
        arguments: &Filters<'_>,
    ) -> rusqlite::Result<()> {
        let Some(plan) = self.table.plan(number) else {
            return Err(rusqlite::Error::ModuleError("an unknown plan".to_owned()));
        };
        self.begin(&plan, arguments)
            .map_err(|error| self.failed(error))
    }

    fn next(&mut self) -> rusqlite::Result<()> {
        self.step().map_err(|error| self.failed(error))
    }

    fn eof(&self) -> bool {
        self.end
    }

    fn column(&self, context: &mut Context, number: c_int) -> rusqlite::Result<()> {
        // An update that does not set the column leaves it as it is.
        if self.changes && context.no_change() {
            return Ok(());
        }
        let at = usize::try_from(number).unwrap_or(usize::MAX);
        let (column, place) = (self.table.columns.get(at), self.table.places.get(at));
        let (Some(column), Some(place)) = (column.filter(|column| !column.is_masked()), place)
        else {
            return Ok(());
        };
        if let Some(groups) = &self.groups {
            if column.source == Source::Position {
                return self.place_in_groups(context, groups);
            }
            return groups.column(context, at);
        }
        if let Some(walk) = self.walk.as_ref().filter(|_| self.on_entry) {
            return self.entry_column(context, walk, &column.source);
        }
        let (Some(cursor), Some(store)) = (&self.cursor, &self.store) else {
            return Ok(());
        };
        cursor.with_dependent(|_, cursor| {
            if let source @ (Source::Key(_)
            | Source::WholeKey
            | Source::Version
            | Source::Count
            | Source::Counted
            | Source::Position) = &column.source
            {
                return self.key_column(context, cursor, store, source);
            }
            let Some(item) = cursor.item().map_err(|error| self.failed(error))? else {
                return Ok(());
            };
            if let Some(name) = column.plain_field() {
                let document = item.value().map_err(|error| self.failed(error))?;
                return set_part(context, near(document, name, place));
            }
            let value = value_of(column, place, &item, self.table.rules.as_deref())
                .map_err(|error| self.failed(error))?;
            context.set_result(value)
        })
    }

    fn rowid(&self) -> rusqlite::Result<i64> {
        Ok(0)
    }
}
