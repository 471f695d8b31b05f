//! Which stored locations a tree no longer uses.
//!
//! A node is written at most once: changing it makes it *new* (without a location) and its old
//! location is free for this tree. One case needs care: a snapshot and the tree share a node that is
//! not written yet, the tree copies and changes it, and then a checkpoint of the snapshot writes the
//! old node. Its location is of no use to the tree, which can't know it yet. So the tree leaves a
//! *watch* on the node, which tells the location once there is one.

use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::Location;

/// What a watch was told: the location the node got, or that it went away without one.
type Told = Arc<OnceLock<Option<Location>>>;

/// The place of a node or value: not stored yet, or stored at a location.
#[derive(Debug)]
pub(crate) struct LocationCell(Mutex<Place>);

#[derive(Debug)]
enum Place {
    New,
    Watched(Watch),
    Stored(Location),
}

/// Tells the watcher, at the latest when the node is dropped.
#[derive(Debug)]
struct Watch(Told);

impl Drop for Watch {
    fn drop(&mut self) {
        // An earlier answer stays.
        let _ = self.0.set(None);
    }
}

impl LocationCell {
    /// Not stored yet.
    pub const fn new() -> Self {
        Self(Mutex::new(Place::New))
    }

    /// Stored at `location`.
    pub const fn stored(location: Location) -> Self {
        Self(Mutex::new(Place::Stored(location)))
    }

    /// Where it is stored, if it is.
    pub fn get(&self) -> Option<Location> {
        match &*self.0.lock() {
            Place::Stored(location) => Some(*location),
            Place::New | Place::Watched(_) => None,
        }
    }

    /// Whether it is not stored and nobody watches it.
    pub fn is_new(&mut self) -> bool {
        matches!(self.0.get_mut(), Place::New)
    }

    /// Sets the location once; a location that is already there stays and is returned.
    pub fn set(&self, location: Location) -> Location {
        let mut place = self.0.lock();
        match &*place {
            Place::Stored(there) => return *there,
            Place::Watched(watch) => {
                let _ = watch.0.set(Some(location));
            }
            Place::New => {}
        }
        *place = Place::Stored(location);
        location
    }

    /// The tree that owns `freed` stops using this shared node.
    pub fn retire(&self, freed: &mut Freed) {
        let mut place = self.0.lock();
        match &*place {
            Place::Stored(location) => freed.known.push(*location),
            Place::Watched(watch) => freed.waiting.push(Arc::clone(&watch.0)),
            Place::New => {
                let told = Told::default();
                freed.waiting.push(Arc::clone(&told));
                *place = Place::Watched(Watch(told));
            }
        }
    }

    /// The only owner changes this node: it is new again.
    pub fn renew(&mut self, freed: &mut Freed) {
        match self.0.get_mut() {
            Place::New => return,
            Place::Stored(location) => freed.known.push(*location),
            Place::Watched(_) => {}
        }
        *self.0.get_mut() = Place::New;
    }
}

/// Locations that a tree stopped using. Move it on with [`Freed::append`]; a clone of a tree starts
/// with none.
#[derive(Debug, Default)]
pub struct Freed {
    known: Vec<Location>,
    waiting: Vec<Told>,
}

impl Freed {
    /// Adds what another list holds.
    pub fn append(&mut self, mut other: Self) {
        self.known.append(&mut other.known);
        self.waiting.append(&mut other.waiting);
    }

    /// Takes the locations known so far. Nodes that an unfinished checkpoint may still write stay
    /// in the list until it did.
    pub fn take(&mut self) -> Vec<Location> {
        let known = &mut self.known;
        self.waiting.retain(|told| match told.get() {
            Some(Some(location)) => {
                known.push(*location);
                false
            }
            Some(None) => false,
            None => true,
        });
        std::mem::take(known)
    }

    /// Whether nothing is in the list.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty() && self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: u32) -> Location {
        Location {
            segment: 1,
            offset,
            len: 10,
            checksum: 0,
        }
    }

    #[test]
    fn a_stored_node_is_freed_at_once() {
        let mut freed = Freed::default();
        LocationCell::stored(at(7)).retire(&mut freed);
        let mut own = LocationCell::stored(at(8));
        own.renew(&mut freed);
        assert_eq!(own.get(), None);
        assert_eq!(freed.take(), [at(7), at(8)]);
        assert!(freed.is_empty());
    }

    #[test]
    fn a_node_written_after_it_was_replaced_is_freed_then() {
        let mut freed = Freed::default();
        let cell = LocationCell::new();
        cell.retire(&mut freed);
        assert_eq!(freed.take(), []);
        assert!(!freed.is_empty());
        assert_eq!(cell.set(at(9)), at(9));
        assert_eq!(cell.set(at(10)), at(9));
        drop(cell);
        assert_eq!(freed.take(), [at(9)]);
    }

    #[test]
    fn a_node_never_written_is_forgotten() {
        let mut freed = Freed::default();
        let cell = LocationCell::new();
        cell.retire(&mut freed);
        drop(cell);
        assert_eq!(freed.take(), []);
        assert!(freed.is_empty());
    }
}
