//! Stores and cursors kept together with what they borrow.

use std::rc::Rc;

use self_cell::self_cell;
use sop::{Cursor, DocumentStore, Transaction};

self_cell!(
    /// A store with its transaction.
    pub(crate) struct OpenStore {
        owner: Rc<Transaction>,
        #[covariant]
        dependent: DocumentStore,
    }
);

self_cell!(
    /// A cursor with its store.
    pub(crate) struct OpenCursor {
        owner: Rc<OpenStore>,
        #[not_covariant]
        dependent: Cursor,
    }
);

impl OpenStore {
    pub fn open(transaction: Rc<Transaction>, name: &str) -> sop::Result<Rc<Self>> {
        Self::try_new(transaction, |transaction| transaction.documents(name)).map(Rc::new)
    }

    pub fn store(&self) -> &DocumentStore<'_> {
        self.borrow_dependent()
    }
}

impl OpenCursor {
    pub fn open(store: Rc<OpenStore>, range: &sop::key::KeyRange) -> sop::Result<Self> {
        Self::try_new(store, |store| store.store().cursor(range))
    }
}
