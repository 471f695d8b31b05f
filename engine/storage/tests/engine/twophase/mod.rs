//! Two-phase commit: what a prepared transaction promises, holds and survives.

mod coordinator;
mod crash;
mod expiry;
mod model;
mod protection;
mod restart;

use std::sync::Arc;

use sop::vfs::SimVfs;
use sop::{
    Database, Error, ManualClock, Mode, OpenOptions, Prepared, PreparedOutcome, Result, Transaction,
};

use crate::support::*;

/// The time at which these tests begin, in milliseconds since 1970.
pub const START_MS: u64 = 1_800_000_000_000;

pub fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(START_MS))
}

pub fn timed(disk: &Arc<SimVfs>, clock: &Arc<ManualClock>) -> OpenOptions {
    options(disk)
        .segment_bytes(4 << 10)
        .clock(Arc::clone(clock) as _)
}

/// Prepares what `work` does.
pub fn prepare(
    db: &Database,
    id: &str,
    work: impl FnOnce(&Transaction) -> Result<()>,
) -> Result<Prepared> {
    let tx = db.begin(Mode::Write)?;
    work(&tx)?;
    tx.prepare(id)
}

/// Writes one item.
pub fn upsert(tx: &Transaction, key: i64, json: &str) -> Result<()> {
    tx.documents("s")?.upsert(&int(key), &doc(json)).map(|_| ())
}

/// Ids of the prepared transactions.
pub fn waiting(db: &Database) -> Vec<String> {
    db.prepared().into_iter().map(|p| p.id).collect()
}

/// The prepared transaction that a commit ran into.
pub fn holder<T: std::fmt::Debug>(result: Result<T>) -> Option<String> {
    match result {
        Err(Error::Conflict { prepared, .. }) => Some(prepared.expect("no prepared transaction")),
        Ok(_) => None,
        Err(other) => panic!("{other}"),
    }
}

