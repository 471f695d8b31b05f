//! Changing a tree: the way down to the leaves and the changes made there.
//!
//! All changes take the same way: a run of operations goes down the tree together, each node handles
//! those that fall between its bounds and hands the rest back. A single insert is a run of one;
//! a sorted batch visits each node once.
//!
//! A failed read stops the run where it is. What was applied before stays applied and all counts are
//! right, so the tree is whole; a caller who wants all or nothing works on a clone.

mod merge;
mod reshape;

use std::sync::Arc;

use super::Tree;
use super::config::{Limits, MAX_KEY_BYTES};
use super::context::TreeContext;
use super::error::{Result, TreeError};
use super::inner::{Child, Inner, InnerHandle};
use super::leaf::LeafHandle;
use super::page::{Page, PageValue};
use super::value::{ValueBytes, ValueHandle};
use reshape::add_leaves;

/// So many operations are applied to a leaf one by one before the rest is merged with its items.
const SINGLES: usize = 16;

/// What to do with a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<V> {
    /// Insert or replace the item.
    Put {
        /// Version of the item.
        version: u64,
        /// Its value.
        value: V,
    },
    /// Remove the item if it is there.
    Delete,
}

/// What a run of changes did, in items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// New keys.
    pub inserted: u64,
    /// Keys that were there and got another value.
    pub replaced: u64,
    /// Keys removed.
    pub removed: u64,
    /// Keys to remove that weren't there.
    pub missing: u64,
}

/// A value that a change replaces or removes, before it is gone.
pub struct Replaced<'a> {
    value: PageValue<'a>,
    context: &'a TreeContext,
}

impl Replaced<'_> {
    /// Its bytes. Reads them when they are kept apart and not in memory.
    pub fn bytes(&self) -> Result<ValueBytes<'_>> {
        match &self.value {
            PageValue::Inline(bytes) => Ok(ValueBytes::Inline(bytes)),
            PageValue::Separate(handle) => handle.peek(self.context).map(ValueBytes::Loaded),
        }
    }
}

/// Is told what a run of changes does to values, change by change: what was told is what the tree holds, also when
/// the run fails in the middle.
pub trait Watch {
    /// An item gets this value.
    fn put(&mut self, value: &[u8]);
    /// An item loses this value, by removal or because it gets another.
    fn lost(&mut self, value: Replaced<'_>);
    /// A change was left out, since the node that it belongs to cannot be read.
    fn missed(&mut self);
}

/// Nobody watches.
impl Watch for () {
    fn put(&mut self, _: &[u8]) {}
    fn lost(&mut self, _: Replaced<'_>) {}
    fn missed(&mut self) {}
}

/// Where the operations of a run come from.
trait Operations {
    /// Key of the next operation.
    fn key(&self) -> Option<&[u8]>;
    /// The next operation.
    fn change(&self) -> Option<Change<&[u8]>>;
    /// The next operation is going to replace or remove this value.
    fn replaces(&mut self, _: Replaced<'_>) {}
    /// The next operation was applied; `old` is the version it found. Goes on to the one after.
    fn done(&mut self, old: Option<u64>);
    /// The next operation is left out. Goes on to the one after.
    fn left_out(&mut self) {
        self.done(None);
    }
}

/// What a run needs beside the nodes, and what it adds up.
struct Run<'a> {
    limits: Limits,
    context: &'a TreeContext,
    bytes: i64,
    failure: Option<TreeError>,
    /// Whether operations on nodes that cannot be read are left out, and the first such failure.
    salvage: bool,
    damage: Option<TreeError>,
    /// Whether many operations are to be expected for each leaf.
    dense: bool,
}

/// The keys that may go to a node: from the first (included) to the second (excluded).
type Bounds<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);

/// Whether a node has to change its shape.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fill {
    Fine,
    Over,
    Under,
}

/// What a node tells its parent after its part of the run.
struct Outcome {
    /// Items more (or less) than before, those of `more` among them.
    delta: i64,
    fill: Fill,
    /// New leaves to stand behind the leaf.
    more: Vec<Page>,
}

impl Outcome {
    const NOTHING: Self = Self {
        delta: 0,
        fill: Fill::Fine,
        more: Vec::new(),
    };
}

