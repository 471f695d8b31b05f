//! Verifying a whole snapshot.
//!
//! Every node is looked at; stored nodes and values are read from the store again even when they are
//! in memory, so that their checksums are verified too. A finding doesn't end the check: what can still be reached
//! is verified as well.

use super::Tree;
use super::config::Limits;
use super::context::TreeContext;
use super::inner::{Child, Inner};
use super::page::Page;

/// Findings kept in a report; more are only counted.
const MAX_FINDINGS: usize = 1_000;

/// Something that is wrong in a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where: child numbers from the root, and the location of the node when it is stored.
    pub place: String,
    /// What is wrong.
    pub detail: String,
}

/// What a check saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeReport {
    /// Inner nodes and leaves.
    pub nodes: u64,
    /// Items.
    pub items: u64,
    /// Values stored apart from their keys.
    pub separate_values: u64,
    /// Number of things that are wrong.
    pub defects: u64,
    /// The first thousand of them.
    pub findings: Vec<Finding>,
}

impl TreeReport {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.defects == 0
    }

    fn found(&mut self, place: &str, detail: impl Into<String>) {
        self.defects += 1;
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(Finding {
                place: place.to_owned(),
                detail: detail.into(),
            });
        }
    }
}

/// What a subtree has to be.
#[derive(Clone, Copy)]
struct Expected<'a> {
    level: u8,
    low: Option<&'a [u8]>,
    high: Option<&'a [u8]>,
    /// Whether a stored node is above, so that this one has to be stored as well.
    below_stored: bool,
}

struct Check<'a> {
    limits: Limits,
    slot_length: usize,
    /// Whether the sizes that only serve speed, and may differ from one release to the next, count.
    strict: bool,
    context: &'a TreeContext,
    report: &'a mut TreeReport,
    bytes: u64,
}

impl Tree {
    /// Verifies order, separators, counts, sizes and everything stored, and adds what it saw to `report`.
    pub fn check(&self, report: &mut TreeReport) {
        self.check_as(false, report);
    }

    /// [`check`](Self::check), with `strict` also of sizes that are a matter of speed only.
    pub(crate) fn check_as(&self, strict: bool, report: &mut TreeReport) {
        let before = report.items;
        let mut check = Check {
            limits: self.limits,
            slot_length: self.config.slot_length.max(2) as usize,
            strict,
            context: &self.context,
            report,
            bytes: 0,
        };
        match &self.root {
            Some(root) => {
                let expected = Expected {
                    level: self.height.saturating_sub(1),
                    low: None,
                    high: None,
                    below_stored: false,
                };
                check.child(root, expected, "root");
            }
            None if self.height != 0 => check.report.found("root", "missing"),
            None => {}
        }
        let (bytes, clean) = (check.bytes, check.report.is_clean());
        let items = report.items - before;
        if items != self.count {
            report.found(
                "root",
                format!("{items} items found, {} expected", self.count),
            );
        }
        if clean && bytes != self.bytes {
            report.found(
                "root",
                format!("{bytes} bytes found, {} expected", self.bytes),
            );
        }
    }
}

