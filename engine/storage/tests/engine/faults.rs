//! Reads that fail at the wrong moment: while a commit is applied, while room is reclaimed, and after a
//! checkpoint that failed halfway.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use sop::vfs::sim::{CrashPolicy, Fault};
use sop::vfs::{DirEntry, Metadata, SimVfs, Vfs, VfsFile, VfsLock};
use sop::{Database, Durability, Error, Mode, OpenOptions, StoreDefinition};

use crate::support::*;

/// A disk on which reads of nodes and values fail as long as it is told so.
#[derive(Debug)]
struct Unreadable {
    disk: SimVfs,
    /// Reads that still work; negative: all do.
    left: Arc<AtomicI64>,
    loses: Arc<AtomicBool>,
    /// Files whose flush failed: nothing can be read from them.
    lost: Arc<Mutex<BTreeSet<PathBuf>>>,
}

#[derive(Debug)]
struct UnreadableFile {
    path: PathBuf,
    file: Arc<dyn VfsFile>,
    left: Option<Arc<AtomicI64>>,
    loses: Arc<AtomicBool>,
    lost: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl Unreadable {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            disk: SimVfs::new(),
            left: Arc::new(AtomicI64::new(-1)),
            loses: Arc::default(),
            lost: Arc::default(),
        })
    }

    fn fail_after(&self, reads: i64) {
        self.left.store(reads, Ordering::SeqCst);
    }

    fn heal(&self) {
        self.fail_after(-1);
    }

    fn file(&self, path: &Path, file: Arc<dyn VfsFile>) -> Arc<dyn VfsFile> {
        let left = path.starts_with("/db/data").then(|| Arc::clone(&self.left));
        Arc::new(UnreadableFile {
            path: path.to_owned(),
            file,
            left,
            loses: Arc::clone(&self.loses),
            lost: Arc::clone(&self.lost),
        })
    }

    /// The next flush of a file of nodes fails, and what is in that file is gone.
    fn lose_at_next_flush(&self) {
        self.loses.store(true, Ordering::SeqCst);
    }
}

impl VfsFile for UnreadableFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        if let Some(left) = &self.left {
            let n = left.load(Ordering::SeqCst);
            if n == 0 {
                return Err(io::Error::other("injected: the sector cannot be read"));
            }
            if n > 0 {
                left.store(n - 1, Ordering::SeqCst);
            }
        }
        if self.lost.lock().unwrap().contains(&self.path) {
            return Err(io::Error::other("injected: it was never written"));
        }
        self.file.read_at(buf, offset)
    }
    fn write_at(&self, data: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_at(data, offset)
    }
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }
    fn allocate(&self, len: u64) -> io::Result<bool> {
        self.file.allocate(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        if self.left.is_some() && self.loses.swap(false, Ordering::SeqCst) {
            self.lost.lock().unwrap().insert(self.path.clone());
            return Err(io::Error::other("injected: the flush failed"));
        }
        self.file.sync_data()
    }
    fn sync_all(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}

impl Vfs for Unreadable {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        Ok(self.file(path, self.disk.open(path)?))
    }
    fn open_read_only(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        Ok(self.file(path, self.disk.open_read_only(path)?))
    }
    fn create_new(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        Ok(self.file(path, self.disk.create_new(path)?))
    }
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.disk.read(path)
    }
    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.disk.exists(path)
    }
    fn metadata(&self, path: &Path) -> io::Result<Metadata> {
        self.disk.metadata(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn hard_link(&self, existing: &Path, new: &Path) -> io::Result<()> {
        self.disk.hard_link(existing, new)
    }
    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_file(path)
    }
    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.remove_dir(path)
    }
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.disk.create_dir_all(path)
    }
    fn read_dir(&self, path: &Path) -> io::Result<Vec<DirEntry>> {
        self.disk.read_dir(path)
    }
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.disk.sync_dir(path)
    }
    fn free_space(&self, path: &Path) -> io::Result<u64> {
        self.disk.free_space(path)
    }
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn VfsLock>>> {
        self.disk.lock(path)
    }
}

/// Flushes nothing by itself and keeps no node in memory.
fn relaxed(disk: &Arc<Unreadable>) -> OpenOptions {
    OpenOptions::new()
        .vfs(disk.clone())
        .background(false)
        .durability(Durability::None)
        .cache_bytes(1)
        .segment_bytes(4 << 10)
        .checkpoint_log_bytes(16 << 10)
}

fn open(disk: &Arc<Unreadable>) -> Database {
    let strict = relaxed(disk).durability(Durability::EveryCommit);
    strict.open(FOLDER).unwrap()
}

/// 200 items in small nodes, all of them stored and none in memory.
fn stored() -> (Arc<Unreadable>, Database) {
    let disk = Unreadable::new();
    let db = open(&disk);
    create(
        &db,
        StoreDefinition {
            slot_length: 4,
            ..int_store("s")
        },
    );
    insert(&db, "s", 0..200);
    db.close().unwrap();
    let db = open(&disk);
    (disk, db)
}

