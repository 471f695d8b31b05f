//! Transactions that meet in a store whose keys are compared.

use std::sync::atomic::{AtomicI64, Ordering};

use sop::{Mode, Transaction};

use super::*;

const DESCENDING: &str = "compare(mapY.n, mapX.n)";

fn number(n: i64) -> Key {
    Key::composite([n])
}

fn insert_one(tx: &Transaction, n: i64) {
    let store = tx.documents("s").unwrap();
    store.insert(&number(n), &doc(&n.to_string())).unwrap();
}

fn database(items: impl IntoIterator<Item = i64>) -> Database {
    let db = memory();
    create(&db, store("s", numbers(DESCENDING)));
    insert(&db, "s", items);
    db
}

/// Runs both beside each other and answers whether the second one has a conflict.
fn meet(db: &Database, first: impl Fn(&Transaction), second: impl Fn(&Transaction)) -> bool {
    let (a, b) = (
        db.begin(Mode::Write).unwrap(),
        db.begin(Mode::Write).unwrap(),
    );
    second(&b);
    first(&a);
    a.commit().unwrap();
    let conflict = match b.commit() {
        Ok(_) => false,
        Err(error) => {
            assert!(error.is_conflict(), "{error}");
            true
        }
    };
    check_clean(db);
    conflict
}

#[test]
fn two_inserts_into_one_gap_conflict_and_never_stand_in_the_wrong_order() {
    for (one, other) in [(13, 17), (17, 13)] {
        let db = database([10, 20, 30]);
        assert!(meet(
            &db,
            |tx| insert_one(tx, one),
            |tx| insert_one(tx, other)
        ));
        db.transact(|tx| {
            tx.documents("s")?
                .insert(&number(other), &doc("1"))
                .map(drop)
        })
        .unwrap();
        assert_eq!(all(&db, "s"), [30, 20, 17, 13, 10]);
        check_clean(&db);
    }
    // Also where there is nothing yet.
    let db = database([]);
    assert!(meet(&db, |tx| insert_one(tx, 1), |tx| insert_one(tx, 2)));
}

#[test]
fn inserts_into_different_gaps_and_changes_of_neighbours_values_do_not_conflict() {
    let db = database([10, 20, 30]);
    assert!(!meet(&db, |tx| insert_one(tx, 15), |tx| insert_one(tx, 25)));
    let update = |tx: &Transaction| {
        let store = tx.documents("s").unwrap();
        assert!(store.update(&number(10), &doc("11")).unwrap());
        assert!(!store.upsert(&number(15), &doc("16")).unwrap());
    };
    assert!(!meet(&db, update, |tx| insert_one(tx, 12)));
    assert!(!meet(&db, |tx| insert_one(tx, 13), update));
    assert_eq!(all(&db, "s"), [30, 25, 20, 15, 13, 12, 10]);
}

#[test]
fn an_insert_conflicts_with_the_removal_of_its_neighbour() {
    let db = database([10, 20, 30]);
    let remove =
        |tx: &Transaction| assert!(tx.documents("s").unwrap().remove(&number(20)).unwrap());
    assert!(meet(&db, remove, |tx| insert_one(tx, 25)));
    let db = database([10, 20, 30]);
    assert!(!meet(&db, |tx| insert_one(tx, 25), remove));
    assert_eq!(all(&db, "s"), [30, 25, 10]);
}

#[test]
fn a_miss_and_a_rank_conflict_with_what_comes_into_their_gap() {
    let db = database([10, 20, 30]);
    let miss = |tx: &Transaction| {
        let store = tx.documents("s").unwrap();
        assert!(store.get(&number(15)).unwrap().is_none());
        store.insert(&number(100), &doc("1")).unwrap();
    };
    assert!(meet(&db, |tx| insert_one(tx, 16), miss));
    let db = database([10, 20, 30]);
    let rank = |tx: &Transaction| {
        let store = tx.documents("s").unwrap();
        assert_eq!(store.rank(&number(15)).unwrap(), 2);
        store.update(&number(10), &doc("1")).unwrap();
    };
    assert!(meet(&db, |tx| insert_one(tx, 16), rank));
}

#[test]
fn a_key_that_is_removed_and_comes_back_elsewhere_is_not_overlooked() {
    // Between the snapshot and the commit of the second transaction its neighbour goes, and another
    // item takes a place that the neighbour's label would have divided from the new one.
    let db = database([10, 20, 30]);
    let late = db.begin(Mode::Write).unwrap();
    insert_one(&late, 19);
    for step in 0..2 {
        db.transact(|tx| {
            let store = tx.documents("s")?;
            match step {
                0 => store.remove(&number(20)).map(drop),
                _ => store.insert(&number(18), &doc("1")).map(drop),
            }
        })
        .unwrap();
    }
    assert!(late.commit().unwrap_err().is_conflict());
    check_clean(&db);
}

#[test]
fn many_threads_insert_and_remove_and_the_order_holds() {
    for unique in [true, false] {
        let db = memory();
        create(
            &db,
            sop::StoreDefinition {
                unique,
                ..store("s", numbers(DESCENDING))
            },
        );
        let inserted = AtomicI64::new(0);
        std::thread::scope(|scope| {
            for thread in 0..4_i64 {
                let (db, inserted) = (&db, &inserted);
                scope.spawn(move || {
                    for i in 0..60_i64 {
                        let n = (i * 37 + thread * 11) % 97;
                        db.transact(|tx| {
                            let store = tx.documents("s")?;
                            if store.insert_if_absent(&number(n), &doc("1"))? {
                                return Ok(1);
                            }
                            store.remove(&number(n))?;
                            Ok(-1)
                        })
                        .map(|change| inserted.fetch_add(change, Ordering::Relaxed))
                        .unwrap();
                    }
                });
            }
        });
        let found = all(&db, "s");
        assert_eq!(found.len() as i64, inserted.load(Ordering::Relaxed));
        assert!(found.windows(2).all(|pair| pair[0] > pair[1]), "{found:?}");
        check_clean(&db);
    }
}
