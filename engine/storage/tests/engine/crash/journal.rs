//! A workload on a simulated disk that notes what it was promised.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use sop::vfs::SimVfs;
use sop::{Database, Direction, Error, KeyRange, Mode, OpenOptions, Result, StoreDefinition};

use crate::support::*;

/// Items by key; in a store with duplicates a number that rises with each item breaks the tie.
pub type Items = BTreeMap<(i64, u64), String>;
pub type Stores = BTreeMap<String, Items>;

/// The same as it is read from a database.
pub type Contents = BTreeMap<String, Vec<(i64, String)>>;

pub fn visible(stores: &Stores) -> Contents {
    stores
        .iter()
        .map(|(name, items)| {
            let items = items.iter().map(|((k, _), text)| (*k, text.clone()));
            (name.clone(), items.collect())
        })
        .collect()
}

pub fn contents(db: &Database) -> Result<Contents> {
    let tx = db.begin(Mode::Read)?;
    tx.stores()?
        .into_iter()
        // Indexes are compared with their sources by a check.
        .filter(|info| info.definition.index_of.is_none())
        .map(|info| {
            let name = info.definition.name.clone();
            let items = tx
                .documents(&name)?
                .range(&KeyRange::all(), Direction::Forward)?
                .map(|item| item.map(|i| (as_int(&i.key), i.value.to_json())))
                .collect::<Result<Vec<_>>>()?;
            assert_eq!(items.len() as u64, info.count, "count of {name}");
            Ok((name, items))
        })
        .collect()
}

/// After each commit that was tried, the state it leads to, and how many of them were acknowledged.
#[derive(Clone, Default)]
pub struct Journal {
    pub states: Vec<Stores>,
    pub acknowledged: usize,
    /// For each backup that was begun: its folder, the state it was begun in, whether it was finished.
    pub backups: Vec<(String, Stores, bool)>,
    next_tie: u64,
}

impl Journal {
    pub fn last(&self) -> Stores {
        self.states.last().cloned().unwrap_or_default()
    }

    pub fn last_acknowledged(&self) -> Stores {
        match self.acknowledged {
            0 => Stores::new(),
            n => self.states[n - 1].clone(),
        }
    }

    /// Whether a database that was opened after the fault may hold this.
    pub fn allows(&self, found: &Contents) -> bool {
        let first = self.acknowledged.saturating_sub(1);
        (self.acknowledged == 0 && found.is_empty())
            || self.states[first..].iter().any(|s| visible(s) == *found)
    }
}

/// The options that all workloads open with: small files, so that little makes many of them.
pub fn small(disk: &Arc<SimVfs>) -> OpenOptions {
    options(disk).segment_bytes(4 << 10)
}

/// A running workload: the database stays open when a step fails.
pub struct Session {
    pub disk: Arc<SimVfs>,
    pub db: Option<Database>,
    pub journal: Journal,
    pub cache_bytes: u64,
}

impl Session {
    pub fn new(disk: &Arc<SimVfs>) -> Self {
        Self {
            disk: Arc::clone(disk),
            db: None,
            journal: Journal::default(),
            cache_bytes: 64 << 20,
        }
    }

    pub fn open(&mut self) -> Result<()> {
        self.db = None;
        let options = small(&self.disk).cache_bytes(self.cache_bytes);
        self.db = Some(options.open(FOLDER)?);
        Ok(())
    }

    pub fn db(&self) -> Result<&Database> {
        self.db.as_ref().ok_or(Error::Closed)
    }

    pub fn close(&mut self) -> Result<()> {
        self.db.take().ok_or(Error::Closed)?.close()
    }

    pub fn checkpoint(&mut self) -> Result<()> {
        self.db()?.checkpoint()
    }

    pub fn backup(&mut self, folder: &str) -> Result<()> {
        let state = self.journal.last();
        self.journal.backups.push((folder.to_owned(), state, false));
        self.db()?.backup(Path::new(folder))?;
        if let Some(last) = self.journal.backups.last_mut() {
            last.2 = true;
        }
        Ok(())
    }

    /// Runs one transaction and notes what it promises.
    pub fn commit(
        &mut self,
        work: impl FnOnce(&sop::Transaction) -> Result<()>,
        change: impl FnOnce(&mut Stores),
    ) -> Result<()> {
        let tx = self.db()?.begin(Mode::Write)?;
        work(&tx)?;
        let mut state = self.journal.last();
        change(&mut state);
        self.journal.states.push(state);
        match tx.commit() {
            Ok(_) => {
                self.journal.acknowledged = self.journal.states.len();
                Ok(())
            }
            Err(error) => {
                // This one promises that nothing of it happened.
                if matches!(error, Error::NoSpace { .. }) {
                    self.journal.states.pop();
                }
                Err(error)
            }
        }
    }

    pub fn make(&mut self, store: &str, change: fn(&mut StoreDefinition)) -> Result<()> {
        let mut definition = StoreDefinition {
            slot_length: 4,
            ..int_store(store)
        };
        change(&mut definition);
        self.commit(
            |tx| tx.create_store(definition),
            |state| {
                state.insert(store.to_owned(), Items::new());
            },
        )
    }

    pub fn drop_store(&mut self, store: &str) -> Result<()> {
        self.commit(
            |tx| tx.drop_store(store),
            |state| {
                state.remove(store);
            },
        )
    }

    pub fn put(&mut self, store: &str, keys: impl Iterator<Item = i64>, text: &str) -> Result<()> {
        let keys: Vec<i64> = keys.collect();
        self.commit(
            |tx| {
                let s = tx.documents(store)?;
                keys.iter()
                    .try_for_each(|k| s.upsert(&int(*k), &doc(text)).map(|_| ()))
            },
            |state| {
                let s = state.get_mut(store).unwrap();
                s.extend(keys.iter().map(|k| ((*k, 0), text.to_owned())));
            },
        )
    }

    /// Adds items to a store with duplicates.
    pub fn add(&mut self, store: &str, keys: &[i64], text: &str) -> Result<()> {
        let first = self.journal.next_tie;
        self.journal.next_tie += keys.len() as u64;
        self.commit(
            |tx| {
                let s = tx.documents(store)?;
                keys.iter()
                    .try_for_each(|k| s.insert(&int(*k), &doc(text)).map(|_| ()))
            },
            |state| {
                let s = state.get_mut(store).unwrap();
                s.extend(
                    (first..)
                        .zip(keys)
                        .map(|(tie, k)| ((*k, tie), text.to_owned())),
                );
            },
        )
    }

    /// Removes the first item of each key.
    pub fn remove(&mut self, store: &str, keys: impl Iterator<Item = i64>) -> Result<()> {
        let keys: Vec<i64> = keys.collect();
        self.commit(
            |tx| {
                let s = tx.documents(store)?;
                keys.iter().try_for_each(|k| s.remove(&int(*k)).map(|_| ()))
            },
            |state| {
                let s = state.get_mut(store).unwrap();
                for k in &keys {
                    let first = s.range((*k, 0)..=(*k, u64::MAX)).next();
                    if let Some(place) = first.map(|(place, _)| *place) {
                        s.remove(&place);
                    }
                }
            },
        )
    }
}
