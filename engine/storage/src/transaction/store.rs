//! A store within a transaction: reading items, counting them, finding them by rank.
//!
//! The snapshot's tree and the transaction's own changes are seen as one.

use std::borrow::Cow;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use super::cursor::Cursor;
use super::item::{Item, ItemRef, Shape, key_error, key_text};
use super::physical::{Bounds, bounds, physical_key, split};
use super::range::{Direction, Keys, Range};
use super::writes::{Change, StoreId, StoreWrites};
use super::{StoreInfo, Transaction, compared};
use crate::definition::StoreDefinition;
use crate::document::Document;
use crate::error::{Error, Result};
use crate::key::{EncodedKey, Key, KeyRange};
use crate::tree::{PagePart, Tree};

/// What an insert did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inserted {
    /// In a store with duplicates, the new item's id.
    pub id: Option<u64>,
}

/// Where an item is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Presence {
    /// The transaction sees it.
    pub visible: bool,
    /// The snapshot has it, own changes apart.
    pub in_snapshot: bool,
}

impl Presence {
    /// Of the new item of a store with duplicates, whose id nobody else has.
    pub const NEW: Self = Self {
        visible: false,
        in_snapshot: false,
    };

    /// Of an item that the transaction has changed.
    pub fn after(change: Change<'_>) -> Self {
        match change {
            Change::Put { replaces, .. } => Self {
                visible: true,
                in_snapshot: replaces,
            },
            Change::Remove => Self {
                visible: false,
                in_snapshot: true,
            },
        }
    }
}

/// A store as its transaction sees it. Several may be open at the same time.
pub struct DocumentStore<'tx> {
    pub(super) tx: &'tx Transaction,
    pub(super) id: StoreId,
    pub(super) definition: Cow<'tx, Arc<StoreDefinition>>,
    pub(super) tree: Cow<'tx, Tree>,
}

impl std::fmt::Debug for DocumentStore<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DocumentStore")
            .field("name", &self.definition.name)
            .finish_non_exhaustive()
    }
}

impl<'tx> DocumentStore<'tx> {
    pub(super) fn new(
        tx: &'tx Transaction,
        (id, definition, tree): (StoreId, Cow<'tx, Arc<StoreDefinition>>, Cow<'tx, Tree>),
    ) -> Self {
        Self {
            tx,
            id,
            definition,
            tree,
        }
    }

    /// The definition.
    pub fn definition(&self) -> &StoreDefinition {
        &self.definition
    }

    /// Definition, exact count and size.
    pub fn info(&self) -> Result<StoreInfo> {
        Ok(StoreInfo {
            definition: Arc::clone(&self.definition),
            count: self.len()?,
            bytes: self.tree.bytes(),
            depth: u32::from(self.tree.height()),
            id: self.id.0,
            indexes: self.indexes()?,
        })
    }

    /// Fails when the transaction has lived too long, or dropped the store after this handle was made.
    pub(super) fn check_usable(&self) -> Result<()> {
        self.tx.check_time_sometimes()?;
        let name = &self.definition.name;
        self.tx.changed_definition(self.id, name).map(drop)
    }

    /// The order bytes of a key, which say where it is or would be; see [`compared`].
    pub(super) fn encode(&self, key: &Key) -> Result<EncodedKey> {
        if self.definition.key.is_compared() {
            return compared::encode(self, key);
        }
        self.definition
            .key
            .encode(key)
            .map_err(|e| key_error(&self.definition, e))
    }

    /// As [`DocumentStore::encode`], into memory that is there already.
    pub(super) fn encode_into(&self, key: &Key, out: &mut EncodedKey) -> Result<()> {
        if self.definition.key.is_compared() {
            *out = compared::encode(self, key)?;
            return Ok(());
        }
        self.definition
            .key
            .encode_into(key, out)
            .map_err(|e| key_error(&self.definition, e))
    }

    /// Where a key is or would be in the store's order, whatever gives it: the place for
    /// [`Cursor::seek`], before all items with the key.
    ///
    /// # Errors
    /// [`Error::InvalidKey`].
    pub fn position_of(&self, key: &Key) -> Result<Vec<u8>> {
        Ok(self.encode(key)?.order)
    }

