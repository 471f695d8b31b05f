//! Walking a snapshot in key order, both ways.
//!
//! A cursor owns its snapshot and the page it stands in, so it needs no lifetime and sees no change made
//! after it was created. While it lives, changes to the tree copy the nodes it may visit.

use std::sync::Arc;

use super::Tree;
use super::error::Result;
use super::inner::{Child, InnerHandle};
use super::page::{Page, ValuePlace};
use super::value::{Entry, LOST, ValueBytes, ValueRef};

/// A position in a snapshot: before the first item, at an item, or behind the last.
pub struct Cursor {
    tree: Tree,
    /// The inner nodes on the way to the page, each with the child taken.
    path: Vec<(Arc<InnerHandle>, usize)>,
    page: Arc<Page>,
    at: usize,
    place: Place,
    nodes_read: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    BeforeFirst,
    Item,
    BehindLast,
}

/// Which end of a subtree to go to.
#[derive(Clone, Copy)]
enum End {
    First,
    Last,
}

impl Tree {
    /// A cursor over this snapshot, before the first item.
    pub fn cursor(&self) -> Cursor {
        Cursor {
            tree: self.clone(),
            path: Vec::new(),
            page: Arc::default(),
            at: 0,
            place: Place::BeforeFirst,
            nodes_read: 0,
        }
    }
}

impl Cursor {
    /// Goes to the first item whose key is not less than `key`. False when there is none; the cursor
    /// is behind the last item then.
    pub fn seek(&mut self, key: &[u8]) -> Result<bool> {
        self.descend(key)?;
        self.at = match self.page.find(key) {
            Ok(at) | Err(at) => at,
        };
        self.place = Place::Item;
        if self.at < self.page.len() {
            return Ok(true);
        }
        self.next_page()
    }

    /// Goes to the last item whose key is less than `key`. False when there is none; the cursor is
    /// before the first item then.
    pub fn seek_before(&mut self, key: &[u8]) -> Result<bool> {
        self.descend(key)?;
        let at = match self.page.find(key) {
            Ok(at) | Err(at) => at,
        };
        self.place = Place::Item;
        match at.checked_sub(1) {
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
    pub fn is_at_item(&self) -> bool {
        self.place == Place::Item
    }

    /// Nodes visited so far, in memory or not.
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
            ValuePlace::Inline(start, end) => ValueBytes::Inline(self.page.payload(start, end)),
            ValuePlace::Separate(Some(handle)) => {
                ValueBytes::Loaded(handle.load(&self.tree.context)?)
            }
            ValuePlace::Separate(None) => return Err(LOST),
        }))
    }

    /// The item the cursor is at, to be kept longer than the cursor stays there.
    pub fn entry(&self) -> Result<Option<Entry>> {
        if self.place != Place::Item {
            return Ok(None);
        }
        Ok(Some(Entry {
            version: self.page.version(self.at),
            value: ValueRef::new(Arc::clone(&self.page), self.at, &self.tree.context)?,
        }))
    }

    /// Goes to the page that would hold `key`. After a failure the cursor is before the first item.
    fn descend(&mut self, key: &[u8]) -> Result<()> {
        self.reset();
        let mut child = self.tree.root.clone();
        while let Some(node) = child.take() {
            self.nodes_read += 1;
            match node {
                Child::Leaf(leaf) => self.page = leaf.page(&self.tree.context)?,
                Child::Inner(inner) => {
                    let node = inner.node(&self.tree.context)?;
                    let at = node.separators.child_of(key);
                    child = node.children.get(at).cloned();
                    self.path.push((inner, at));
                }
            }
        }
        Ok(())
    }

    fn reset(&mut self) {
        self.path.clear();
        self.page = Arc::default();
        self.at = 0;
        self.place = Place::BeforeFirst;
    }

    fn end(&mut self, end: End) -> Result<bool> {
        self.reset();
        if let Some(root) = self.tree.root.clone() {
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
    fn go_down(&mut self, child: Child, end: End) -> Result<()> {
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
                    child = node.children.get(at).cloned();
                    self.path.push((inner, at));
                }
            }
        }
        Ok(())
    }

    fn next_page(&mut self) -> Result<bool> {
        if let Some((depth, at, child)) = self.neighbour(1)? {
            self.turn(depth, at, child, End::First)?;
            return Ok(true);
        }
        self.place = Place::BehindLast;
        Ok(false)
    }

    fn previous_page(&mut self) -> Result<bool> {
        if let Some((depth, at, child)) = self.neighbour(-1)? {
            self.turn(depth, at, child, End::Last)?;
            return Ok(true);
        }
        self.place = Place::BeforeFirst;
        Ok(false)
    }

    /// The lowest inner node on the path that has a child one `step` further, and this child.
    fn neighbour(&self, step: isize) -> Result<Option<(usize, usize, Child)>> {
        for (depth, (inner, at)) in self.path.iter().enumerate().rev() {
            let node = inner.node(&self.tree.context)?;
            let found = at
                .checked_add_signed(step)
                .and_then(|at| node.children.get(at).map(|child| (at, child.clone())));
            if let Some((at, child)) = found {
                return Ok(Some((depth, at, child)));
            }
        }
        Ok(None)
    }

    /// Leaves the path at `depth` for another child. After a failure the cursor is where it was.
    fn turn(&mut self, depth: usize, at: usize, child: Child, end: End) -> Result<()> {
        let old = (self.at, self.path.clone());
        self.path.truncate(depth + 1);
        if let Some((_, taken)) = self.path.last_mut() {
            *taken = at;
        }
        let result = self.go_down(child, end);
        if result.is_err() {
            (self.at, self.path) = old;
        }
        result
    }
}
