//! Filters as text: what each operator becomes.

use super::*;
use std::fmt::Write as _;

/// A store with a field for each kind of column.
fn goods() -> Fixture {
    let fixture = Fixture::new();
    let key = KeySpec::composite(
        vec![
            KeyField::new("id", KeyType::I64),
            KeyField::new("code", KeyType::Uuid),
        ],
        vec![sop::RideOnField::new("rank", KeyType::I64)],
    )
    .unwrap();
    let code = "00000000-0000-0000-0000-00000000000a";
    let items = [
        (
            json!({"id": 1, "code": code, "rank": 5}),
            json!({
                "name": "pen", "price": 2.5, "on": true, "tags": ["red"], "any": 1, "id": 7,
                "size": {"w": 1, "h": {"mm": 2}}, "lines": [{"sku": "x"}], "key": "k",
            }),
        ),
        (
            json!({"id": 2, "code": code}),
            json!({"name": null, "any": true}),
        ),
        (json!({"id": 3, "code": code}), json!({"any": "text"})),
        (json!({"id": 4, "code": code}), json!({"any": ["a"]})),
    ];
    fixture.create(store("goods", key, &[]), &items);
    fixture
}

#[test]
fn each_operator_has_its_form() {
    let goods = goods();
    let connection = goods.sqlite();
    let schema = goods.schema();
    let mut seen = String::new();
    for filter in CASES {
        let filter: Json = serde_json::from_str(filter).unwrap();
        let compiled = compile_filter(&filter, &schema, "goods").unwrap();
        let sql = format!("SELECT count(*) FROM \"goods\" WHERE {}", compiled.sql);
        let count = &rows(&connection, &sql, &compiled.params).1[0][0];
        let params = shown(&compiled.params);
        writeln!(seen, "{filter}\n  {}\n  [{params}] {count}", compiled.sql).unwrap();
    }
    assert_eq!(seen.trim(), include_str!("filters.txt").trim(), "\n{seen}");
}

const CASES: &[&str] = &[
    "{}",
    r#"{"name": "pen"}"#,
    r#"{"name": null}"#,
    r#"{"name": {"$ne": "pen"}}"#,
    r#"{"name": {"$in": ["pen", "ink", null]}}"#,
    r#"{"name": {"$in": []}}"#,
    r#"{"name": {"$nin": ["pen"]}}"#,
    r#"{"name": {"$prefix": "pe"}}"#,
    r#"{"name": {"$regex": "^p"}}"#,
    r#"{"name": {"$contains": "e"}}"#,
    r#"{"name": {"$exists": true}}"#,
    r#"{"name": {"$exists": false}}"#,
    r#"{"name": {"$type": "string"}}"#,
    r#"{"price": {"$gt": 1, "$lte": 2.5}}"#,
    r#"{"price": {"$between": [1, 3]}}"#,
    r#"{"price": {"$not": {"$lt": 1}}}"#,
    r#"{"on": true}"#,
    r#"{"tags": "red"}"#,
    r#"{"tags": ["red"]}"#,
    r#"{"tags": {"$size": 1}}"#,
    r#"{"tags": {"$contains": "red"}}"#,
    r#"{"tags.0": "red"}"#,
    r#"{"any": 1}"#,
    r#"{"any": true}"#,
    r#"{"any": {"$gte": "a"}}"#,
    r#"{"size": {"w": 1, "h": {"mm": 2}}}"#,
    r#"{"size.w": 1}"#,
    r#"{"size.h.mm": {"$gt": 1}}"#,
    r#"{"lines.sku": "x"}"#,
    r#"{"key.id": {"$gte": 2, "$lt": 4}}"#,
    r#"{"value.id": 7}"#,
    r#"{"value.key": "k"}"#,
    r#"{"code": "00000000-0000-0000-0000-00000000000A"}"#,
    r#"{"rank": {"$exists": true}}"#,
    r#"{"key": {"id": 1, "code": "00000000-0000-0000-0000-00000000000a"}}"#,
    r#"{"value": {"any": "text"}}"#,
    r#"{"$or": [{"name": "pen"}, {"price": 1, "on": false}]}"#,
    r#"{"$nor": [{"name": "pen"}, {"any": 1}]}"#,
    r#"{"$not": {"name": "pen"}}"#,
    r#"{"$and": [{"name": "pen"}, {"$or": [{"on": true}, {"on": false}]}]}"#,
    r#"{"goods.name": "pen"}"#,
];

#[test]
fn prefixes_end_at_the_next_text() {
    use crate::select::operators::after_prefix;
    for (prefix, end) in [
        ("a", Some("b")),
        ("az", Some("a{")),
        ("\u{D7FF}", Some("\u{E000}")),
        ("a\u{10FFFF}", Some("b")),
        ("\u{10FFFF}", None),
        ("", None),
    ] {
        assert_eq!(after_prefix(prefix).as_deref(), end, "{prefix:?}");
    }
}

