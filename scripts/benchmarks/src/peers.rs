//! redb, LMDB, fjall and SQLite, each durable at every commit.

use std::path::Path;
use std::sync::Mutex;

use anyhow::Result;
use redb::{ReadableDatabase, ReadableTable};

use crate::peer::{Op, Peer, Reader, Settings, touch};

const TABLE: redb::TableDefinition<'_, &[u8], &[u8]> = redb::TableDefinition::new("items");

struct Redb(redb::Database);

pub fn redb(folder: &Path, settings: &Settings) -> Result<Box<dyn Peer>> {
    let cache = usize::try_from(settings.cache_bytes)?;
    let db = redb::Builder::new()
        .set_cache_size(cache)
        .create(folder.join("db.redb"))?;
    let tx = db.begin_write()?;
    tx.open_table(TABLE)?;
    tx.commit()?;
    Ok(Box::new(Redb(db)))
}

impl Peer for Redb {
    fn write(&self, ops: &[Op<'_>]) -> Result<()> {
        let tx = self.0.begin_write()?;
        {
            let mut table = tx.open_table(TABLE)?;
            for op in ops {
                match op {
                    Op::Put(k, v) => table.insert(*k, *v).map(drop)?,
                    Op::Delete(k) => table.remove(*k).map(drop)?,
                }
            }
        }
        Ok(tx.commit()?)
    }

    fn read(&self, work: &mut dyn FnMut(&mut dyn Reader) -> Result<()>) -> Result<()> {
        let tx = self.0.begin_read()?;
        work(&mut RedbReader(tx.open_table(TABLE)?))
    }
}

struct RedbReader(redb::ReadOnlyTable<&'static [u8], &'static [u8]>);

impl Reader for RedbReader {
    fn get(&mut self, key: &[u8]) -> Result<usize> {
        Ok(self.0.get(key)?.map_or(0, |v| touch(v.value())))
    }

    fn scan(&mut self, from: &[u8], limit: usize) -> Result<(usize, usize)> {
        let mut seen = (0, 0);
        for item in ReadableTable::range::<&[u8]>(&self.0, from..)?.take(limit) {
            seen = (seen.0 + 1, seen.1 + touch(item?.1.value()));
        }
        Ok(seen)
    }
}

type Bytes = heed::types::Bytes;

struct Lmdb {
    env: heed::Env,
    items: heed::Database<Bytes, Bytes>,
}

pub fn lmdb(folder: &Path, settings: &Settings) -> Result<Box<dyn Peer>> {
    let mut options = heed::EnvOpenOptions::new();
    options.map_size(8 << 30).max_readers(64);
    // Safe here: nothing else opens the folder, and what is not durable is only measured.
    let env = unsafe {
        if !settings.durable {
            options.flags(heed::EnvFlags::NO_SYNC);
        }
        options.open(folder)?
    };
    let mut tx = env.write_txn()?;
    let items = env.create_database(&mut tx, None)?;
    tx.commit()?;
    Ok(Box::new(Lmdb { env, items }))
}

impl Peer for Lmdb {
    fn write(&self, ops: &[Op<'_>]) -> Result<()> {
        let mut tx = self.env.write_txn()?;
        for op in ops {
            match op {
                Op::Put(k, v) => self.items.put(&mut tx, k, v)?,
                Op::Delete(k) => self.items.delete(&mut tx, k).map(drop)?,
            }
        }
        Ok(tx.commit()?)
    }

    fn read(&self, work: &mut dyn FnMut(&mut dyn Reader) -> Result<()>) -> Result<()> {
        let tx = self.env.read_txn()?;
        work(&mut LmdbReader {
            tx: &tx,
            items: self.items,
        })
    }
}

struct LmdbReader<'a> {
    tx: &'a heed::RoTxn<'a>,
    items: heed::Database<Bytes, Bytes>,
}

impl Reader for LmdbReader<'_> {
    fn get(&mut self, key: &[u8]) -> Result<usize> {
        Ok(self.items.get(self.tx, key)?.map_or(0, touch))
    }

    fn scan(&mut self, from: &[u8], limit: usize) -> Result<(usize, usize)> {
        let mut seen = (0, 0);
        let from = std::ops::Bound::Included(from);
        let range = (from, std::ops::Bound::Unbounded);
        for item in self.items.range(self.tx, &range)?.take(limit) {
            seen = (seen.0 + 1, seen.1 + touch(item?.1));
        }
        Ok(seen)
    }
}

