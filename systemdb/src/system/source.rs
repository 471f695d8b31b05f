//! Where a system database comes from, transaction by transaction.
//!
//! Always: whoever has a [`Held`] may read, or write when they asked for that, until it is dropped; between two of them the
//! database may have been closed, written by another server and opened again.

use std::any::Any;
use std::fmt;
use std::ops::Deref;

use sop::{Database, Mode};

use super::Result;

/// Gives a system database for one transaction at a time; it may wait for another server that has it.
pub trait Source: Send + Sync + fmt::Debug {
    /// The database, to begin a transaction of this kind.
    ///
    /// # Errors
    /// [`SystemError::Busy`](super::SystemError::Busy) when others do not give it up; that it cannot be opened.
    fn database(&self, mode: Mode) -> Result<Held>;
}

/// A database that is open always is one.
impl Source for Database {
    fn database(&self, _: Mode) -> Result<Held> {
        Ok(Held::new(self.clone(), ()))
    }
}

/// A database that stays open while this lives.
pub struct Held {
    database: Database,
    beside: bool,
    _kept: Box<dyn Any + Send>,
}

impl Held {
    /// With what keeps it open.
    pub fn new(database: Database, kept: impl Any + Send) -> Self {
        Self {
            database,
            beside: false,
            _kept: Box::new(kept),
        }
    }

    /// One that is read while another process writes to it: as of its opening, and a file may go at any time.
    pub fn beside_a_writer(database: Database) -> Self {
        Self {
            beside: true,
            ..Self::new(database, ())
        }
    }

    /// Whether another process may be writing to it.
    pub fn is_beside_a_writer(&self) -> bool {
        self.beside
    }
}

impl Deref for Held {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.database
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Held");
        shown.field("database", &self.database);
        shown.field("beside", &self.beside).finish_non_exhaustive()
    }
}