fn inside(key: &[u8], bounds: Bounds<'_>) -> bool {
    bounds.0.is_none_or(|low| low <= key) && bounds.1.is_none_or(|high| key < high)
}

impl Run<'_> {
    /// A node cannot be read: ends the run, or leaves out the operations that belong to it.
    fn unreadable(
        &mut self,
        error: TreeError,
        bounds: Bounds<'_>,
        operations: &mut impl Operations,
    ) -> Outcome {
        if !self.salvage {
            self.failure = Some(error);
            return Outcome::NOTHING;
        }
        self.damage.get_or_insert(error);
        let mut first = true;
        while let Some(key) = operations.key()
            && (first || inside(key, bounds))
        {
            first = false;
            operations.left_out();
        }
        Outcome::NOTHING
    }

    fn child(
        &mut self,
        child: &mut Child,
        bounds: Bounds<'_>,
        rightmost: bool,
        operations: &mut impl Operations,
    ) -> Outcome {
        match child {
            Child::Leaf(leaf) => self.leaf(leaf, bounds, rightmost, operations),
            Child::Inner(inner) => self.inner(inner, bounds, rightmost, operations),
        }
    }

    fn leaf(
        &mut self,
        leaf: &mut Arc<LeafHandle>,
        bounds: Bounds<'_>,
        rightmost: bool,
        operations: &mut impl Operations,
    ) -> Outcome {
        if self.dense {
            return self.merge(leaf, bounds, rightmost, operations);
        }
        let page = match LeafHandle::own(leaf, self.context) {
            Ok(page) => page,
            Err(error) => return self.unreadable(error, bounds, operations),
        };
        let before = page.len() as i64;
        let mut singles = 0;
        let mut removed = false;
        let mut fill = Fill::Fine;
        // The parent chose this leaf for the first key, the next ones have to be compared.
        let mut first = true;
        while let Some(key) = operations.key() {
            if !first && !inside(key, bounds) {
                break;
            }
            first = false;
            if singles == SINGLES {
                let delta = page.len() as i64 - before;
                let mut outcome = self.merge(leaf, bounds, rightmost, operations);
                outcome.delta += delta;
                return outcome;
            }
            singles += 1;
            let place = page.find(key);
            if let Ok(at) = place {
                operations.replaces(Replaced {
                    value: page.value(at),
                    context: self.context,
                });
            }
            let (Some(key), Some(change)) = (operations.key(), operations.change()) else {
                break;
            };
            let old = place.ok().map(|at| page.version(at));
            match change {
                Change::Put { version, value } => self.put(page, place, key, version, value),
                Change::Delete => {
                    if let Ok(at) = place {
                        removed = true;
                        self.bytes -= (key.len() as u64 + page.value(at).len()) as i64;
                        page.remove(at);
                    }
                }
            }
            operations.done(old);
            if self.limits.page_over(page.len(), page.live()) {
                fill = Fill::Over;
                break;
            }
        }
        if removed && fill == Fill::Fine && self.limits.page_under(page.len(), page.live()) {
            fill = Fill::Under;
        }
        Outcome {
            delta: page.len() as i64 - before,
            fill,
            more: Vec::new(),
        }
    }

    fn put(
        &mut self,
        page: &mut Page,
        place: std::result::Result<usize, usize>,
        key: &[u8],
        version: u64,
        value: &[u8],
    ) {
        let handle;
        let stored = if value.len() > self.limits.separate_above {
            handle = Arc::new(ValueHandle::new(Arc::from(value), self.context));
            PageValue::Separate(&handle)
        } else {
            PageValue::Inline(value)
        };
        match place {
            Ok(at) => {
                self.bytes += value.len() as i64 - page.value(at).len() as i64;
                page.replace(at, version, &stored);
            }
            Err(at) => {
                self.bytes += (key.len() + value.len()) as i64;
                page.insert(at, key, version, &stored);
            }
        }
    }

    fn inner(
        &mut self,
        inner: &mut Arc<InnerHandle>,
        bounds: Bounds<'_>,
        rightmost: bool,
        operations: &mut impl Operations,
    ) -> Outcome {
        let node = match InnerHandle::own(inner, self.context) {
            Ok(node) => node,
            Err(error) => return self.unreadable(error, bounds, operations),
        };
        let children = node.children.len();
        let mut delta = 0;
        let mut first = true;
        while let Some(key) = operations.key() {
            if !first && !inside(key, bounds) {
                break;
            }
            first = false;
            let at = node.separators.child_of(key);
            let Inner {
                separators,
                counts,
                children,
                ..
            } = &mut *node;
            let last = at + 1 == children.len();
            let low = at.checked_sub(1).map(|at| separators.key(at));
            let high = (!last).then(|| separators.key(at));
            let outcome = self.child(
                &mut children[at],
                (low.or(bounds.0), high.or(bounds.1)),
                rightmost && last,
                operations,
            );
            delta += outcome.delta;
            counts[at] = counts[at].saturating_add_signed(outcome.delta);
            if !outcome.more.is_empty() {
                add_leaves(node, at, outcome.more, self.context);
            }
            match outcome.fill {
                Fill::Fine => {}
                Fill::Over => self.relieve(node, at, rightmost && last),
                Fill::Under => self.fill_up(node, at),
            }
            let over = self
                .limits
                .inner_over(node.children.len(), node.separators.live());
            if over || node.children.is_empty() || self.failure.is_some() {
                break;
            }
        }
        let fill = if self
            .limits
            .inner_over(node.children.len(), node.separators.live())
        {
            Fill::Over
        } else if node.children.len() < children && self.limits.inner_under(node.children.len()) {
            Fill::Under
        } else {
            Fill::Fine
        };
        Outcome {
            delta,
            fill,
            more: Vec::new(),
        }
    }
}

