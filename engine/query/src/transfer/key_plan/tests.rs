use super::*;
use serde_json::json;
use sop::key::{KeyType, RideOnField};

fn rows(values: &[Value]) -> Vec<Row> {
    values
        .iter()
        .map(|value| Row {
            line: 1,
            document: Document::from_value(value).unwrap(),
            bytes: 0,
        })
        .collect()
}

fn new_store(given: &[&str], values: &[Value]) -> Result<KeyPlan, TransferError> {
    let given: Vec<String> = given.iter().map(|name| (*name).to_owned()).collect();
    let rows = rows(values);
    KeyPlan::for_new_store("Track", &given, false, &rows.iter().collect::<Vec<_>>())
}

fn existing(spec: &KeySpec, given: &[&str], values: &[Value]) -> Result<KeyPlan, TransferError> {
    let given: Vec<String> = given.iter().map(|name| (*name).to_owned()).collect();
    let rows = rows(values);
    KeyPlan::for_store(
        "Track",
        spec,
        &given,
        false,
        &rows.iter().collect::<Vec<_>>(),
    )
}

/// Splits a row; the value as JSON.
#[expect(clippy::needless_pass_by_value, reason = "json! makes values")]
fn split(plan: &KeyPlan, row: Value) -> Result<(Key, Value), String> {
    plan.split(&Document::from_value(&row).unwrap())
        .map(|(key, value)| (key, value.to_value()))
}

fn two() -> KeySpec {
    KeySpec::composite(
        vec![
            KeyField::new("a", KeyType::I64),
            KeyField::new("b", KeyType::String),
        ],
        Vec::new(),
    )
    .unwrap()
}

