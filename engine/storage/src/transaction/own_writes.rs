//! A transaction's own changes while it runs, and how often they changed.
//!
//! A walk that found none of them ahead asks again only when the number has moved.

use std::cell::{Cell, Ref, RefCell, RefMut};

use super::writes::Writes;

/// Own changes behind a cell, with a count of the times they were opened for writing.
#[derive(Debug, Default)]
pub(crate) struct OwnWrites {
    writes: RefCell<Writes>,
    changes: Cell<u64>,
}

impl OwnWrites {
    pub fn borrow(&self) -> Ref<'_, Writes> {
        self.writes.borrow()
    }

    pub fn borrow_mut(&self) -> RefMut<'_, Writes> {
        self.changes.set(self.changes.get() + 1);
        self.writes.borrow_mut()
    }

    /// Differs from an earlier answer when something may have changed since.
    #[inline]
    pub fn changes(&self) -> u64 {
        self.changes.get()
    }
}
