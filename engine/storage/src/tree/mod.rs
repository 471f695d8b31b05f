//! The B+tree: sorted items in pages, changed by copy-on-write, loaded when needed.
//!
//! A [`Tree`] maps opaque keys, in the order of their bytes, to a version and a value. A clone of it is
//! a snapshot: it costs a reference count and never changes. Changing a tree copies only nodes that a
//! snapshot still holds; a tree without snapshots is changed in place. Inner nodes carry the item
//! count of each child, so that counting a range, ranking a key and finding the n-th item follow one
//! path.
//!
//! A stored tree is opened by its [`RootRef`] and loads nodes from a [`NodeSource`] as they are
//! needed; the [`NodeCache`] drops stored pages from memory again. [`Tree::checkpoint`] writes what is
//! not stored yet to a [`NodeSink`].
//!
//! | part | what it is |
//! |---|---|
//! | `slots`, `page`, `separators` | the insides of nodes |
//! | `leaf`, `inner`, `value` | handles: what is loaded, what is stored where |
//! | `cache` | which stored pages stay in memory |
//! | `edit` | insert, remove, split, join, balance |
//! | `read`, `cursor` | lookups, counts, walks |
//! | `encoding`, `checkpoint`, `relocate` | nodes to bytes and back, writing them, moving them |
//! | `check` | verifies a whole tree |
//!
//! What must hold: a stored node is never changed; a node without a location is reachable only from
//! nodes without a location. What this part does not do: transactions, durability, checksums,
//! knowledge of what keys and values mean.

mod cache;
mod check;
mod checkpoint;
mod config;
mod context;
mod cursor;
mod edit;
mod encoding;
mod error;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod fuzz;
mod inner;
mod leaf;
mod page;
mod place;
mod read;
mod relocate;
mod separators;
pub(crate) mod slots;
mod value;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use crate::blob::{LOCATION_BYTES, Location};
pub use cache::{CacheStats, NodeCache};
pub use check::{Finding, TreeReport};
pub use checkpoint::{Stored, Written};
pub use config::{MAX_KEY_BYTES, NODE_SEPARATE_ABOVE, SEGMENT_SEPARATE_ABOVE, TreeConfig};
pub use context::{NodeSink, NodeSource, TreeContext, TreeCounts};
pub use cursor::Cursor;
pub use edit::{Applied, Change, Replaced, Watch};
pub use error::{Result, TreeError};
pub(crate) use value::PagePart;
pub use value::{Entry, ValueBytes, ValueRef};

use config::Limits;
use inner::Child;

/// What is needed to open a stored tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct RootRef {
    /// Where the root is stored; none for an empty tree.
    pub location: Option<Location>,
    /// Number of items.
    pub count: u64,
    /// Levels: 0 for an empty tree, 1 when the root is a leaf.
    pub height: u8,
    /// Bytes of all keys and values.
    pub bytes: u64,
}

/// A sorted map from keys to versioned values. A clone is a snapshot.
pub struct Tree {
    config: TreeConfig,
    limits: Limits,
    context: Arc<TreeContext>,
    root: Option<Child>,
    count: u64,
    height: u8,
    bytes: u64,
    /// Whether changes to nodes that cannot be read are left out, and the first such failure.
    salvage: bool,
    damage: Option<TreeError>,
}

impl Clone for Tree {
    /// A snapshot.
    fn clone(&self) -> Self {
        Self {
            config: self.config,
            limits: self.limits,
            context: Arc::clone(&self.context),
            root: self.root.clone(),
            count: self.count,
            height: self.height,
            bytes: self.bytes,
            salvage: self.salvage,
            damage: self.damage.clone(),
        }
    }
}

impl Tree {
    /// An empty tree.
    pub fn new(config: TreeConfig, context: Arc<TreeContext>) -> Self {
        Self::open(config, context, &RootRef::default())
    }

    /// A stored tree. Reads nothing until it is used.
    pub fn open(config: TreeConfig, context: Arc<TreeContext>, root: &RootRef) -> Self {
        let child = root
            .location
            .map(|location| Child::stored(root.height.saturating_sub(1), location));
        Self {
            config,
            limits: config.limits(),
            context,
            height: if child.is_some() {
                root.height.max(1)
            } else {
                0
            },
            root: child,
            count: root.count,
            bytes: root.bytes,
            salvage: false,
            damage: None,
        }
    }

    /// Where this tree is stored; `None` when it changed since its last checkpoint.
    pub fn root_ref(&self) -> Option<RootRef> {
        let location = match &self.root {
            Some(root) => Some(root.location().get()?),
            None => None,
        };
        Some(RootRef {
            location,
            count: self.count,
            height: self.height,
            bytes: self.bytes,
        })
    }

    /// From now on changes that concern a node that cannot be read are left out instead of failing. Everything else
    /// is applied. Reads of such a node are errors, and so are counts, which nobody knows then.
    pub fn salvage(&mut self) {
        self.salvage = true;
    }

    /// Why changes were left out since [`salvage`](Self::salvage).
    pub fn damage(&self) -> Option<&TreeError> {
        self.damage.as_ref()
    }

    /// An error when the counts in the nodes are not what they should be.
    fn check_counts(&self) -> Result<()> {
        self.damage.clone().map_or(Ok(()), Err)
    }

    /// The options of this tree.
    pub fn config(&self) -> &TreeConfig {
        &self.config
    }

    /// Number of items.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Levels: 0 for an empty tree, 1 when the root is a leaf.
    pub fn height(&self) -> u8 {
        self.height
    }

    /// Bytes of all keys and values.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl std::fmt::Debug for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tree")
            .field("count", &self.count)
            .field("height", &self.height)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}
