//! Indexes: always what the items say, whichever way a write comes, at any moment of being built.

mod model;

use sop::key::{AnyValue, KeyField, Timestamp};
use sop::{
    CelExpression, Database, Direction, Error, IndexDefinition, IndexField, IndexState, Key,
    KeyRange, KeySpec, KeyType, KeyValue, Mode, Order, StoreChange, StoreDefinition,
};

use crate::support::*;

fn index(name: &str, fields: &[&str]) -> IndexDefinition {
    IndexDefinition::new(name, "s", fields)
}

fn make_index(db: &Database, definition: &IndexDefinition) {
    db.transact(|tx| tx.create_index(definition)).unwrap();
}

fn put(db: &Database, key: i64, json: &str) {
    let value = doc(json);
    db.transact(|tx| tx.documents("s")?.upsert(&int(key), &value).map(drop))
        .unwrap();
}

/// Entries as the JSON of their keys, in their order.
fn entries(db: &Database, name: &str) -> Vec<String> {
    let tx = db.begin(Mode::Read).unwrap();
    let store = tx.documents(name).unwrap();
    let spec = store.definition().key.clone();
    let items = store.range(&KeyRange::all(), Direction::Forward).unwrap();
    items
        .map(|item| spec.key_to_json(&item.unwrap().key).to_string())
        .collect()
}

fn assert_clean(db: &Database) {
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{:?}", report.problems);
}

