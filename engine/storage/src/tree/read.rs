//! Lookups: by key, by position, and counts of ranges. Each follows one path from the root.

use std::ops::Bound;
use std::sync::Arc;

use super::Tree;
use super::error::Result;
use super::inner::Child;
use super::leaf::{LeafHandle, LoadedPage};
use super::page::Page;
use super::value::{Entry, ValueRef};

/// The most keys whose memory is asked for together: as many waits as a processor keeps track of.
pub(crate) const FETCHED_KEYS: usize = 16;

/// An item that was found ahead of its turn.
pub(crate) struct Found {
    pub page: Page,
    pub at: usize,
}

impl Tree {
    /// The leaf that would hold `key`, and how many items are in the leaves before it.
    #[inline]
    fn leaf_of(
        &self,
        key: &[u8],
        mut before: impl FnMut(&[u64]),
    ) -> Result<Option<&Arc<LeafHandle>>> {
        let Some(mut child) = self.root.as_ref() else {
            return Ok(None);
        };
        loop {
            match child {
                Child::Leaf(leaf) => return Ok(Some(leaf)),
                Child::Inner(inner) => {
                    let node = inner.node(&self.context)?;
                    let at = node.separators.child_of(key);
                    before(&node.counts[..at]);
                    child = &node.children[at];
                }
            }
        }
    }

    /// Looks at the item with `key`, in its page.
    #[inline]
    fn find<T>(&self, key: &[u8], look: impl FnOnce(&Page, usize) -> T) -> Result<Option<T>> {
        let Some(leaf) = self.leaf_of(key, |_| ())? else {
            return Ok(None);
        };
        leaf.with(&self.context, |page| {
            page.find(key).ok().map(|at| look(page, at))
        })
    }

    /// Finds some keys together, up to [`FETCHED_KEYS`] of them, for a cursor that will seek them one after another; in
    /// `found` the last one is the first. One lookup after another waits for memory five times each; here the waits of all
    /// go on at the same time.
    ///
    /// Only those whose leaves are in memory: no leaf is loaded for it, and what fails now fails again when it is looked up.
    pub(crate) fn find_together<'k>(
        &self,
        keys: impl Iterator<Item = &'k [u8]> + Clone,
        found: &mut Vec<Found>,
    ) {
        let mut leaves = [const { None::<&LeafHandle> }; FETCHED_KEYS];
        for (place, key) in leaves.iter_mut().zip(keys.clone()) {
            if let Ok(Some(leaf)) = self.leaf_of(key, |_| ()) {
                leaf.fetch();
                *place = Some(leaf);
            }
        }
        // A processor finishes what it waits for before it locks; so nothing else is done in a walk over the keys that
        // locks, or counts who holds a page.
        let mut pages = [const { None::<LoadedPage<'_>> }; FETCHED_KEYS];
        for (page, leaf) in pages.iter_mut().zip(leaves) {
            *page = leaf.and_then(|leaf| leaf.loaded_page(&self.context));
        }
        let both = || {
            let both = pages.iter().zip(keys.clone());
            both.filter_map(|(page, key)| Some((page.as_ref()?, key)))
        };
        both().for_each(|(page, key)| page.fetch_table(key));
        both().for_each(|(page, key)| page.fetch_candidate(key));
        let mut places = [None; FETCHED_KEYS];
        for (place, (page, key)) in places.iter_mut().zip(both()) {
            *place = page.find(key).ok();
            if let Some(at) = *place {
                page.fetch_end(at);
            }
        }
        found.clear();
        for ((page, _), at) in both().zip(places) {
            let of = |at| Found {
                page: Page::clone(page),
                at,
            };
            found.extend(at.map(of));
        }
        found.reverse();
    }

    /// The item with `key`.
    #[inline]
    pub fn get(&self, key: &[u8]) -> Result<Option<Entry>> {
        self.find(key, |page, at| self.entry(page, at))?.transpose()
    }

    /// The version of the item with `key`; reads no value.
    pub fn version_of(&self, key: &[u8]) -> Result<Option<u64>> {
        self.find(key, Page::version)
    }

    /// Whether there is an item with `key`; reads no value.
    pub fn contains(&self, key: &[u8]) -> Result<bool> {
        Ok(self.find(key, |_, _| ())?.is_some())
    }

    /// Number of items with a smaller key, and whether `key` itself is there.
    fn position(&self, key: &[u8]) -> Result<(u64, bool)> {
        let mut before = 0;
        let leaf = self.leaf_of(key, |counts| before += counts.iter().sum::<u64>())?;
        let Some(leaf) = leaf else {
            return Ok((0, false));
        };
        Ok(match leaf.with(&self.context, |page| page.find(key))? {
            Ok(at) => (before + at as u64, true),
            Err(at) => (before + at as u64, false),
        })
    }

    /// Number of items with a smaller key.
    pub fn rank(&self, key: &[u8]) -> Result<u64> {
        self.check_counts()?;
        Ok(self.position(key)?.0)
    }

    /// Number of items between two bounds; 0 when `lo` is above `hi`.
    pub fn count(&self, lo: Bound<&[u8]>, hi: Bound<&[u8]>) -> Result<u64> {
        self.check_counts()?;
        let from = match lo {
            Bound::Unbounded => 0,
            Bound::Included(key) => self.position(key)?.0,
            Bound::Excluded(key) => {
                let (rank, found) = self.position(key)?;
                rank + u64::from(found)
            }
        };
        let to = match hi {
            Bound::Unbounded => self.count,
            Bound::Excluded(key) => self.position(key)?.0,
            Bound::Included(key) => {
                let (rank, found) = self.position(key)?;
                rank + u64::from(found)
            }
        };
        Ok(to.saturating_sub(from))
    }

    /// The item with exactly `index` items before it.
    pub fn nth(&self, index: u64) -> Result<Option<(Vec<u8>, Entry)>> {
        self.check_counts()?;
        if index >= self.count {
            return Ok(None);
        }
        let Some(mut child) = self.root.as_ref() else {
            return Ok(None);
        };
        let mut rest = index;
        loop {
            match child {
                Child::Leaf(leaf) => {
                    let page = leaf.page(&self.context)?;
                    let at = rest as usize;
                    if at >= page.len() {
                        return Ok(None);
                    }
                    let key = page.key(at).to_vec();
                    return Ok(Some((key, self.entry(&page, at)?)));
                }
                Child::Inner(inner) => {
                    let node = inner.node(&self.context)?;
                    let mut at = 0;
                    while at + 1 < node.counts.len() && rest >= node.counts[at] {
                        rest -= node.counts[at];
                        at += 1;
                    }
                    child = &node.children[at];
                }
            }
        }
    }

    fn entry(&self, page: &Page, at: usize) -> Result<Entry> {
        Ok(Entry {
            version: page.version(at),
            value: ValueRef::new(page, at, &self.context)?,
        })
    }
}
