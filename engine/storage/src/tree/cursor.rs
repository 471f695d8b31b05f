//! Walking a snapshot in key order, both ways.
//!
//! A cursor borrows its snapshot and holds the page it stands in. While it lives, changes to other clones of
//! the tree copy that page.

use std::sync::Arc;

use super::Tree;
use super::error::Result;
use super::inner::{Child, Inner};
use super::page::{FETCH, Page, ValuePlace};
use super::read::Found;
use super::value::{Entry, LOST, PagePart, ValueBytes, ValueHandle, ValueRef};

/// A position in a snapshot: before the first item, at an item, or behind the last.
pub struct Cursor<'t> {
    tree: &'t Tree,
    /// The inner nodes on the way to the page, each with the child taken.
    path: Vec<(&'t Inner, usize)>,
    page: Page,
    at: usize,
    place: Place,
    nodes_read: u64,
    /// Items that were found ahead, the next one last.
    found: Vec<Found>,
    /// Whether `path` leads to the page.
    has_path: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    BeforeFirst,
    Item,
    BehindLast,
}

/// Key, version, value in the page, value kept apart.
pub(crate) type CursorItem<'a> = (&'a [u8], u64, PagePart<'a>, Option<Arc<[u8]>>);

/// Where in a group of items that are fetched together a walk enters it.
#[inline]
fn first_of_group(forward: bool) -> usize {
    if forward { 0 } else { FETCH - 1 }
}

/// Which end of a subtree to go to.
#[derive(Clone, Copy)]
enum End {
    First,
    Last,
}

impl Tree {
    /// A cursor over this snapshot, before the first item.
    pub fn cursor(&self) -> Cursor<'_> {
        Cursor {
            tree: self,
            path: Vec::with_capacity(usize::from(self.height)),
            page: Page::default(),
            at: 0,
            place: Place::BeforeFirst,
            nodes_read: 0,
            found: Vec::new(),
            has_path: true,
        }
    }
}

impl<'t> Cursor<'t> {
    /// Goes to the first item whose key is not less than `key`. False when there is none; the cursor
    /// is behind the last item then.
    pub fn seek(&mut self, key: &[u8]) -> Result<bool> {
        let is_found = |found: &mut Found| found.page.key(found.at) == key;
        if let Some(found) = self.found.pop_if(is_found) {
            self.stand(found);
            return Ok(true);
        }
        self.come_to(key)?;
        if self.at < self.page.len() {
            return Ok(true);
        }
        self.next_page()
    }

