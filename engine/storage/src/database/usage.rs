//! How much of each segment file is in use.
//!
//! A checkpoint knows it for each of its stores without looking at all of their nodes: it is what the checkpoint
//! before used, and what was written since, less what was replaced since. `check` compares it with what a walk over
//! everything finds.

use std::collections::BTreeMap;

use crate::blob::Location;
use crate::error::Result;
use crate::tree::{RootRef, Stored, Tree, Written};

/// Bytes in use in one segment file, headers of blobs included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Used {
    pub nodes: u64,
    pub values: u64,
}

impl Used {
    pub fn bytes(self) -> u64 {
        self.nodes + self.values
    }
}

/// Bytes in use by segment number. Segments of which nothing is in use are not listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage(BTreeMap<u32, Used>);

impl Usage {
    pub fn segments(&self) -> &BTreeMap<u32, Used> {
        &self.0
    }

    pub fn set(&mut self, segment: u32, used: Used) {
        self.0.insert(segment, used);
    }

    pub fn add(&mut self, kind: Stored, location: &Location) {
        let used = self.0.entry(location.segment).or_default();
        match kind {
            Stored::Value => used.values += location.bytes_on_disk(),
            _ => used.nodes += location.bytes_on_disk(),
        }
    }

    fn remove(&mut self, kind: Stored, location: &Location) {
        let Some(used) = self.0.get_mut(&location.segment) else {
            return;
        };
        let bytes = match kind {
            Stored::Value => &mut used.values,
            _ => &mut used.nodes,
        };
        *bytes = bytes.saturating_sub(location.bytes_on_disk());
        if used.bytes() == 0 {
            self.0.remove(&location.segment);
        }
    }

    /// Adds what another store uses.
    pub fn merge(&mut self, other: &Self) {
        for (segment, used) in &other.0 {
            let sum = self.0.entry(*segment).or_default();
            sum.nodes += used.nodes;
            sum.values += used.values;
        }
    }

    /// Bytes in use.
    pub fn bytes(&self) -> u64 {
        self.0.values().map(|used| used.bytes()).sum()
    }

    /// Whether values lie in a segment.
    pub fn has_values(&self, segment: u32) -> bool {
        self.0.get(&segment).is_some_and(|used| used.values > 0)
    }

    fn values(&self) -> u64 {
        self.0.values().map(|used| used.values).sum()
    }

    /// What is in use of a store whose tree was just written: `before` is what the checkpoint before used, with its
    /// root. Reads the inner nodes that were replaced, and the leaves when they may point at values. When one of them
    /// cannot be read, what is below it counts as in use on, and the answer is not exact.
    pub fn after(
        before: Option<(&RootRef, &Self)>,
        tree: &Tree,
        written: &Written<'_>,
    ) -> (Self, bool) {
        let (mut usage, mut exact) = (Self::default(), true);
        if let Some((root, used)) = before {
            usage.clone_from(used);
            let replaced =
                tree.for_each_replaced(root, written, used.values() > 0, |kind, location| {
                    usage.remove(kind, location);
                });
            exact = replaced.is_ok();
        }
        written.for_each(|kind, location| usage.add(kind, location));
        (usage, exact)
    }

    /// What is in use of a stored tree, from a walk over all of it.
    pub fn of(tree: &Tree) -> Result<Self> {
        let mut usage = Self::default();
        tree.for_each_location(true, |kind, location| usage.add(kind, location))?;
        Ok(usage)
    }
}
