//! Creating, altering and dropping stores; definitions; locks; read-only opening.

use sop::{Error, FieldType, Mode, OpenOptions, Schema, SchemaField, StoreChange, StoreDefinition};

use crate::support::*;

#[test]
fn a_missing_store_is_an_error_that_names_the_nearest() {
    let db = memory();
    create(&db, int_store("customers"));
    let tx = db.begin(Mode::Read).unwrap();
    match tx.documents("custmers") {
        Err(Error::StoreNotFound { name, suggestions }) => {
            assert_eq!(
                (name.as_str(), suggestions.as_slice()),
                ("custmers", &["customers".to_owned()][..])
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn creating_a_store_again_is_an_error_and_leaves_nothing_over() {
    let db = with_items([1]);
    let tx = db.begin(Mode::Write).unwrap();
    let other = StoreDefinition {
        slot_length: 4,
        ..int_store("s")
    };
    for (definition, same) in [(other, false), (int_store("s"), true)] {
        match tx.create_store(definition) {
            Err(Error::StoreExists {
                name,
                same_structure,
            }) => assert_eq!((name.as_str(), same_structure), ("s", same)),
            other => panic!("{other:?}"),
        }
    }
    tx.commit().unwrap();
    assert_eq!(all(&db, "s"), [1]);
}

#[test]
fn rolling_back_the_creator_leaves_no_trace_and_hurts_nobody() {
    let db = memory();
    let creator = db.begin(Mode::Write).unwrap();
    creator.create_store(int_store("s")).unwrap();
    creator
        .documents("s")
        .unwrap()
        .insert(&int(1), &doc("1"))
        .unwrap();
    create(&db, int_store("s"));
    insert(&db, "s", [2, 3]);
    creator.rollback();
    assert_eq!(all(&db, "s"), [2, 3]);
    let late = db.begin(Mode::Write).unwrap();
    late.create_store(int_store("t")).unwrap();
    late.rollback();
    assert_eq!(db.begin(Mode::Read).unwrap().stores().unwrap().len(), 1);
}

#[test]
fn a_store_that_is_dropped_meanwhile_is_a_conflict_for_its_writer() {
    let db = with_items([1]);
    let writer = db.begin(Mode::Write).unwrap();
    writer
        .documents("s")
        .unwrap()
        .insert(&int(2), &doc("2"))
        .unwrap();
    db.transact(|tx| tx.drop_store("s")).unwrap();
    assert!(matches!(writer.commit(), Err(Error::Conflict { .. })));
    assert!(db.begin(Mode::Read).unwrap().stores().unwrap().is_empty());
}

#[test]
fn a_store_dropped_and_made_again_in_one_transaction_is_empty() {
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    insert(&db, "s", 0..100);
    db.transact(|tx| {
        tx.drop_store("s")?;
        tx.create_store(StoreDefinition {
            unique: false,
            ..int_store("s")
        })?;
        tx.documents("s")?.insert(&int(7), &doc("7"))
    })
    .unwrap();
    drop(db);
    let db = options(&disk).open(FOLDER).unwrap();
    assert_eq!(all(&db, "s"), [7]);
}

#[test]
fn a_declared_schema_is_enforced_with_the_field_and_when_it_is_declared_later() {
    let db = memory();
    let schema = Schema {
        declared: true,
        fields: vec![SchemaField {
            name: "total".into(),
            kind: FieldType::Number,
            required: true,
        }],
    };
    create(
        &db,
        StoreDefinition {
            schema: schema.clone(),
            ..int_store("s")
        },
    );
    create(&db, int_store("t"));
    let tx = db.begin(Mode::Write).unwrap();
    let s = tx.documents("s").unwrap();
    s.insert(&int(1), &doc(r#"{"total":1.10}"#)).unwrap();
    for (bad, words) in [
        ("{}", "required"),
        (r#"{"total":"x"}"#, "must be number"),
        ("3", "not an object"),
    ] {
        match s.insert(&int(2), &doc(bad)) {
            Err(Error::SchemaViolation { store, detail, .. }) => {
                assert!(store == "s" && detail.contains(words), "{detail}");
            }
            other => panic!("{other:?}"),
        }
    }
    tx.documents("t")
        .unwrap()
        .insert(&int(9), &doc("{}"))
        .unwrap();
    tx.commit().unwrap();
    let declare = |name: &str| {
        db.transact(|tx| {
            tx.alter_store(
                name,
                StoreChange {
                    schema: Some(schema.clone()),
                    ..StoreChange::default()
                },
            )
        })
    };
    assert!(matches!(declare("t"), Err(Error::SchemaViolation { ref key, .. }) if key == "9"));
    declare("s").unwrap();
}

#[test]
fn metadata_changes_beside_writers_and_survives_reopening() {
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    let writer = db.begin(Mode::Write).unwrap();
    writer
        .documents("s")
        .unwrap()
        .insert(&int(1), &doc("1"))
        .unwrap();
    let describe = StoreChange {
        description: Some("Ünïcode".into()),
        ..StoreChange::default()
    };
    db.transact(|tx| tx.alter_store("s", describe.clone()))
        .unwrap();
    writer.commit().unwrap();
    drop(db);
    let db = options(&disk).open(FOLDER).unwrap();
    let tx = db.begin(Mode::Read).unwrap();
    assert_eq!(
        tx.documents("s").unwrap().definition().description,
        "Ünïcode"
    );
    assert_eq!(tx.documents("s").unwrap().len().unwrap(), 1);
}

#[test]
fn definitions_that_break_a_rule_are_refused_by_field() {
    let db = memory();
    let tx = db.begin(Mode::Write).unwrap();
    let bad = [
        (
            "name",
            StoreDefinition {
                name: String::new(),
                ..int_store("s")
            },
        ),
        ("name", int_store("a/b")),
        ("name", int_store(&"x".repeat(129))),
        (
            "slot_length",
            StoreDefinition {
                slot_length: 1,
                ..int_store("s")
            },
        ),
        (
            "slot_length",
            StoreDefinition {
                slot_length: 20_001,
                ..int_store("s")
            },
        ),
    ];
    for (field, definition) in bad {
        match tx.create_store(definition) {
            Err(Error::InvalidDefinition { field: found, .. }) => assert_eq!(found, field),
            other => panic!("{other:?}"),
        }
    }
    assert!(tx.stores().unwrap().is_empty());
}

#[test]
fn a_second_writer_is_refused_and_told_who_holds_the_lock() {
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    insert(&db, "s", [1]);
    match options(&disk).open(FOLDER) {
        Err(Error::Locked { holder }) => {
            assert!(holder.contains(&std::process::id().to_string()), "{holder}");
        }
        other => panic!("{other:?}"),
    }
    let reader = options(&disk).read_only(true).open(FOLDER).unwrap();
    assert_eq!(all(&reader, "s"), [1]);
    assert!(matches!(
        reader.begin(Mode::Write),
        Err(Error::ReadOnly { .. })
    ));
    db.close().unwrap();
    options(&disk).open(FOLDER).unwrap();
}

#[test]
fn opening_for_reading_writes_nothing() {
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    create(&db, int_store("s"));
    insert(&db, "s", 0..500);
    drop(db);
    let operations = disk.operations();
    let reader = options(&disk).read_only(true).open(FOLDER).unwrap();
    assert_eq!(all(&reader, "s").len(), 500);
    assert!(reader.check().unwrap().is_clean());
    drop(reader);
    assert_eq!(disk.operations(), operations);
}

#[test]
fn a_folder_that_holds_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("thesis.txt"), "years of work").unwrap();
    assert!(matches!(
        OpenOptions::new().open(folder.path()),
        Err(Error::NotADatabase { .. })
    ));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let missing = folder.path().join("missing");
    let opened = OpenOptions::new().create(false).open(&missing);
    assert!(matches!(opened, Err(Error::NotADatabase { .. })));
    assert!(!missing.exists());
}

#[test]
fn a_backup_of_an_open_database_is_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let db = sop::Database::open(folder.path().join("db")).unwrap();
    create(&db, int_store("s"));
    insert(&db, "s", 0..1_000);
    let copy = folder.path().join("copy");
    db.backup(&copy).unwrap();
    insert(&db, "s", 1_000..1_100);
    assert!(matches!(db.backup(&copy), Err(Error::NotADatabase { .. })));
    let copy = sop::Database::open(&copy).unwrap();
    assert_eq!(all(&copy, "s").len(), 1_000);
    assert!(copy.check().unwrap().is_clean());
    insert(&copy, "s", [5_000]);
    assert_eq!(copy.id(), db.id());
}

#[test]
fn a_renamed_store_keeps_its_items_also_after_a_restart() {
    let disk = disk();
    let db = options(&disk).open("/db").unwrap();
    create(&db, int_store("s"));
    insert(&db, "s", [1, 2, 3]);
    let tx = db.begin(Mode::Write).unwrap();
    tx.documents("s")
        .unwrap()
        .insert(&int(4), &doc("4"))
        .unwrap();
    tx.rename_store("s", "t").unwrap();
    assert!(matches!(
        tx.documents("s"),
        Err(Error::StoreNotFound { .. })
    ));
    tx.documents("t")
        .unwrap()
        .insert(&int(5), &doc("5"))
        .unwrap();
    // The old name is free again, in the same transaction.
    tx.create_store(int_store("s")).unwrap();
    tx.commit().unwrap();
    let check = |db: &sop::Database| {
        assert_eq!(all(db, "t"), [1, 2, 3, 4, 5]);
        assert!(all(db, "s").is_empty());
        assert!(db.check().unwrap().is_clean());
    };
    check(&db);
    drop(db);
    let db = options(&disk).open("/db").unwrap();
    check(&db);
    db.checkpoint().unwrap();
    check(&db);
    drop(db);
    check(&options(&disk).open("/db").unwrap());
}

#[test]
fn renaming_refuses_taken_missing_and_impossible_names_and_meets_writers() {
    let db = with_items([1]);
    create(&db, int_store("t"));
    let tx = db.begin(Mode::Write).unwrap();
    assert!(matches!(
        tx.rename_store("s", "t"),
        Err(Error::StoreExists { .. })
    ));
    assert!(matches!(
        tx.rename_store("s", "s"),
        Err(Error::StoreExists { .. })
    ));
    assert!(matches!(
        tx.rename_store("x", "y"),
        Err(Error::StoreNotFound { .. })
    ));
    assert!(matches!(
        tx.rename_store("s", "a/b"),
        Err(Error::InvalidDefinition { .. })
    ));
    drop(tx);
    // A writer of its items, and who makes a store of the new name, meet it.
    let writer = db.begin(Mode::Write).unwrap();
    writer
        .documents("s")
        .unwrap()
        .insert(&int(2), &doc("2"))
        .unwrap();
    let maker = db.begin(Mode::Write).unwrap();
    maker.create_store(int_store("u")).unwrap();
    let tx = db.begin(Mode::Write).unwrap();
    tx.rename_store("s", "u").unwrap();
    tx.commit().unwrap();
    assert!(writer.commit().unwrap_err().is_conflict());
    assert!(maker.commit().unwrap_err().is_conflict());
    assert_eq!(all(&db, "u"), [1]);
}
