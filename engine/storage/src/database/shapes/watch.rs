//! Counting along while a tree is changed.

use super::Shapes;
use crate::transaction::physical::split_payload;
use crate::tree::{Replaced, Watch};

/// Tells a store's counts what its tree gets and loses. What is told twice because a change was made again
/// counts once: the second time the tree loses what it got the first time.
pub(crate) struct ShapeWatch<'a> {
    shapes: &'a mut Shapes,
    has_ride_on: bool,
}

impl<'a> ShapeWatch<'a> {
    /// `has_ride_on`: whether ride-on fields stand before the documents.
    pub fn new(shapes: &'a mut Shapes, has_ride_on: bool) -> Self {
        Self {
            shapes,
            has_ride_on,
        }
    }

    fn document<'v>(&self, payload: &'v [u8]) -> &'v [u8] {
        // A payload that is cut short holds no document, and counts for nothing.
        split_payload(payload, self.has_ride_on).map_or(&[], |(_, document)| document)
    }
}

impl Watch for ShapeWatch<'_> {
    #[inline]
    fn put(&mut self, value: &[u8]) {
        self.shapes.add(self.document(value));
    }

    #[inline]
    fn lost(&mut self, value: Replaced<'_>) {
        match value.bytes() {
            Ok(value) => self.shapes.remove(self.document(&value)),
            // That an old value is damaged is no reason to keep it.
            Err(_) => self.shapes.lose(),
        }
    }

    fn missed(&mut self) {
        self.shapes.lose();
    }
}
