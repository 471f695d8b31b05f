//! What of a prepared transaction is there after the process ended, and in a backup.

use sop::vfs::sim::CrashPolicy;
use sop::{Database, Durability, Mode, StoreDefinition};

use super::*;

fn crash(disk: &Arc<SimVfs>) -> Arc<SimVfs> {
    Arc::new(disk.after_crash(CrashPolicy::LoseUnsynced))
}

fn value_of(db: &Database, key: i64) -> Option<String> {
    let tx = db.begin(Mode::Read).unwrap();
    value(tx.documents("s").unwrap().get(&int(key)).unwrap())
}

#[test]
fn it_can_be_committed_after_a_crash_and_after_checkpoints_that_dropped_its_log() {
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    prepare(&db, "tx", |tx| upsert(tx, 1, "\"prepared\"")).unwrap();
    let info = db.prepared();
    let from_log = options(&crash(&disk)).open(FOLDER).unwrap();
    assert_eq!(from_log.prepared(), info);
    let commit = from_log.commit_prepared("tx").unwrap();
    assert_eq!(value_of(&from_log, 1).unwrap(), "\"prepared\"");
    assert_eq!(commit.sequence, 3);

    for i in 2..12 {
        let text = format!("\"{i:0>9000}\"");
        db.transact(|tx| upsert(tx, i, &text)).unwrap();
        db.checkpoint().unwrap();
    }
    let after = crash(&disk);
    let db = options(&after).open(FOLDER).unwrap();
    assert_eq!(db.recovery().replayed, 0);
    assert_eq!(db.prepared(), info);
    assert!(db.check().unwrap().is_clean());
    db.commit_prepared("tx").unwrap();
    assert_eq!(value_of(&db, 1).unwrap(), "\"prepared\"");
    db.close().unwrap();
    let db = options(&after).open(FOLDER).unwrap();
    assert_eq!(value_of(&db, 1).unwrap(), "\"prepared\"");
    assert!(db.prepared().is_empty());
}

#[test]
fn it_is_durable_whatever_was_asked_for_commits() {
    let disk = disk();
    let relaxed = || options(&disk).durability(Durability::None);
    let db = relaxed().open(FOLDER).unwrap();
    create(&db, int_store("s"));
    prepare(&db, "a", |tx| upsert(tx, 1, "1")).unwrap();
    prepare(&db, "b", |tx| upsert(tx, 2, "2")).unwrap();
    assert_eq!(
        waiting(&options(&crash(&disk)).open(FOLDER).unwrap()),
        ["a", "b"]
    );
    db.commit_prepared("a").unwrap();
    db.rollback_prepared("b").unwrap();
    let after = options(&crash(&disk)).open(FOLDER).unwrap();
    assert!(after.prepared().is_empty());
    assert_eq!(all(&after, "s"), [1]);
    insert(&db, "s", [3]);
    let after = options(&crash(&disk)).open(FOLDER).unwrap();
    assert_eq!(all(&after, "s"), [1], "a commit is not");
}

#[test]
fn outcomes_are_remembered_over_restarts() {
    for checkpoint in [false, true] {
        let disk = disk();
        let clock = clock();
        let db = timed(&disk, &clock).open(FOLDER).unwrap();
        create(&db, int_store("s"));
        for (key, id) in [(1, "a"), (2, "b"), (3, "c")] {
            prepare(&db, id, |tx| upsert(tx, key, "1")).unwrap();
        }
        let commit = db.commit_prepared("a").unwrap();
        db.rollback_prepared("b").unwrap();
        clock.advance_ms(15 * 60 * 1_000);
        insert(&db, "s", [9]);
        if checkpoint {
            db.checkpoint().unwrap();
            insert(&db, "s", [10]);
            db.checkpoint().unwrap();
        }
        let db = timed(&crash(&disk), &clock).open(FOLDER).unwrap();
        assert_eq!(db.commit_prepared("a").unwrap(), commit);
        db.rollback_prepared("b").unwrap();
        assert_eq!(
            outcome(db.commit_prepared("b")),
            Some(PreparedOutcome::RolledBack)
        );
        assert_eq!(
            outcome(db.commit_prepared("c")),
            Some(PreparedOutcome::Expired)
        );
        db.rollback_prepared("c").unwrap();
    }
}

#[test]
fn ids_of_items_and_stores_are_not_given_again() {
    for (decide, checkpoint) in [
        (None, false),
        (None, true),
        (Some(true), false),
        (Some(false), true),
    ] {
        let disk = disk();
        let db = options(&disk).open(FOLDER).unwrap();
        create(
            &db,
            StoreDefinition {
                unique: false,
                ..int_store("d")
            },
        );
        let tx = db.begin(Mode::Write).unwrap();
        let first = tx
            .documents("d")
            .unwrap()
            .insert(&int(1), &doc("1"))
            .unwrap();
        tx.create_store(int_store("new")).unwrap();
        let store = tx.documents("new").unwrap().info().unwrap().id;
        tx.prepare("tx").unwrap();
        match decide {
            Some(true) => drop(db.commit_prepared("tx").unwrap()),
            Some(false) => db.rollback_prepared("tx").unwrap(),
            None => {}
        }
        if checkpoint {
            db.checkpoint().unwrap();
        }
        drop(db);
        let db = options(&crash(&disk)).open(FOLDER).unwrap();
        let tx = db.begin(Mode::Write).unwrap();
        let second = tx
            .documents("d")
            .unwrap()
            .insert(&int(1), &doc("2"))
            .unwrap();
        assert!(second.id > first.id, "{first:?} {second:?}");
        tx.create_store(int_store("other")).unwrap();
        assert!(tx.documents("other").unwrap().info().unwrap().id > store);
        tx.commit().unwrap();
        if decide.is_none() {
            db.commit_prepared("tx").unwrap();
            assert_eq!(all(&db, "d"), [1, 1]);
            assert_eq!(all(&db, "new"), Vec::<i64>::new());
        }
        assert!(db.check().unwrap().is_clean());
    }
}

#[test]
fn backups_carry_it() {
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    prepare(&db, "tx", |tx| upsert(tx, 1, "1")).unwrap();
    db.backup("/one").unwrap();
    // One that cannot make a checkpoint is copied with its log.
    drop(db);
    let db = options(&disk).open(FOLDER).unwrap();
    prepare(&db, "second", |tx| upsert(tx, 2, "2")).unwrap();
    drop(db.begin(Mode::Read));
    let crashed = crash(&disk);
    let db = options(&crashed).read_only(true).open(FOLDER).unwrap();
    db.backup("/two").unwrap();
    let copy = options(&disk).create(false).open("/one").unwrap();
    assert_eq!(waiting(&copy), ["tx"]);
    copy.commit_prepared("tx").unwrap();
    assert_eq!(all(&copy, "s"), [1]);
    let copy = options(&crashed).create(false).open("/two").unwrap();
    assert_eq!(waiting(&copy), ["second", "tx"]);
    copy.commit_prepared("second").unwrap();
    copy.rollback_prepared("tx").unwrap();
    assert_eq!(all(&copy, "s"), [2]);
    assert!(copy.check().unwrap().is_clean());
}
