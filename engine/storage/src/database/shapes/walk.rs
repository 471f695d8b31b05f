//! Going through one document: which fields it has, and of which kinds.
//!
//! The answer depends on the document and on the fields that are told apart, on nothing else.

use std::sync::Arc;

use super::column::{Column, Counts};
use super::names::{Names, ROOT};
use super::{MAX_ELEMENTS, MAX_NAME_BYTES, MAX_VALUES};
use crate::document::DocumentRef;

/// A field that a document has, and the set of columns that it counts in: one, but for what lies in arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    pub field: u32,
    pub columns: u16,
}

/// Values that hold others.
pub(super) const CONTAINERS: u16 = Column::Array.bit() | Column::Object.bit();

/// What a walk found.
pub(super) struct Walked {
    /// In the order of the document, or in that of the fields when it has arrays of containers.
    pub parts: Vec<Part>,
    /// Whether the parts say the same whatever fields are added later.
    pub lasting: bool,
    /// A field that was not known and could not be added: why the counts are not those of the items any more.
    pub unknown: bool,
}

/// Finds the fields of a document.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Walk<'a> {
    names: &'a mut Arc<Names>,
    counts: &'a [Counts],
    /// Whether fields that are not known are added.
    grows: bool,
    parts: Vec<Part>,
    values_left: usize,
    /// What everything that is noted counts in beside its kind: nothing, or that it lies in an array.
    within: u16,
    plain: bool,
    lasting: bool,
    unknown: bool,
}

impl<'a> Walk<'a> {
    /// A walk that adds fields it does not know (`grows`), or one for an item that was counted before. `parts` is
    /// an empty list.
    pub fn new(
        names: &'a mut Arc<Names>,
        counts: &'a [Counts],
        grows: bool,
        parts: Vec<Part>,
    ) -> Self {
        Self {
            names,
            counts,
            grows,
            parts,
            values_left: MAX_VALUES,
            within: 0,
            plain: true,
            lasting: true,
            unknown: false,
        }
    }

    pub fn run(mut self, root: DocumentRef<'_>) -> Walked {
        self.value(ROOT, root);
        if !self.plain {
            self.merge();
        }
        Walked {
            parts: self.parts,
            lasting: self.lasting,
            unknown: self.unknown,
        }
    }

    fn note(&mut self, field: u32, columns: u16) {
        self.parts.push(Part { field, columns });
    }

    /// Marks a field whose value is not known whole.
    fn mark(&mut self, field: u32, column: Column) {
        self.note(field, column.bit());
        self.plain = false;
        self.lasting = false;
    }

    fn value(&mut self, field: u32, value: DocumentRef<'_>) {
        let column = Column::of(value);
        self.note(field, column.bit() | self.within);
        match column {
            Column::Object if self.names.is_open(field) => self.object(field, value),
            Column::Array if self.names.is_open(field) => self.array(field, value),
            _ => {}
        }
    }

    fn object(&mut self, parent: u32, value: DocumentRef<'_>) {
        let mut next = 0;
        for (name, inner) in value.named_values() {
            if self.values_left == 0 {
                return self.mark(parent, Column::Unseen);
            }
            self.values_left -= 1;
            if name.len() > MAX_NAME_BYTES {
                self.mark(parent, Column::Unseen);
                continue;
            }
            let known = self.names.child(parent, name, &mut next);
            match known.or_else(|| self.add(parent, name)) {
                Some(field) => self.value(field, inner),
                None => self.mark(parent, Column::Others),
            }
        }
    }

    fn add(&mut self, parent: u32, name: &[u8]) -> Option<u32> {
        let others = self
            .counts
            .get(parent as usize)
            .map_or(0, |counts| counts[Column::Others.at()]);
        if !self.grows {
            self.unknown |= others == 0;
            return None;
        }
        if others != 0 || !self.names.has_room(parent) {
            return None;
        }
        Some(Arc::make_mut(self.names).add(parent, name))
    }

    fn array(&mut self, parent: u32, value: DocumentRef<'_>) {
        let mut elements = value.elements().take(MAX_ELEMENTS).peekable();
        if elements.peek().is_none() {
            return;
        }
        let field = match self.names.elements(parent) {
            Some(field) => field,
            None if self.grows => Arc::make_mut(self.names).add_elements(parent),
            None => {
                self.unknown = true;
                return;
            }
        };
        let mut columns = 0;
        let outside = std::mem::replace(&mut self.within, Column::Repeated.bit());
        for element in elements {
            let column = Column::of(element).bit();
            if column & CONTAINERS == 0 {
                columns |= column;
                continue;
            }
            if self.values_left == 0 {
                self.mark(parent, Column::Unseen);
                break;
            }
            self.values_left -= 1;
            self.plain = false;
            self.value(field, element);
        }
        if columns != 0 {
            self.note(field, columns | self.within);
        }
        self.within = outside;
    }

    /// Brings what was noted more than once together.
    fn merge(&mut self) {
        self.parts.sort_unstable_by_key(|part| part.field);
        self.parts.dedup_by(|later, first| {
            let same = later.field == first.field;
            if same {
                first.columns |= later.columns;
            }
            same
        });
    }
}
