//! Commit, rollback, merging and conflicts.

use sop::{Direction, Error, KeyRange, Mode};

use crate::support::*;

#[test]
fn what_is_inserted_is_found_in_the_transaction_after_it_and_after_reopening() {
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    let tx = db.begin(Mode::Write).unwrap();
    let s = tx.documents("s").unwrap();
    s.insert(&int(7), &doc(r#"{"a":1}"#)).unwrap();
    assert_eq!(value(s.get(&int(7)).unwrap()), Some(r#"{"a":1}"#.into()));
    let sequence = tx.commit().unwrap().sequence;
    let read = |db: &sop::Database| {
        let tx = db.begin(Mode::Read).unwrap();
        tx.documents("s").unwrap().get(&int(7)).unwrap().unwrap()
    };
    let item = read(&db);
    assert_eq!(
        (item.value.to_json().as_str(), item.version),
        (r#"{"a":1}"#, sequence)
    );
    // Without close: from the log. With close: from the checkpoint.
    drop(db);
    let db = options(&disk).open(FOLDER).unwrap();
    assert_eq!(read(&db), item);
    assert_eq!(db.sequence(), sequence);
}

#[test]
fn rolling_back_leaves_nothing_not_even_a_count() {
    let db = with_items([1, 2]);
    let before = db.sequence();
    let tx = db.begin(Mode::Write).unwrap();
    let s = tx.documents("s").unwrap();
    s.insert(&int(3), &doc("3")).unwrap();
    s.remove(&int(1)).unwrap();
    assert_eq!(s.len().unwrap(), 2);
    tx.rollback();
    assert_eq!(all(&db, "s"), [1, 2]);
    assert_eq!((db.sequence(), db.status().items), (before, 2));
}

#[test]
fn a_second_insert_of_a_key_says_so_and_the_transaction_goes_on() {
    let db = with_items([1]);
    let tx = db.begin(Mode::Write).unwrap();
    let s = tx.documents("s").unwrap();
    assert!(matches!(
        s.insert(&int(1), &doc("0")),
        Err(Error::KeyExists { ref store, ref key }) if store == "s" && key == "1"
    ));
    s.insert(&int(2), &doc("2")).unwrap();
    assert!(matches!(
        s.insert(&int(2), &doc("2")),
        Err(Error::KeyExists { .. })
    ));
    tx.commit().unwrap();
    assert_eq!(all(&db, "s"), [1, 2]);
}

#[test]
fn two_transactions_that_insert_the_same_key_conflict() {
    let db = with_items([]);
    let (a, b) = (
        db.begin(Mode::Write).unwrap(),
        db.begin(Mode::Write).unwrap(),
    );
    a.documents("s")
        .unwrap()
        .insert(&int(1), &doc("\"a\""))
        .unwrap();
    b.documents("s")
        .unwrap()
        .insert(&int(1), &doc("\"b\""))
        .unwrap();
    let first = a.commit().unwrap().sequence;
    match b.commit() {
        Err(Error::Conflict {
            store,
            key,
            sequence,
            prepared: None,
        }) => {
            assert_eq!((store.as_str(), key.as_str(), sequence), ("s", "1", first));
        }
        other => panic!("{other:?}"),
    }
    let tx = db.begin(Mode::Read).unwrap();
    assert_eq!(
        value(tx.documents("s").unwrap().get(&int(1)).unwrap()),
        Some("\"a\"".into())
    );
}

#[test]
fn different_items_of_one_node_merge_and_the_same_item_conflicts() {
    let db = with_items(0..10);
    let (a, b, c) = (
        db.begin(Mode::Write).unwrap(),
        db.begin(Mode::Write).unwrap(),
        db.begin(Mode::Write).unwrap(),
    );
    assert!(
        a.documents("s")
            .unwrap()
            .update(&int(3), &doc("33"))
            .unwrap()
    );
    assert!(
        b.documents("s")
            .unwrap()
            .update(&int(4), &doc("44"))
            .unwrap()
    );
    assert!(
        c.documents("s")
            .unwrap()
            .update(&int(3), &doc("333"))
            .unwrap()
    );
    a.commit().unwrap();
    b.commit().unwrap();
    assert!(matches!(c.commit(), Err(Error::Conflict { .. })));
    let tx = db.begin(Mode::Read).unwrap();
    let s = tx.documents("s").unwrap();
    assert_eq!(value(s.get(&int(3)).unwrap()), Some("33".into()));
    assert_eq!(value(s.get(&int(4)).unwrap()), Some("44".into()));
}

#[test]
fn a_read_item_that_changes_is_a_conflict_and_an_unread_neighbour_is_not() {
    let db = with_items(0..10);
    let (reader, other) = (
        db.begin(Mode::Write).unwrap(),
        db.begin(Mode::Write).unwrap(),
    );
    let s = reader.documents("s").unwrap();
    s.get(&int(1)).unwrap();
    s.get(&int(2)).unwrap();
    other
        .documents("s")
        .unwrap()
        .update(&int(3), &doc("0"))
        .unwrap();
    other.commit().unwrap();
    s.update(&int(5), &doc("5")).unwrap();
    reader.commit().unwrap();

    let (reader, other) = (
        db.begin(Mode::Write).unwrap(),
        db.begin(Mode::Write).unwrap(),
    );
    reader.documents("s").unwrap().get(&int(1)).unwrap();
    other
        .documents("s")
        .unwrap()
        .update(&int(1), &doc("0"))
        .unwrap();
    other.commit().unwrap();
    assert!(matches!(reader.commit(), Err(Error::Conflict { .. })));
}

#[test]
fn phantoms_and_misses_conflict_and_read_transactions_never_do() {
    for mode in [Mode::Write, Mode::Read, Mode::NoCheck] {
        let db = with_items([10, 20, 30]);
        let (scan, miss) = (db.begin(mode).unwrap(), db.begin(mode).unwrap());
        let s = scan.documents("s").unwrap();
        assert_eq!(ints(&s, &between(10, 20), Direction::Forward), [10, 20]);
        assert!(
            miss.documents("s")
                .unwrap()
                .get(&int(15))
                .unwrap()
                .is_none()
        );
        insert(&db, "s", [15]);
        assert_eq!(ints(&s, &between(10, 20), Direction::Forward), [10, 20]);
        for tx in [scan, miss] {
            assert_eq!(
                matches!(tx.commit(), Err(Error::Conflict { .. })),
                mode == Mode::Write
            );
        }
    }
}

#[test]
fn a_scan_that_ended_early_conflicts_only_with_what_it_saw() {
    let db = with_items([10, 20, 30, 40]);
    for (inserted, conflicts) in [(15, true), (25, false)] {
        let tx = db.begin(Mode::Write).unwrap();
        let s = tx.documents("s").unwrap();
        let two: Vec<_> = s
            .range(&KeyRange::all(), Direction::Forward)
            .unwrap()
            .take(2)
            .map(|i| as_int(&i.unwrap().key))
            .collect();
        assert_eq!(two, [10, 20]);
        insert(&db, "s", [inserted]);
        assert_eq!(tx.commit().is_err(), conflicts, "insert of {inserted}");
        db.transact(|tx| tx.documents("s")?.remove(&int(inserted)))
            .unwrap();
    }
}

#[test]
fn counts_ranks_and_ends_are_reads_too() {
    type Read = fn(&sop::DocumentStore<'_>);
    let reads: [(&str, Read, i64, i64); 5] = [
        (
            "count",
            |s| assert_eq!(s.count(&between(10, 20)).unwrap(), 2),
            12,
            25,
        ),
        ("rank", |s| assert_eq!(s.rank(&int(20)).unwrap(), 1), 5, 25),
        (
            "nth",
            |s| assert_eq!(as_int(&s.nth(1).unwrap().unwrap().key), 20),
            15,
            25,
        ),
        (
            "first",
            |s| assert_eq!(as_int(&s.first().unwrap().unwrap().key), 10),
            5,
            15,
        ),
        (
            "last",
            |s| assert_eq!(as_int(&s.last().unwrap().unwrap().key), 30),
            35,
            15,
        ),
    ];
    for (name, read, hits, misses) in reads {
        for (key, conflicts) in [(hits, true), (misses, false)] {
            let db = with_items([10, 20, 30]);
            let tx = db.begin(Mode::Write).unwrap();
            read(&tx.documents("s").unwrap());
            insert(&db, "s", [key]);
            assert_eq!(tx.commit().is_err(), conflicts, "{name}, insert of {key}");
        }
    }
}

#[test]
fn write_skew_is_refused() {
    let db = with_items([1, 2]);
    let (a, b) = (
        db.begin(Mode::Write).unwrap(),
        db.begin(Mode::Write).unwrap(),
    );
    for (tx, writes) in [(&a, 1), (&b, 2)] {
        let s = tx.documents("s").unwrap();
        s.get(&int(1)).unwrap();
        s.get(&int(2)).unwrap();
        s.update(&int(writes), &doc("0")).unwrap();
    }
    let results = [a.commit().is_ok(), b.commit().is_ok()];
    assert_eq!(results, [true, false]);
}

#[test]
fn a_snapshot_is_one_across_stores_while_others_commit() {
    let db = with_items([1]);
    create(&db, int_store("t"));
    let tx = db.begin(Mode::Read).unwrap();
    db.transact(|tx| {
        tx.documents("s")?.insert(&int(2), &doc("2"))?;
        tx.documents("t")?.insert(&int(2), &doc("2"))
    })
    .unwrap();
    assert_eq!(tx.documents("s").unwrap().len().unwrap(), 1);
    assert_eq!(tx.documents("t").unwrap().len().unwrap(), 0);
    assert!(matches!(
        tx.documents("s").unwrap().insert(&int(9), &doc("9")),
        Err(Error::ReadTransaction)
    ));
}

#[test]
fn own_changes_are_merged_into_scans_both_ways() {
    let db = with_items([10, 20, 30, 40]);
    let tx = db.begin(Mode::Write).unwrap();
    let s = tx.documents("s").unwrap();
    s.insert(&int(25), &doc("25")).unwrap();
    s.insert(&int(5), &doc("5")).unwrap();
    s.insert(&int(50), &doc("50")).unwrap();
    s.remove(&int(20)).unwrap();
    s.update(&int(30), &doc("\"new\"")).unwrap();
    s.insert(&int(35), &doc("35")).unwrap();
    s.remove(&int(35)).unwrap();
    let want = [5, 10, 25, 30, 40, 50];
    assert_eq!(ints(&s, &KeyRange::all(), Direction::Forward), want);
    let mut backwards = ints(&s, &KeyRange::all(), Direction::Backward);
    backwards.reverse();
    assert_eq!(backwards, want);
    for (i, key) in want.into_iter().enumerate() {
        assert_eq!(
            as_int(&s.nth(i as u64).unwrap().unwrap().key),
            key,
            "nth {i}"
        );
        assert_eq!(s.rank(&int(key)).unwrap(), i as u64);
    }
    assert!(s.nth(6).unwrap().is_none());
    assert_eq!(s.count(&between(6, 30)).unwrap(), 3);
    tx.commit().unwrap();
    assert_eq!(all(&db, "s"), want);
}

#[test]
fn a_transaction_past_its_time_limit_cannot_commit() {
    let clock = std::sync::Arc::new(sop::ManualClock::new(0));
    let db = options(&disk())
        .clock(clock.clone())
        .time_limit_ms(1_000)
        .open(FOLDER)
        .unwrap();
    create(&db, int_store("s"));
    let tx = db.begin(Mode::Write).unwrap();
    tx.documents("s")
        .unwrap()
        .insert(&int(1), &doc("1"))
        .unwrap();
    clock.advance_ms(1_001);
    assert!(matches!(
        tx.commit(),
        Err(Error::TimeLimit { limit_ms: 1_000 })
    ));
    assert_eq!(all(&db, "s"), Vec::<i64>::new());
}

/// Writes are validated without being noted as reads; what was seen without a write has to be noted.
#[test]
fn what_a_write_saw_without_writing_is_a_read() {
    type Look = fn(&sop::DocumentStore<'_>);
    let looks: [(&str, Look, i64); 6] = [
        (
            "insert of a key that exists",
            |s| assert!(s.insert(&int(10), &doc("0")).is_err()),
            10,
        ),
        (
            "insert if absent of a key that exists",
            |s| assert!(!s.insert_if_absent(&int(10), &doc("0")).unwrap()),
            10,
        ),
        (
            "update of a missing key",
            |s| assert!(!s.update(&int(5), &doc("0")).unwrap()),
            5,
        ),
        (
            "removal of a missing key",
            |s| assert!(!s.remove(&int(5)).unwrap()),
            5,
        ),
        (
            "removal by id of a missing key",
            |s| assert!(!s.remove_id(&int(5), 0).unwrap()),
            5,
        ),
        (
            "insert and removal of a missing key",
            |s| {
                s.insert(&int(5), &doc("0")).unwrap();
                assert!(s.remove(&int(5)).unwrap());
            },
            5,
        ),
    ];
    for (name, look, key) in looks {
        let db = with_items([10]);
        let tx = db.begin(Mode::Write).unwrap();
        look(&tx.documents("s").unwrap());
        tx.documents("s")
            .unwrap()
            .insert(&int(99), &doc("0"))
            .unwrap();
        db.transact(|other| other.documents("s")?.upsert(&int(key), &doc("1")))
            .unwrap();
        assert!(matches!(tx.commit(), Err(Error::Conflict { .. })), "{name}");
    }
}