#[test]
fn a_new_store_with_one_field_keeps_the_fields_name() {
    let plan = new_store(&["TrackId"], &[json!({"Name": "x", "TrackId": 1})]).unwrap();
    assert!(plan.spec().is_composite());
    assert_eq!(
        plan.spec().fields(),
        [KeyField::new("TrackId", KeyType::I64)]
    );
    let (key, value) = split(&plan, json!({"Name": "y", "TrackId": 2, "Bytes": 3})).unwrap();
    assert_eq!(
        (key, value.to_string().as_str()),
        (Key::composite([2i64]), r#"{"Name":"y","Bytes":3}"#)
    );
    let error = split(&plan, json!({"Name": "y", "trackid": 2})).unwrap_err();
    assert_eq!(
        error,
        "the row has no field \"TrackId\", which the key needs; it has Name, trackid"
    );
    assert!(split(&plan, json!([1])).unwrap_err().contains("an array"));
    assert!(
        split(&plan, json!({"TrackId": "x"}))
            .unwrap_err()
            .contains("TrackId")
    );
    assert!(split(&plan, json!({"TrackId": null})).is_err());
}

#[test]
fn the_key_is_kept_in_the_value_when_asked() {
    let sample = rows(&[json!({"id": 1, "n": 2})]);
    let plan = KeyPlan::for_new_store("s", &["id".to_owned()], true, &[&sample[0]]).unwrap();
    assert_eq!(
        split(&plan, json!({"id": 1, "n": 2})).unwrap().1,
        json!({"id": 1, "n": 2})
    );
}

#[test]
fn nested_paths_and_names_with_dots() {
    let plan = new_store(&["meta.id"], &[json!({"meta": {"id": 1, "x": 2}})]).unwrap();
    let (key, value) = split(&plan, json!({"meta": {"id": 1, "x": 2}, "y": 3})).unwrap();
    assert_eq!(
        (key, value),
        (Key::composite([1i64]), json!({"meta": {"x": 2}, "y": 3}))
    );
    let (key, value) = split(&plan, json!({"meta.id": 5, "meta": {"id": 1}})).unwrap();
    assert_eq!(
        (key, value),
        (Key::composite([5i64]), json!({"meta": {"id": 1}}))
    );
}

#[test]
fn an_existing_store_names_its_own_key() {
    let plan = existing(&two(), &[], &[json!({"b": "x", "a": 1, "c": 1})]).unwrap();
    let expected = Key {
        values: vec![1i64.into(), "x".into()],
        ride_on: Vec::new(),
    };
    let split = |row: Value| split(&plan, row).map(|(key, value)| (key.values, value));
    assert_eq!(
        split(json!({"b": "x", "c": 1, "a": 1})).unwrap(),
        (expected.values.clone(), json!({"c": 1}))
    );
    assert_eq!(
        split(json!({"key": {"a": 1, "b": "x"}, "value": 7})).unwrap(),
        (expected.values.clone(), json!(7))
    );
    assert_eq!(
        split(json!({"key": [1, "x"], "value": null})).unwrap(),
        (expected.values, Value::Null)
    );
    assert!(split(json!({"a": 1})).unwrap_err().contains("\"b\""));
    assert!(split(json!({"key": 1, "value": 7})).is_err());

    let error = existing(&two(), &[], &[json!({"Id": 1}), json!({"Id": 2})]).unwrap_err();
    assert!(
        matches!(&error, TransferError::KeyNeeded { suggestions, .. } if suggestions == &["Id"]),
        "{error}"
    );
}

#[test]
fn given_names_match_by_name_or_by_position() {
    let row = json!({"x": {"a": 1}, "b": "t", "p": 5, "q": "u"});
    let by = |given: &[&str]| {
        existing(&two(), given, &[]).map(|plan| split(&plan, row.clone()).unwrap().0.values)
    };
    assert_eq!(
        by(&["b", "x.a"]).unwrap(),
        [1i64.into(), sop::key::KeyValue::from("t")]
    );
    assert_eq!(
        by(&["p", "q"]).unwrap(),
        [5i64.into(), sop::key::KeyValue::from("u")]
    );
    for given in [&["a"][..], &["a", "q"], &["a", "b", "c"]] {
        let error = by(given).unwrap_err().to_string();
        assert!(error.contains("is a, b, but key= names"), "{error}");
    }
    let single = KeySpec::single(KeyType::String);
    let plan = existing(&single, &["code"], &[]).unwrap();
    assert_eq!(
        split(&plan, json!({"code": "x", "n": 1})).unwrap(),
        (Key::from("x"), json!({"n": 1}))
    );
    assert!(matches!(
        existing(&single, &[], &[json!({"code": "x"})]),
        Err(TransferError::KeyNeeded { .. })
    ));
}

#[test]
fn ride_on_fields_come_along() {
    let spec = KeySpec::composite(
        vec![KeyField::new("a", KeyType::I64)],
        vec![RideOnField::new("r", KeyType::String)],
    )
    .unwrap();
    let plan = existing(&spec, &["a"], &[]).unwrap();
    let (key, value) = split(&plan, json!({"a": 1, "r": "x", "v": 2})).unwrap();
    assert_eq!(
        (key, value),
        (Key::composite([1i64]).with_ride_on(["x"]), json!({"v": 2}))
    );
    assert!(split(&plan, json!({"a": 1, "v": 2})).is_ok());
}

#[test]
fn a_new_store_without_names_takes_envelopes_or_suggests() {
    let plan = new_store(&[], &[json!({"key": 1, "value": "a"})]).unwrap();
    assert_eq!(plan.spec(), &KeySpec::single(KeyType::I64));
    assert_eq!(
        split(&plan, json!({"key": 2, "value": [1]})).unwrap(),
        (Key::from(2i64), json!([1]))
    );
    let plan = new_store(&[], &[json!({"key": {"a": 1, "b": "x"}, "value": {}})]).unwrap();
    assert_eq!(plan.spec(), &two());
    let error = new_store(&[], &[json!({"Name": "x", "TrackId": 1})]).unwrap_err();
    assert!(
        matches!(&error, TransferError::KeyNeeded { suggestions, .. } if suggestions[0] == "TrackId")
    );
    assert!(error.to_string().contains("key=TrackId"), "{error}");
    assert!(matches!(
        new_store(&["a"], &[]),
        Err(TransferError::KeyMismatch { .. })
    ));
}

#[test]
fn an_envelope_is_known_even_when_the_keys_fields_are_named_so() {
    let fields = vec![
        KeyField::new("key", KeyType::I64),
        KeyField::new("value", KeyType::I64),
    ];
    let spec = KeySpec::composite(fields, Vec::new()).unwrap();
    let plan = existing(&spec, &[], &[]).unwrap();
    let (key, value) = split(&plan, json!({"key": {"key": 1, "value": 2}, "value": [3]})).unwrap();
    assert_eq!((key, value), (Key::composite([1i64, 2]), json!([3])));
    let (key, value) = split(&plan, json!({"key": 1, "value": 2})).unwrap();
    assert_eq!((key, value), (Key::composite([1i64, 2]), json!({})));
}