#[test]
fn entries_follow_their_items() {
    let db = memory();
    create(&db, int_store("s"));
    make_index(&db, &index("by_user", &["user"]));
    for (key, user) in [
        (1, "7"),
        (2, "\"ann\""),
        (3, "7.0"),
        (4, "null"),
        (5, "[1]"),
        (6, "true"),
    ] {
        put(&db, key, &format!("{{\"user\":{user},\"n\":1}}"));
    }
    put(&db, 7, "{}");
    assert_eq!(
        entries(&db, "by_user"),
        [
            r#"{"user":null,"key":4}"#,
            r#"{"user":null,"key":7}"#,
            r#"{"user":1,"key":6}"#,
            r#"{"user":7,"key":1}"#,
            r#"{"user":7,"key":3}"#,
            r#"{"user":"[1]","key":5}"#,
            r#"{"user":"ann","key":2}"#,
        ]
    );
    let before = db.sequence();
    put(&db, 1, "{\"user\":7,\"n\":2}");
    let tx = db.begin(Mode::Read).unwrap();
    let by_user = tx.documents("by_user").unwrap();
    let versions: Vec<u64> = by_user
        .range(&KeyRange::all(), Direction::Forward)
        .unwrap()
        .map(|item| item.unwrap().version)
        .collect();
    assert!(
        versions.iter().all(|version| *version <= before),
        "an entry was written for nothing"
    );
    drop(by_user);
    drop(tx);
    db.transact(|tx| {
        let s = tx.documents("s")?;
        s.remove(&int(2))?;
        s.update(&int(4), &doc("{\"user\":0.5}"))?;
        s.remove(&int(7))?;
        s.insert(&int(7), &doc("{\"user\":9}"))?;
        s.remove(&int(7))?;
        // Seen at once, and counted.
        let by_user = tx.documents("by_user")?;
        assert_eq!(by_user.len()?, 5);
        Ok(())
    })
    .unwrap();
    assert_eq!(entries(&db, "by_user")[0], r#"{"user":0.5,"key":4}"#);
    assert_eq!(entries(&db, "by_user").len(), 5);
    assert_clean(&db);
}

#[test]
fn an_index_is_not_written_to_and_goes_with_its_store() {
    let db = with_items(1..4);
    make_index(&db, &index("i", &["a"]));
    let tx = db.begin(Mode::Write).unwrap();
    let i = tx.documents("i").unwrap();
    let is_index = |result: Result<(), Error>| matches!(result, Err(Error::IsIndex { .. }));
    let key = Key::composite([KeyValue::Null, KeyValue::I64(1)]);
    assert!(is_index(i.upsert(&key, &doc("1")).map(drop)));
    assert!(is_index(i.remove(&key).map(drop)));
    assert!(is_index(tx.drop_store("i")));
    let schema = Some(sop::Schema::default());
    assert!(is_index(tx.alter_store(
        "i",
        StoreChange {
            schema,
            ..StoreChange::default()
        }
    )));
    assert!(matches!(tx.drop_index("s"), Err(Error::NotAnIndex { .. })));
    let again = tx.create_index(&index("i", &["b"]));
    assert!(matches!(again, Err(Error::StoreExists { .. })));
    let copy = StoreDefinition {
        name: "copy".to_owned(),
        ..i.definition().clone()
    };
    assert!(matches!(
        tx.create_store(copy),
        Err(Error::InvalidDefinition { .. })
    ));
    let of_index = IndexDefinition::new("j", "i", &["a"]);
    assert!(matches!(
        tx.create_index(&of_index),
        Err(Error::InvalidDefinition { .. })
    ));
    drop(i);
    tx.drop_store("s").unwrap();
    assert!(tx.documents("i").is_err());
    tx.create_store(int_store("s")).unwrap();
    tx.documents("s")
        .unwrap()
        .insert(&int(1), &doc("{\"a\":1}"))
        .unwrap();
    tx.commit().unwrap();
    assert_eq!(db.status().stores, 1);
    assert_clean(&db);
}

#[test]
fn definitions_that_cannot_be() {
    let db = memory();
    let times = KeySpec::composite(
        vec![
            KeyField::new("at", KeyType::Timestamp),
            KeyField::new("n", KeyType::U64),
        ],
        Vec::new(),
    );
    create(&db, StoreDefinition::new("s", times.unwrap()));
    let compared = CelExpression::Compare("mapX.n - mapY.n".to_owned());
    let n = KeySpec::composite(vec![KeyField::new("n", KeyType::I64)], Vec::new()).unwrap();
    create(
        &db,
        StoreDefinition::new("c", n.ordered_by(compared).unwrap()),
    );
    let tx = db.begin(Mode::Write).unwrap();
    let fails = |definition: IndexDefinition, part: &str| {
        let error = tx.create_index(&definition).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    fails(index("i", &[]), "1 to 8");
    fails(index("i", &["a", "a"]), "twice");
    fails(index("i", &["a..b"]), "empty step");
    fails(
        index("i", &["a", "b", "c", "d", "e", "f", "g", "h", "i"]),
        "found 9",
    );
    for (field, part) in [("at", "timestamp"), ("n", "u64"), ("m", "no ordered field")] {
        let fields = vec![IndexField::key(field)];
        fails(
            IndexDefinition {
                fields,
                ..index("i", &[])
            },
            part,
        );
    }
    fails(IndexDefinition::new("i", "c", &["a"]), "comparer");
    assert!(matches!(
        tx.create_index(&IndexDefinition::new("i", "x", &["a"])),
        Err(Error::StoreNotFound { .. })
    ));
}

fn state(db: &Database, store: &str, name: &str) -> (IndexState, u64) {
    let tx = db.begin(Mode::Read).unwrap();
    let indexes = tx.documents(store).unwrap().info().unwrap().indexes;
    let found = indexes.iter().find(|index| index.name == name).unwrap();
    (found.state, found.entries)
}

#[test]
fn an_index_over_items_is_built_and_kept_meanwhile() {
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    insert(&db, "s", 0..2_500);
    make_index(&db, &index("i", &["a"]));
    assert_eq!(state(&db, "s", "i"), (IndexState::Building, 0));
    put(&db, 5, "{\"a\":1}");
    put(&db, 5, "{\"a\":2}");
    put(&db, 9_000, "{\"a\":3}");
    db.transact(|tx| tx.documents("s")?.remove(&int(6)).map(drop))
        .unwrap();
    assert_eq!(state(&db, "s", "i"), (IndexState::Building, 2));
    assert_clean(&db);
    db.close().unwrap();
    let db = options(&disk).open(FOLDER).unwrap();
    assert_eq!(state(&db, "s", "i"), (IndexState::Building, 2));
    db.build_indexes().unwrap();
    assert_eq!(state(&db, "s", "i"), (IndexState::Ready, 2_500));
    assert_clean(&db);
    db.build_index("i").unwrap();
}

#[test]
fn the_background_thread_builds() {
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    insert(&db, "s", 0..3_000);
    make_index(&db, &index("i", &["a"]));
    db.close().unwrap();
    let db = options(&disk).background(true).open(FOLDER).unwrap();
    make_index(&db, &index("j", &["b"]));
    // Beside the thread, until both are ready.
    db.build_indexes().unwrap();
    assert_eq!(state(&db, "s", "i"), (IndexState::Ready, 3_000));
    assert_eq!(state(&db, "s", "j"), (IndexState::Ready, 3_000));
    assert_clean(&db);
    make_index(&db, &index("k", &["c"]));
    db.close().unwrap();
}

#[test]
fn different_items_with_one_indexed_value_do_not_conflict() {
    let db = memory();
    create(&db, int_store("s"));
    make_index(&db, &index("i", &["a"]));
    put(&db, 1, "{\"a\":1}");
    put(&db, 2, "{\"a\":1}");
    let begin = || db.begin(Mode::Write).unwrap();
    let (a, b, c, d) = (begin(), begin(), begin(), begin());
    a.documents("s")
        .unwrap()
        .insert(&int(3), &doc("{\"a\":1}"))
        .unwrap();
    b.documents("s")
        .unwrap()
        .update(&int(1), &doc("{\"a\":2}"))
        .unwrap();
    c.documents("s").unwrap().remove(&int(2)).unwrap();
    // A reader of the value meets those that come and go.
    let range = KeyRange::starting_with(vec![1]);
    d.documents("i").unwrap().count(&range).unwrap();
    create(&db, int_store("t"));
    d.documents("t").unwrap_err();
    for tx in [a, b, c] {
        tx.commit().unwrap();
    }
    let d = db.begin(Mode::Write).unwrap();
    d.documents("i").unwrap().count(&range).unwrap();
    d.documents("t")
        .unwrap()
        .insert(&int(1), &doc("1"))
        .unwrap();
    put(&db, 4, "{\"a\":5}");
    assert!(d.commit().unwrap_err().is_conflict());
    assert_clean(&db);
}

#[test]
fn who_writes_while_an_index_is_made_or_dropped_runs_again() {
    let db = with_items(0..10);
    let writer = db.begin(Mode::Write).unwrap();
    writer
        .documents("s")
        .unwrap()
        .insert(&int(50), &doc("1"))
        .unwrap();
    make_index(&db, &index("i", &["a"]));
    assert!(writer.commit().unwrap_err().is_conflict());
    let writer = db.begin(Mode::Write).unwrap();
    writer
        .documents("s")
        .unwrap()
        .insert(&int(50), &doc("1"))
        .unwrap();
    db.transact(|tx| tx.drop_index("i")).unwrap();
    assert!(writer.commit().unwrap_err().is_conflict());
    make_index(&db, &index("i", &["a"]));
    let writer = db.begin(Mode::Write).unwrap();
    writer
        .documents("s")
        .unwrap()
        .insert(&int(50), &doc("1"))
        .unwrap();
    db.build_indexes().unwrap();
    // That it became ready is nothing to who keeps it anyway.
    writer.commit().unwrap();
    assert_clean(&db);
}

#[test]
fn a_prepared_transaction_carries_the_entries() {
    let db = memory();
    create(&db, int_store("s"));
    make_index(&db, &index("i", &["a"]));
    let tx = db.begin(Mode::Write).unwrap();
    tx.documents("s")
        .unwrap()
        .insert(&int(1), &doc("{\"a\":1}"))
        .unwrap();
    tx.prepare("p").unwrap();
    let drop = db.begin(Mode::Write).unwrap();
    drop.drop_index("i").unwrap();
    assert!(drop.commit().unwrap_err().is_conflict());
    db.commit_prepared("p").unwrap();
    assert_eq!(entries(&db, "i").len(), 1);
    assert_clean(&db);
}

#[test]
fn a_unique_index_refuses_a_second_item() {
    let db = memory();
    create(&db, int_store("s"));
    make_index(
        &db,
        &IndexDefinition {
            unique: true,
            ..index("u", &["a", "b"])
        },
    );
    put(&db, 1, "{\"a\":1,\"b\":\"x\"}");
    for json in ["{\"a\":1}", "{\"b\":\"x\"}", "{\"a\":1,\"b\":null}", "{}"] {
        put(&db, 100 + json.len() as i64, json);
    }
    let tx = db.begin(Mode::Write).unwrap();
    let s = tx.documents("s").unwrap();
    let error = s
        .insert(&int(2), &doc("{\"a\":1.0,\"b\":\"x\"}"))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "store \"s\", key 2: the index \"u\" allows 1, \"x\" in a, b once, and the item 1 has it already"
    );
    // The transaction goes on; the item itself may keep or take the values.
    s.update(&int(1), &doc("{\"a\":1,\"b\":\"x\",\"c\":1}"))
        .unwrap();
    s.update(&int(1), &doc("{\"a\":2,\"b\":\"x\"}")).unwrap();
    s.insert(&int(2), &doc("{\"a\":1,\"b\":\"x\"}")).unwrap();
    let long = format!("{{\"a\":1,\"b\":\"{}\"}}", "y".repeat(2_000));
    let error = s.insert(&int(3), &doc(&long)).unwrap_err().to_string();
    assert!(error.contains("too long for the unique index"), "{error}");
    drop(s);
    tx.commit().unwrap();
    let (a, b) = (
        db.begin(Mode::Write).unwrap(),
        db.begin(Mode::Write).unwrap(),
    );
    a.documents("s")
        .unwrap()
        .insert(&int(8), &doc("{\"a\":8,\"b\":8}"))
        .unwrap();
    b.documents("s")
        .unwrap()
        .insert(&int(9), &doc("{\"a\":8,\"b\":8}"))
        .unwrap();
    a.commit().unwrap();
    assert!(b.commit().unwrap_err().is_conflict());
    assert_clean(&db);
}

#[test]
fn a_unique_index_that_cannot_be_built_is_dropped() {
    let db = memory();
    create(&db, int_store("s"));
    put(&db, 1, "{\"a\":1}");
    put(&db, 2, "{\"a\":1}");
    make_index(
        &db,
        &IndexDefinition {
            unique: true,
            ..index("u", &["a"])
        },
    );
    let error = db.build_indexes().unwrap_err();
    assert!(matches!(error, Error::NotUnique { .. }), "{error}");
    assert!(db.begin(Mode::Read).unwrap().documents("u").is_err());
    assert!(db.status().index_failure.unwrap().contains("\"u\""));
    put(&db, 3, "{\"a\":1}");
    assert_clean(&db);
}

/// The source's positions, read from the entries of an index.
fn positions(db: &Database, name: &str) -> Vec<Vec<u8>> {
    let tx = db.begin(Mode::Read).unwrap();
    let (index, source) = (tx.documents(name).unwrap(), tx.documents("s").unwrap());
    let reader = sop::EntryReader::new(index.definition(), source.definition()).unwrap();
    let items = index.range(&KeyRange::all(), Direction::Forward).unwrap();
    items
        .map(|item| {
            let mut position = Vec::new();
            reader
                .position(&item.unwrap().position, &mut position)
                .unwrap();
            assert!(source.get_at(&position).unwrap().is_some());
            position
        })
        .collect()
}

#[test]
fn entries_lead_to_items_of_stores_of_all_kinds() {
    let fields = vec![
        KeyField::new("t", KeyType::Timestamp).descending(),
        KeyField::new("n", KeyType::String),
    ];
    let riding = vec![sop::RideOnField::new("ride", KeyType::I64)];
    let composite = KeySpec::composite(fields.clone(), riding).unwrap();
    let plain = KeySpec::composite(fields[1..].to_vec(), composite.ride_on().to_vec()).unwrap();
    assert!(!plain.ride_on().is_empty());
    let sort_key = CelExpression::SortKey("key.n.size()".to_owned());
    let sorted = composite.clone().ordered_by(sort_key).unwrap();
    for (key, unique) in [
        (composite.clone(), true),
        (composite, false),
        (sorted.clone(), true),
        (sorted, false),
    ] {
        let db = memory();
        create(
            &db,
            StoreDefinition {
                unique,
                ..StoreDefinition::new("s", key)
            },
        );
        let by_n = IndexDefinition {
            fields: vec![IndexField::value("a").descending(), IndexField::key("n")],
            ..index("i", &[])
        };
        make_index(&db, &by_n);
        db.transact(|tx| {
            let s = tx.documents("s")?;
            for i in 0..20_i64 {
                let at: Timestamp = format!("2024-01-{:02}T10:00:00+02:00", 1 + i % 9)
                    .parse()
                    .unwrap();
                let n = KeyValue::String("x".repeat(i as usize % 7 + i as usize));
                let key = Key::composite([KeyValue::Timestamp(at), n]);
                s.insert(&key, &doc(&format!("{{\"a\":{}}}", i % 3)))?;
            }
            Ok(())
        })
        .unwrap();
        let mut found = positions(&db, "i");
        assert_eq!(found.len(), 20);
        found.sort();
        found.dedup();
        assert_eq!(found.len(), 20);
        assert_clean(&db);
    }
}

#[test]
fn keys_of_indexes_read_back_and_other_stores_have_none() {
    // Made by hand: the keys of an index read back as values that were written.
    let key = Key::composite([KeyValue::Any(AnyValue::Integer(1)), KeyValue::I64(2)]);
    let fields = vec![
        KeyField::new("a", KeyType::Any),
        KeyField::new("key", KeyType::I64),
    ];
    let spec = KeySpec::composite(fields, Vec::new()).unwrap();
    let encoded = spec.encode(&key).unwrap();
    assert_eq!(spec.decode(&encoded.order, &[]).unwrap(), key);
    let json = spec.key_to_json(&key);
    assert_eq!(spec.key_from_json(&json).unwrap(), key);
    assert_eq!(spec.fields()[0].order, Order::Asc);
    // A store that is no index has no such keys.
    let store = StoreDefinition::new("s", spec);
    assert!(matches!(
        store.validate(),
        Err(Error::InvalidDefinition { .. })
    ));
}