    /// The keys between two bounds in the store's order, whatever gives it.
    ///
    /// In a store whose keys are compared the range holds for the items there are: after inserting
    /// others next to a bound, ask again.
    ///
    /// # Errors
    /// [`Error::InvalidKey`] as [`KeySpec::range`](crate::KeySpec::range).
    pub fn key_range(&self, from: Bound<&Key>, to: Bound<&Key>) -> Result<KeyRange> {
        if !self.definition.key.is_compared() {
            return self
                .definition
                .key
                .range(from, to)
                .map_err(|e| key_error(&self.definition, e));
        }
        let order = |bound: Bound<&Key>| {
            Ok::<_, Error>(match bound {
                Bound::Unbounded => Bound::Unbounded,
                Bound::Included(key) => Bound::Included(self.encode(key)?.order),
                Bound::Excluded(key) => Bound::Excluded(self.encode(key)?.order),
            })
        };
        Ok(KeyRange {
            lo: order(from)?,
            hi: order(to)?,
        })
    }

    /// Whether a position that [`Item::position`] gave lies in a range.
    pub fn lies_in(&self, position: &[u8], range: &KeyRange) -> Result<bool> {
        let (order, _) = split(position, self.definition.unique)?;
        Ok(range.contains(order))
    }

    pub(super) fn key_text(&self, physical: &[u8]) -> String {
        key_text(&self.definition, physical)
    }

    pub(super) fn read_point(&self, physical: &[u8]) {
        if self.tx.tracks() {
            self.tx.reads.borrow_mut().point(self.id, physical);
        }
    }

    pub(super) fn read_range(&self, (lo, hi): Bounds) {
        if self.tx.tracks() {
            self.tx.reads.borrow_mut().range(self.id, lo, hi);
        }
    }

    /// Notes that no item may come into the bounds or leave them; the values of those there may change.
    pub(super) fn read_place(&self, lo: Bound<Vec<u8>>, hi: Bound<Vec<u8>>) {
        if self.tx.tracks() {
            self.tx.reads.borrow_mut().place(self.id, lo, hi);
        }
    }

    /// Where an item is that this transaction has not changed.
    pub(super) fn presence_in_tree(&self, physical: &[u8]) -> Result<Presence> {
        self.tx.count_read(u64::from(self.tree.height()), 0);
        let in_snapshot = self.tree.contains(physical)?;
        Ok(Presence {
            visible: in_snapshot,
            in_snapshot,
        })
    }

    /// Looks at the item at a physical key.
    pub(super) fn look<T>(
        &self,
        physical: &[u8],
        look: impl FnOnce(ItemRef<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.check_usable()?;
        let shape = Shape::of(&self.definition);
        if self.tx.tracks() {
            let writes = self.tx.writes.borrow();
            match writes.get(self.id, physical) {
                Some(Change::Put { payload, .. }) => {
                    self.tx.count_read(0, 1);
                    return look(shape.item(physical, 0, PagePart::plain(payload), None)).map(Some);
                }
                Some(Change::Remove) => return Ok(None),
                None => {}
            }
            self.read_point(physical);
        }
        let found = self.tree.get(physical)?;
        let items = u64::from(found.is_some());
        self.tx.count_read(u64::from(self.tree.height()), items);
        let Some(entry) = found else {
            return Ok(None);
        };
        let (part, loaded) = entry.value.part()?;
        look(shape.item(physical, entry.version, part, loaded)).map(Some)
    }

    pub(super) fn get_physical(&self, physical: &[u8]) -> Result<Option<Item>> {
        self.look(physical, |item| item.to_item())
    }

    /// Calls `with` with the encoded bytes of a key, without memory of their own for each call.
    pub(super) fn with_order<T>(
        &self,
        key: &Key,
        with: impl FnOnce(&[u8]) -> Result<T>,
    ) -> Result<T> {
        if self.definition.key.is_compared() {
            return with(&self.encode(key)?.order);
        }
        let mut order = self.tx.scratch.take();
        order.clear();
        self.definition
            .key
            .encode_order_into(key, &mut order)
            .map_err(|e| key_error(&self.definition, e))?;
        let result = with(&order);
        self.tx.scratch.set(order);
        result
    }

    /// The item with this key; in a store with duplicates, the one that was inserted first.
    pub fn get(&self, key: &Key) -> Result<Option<Item>> {
        self.with_order(key, |order| {
            if self.definition.unique {
                self.get_physical(order)
            } else {
                self.equal(order.to_vec())?.next().transpose()
            }
        })
    }

    /// The value of the item that [`DocumentStore::get`] finds; cheaper, as no key is decoded and the document shares
    /// memory with the store.
    pub fn get_value(&self, key: &Key) -> Result<Option<Document>> {
        self.with_order(key, |order| {
            if self.definition.unique {
                self.look(order, |item| item.document())
            } else {
                let item = self.equal(order.to_vec())?.next().transpose()?;
                Ok(item.map(|item| item.value))
            }
        })
    }

    /// Whether there is an item with this key; reads no value.
    pub fn contains(&self, key: &Key) -> Result<bool> {
        self.with_order(key, |order| {
            if !self.definition.unique {
                let range = KeyRange {
                    lo: Bound::Included(order.to_vec()),
                    hi: Bound::Included(order.to_vec()),
                };
                return self.cursor(&range)?.first();
            }
            self.check_usable()?;
            if let Some(change) = self.tx.writes.borrow().get(self.id, order) {
                return Ok(matches!(change, Change::Put { .. }));
            }
            self.read_point(order);
            Ok(self.presence_in_tree(order)?.visible)
        })
    }

    /// The item with this key and id.
    pub fn get_id(&self, key: &Key, id: u64) -> Result<Option<Item>> {
        let order = self.encode(key)?.order;
        let id = (!self.definition.unique).then_some(id);
        self.get_physical(&physical_key(&order, id))
    }

    /// The item at a position that [`Item::position`] gave, if it is still there.
    pub fn get_at(&self, position: &[u8]) -> Result<Option<Item>> {
        self.get_physical(position)
    }

    /// A place in a range that moves both ways and lends the items it comes to.
    pub fn cursor(&self, range: &KeyRange) -> Result<Cursor<'_>> {
        Cursor::new(self, bounds(range, self.definition.unique))
    }

