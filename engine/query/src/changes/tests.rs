use super::*;
use crate::test_support::{TestDatabase, document};
use proptest::prelude::*;
use serde_json::{Value, json};
use sop::key::{Key, KeyField, KeySpec, KeyType, RideOnField};
use sop::{FieldType, Schema, SchemaField, StoreDefinition};
use std::collections::BTreeMap;

fn one_field() -> KeySpec {
    KeySpec::composite(vec![KeyField::new("id", KeyType::I64)], Vec::new()).unwrap()
}

/// A database with store `s` holding 1 and 2.
fn two_items() -> TestDatabase {
    let test = TestDatabase::new();
    test.create("s", &one_field());
    test.fill(
        "s",
        [
            (Key::composite([1i64]), r#"{"n":1,"m":1}"#),
            (Key::composite([2i64]), r#"{"n":2}"#),
        ],
    );
    test
}

fn with_duplicates() -> TestDatabase {
    let test = TestDatabase::new();
    let mut definition = StoreDefinition::new("s", one_field());
    definition.unique = false;
    test.db
        .transact(|tx| tx.create_store(definition.clone()))
        .unwrap();
    test
}

fn codes(outcome: &Outcome) -> Vec<(usize, ConflictCode)> {
    outcome
        .conflicts
        .iter()
        .map(|conflict| (conflict.index, conflict.code))
        .collect()
}

fn version_of(test: &TestDatabase, key: i64) -> u64 {
    let tx = test.db.begin(Mode::Read).unwrap();
    tx.documents("s")
        .unwrap()
        .get(&Key::composite([key]))
        .unwrap()
        .unwrap()
        .version
}

#[test]
fn every_operation_does_its_work_in_one_commit() {
    let test = two_items();
    let before = test.db.sequence();
    let set = ChangeSet::new([
        Change::insert("s", json!(3), document("[3]")),
        Change::upsert("s", json!({"id": 4}), document("4")),
        Change::upsert("s", json!([2]), document("{}")),
        Change::patch("s", json!(1), document(r#"{"n":null,"x":5}"#)),
        Change::delete("s", json!(3)),
    ]);
    let shown = preview(&test.db, &set).unwrap();
    assert!(!shown.applied && shown.conflicts.is_empty());
    assert_eq!(
        (test.db.sequence(), test.dump("s").len()),
        (before, 2),
        "a preview leaves nothing"
    );
    let outcome = apply(&test.db, &set).unwrap();
    assert!(outcome.applied);
    assert_eq!(outcome.preview, shown.preview);
    assert_eq!(
        (outcome.sequence, test.db.sequence()),
        (before + 1, before + 1)
    );
    assert_eq!(
        test.dump("s"),
        [
            r#"{"id":1}={"m":1,"x":5}"#,
            r#"{"id":2}={}"#,
            r#"{"id":4}=4"#
        ]
    );
    assert_eq!(version_of(&test, 1), outcome.sequence);
    let json = serde_json::to_value(&outcome).unwrap();
    assert_eq!(
        json["preview"][3],
        json!({"index": 3, "op": "patch", "store": "s", "key": {"id": 1}, "before": {"n": 1, "m": 1}, "after": {"m": 1, "x": 5}, "version": before})
    );
    assert_eq!(json["preview"][4]["before"], json!([3]));
    assert_eq!(json["preview"][4]["version"], Value::Null);
}

#[test]
fn all_conflicts_are_collected_and_nothing_is_applied() {
    let test = two_items();
    let version = version_of(&test, 1);
    let set = ChangeSet::new([
        Change::insert("s", json!(1), document("{}")),
        Change::update("s", json!(9), document("{}")),
        Change::patch("s", json!(9), document("{}")),
        Change::delete("s", json!(9)),
        Change::delete("t", json!(1)),
        Change::update("s", json!(1), document("{}")).if_version(version + 7),
        Change::update("s", json!("x"), document("{}")),
        Change::upsert("s", json!({}), document("{}")),
        Change::upsert("s", json!(2), document("{}")).if_version(0),
        Change::upsert("s", json!(9), document("{}")).if_version(5),
        Change::upsert("s", json!(5), document("{}")),
    ]);
    for outcome in [
        preview(&test.db, &set).unwrap(),
        apply(&test.db, &set).unwrap(),
    ] {
        use ConflictCode::{InvalidKey, KeyExists, KeyNotFound, StoreNotFound, VersionMismatch};
        assert!(!outcome.applied);
        assert_eq!(
            codes(&outcome),
            [
                (0, KeyExists),
                (1, KeyNotFound),
                (2, KeyNotFound),
                (3, KeyNotFound),
                (4, StoreNotFound),
                (5, VersionMismatch),
                (6, InvalidKey),
                (7, InvalidKey),
                (8, VersionMismatch),
                (9, VersionMismatch),
            ]
        );
        assert_eq!(outcome.preview.len(), 1);
        let current = outcome.conflicts[5].current.as_ref().unwrap();
        assert_eq!(
            (current.value.to_json().as_str(), current.version),
            (r#"{"n":1,"m":1}"#, Some(version))
        );
        assert_eq!(
            outcome.conflicts[0].current.as_ref().unwrap().version,
            Some(version)
        );
        assert_eq!(outcome.conflicts[1].current, None);
    }
    assert_eq!(test.dump("s").len(), 2);
    let json = serde_json::to_value(&apply(&test.db, &set).unwrap().conflicts[0]).unwrap();
    assert_eq!(json["code"], "key_exists");
    assert_eq!(
        json["current"],
        json!({"value": {"n": 1, "m": 1}, "version": version})
    );
}

#[test]
fn a_wrong_store_name_is_answered_with_the_nearest() {
    let test = TestDatabase::new();
    test.create("Track", &one_field());
    let outcome = apply(
        &test.db,
        &ChangeSet::new([Change::delete("Trak", json!(1))]),
    )
    .unwrap();
    assert_eq!(outcome.conflicts[0].suggestions, ["Track"]);
}

#[test]
fn a_declared_schema_is_a_conflict_at_its_change() {
    let test = TestDatabase::new();
    let mut definition = StoreDefinition::new("s", one_field());
    definition.schema = Schema {
        declared: true,
        fields: vec![SchemaField {
            name: "n".to_owned(),
            kind: FieldType::Integer,
            required: true,
        }],
    };
    test.db
        .transact(|tx| tx.create_store(definition.clone()))
        .unwrap();
    test.fill("s", [(Key::composite([1i64]), r#"{"n":1}"#)]);
    let set = ChangeSet::new([
        Change::insert("s", json!(2), document("{}")),
        Change::patch("s", json!(1), document(r#"{"n":"x"}"#)),
        Change::patch("s", json!(1), document(r#"{"n":2}"#)),
    ]);
    let outcome = apply(&test.db, &set).unwrap();
    assert_eq!(
        codes(&outcome),
        [
            (0, ConflictCode::SchemaViolation),
            (1, ConflictCode::SchemaViolation)
        ]
    );
    assert_eq!(
        outcome.conflicts[1].current.as_ref().unwrap().value,
        document(r#"{"n":1}"#)
    );
    assert_eq!(test.dump("s"), [r#"{"id":1}={"n":1}"#]);
}

#[test]
fn changes_of_one_item_carry_the_version_from_before_the_set() {
    let test = two_items();
    let version = version_of(&test, 1);
    let set = ChangeSet::new([
        Change::patch("s", json!(1), document(r#"{"a":1}"#)).if_version(version),
        Change::patch("s", json!({"id": 1}), document(r#"{"b":1}"#)).if_version(version),
        Change::delete("s", json!(1)).if_version(version),
        Change::insert("s", json!(1), document("{}")),
        Change::delete("s", json!(1)).if_version(version + 1),
    ]);
    let outcome = apply(&test.db, &set).unwrap();
    assert_eq!(codes(&outcome), [(4, ConflictCode::VersionMismatch)]);
    assert_eq!(
        outcome.conflicts[0].current.as_ref().unwrap().version,
        None,
        "the set itself made it"
    );
    let outcome = apply(&test.db, &ChangeSet::new(set.changes.into_iter().take(4))).unwrap();
    assert!(outcome.applied);
    assert_eq!(
        outcome.preview[2].before,
        Some(document(r#"{"n":1,"m":1,"a":1,"b":1}"#))
    );
    assert!(
        outcome
            .preview
            .iter()
            .all(|preview| preview.version == Some(version))
    );
}

#[test]
fn duplicates_need_an_id_when_there_are_several() {
    let test = with_duplicates();
    let insert = |value: &str| Change::insert("s", json!(1), document(value));
    let first = apply(&test.db, &ChangeSet::new([insert("1")])).unwrap();
    assert!(
        apply(
            &test.db,
            &ChangeSet::new([Change::patch("s", json!(1), document("10"))])
        )
        .unwrap()
        .applied
    );
    let second = apply(&test.db, &ChangeSet::new([insert("2")])).unwrap();
    let (one, two) = (first.preview[0].id, second.preview[0].id);
    assert!(one.is_some() && two.is_some() && one != two);
    let outcome = apply(&test.db, &ChangeSet::new([Change::delete("s", json!(1))])).unwrap();
    assert_eq!(codes(&outcome), [(0, ConflictCode::IdNeeded)]);
    let set = ChangeSet::new([
        Change::delete("s", json!(1)).with_id(one),
        Change::update("s", json!(1), document("20")).with_id(two),
        Change::delete("s", json!(1)).with_id(Some(u64::MAX)),
    ]);
    assert_eq!(
        codes(&preview(&test.db, &set).unwrap()),
        [(2, ConflictCode::KeyNotFound)]
    );
    assert!(
        apply(&test.db, &ChangeSet::new(set.changes.into_iter().take(2)))
            .unwrap()
            .applied
    );
    assert_eq!(test.dump("s"), [r#"{"id":1}=20"#]);
}

#[test]
fn ride_on_values_stay_unless_they_are_given() {
    let test = TestDatabase::new();
    let spec = KeySpec::composite(
        vec![KeyField::new("id", KeyType::I64)],
        vec![RideOnField::new("r", KeyType::String)],
    )
    .unwrap();
    test.create("s", &spec);
    let put = |change: Change| {
        assert!(apply(&test.db, &ChangeSet::new([change])).unwrap().applied);
        test.dump("s").remove(0)
    };
    assert_eq!(
        put(Change::insert(
            "s",
            json!({"id": 1, "r": "x"}),
            document("1")
        )),
        r#"{"id":1,"r":"x"}=1"#
    );
    assert_eq!(
        put(Change::update("s", json!({"id": 1}), document("2"))),
        r#"{"id":1,"r":"x"}=2"#
    );
    assert_eq!(
        put(Change::update("s", json!(1), document("3"))),
        r#"{"id":1,"r":"x"}=3"#
    );
    assert_eq!(
        put(Change::upsert(
            "s",
            json!({"id": 1, "r": "y"}),
            document("4")
        )),
        r#"{"id":1,"r":"y"}=4"#
    );
    assert_eq!(
        put(Change::update(
            "s",
            json!({"id": 1, "r": null}),
            document("5")
        )),
        r#"{"id":1,"r":null}=5"#
    );
}

#[test]
fn undo_gives_everything_back_unless_somebody_was_there() {
    let test = two_items();
    let before = test.dump("s");
    let set = ChangeSet::new([
        Change::insert("s", json!(3), document("3")),
        Change::update("s", json!(3), document("33")),
        Change::delete("s", json!(1)),
        Change::update("s", json!(2), document("22")),
        Change::insert("s", json!(4), document("4")),
        Change::delete("s", json!(4)),
    ]);
    assert_eq!(inverse(&preview(&test.db, &set).unwrap()), None);
    let outcome = apply(&test.db, &set).unwrap();
    let undo = inverse(&outcome).unwrap();
    assert_eq!(undo.changes.len(), 3);
    assert!(apply(&test.db, &undo).unwrap().applied);
    assert_eq!(test.dump("s"), before);

    let outcome = apply(&test.db, &set).unwrap();
    let undo = inverse(&outcome).unwrap();
    apply(
        &test.db,
        &ChangeSet::new([Change::update("s", json!(2), document("0"))]),
    )
    .unwrap();
    let refused = apply(&test.db, &undo).unwrap();
    assert_eq!(refused.conflicts.len(), 1);
    assert_eq!(refused.conflicts[0].code, ConflictCode::VersionMismatch);
}

#[test]
fn sets_from_many_threads_lose_nothing() {
    let test = TestDatabase::new();
    test.create("s", &one_field());
    test.fill("s", [(Key::composite([0i64]), "0")]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..10 {
                    add_one(&test);
                }
            });
        }
    });
    assert_eq!(test.dump("s"), [r#"{"id":0}=40"#]);
}

/// Counts up with a precondition, as long as somebody else is first.
fn add_one(test: &TestDatabase) {
    loop {
        let tx = test.db.begin(Mode::Read).unwrap();
        let item = tx
            .documents("s")
            .unwrap()
            .get(&Key::composite([0i64]))
            .unwrap()
            .unwrap();
        let next = item.value.root().as_i64().unwrap() + 1;
        let change =
            Change::update("s", json!(0), document(&next.to_string())).if_version(item.version);
        if apply(&test.db, &ChangeSet::new([change])).unwrap().applied {
            return;
        }
    }
}

/// A change of the model test: operation, key, value, and how `if_version` is chosen.
type Step = (Operation, i64, i64, u8);

fn step() -> impl Strategy<Value = Step> {
    (
        prop::sample::select(Operation::ALL.to_vec()),
        0i64..5,
        0i64..100,
        0u8..6,
    )
}

fn change_of(step: &Step, versions: &BTreeMap<i64, u64>) -> Change {
    let (operation, key, value, version) = *step;
    let value = document(&format!("{{\"n\":{value}}}"));
    let change = match operation {
        Operation::Insert => Change::insert("s", json!(key), value),
        Operation::Upsert => Change::upsert("s", json!(key), value),
        Operation::Update => Change::update("s", json!(key), value),
        Operation::Patch => Change::patch("s", json!(key), value),
        Operation::Delete => Change::delete("s", json!(key)),
    };
    match (version, versions.get(&key)) {
        (0, Some(version)) if operation != Operation::Insert => change.if_version(*version),
        (1, _) if operation != Operation::Insert => change.if_version(1_000_000),
        _ => change,
    }
}

/// The set on a plain map: the map after it, or the places of the conflicts.
fn model(
    items: &BTreeMap<i64, i64>,
    versions: &BTreeMap<i64, u64>,
    steps: &[Step],
    set: &ChangeSet,
) -> Result<BTreeMap<i64, i64>, Vec<usize>> {
    let mut items = items.clone();
    let mut conflicts = Vec::new();
    for (index, ((operation, key, value, _), change)) in steps.iter().zip(&set.changes).enumerate()
    {
        let there = items.contains_key(key);
        let version_fits = change
            .if_version
            .is_none_or(|wanted| versions.get(key) == Some(&wanted));
        let presence_fits = match operation {
            Operation::Insert => !there,
            Operation::Upsert => true,
            Operation::Update | Operation::Patch | Operation::Delete => there,
        };
        if !version_fits || !presence_fits {
            conflicts.push(index);
        } else if *operation == Operation::Delete {
            items.remove(key);
        } else {
            items.insert(*key, *value);
        }
    }
    if conflicts.is_empty() {
        Ok(items)
    } else {
        Err(conflicts)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn sets_do_what_a_plain_map_does(sets in prop::collection::vec(prop::collection::vec(step(), 1..6), 1..8)) {
        let test = TestDatabase::new();
        test.create("s", &one_field());
        let mut items = BTreeMap::new();
        let mut versions = BTreeMap::new();
        for steps in sets {
            let set = ChangeSet::new(steps.iter().map(|step| change_of(step, &versions)));
            let expected = model(&items, &versions, &steps, &set);
            let shown = preview(&test.db, &set).unwrap();
            let before = test.dump("s");
            let outcome = apply(&test.db, &set).unwrap();
            prop_assert_eq!((&shown.preview, &shown.conflicts), (&outcome.preview, &outcome.conflicts));
            match expected {
                Err(places) => {
                    prop_assert!(!outcome.applied);
                    prop_assert_eq!(outcome.conflicts.iter().map(|conflict| conflict.index).collect::<Vec<_>>(), places);
                    prop_assert_eq!(test.dump("s"), before);
                }
                Ok(next) => {
                    prop_assert!(outcome.applied, "{:?}", outcome.conflicts);
                    for preview in &outcome.preview {
                        versions.insert(preview.key["id"].as_i64().unwrap(), outcome.sequence);
                    }
                    versions.retain(|key, _| next.contains_key(key));
                    items = next;
                    let undo = inverse(&outcome).unwrap();
                    prop_assert!(preview(&test.db, &undo).unwrap().conflicts.is_empty());
                }
            }
            let expected: Vec<_> = items.iter().map(|(key, value)| format!("{{\"id\":{key}}}={{\"n\":{value}}}")).collect();
            prop_assert_eq!(test.dump("s"), expected);
        }
    }
}
