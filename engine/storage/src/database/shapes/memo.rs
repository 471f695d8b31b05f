//! Shapes of documents that were seen, as a tree of their parts, each with one number: by how much it counts.
//!
//! Documents with the same beginning share the way to it, so that one that differs in a field or two costs
//! little more than one that is like the last. Always true: a node comes after its parent; there are at most
//! [`MAX_NODES`]. A shape is learned when it comes a second time, so that documents of which no two are alike
//! push nothing out.

use std::sync::Arc;

use super::column::{Column, Counts};
use super::names::Names;
use super::walk::{CONTAINERS, Part};
use super::{MAX_ELEMENTS, add_part};
use crate::document::DocumentRef;

/// The most nodes; room for two documents of the most fields that are looked at.
const MAX_NODES: usize = 2_048;
/// Below so many nodes, shapes are learned at first sight.
const LEARNED_AT_ONCE: usize = 64;
/// Ways on from a node that are tried.
const MAX_TRIED: usize = 8;
/// Shapes seen once that are remembered, by their hash.
const STRANGERS: usize = 8;
/// The beginning of all ways, and no way.
const START: u16 = 0;

/// A part of a document, after the parts on the way to it.
#[derive(Clone, Copy, Debug)]
struct Node {
    part: Part,
    parent: u16,
    /// The first of the ways on from here, and the next one from the parent; [`START`] for none.
    first: u16,
    sibling: u16,
}

#[derive(Clone, Debug)]
pub(super) struct Memo {
    nodes: Arc<Vec<Node>>,
    /// Of each node: documents that came less documents that went, which end there.
    counts: Vec<i64>,
    strangers: [u64; STRANGERS],
    next_stranger: u8,
    full: bool,
}

impl Default for Memo {
    fn default() -> Self {
        let start = Node {
            part: Part {
                field: 0,
                columns: 0,
            },
            parent: START,
            first: START,
            sibling: START,
        };
        Self {
            nodes: Arc::new(vec![start]),
            counts: vec![0],
            strangers: [0; STRANGERS],
            next_stranger: 0,
            full: false,
        }
    }
}

impl Memo {
    /// Counts a document of a shape that is known; whether it is. May miss one that has arrays of
    /// containers.
    #[inline]
    pub fn count(&mut self, names: &Names, root: DocumentRef<'_>, by: i64) -> bool {
        let mut way = Way {
            names,
            nodes: &self.nodes,
            at: START,
        };
        let found = way.whole(root);
        match self.counts.get_mut(usize::from(way.at)) {
            Some(count) if found => {
                *count += by;
                true
            }
            _ => false,
        }
    }

    /// Counts a document of these parts when they are known, or worth knowing; whether it did.
    pub fn learn(&mut self, parts: &[Part], by: i64) -> bool {
        let mut at = START;
        let mut known = 0;
        for part in parts {
            let Some(next) = step(&self.nodes, at, *part) else {
                break;
            };
            at = next;
            known += 1;
        }
        let missing = parts.get(known..).unwrap_or_default();
        if !missing.is_empty() {
            if !self.welcomes(parts, missing.len()) {
                return false;
            }
            for part in missing {
                at = self.push(at, *part);
            }
        }
        if let Some(count) = self.counts.get_mut(usize::from(at)) {
            *count += by;
        }
        true
    }

    /// Whether a shape that is not known shall be.
    fn welcomes(&mut self, parts: &[Part], missing: usize) -> bool {
        let hash = hash(parts);
        let again = self.strangers.contains(&hash);
        if !again {
            self.strangers[usize::from(self.next_stranger) % STRANGERS] = hash;
            self.next_stranger = self.next_stranger.wrapping_add(1);
        }
        if self.nodes.len() + missing > MAX_NODES {
            self.full |= again;
            return false;
        }
        again || self.nodes.len() < LEARNED_AT_ONCE
    }