impl Check<'_> {
    fn child(&mut self, child: &Child, expected: Expected<'_>, path: &str) -> u64 {
        self.report.nodes += 1;
        let location = child.location().get();
        let place = match location {
            Some(location) => format!("{path} at {location}"),
            None => path.to_owned(),
        };
        if location.is_none() && expected.below_stored {
            self.report.found(&place, "not stored, but its parent is");
        }
        match child {
            Child::Leaf(leaf) => {
                if expected.level != 0 {
                    self.report
                        .found(&place, "leaf in the place of an inner node");
                }
                let stored = location.map(|_| leaf.read(self.context));
                let page = match (stored, leaf.loaded()) {
                    (Some(Err(error)), _) => {
                        self.report.found(&place, error.to_string());
                        return 0;
                    }
                    (Some(Ok(page)), loaded) => {
                        if loaded.is_some_and(|loaded| !same(&loaded, &page)) {
                            self.report.found(&place, "memory and store differ");
                        }
                        page
                    }
                    (None, Some(page)) => page,
                    (None, None) => {
                        self.report.found(&place, "neither stored nor in memory");
                        return 0;
                    }
                };
                self.page(&page, expected, &place);
                page.len() as u64
            }
            Child::Inner(inner) => {
                if expected.level != inner.level() {
                    self.report.found(&place, "node of another level");
                }
                if location.is_some()
                    && let Err(error) = inner.read(self.context)
                {
                    self.report.found(&place, error.to_string());
                }
                match inner.node(self.context) {
                    Ok(node) => {
                        let below = Expected {
                            below_stored: location.is_some(),
                            ..expected
                        };
                        self.inner(node, below, path, &place)
                    }
                    // Reported above: a node that is not in memory is stored.
                    Err(_) => 0,
                }
            }
        }
    }

    fn inner(&mut self, node: &Inner, expected: Expected<'_>, path: &str, place: &str) -> u64 {
        let children = node.children.len();
        if children < 2 {
            self.report.found(place, format!("{children} children"));
        }
        if self.strict && self.limits.inner_over(children, node.separators.live()) {
            self.report
                .found(place, format!("too many children: {children}"));
        }
        if node.separators.len() + 1 != children || node.counts.len() != children {
            self.report
                .found(place, "children and separators do not fit");
            return node.count();
        }
        let mut total = 0;
        for (at, child) in node.children.iter().enumerate() {
            let low = at.checked_sub(1).map(|at| node.separators.key(at));
            let high = (at + 1 < children).then(|| node.separators.key(at));
            let below = Expected {
                level: node.level.saturating_sub(1),
                low: low.or(expected.low),
                high: high.or(expected.high),
                below_stored: expected.below_stored,
            };
            if let (Some(low), Some(high)) = (below.low, below.high)
                && low >= high
            {
                self.report
                    .found(place, format!("separators around child {at} do not ascend"));
            }
            let count = self.child(child, below, &format!("{path}/{at}"));
            if count != node.counts[at] {
                self.report.found(
                    place,
                    format!("child {at} has {count} items, {} expected", node.counts[at]),
                );
            }
            total += count;
        }
        total
    }

    fn page(&mut self, page: &Page, expected: Expected<'_>, place: &str) {
        let Some((first, last)) = page.ends() else {
            self.report.found(place, "leaf without items");
            return;
        };
        if expected.low.is_some_and(|low| first < low)
            || expected.high.is_some_and(|high| last >= high)
        {
            self.report.found(place, "keys outside of the separators");
        }
        let over = self.strict && self.limits.page_over(page.len(), page.live());
        if over || page.len() > self.slot_length {
            self.report.found(
                place,
                format!("too full: {} items, {} bytes", page.len(), page.live()),
            );
        }
        if let Some(defect) = page.defect() {
            self.report.found(place, defect);
        }
        self.report.items += page.len() as u64;
        for at in 0..page.len() {
            self.bytes += page.key(at).len() as u64 + page.value(at).len();
        }
        for value in page.separate() {
            self.report.separate_values += 1;
            if value.location.get().is_some() {
                if let Err(error) = value.read(self.context) {
                    self.report.found(place, error.to_string());
                }
            } else if let Err(error) = value.load(self.context) {
                self.report.found(place, error.to_string());
            }
        }
    }
}

/// Whether two pages hold the same items (values kept apart are compared by length).
fn same(a: &Page, b: &Page) -> bool {
    use super::page::PageValue::{Inline, Separate};
    a.len() == b.len()
        && (0..a.len()).all(|at| {
            a.key(at) == b.key(at)
                && a.version(at) == b.version(at)
                && match (a.value(at), b.value(at)) {
                    (Inline(a), Inline(b)) => a == b,
                    (Separate(a), Separate(b)) => {
                        a.len() == b.len() && a.location.get() == b.location.get()
                    }
                    _ => false,
                }
        })
}