#[test]
fn values_that_are_no_documents() {
    let fixture = Fixture::new();
    let items = [
        (1, json!(5)),
        (2, json!("five")),
        (3, json!([5])),
        (4, json!({"a": 5})),
        (5, json!(null)),
    ];
    let items = items.map(|(key, value)| (json!(key), value));
    fixture.create(store("s", KeySpec::single(KeyType::I64), &[]), &items);
    for (filter, expected) in [
        (json!({"value": 5}), json!([[1], [3]])),
        (json!({"value": "five"}), json!([[2]])),
        (json!({"value": [5]}), json!([[3]])),
        (json!({"value": {"a": 5}}), json!([[4]])),
        (json!({"value": null}), json!([[5]])),
        (json!({"a": 5}), json!([[4]])),
        (
            json!({"a": {"$exists": false}}),
            json!([[1], [2], [3], [5]]),
        ),
        (json!({"value": {"$type": "string"}}), json!([[2]])),
        (json!({"value.0": 5}), json!([[3]])),
        (json!({"key": {"$between": [2, 4]}}), json!([[2], [3], [4]])),
    ] {
        let document = json!({"store": "s", "filter": filter, "fields": "key", "order_by": "key"});
        assert_eq!(json!(fixture.rows(&document)), expected, "{filter}");
    }
}

#[test]
fn names_that_differ_in_case_alone_and_names_with_signs() {
    let fixture = Fixture::new();
    let names = [
        "Name",
        "name",
        "a.b",
        "we\"ird",
        "nul\0",
        "",
        "back\\slash",
        "ü",
        "x y",
    ];
    let fields = names.iter().enumerate();
    let value: serde_json::Map<String, Json> = fields
        .map(|(at, name)| ((*name).to_owned(), json!(at)))
        .collect();
    let items = [
        (json!("k"), Json::Object(value)),
        (json!("l"), json!({"a": {"b": 5}})),
    ];
    fixture.create(store("s", KeySpec::single(KeyType::String), &[]), &items);
    for (at, name) in names.iter().enumerate() {
        let document = json!({"store": "s", "filter": {*name: at}, "fields": ["key"]});
        assert_eq!(json!(fixture.rows(&document)), json!([["k"]]), "{name:?}");
    }
}

#[test]
fn whole_numbers_above_the_signed_ones() {
    let fixture = Fixture::new();
    let numbers = [1_u64, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX];
    let items = numbers.map(|number| (json!(number), json!({"n": number})));
    fixture.create(store("s", KeySpec::single(KeyType::U64), &[]), &items);
    for (filter, expected) in [
        (json!({"n": u64::MAX}), 1),
        (json!({"key": {"$in": [u64::MAX, 1]}}), 2),
        (json!({"n": {"$gt": i64::MAX}}), 2),
        (json!({"key": {"$lt": u64::MAX}}), 3),
        (json!({"n": {"$lte": i64::MAX}}), 2),
    ] {
        let document = json!({"store": "s", "filter": filter, "fields": ["key"]});
        let compiled = fixture.compile(&document).unwrap();
        let found = fixture
            .stores()
            .rows(&compiled.sql, &compiled.params)
            .1
            .len();
        assert_eq!(found, expected, "{filter}");
    }
}

#[test]
fn bytes_in_keys_and_values() {
    let fixture = Fixture::new();
    let items = [
        (json!("aGk="), json!({"b": {"$bytes": "aGk="}})),
        (json!("aG8="), json!({"b": {"x": 1}})),
    ];
    fixture.create(store("s", KeySpec::single(KeyType::Bytes), &[]), &items);
    for (filter, expected) in [
        (json!({"key": "aGk="}), 1),
        (json!({"key": {"$bytes": "aG8="}}), 1),
        (json!({"b": {"$bytes": "aGk="}}), 1),
        (json!({"b": {"$type": "bytes"}}), 1),
        (json!({"b": {"$type": "object"}}), 1),
        (json!({"b": {"x": 1}}), 1),
    ] {
        let document = json!({"store": "s", "filter": filter, "fields": "b"});
        assert_eq!(fixture.rows(&document).len(), expected, "{filter}");
    }
    let error = fixture.filter("s", &json!({"key": "%"})).unwrap_err();
    assert!(error.detail.contains("base64"), "{error}");
}

#[test]
fn what_finds_nothing_is_noted() {
    let goods = goods();
    for (filter, part) in [
        (
            json!({"price": {"$contains": 1}}),
            "$contains finds nothing in \"price\"",
        ),
        (json!({"on": {"$prefix": "t"}}), "$prefix finds nothing"),
        (json!({"name": {"$size": 1}}), "$size finds nothing"),
    ] {
        let compiled = goods.filter("goods", &filter).unwrap();
        assert!(compiled.notes[0].contains(part), "{:?}", compiled.notes);
    }
}

#[test]
fn a_store_without_items_takes_every_field() {
    let fixture = Fixture::new();
    fixture.create(store("empty", KeySpec::single(KeyType::I64), &[]), &[]);
    let document =
        json!({"store": "empty", "filter": {"a.b": {"$gt": 1}, "c": null}, "fields": ["key"]});
    assert!(fixture.rows(&document).is_empty());
}

#[test]
fn digits_are_text_in_a_hidden_column_of_several_types() {
    let fixture = Fixture::new();
    let items = [json!("1"), json!(1), json!("x"), json!(true)];
    let items: Vec<(Json, Json)> = (0..)
        .zip(items)
        .map(|(key, a)| (json!(key), json!({"o": {"a": a}})))
        .collect();
    fixture.create(store("s", KeySpec::single(KeyType::I64), &[]), &items);
    for (filter, expected) in [
        (json!({"o.a": {"$gt": ""}}), json!([[0], [2]])),
        (json!({"o.a": "1"}), json!([[0]])),
        (json!({"o.a": 1}), json!([[1]])),
        (json!({"o.a": {"$in": ["1", true]}}), json!([[0], [3]])),
    ] {
        let document = json!({"store": "s", "filter": filter, "fields": "key", "order_by": "key"});
        assert_eq!(json!(fixture.rows(&document)), expected, "{filter}");
    }
}
