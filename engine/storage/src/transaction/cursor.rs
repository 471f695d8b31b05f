//! Walking a store without owning what is walked: the snapshot's tree and the transaction's own changes,
//! merged in key order, both ways.
//!
//! The walk goes in *runs*: items of one page that lie in the range and before the next own change, so that
//! a step within a run compares nothing. Changes that the transaction makes while a cursor stands
//! somewhere are seen from the next step on.
//!
//! What was walked is noted for validation in *stretches*, from where a seek went to as far as it was gone on
//! either side, when the stretch ends: with another seek, or with the cursor.

mod ahead;

use std::ops::{Bound, ControlFlow};

use super::item::{ItemRef, Shape};
use super::physical::{self, Bounds};
use super::range::Direction;
use super::store::DocumentStore;
use super::writes::is_empty_range;
use crate::error::Result;
use crate::key::{Key, KeyRange};
use crate::tree::{self, PagePart};
use ahead::{Ahead, note_ahead};

/// Where a cursor stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum At {
    Before,
    /// At an item of the tree, where the tree's cursor stands.
    Base,
    /// At an own item. The tree's cursor stands on the next item in walking order, if any.
    Own,
    Behind,
}

/// What was walked since the last seek; `None` where nothing is sure yet.
#[derive(Default)]
struct Stretch {
    lo: Option<Bound<Vec<u8>>>,
    hi: Option<Bound<Vec<u8>>>,
}

/// A place in a range of a store: before its first item, at an item, or behind the last. Made by
/// [`DocumentStore::cursor`]; before the first item then.
pub struct Cursor<'s> {
    store: &'s DocumentStore<'s>,
    base: tree::Cursor<'s>,
    bounds: Bounds,
    at: At,
    direction: Direction,
    /// Items from the current one on that need no comparison, itself included.
    run: usize,
    ahead: Ahead,
    /// The own item the cursor stands at.
    own_key: Vec<u8>,
    own_payload: Vec<u8>,
    stretch: Stretch,
    empty: bool,
    shape: Shape<'s>,
}

impl std::fmt::Debug for Cursor<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cursor")
            .field("store", &self.store)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

fn slices((lo, hi): &Bounds) -> (Bound<&[u8]>, Bound<&[u8]>) {
    (
        lo.as_ref().map(Vec::as_slice),
        hi.as_ref().map(Vec::as_slice),
    )
}

/// Whether a key lies on the inner side of the bound that a walk goes towards.
#[inline]
fn within((lo, hi): (Bound<&[u8]>, Bound<&[u8]>), direction: Direction, key: &[u8]) -> bool {
    match direction {
        Direction::Forward => match hi {
            Bound::Unbounded => true,
            Bound::Included(hi) => key <= hi,
            Bound::Excluded(hi) => key < hi,
        },
        Direction::Backward => match lo {
            Bound::Unbounded => true,
            Bound::Included(lo) => key >= lo,
            Bound::Excluded(lo) => key > lo,
        },
    }
}

impl Direction {
    fn is_forward(self) -> bool {
        self == Self::Forward
    }

    /// Whether `a` comes before `b` on the way.
    fn before(self, a: &[u8], b: &[u8]) -> bool {
        match self {
            Self::Forward => a < b,
            Self::Backward => a > b,
        }
    }
}

impl<'s> Cursor<'s> {
    pub(super) fn new(store: &'s DocumentStore<'s>, bounds: Bounds) -> Result<Self> {
        store.check_usable()?;
        let (lo, hi) = slices(&bounds);
        Ok(Self {
            store,
            base: store.tree.cursor(),
            empty: is_empty_range(lo, hi),
            bounds,
            at: At::Before,
            direction: Direction::Forward,
            run: 0,
            ahead: Ahead::default(),
            own_key: Vec::new(),
            own_payload: Vec::new(),
            stretch: Stretch::default(),
            shape: Shape::of(&store.definition),
        })
    }

    /// Takes another range in place of the one that the cursor was made for, and stands before its first item.
    ///
    /// # Errors
    /// When the store is not there any more.
    pub fn set_range(&mut self, range: &KeyRange) -> Result<()> {
        self.end_stretch();
        self.store.check_usable()?;
        self.bounds = physical::bounds(range, self.store.definition.unique);
        let (lo, hi) = slices(&self.bounds);
        self.empty = is_empty_range(lo, hi);
        self.at = At::Before;
        self.direction = Direction::Forward;
        self.run = 0;
        self.ahead.known = false;
        Ok(())
    }

    /// Goes to the first item of the range; false when there is none.
    pub fn first(&mut self) -> Result<bool> {
        self.start(Direction::Forward)
    }

