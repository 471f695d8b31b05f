//! Stores that allow a key several times.

use sop::{Direction, KeyRange, Mode, StoreDefinition};

use crate::support::*;

fn duplicates() -> StoreDefinition {
    StoreDefinition {
        unique: false,
        ..int_store("d")
    }
}

#[test]
fn both_transactions_keep_their_item_each_with_an_id() {
    let db = memory();
    create(&db, duplicates());
    let (a, b) = (
        db.begin(Mode::Write).unwrap(),
        db.begin(Mode::Write).unwrap(),
    );
    let x = a
        .documents("d")
        .unwrap()
        .insert(&int(1), &doc("\"a\""))
        .unwrap();
    let y = b
        .documents("d")
        .unwrap()
        .insert(&int(1), &doc("\"b\""))
        .unwrap();
    assert_ne!(x.id, y.id);
    a.commit().unwrap();
    b.commit().unwrap();
    let tx = db.begin(Mode::Read).unwrap();
    let s = tx.documents("d").unwrap();
    assert_eq!(s.len().unwrap(), 2);
    assert_eq!(s.count(&between(1, 1)).unwrap(), 2);
    for (id, want) in [(x.id, "\"a\""), (y.id, "\"b\"")] {
        assert_eq!(
            value(s.get_id(&int(1), id.unwrap()).unwrap()),
            Some(want.into())
        );
    }
}

#[test]
fn insert_if_absent_of_two_transactions_never_makes_two() {
    for definition in [
        duplicates(),
        StoreDefinition {
            unique: true,
            ..duplicates()
        },
    ] {
        let db = memory();
        create(&db, definition);
        let (a, b) = (
            db.begin(Mode::Write).unwrap(),
            db.begin(Mode::Write).unwrap(),
        );
        assert!(
            a.documents("d")
                .unwrap()
                .insert_if_absent(&int(1), &doc("1"))
                .unwrap()
        );
        assert!(
            b.documents("d")
                .unwrap()
                .insert_if_absent(&int(1), &doc("2"))
                .unwrap()
        );
        assert!(
            !b.documents("d")
                .unwrap()
                .insert_if_absent(&int(1), &doc("2"))
                .unwrap()
        );
        a.commit().unwrap();
        assert!(b.commit().is_err());
        assert_eq!(all(&db, "d"), [1]);
    }
}

#[test]
fn ids_survive_reopening_and_are_never_given_twice() {
    let disk = disk();
    let mut ids = Vec::new();
    for round in 0..3 {
        let db = options(&disk).open(FOLDER).unwrap();
        if round == 0 {
            create(&db, duplicates());
        }
        let tx = db.begin(Mode::Write).unwrap();
        let s = tx.documents("d").unwrap();
        ids.push(s.insert(&int(5), &doc("0")).unwrap().id.unwrap());
        ids.push(s.insert(&int(5), &doc("0")).unwrap().id.unwrap());
        tx.commit().unwrap();
        if round == 1 {
            db.checkpoint().unwrap();
        }
    }
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len());
    let db = options(&disk).open(FOLDER).unwrap();
    let tx = db.begin(Mode::Write).unwrap();
    let s = tx.documents("d").unwrap();
    assert!(s.remove_id(&int(5), ids[2]).unwrap());
    assert!(!s.remove_id(&int(5), ids[2]).unwrap());
    let seen: Vec<_> = s
        .range(&KeyRange::all(), Direction::Forward)
        .unwrap()
        .map(|i| i.unwrap().id.unwrap())
        .collect();
    assert_eq!(seen, [ids[0], ids[1], ids[3], ids[4], ids[5]]);
}
