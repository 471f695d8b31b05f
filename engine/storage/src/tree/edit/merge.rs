//! Changing many items of a leaf at once: its items and the operations are merged into new pages.
//!
//! Changing a page item by item moves its table each time and splits it again and again. Here each
//! item is written once, into pages that are nearly full; a leaf of which nothing is left is not even copied.

use std::cmp::Ordering;
use std::sync::Arc;

use super::super::leaf::LeafHandle;
use super::super::page::{ENTRY_HEADER, Page, PageValue};
use super::super::value::ValueHandle;
use super::{Bounds, Change, Fill, Limits, Operations, Outcome, Replaced, Run, inside};

/// Collects items in key order into pages.
struct Pages {
    limits: Limits,
    /// The most items and bytes of a page.
    most: (usize, usize),
    full: Vec<Page>,
    open: Page,
}

impl Pages {
    /// `rightmost` as in [`Page::split_point`]; elsewhere a little room is left, so that the next item does
    /// not split a page.
    fn new(limits: Limits, rightmost: bool) -> Self {
        let (items, bytes) = (limits.page_items, limits.page_bytes);
        let room = if rightmost { usize::MAX } else { 16 };
        Self {
            limits,
            most: ((items - items / room).max(2), bytes - bytes / room),
            full: Vec::new(),
            open: Page::default(),
        }
    }

    fn push(&mut self, key: &[u8], version: u64, value: &PageValue<'_>) {
        let body = match value {
            PageValue::Inline(bytes) => bytes.len(),
            PageValue::Separate(_) => 4,
        };
        let bytes = self.open.live() + ENTRY_HEADER + key.len() + body;
        let (items, most) = self.most;
        if self.open.len() >= items || (self.open.len() > 0 && bytes > most) {
            self.open.finish();
            let next = Page::with_capacity(items, most);
            self.full.push(std::mem::replace(&mut self.open, next));
        }
        self.open.push(key, version, value);
    }

    fn last_key(&self) -> Option<&[u8]> {
        let last = |page: &Page| page.len().checked_sub(1);
        match last(&self.open) {
            Some(at) => Some(self.open.key(at)),
            None => self
                .full
                .last()
                .and_then(|page| Some(page.key(last(page)?))),
        }
    }

    /// The first page, perhaps empty, and those behind it.
    fn finish(mut self) -> (Page, Vec<Page>) {
        self.open.finish();
        let Some(mut before) = self.full.pop() else {
            return (self.open, Vec::new());
        };
        let mut last = self.open;
        if self.limits.page_under(last.len(), last.live()) {
            (before, last) = joined(self.limits, before, last);
        } else {
            last.shrink();
        }
        self.full.push(before);
        if last.len() > 0 {
            self.full.push(last);
        }
        let mut pages = self.full.into_iter();
        (pages.next().unwrap_or_default(), pages.collect())
    }
}

/// A page and the one behind it, which is too empty, as one page or as two that are about equally
/// full; as they are when a huge item among them leaves too many for one side.
fn joined(limits: Limits, left: Page, right: Page) -> (Page, Page) {
    let over = |page: &Page| limits.page_over(page.len(), page.live());
    let mut joined = left.clone();
    joined.append(&right);
    if !over(&joined) {
        return (joined, Page::default());
    }
    let behind = joined.split_off(joined.split_point(false));
    if over(&joined) || over(&behind) {
        return (left, right);
    }
    (joined, behind)
}

impl Run<'_> {
    /// Merges the operations for a leaf with its items. The first operation is known to be for it.
    pub(super) fn merge(
        &mut self,
        leaf: &mut Arc<LeafHandle>,
        bounds: Bounds<'_>,
        rightmost: bool,
        operations: &mut impl Operations,
    ) -> Outcome {
        let page = match leaf.page(self.context) {
            Ok(page) => page,
            Err(error) => return self.unreadable(error, bounds, operations),
        };
        let mut pages = Pages::new(self.limits, rightmost);
        let (mut at, len) = (0usize, page.len());
        let mut first = true;
        while let Some(key) = operations.key() {
            // Operations need not ascend; what lies behind is left to the next way down the tree.
            let passed = at.checked_sub(1).map(|at| page.key(at));
            let ascends = passed.max(pages.last_key()).is_none_or(|last| last < key);
            if !(first || ascends && inside(key, bounds)) {
                break;
            }
            first = false;
            let mut found = None;
            while at < len {
                let order = page.key(at).cmp(key);
                if order == Ordering::Greater {
                    break;
                }
                if order == Ordering::Less {
                    pages.push(page.key(at), page.version(at), &page.value(at));
                } else {
                    found = Some(at);
                    self.drop_item(key, &page.value(at));
                }
                at += 1;
                if found.is_some() {
                    break;
                }
            }
            if let Some(at) = found {
                operations.replaces(Replaced {
                    value: page.value(at),
                    context: self.context,
                });
            }
            let (Some(key), Some(change)) = (operations.key(), operations.change()) else {
                break;
            };
            let old = found.map(|at| page.version(at));
            if let Change::Put { version, value } = change {
                self.bytes += (key.len() + value.len()) as i64;
                if value.len() > self.limits.separate_above {
                    let handle = Arc::new(ValueHandle::new(Arc::from(value), self.context));
                    pages.push(key, version, &PageValue::Separate(&handle));
                } else {
                    pages.push(key, version, &PageValue::Inline(value));
                }
            }
            operations.done(old);
        }
        for at in at..len {
            pages.push(page.key(at), page.version(at), &page.value(at));
        }
        let (first, more) = pages.finish();
        let items = first.len() + more.iter().map(Page::len).sum::<usize>();
        let fill = if first.len() < len && self.limits.page_under(first.len(), first.live()) {
            Fill::Under
        } else {
            Fill::Fine
        };
        *leaf = Arc::new(LeafHandle::new(first, self.context));
        Outcome {
            delta: items as i64 - len as i64,
            fill,
            more,
        }
    }

    fn drop_item(&mut self, key: &[u8], value: &PageValue<'_>) {
        self.bytes -= (key.len() as u64 + value.len()) as i64;
    }
}