    fn push(&mut self, parent: u16, part: Part) -> u16 {
        let nodes = Arc::make_mut(&mut self.nodes);
        let number = nodes.len() as u16;
        let mut sibling = START;
        if let Some(parent) = nodes.get_mut(usize::from(parent)) {
            sibling = std::mem::replace(&mut parent.first, number);
        }
        nodes.push(Node {
            part,
            parent,
            first: START,
            sibling,
        });
        self.counts.push(0);
        number
    }

    /// Whether a shape was turned away for lack of room.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// Adds what was counted to the fields.
    pub fn add_to(&self, fields: &mut [Counts]) {
        // What ends at a node has all the parts on the way to it.
        let mut through = self.counts.clone();
        for (at, node) in self.nodes.iter().enumerate().skip(1).rev() {
            let count = through[at];
            if count != 0 {
                through[usize::from(node.parent)] += count;
                add_part(fields, node.part, count);
            }
        }
    }
}

/// The way on from a node by a part.
fn step(nodes: &[Node], from: u16, part: Part) -> Option<u16> {
    let mut next = nodes.get(usize::from(from))?.first;
    while next != START {
        let node = nodes.get(usize::from(next))?;
        if node.part == part {
            return Some(next);
        }
        next = node.sibling;
    }
    None
}

/// Only for noticing what comes again: two of the same hash cost a few nodes.
fn hash(parts: &[Part]) -> u64 {
    parts.iter().fold(1, |hash: u64, part| {
        let word = u64::from(part.field) << 16 | u64::from(part.columns);
        (hash.rotate_left(5) ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    })
}

/// Goes through a document and the tree at once. Says what [`Walk`](super::walk::Walk) says, without looking
/// anything up.
struct Way<'a> {
    names: &'a Names,
    nodes: &'a [Node],
    at: u16,
}

impl Way<'_> {
    fn whole(&mut self, root: DocumentRef<'_>) -> bool {
        let column = Column::of(root);
        match self.take(|part| part.columns == column.bit()) {
            Some(part) => self.inside(part.field, column, root),
            None => false,
        }
    }

    /// Goes the way that fits.
    #[inline]
    fn take(&mut self, fits: impl Fn(Part) -> bool) -> Option<Part> {
        let mut next = self.nodes.get(usize::from(self.at))?.first;
        for _ in 0..MAX_TRIED {
            if next == START {
                return None;
            }
            let node = self.nodes.get(usize::from(next))?;
            if fits(node.part) {
                self.at = next;
                return Some(node.part);
            }
            next = node.sibling;
        }
        None
    }

    #[inline]
    fn inside(&mut self, field: u32, column: Column, value: DocumentRef<'_>) -> bool {
        match column {
            Column::Object => self.object(field, value),
            Column::Array => self.array(field, value),
            _ => true,
        }
    }

    fn object(&mut self, parent: u32, value: DocumentRef<'_>) -> bool {
        if !self.names.is_open(parent) {
            return true;
        }
        let names = self.names;
        for (name, inner) in value.named_values() {
            let column = Column::of(inner);
            let part = self.take(|part| {
                part.columns == column.bit()
                    && names
                        .get(part.field)
                        .is_some_and(|field| field.parent == parent && *field.name == *name)
            });
            match part {
                Some(part) if self.inside(part.field, column, inner) => {}
                _ => return false,
            }
        }
        true
    }

    fn array(&mut self, parent: u32, value: DocumentRef<'_>) -> bool {
        if !self.names.is_open(parent) {
            return true;
        }
        let mut columns = 0;
        for element in value.elements().take(MAX_ELEMENTS) {
            columns |= Column::of(element).bit();
        }
        if columns == 0 || columns & CONTAINERS != 0 {
            // The parts of containers stand in another order.
            return columns == 0;
        }
        let field = self.names.elements(parent);
        let columns = columns | Column::Repeated.bit();
        self.take(|part| part.columns == columns && Some(part.field) == field)
            .is_some()
    }
}