    /// Gives each item of a range to `visit`, in key order or backwards: the fastest way to read many items, as
    /// nothing is copied. Changes that `visit` makes to items ahead are seen.
    pub fn for_each(
        &self,
        range: &KeyRange,
        direction: Direction,
        mut visit: impl FnMut(&ItemRef<'_>) -> Result<()>,
    ) -> Result<()> {
        self.try_for_each(range, direction, |item| {
            visit(item).map(ControlFlow::<()>::Continue)
        })
    }

    /// As [`DocumentStore::for_each`], until `visit` breaks or fails. What was not walked is not noted as read.
    pub fn try_for_each<E: From<Error>>(
        &self,
        range: &KeyRange,
        direction: Direction,
        visit: impl FnMut(&ItemRef<'_>) -> std::result::Result<ControlFlow<()>, E>,
    ) -> std::result::Result<(), E> {
        let mut cursor = self.cursor(range)?;
        if direction == Direction::Backward {
            cursor.go_behind();
        }
        cursor.visit(direction, visit)
    }

    /// All items whose key has these encoded bytes.
    pub(super) fn equal(&self, order: Vec<u8>) -> Result<Range<'_>> {
        let range = KeyRange {
            lo: Bound::Included(order.clone()),
            hi: Bound::Included(order),
        };
        self.range(&range, Direction::Forward)
    }

    /// Items of a range in key order, or backwards.
    pub fn range(&self, range: &KeyRange, direction: Direction) -> Result<Range<'_>> {
        Ok(Range::new(self.cursor(range)?, direction))
    }