struct Fjall {
    db: fjall::Database,
    items: fjall::Keyspace,
}

pub fn fjall(folder: &Path, settings: &Settings) -> Result<Box<dyn Peer>> {
    let db = fjall::Database::builder(folder)
        .cache_size(settings.cache_bytes)
        .open()?;
    let items = db.keyspace("items", fjall::KeyspaceCreateOptions::default)?;
    Ok(Box::new(Fjall { db, items }))
}

impl Peer for Fjall {
    fn write(&self, ops: &[Op<'_>]) -> Result<()> {
        let batch = self.db.batch();
        let mut batch = batch.durability(Some(fjall::PersistMode::SyncData));
        for op in ops {
            match op {
                Op::Put(k, v) => batch.insert(&self.items, *k, *v),
                Op::Delete(k) => batch.remove(&self.items, *k),
            }
        }
        Ok(batch.commit()?)
    }

    fn settle(&self) -> Result<()> {
        Ok(self.items.rotate_memtable_and_wait()?)
    }

    fn read(&self, work: &mut dyn FnMut(&mut dyn Reader) -> Result<()>) -> Result<()> {
        work(&mut FjallReader(&self.items))
    }
}

struct FjallReader<'a>(&'a fjall::Keyspace);

impl Reader for FjallReader<'_> {
    fn get(&mut self, key: &[u8]) -> Result<usize> {
        Ok(self.0.get(key)?.map_or(0, |v| touch(&v)))
    }

    fn scan(&mut self, from: &[u8], limit: usize) -> Result<(usize, usize)> {
        let mut seen = (0, 0);
        for item in self.0.range(from..).take(limit) {
            seen = (seen.0 + 1, seen.1 + touch(&item.into_inner()?.1));
        }
        Ok(seen)
    }
}

/// One connection behind a mutex: SQLite has one writer, and its readers here are measured alone.
struct Sqlite(Mutex<rusqlite::Connection>);

pub fn sqlite(folder: &Path, settings: &Settings) -> Result<Box<dyn Peer>> {
    let db = rusqlite::Connection::open(folder.join("db.sqlite"))?;
    db.execute_batch(&format!(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-{};
         CREATE TABLE IF NOT EXISTS items (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;",
        settings.cache_bytes / 1024
    ))?;
    Ok(Box::new(Sqlite(Mutex::new(db))))
}

impl Peer for Sqlite {
    fn write(&self, ops: &[Op<'_>]) -> Result<()> {
        let mut db = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let tx = db.transaction()?;
        {
            let mut put = tx.prepare_cached("INSERT OR REPLACE INTO items VALUES (?1, ?2)")?;
            let mut delete = tx.prepare_cached("DELETE FROM items WHERE key = ?1")?;
            for op in ops {
                match op {
                    Op::Put(k, v) => put.execute((k, v)).map(drop)?,
                    Op::Delete(k) => delete.execute((k,)).map(drop)?,
                }
            }
        }
        Ok(tx.commit()?)
    }

    fn read(&self, work: &mut dyn FnMut(&mut dyn Reader) -> Result<()>) -> Result<()> {
        let mut db = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let tx = db.transaction()?;
        work(&mut SqliteReader(&tx))
    }

    fn settle(&self) -> Result<()> {
        let db = self
            .0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
    }
}

struct SqliteReader<'a>(&'a rusqlite::Transaction<'a>);

impl Reader for SqliteReader<'_> {
    fn get(&mut self, key: &[u8]) -> Result<usize> {
        let mut select = self
            .0
            .prepare_cached("SELECT value FROM items WHERE key = ?1")?;
        let mut rows = select.query((key,))?;
        Ok(match rows.next()? {
            Some(row) => touch(row.get_ref(0)?.as_blob()?),
            None => 0,
        })
    }

    fn scan(&mut self, from: &[u8], limit: usize) -> Result<(usize, usize)> {
        let sql = "SELECT value FROM items WHERE key >= ?1 ORDER BY key LIMIT ?2";
        let mut select = self.0.prepare_cached(sql)?;
        let mut rows = select.query((from, limit as i64))?;
        let mut seen = (0, 0);
        while let Some(row) = rows.next()? {
            seen = (seen.0 + 1, seen.1 + touch(row.get_ref(0)?.as_blob()?));
        }
        Ok(seen)
    }
}