impl Tree {
    /// Applies operations until there are none left.
    fn run(&mut self, operations: &mut impl Operations, dense: bool) -> Result<()> {
        while operations.key().is_some() {
            let mut run = Run {
                limits: self.limits,
                context: &self.context,
                bytes: 0,
                failure: None,
                salvage: self.salvage,
                damage: None,
                dense,
            };
            let root = self.root.get_or_insert_with(|| {
                self.height = 1;
                Child::Leaf(Arc::new(LeafHandle::new(Page::default(), &self.context)))
            });
            let outcome = run.child(root, (None, None), true, operations);
            self.count = self.count.saturating_add_signed(outcome.delta);
            let root = self.root.take();
            let root = root.and_then(|root| run.settle(root, outcome, self.count));
            let (bytes, failure) = (run.bytes, run.failure);
            self.damage = self.damage.take().or(run.damage);
            self.bytes = self.bytes.saturating_add_signed(bytes);
            self.height = match &root {
                None => 0,
                Some(Child::Leaf(_)) => 1,
                Some(Child::Inner(inner)) => inner.level() + 1,
            };
            self.root = root;
            if let Some(error) = failure {
                return Err(error);
            }
        }
        Ok(())
    }

    /// Inserts or replaces an item. Returns the version it replaced.
    pub fn upsert(&mut self, key: &[u8], version: u64, value: &[u8]) -> Result<Option<u64>> {
        check_key(key)?;
        let mut one = One {
            key,
            change: Some(Change::Put { version, value }),
            old: None,
        };
        self.run(&mut one, false)?;
        Ok(one.old)
    }

    /// Removes an item. Returns the version it had; `None` when there was none.
    pub fn remove(&mut self, key: &[u8]) -> Result<Option<u64>> {
        // A miss must not copy nodes or make stored ones new.
        if !self.is_private() && !self.contains(key)? {
            return Ok(None);
        }
        let mut one = One {
            key,
            change: Some(Change::Delete),
            old: None,
        };
        self.run(&mut one, false)?;
        Ok(one.old)
    }

    /// Applies many changes, fastest when their keys ascend. With a failure in the middle, the changes before it
    /// stay applied.
    pub fn apply_sorted<K, V>(
        &mut self,
        changes: impl IntoIterator<Item = (K, Change<V>)>,
    ) -> Result<Applied>
    where
        K: AsRef<[u8]>,
        V: AsRef<[u8]>,
    {
        self.apply_watched(changes, &mut ())
    }

