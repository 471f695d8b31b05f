//! What others cannot do while a transaction is prepared, and what they can.

use std::ops::Bound::{Excluded, Included};

use sop::{Database, Direction, KeySpec, KeyType, Mode, Result, StoreChange, Transaction};

use super::*;

type Work = fn(&Transaction) -> Result<()>;

fn get(tx: &Transaction, key: i64) -> Result<()> {
    tx.documents("s")?.get(&int(key)).map(|_| ())
}

fn scan(tx: &Transaction, lo: i64, hi: i64) -> Result<()> {
    let s = tx.documents("s")?;
    s.range(&between(lo, hi), Direction::Forward)?
        .try_for_each(|item| item.map(|_| ()))
}

fn write(tx: &Transaction, key: i64) -> Result<()> {
    upsert(tx, key, "\"other\"")
}

/// What the prepared one did, what another does, and whether that must wait.
const CASES: [(&str, Work, Work, bool); 18] = [
    (
        "writes what it writes",
        |t| write(t, 1),
        |t| write(t, 1),
        true,
    ),
    (
        "removes what it writes",
        |t| write(t, 1),
        |t| t.documents("s")?.remove(&int(1)).map(|_| ()),
        true,
    ),
    (
        "inserts what it inserts",
        |t| write(t, 5),
        |t| t.documents("s")?.insert(&int(5), &doc("0")).map(|_| ()),
        true,
    ),
    ("reads what it writes", |t| write(t, 1), |t| get(t, 1), true),
    (
        "reads a range it writes into",
        |t| write(t, 5),
        |t| scan(t, 4, 6),
        true,
    ),
    (
        "counts a range it writes into",
        |t| write(t, 5),
        |t| t.documents("s")?.count(&between(4, 6)).map(|_| ()),
        true,
    ),
    ("writes what it read", |t| get(t, 1), |t| write(t, 1), true),
    (
        "inserts what it missed",
        |t| get(t, 5),
        |t| write(t, 5),
        true,
    ),
    (
        "inserts into a range it read",
        |t| scan(t, 4, 6),
        |t| write(t, 5),
        true,
    ),
    (
        "removes from a range it read",
        |t| scan(t, 0, 2),
        |t| t.documents("s")?.remove(&int(1)).map(|_| ()),
        true,
    ),
    (
        "drops a store it read",
        |t| get(t, 1),
        |t| t.drop_store("s"),
        true,
    ),
    (
        "drops a store it writes",
        |t| write(t, 1),
        |t| t.drop_store("s"),
        true,
    ),
    (
        "uses a store it drops",
        |t| t.drop_store("s"),
        |t| get(t, 9),
        true,
    ),
    (
        "makes a store it makes",
        |t| t.create_store(int_store("n")),
        |t| t.create_store(int_store("n")),
        true,
    ),
    ("reads what it read", |t| get(t, 1), |t| get(t, 1), false),
    ("writes beside it", |t| write(t, 1), |t| write(t, 2), false),
    (
        "inserts beside a range it read",
        |t| scan(t, 4, 6),
        |t| write(t, 7),
        false,
    ),
    (
        "makes another store",
        |t| t.create_store(int_store("n")),
        |t| t.create_store(int_store("m")),
        false,
    ),
];

fn case(db: &Database, (name, ours, theirs, waits): (&str, Work, Work, bool), reopened: bool) {
    let context = format!("{name}, reopened: {reopened}");
    let attempt = || {
        let tx = db.begin(Mode::Write).unwrap();
        theirs(&tx).unwrap();
        tx.commit()
    };
    if !reopened {
        prepare(db, "tx", ours).unwrap();
    }
    let error = attempt();
    if !waits {
        error.unwrap_or_else(|e| panic!("{context}: {e}"));
        db.commit_prepared("tx")
            .unwrap_or_else(|e| panic!("{context}: {e}"));
        return;
    }
    let words = error.as_ref().unwrap_err().to_string();
    assert!(
        words.contains("prepared transaction \"tx\" holds it"),
        "{words}"
    );
    assert_eq!(holder(error).as_deref(), Some("tx"), "{context}");
    // A second prepared one is no exception.
    assert_eq!(holder(prepare(db, "other", theirs)).as_deref(), Some("tx"));
    assert!(db.status().conflicts >= 2);
    db.rollback_prepared("tx").unwrap();
    attempt().unwrap_or_else(|e| panic!("{context}, after the rollback: {e}"));
}

#[test]
fn what_it_read_is_not_changed_and_what_it_writes_not_touched_until_it_is_decided() {
    for one in CASES {
        case(&with_items([1, 2]), one, false);
    }
}