pub fn outcome<T: std::fmt::Debug>(result: Result<T>) -> Option<PreparedOutcome> {
    match result {
        Err(Error::PreparedNotFound { outcome, .. }) => outcome,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_seen_before_the_decision_and_all_of_it_after() {
    let db = with_items([1, 2]);
    let before = db.sequence();
    let prepared = prepare(&db, "tx", |tx| {
        upsert(tx, 1, "\"new\"")?;
        tx.documents("s")?.remove(&int(2))?;
        upsert(tx, 3, "\"new\"")
    })
    .unwrap();
    assert_eq!(prepared.id, "tx");
    assert_eq!(prepared.sequence, before + 1);
    assert_eq!(all(&db, "s"), [1, 2]);
    let info = &db.prepared()[0];
    assert_eq!((info.id.as_str(), info.items), ("tx", 3));
    assert_eq!(info.stores, ["s"]);
    assert!(info.bytes > 20);
    assert_eq!(info.expires_at_ms - info.prepared_at_ms, 15 * 60 * 1_000);
    assert_eq!(prepared.expires_at_ms, info.expires_at_ms);
    assert_eq!(db.status().prepared_transactions, 1);
    let commit = db.commit_prepared("tx").unwrap();
    assert_eq!(commit.sequence, before + 2);
    assert_eq!(all(&db, "s"), [1, 3]);
    let tx = db.begin(Mode::Read).unwrap();
    let item = tx.documents("s").unwrap().get(&int(3)).unwrap().unwrap();
    assert_eq!(item.version, commit.sequence);
    assert!(db.prepared().is_empty());
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn a_rolled_back_one_leaves_nothing_and_holds_nothing() {
    let db = with_items([1]);
    prepare(&db, "tx", |tx| upsert(tx, 1, "2")).unwrap();
    db.rollback_prepared("tx").unwrap();
    assert!(db.prepared().is_empty());
    db.transact(|tx| upsert(tx, 1, "3")).unwrap();
    assert_eq!(
        outcome(db.commit_prepared("tx")),
        Some(PreparedOutcome::RolledBack)
    );
}

#[test]
fn a_decision_can_be_repeated_and_not_reversed() {
    let db = with_items([]);
    prepare(&db, "a", |tx| upsert(tx, 1, "1")).unwrap();
    prepare(&db, "b", |tx| upsert(tx, 2, "2")).unwrap();
    let commit = db.commit_prepared("a").unwrap();
    db.rollback_prepared("b").unwrap();
    let sequence = db.sequence();
    for _ in 0..3 {
        assert_eq!(db.commit_prepared("a").unwrap(), commit);
        db.rollback_prepared("b").unwrap();
    }
    assert_eq!(db.sequence(), sequence, "nothing was written for it");
    assert_eq!(
        outcome(db.rollback_prepared("a")),
        Some(PreparedOutcome::Committed {
            sequence: commit.sequence
        })
    );
    assert_eq!(
        outcome(db.commit_prepared("b")),
        Some(PreparedOutcome::RolledBack)
    );
    assert_eq!(all(&db, "s"), [1]);
    let unknown = db.commit_prepared("c").unwrap_err();
    assert!(unknown.to_string().contains("never prepared"), "{unknown}");
    assert_eq!(outcome(db.rollback_prepared("c")), None);
}

#[test]
fn ids_have_1_to_200_bytes_and_are_unique_among_those_that_wait() {
    let db = with_items([]);
    let try_id = |id: &str, key| prepare(&db, id, |tx| upsert(tx, key, "1"));
    for id in ["", &"x".repeat(201)] {
        let error = try_id(id, 1).unwrap_err();
        let right =
            matches!(error, Error::InvalidPreparedId { bytes, limit: 200 } if bytes == id.len());
        assert!(right, "{error}");
    }
    try_id(&"ü".repeat(100), 1).unwrap();
    try_id("a", 2).unwrap();
    let error = try_id("a", 3).unwrap_err();
    assert!(matches!(error, Error::PreparedExists { .. }), "{error}");
    // Nothing is left of the one that was refused.
    db.transact(|tx| upsert(tx, 3, "1")).unwrap();
    db.commit_prepared("a").unwrap();
    try_id("a", 2).unwrap();
    db.rollback_prepared("a").unwrap();
    assert_eq!(all(&db, "s"), [2, 3]);
}

#[test]
fn only_write_transactions_of_a_database_that_can_be_written_are_prepared() {
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    for mode in [Mode::Read, Mode::NoCheck] {
        let tx = db.begin(mode).unwrap();
        assert!(matches!(tx.prepare("tx"), Err(Error::ReadTransaction)));
    }
    prepare(&db, "tx", |tx| upsert(tx, 1, "1")).unwrap();
    db.close().unwrap();
    let operations = disk.operations();
    let db = options(&disk).read_only(true).open(FOLDER).unwrap();
    assert_eq!(waiting(&db), ["tx"]);
    assert_eq!(db.check().unwrap().prepared, db.prepared());
    for result in [
        db.commit_prepared("tx").map(|_| ()),
        db.rollback_prepared("tx"),
    ] {
        assert!(matches!(result, Err(Error::ReadOnly { .. })), "{result:?}");
    }
    drop(db);
    assert_eq!(disk.operations(), operations);
}

#[test]
fn one_that_only_read_can_be_prepared_too() {
    let db = with_items([1]);
    prepare(&db, "tx", |tx| {
        tx.documents("s")?.get(&int(1))?;
        Ok(())
    })
    .unwrap();
    assert_eq!(db.prepared()[0].items, 0);
    let write = |json: &str| {
        let tx = db.begin(Mode::Write).unwrap();
        upsert(&tx, 1, json).unwrap();
        tx.commit()
    };
    assert_eq!(holder(write("2")).as_deref(), Some("tx"));
    db.commit_prepared("tx").unwrap();
    write("2").unwrap();
}

#[test]
fn stores_are_made_and_dropped_by_the_second_phase() {
    let db = with_items([1]);
    create(&db, int_store("t"));
    prepare(&db, "tx", |tx| {
        tx.create_store(int_store("new"))?;
        tx.documents("new")?.insert(&int(7), &doc("7"))?;
        tx.drop_store("t")
    })
    .unwrap();
    let names = |db: &Database| -> Vec<String> {
        let tx = db.begin(Mode::Read).unwrap();
        let stores = tx.stores().unwrap().into_iter();
        stores.map(|s| s.definition.name.clone()).collect()
    };
    assert_eq!(names(&db), ["s", "t"]);
    assert_eq!(db.prepared()[0].stores, ["new", "t"]);
    db.commit_prepared("tx").unwrap();
    assert_eq!(names(&db), ["new", "s"]);
    assert_eq!(all(&db, "new"), [7]);
    assert!(db.check().unwrap().is_clean());
}

#[test]
fn many_decide_at_once_and_the_same_twice() {
    let db = with_items([]);
    for i in 0..64 {
        prepare(&db, &format!("tx-{i}"), |tx| upsert(tx, i, "1")).unwrap();
    }
    let commits: Vec<Vec<u64>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|t| {
                let db = &db;
                // Each is committed by two threads.
                let mine = move |i: &i64| i % 4 == t % 4;
                scope.spawn(move || {
                    (0..64)
                        .filter(mine)
                        .map(|i| db.commit_prepared(&format!("tx-{i}")).unwrap().sequence)
                        .collect()
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    for t in 0..4 {
        assert_eq!(commits[t], commits[t + 4], "both got the same answer");
    }
    assert_eq!(all(&db, "s").len(), 64);
    assert_eq!(db.sequence(), 1 + 64 + 64);
}
