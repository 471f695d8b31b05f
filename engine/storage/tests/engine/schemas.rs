//! The fields that items show: exact at every snapshot, after reopening, after a crash, in transactions.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use sop::vfs::sim::CrashPolicy;
use sop::{
    Database, Document, DocumentStore, FieldKind, FieldType, KeyRange, KeySpec, KeyType, Mode,
    Placement, Schema, SchemaField, StoreDefinition, StoreSchema,
};

use crate::support::*;

/// Items by path and kind, and items by path.
type Counted = (BTreeMap<(String, FieldKind), u64>, BTreeMap<String, u64>);

fn counted(schema: &StoreSchema) -> Counted {
    assert!(schema.exact && !schema.more);
    let mut counted = Counted::default();
    for kind in &schema.values {
        counted.0.insert((String::new(), kind.kind), kind.count);
    }
    for field in schema.fields.iter().filter(|field| field.count > 0) {
        counted.1.insert(field.path.clone(), field.count);
        for kind in &field.kinds {
            counted
                .0
                .insert((field.path.clone(), kind.kind), kind.count);
        }
    }
    counted
}

fn kind(value: &serde_json::Value) -> FieldKind {
    match value {
        serde_json::Value::Null => FieldKind::Null,
        serde_json::Value::Bool(_) => FieldKind::Bool,
        serde_json::Value::Number(n) if n.is_i64() || n.is_u64() => FieldKind::Integer,
        serde_json::Value::Number(_) => FieldKind::Number,
        serde_json::Value::String(s) if s == "2024-02-29" => FieldKind::Date,
        serde_json::Value::String(_) => FieldKind::String,
        serde_json::Value::Array(_) => FieldKind::Array,
        serde_json::Value::Object(_) => FieldKind::Object,
    }
}

/// The fields of one value, in no clever way.
fn fields(path: &str, value: &serde_json::Value, out: &mut Vec<(String, FieldKind)>) {
    out.push((path.to_owned(), kind(value)));
    match value {
        serde_json::Value::Array(all) => {
            for element in all {
                fields(&format!("{path}[]"), element, out);
            }
        }
        serde_json::Value::Object(all) => {
            for (name, inner) in all {
                let dot = if path.is_empty() { "" } else { "." };
                fields(&format!("{path}{dot}{name}"), inner, out);
            }
        }
        _ => {}
    }
}

fn model(values: &[serde_json::Value]) -> Counted {
    let mut counted = Counted::default();
    for value in values {
        let mut found = Vec::new();
        fields("", value, &mut found);
        found.sort();
        found.dedup();
        let mut paths: Vec<String> = found.iter().map(|(path, _)| path.clone()).collect();
        paths.dedup();
        for path in paths.into_iter().filter(|path| !path.is_empty()) {
            *counted.1.entry(path).or_default() += 1;
        }
        for field in found {
            *counted.0.entry(field).or_default() += 1;
        }
    }
    counted
}

fn values(store: &DocumentStore<'_>) -> Vec<serde_json::Value> {
    let items = store
        .range(&KeyRange::all(), sop::Direction::Forward)
        .unwrap();
    items.map(|item| item.unwrap().value.to_value()).collect()
}

fn compare(store: &DocumentStore<'_>) {
    assert_eq!(counted(&store.schema().unwrap()), model(&values(store)));
}

fn compare_committed(db: &Database) {
    let tx = db.begin(Mode::Read).unwrap();
    compare(&tx.documents("s").unwrap());
    let report = db.check().unwrap();
    assert!(report.is_clean(), "{:?}", report.problems);
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::json;
    let scalar = prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        Just(json!(7)),
        Just(json!(0.5)),
        Just(json!("x")),
        Just(json!("2024-02-29")),
        // Kept apart from its node.
        Just(json!("long ".repeat(1_500))),
    ];
    let inner = scalar.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(serde_json::Value::Array),
            proptest::collection::btree_map("[a-c]", inner, 0..3)
                .prop_map(|all| serde_json::Value::Object(all.into_iter().collect())),
        ]
    });
    let object = proptest::collection::btree_map("[a-e]", inner.clone(), 0..5)
        .prop_map(|all| serde_json::Value::Object(all.into_iter().collect()));
    prop_oneof![8 => object, 1 => inner]
}

