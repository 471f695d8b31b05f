//! Changing the shape of a tree: splitting what is too full, joining what is too empty.
//!
//! A parent reshapes its children, because it has to know of it. All nodes here were made private to the tree
//! on the way down; only neighbours are taken over now. A neighbour that cannot be read is left alone:
//! reshaping then does less, which costs room and never correctness.

use std::sync::Arc;

use super::super::context::TreeContext;
use super::super::inner::{Child, Inner, InnerHandle};
use super::super::leaf::LeafHandle;
use super::super::page::Page;
use super::super::separators::between;
use super::{Fill, Outcome, Run};

/// A leaf and an own page for it.
fn leaf(page: Page, context: &TreeContext) -> Child {
    Child::Leaf(Arc::new(LeafHandle::new(page, context)))
}

/// The separator between two neighbouring pages with items.
fn separator(left: &Page, right: &Page) -> Vec<u8> {
    match (left.ends(), right.ends()) {
        (Some((_, left)), Some((right, _))) => between(left, right).to_vec(),
        _ => Vec::new(),
    }
}

/// Puts pages behind leaf `at`, whose count so far is that of all of them.
pub(super) fn add_leaves(node: &mut Inner, at: usize, pages: Vec<Page>, context: &TreeContext) {
    let behind: usize = pages.iter().map(Page::len).sum();
    node.counts[at] = node.counts[at].saturating_sub(behind as u64);
    for (before, page) in (at..).zip(pages) {
        let middle = match &node.children[before] {
            Child::Leaf(before) => before.loaded().map(|before| separator(&before, &page)),
            Child::Inner(_) => None,
        };
        let count = page.len() as u64;
        node.insert_after(
            before,
            &middle.unwrap_or_default(),
            leaf(page, context),
            count,
        );
    }
}

