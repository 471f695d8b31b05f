//! Counting all items of a store again, to compare.

use std::sync::Arc;

use super::column::{COLUMNS, Column, Counts};
use super::names::Names;
use super::walk::Walk;
use super::{Shapes, add_parts};
use crate::database::snapshot::StoreState;
use crate::document::DocumentRef;
use crate::transaction::physical::{has_ride_on, split_payload};

/// The most differences that are told.
const MAX_DIFFERENCES: usize = 20;

/// The counts of a store, made again from its items when they are not exact. `None` when they are, or when
/// not all items can be read.
pub(crate) fn mended(store: &StoreState) -> Option<Shapes> {
    if store.shapes.is_exact() {
        return None;
    }
    let ride_on = has_ride_on(&store.definition.key);
    let mut recount = Recount::new(&store.shapes);
    let mut cursor = store.tree.cursor();
    let mut more = cursor.first().ok()?;
    while more {
        let payload = cursor.value().ok()??;
        let (_, document) = split_payload(&payload, ride_on).ok()?;
        recount.add(DocumentRef::from_trusted(document).ok()?);
        more = cursor.next().ok()?;
    }
    let shapes = recount.into_shapes();
    shapes.is_exact().then_some(shapes)
}

/// Counts that begin at nothing and tell the same fields apart as others do.
pub(crate) struct Recount {
    names: Arc<Names>,
    expected: Vec<Counts>,
    found: Vec<Counts>,
    unknown: bool,
}

impl Recount {
    pub fn new(shapes: &Shapes) -> Self {
        let expected = shapes.totals();
        Self {
            names: Arc::clone(&shapes.names),
            found: vec![[0; COLUMNS]; expected.len()],
            expected,
            unknown: false,
        }
    }

    /// Counts an item.
    pub fn add(&mut self, root: DocumentRef<'_>) {
        let walked = Walk::new(&mut self.names, &self.expected, false, Vec::new()).run(root);
        self.unknown |= walked.unknown;
        add_parts(&mut self.found, &walked.parts, 1);
    }

    /// What is not as it was expected, after all items.
    pub fn differences(&self) -> Vec<String> {
        let mut out = Vec::new();
        if self.unknown {
            out.push("items have fields that are not known".to_owned());
        }
        for (number, _) in self.names.iter() {
            let at = number as usize;
            let (Some(expected), Some(found)) = (self.expected.get(at), self.found.get(at)) else {
                continue;
            };
            for column in Column::ALL {
                let (expected, found) = (expected[column.at()], found[column.at()]);
                if expected != found && out.len() < MAX_DIFFERENCES {
                    out.push(format!(
                        "field {:?} is counted as {column:?} in {expected} items, it is in {found}",
                        self.names.path(number)
                    ));
                }
            }
        }
        out
    }

    /// The counts of the items.
    pub fn into_shapes(self) -> Shapes {
        Shapes {
            names: self.names,
            counts: Arc::new(self.found),
            exact: !self.unknown,
            ..Shapes::default()
        }
    }
}
