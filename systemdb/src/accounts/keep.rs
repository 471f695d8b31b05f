//! The database of the accounts: opened when it is there, made with the first row.

use std::path::PathBuf;

use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sop::{Database, Mode, OpenOptions, StoreDefinition};

use super::{AccountError, Result};

pub(super) const USERS: &str = "users";
pub(super) const TOKENS: &str = "tokens";
pub(super) const SESSIONS: &str = "sessions";

/// The file whose presence makes a folder a database.
const MARK: &str = "dboptions.json";

/// Rows by their names, on disk.
pub(super) struct Keep {
    folder: PathBuf,
    db: Mutex<Option<Database>>,
}

/// One change of a row.
pub(super) enum Row<'a, V> {
    Put(&'a str, &'a V),
    Gone(&'a str),
}

impl Keep {
    pub fn new(folder: PathBuf) -> Result<Self> {
        let keep = Self {
            folder,
            db: Mutex::default(),
        };
        if keep.folder.join(MARK).exists() {
            *keep.db.lock() = Some(keep.open()?);
        }
        Ok(keep)
    }

    fn open(&self) -> Result<Database> {
        let opened = OpenOptions::new().create(true).open(&self.folder);
        let db = opened.map_err(|error| match error {
            sop::Error::Locked { holder } => AccountError::InUse {
                folder: self.folder.display().to_string(),
                holder: holder.clone(),
            },
            error => error.into(),
        })?;
        db.transact(|tx| {
            for (name, description) in [
                (USERS, "People and what they may do"),
                (TOKENS, "Digests of the tokens of programs"),
                (SESSIONS, "Digests of the sessions of browsers"),
            ] {
                if let Err(sop::Error::StoreNotFound { .. }) = tx.documents(name).map(drop) {
                    let mut definition = StoreDefinition::typed::<String>(name);
                    description.clone_into(&mut definition.description);
                    tx.create_store(definition)?;
                }
            }
            Ok(())
        })?;
        Ok(db)
    }

    /// All rows of a store.
    pub fn all<V: DeserializeOwned>(&self, store: &str) -> Result<Vec<(String, V)>> {
        let db = self.db.lock();
        let Some(db) = db.as_ref() else {
            return Ok(Vec::new());
        };
        let tx = db.begin(Mode::Read)?;
        let store = tx.store::<String, V>(store)?;
        Ok(store.iter().collect::<sop::Result<_>>()?)
    }

    /// Changes rows of a store, whole or not at all; durable when it returns.
    pub fn write<V: Serialize + DeserializeOwned>(
        &self,
        store: &str,
        rows: &[Row<'_, V>],
    ) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut db = self.db.lock();
        let db = match &mut *db {
            Some(db) => db,
            none => {
                if let Some(parent) = self.folder.parent() {
                    std::fs::create_dir_all(parent).map_err(|error| {
                        AccountError::invalid(
                            "",
                            format!("{} cannot be made: {error}.", parent.display()),
                        )
                    })?;
                }
                none.insert(self.open()?)
            }
        };
        db.transact(|tx| {
            let store = tx.store::<String, V>(store)?;
            for row in rows {
                match row {
                    Row::Put(name, value) => {
                        store.upsert(*name, value)?;
                    }
                    Row::Gone(name) => {
                        store.remove(*name)?;
                    }
                }
            }
            Ok(())
        })?;
        Ok(())
    }

    pub fn close(&self) {
        *self.db.lock() = None;
    }
}