#[test]
fn a_read_that_fails_is_an_error_of_its_transaction_and_of_nobody_else() {
    let (disk, db) = stored();
    let tx = db.begin(Mode::Write).unwrap();
    disk.fail_after(0);
    let result = tx.documents("s").unwrap().upsert(&int(7), &doc("0"));
    assert!(result.is_err(), "{result:?}");
    disk.heal();
    tx.documents("s")
        .unwrap()
        .upsert(&int(7), &doc("0"))
        .unwrap();
    tx.commit().unwrap();
    assert_eq!(all(&db, "s").len(), 200);
    assert!(db.check().unwrap().is_clean());
}

/// The nodes are read again when the commit is applied, since the cache has no room for them.
#[test]
fn a_read_that_fails_while_a_commit_is_applied_loses_nothing_and_hides_nothing_that_was_there() {
    for reads in 0..12 {
        let (disk, db) = stored();
        let tx = db.begin(Mode::Write).unwrap();
        let s = tx.documents("s").unwrap();
        for key in [3, 60, 120, 190] {
            s.upsert(&int(key), &doc("\"new\"")).unwrap();
        }
        drop(s);
        let before = all(&db, "s");
        disk.fail_after(reads);
        let result = tx.commit();
        disk.heal();
        let values = |db: &Database| {
            let tx = db.begin(Mode::Read).unwrap();
            let s = tx.documents("s").unwrap();
            [3, 60, 120, 190].map(|key| value(s.get(&int(key)).unwrap()).unwrap())
        };
        let context = format!("after {reads} reads: {result:?}");
        // Reads go on in this process, and see all of the commit or nothing of it.
        assert_eq!(all(&db, "s"), before, "{context}");
        let seen = values(&db);
        let new = ["\"new\""; 4].map(str::to_owned);
        let old = ["3", "60", "120", "190"].map(str::to_owned);
        if result.is_ok() {
            assert_eq!(seen, new, "{context}");
        } else {
            assert!(seen == new || seen == old, "{context}: {seen:?}");
            let reason = db.read_only().expect("it cannot go on writing");
            assert!(reason.contains("open the database again"), "{reason}");
        }
        assert!(db.check().unwrap().is_clean(), "{context}");
        let _ = db.close();
        drop(db);
        // The commit was durable before it was applied.
        let db = open(&disk);
        assert_eq!(values(&db), new, "{context}");
        assert!(db.check().unwrap().is_clean(), "{context}");
    }
}

