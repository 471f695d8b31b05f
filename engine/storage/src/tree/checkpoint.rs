//! Writing a snapshot, and walking what is stored.
//!
//! Writing is in two steps. [`Tree::write`] gives bytes to the sink and notes where they went; the tree knows
//! nothing of it yet. [`Written::publish`] then tells the nodes. What is never published was never written as far as
//! the tree is concerned: the nodes are new and in memory as before, so a checkpoint can be given up at any point.

use std::sync::Arc;

use super::cache::NodeCache;
use super::error::{Result, TreeError};
use super::inner::{Child, Inner, InnerHandle};
use super::leaf::LeafHandle;
use super::page::Page;
use super::relocate::separate;
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
    /// failure nothing counts as written.
    ///
    /// For a sink whose blobs can be relied on at once; otherwise see [`write`](Self::write).
    pub fn checkpoint(&self, sink: &mut dyn NodeSink) -> Result<RootRef> {
        let written = self.write(sink)?;
        let root = written.root;
        written.publish(self.context.cache());
        Ok(root)
    }

    /// As [`checkpoint`](Self::checkpoint), but nodes count as stored, may leave memory and be read back only when
    /// [`Written::publish`] says that they are durable.
    pub fn write(&self, sink: &mut dyn NodeSink) -> Result<Written<'_>> {
        let mut written = Written {
            root: RootRef {
                location: None,
                count: self.count,
                height: self.height,
                bytes: self.bytes,
            },
            nodes: Vec::new(),
            values: Vec::new(),
            kept: Vec::new(),
        };
        if let Some(root) = &self.root {
            written.root.location = Some(written.store(root, &self.context, sink)?);
        }
        written.kept.sort_unstable();
        Ok(written)
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

    /// Calls `visit` for what the stored tree `old` uses and `written`, a later state of it, does not. It reads the
    /// inner nodes of `old` that were replaced, and with `values` the leaves, and keeps none of them.
    pub fn for_each_replaced(
        &self,
        old: &RootRef,
        written: &Written<'_>,
        values: bool,
        mut visit: impl FnMut(Stored, &Location),
    ) -> Result<()> {
        let mut walk = Replaced {
            context: &self.context,
            kept: &written.kept,
            values,
            visit: &mut visit,
        };
        match old.location {
            Some(location) => walk.node(location, old.height.saturating_sub(1)),
            None => Ok(()),
        }
    }
}

/// What [`Tree::write`] wrote, perhaps not durably yet.
pub struct Written<'a> {
    /// Where the root is.
    pub root: RootRef,
    /// Children before their parents.
    nodes: Vec<(Node<'a>, Location)>,
    values: Vec<(Arc<ValueHandle>, Location)>,
    /// Stored subtrees and values that the new nodes point at, ascending.
    kept: Vec<Location>,
}

enum Node<'a> {
    Leaf(&'a Arc<LeafHandle>),
    Inner(&'a InnerHandle),
}

impl<'a> Written<'a> {
    /// All of it is durable: from now on the nodes count as stored, and the cache decides what stays in memory.
    pub fn publish(self, cache: &Arc<NodeCache>) {
        for (value, location) in self.values {
            value.location.set(location);
            value.release(cache);
        }
        for (node, location) in self.nodes {
            match node {
                Node::Leaf(leaf) => {
                    leaf.location.set(location);
                    leaf.release(cache);
                }
                Node::Inner(inner) => {
                    inner.location.set(location);
                }
            }
        }
    }

    /// What was written, each location once.
    pub fn for_each(&self, mut visit: impl FnMut(Stored, &Location)) {
        for (_, location) in &self.values {
            visit(Stored::Value, location);
        }
        for (node, location) in &self.nodes {
            let kind = match node {
                Node::Leaf(_) => Stored::Leaf,
                Node::Inner(_) => Stored::Inner,
            };
            visit(kind, location);
        }
    }

    fn store(
        &mut self,
        child: &'a Child,
        context: &TreeContext,
        sink: &mut dyn NodeSink,
    ) -> Result<Location> {
        if let Some(location) = child.location().get() {
            self.kept.push(location);
            return Ok(location);
        }
        let (node, location) = match child {
            Child::Leaf(leaf) => {
                let page = leaf
                    .loaded()
                    .ok_or(TreeError::Invariant("a new leaf is in memory"))?;
                let places = self.store_values(&page, context, sink)?;
                let location = sink.write_node(0, &encoding::encode_leaf(&page, &places)?)?;
                (Node::Leaf(leaf), location)
            }
            Child::Inner(inner) => {
                let node: &'a Inner = inner.node(context)?;
                let mut places = Vec::with_capacity(node.children.len());
                for child in &node.children {
                    places.push(self.store(child, context, sink)?);
                }
                let location =
                    sink.write_node(node.level, &encoding::encode_inner(node, &places)?)?;
                (Node::Inner(inner), location)
            }
        };
        self.nodes.push((node, location));
        Ok(location)
    }

    /// The places of the values that a page keeps apart, in the order of their items.
    fn store_values(
        &mut self,
        page: &Page,
        context: &TreeContext,
        sink: &mut dyn NodeSink,
    ) -> Result<Vec<Location>> {
        let mut places = Vec::new();
        for (_, value) in separate(page) {
            let location = if let Some(location) = value.location.get() {
                self.kept.push(location);
                location
            } else {
                let location = sink.write_value(&value.load(context)?)?;
                self.values.push((Arc::clone(value), location));
                location
            };
            places.push(location);
        }
        Ok(places)
    }
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

/// The walk over what a tree no longer uses.
struct Replaced<'a, V> {
    context: &'a TreeContext,
    kept: &'a [Location],
    values: bool,
    visit: &'a mut V,
}

impl<V: FnMut(Stored, &Location)> Replaced<'_, V> {
    fn node(&mut self, location: Location, level: u8) -> Result<()> {
        if self.kept.binary_search(&location).is_ok() {
            return Ok(());
        }
        if level == 0 {
            if self.values {
                let leaf = LeafHandle::stored(location).read(self.context)?;
                for place in leaf.separate().filter_map(|value| value.location.get()) {
                    if self.kept.binary_search(&place).is_err() {
                        (self.visit)(Stored::Value, &place);
                    }
                }
            }
            (self.visit)(Stored::Leaf, &location);
            return Ok(());
        }
        let node = InnerHandle::stored(level, location).read(self.context)?;
        for place in node.children.iter().filter_map(|c| c.location().get()) {
            self.node(place, level - 1)?;
        }
        (self.visit)(Stored::Inner, &location);
        Ok(())
    }
}
