//! Writing a snapshot, walking what is stored, and moving it away from where room is to be reclaimed.

use std::sync::{Arc, Weak};

use super::cache::NodeCache;
use super::error::{Result, TreeError};
use super::freed::Freed;
use super::inner::{Child, InnerHandle};
use super::leaf::LeafHandle;
use super::page::{Page, PageValue};
use super::value::ValueHandle;
use super::{Location, NodeSink, RootRef, Tree, TreeContext, encoding};

/// What lies at a location.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Stored {
    /// A leaf.
    Leaf,
    /// An inner node.
    Inner,
    /// A separate value.
    Value,
}

impl Tree {
    /// Writes all nodes and values of this snapshot that are not stored yet, children first, and returns
    /// where the root is. Trees that share nodes with this snapshot see them stored as well. After a
    /// failure, what was written stays in use; calling again writes the rest.
    ///
    /// For a sink whose blobs can be relied on at once; otherwise see [`write`](Self::write).
    pub fn checkpoint(&self, sink: &mut dyn NodeSink) -> Result<RootRef> {
        let mut written = Written::default();
        let root = self.write(sink, &mut written);
        written.release(self.context.cache());
        root
    }

    /// As [`checkpoint`](Self::checkpoint), but what was written stays in memory until [`Written::release`]
    /// says that it is durable: before that it must not be read back.
    pub fn write(&self, sink: &mut dyn NodeSink, written: &mut Written) -> Result<RootRef> {
        let location = match &self.root {
            Some(root) => Some(store(root, &self.context, sink, written)?),
            None => None,
        };
        Ok(RootRef {
            location,
            count: self.count,
            height: self.height,
            bytes: self.bytes,
        })
    }

    /// Calls `visit` for each stored node, and with `values` for each stored value too, which reads
    /// every leaf. Nodes that are not stored yet are passed over, their children are not.
    pub fn for_each_location(
        &self,
        values: bool,
        mut visit: impl FnMut(Stored, &Location),
    ) -> Result<()> {
        match &self.root {
            Some(root) => walk(root, &self.context, values, &mut visit),
            None => Ok(()),
        }
    }

    /// Makes stored nodes and values new when `moves` says so for their location, so that the next
    /// checkpoint writes them elsewhere. Stops after about `max_bytes` of them, which are in memory until then;
    /// returns how many bytes it made new, so 0 means that all is done. `values` as in
    /// [`for_each_location`](Self::for_each_location).
    pub fn relocate(
        &mut self,
        values: bool,
        max_bytes: u64,
        moves: &dyn Fn(&Location) -> bool,
    ) -> Result<u64> {
        let mut relocation = Relocation {
            context: &self.context,
            freed: &mut self.freed,
            values,
            moves,
            left: max_bytes,
            moved: 0,
        };
        if let Some(root) = &mut self.root {
            relocation.child(root)?;
        }
        Ok(relocation.moved)
    }
}

/// Leaves and values that a checkpoint has written, perhaps not durably yet.
#[derive(Default)]
pub struct Written {
    leaves: Vec<Weak<LeafHandle>>,
    values: Vec<Weak<ValueHandle>>,
}

impl Written {
    /// All of it is durable: from now on the cache decides what stays in memory. Without this call
    /// it all stays.
    pub fn release(self, cache: &Arc<NodeCache>) {
        for leaf in self.leaves {
            if let Some(leaf) = leaf.upgrade() {
                leaf.release(cache);
            }
        }
        for value in self.values {
            if let Some(value) = value.upgrade() {
                value.release(cache);
            }
        }
    }
}

fn store(
    child: &Child,
    context: &TreeContext,
    sink: &mut dyn NodeSink,
    written: &mut Written,
) -> Result<Location> {
    if let Some(location) = child.location().get() {
        return Ok(location);
    }
    match child {
        Child::Leaf(leaf) => {
            let page = leaf
                .loaded()
                .ok_or(TreeError::Invariant("a new leaf is in memory"))?;
            for value in page.separate() {
                store_value(value, context, sink, written)?;
            }
            let location = sink.write_node(0, &encoding::encode_leaf(&page)?)?;
            written.leaves.push(Arc::downgrade(leaf));
            Ok(leaf.location.set(location))
        }
        Child::Inner(inner) => {
            let node = inner.node(context)?;
            for child in &node.children {
                store(child, context, sink, written)?;
            }
            let location = sink.write_node(node.level, &encoding::encode_inner(node)?)?;
            Ok(inner.location.set(location))
        }
    }
}

