//! One test against each way in which the engine that this one replaces lost or mixed up data.
//!
//! Elsewhere in this suite:
//! - rolling back the creator of a store destroyed what others had in it:
//!   `stores::rolling_back_the_creator_leaves_no_trace_and_hurts_nobody`;
//! - it never flushed, beyond single commits: `crash::power_loss_at_any_operation_loses_nothing_acknowledged`;
//! - "if absent" inserted twice in a store with duplicates: `duplicates::insert_if_absent_of_two_transactions_never_makes_two`;
//! - balancing leaves lost keys, beyond the one case here: `model::the_engine_equals_a_map`;
//! - recovery, at every operation of the disk: `crash` and `kills`;
//! - items in the order of an expression were written by another one: the tests of that order.

use std::sync::{Arc, Barrier};

use sop::vfs::sim::{CrashPolicy, OperationKind};
use sop::{Database, Direction, Document, KeyRange, Mode, Placement, StoreDefinition};

use crate::support::*;

/// It wrote its files and never asked the disk to keep them.
#[test]
fn a_commit_that_was_answered_is_flushed_and_survives_the_power_going() {
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    for key in 0..20 {
        let before = disk.operation_log().len();
        insert(&db, "s", [key]);
        let operations = disk.operation_log();
        let flushed = operations[before..]
            .iter()
            .any(|operation| operation.kind == OperationKind::Sync);
        assert!(flushed, "commit of {key}");
        let after = Arc::new(disk.after_crash(CrashPolicy::LoseUnsynced));
        let reopened = options(&after).open(FOLDER).unwrap();
        assert_eq!(all(&reopened, "s"), (0..=key).collect::<Vec<_>>());
    }
}

/// A removal was merged by its place in the node, which by then held the neighbour.
#[test]
fn a_removal_that_is_merged_removes_its_item_and_not_the_neighbour() {
    for other in [4, 6, 0, 100] {
        let db = with_items([1, 3, 5, 7, 9]);
        let removing = db.begin(Mode::Write).unwrap();
        assert!(removing.documents("s").unwrap().remove(&int(5)).unwrap());
        // Items come and go around it, so that every place in the node moves.
        insert(&db, "s", [other]);
        db.transact(|tx| tx.documents("s")?.remove(&int(1)))
            .unwrap();
        removing.commit().unwrap();
        let mut expected = vec![3, 7, 9, other];
        expected.sort_unstable();
        assert_eq!(all(&db, "s"), expected);
        assert!(db.check().unwrap().is_clean());
    }
}

/// Roots and counts were written before the commit, and read by others.
#[test]
fn what_is_not_committed_is_in_nobody_elses_items_counts_ranks_or_stores() {
    let db = with_items([1, 2, 3]);
    let writing = db.begin(Mode::Write).unwrap();
    let s = writing.documents("s").unwrap();
    for key in 10..500 {
        s.insert(&int(key), &doc("0")).unwrap();
    }
    s.remove(&int(2)).unwrap();
    writing.create_store(int_store("t")).unwrap();
    for mode in [Mode::Read, Mode::Write, Mode::NoCheck] {
        let reading = db.begin(mode).unwrap();
        let seen = reading.documents("s").unwrap();
        assert_eq!(ints(&seen, &KeyRange::all(), Direction::Forward), [1, 2, 3]);
        assert_eq!(seen.len().unwrap(), 3);
        assert_eq!(seen.count(&between(0, 1_000)).unwrap(), 3);
        assert_eq!(seen.rank(&int(1_000)).unwrap(), 3);
        assert_eq!(as_int(&seen.nth(1).unwrap().unwrap().key), 2);
        assert!(reading.documents("t").is_err());
        assert_eq!(reading.stores().unwrap().len(), 1);
    }
    assert_eq!((db.status().items, db.status().stores), (3, 1));
    writing.rollback();
    assert_eq!(all(&db, "s"), [1, 2, 3]);
}