#[test]
fn a_node_that_cannot_be_read_when_room_is_reclaimed_does_not_stop_commits() {
    let (disk, db) = stored();
    for i in 0..6 {
        let tx = db.begin(Mode::Write).unwrap();
        for key in 0..100 {
            tx.documents("s")
                .unwrap()
                .upsert(&int(key), &doc(&i.to_string()))
                .unwrap();
        }
        tx.commit().unwrap();
        disk.fail_after(0);
        db.checkpoint().unwrap();
        disk.heal();
    }
    assert_eq!(db.read_only(), None);
    assert_eq!(all(&db, "s").len(), 200);
    db.checkpoint().unwrap();
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn a_value_kept_apart_that_cannot_be_read_is_an_error_and_its_key_is_not() {
    let disk = Unreadable::new();
    let db = open(&disk);
    create(&db, int_store("s"));
    let big = doc(&format!("\"{}\"", "x".repeat(100_000)));
    db.transact(|tx| tx.documents("s")?.insert(&int(1), &big))
        .unwrap();
    db.checkpoint().unwrap();
    let tx = db.begin(Mode::Read).unwrap();
    let s = tx.documents("s").unwrap();
    assert_eq!(s.get(&int(1)).unwrap().unwrap().value, big);
    disk.fail_after(0);
    let error = s.get(&int(1)).unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    disk.heal();
    assert_eq!(s.get(&int(1)).unwrap().unwrap().value, big);
}

#[test]
fn closing_makes_commits_durable_also_when_nothing_can_be_written_any_more() {
    let (disk, db) = stored();
    drop(db);
    let db = relaxed(&disk).open(FOLDER).unwrap();
    insert(&db, "s", 200..210);
    let tx = db.begin(Mode::Write).unwrap();
    tx.documents("s")
        .unwrap()
        .update(&int(9), &doc("0"))
        .unwrap();
    disk.fail_after(0);
    assert!(tx.commit().is_err());
    disk.heal();
    assert!(db.read_only().is_some());
    assert_eq!(all(&db, "s").len(), 210);
    db.close().unwrap();
    let after = Arc::new(disk.disk.after_crash(CrashPolicy::LoseUnsynced));
    assert_eq!(all(&options(&after).open(FOLDER).unwrap(), "s").len(), 210);
}

#[test]
fn a_full_disk_is_a_passing_thing_for_commits_however_often_it_is_met() {
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    let mut kept = Vec::new();
    for i in 0..40 {
        let fault = if i % 2 == 0 {
            Fault::Enospc
        } else {
            Fault::ShortWrite
        };
        let full = i % 3 > 0;
        if full {
            disk.fail_at(disk.operations() + 1, fault);
        }
        let tx = db.begin(Mode::Write).unwrap();
        let text = format!("\"{i:0>1000}\"");
        tx.documents("s")
            .unwrap()
            .insert(&int(i), &doc(&text))
            .unwrap();
        match tx.commit() {
            Ok(_) => kept.push(i),
            Err(error) => assert!(full && matches!(error, Error::NoSpace { .. }), "{error}"),
        }
        assert_eq!(all(&db, "s"), kept);
    }
    assert!(kept.len() >= 14);
    assert_eq!(db.read_only(), None);
    let after = Arc::new(disk.after_crash(CrashPolicy::LoseUnsynced));
    assert_eq!(all(&options(&after).open(FOLDER).unwrap(), "s"), kept);
    db.close().unwrap();
    assert_eq!(all(&options(&disk).open(FOLDER).unwrap(), "s"), kept);
}

/// Like some kernels do: what could not be flushed is dropped from memory, and cannot be read either.
#[test]
fn after_a_failed_flush_of_a_checkpoint_nothing_is_read_back_from_its_files() {
    let (disk, db) = stored();
    let big = doc(&format!("\"{}\"", "x".repeat(100_000)));
    db.transact(|tx| {
        let s = tx.documents("s")?;
        for key in (0..200).step_by(5) {
            s.upsert(&int(key), &doc("\"new\""))?;
        }
        s.upsert(&int(500), &big)?;
        Ok(())
    })
    .unwrap();
    disk.lose_at_next_flush();
    let error = db.checkpoint().unwrap_err().to_string();
    assert_eq!(db.read_only(), None);
    assert_eq!(db.status().checkpoint_failure, Some(error));
    let tx = db.begin(Mode::Read).unwrap();
    let s = tx.documents("s").unwrap();
    for key in 0..200 {
        let want = if key % 5 == 0 {
            "\"new\"".to_owned()
        } else {
            key.to_string()
        };
        assert_eq!(value(s.get(&int(key)).unwrap()), Some(want));
    }
    assert_eq!(s.get(&int(500)).unwrap().unwrap().value, big);
    drop(s);
    drop(tx);
    insert(&db, "s", [501]);
    db.checkpoint().unwrap();
    assert_eq!(db.status().checkpoint_failure, None);
    assert_eq!(all(&db, "s").len(), 202);
    assert!(db.check().unwrap().is_clean());
    drop(db);
    let db = open(&disk);
    assert_eq!(all(&db, "s").len(), 202);
    assert!(db.check().unwrap().is_clean());
}

/// Groups of this size are applied on a thread of their own while their records are appended.
#[test]
fn a_very_large_group_is_seen_when_it_is_durable_and_never_else() {
    const LARGE: i64 = 66_000;
    let count = |db: &Database| {
        let tx = db.begin(Mode::Read).unwrap();
        tx.documents("s").unwrap().len().unwrap()
    };
    let reopened = |disk: &SimVfs| {
        let after = Arc::new(disk.after_crash(CrashPolicy::LoseUnsynced));
        options(&after).open(FOLDER).unwrap()
    };
    let load = |db: &Database| {
        let tx = db.begin(Mode::Write).unwrap();
        let s = tx.documents("s").unwrap();
        for i in 0..LARGE {
            s.upsert(&int(i * 7 % LARGE), &doc("1")).unwrap();
        }
        drop(s);
        tx.commit()
    };
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    insert(&db, "s", -3..0);
    disk.fail_at(disk.operations() + 1, Fault::Enospc);
    assert!(matches!(load(&db), Err(Error::NoSpace { .. })));
    assert_eq!((count(&db), db.read_only()), (3, None));
    let before = db.begin(Mode::Read).unwrap();
    load(&db).unwrap();
    assert_eq!(before.documents("s").unwrap().len().unwrap(), 3);
    assert_eq!(count(&db), LARGE as u64 + 3);
    let again = reopened(&disk);
    assert_eq!(count(&again), LARGE as u64 + 3);
    assert!(again.check().unwrap().is_clean());
    drop(before);
    // Everything goes at once, but the disk fails.
    let tx = db.begin(Mode::Write).unwrap();
    let s = tx.documents("s").unwrap();
    for i in -3..LARGE {
        assert!(s.remove(&int(i)).unwrap());
    }
    drop(s);
    disk.fail_at(disk.operations() + 1, Fault::Eio);
    assert!(tx.commit().is_err());
    assert!(db.read_only().is_some());
    assert_eq!(count(&db), LARGE as u64 + 3);
    assert_eq!(count(&reopened(&disk)), LARGE as u64 + 3);
}