    /// As [`DocumentStore::range`], going on after an item's position in the given direction. The item
    /// itself need not exist any more.
    pub fn range_after(
        &self,
        range: &KeyRange,
        direction: Direction,
        position: &[u8],
    ) -> Result<Range<'_>> {
        let (mut lo, mut hi) = bounds(range, self.definition.unique);
        let anchor = Bound::Excluded(position.to_vec());
        match direction {
            Direction::Forward => lo = later(lo, anchor),
            Direction::Backward => hi = earlier(hi, anchor),
        }
        Ok(Range::new(Cursor::new(self, (lo, hi))?, direction))
    }

    /// Keys of a range without their values: placed apart, these are not read.
    pub fn keys(&self, range: &KeyRange, direction: Direction) -> Result<Keys<'_>> {
        Ok(Keys::new(self.range(range, direction)?))
    }

    /// As [`DocumentStore::keys`], going on after a position.
    pub fn keys_after(
        &self,
        range: &KeyRange,
        direction: Direction,
        position: &[u8],
    ) -> Result<Keys<'_>> {
        Ok(Keys::new(self.range_after(range, direction, position)?))
    }

    /// The first item in key order.
    pub fn first(&self) -> Result<Option<Item>> {
        self.range(&KeyRange::all(), Direction::Forward)?
            .next()
            .transpose()
    }

    /// The last item in key order.
    pub fn last(&self) -> Result<Option<Item>> {
        self.range(&KeyRange::all(), Direction::Backward)?
            .next()
            .transpose()
    }

    /// Whether the store has no item.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Exact number of items.
    pub fn len(&self) -> Result<u64> {
        self.count(&KeyRange::all())
    }

    /// Exact number of items of a range, from the counts in the nodes.
    pub fn count(&self, range: &KeyRange) -> Result<u64> {
        self.count_bounds(bounds(range, self.definition.unique))
    }

    /// Number of items, without a note that it was asked for.
    pub(super) fn count_unnoted(&self) -> u64 {
        let delta = self
            .tx
            .writes
            .borrow()
            .delta(self.id, Bound::Unbounded, Bound::Unbounded);
        self.tree.len().saturating_add_signed(delta)
    }

    fn count_bounds(&self, (lo, hi): Bounds) -> Result<u64> {
        self.check_usable()?;
        let (l, h) = (
            lo.as_ref().map(Vec::as_slice),
            hi.as_ref().map(Vec::as_slice),
        );
        let ends =
            u64::from(!matches!(l, Bound::Unbounded)) + u64::from(!matches!(h, Bound::Unbounded));
        self.tx.count_read(ends * u64::from(self.tree.height()), 0);
        let base = self.tree.count(l, h)?;
        let delta = self.tx.writes.borrow().delta(self.id, l, h);
        self.read_range((lo, hi));
        base.checked_add_signed(delta).ok_or_else(|| {
            Error::corrupt(
                format!("store {:?}", self.definition.name),
                "the counts in the nodes do not agree with the items",
            )
        })
    }

    /// Number of items before the key.
    pub fn rank(&self, key: &Key) -> Result<u64> {
        let range = KeyRange {
            lo: Bound::Unbounded,
            hi: Bound::Excluded(self.encode(key)?.order),
        };
        self.count(&range)
    }

    /// Number of items before a position that [`Item::position`] gave.
    pub fn rank_of(&self, position: &[u8]) -> Result<u64> {
        self.count_bounds((Bound::Unbounded, Bound::Excluded(position.to_vec())))
    }

    /// The item with `rank` items before it.
    pub fn nth(&self, rank: u64) -> Result<Option<Item>> {
        self.check_usable()?;
        let Some(physical) = self.nth_physical(rank)? else {
            self.read_range((Bound::Unbounded, Bound::Unbounded));
            return Ok(None);
        };
        self.read_range((Bound::Unbounded, Bound::Included(physical.clone())));
        self.get_physical(&physical)
    }

    /// Walks this transaction's changes beside the tree: each shifts the ranks after it.
    fn nth_physical(&self, rank: u64) -> Result<Option<Vec<u8>>> {
        let writes = self.tx.writes.borrow();
        let own = writes.stores.get(&self.id).into_iter();
        let mut changes = own.flat_map(StoreWrites::iter).peekable();
        let mut shift = 0i64;
        loop {
            self.tx.count_read(u64::from(self.tree.height()), 0);
            let base = match rank.checked_add_signed(-shift) {
                Some(i) => self.tree.nth(i)?.map(|(key, _)| key),
                None => None,
            };
            let Some(&(key, change)) = changes.peek() else {
                return Ok(base);
            };
            if let Some(base) = &base
                && base.as_slice() < key
            {
                return Ok(Some(base.clone()));
            }
            let own_rank = self.tree.rank(key)?.checked_add_signed(shift);
            match change {
                Change::Put { replaces, .. } => {
                    if own_rank == Some(rank) {
                        return Ok(Some(key.to_vec()));
                    }
                    shift += i64::from(!replaces);
                }
                Change::Remove => shift -= 1,
            }
            changes.next();
        }
    }

    /// Checks every item against the declared schema of this handle's definition.
    pub(super) fn check_schema(&self) -> Result<()> {
        for item in self.range(&KeyRange::all(), Direction::Forward)? {
            let item = item?;
            self.check_value(&item.position, &item.value)?;
        }
        Ok(())
    }

    pub(super) fn check_value(
        &self,
        physical: &[u8],
        value: &crate::document::Document,
    ) -> Result<()> {
        self.definition
            .schema
            .check(value)
            .map_err(|(field, detail)| Error::SchemaViolation {
                store: self.definition.name.clone(),
                key: self.key_text(physical),
                field,
                detail,
            })
    }
}

/// The later of a lower bound and an excluded anchor.
fn later(bound: Bound<Vec<u8>>, anchor: Bound<Vec<u8>>) -> Bound<Vec<u8>> {
    match (&bound, &anchor) {
        (Bound::Included(b) | Bound::Excluded(b), Bound::Excluded(a)) if b > a => bound,
        _ => anchor,
    }
}

/// The earlier of an upper bound and an excluded anchor.
fn earlier(bound: Bound<Vec<u8>>, anchor: Bound<Vec<u8>>) -> Bound<Vec<u8>> {
    match (&bound, &anchor) {
        (Bound::Included(b) | Bound::Excluded(b), Bound::Excluded(a)) if b < a => bound,
        _ => anchor,
    }
}