/// Two threads that inserted "if absent" both looked before either wrote.
#[test]
fn of_many_threads_that_insert_if_absent_exactly_one_does_and_the_item_is_there_once() {
    let db = with_items([]);
    for key in 0..20 {
        let start = Barrier::new(4);
        let inserted: u32 = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|thread| {
                    let (db, start) = (&db, &start);
                    scope.spawn(move || {
                        start.wait();
                        let insert = |tx: &sop::Transaction| {
                            let value = doc(&thread.to_string());
                            tx.documents("s")?.insert_if_absent(&int(key), &value)
                        };
                        u32::from(db.transact(insert).unwrap())
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .sum()
        });
        assert_eq!(inserted, 1);
    }
    assert_eq!(all(&db, "s"), (0..20).collect::<Vec<_>>());
    assert_eq!(db.status().items, 20);
}

/// A full leaf that gave items to its neighbour lost some on the way.
#[test]
fn leaves_that_balance_keep_every_item_in_every_order_of_insertion() {
    let n = 400;
    for slot_length in [2, 3, 4, 5, 8, 16] {
        // A step that does not divide n visits every key once: ascending, descending, scattered.
        for step in [1, n - 1, 7, 131, 269] {
            let db = memory();
            let definition = StoreDefinition {
                slot_length,
                leaf_load_balancing: true,
                ..int_store("s")
            };
            create(&db, definition);
            let keys: Vec<i64> = (0..n).map(|i| i * step % n).collect();
            for (done, part) in keys.chunks(50).enumerate() {
                insert(&db, "s", part.iter().copied());
                let mut expected = keys[..(done + 1) * 50].to_vec();
                expected.sort_unstable();
                assert_eq!(all(&db, "s"), expected, "slots {slot_length}, step {step}");
            }
            db.checkpoint().unwrap();
            assert!(db.check().unwrap().is_clean());
        }
    }
}

/// Values that a store keeps apart from its nodes were written into the nodes as well.
#[test]
fn a_value_that_is_kept_apart_is_stored_once() {
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    create(
        &db,
        StoreDefinition {
            placement: Placement::Segment,
            ..int_store("s")
        },
    );
    // A text that is found in the files, long enough to lie apart.
    let text = "only once in the files ".repeat(400);
    let value = Document::from_serialize(&text).unwrap();
    let tx = db.begin(Mode::Write).unwrap();
    tx.documents("s").unwrap().insert(&int(1), &value).unwrap();
    tx.commit().unwrap();
    db.checkpoint().unwrap();
    db.checkpoint().unwrap();
    let copies = |folder: &str| -> usize {
        let files = disk
            .list()
            .into_iter()
            .filter(|(path, _)| path.starts_with(folder));
        let found = files.map(|(path, _)| {
            let content = disk.copy_out(&path).unwrap();
            let wanted = text.as_bytes();
            (0..content.len())
                .filter(|at| content[*at..].starts_with(wanted))
                .count()
        });
        found.sum()
    };
    assert_eq!(copies("/db/data"), 1);
    // And it is read from there.
    drop(db);
    let db = options(&disk).open(FOLDER).unwrap();
    let tx = db.begin(Mode::Read).unwrap();
    let item = tx.documents("s").unwrap().get(&int(1)).unwrap().unwrap();
    assert_eq!(item.value, value);
}

/// There was code for recovery that nothing called.
#[test]
fn opening_after_the_process_died_recovers_by_itself() {
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    insert(&db, "s", 0..10);
    db.checkpoint().unwrap();
    insert(&db, "s", 10..20);
    let unfinished = db.begin(Mode::Write).unwrap();
    unfinished
        .documents("s")
        .unwrap()
        .insert(&int(99), &doc("99"))
        .unwrap();
    // What the process knew is gone with it; what it had told the system is not.
    let after = Arc::new(disk.after_process_end());
    let reopened: Database = options(&after).open(FOLDER).unwrap();
    assert!(
        reopened.recovery().replayed > 0,
        "{:?}",
        reopened.recovery()
    );
    assert_eq!(all(&reopened, "s"), (0..20).collect::<Vec<_>>());
    insert(&reopened, "s", [20]);
    assert_eq!(reopened.status().items, 21);
}

/// Numbers went through doubles, which do not tell these apart.
#[test]
fn integers_beyond_2_to_the_53_are_exact_as_keys_and_in_values() {
    let numbers = [
        (1 << 53) - 1,
        1 << 53,
        (1 << 53) + 1,
        i64::MAX as u64,
        u64::MAX - 1,
        u64::MAX,
    ];
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    create(&db, StoreDefinition::typed::<u64>("s"));
    db.transact(|tx| {
        let store = tx.store::<u64, (u64, i64)>("s")?;
        numbers
            .iter()
            .try_for_each(|n| store.insert(n, &(*n, (*n as i64).wrapping_neg())))
    })
    .unwrap();
    db.close().unwrap();
    let db = options(&disk).open(FOLDER).unwrap();
    let tx = db.begin(Mode::Read).unwrap();
    let store = tx.store::<u64, (u64, i64)>("s").unwrap();
    assert_eq!(store.len().unwrap(), numbers.len() as u64);
    for n in numbers {
        assert_eq!(store.get(&n).unwrap(), Some((n, (n as i64).wrapping_neg())));
    }
    // Also in a document that somebody else wrote as text, with digits that no type here has.
    let json =
        r#"{"big":12345678901234567890123456789,"exact":0.1000000000000000055511151231257827}"#;
    assert_eq!(doc(json).to_json(), json);
}
