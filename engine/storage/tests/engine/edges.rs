//! Uses of a transaction that are easy to get wrong, and what must come of them: an error or the
//! right thing, never a log that cannot be replayed.

use std::sync::Arc;

use sop::vfs::SimVfs;
use sop::vfs::sim::CrashPolicy;
use sop::{Database, Error, FieldType, KeySpec, KeyType, Mode, Schema, SchemaField, StoreChange};

use crate::support::*;

/// What the next process finds when this one dies now.
fn reopened(disk: &Arc<SimVfs>) -> Database {
    let after = Arc::new(disk.after_crash(CrashPolicy::LoseUnsynced));
    options(&after).open(FOLDER).unwrap()
}

#[test]
fn a_handle_of_a_store_that_the_transaction_dropped_is_of_no_use() {
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    insert(&db, "s", [1, 2]);

    let tx = db.begin(Mode::Write).unwrap();
    let s = tx.documents("s").unwrap();
    tx.drop_store("s").unwrap();
    for result in [
        s.insert(&int(3), &doc("3")).map(|_| true),
        s.upsert(&int(1), &doc("3")),
        s.update(&int(1), &doc("3")),
        s.remove(&int(1)),
        s.get(&int(1)).map(|_| true),
        s.len().map(|_| true),
    ] {
        assert!(
            matches!(result, Err(Error::StoreNotFound { .. })),
            "{result:?}"
        );
    }
    drop(s);
    tx.commit().unwrap();
    insert_elsewhere(&db);
    assert!(reopened(&disk).check().unwrap().is_clean());
}

fn insert_elsewhere(db: &Database) {
    create(db, int_store("other"));
    insert(db, "other", [1]);
}

#[test]
fn a_handle_of_a_store_that_was_made_and_dropped_again_is_of_no_use() {
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    let tx = db.begin(Mode::Write).unwrap();
    tx.create_store(int_store("s")).unwrap();
    let s = tx.documents("s").unwrap();
    s.insert(&int(1), &doc("1")).unwrap();
    tx.drop_store("s").unwrap();
    assert!(s.insert(&int(2), &doc("2")).is_err());
    // Neither does it reach the store that has the name now.
    tx.create_store(int_store("s")).unwrap();
    assert!(s.insert(&int(3), &doc("3")).is_err());
    drop(s);
    tx.commit().unwrap();
    assert!(all(&db, "s").is_empty());
    insert_elsewhere(&db);
    assert!(all(&reopened(&disk), "s").is_empty());
}

#[test]
fn a_handle_from_before_a_schema_enforces_the_schema() {
    let db = with_items([]);
    let tx = db.begin(Mode::Write).unwrap();
    let s = tx.documents("s").unwrap();
    let field = SchemaField {
        name: "n".into(),
        kind: FieldType::Integer,
        required: true,
    };
    let schema = Schema {
        declared: true,
        fields: vec![field],
    };
    let change = StoreChange {
        schema: Some(schema),
        ..StoreChange::default()
    };
    tx.alter_store("s", change).unwrap();
    let result = s.insert(&int(1), &doc("\"text\""));
    assert!(
        matches!(result, Err(Error::SchemaViolation { .. })),
        "{result:?}"
    );
    s.insert(&int(1), &doc("{\"n\":1}")).unwrap();
    drop(s);
    tx.commit().unwrap();
}

#[test]
fn an_item_written_many_times_in_a_transaction_counts_once_for_its_limit() {
    let db = with_items([]);
    let big = doc(&format!("\"{}\"", "0".repeat(1_000_000)));
    let tx = db.begin(Mode::Write).unwrap();
    let s = tx.documents("s").unwrap();
    for _ in 0..300 {
        s.upsert(&int(1), &big).unwrap();
        s.upsert(&int(2), &big).unwrap();
        s.remove(&int(2)).unwrap();
    }
    drop(s);
    tx.commit().unwrap();
    assert_eq!(all(&db, "s"), [1]);
}

#[test]
fn a_store_made_after_the_stores_were_listed_is_a_conflict() {
    let db = with_items([]);
    let tx = db.begin(Mode::Write).unwrap();
    let n = tx.stores().unwrap().len();
    let s = tx.documents("s").unwrap();
    s.insert(&int(0), &doc(&n.to_string())).unwrap();
    drop(s);
    create(&db, int_store("t"));
    assert!(tx.commit().unwrap_err().is_conflict());

    // Who lists nothing has no such conflict.
    let tx = db.begin(Mode::Write).unwrap();
    tx.documents("s")
        .unwrap()
        .insert(&int(0), &doc("0"))
        .unwrap();
    create(&db, int_store("u"));
    tx.commit().unwrap();
}

#[test]
fn a_backup_of_a_database_that_cannot_be_written_has_all_commits() {
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    insert(&db, "s", [1]);
    db.checkpoint().unwrap();
    insert(&db, "s", [2, 3]);
    // The writer dies; someone reads what is there and makes a copy.
    let left = Arc::new(disk.after_crash(CrashPolicy::LoseUnsynced));
    let reader = options(&left).read_only(true).open(FOLDER).unwrap();
    assert_eq!(all(&reader, "s"), [1, 2, 3]);
    reader.backup("/copy").unwrap();
    let copy = options(&left).open("/copy").unwrap();
    assert_eq!(all(&copy, "s"), [1, 2, 3]);
    assert_eq!(copy.sequence(), db.sequence());
    insert(&copy, "s", [4]);
    assert!(copy.check().unwrap().is_clean());
}

#[test]
fn keys_of_the_greatest_length_with_ids_can_be_written_and_replayed() {
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    let mut definition = sop::StoreDefinition::new("s", KeySpec::single(KeyType::String));
    definition.unique = false;
    create(&db, definition);
    let key = |n: usize| sop::Key::from("k".repeat(n).as_str());
    let longest = sop::key::MAX_KEY_BYTES - 2;
    db.transact(|tx| {
        let s = tx.documents("s")?;
        s.insert(&key(longest), &doc("1"))?;
        s.insert(&key(longest), &doc("2"))?;
        assert!(s.insert(&key(longest + 1), &doc("3")).is_err());
        Ok(())
    })
    .unwrap();
    db.checkpoint().unwrap();
    for db in [&db, &reopened(&disk)] {
        assert_eq!(db.status().items, 2);
        assert!(db.check().unwrap().is_clean());
    }
}
