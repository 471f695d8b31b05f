//! Moving nodes and values away from segments whose room is to be reclaimed.
//!
//! What is to move becomes new, as if it had been changed, so that the next checkpoint writes it elsewhere. Until
//! then it is in memory, and what was stored before stays in use.

use std::sync::Arc;

use super::error::Result;
use super::inner::{Child, InnerHandle};
use super::leaf::LeafHandle;
use super::page::{Page, PageValue};
use super::value::ValueHandle;
use super::{Location, Tree, TreeContext};

impl Tree {
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

/// Making nodes new. Goes down read-only and owns a node only when something at or below it moves.
struct Relocation<'a> {
    context: &'a TreeContext,
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
                    let copy = ValueHandle::new(handle.load(self.context)?, self.context);
                    values.push((at, location, Arc::new(copy)));
                }
            }
        }
        if wanted.is_none() && values.is_empty() {
            return Ok(());
        }
        let page = LeafHandle::own(leaf, self.context)?;
        for (at, location, copy) in values {
            page.swap_separate(at, copy);
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
            InnerHandle::own(inner, self.context)?;
            self.spend(location);
        }
        for at in 0..inner.node(self.context)?.children.len() {
            let touched = match inner.node(self.context)?.children.get(at) {
                Some(child) => self.touches(child)?,
                None => false,
            };
            if touched {
                let node = InnerHandle::own(inner, self.context)?;
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

/// The values of a page that are kept apart, with their positions, in their order.
pub(super) fn separate(page: &Page) -> impl Iterator<Item = (usize, &Arc<ValueHandle>)> {
    (0..page.len()).filter_map(|at| match page.value(at) {
        PageValue::Separate(handle) => Some((at, handle)),
        PageValue::Inline(_) => None,
    })
}
