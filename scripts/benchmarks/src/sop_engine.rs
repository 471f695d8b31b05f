//! This project's engine.

use std::ops::ControlFlow;
use std::path::Path;

use anyhow::{Result, anyhow};
use sop::{
    Database, Direction, Document, DocumentStore, Durability, Key, KeySpec, KeyType, Mode,
    OpenOptions, StoreDefinition,
};

use crate::peer::{Keys, Op, Peer, Reader, Settings, touch};

struct Engine {
    db: Database,
    keys: Keys,
}

pub fn open(folder: &Path, settings: &Settings) -> Result<Box<dyn Peer>> {
    let durability = if settings.durable {
        Durability::EveryCommit
    } else {
        Durability::None
    };
    let db = OpenOptions::new()
        .cache_bytes(settings.cache_bytes)
        .durability(durability)
        .open(folder)?;
    let kind = match settings.keys {
        Keys::U64 => KeyType::U64,
        Keys::Text => KeyType::String,
    };
    db.transact(|tx| {
        if tx.stores()?.is_empty() {
            let mut definition = StoreDefinition::new("items", KeySpec::single(kind));
            if let Some(slot_length) = settings.slot_length {
                definition.slot_length = slot_length;
            }
            tx.create_store(definition)?;
        }
        Ok(())
    })?;
    Ok(Box::new(Engine {
        db,
        keys: settings.keys,
    }))
}

impl Keys {
    fn key(self, bytes: &[u8]) -> Result<Key> {
        Ok(match self {
            Self::U64 => {
                let bytes = bytes.try_into().map_err(|_| anyhow!("keys are u64"))?;
                Key::from(u64::from_be_bytes(bytes))
            }
            Self::Text => Key::from(std::str::from_utf8(bytes)?),
        })
    }
}

impl Peer for Engine {
    fn write(&self, ops: &[Op<'_>]) -> Result<()> {
        loop {
            let tx = self.db.begin(Mode::Write)?;
            let items = tx.documents("items")?;
            for op in ops {
                match op {
                    Op::Put(k, v) => items
                        .upsert(&self.keys.key(k)?, &Document::from_json(v)?)
                        .map(drop)?,
                    Op::Delete(k) => items.remove(&self.keys.key(k)?).map(drop)?,
                }
            }
            drop(items);
            match tx.commit() {
                Err(error) if error.is_conflict() => {}
                other => return Ok(other.map(drop)?),
            }
        }
    }

    fn read(&self, work: &mut dyn FnMut(&mut dyn Reader) -> Result<()>) -> Result<()> {
        let tx = self.db.begin(Mode::Read)?;
        let mut snapshot = Snapshot {
            items: tx.documents("items")?,
            keys: self.keys,
        };
        work(&mut snapshot)
    }

    fn settle(&self) -> Result<()> {
        Ok(self.db.checkpoint()?)
    }
}

struct Snapshot<'tx> {
    items: DocumentStore<'tx>,
    keys: Keys,
}

impl Reader for Snapshot<'_> {
    fn get(&mut self, k: &[u8]) -> Result<usize> {
        let value = self.items.get_value(&self.keys.key(k)?)?;
        Ok(value.map_or(0, |value| touch(value.encoded())))
    }

    fn scan(&mut self, from: &[u8], limit: usize) -> Result<(usize, usize)> {
        let from = self.keys.key(from)?;
        let spec = &self.items.definition().key;
        let range = spec.range(std::ops::Bound::Included(&from), std::ops::Bound::Unbounded)?;
        let mut seen = (0, 0);
        self.items
            .try_for_each::<sop::Error>(&range, Direction::Forward, |item| {
                seen = (seen.0 + 1, seen.1 + touch(item.encoded()));
                Ok(if seen.0 >= limit {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                })
            })?;
        Ok(seen)
    }
}