impl Run<'_> {
    fn fill_of(&self, node: &Inner) -> Fill {
        let bytes = node.separators.live();
        if self.limits.inner_over(node.children.len(), bytes) {
            Fill::Over
        } else {
            Fill::Fine
        }
    }

    /// The page of leaf `at` for changing.
    fn own_page<'n>(&mut self, node: &'n mut Inner, at: usize) -> Option<&'n mut Page> {
        match node.children.get_mut(at) {
            Some(Child::Leaf(leaf)) => LeafHandle::own(leaf, self.context).ok(),
            _ => None,
        }
    }

    /// The pages of leaf `left` and the one behind it for changing.
    fn own_pages<'n>(
        &mut self,
        node: &'n mut Inner,
        left: usize,
    ) -> Option<(&'n mut Page, &'n mut Page)> {
        match node.children.get_mut(left..left + 2)? {
            [Child::Leaf(a), Child::Leaf(b)] => Some((
                LeafHandle::own(a, self.context).ok()?,
                LeafHandle::own(b, self.context).ok()?,
            )),
            _ => None,
        }
    }

    /// The inner node `at` for changing.
    fn own_inner<'n>(&mut self, node: &'n mut Inner, at: usize) -> Option<&'n mut Inner> {
        match node.children.get_mut(at) {
            Some(Child::Inner(inner)) => InnerHandle::own(inner, self.context).ok(),
            _ => None,
        }
    }

    /// Splits child `at`, which is too full, or gives some of its items to a neighbour.
    pub(super) fn relieve(&mut self, node: &mut Inner, at: usize, rightmost: bool) {
        if matches!(node.children[at], Child::Leaf(_)) {
            if !self.limits.balance || !self.share(node, at, rightmost) {
                self.split_leaf(node, at, rightmost);
            }
        } else {
            self.split_inner(node, at, rightmost);
        }
    }

    /// Splits leaf `at` into as many pages as it takes (three around one huge item).
    fn split_leaf(&mut self, node: &mut Inner, at: usize, rightmost: bool) {
        let limits = self.limits;
        let Some(page) = self.own_page(node, at) else {
            return;
        };
        let point = page.split_point(rightmost);
        let right = page.split_off(point);
        let middle = separator(page, &right);
        let (left_len, left_over) = (page.len(), limits.page_over(page.len(), page.live()));
        let right_over = limits.page_over(right.len(), right.live());
        node.counts[at] = left_len as u64;
        let count = right.len() as u64;
        node.insert_after(at, &middle, leaf(right, self.context), count);
        if right_over {
            self.split_leaf(node, at + 1, false);
        }
        if left_over {
            self.split_leaf(node, at, false);
        }
    }

    /// Moves items of leaf `at` to a neighbour with room, so that both are about equally full.
    fn share(&mut self, node: &mut Inner, at: usize, rightmost: bool) -> bool {
        let Some(page) = self.own_page(node, at) else {
            return false;
        };
        if page.is_appended(rightmost) {
            return false;
        }
        for left in [at.checked_sub(1), Some(at)].into_iter().flatten() {
            if left + 1 < node.children.len() && self.even_out(node, left, at) {
                return true;
            }
        }
        false
    }

    /// Distributes the items of leaf `left` and the one behind it evenly. `full` is the one that is
    /// too full; nothing is done unless the other has room.
    fn even_out(&mut self, node: &mut Inner, left: usize, full: usize) -> bool {
        let limits = self.limits;
        let other = if left == full { left + 1 } else { left };
        // The count is known without reading the page.
        if node.counts[other] as usize > limits.page_items * 3 / 4 {
            return false;
        }
        let neighbour = match &node.children[other] {
            Child::Leaf(leaf) => leaf.page(self.context).ok(),
            Child::Inner(_) => None,
        };
        if !neighbour.is_some_and(|page| limits.page_roomy(page.len(), page.live())) {
            return false;
        }
        let Some((page, right)) = self.own_pages(node, left) else {
            return false;
        };
        page.append(right);
        let point = page.split_point(false);
        *right = page.split_off(point);
        let middle = separator(page, right);
        let left_over = limits.page_over(page.len(), page.live());
        let right_over = limits.page_over(right.len(), right.live());
        let counts = (page.len() as u64, right.len() as u64);
        (node.counts[left], node.counts[left + 1]) = counts;
        node.separators.replace(left, &middle);
        // Rare: a huge item is among them.
        if right_over {
            self.split_leaf(node, left + 1, false);
        }
        if left_over {
            self.split_leaf(node, left, false);
        }
        true
    }

    /// Splits inner node `at`.
    fn split_inner(&mut self, node: &mut Inner, at: usize, rightmost: bool) {
        let limits = self.limits;
        let Some(full) = self.own_inner(node, at) else {
            return;
        };
        let len = full.children.len();
        // At the right end children are appended: leave the node full.
        let point = if rightmost {
            (len - 2).min(limits.fan_out)
        } else {
            len / 2
        };
        let (middle, right) = full.split_off(point.max(2));
        let left_over = limits.inner_over(full.children.len(), full.separators.live());
        let right_over = limits.inner_over(right.children.len(), right.separators.live());
        let (left_count, right_count) = (full.count(), right.count());
        node.counts[at] = left_count;
        let right = Child::Inner(Arc::new(InnerHandle::new(right)));
        node.insert_after(at, &middle, right, right_count);
        if right_over {
            self.split_inner(node, at + 1, rightmost);
        }
        if left_over {
            self.split_inner(node, at, false);
        }
    }

    /// Joins child `at`, which is too empty, with a neighbour that has room; drops it if nothing is left of it.
    pub(super) fn fill_up(&mut self, node: &mut Inner, at: usize) {
        if node.counts[at] == 0 {
            node.remove_child(at);
            return;
        }
        for left in [at.checked_sub(1), Some(at)].into_iter().flatten() {
            if left + 1 >= node.children.len() {
                continue;
            }
            let joined = match node.children[at] {
                Child::Leaf(_) => self.join_leaves(node, left),
                Child::Inner(_) => self.join_inners(node, left, at),
            };
            if joined {
                return;
            }
        }
    }

    /// Joins leaf `left` and the one behind it when the result leaves room.
    fn join_leaves(&mut self, node: &mut Inner, left: usize) -> bool {
        let limits = self.limits;
        let items = (node.counts[left] + node.counts[left + 1]) as usize;
        if !limits.page_roomy(items, 0) {
            return false;
        }
        let context = self.context;
        let bytes = |child: &Child| match child {
            Child::Leaf(leaf) => leaf.page(context).ok().map(|page| page.live()),
            Child::Inner(_) => None,
        };
        let (Some(a), Some(b)) = (bytes(&node.children[left]), bytes(&node.children[left + 1]))
        else {
            return false;
        };
        if !limits.page_roomy(items, a + b) {
            return false;
        }
        let Some((page, right)) = self.own_pages(node, left) else {
            return false;
        };
        page.append(right);
        node.counts[left] = page.len() as u64;
        node.remove_child(left + 1);
        true
    }

    /// Joins inner node `left` and the one behind it, or evens them out when the result would be too
    /// full and `poor`, the one that is too empty, has a single child.
    fn join_inners(&mut self, node: &mut Inner, left: usize, poor: usize) -> bool {
        let limits = self.limits;
        let middle = node.separators.key(left).to_vec();
        let size = |at: usize| match &node.children[at] {
            Child::Inner(inner) => match inner.node(self.context) {
                Ok(node) => Some((node.children.len(), node.separators.live())),
                Err(_) => None,
            },
            Child::Leaf(_) => None,
        };
        let (Some(a), Some(b)) = (size(left), size(left + 1)) else {
            return false;
        };
        let fits = !limits.inner_over(a.0 + b.0, a.1 + b.1 + middle.len() + 2);
        let single = if poor == left { a.0 } else { b.0 } < 2;
        if !fits && !single {
            return false;
        }
        let Some(right) = self.own_inner(node, left + 1) else {
            return false;
        };
        let right = std::mem::replace(right, Inner::hollow(right.level));
        let right_count = node.counts[left + 1];
        node.remove_child(left + 1);
        // Loaded above, and inner nodes stay in memory, so this one is there.
        if let Some(left_node) = self.own_inner(node, left) {
            let seam = left_node.children.len();
            left_node.append(&middle, right);
            self.mend(left_node, seam);
            node.counts[left] += right_count;
        }
        if !fits {
            self.split_inner(node, left, false);
        }
        true
    }

    /// Gives the inner nodes on both sides of `seam`, where `node` was joined, more than one child. A node without
    /// neighbours can be left with one in the middle of a run; when it gets neighbours, this has to end.
    fn mend(&mut self, node: &mut Inner, seam: usize) {
        for at in [Some(seam), seam.checked_sub(1)].into_iter().flatten() {
            let single = match node.children.get(at) {
                Some(Child::Inner(inner)) => inner.loaded().is_some_and(|n| n.children.len() < 2),
                _ => false,
            };
            if single {
                self.fill_up(node, at);
            }
        }
    }

    /// The root after a run: with the leaves that came behind it, split as long as it is too full, replaced by
    /// its only child, or none when nothing is left.
    pub(super) fn settle(&mut self, root: Child, outcome: Outcome, count: u64) -> Option<Child> {
        if count == 0 {
            return None;
        }
        let (mut root, mut fill) = (root, outcome.fill);
        if !outcome.more.is_empty() {
            let mut above = Inner::above(1, root, count);
            add_leaves(&mut above, 0, outcome.more, self.context);
            fill = self.fill_of(&above);
            root = Child::Inner(Arc::new(InnerHandle::new(above)));
        }
        if fill == Fill::Over {
            while fill == Fill::Over {
                let level = match &root {
                    Child::Leaf(_) => 1,
                    Child::Inner(inner) => inner.level() + 1,
                };
                let mut above = Inner::above(level, root, count);
                self.relieve(&mut above, 0, true);
                fill = self.fill_of(&above);
                root = Child::Inner(Arc::new(InnerHandle::new(above)));
            }
            return Some(root);
        }
        loop {
            let Child::Inner(inner) = &root else {
                return Some(root);
            };
            // A stored root with one child can't be: it would have been replaced before it was stored.
            let only = match inner.node(self.context) {
                Ok(node) if node.children.len() == 1 => node.children.first().cloned(),
                _ => None,
            };
            let Some(only) = only else {
                return Some(root);
            };
            root = only;
        }
    }
}