    /// Says which keys [`seek`](Self::seek) will be asked for next, in this order, so that they are found together. A hint:
    /// what it answers stays the same.
    pub fn expect<'k>(&mut self, keys: impl Iterator<Item = &'k [u8]> + Clone) {
        self.tree.find_together(keys, &mut self.found);
    }

    /// Goes to an item that was found ahead.
    fn stand(&mut self, Found { page, at }: Found) {
        self.nodes_read += u64::from(self.tree.height);
        self.path.clear();
        self.has_path = false;
        (self.page, self.at, self.place) = (page, at, Place::Item);
    }

    /// Looks for the way to the item the cursor is at, if it does not know it.
    fn find_path(&mut self) -> Result<()> {
        if self.has_path || self.place != Place::Item {
            return Ok(());
        }
        let key = self.page.key(self.at).to_vec();
        self.come_to(&key)
    }

    /// Goes to the last item whose key is less than `key`. False when there is none; the cursor is
    /// before the first item then.
    pub fn seek_before(&mut self, key: &[u8]) -> Result<bool> {
        self.come_to(key)?;
        match self.at.checked_sub(1) {
            Some(at) => {
                self.at = at;
                Ok(true)
            }
            None => self.previous_page(),
        }
    }

    /// Goes to the first item. False when there is none.
    pub fn first(&mut self) -> Result<bool> {
        self.end(End::First)
    }

    /// Goes to the last item. False when there is none.
    pub fn last(&mut self) -> Result<bool> {
        self.end(End::Last)
    }

    /// Goes to the next item. False at the end; the cursor is behind the last item then.
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "answers may be errors")]
    pub fn next(&mut self) -> Result<bool> {
        if self.place == Place::Item && self.at + 1 < self.page.len() {
            self.at += 1;
            return Ok(true);
        }
        match self.place {
            Place::Item => self.next_page(),
            Place::BeforeFirst => self.first(),
            Place::BehindLast => Ok(false),
        }
    }

    /// Goes to the item before. False at the start; the cursor is before the first item then.
    #[inline]
    pub fn prev(&mut self) -> Result<bool> {
        if self.place == Place::Item && self.at > 0 {
            self.at -= 1;
            return Ok(true);
        }
        match self.place {
            Place::Item => self.previous_page(),
            Place::BehindLast => self.last(),
            Place::BeforeFirst => Ok(false),
        }
    }

    /// Whether the cursor is at an item.
    #[inline]
    pub fn is_at_item(&self) -> bool {
        self.place == Place::Item
    }

    /// Nodes visited so far, in memory or not.
    #[inline]
    pub fn nodes_read(&self) -> u64 {
        self.nodes_read
    }

    /// Key of the item the cursor is at.
    #[inline]
    pub fn key(&self) -> Option<&[u8]> {
        (self.place == Place::Item).then(|| self.page.key(self.at))
    }

    /// Version of the item the cursor is at.
    #[inline]
    pub fn version(&self) -> Option<u64> {
        (self.place == Place::Item).then(|| self.page.version(self.at))
    }

    /// Value bytes of the item the cursor is at; the fastest way to read values in a walk.
    #[inline]
    pub fn value(&self) -> Result<Option<ValueBytes<'_>>> {
        if self.place != Place::Item {
            return Ok(None);
        }
        Ok(Some(match self.page.value_place(self.at) {
            ValuePlace::Inline(start, end) => ValueBytes::Inline(&self.page.bytes()[start..end]),
            ValuePlace::Separate(handle) => ValueBytes::Loaded(self.load(handle)?),
        }))
    }

    #[cold]
    fn load(&self, handle: Option<&Arc<ValueHandle>>) -> Result<Arc<[u8]>> {
        handle.ok_or(LOST)?.load(&self.tree.context)
    }

    /// The item the cursor is at, to be kept longer than the cursor stays there.
    pub fn entry(&self) -> Result<Option<Entry>> {
        if self.place != Place::Item {
            return Ok(None);
        }
        Ok(Some(Entry {
            version: self.page.version(self.at),
            value: ValueRef::new(&self.page, self.at, &self.tree.context)?,
        }))
    }

    /// How many items, from the one the cursor is at, lie in this page in the given direction.
    #[inline]
    pub(crate) fn rest(&self, forward: bool) -> usize {
        match (self.place, forward) {
            (Place::Item, true) => self.page.len() - self.at,
            (Place::Item, false) => self.at + 1,
            _ => 0,
        }
    }

    /// Gives the keys of the item the cursor is at and of those behind it in this page, `count` together, as
    /// [`rest`](Self::rest) counts.
    pub(crate) fn keys_ahead(&self, forward: bool, count: usize) -> impl Iterator<Item = &[u8]> {
        let count = count.min(self.rest(forward));
        (0..count).map(move |n| self.page.key(self.further(forward, n)))
    }

    /// Where the item is that is `n` further in this page, as [`rest`](Self::rest) counts.
    #[inline]
    fn further(&self, forward: bool, n: usize) -> usize {
        if forward { self.at + n } else { self.at - n }
    }

    /// How many items, from the one the cursor is at, lie in this page in the given direction and before
    /// a bound: `within` says of a key whether it does. Asks once when the whole rest does.
    #[inline]
    pub(crate) fn run(&self, forward: bool, within: impl Fn(&[u8]) -> bool) -> usize {
        let rest = self.rest(forward);
        if rest == 0 {
            return 0;
        }
        let key = |n: usize| self.page.key(self.further(forward, n));
        if within(key(rest - 1)) {
            return rest;
        }
        let (mut from, mut to) = (0, rest - 1);
        while from < to {
            let middle = from + (to - from) / 2;
            if within(key(middle)) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        from
    }

    /// Gives the next `count` items in this page, as [`run`](Self::run) counts, to `visit`, until that
    /// answers false. How many it was given. The last argument is the value where it is kept apart; the one
    /// before is empty then.
    #[inline]
    pub(crate) fn visit_run(
        &self,
        forward: bool,
        count: usize,
        mut visit: impl FnMut(&[u8], u64, PagePart<'_>, Option<Arc<[u8]>>) -> bool,
    ) -> (usize, Result<()>) {
        let (page, first) = (&self.page, first_of_group(forward));
        for seen in 0..count {
            let at = self.further(forward, seen);
            if at % FETCH == first {
                page.fetch(at, forward);
            }
            let item = page.item(at);
            let (part, loaded) = match item.value {
                ValuePlace::Inline(start, end) => (PagePart::new(page.bytes(), start, end), None),
                ValuePlace::Separate(handle) => match self.load(handle) {
                    Ok(loaded) => (PagePart::default(), Some(loaded)),
                    Err(error) => return (seen, Err(error)),
                },
            };
            if !visit(item.key, item.version, part, loaded) {
                return (seen + 1, Ok(()));
            }
        }
        (count, Ok(()))
    }

    /// What [`visit_run`](Self::visit_run) gives, of the item the cursor is at.
    #[inline]
    pub(crate) fn item(&self) -> Result<Option<CursorItem<'_>>> {
        if self.place != Place::Item {
            return Ok(None);
        }
        let item = self.page.item(self.at);
        let (part, loaded) = match item.value {
            ValuePlace::Inline(start, end) => (PagePart::new(self.page.bytes(), start, end), None),
            ValuePlace::Separate(handle) => (PagePart::default(), Some(self.load(handle)?)),
        };
        Ok(Some((item.key, item.version, part, loaded)))
    }

    /// Goes `n` items further in this page, as [`run`](Self::run) counts.
    #[inline]
    pub(crate) fn skip(&mut self, forward: bool, n: usize) {
        self.at = self.further(forward, n);
        if self.at % FETCH == first_of_group(forward) {
            self.page.fetch(self.at, forward);
        }
    }

    /// Goes to where `key` is or would be, which may be behind the last item of a page.
    fn come_to(&mut self, key: &[u8]) -> Result<()> {
        self.descend(key)?;
        self.at = match self.page.find(key) {
            Ok(at) | Err(at) => at,
        };
        self.place = Place::Item;
        Ok(())
    }

    /// Goes to the page that would hold `key`. After a failure the cursor is before the first item.
    fn descend(&mut self, key: &[u8]) -> Result<()> {
        self.path.clear();
        self.has_path = true;
        self.at = 0;
        self.place = Place::BeforeFirst;
        let tree: &'t Tree = self.tree;
        let mut child = tree.root.as_ref();
        while let Some(node) = child.take() {
            self.nodes_read += 1;
            match node {
                Child::Leaf(leaf) => {
                    self.page = leaf.with(&tree.context, |page| {
                        // While the processor waits to count who holds the page.
                        page.fetch_table(key);
                        page.clone()
                    })?;
                }
                Child::Inner(inner) => {
                    let node = inner.node(&tree.context)?;
                    let at = node.separators.child_of(key);
                    child = node.children.get(at);
                    self.path.push((node, at));
                }
            }
        }
        Ok(())
    }

    fn end(&mut self, end: End) -> Result<bool> {
        self.path.clear();
        self.has_path = true;
        self.place = Place::BeforeFirst;
        if let Some(root) = &self.tree.root {
            self.go_down(root, end)?;
        }
        if self.place != Place::Item
            && let End::Last = end
        {
            self.place = Place::BehindLast;
        }
        Ok(self.place == Place::Item)
    }

    /// Goes to the first or last item below `child`.
    fn go_down(&mut self, child: &'t Child, end: End) -> Result<()> {
        let mut child = Some(child);
        while let Some(node) = child.take() {
            self.nodes_read += 1;
            match node {
                Child::Leaf(leaf) => {
                    self.page = leaf.page(&self.tree.context)?;
                    let last = self.page.len().saturating_sub(1);
                    self.at = if let End::First = end { 0 } else { last };
                    if self.page.len() > 0 {
                        self.place = Place::Item;
                    }
                }
                Child::Inner(inner) => {
                    let node = inner.node(&self.tree.context)?;
                    let last = node.children.len().saturating_sub(1);
                    let at = if let End::First = end { 0 } else { last };
                    child = node.children.get(at);
                    self.path.push((node, at));
                }
            }
        }
        Ok(())
    }

    fn next_page(&mut self) -> Result<bool> {
        self.find_path()?;
        if let Some((depth, at, child)) = self.neighbour(1) {
            self.turn(depth, at, child, End::First)?;
            return Ok(true);
        }
        self.place = Place::BehindLast;
        Ok(false)
    }

    fn previous_page(&mut self) -> Result<bool> {
        self.find_path()?;
        if let Some((depth, at, child)) = self.neighbour(-1) {
            self.turn(depth, at, child, End::Last)?;
            return Ok(true);
        }
        self.place = Place::BeforeFirst;
        Ok(false)
    }

    /// The lowest inner node on the path that has a child one `step` further, and this child.
    fn neighbour(&self, step: isize) -> Option<(usize, usize, &'t Child)> {
        for (depth, (node, at)) in self.path.iter().enumerate().rev() {
            let found = at
                .checked_add_signed(step)
                .and_then(|at| Some((at, node.children.get(at)?)));
            if let Some((at, child)) = found {
                return Some((depth, at, child));
            }
        }
        None
    }

    /// Leaves the path at `depth` for another child. After a failure the cursor is where it was.
    fn turn(&mut self, depth: usize, at: usize, child: &'t Child, end: End) -> Result<()> {
        // Empty, and without an allocation, when the next page has the same parent.
        let below = self.path.split_off(depth + 1);
        let Some((node, before)) = self.path.pop() else {
            return Ok(());
        };
        self.path.push((node, at));
        let result = self.go_down(child, end);
        if result.is_err() {
            self.path.truncate(depth);
            self.path.push((node, before));
            self.path.extend(below);
        }
        result
    }
}
