//! The transaction's own change that a walk comes to next.

use std::ops::Bound;

use super::super::range::Direction;
use super::super::store::DocumentStore;
use super::super::writes::{Change, StoreWrites};

/// The next own change in walking order, as of a state of the overlay.
#[derive(Default)]
pub(super) struct Ahead {
    /// Whether the rest is the answer for the current position and direction.
    pub known: bool,
    pub changes: u64,
    pub some: bool,
    pub key: Vec<u8>,
    pub payload: Vec<u8>,
    pub removes: bool,
}

/// Notes the first own change within the bounds in walking order.
pub(super) fn note_ahead(
    ahead: &mut Ahead,
    store: &DocumentStore<'_>,
    direction: Direction,
    lo: Bound<&[u8]>,
    hi: Bound<&[u8]>,
) {
    ahead.known = true;
    ahead.some = false;
    ahead.changes = store.tx.writes.changes();
    if !store.tx.tracks() {
        return;
    }
    let writes = store.tx.writes.borrow();
    let Some(changes) = writes.stores.get(&store.id) else {
        return;
    };
    let Some((key, change)) = next_change(changes, direction, lo, hi) else {
        return;
    };
    ahead.some = true;
    ahead.key.clear();
    ahead.key.extend_from_slice(key);
    ahead.payload.clear();
    match change {
        Change::Put { payload, .. } => ahead.payload.extend_from_slice(payload),
        Change::Remove => {}
    }
    ahead.removes = change == Change::Remove;
}

/// The first change within the bounds in walking order.
fn next_change<'w>(
    changes: &'w StoreWrites,
    direction: Direction,
    lo: Bound<&[u8]>,
    hi: Bound<&[u8]>,
) -> Option<(&'w [u8], Change<'w>)> {
    if changes.is_empty() {
        return None;
    }
    let mut range = changes.range(lo, hi);
    match direction {
        Direction::Forward => range.next(),
        Direction::Backward => range.next_back(),
    }
}