    /// Goes to the last item of the range; false when there is none.
    pub fn last(&mut self) -> Result<bool> {
        self.start(Direction::Backward)
    }

    /// Goes to the first item of the range at or after a position, which [`ItemRef::position`] or, for a
    /// key, [`DocumentStore::position_of`] gave. False when there is none; the cursor is behind the range then.
    pub fn seek(&mut self, position: &[u8]) -> Result<bool> {
        let before = match &self.bounds.0 {
            Bound::Unbounded => false,
            Bound::Included(lo) | Bound::Excluded(lo) => position <= lo.as_slice(),
        };
        if before {
            return self.first();
        }
        self.end_stretch();
        self.store.check_usable()?;
        if self.empty {
            return Ok(self.stop(Direction::Forward));
        }
        if self.store.tx.tracks() {
            self.stretch.lo = Some(Bound::Included(position.to_vec()));
        }
        self.direction = Direction::Forward;
        let (_, hi) = slices(&self.bounds);
        let lo = Bound::Included(position);
        note_ahead(&mut self.ahead, self.store, self.direction, lo, hi);
        let moved = moving(&mut self.base, self.store, |base| base.seek(position));
        self.settle_after(moved)
    }

    /// Says which positions [`seek`](Self::seek) will be asked for next, in this order and up to sixteen of them, so that the
    /// processor does not wait for the memory of each in turn. A hint: what it answers stays the same.
    pub fn expect<'p>(&mut self, positions: impl Iterator<Item = &'p [u8]> + Clone) {
        self.base.expect(positions);
    }

    /// Goes to the first item of the range whose key is not less than `key`; false when there is none, as with
    /// [`seek`](Self::seek).
    pub fn seek_key(&mut self, key: &Key) -> Result<bool> {
        let order = self.store.encode(key)?.order;
        self.seek(&order)
    }

    /// Goes to the next item; from before the range to the first. False at the end; the cursor is behind
    /// the range then.
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "answers may be errors")]
    pub fn next(&mut self) -> Result<bool> {
        self.step(Direction::Forward)
    }

    /// Goes to the item before; from behind the range to the last. False at the start; the cursor is before
    /// the range then.
    #[inline]
    pub fn prev(&mut self) -> Result<bool> {
        self.step(Direction::Backward)
    }

    /// The item the cursor is at.
    ///
    /// # Errors
    /// When its value is stored apart and cannot be read.
    #[inline]
    pub fn item(&self) -> Result<Option<ItemRef<'_>>> {
        match self.at {
            At::Base => {
                let Some((key, version, part, loaded)) = self.base.item()? else {
                    return Ok(None);
                };
                Ok(Some(self.shape.item(key, version, part, loaded)))
            }
            At::Own => {
                let payload = PagePart::plain(&self.own_payload);
                Ok(Some(self.shape.item(&self.own_key, 0, payload, None)))
            }
            At::Before | At::Behind => Ok(None),
        }
    }

    /// Where the item stands that the cursor is at; reads no value.
    #[inline]
    pub fn position(&self) -> Option<&[u8]> {
        match self.at {
            At::Base => self.base.key(),
            At::Own => Some(&self.own_key),
            At::Before | At::Behind => None,
        }
    }

    /// Where the item that the cursor stands at and some of those behind it stand, in the direction of the walk: as many as
    /// are known without reading further, `count` at the most.
    pub fn positions_ahead(&self, count: usize) -> impl Iterator<Item = &[u8]> {
        let known = match self.at {
            At::Base if self.ahead.changes == self.store.tx.writes.changes() => self.run,
            _ => 0,
        };
        self.base
            .keys_ahead(self.direction.is_forward(), known.min(count))
    }

    /// Grows with each change that the transaction makes itself: what was read ahead holds as long as it stays the same.
    #[inline]
    pub fn own_changes(&self) -> u64 {
        self.store.tx.writes.changes()
    }

    /// Version of the item the cursor is at, as [`Item::version`](super::Item::version); reads no value.
    #[inline]
    pub fn version(&self) -> Option<u64> {
        match self.at {
            At::Base => self.base.version(),
            At::Own => Some(0),
            At::Before | At::Behind => None,
        }
    }

    pub(super) fn store(&self) -> &'s DocumentStore<'s> {
        self.store
    }

    /// One item further in a direction.
    #[inline]
    pub(super) fn step(&mut self, direction: Direction) -> Result<bool> {
        if self.run > 1
            && self.direction == direction
            && self.ahead.changes == self.store.tx.writes.changes()
        {
            self.run -= 1;
            self.base.skip(direction.is_forward(), 1);
            return Ok(true);
        }
        self.advance(direction)
    }

    /// Walks on in a direction, giving each item to `visit`, until it breaks.
    pub(super) fn visit<E: From<crate::error::Error>>(
        &mut self,
        direction: Direction,
        mut visit: impl FnMut(&ItemRef<'_>) -> std::result::Result<ControlFlow<()>, E>,
    ) -> std::result::Result<(), E> {
        let (forward, shape) = (direction.is_forward(), self.shape);
        let writes = &self.store.tx.writes;
        while self.step(direction)? {
            let mut seen = 1;
            let mut flow = Ok(ControlFlow::Continue(()));
            if self.at == At::Own {
                if let Some(item) = self.item()? {
                    flow = visit(&item);
                }
            } else {
                let changes = self.ahead.changes;
                let run = self
                    .base
                    .visit_run(forward, self.run, |key, version, part, loaded| {
                        let item = shape.item(key, version, part, loaded);
                        match visit(&item) {
                            Ok(ControlFlow::Continue(())) => writes.changes() == changes,
                            ended => {
                                flow = ended;
                                false
                            }
                        }
                    });
                seen = run.0;
                if let Err(error) = run.1 {
                    flow = Err(crate::error::Error::from(error).into());
                }
                self.base.skip(forward, seen.max(1) - 1);
                self.run -= seen.max(1) - 1;
            }
            self.store.tx.count_read(0, seen as u64);
            match flow {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Goes to the first item in walking order.
    fn start(&mut self, direction: Direction) -> Result<bool> {
        self.end_stretch();
        self.store.check_usable()?;
        if self.empty {
            return Ok(self.stop(direction));
        }
        self.direction = direction;
        let (lo, hi) = &self.bounds;
        if self.store.tx.tracks() {
            match direction {
                Direction::Forward => self.stretch.lo = Some(lo.clone()),
                Direction::Backward => self.stretch.hi = Some(hi.clone()),
            }
        }
        let moved = moving(&mut self.base, self.store, |base| match direction {
            Direction::Forward => match lo {
                Bound::Unbounded => base.first(),
                Bound::Included(key) => base.seek(key),
                Bound::Excluded(key) => seek_after(base, key),
            },
            Direction::Backward => match hi {
                Bound::Unbounded => base.last(),
                Bound::Excluded(key) => base.seek_before(key),
                Bound::Included(key) => {
                    let exact = base.seek(key)? && base.key() == Some(key.as_slice());
                    if exact {
                        Ok(true)
                    } else {
                        base.seek_before(key)
                    }
                }
            },
        });
        self.find_ahead(None);
        self.settle_after(moved)
    }

    /// [`step`](Self::step) where a run ends, turns around, or was overtaken by a change.
    fn advance(&mut self, direction: Direction) -> Result<bool> {
        match (self.at, direction) {
            (At::Before, Direction::Forward) | (At::Behind, Direction::Backward) => {
                return self.start(direction);
            }
            (At::Before, Direction::Backward) | (At::Behind, Direction::Forward) => {
                return Ok(false);
            }
            _ => {}
        }
        let turns = self.direction != direction;
        if turns {
            self.extend_stretch();
            self.direction = direction;
        }
        let mut here = Vec::new();
        if turns || !self.ahead.known || self.ahead.changes != self.store.tx.writes.changes() {
            here.extend_from_slice(self.position().unwrap_or_default());
            self.find_ahead(Some(&here));
        }
        let moved = moving(&mut self.base, self.store, |base| {
            match (turns, direction) {
                (true, Direction::Forward) => seek_after(base, &here),
                (true, Direction::Backward) => base.seek_before(&here),
                (false, _) if self.at == At::Own => Ok(true),
                (false, Direction::Forward) => base.next(),
                (false, Direction::Backward) => base.prev(),
            }
        });
        self.settle_after(moved)
    }

    /// Settles where the walk is after the tree's cursor moved; a failure ends the walk, as if all of the
    /// range had been read.
    fn settle_after(&mut self, moved: Result<()>) -> Result<bool> {
        let settled = moved.and_then(|()| self.settle());
        if settled.is_err() {
            self.stop(self.direction);
        }
        settled
    }

    /// The tree's cursor stands on the next item of the tree, `ahead` is the next own change: stands on
    /// whichever comes first.
    fn settle(&mut self) -> Result<bool> {
        let direction = self.direction;
        loop {
            let bounds = slices(&self.bounds);
            let base = self.base.key();
            let base = base.filter(|key| within(bounds, direction, key));
            let own = self.ahead.some.then_some(self.ahead.key.as_slice());
            let (own_first, hidden) = match (base, own) {
                (None, None) => return Ok(self.stop(direction)),
                (Some(_), None) => (false, false),
                (None, Some(_)) => (true, false),
                (Some(base), Some(own)) => (!direction.before(base, own), base == own),
            };
            if !own_first {
                let forward = direction.is_forward();
                let end = if forward { bounds.1 } else { bounds.0 };
                self.run = match (end, own) {
                    // The last key of the page need not be read for it.
                    (Bound::Unbounded, None) => self.base.rest(forward),
                    _ => self.base.run(forward, |key| {
                        within(bounds, direction, key)
                            && own.is_none_or(|own| direction.before(key, own))
                    }),
                };
                self.at = At::Base;
                return Ok(true);
            }
            if hidden {
                moving(&mut self.base, self.store, |base| match direction {
                    Direction::Forward => base.next(),
                    Direction::Backward => base.prev(),
                })?;
            }
            self.run = 0;
            self.ahead.known = false;
            std::mem::swap(&mut self.own_key, &mut self.ahead.key);
            if self.ahead.removes {
                let removed = std::mem::take(&mut self.own_key);
                self.find_ahead(Some(&removed));
                continue;
            }
            std::mem::swap(&mut self.own_payload, &mut self.ahead.payload);
            self.at = At::Own;
            return Ok(true);
        }
    }

    /// Looks for the own change that follows `after` in walking order, or for the first one.
    fn find_ahead(&mut self, after: Option<&[u8]>) {
        let (lo, hi) = slices(&self.bounds);
        let (lo, hi) = match (self.direction, after) {
            (_, None) => (lo, hi),
            (Direction::Forward, Some(key)) => (Bound::Excluded(key), hi),
            (Direction::Backward, Some(key)) => (lo, Bound::Excluded(key)),
        };
        note_ahead(&mut self.ahead, self.store, self.direction, lo, hi);
    }

    /// The walk ended in this direction. Always false.
    fn stop(&mut self, direction: Direction) -> bool {
        self.at = match direction {
            Direction::Forward => At::Behind,
            Direction::Backward => At::Before,
        };
        self.direction = direction;
        self.run = 0;
        self.ahead.known = false;
        self.extend_stretch();
        false
    }

    /// Stands behind the range, for a walk backwards.
    pub(super) fn go_behind(&mut self) {
        self.at = At::Behind;
    }

    /// Ends the walk as if all of the range had been read.
    pub(super) fn give_up(&mut self) {
        self.stop(self.direction);
    }

    /// Takes the current place into the stretch.
    fn extend_stretch(&mut self) {
        if !self.store.tx.tracks() || (self.stretch.lo.is_none() && self.stretch.hi.is_none()) {
            return;
        }
        let here = self.position().map(<[u8]>::to_vec);
        let stretch = &mut self.stretch;
        match (self.at, here) {
            (At::Behind, _) => stretch.hi = Some(self.bounds.1.clone()),
            (At::Before, _) => stretch.lo = Some(self.bounds.0.clone()),
            (_, None) => {}
            (_, Some(here)) => {
                let beyond = |end: &Option<Bound<Vec<u8>>>| match end {
                    None => true,
                    Some(Bound::Unbounded) => false,
                    Some(Bound::Included(end) | Bound::Excluded(end)) => {
                        self.direction.before(end, &here)
                    }
                };
                let end = match self.direction {
                    Direction::Forward => &mut stretch.hi,
                    Direction::Backward => &mut stretch.lo,
                };
                if beyond(end) {
                    *end = Some(Bound::Included(here));
                }
            }
        }
    }

    /// Notes the stretch as read.
    fn end_stretch(&mut self) {
        self.extend_stretch();
        let stretch = std::mem::take(&mut self.stretch);
        if let (Some(lo), Some(hi)) = (stretch.lo, stretch.hi) {
            self.store.read_range((lo, hi));
        }
    }
}

impl Drop for Cursor<'_> {
    fn drop(&mut self) {
        self.end_stretch();
    }
}

/// Moves the tree's cursor and counts the nodes it read.
#[inline]
fn moving<'s>(
    base: &mut tree::Cursor<'s>,
    store: &DocumentStore<'_>,
    go: impl FnOnce(&mut tree::Cursor<'s>) -> tree::Result<bool>,
) -> Result<()> {
    let before = base.nodes_read();
    let result = go(base);
    let nodes = base.nodes_read() - before;
    if nodes > 0 {
        store.tx.count_read(nodes, 0);
    }
    result?;
    Ok(())
}

/// Goes to the first item behind `key`.
fn seek_after(base: &mut tree::Cursor<'_>, key: &[u8]) -> tree::Result<bool> {
    let found = base.seek(key)?;
    if found && base.key() == Some(key) {
        base.next()
    } else {
        Ok(found)
    }
}