fn store_value(
    value: &Arc<ValueHandle>,
    context: &TreeContext,
    sink: &mut dyn NodeSink,
    written: &mut Written,
) -> Result<()> {
    if value.location.get().is_none() {
        let bytes = value.load(context)?;
        let location = sink.write_value(&bytes)?;
        value.location.set(location);
        written.values.push(Arc::downgrade(value));
    }
    Ok(())
}

fn walk(
    child: &Child,
    context: &TreeContext,
    values: bool,
    visit: &mut impl FnMut(Stored, &Location),
) -> Result<()> {
    let location = child.location().get();
    match child {
        Child::Leaf(leaf) => {
            if let Some(location) = location {
                visit(Stored::Leaf, &location);
            }
            if values {
                for value in leaf.page(context)?.separate() {
                    if let Some(location) = value.location.get() {
                        visit(Stored::Value, &location);
                    }
                }
            }
        }
        Child::Inner(inner) => {
            if let Some(location) = location {
                visit(Stored::Inner, &location);
            }
            for child in &inner.node(context)?.children {
                walk(child, context, values, visit)?;
            }
        }
    }
    Ok(())
}

/// Making nodes new. Goes down read-only and owns a node only when something at or below it moves.
struct Relocation<'a> {
    context: &'a TreeContext,
    freed: &'a mut Freed,
    values: bool,
    moves: &'a dyn Fn(&Location) -> bool,
    left: u64,
    moved: u64,
}

impl Relocation<'_> {
    fn wanted(&self, location: Option<Location>) -> Option<Location> {
        location.filter(|location| (self.moves)(location))
    }

    fn spend(&mut self, location: Location) {
        self.moved += u64::from(location.len);
        self.left = self.left.saturating_sub(u64::from(location.len));
    }

    fn child(&mut self, child: &mut Child) -> Result<()> {
        match child {
            Child::Leaf(leaf) => self.leaf(leaf),
            Child::Inner(inner) => self.inner(inner),
        }
    }

    fn leaf(&mut self, leaf: &mut Arc<LeafHandle>) -> Result<()> {
        let wanted = self.wanted(leaf.location.get());
        let mut values = Vec::new();
        if self.values {
            let page = leaf.page(self.context)?;
            for (at, handle) in separate(&page) {
                if let Some(location) = self.wanted(handle.location.get()) {
                    let copy = ValueHandle::new(handle.load(self.context)?);
                    values.push((at, location, Arc::clone(handle), Arc::new(copy)));
                }
            }
        }
        if wanted.is_none() && values.is_empty() {
            return Ok(());
        }
        let page = LeafHandle::own(leaf, self.context, self.freed)?;
        for (at, location, old, copy) in values {
            page.swap_separate(at, copy);
            old.location.retire(self.freed);
            self.spend(location);
        }
        if let Some(location) = wanted {
            self.spend(location);
        }
        Ok(())
    }

    /// A node is made new before anything below it is.
    fn inner(&mut self, inner: &mut Arc<InnerHandle>) -> Result<()> {
        if let Some(location) = self.wanted(inner.location.get()) {
            InnerHandle::own(inner, self.context, self.freed)?;
            self.spend(location);
        }
        for at in 0..inner.node(self.context)?.children.len() {
            let touched = match inner.node(self.context)?.children.get(at) {
                Some(child) => self.touches(child)?,
                None => false,
            };
            if touched {
                let node = InnerHandle::own(inner, self.context, self.freed)?;
                if let Some(child) = node.children.get_mut(at) {
                    self.child(child)?;
                }
            }
        }
        Ok(())
    }

    /// Whether something at or below `child` is to move.
    fn touches(&self, child: &Child) -> Result<bool> {
        if self.left == 0 {
            return Ok(false);
        }
        if self.wanted(child.location().get()).is_some() {
            return Ok(true);
        }
        match child {
            Child::Leaf(leaf) if self.values => Ok(leaf
                .page(self.context)?
                .separate()
                .any(|value| self.wanted(value.location.get()).is_some())),
            Child::Leaf(_) => Ok(false),
            Child::Inner(inner) => {
                for child in &inner.node(self.context)?.children {
                    if self.touches(child)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }
}

/// The values of a page that are kept apart, with their positions.
fn separate(page: &Page) -> impl Iterator<Item = (usize, &Arc<ValueHandle>)> {
    (0..page.len()).filter_map(|at| match page.value(at) {
        PageValue::Separate(handle) => Some((at, handle)),
        PageValue::Inline(_) => None,
    })
}