    /// As [`Tree::apply_sorted`], and tells `watch` what happens to values.
    pub fn apply_watched<K, V>(
        &mut self,
        changes: impl IntoIterator<Item = (K, Change<V>)>,
        watch: &mut impl Watch,
    ) -> Result<Applied>
    where
        K: AsRef<[u8]>,
        V: AsRef<[u8]>,
    {
        let mut changes = changes.into_iter();
        // A quarter of a page's items and more: writing the page anew is less work then.
        let least = changes.size_hint().0;
        let dense = least > SINGLES && least as u64 > self.count / 4;
        let mut many = Many {
            watch,
            next: changes.next(),
            changes,
            applied: Applied::default(),
            too_long: None,
        };
        many.check();
        self.run(&mut many, dense)?;
        match many.too_long {
            Some(bytes) => Err(TreeError::KeyTooLong {
                bytes,
                limit: MAX_KEY_BYTES,
            }),
            None => Ok(many.applied),
        }
    }

    /// Whether the root is new and held by this tree alone.
    fn is_private(&self) -> bool {
        match &self.root {
            Some(Child::Leaf(leaf)) => {
                Arc::strong_count(leaf) == 1 && leaf.location.get().is_none()
            }
            Some(Child::Inner(inner)) => {
                Arc::strong_count(inner) == 1 && inner.location.get().is_none()
            }
            None => false,
        }
    }
}

fn check_key(key: &[u8]) -> Result<()> {
    if key.len() > MAX_KEY_BYTES {
        return Err(TreeError::KeyTooLong {
            bytes: key.len(),
            limit: MAX_KEY_BYTES,
        });
    }
    Ok(())
}

/// A run of one operation.
struct One<'a> {
    key: &'a [u8],
    change: Option<Change<&'a [u8]>>,
    old: Option<u64>,
}

impl Operations for One<'_> {
    #[inline]
    fn key(&self) -> Option<&[u8]> {
        self.change.as_ref().map(|_| self.key)
    }

    #[inline]
    fn change(&self) -> Option<Change<&[u8]>> {
        self.change.clone()
    }

    #[inline]
    fn done(&mut self, old: Option<u64>) {
        self.change = None;
        self.old = old;
    }
}

/// A run of operations from an iterator.
struct Many<'w, W, I, K, V> {
    watch: &'w mut W,
    next: Option<(K, Change<V>)>,
    changes: I,
    applied: Applied,
    too_long: Option<usize>,
}

impl<W, I, K, V> Many<'_, W, I, K, V>
where
    K: AsRef<[u8]>,
{
    /// Ends the run at a key that is too long.
    fn check(&mut self) {
        if let Some((key, _)) = &self.next
            && key.as_ref().len() > MAX_KEY_BYTES
        {
            self.too_long = Some(key.as_ref().len());
            self.next = None;
        }
    }
}

impl<W, I, K, V> Operations for Many<'_, W, I, K, V>
where
    W: Watch,
    I: Iterator<Item = (K, Change<V>)>,
    K: AsRef<[u8]>,
    V: AsRef<[u8]>,
{
    fn key(&self) -> Option<&[u8]> {
        self.next.as_ref().map(|(key, _)| key.as_ref())
    }

    fn change(&self) -> Option<Change<&[u8]>> {
        self.next.as_ref().map(|(_, change)| match change {
            Change::Put { version, value } => Change::Put {
                version: *version,
                value: value.as_ref(),
            },
            Change::Delete => Change::Delete,
        })
    }

    fn replaces(&mut self, old: Replaced<'_>) {
        self.watch.lost(old);
    }

    fn left_out(&mut self) {
        self.watch.missed();
        self.applied.missing += 1;
        self.next = self.changes.next();
        self.check();
    }

    fn done(&mut self, old: Option<u64>) {
        if let Some((_, Change::Put { value, .. })) = &self.next {
            self.watch.put(value.as_ref());
        }
        let counter = match (&self.next, old) {
            (Some((_, Change::Put { .. })), None) => &mut self.applied.inserted,
            (Some((_, Change::Put { .. })), Some(_)) => &mut self.applied.replaced,
            (_, Some(_)) => &mut self.applied.removed,
            (_, None) => &mut self.applied.missing,
        };
        *counter += 1;
        self.next = self.changes.next();
        self.check();
    }
}
