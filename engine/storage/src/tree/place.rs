//! Whether a node or value is stored, and where.
//!
//! A node is written at most once: changing it makes it *new* (without a location), and a checkpoint that was
//! published gives it its place. What is no longer used is found by comparing checkpoints, see
//! [`Tree::for_each_replaced`](super::Tree::for_each_replaced).

use parking_lot::Mutex;

use super::Location;

/// The place of a node or value: none while it is new.
#[derive(Debug)]
pub(crate) struct LocationCell(Mutex<Option<Location>>);

impl LocationCell {
    /// Not stored yet.
    pub const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Stored at `location`.
    pub const fn stored(location: Location) -> Self {
        Self(Mutex::new(Some(location)))
    }

    /// Where it is stored, if it is.
    pub fn get(&self) -> Option<Location> {
        *self.0.lock()
    }

    /// Sets the location once; one that is already there stays.
    pub fn set(&self, location: Location) {
        self.0.lock().get_or_insert(location);
    }

    /// The only owner changes this node: it is new again.
    pub fn renew(&mut self) {
        *self.0.get_mut() = None;
    }
}