#[derive(Clone, Debug)]
enum Step {
    Write(Vec<(i64, usize)>),
    Rollback(i64, usize),
    Checkpoint,
    Reopen,
    Crash,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // A number beyond the documents removes the item.
    let write = (0i64..24, 0usize..16);
    let step = prop_oneof![
        8 => proptest::collection::vec(write.clone(), 1..8).prop_map(Step::Write),
        1 => write.prop_map(|(key, which)| Step::Rollback(key, which)),
        1 => Just(Step::Checkpoint),
        1 => Just(Step::Reopen),
        1 => Just(Step::Crash),
    ];
    proptest::collection::vec(step, 1..30)
}

fn write(store: &DocumentStore<'_>, key: i64, document: Option<&Document>) {
    match document {
        Some(document) => store.upsert(&int(key), document).map(drop).unwrap(),
        None => store.remove(&int(key)).map(drop).unwrap(),
    }
}

fn run(definition: &StoreDefinition, documents: &[serde_json::Value], steps: Vec<Step>) {
    let documents: Vec<Document> = documents
        .iter()
        .map(|value| Document::from_value(value).unwrap())
        .collect();
    let mut disk = disk();
    let mut db = options(&disk).open(FOLDER).unwrap();
    create(&db, definition.clone());
    for step in steps {
        match step {
            Step::Write(writes) => {
                let reader = db.begin(Mode::Read).unwrap();
                let before = counted(&reader.documents("s").unwrap().schema().unwrap());
                let tx = db.begin(Mode::Write).unwrap();
                let s = tx.documents("s").unwrap();
                for (key, which) in writes {
                    write(&s, key, documents.get(which));
                }
                compare(&s);
                drop(s);
                tx.commit().unwrap();
                let after = counted(&reader.documents("s").unwrap().schema().unwrap());
                assert_eq!(before, after, "a snapshot never changes");
            }
            Step::Rollback(key, which) => {
                let tx = db.begin(Mode::Write).unwrap();
                write(&tx.documents("s").unwrap(), key, documents.get(which));
            }
            Step::Checkpoint => db.checkpoint().unwrap(),
            Step::Reopen => {
                db.close().unwrap();
                db = options(&disk).open(FOLDER).unwrap();
            }
            Step::Crash => {
                let after = disk.after_crash(CrashPolicy::LoseUnsynced);
                drop(db);
                disk = Arc::new(after);
                db = options(&disk).open(FOLDER).unwrap();
            }
        }
        let tx = db.begin(Mode::Read).unwrap();
        compare(&tx.documents("s").unwrap());
    }
    compare_committed(&db);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn the_fields_equal_those_of_all_items(
        documents in proptest::collection::vec(json(), 12), steps in steps(), apart in any::<bool>(),
    ) {
        let placement = if apart { Placement::Segment } else { Placement::Node };
        run(&StoreDefinition { placement, slot_length: 4, ..int_store("s") }, &documents, steps);
    }
}

fn put(db: &Database, items: &[(i64, &str)]) {
    db.transact(|tx| {
        let s = tx.documents("s")?;
        items
            .iter()
            .try_for_each(|(key, json)| s.upsert(&int(*key), &doc(json)).map(drop))
    })
    .unwrap();
}

fn schema(db: &Database) -> StoreSchema {
    let tx = db.begin(Mode::Read).unwrap();
    tx.documents("s").unwrap().schema().unwrap()
}

fn listed(schema: &StoreSchema) -> Vec<(&str, FieldType, bool, u64)> {
    let fields = schema.fields.iter();
    fields
        .map(|f| (f.path.as_str(), f.kind, f.required, f.count))
        .collect()
}

#[test]
fn fields_stand_in_the_order_in_which_they_came_with_their_types() {
    use FieldType::*;

    let db = with_items([]);
    assert_eq!(
        schema(&db),
        StoreSchema {
            exact: true,
            ..StoreSchema::default()
        }
    );
    put(
        &db,
        &[
            (
                1,
                r#"{"z":1,"a":{"x":"t","y":null},"l":[1,"t",{"p":1}],"d":"2024-02-29","n":1}"#,
            ),
            (
                2,
                r#"{"z":2,"a":{"x":"t"},"l":[],"d":"2024-02-28","n":0.5,"late":true}"#,
            ),
            (3, "[1,2]"),
        ],
    );
    let found = schema(&db);
    let expected = [
        ("z", Integer, true, 2),
        ("a", Object, true, 2),
        ("a.x", String, true, 2),
        ("a.y", Any, false, 1),
        ("l", Array, true, 2),
        ("l[]", Any, false, 1),
        ("l[].p", Integer, false, 1),
        ("d", Date, true, 2),
        ("n", Number, true, 2),
        ("late", Bool, false, 1),
        ("[]", Integer, false, 1),
    ];
    assert_eq!(listed(&found), expected);
    assert_eq!(found.values.iter().map(|k| k.count).sum::<u64>(), 3);
    db.transact(|tx| tx.documents("s")?.remove(&int(2)).map(drop))
        .unwrap();
    let found = schema(&db);
    assert!(found.fields.iter().all(|field| field.path != "late"));
}

