//! Inner nodes: separators, and for each child its handle and item count.
//!
//! Always: a node has one separator fewer than children; `counts[i]` is the number of items below
//! `children[i]`; all children of a node are leaves (level 1) or inner nodes one level lower. A stored inner
//! node has only stored children. Inner nodes stay in memory once loaded.

use std::sync::{Arc, OnceLock};

use super::Location;
use super::context::TreeContext;
use super::encoding;
use super::error::{Result, TreeError};
use super::leaf::LeafHandle;
use super::place::LocationCell;
use super::separators::Separators;

/// A child of an inner node, or the root.
#[derive(Clone)]
pub(crate) enum Child {
    Leaf(Arc<LeafHandle>),
    Inner(Arc<InnerHandle>),
}

/// An inner node in memory.
#[derive(Clone)]
pub(crate) struct Inner {
    /// 1 above leaves, 2 above those, and so on.
    pub level: u8,
    pub separators: Separators,
    pub counts: Vec<u64>,
    pub children: Vec<Child>,
}

/// The handle of an inner node: the node once loaded, its location when stored.
pub(crate) struct InnerHandle {
    pub location: LocationCell,
    level: u8,
    node: OnceLock<Inner>,
}

impl Child {
    /// A stored node of `level`, not loaded.
    pub fn stored(level: u8, location: Location) -> Self {
        if level == 0 {
            Self::Leaf(Arc::new(LeafHandle::stored(location)))
        } else {
            Self::Inner(Arc::new(InnerHandle::stored(level, location)))
        }
    }

    /// The cell that knows where this node is stored.
    pub fn location(&self) -> &LocationCell {
        match self {
            Self::Leaf(leaf) => &leaf.location,
            Self::Inner(inner) => &inner.location,
        }
    }
}

impl Inner {
    /// A node above one child.
    pub fn above(level: u8, child: Child, count: u64) -> Self {
        Self {
            level,
            separators: Separators::default(),
            counts: vec![count],
            children: vec![child],
        }
    }

    /// A node without children, to stand in for one that is moved.
    pub fn hollow(level: u8) -> Self {
        Self {
            level,
            separators: Separators::default(),
            counts: Vec::new(),
            children: Vec::new(),
        }
    }

    /// Number of items below.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Inserts a child behind child `at`, with the separator before it.
    pub fn insert_after(&mut self, at: usize, separator: &[u8], child: Child, count: u64) {
        self.separators.insert(at, separator);
        self.children.insert(at + 1, child);
        self.counts.insert(at + 1, count);
    }

    /// Takes child `at` out, with the separator before it (behind it for the first child).
    pub fn remove_child(&mut self, at: usize) -> Child {
        if self.separators.len() > 0 {
            self.separators.remove(at.saturating_sub(1));
        }
        self.counts.remove(at);
        self.children.remove(at)
    }

    /// Moves the children from `at` on to a new node. Returns the separator between both.
    pub fn split_off(&mut self, at: usize) -> (Vec<u8>, Self) {
        let total = self.separators.len();
        let middle = self.separators.key(at - 1).to_vec();
        let right = Self {
            level: self.level,
            separators: self.separators.copy(at, total),
            counts: self.counts.split_off(at),
            children: self.children.split_off(at),
        };
        self.separators = self.separators.copy(0, at - 1);
        (middle, right)
    }

    /// Adds the children of `right`, which `separator` divides from this node.
    pub fn append(&mut self, separator: &[u8], right: Self) {
        let mut separators = self.separators.copy(0, self.separators.len());
        separators.push(separator);
        for at in 0..right.separators.len() {
            separators.push(right.separators.key(at));
        }
        separators.finish();
        self.separators = separators;
        self.counts.extend(right.counts);
        self.children.extend(right.children);
    }
}

impl InnerHandle {
    /// A node that is not stored yet.
    pub fn new(node: Inner) -> Self {
        Self {
            location: LocationCell::new(),
            level: node.level,
            node: OnceLock::from(node),
        }
    }

    /// A stored node, not loaded.
    pub fn stored(level: u8, location: Location) -> Self {
        Self {
            location: LocationCell::stored(location),
            level,
            node: OnceLock::new(),
        }
    }

    /// The level of the node.
    pub fn level(&self) -> u8 {
        self.level
    }

    /// The node if it is in memory.
    pub fn loaded(&self) -> Option<&Inner> {
        self.node.get()
    }

    /// The node, loaded if need be.
    #[inline]
    pub fn node(&self, context: &TreeContext) -> Result<&Inner> {
        if let Some(node) = self.node.get() {
            return Ok(node);
        }
        let node = self.read(context)?;
        Ok(self.node.get_or_init(|| node))
    }

    /// Reads the stored node, whatever is in memory.
    pub fn read(&self, context: &TreeContext) -> Result<Inner> {
        let location = self.location.get().ok_or(TreeError::Invariant(
            "an inner node that is not stored must be in memory",
        ))?;
        let bytes = context.read_node(&location)?;
        encoding::decode_inner(&bytes, self.level)
            .map_err(|detail| TreeError::corrupt(location, detail))
    }

    /// The node of `inner` for changing: in place when nobody else holds it, else of a copy that takes
    /// the place of `inner`. The node is new afterwards.
    pub fn own<'a>(inner: &'a mut Arc<Self>, context: &TreeContext) -> Result<&'a mut Inner> {
        let node = inner.node(context)?;
        // Nobody makes weak references to inner nodes, so the count alone decides.
        if Arc::strong_count(inner) > 1 {
            let copy = node.clone();
            context.counters.inner_copied();
            *inner = Arc::new(Self::new(copy));
        }
        Arc::get_mut(inner)
            .and_then(|own| {
                own.location.renew();
                own.node.get_mut()
            })
            .ok_or(TreeError::Invariant("an owned inner node is loaded"))
    }
}
