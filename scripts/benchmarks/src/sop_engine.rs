//! This project's engine.

use std::path::Path;

use anyhow::{Result, anyhow};
use sop::{
    Database, Direction, Document, Key, KeyRange, KeySpec, KeyType, KeyValue, Mode, Store,
    StoreDefinition,
};

use crate::peer::{Op, Peer, Reader};

struct Engine(Database);

pub fn open(folder: &Path) -> Result<Box<dyn Peer>> {
    let db = Database::open(folder)?;
    db.transact(|tx| {
        tx.create_store(StoreDefinition::new("items", KeySpec::single(KeyType::U64)))
    })?;
    Ok(Box::new(Engine(db)))
}

fn key(bytes: &[u8]) -> Result<Key> {
    let bytes = bytes.try_into().map_err(|_| anyhow!("keys are u64"))?;
    Ok(Key::from(u64::from_be_bytes(bytes)))
}

impl Peer for Engine {
    fn write(&self, ops: &[Op<'_>]) -> Result<()> {
        loop {
            let tx = self.0.begin(Mode::Write)?;
            let items = tx.store("items")?;
            for op in ops {
                match op {
                    Op::Put(k, v) => items.upsert(&key(k)?, &Document::from_json(v)?).map(drop)?,
                    Op::Delete(k) => items.remove(&key(k)?).map(drop)?,
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
        let tx = self.0.begin(Mode::Read)?;
        let mut snapshot = Snapshot(tx.store("items")?);
        work(&mut snapshot)
    }
}

struct Snapshot<'tx>(Store<'tx>);

fn touch(value: &Document) -> usize {
    value
        .encoded()
        .iter()
        .fold(0, |n, b| n + usize::from(*b > 0))
}

impl Reader for Snapshot<'_> {
    fn get(&mut self, k: &[u8]) -> Result<usize> {
        Ok(self.0.get(&key(k)?)?.map_or(0, |item| touch(&item.value)))
    }

    fn scan(&mut self, from: &[u8], limit: usize) -> Result<(usize, usize)> {
        let range = KeyRange {
            lo: std::ops::Bound::Included(from.to_vec()),
            hi: std::ops::Bound::Unbounded,
        };
        let mut seen = (0, 0);
        for item in self.0.range(&range, Direction::Forward)?.take(limit) {
            let item = item?;
            debug_assert!(matches!(item.key.values.first(), Some(KeyValue::U64(_))));
            seen = (seen.0 + 1, seen.1 + touch(&item.value));
        }
        Ok(seen)
    }
}