#[test]
fn a_declared_schema_comes_first_and_what_else_there_is_after_it() {
    let field = |name: &str, kind, required| SchemaField {
        name: name.to_owned(),
        kind,
        required,
    };
    let db = memory();
    create(
        &db,
        StoreDefinition {
            schema: Schema {
                declared: true,
                fields: vec![
                    field("name", FieldType::String, true),
                    field("born", FieldType::Date, false),
                ],
            },
            ..int_store("s")
        },
    );
    put(&db, &[(1, r#"{"extra":1,"name":"Ada"}"#)]);
    let found = schema(&db);
    assert!(found.declared);
    let expected = [
        ("name", FieldType::String, true, 1),
        ("born", FieldType::Date, false, 0),
        ("extra", FieldType::Integer, true, 1),
    ];
    assert_eq!(listed(&found), expected);
    let declared: Vec<bool> = found.fields.iter().map(|field| field.declared).collect();
    assert_eq!(declared, [true, true, false]);
}

#[test]
fn ride_on_fields_and_duplicates_are_not_in_the_way() {
    let key = KeySpec::composite(
        vec![sop::KeyField {
            name: "id".to_owned(),
            kind: KeyType::I64,
            order: sop::Order::Asc,
        }],
        vec![sop::RideOnField {
            name: "note".to_owned(),
            kind: KeyType::String,
        }],
    )
    .unwrap();
    let db = memory();
    create(
        &db,
        StoreDefinition {
            unique: false,
            ..StoreDefinition::new("s", key)
        },
    );
    let mut key = sop::Key::composite([sop::KeyValue::I64(1)]);
    key.ride_on = vec![sop::KeyValue::String("n".to_owned())];
    db.transact(|tx| {
        let s = tx.documents("s")?;
        s.insert(&key, &doc(r#"{"a":1}"#))?;
        s.insert(&key, &doc(r#"{"a":2,"b":3}"#))?;
        assert_eq!(s.schema()?.fields.len(), 2);
        Ok(())
    })
    .unwrap();
    compare_committed(&db);
    assert_eq!(listed(&schema(&db))[0], ("a", FieldType::Integer, true, 2));
}

#[test]
fn reading_the_fields_to_write_is_a_read_of_all_items() {
    let db = with_items([1]);
    let tx = db.begin(Mode::Write).unwrap();
    let s = tx.documents("s").unwrap();
    s.schema().unwrap();
    s.insert(&int(7), &doc("7")).unwrap();
    drop(s);
    insert(&db, "s", [2]);
    assert!(tx.commit().unwrap_err().is_conflict());
}

#[test]
fn a_damaged_value_can_be_replaced_and_the_next_checkpoint_counts_again() {
    let disk = disk();
    let db = options(&disk).open(FOLDER).unwrap();
    create(
        &db,
        StoreDefinition {
            placement: Placement::Segment,
            ..int_store("s")
        },
    );
    let long = format!(r#"{{"long":"{}"}}"#, "x".repeat(8_000));
    put(&db, &[(1, &long), (2, r#"{"a":1}"#)]);
    db.close().unwrap();
    let files = disk.list();
    let (segment, _) = files
        .iter()
        .find(|(path, bytes)| path.to_string_lossy().contains("/data/") && *bytes > 8_000)
        .unwrap();
    assert!(disk.flip_bit(segment, 4_000, 1));
    let db = options(&disk).open(FOLDER).unwrap();
    put(&db, &[(1, r#"{"a":2,"b":3}"#)]);
    assert!(!schema(&db).exact);
    assert!(
        db.check().unwrap().is_clean(),
        "it is known that they are not exact"
    );
    db.checkpoint().unwrap();
    let found = schema(&db);
    assert!(found.exact);
    let expected = [
        ("a", FieldType::Integer, true, 2),
        ("b", FieldType::Integer, false, 1),
    ];
    assert_eq!(listed(&found), expected);
    db.close().unwrap();
    compare_committed(&options(&disk).open(FOLDER).unwrap());
}