#[test]
fn protection_goes_on_after_a_restart_from_the_log_and_from_a_checkpoint() {
    for one in CASES {
        for checkpoint in [false, true] {
            let disk = disk();
            let db = options(&disk).open(FOLDER).unwrap();
            create(&db, int_store("s"));
            insert(&db, "s", [1, 2]);
            prepare(&db, "tx", one.1).unwrap();
            let after = if checkpoint {
                db.checkpoint().unwrap();
                db.close().unwrap();
                disk
            } else {
                Arc::new(disk.after_crash(sop::vfs::sim::CrashPolicy::LoseUnsynced))
            };
            case(&options(&after).open(FOLDER).unwrap(), one, true);
        }
    }
}

#[test]
fn one_that_began_before_the_prepare_and_before_the_decision_conflicts_as_with_any_commit() {
    let db = with_items([1]);
    let reader = db.begin(Mode::Write).unwrap();
    get(&reader, 1).unwrap();
    write(&reader, 2).unwrap();
    prepare(&db, "tx", |tx| write(tx, 1)).unwrap();
    let between = db.begin(Mode::Write).unwrap();
    get(&between, 1).unwrap();
    write(&between, 3).unwrap();
    let commit = db.commit_prepared("tx").unwrap();
    for tx in [reader, between] {
        match tx.commit() {
            Err(sop::Error::Conflict {
                sequence,
                prepared: None,
                key,
                ..
            }) => assert_eq!((sequence, key.as_str()), (commit.sequence, "1")),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_transaction_that_lost_against_a_commit_is_not_prepared() {
    let db = with_items([1]);
    let tx = db.begin(Mode::Write).unwrap();
    get(&tx, 1).unwrap();
    write(&tx, 2).unwrap();
    insert(&db, "s", [9]);
    db.transact(|other| write(other, 1)).unwrap();
    assert!(matches!(
        tx.prepare("tx"),
        Err(sop::Error::Conflict { prepared: None, .. })
    ));
    assert!(db.prepared().is_empty());
    write_all(&db);
}

fn write_all(db: &Database) {
    db.transact(|tx| [1, 2, 9].into_iter().try_for_each(|key| write(tx, key)))
        .unwrap();
}

#[test]
fn readers_go_on_and_see_the_state_without_it() {
    let db = with_items([1, 2, 3]);
    prepare(&db, "tx", |tx| {
        scan(tx, 0, 9)?;
        write(tx, 2)
    })
    .unwrap();
    let tx = db.begin(Mode::Read).unwrap();
    scan(&tx, 0, 9).unwrap();
    assert_eq!(
        value(tx.documents("s").unwrap().get(&int(2)).unwrap()).unwrap(),
        "2"
    );
    tx.commit().unwrap();
}

#[test]
fn a_changed_schema_and_what_is_written_under_it_keep_apart() {
    let db = with_items([1]);
    let alter = |tx: &Transaction| {
        let change = StoreChange {
            schema: Some(sop::Schema::default()),
            ..StoreChange::default()
        };
        tx.alter_store("s", change)
    };
    prepare(&db, "tx", alter).unwrap();
    let tx = db.begin(Mode::Write).unwrap();
    write(&tx, 7).unwrap();
    assert!(holder(tx.commit()).is_some());
    db.rollback_prepared("tx").unwrap();
    prepare(&db, "tx", |tx| write(tx, 7)).unwrap();
    let tx = db.begin(Mode::Write).unwrap();
    alter(&tx).unwrap();
    assert!(holder(tx.commit()).is_some());
}

#[test]
fn open_and_half_open_ranges_hold_what_is_in_them_and_no_more() {
    let spec = KeySpec::single(KeyType::I64);
    let range = spec.range(Excluded(&int(10)), Included(&int(20))).unwrap();
    for (key, waits) in [(10, false), (11, true), (20, true), (21, false)] {
        let db = with_items([]);
        prepare(&db, "tx", |tx| tx.documents("s")?.count(&range).map(|_| ())).unwrap();
        let tx = db.begin(Mode::Write).unwrap();
        write(&tx, key).unwrap();
        assert_eq!(holder(tx.commit()).is_some(), waits, "{key}");
    }
}

#[test]
fn transact_gives_up_after_its_attempts_while_a_prepared_transaction_holds_on() {
    let clock = clock();
    let db = timed(&disk(), &clock)
        .rng(Arc::new(sop::SeededRng::new(1)))
        .open(FOLDER)
        .unwrap();
    create(&db, int_store("s"));
    prepare(&db, "tx", |tx| write(tx, 1)).unwrap();
    assert_eq!(
        holder(db.transact(|tx| write(tx, 1))).as_deref(),
        Some("tx")
    );
}
