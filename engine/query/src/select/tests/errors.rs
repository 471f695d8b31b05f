//! Faults as text: where they are and what is said.

use super::*;

#[test]
#[expect(clippy::too_many_lines, reason = "one table of faults")]
fn every_fault_has_its_place_and_what_would_be_right() {
    let users = users();
    for (document, fault, pointer, part) in [
        (json!([]), Fault::Invalid, "", "a select is an object"),
        (json!({}), Fault::Invalid, "", "a select is an object"),
        (
            json!({"stor": "users"}),
            Fault::Invalid,
            "/stor",
            "did you mean \"store\"",
        ),
        (
            json!({"filter": {}}),
            Fault::Invalid,
            "/store",
            "is missing",
        ),
        (
            json!({"store": 1}),
            Fault::Invalid,
            "/store",
            "must be text",
        ),
        (
            json!({"store": "user"}),
            Fault::UnknownStore,
            "/store",
            "did you mean \"users\"",
        ),
        (
            json!({"store": "users", "delete": "users"}),
            Fault::Invalid,
            "",
            "store and delete",
        ),
        (
            json!({"store": "users", "sort": []}),
            Fault::Invalid,
            "/sort",
            "in a select",
        ),
        (
            json!({"store": "users", "filter": []}),
            Fault::Invalid,
            "/filter",
            "a filter is an object",
        ),
        (
            json!({"store": "users", "filter": {"grop": "A"}}),
            Fault::UnknownField,
            "/filter/grop",
            "in users; did you mean \"group\"",
        ),
        (
            json!({"store": "users", "filter": {"name.first": "A"}}),
            Fault::UnknownField,
            "/filter/name.first",
            "no field",
        ),
        (
            json!({"store": "users", "filter": {"key.idd": 1}}),
            Fault::UnknownField,
            "/filter/key.idd",
            "no field",
        ),
        (
            json!({"store": "users", "filter": {"id": {"$gtt": 1}}}),
            Fault::UnknownOperator,
            "/filter/id/$gtt",
            "did you mean \"$gt\"",
        ),
        (
            json!({"store": "users", "filter": {"name": {"$options": "i"}}}),
            Fault::UnknownOperator,
            "/filter/name/$options",
            "(?i)",
        ),
        (
            json!({"store": "users", "filter": {"$xor": []}}),
            Fault::UnknownOperator,
            "/filter/$xor",
            "did you mean \"$nor\"",
        ),
        (
            json!({"store": "users", "filter": {"$gt": 1}}),
            Fault::UnknownOperator,
            "/filter/$gt",
            "belongs to a field",
        ),
        (
            json!({"store": "users", "filter": {"id": {"$or": [1]}}}),
            Fault::UnknownOperator,
            "/filter/id/$or",
            "joins whole filters",
        ),
        (
            json!({"store": "users", "filter": {"id": {"$gt": 1, "x": 2}}}),
            Fault::UnknownOperator,
            "/filter/id/x",
            "no operator",
        ),
        (
            json!({"store": "users", "filter": {"id": {"$eq": {"$gt": 1}}}}),
            Fault::UnknownOperator,
            "/filter/id/$eq/$gt",
            "no operator",
        ),
        (
            json!({"store": "users", "filter": {"$or": []}}),
            Fault::Invalid,
            "/filter/$or",
            "at least one",
        ),
        (
            json!({"store": "users", "filter": {"$and": {}}}),
            Fault::Invalid,
            "/filter/$and",
            "list of filters",
        ),
        (
            json!({"store": "users", "filter": {"$or": [{"id": 1}, {"x/~": 1}]}}),
            Fault::UnknownField,
            "/filter/$or/1/x~1~0",
            "no field",
        ),
        (
            json!({"store": "users", "filter": {"id": {"$gt": null}}}),
            Fault::Invalid,
            "/filter/id/$gt",
            "null",
        ),
        (
            json!({"store": "users", "filter": {"id": {"$gt": [1]}}}),
            Fault::Invalid,
            "/filter/id/$gt",
            "no order",
        ),
        (
            json!({"store": "users", "filter": {"id": {"$in": 1}}}),
            Fault::Invalid,
            "/filter/id/$in",
            "a list",
        ),
        (
            json!({"store": "users", "filter": {"id": {"$between": [1]}}}),
            Fault::Invalid,
            "/filter/id/$between",
            "two values",
        ),
        (
            json!({"store": "users", "filter": {"id": {"$between": [1, "x"]}}}),
            Fault::Invalid,
            "/filter/id/$between",
            "one type",
        ),
        (
            json!({"store": "users", "filter": {"name": {"$prefix": 1}}}),
            Fault::Invalid,
            "/filter/name/$prefix",
            "a text",
        ),
        (
            json!({"store": "users", "filter": {"name": {"$regex": "("}}}),
            Fault::Invalid,
            "/filter/name/$regex",
            "no regular expression",
        ),
        (
            json!({"store": "users", "filter": {"name": {"$exists": 1}}}),
            Fault::Invalid,
            "/filter/name/$exists",
            "true or false",
        ),
        (
            json!({"store": "users", "filter": {"name": {"$size": -1}}}),
            Fault::Invalid,
            "/filter/name/$size",
            "not negative",
        ),
        (
            json!({"store": "users", "filter": {"name": {"$type": "strng"}}}),
            Fault::Invalid,
            "/filter/name/$type",
            "did you mean \"string\"",
        ),
        (
            json!({"store": "users", "filter": {"key": {"$gt": 1}}}),
            Fault::Invalid,
            "/filter/key/$gt",
            "name one of id, group, role",
        ),
        (
            json!({"store": "users", "filter": {"key": 1}}),
            Fault::Invalid,
            "/filter/key",
            "an object of id, group, role",
        ),
        (
            json!({"store": "users", "filter": {"key": {"idd": 1}}}),
            Fault::UnknownField,
            "/filter/key/idd",
            "in the key; did you mean \"id\"",
        ),
        (
            json!({"store": "users", "fields": {}}),
            Fault::Invalid,
            "/fields",
            "list of texts",
        ),
        (
            json!({"store": "users", "fields": ["id", 1]}),
            Fault::Invalid,
            "/fields/1",
            "must be text",
        ),
        (
            json!({"store": "users", "fields": ["nam"]}),
            Fault::UnknownField,
            "/fields/0",
            "did you mean \"name\"",
        ),
        (
            json!({"store": "users", "fields": ["nam AS n"]}),
            Fault::UnknownField,
            "/fields/0",
            "did you mean \"name\"",
        ),
        (
            json!({"store": "users", "fields": ["id + 1 AS n"]}),
            Fault::Invalid,
            "/fields/0",
            "write calculations in SQL",
        ),
        (
            json!({"store": "users", "fields": ["id AS a b"]}),
            Fault::Invalid,
            "/fields/0",
            "is no name",
        ),
        (
            json!({"store": "users", "fields": ["id AS n", "name AS n"]}),
            Fault::Invalid,
            "/fields",
            "two columns are named",
        ),
        (
            json!({"store": "users", "fields": ["load_extension(name)"]}),
            Fault::UnknownFunction,
            "/fields/0",
            "no function",
        ),
        (
            json!({"store": "users", "fields": ["lowr(name)"]}),
            Fault::UnknownFunction,
            "/fields/0",
            "did you mean \"lower\"",
        ),
        (
            json!({"store": "users", "fields": ["lower(upper(name))"]}),
            Fault::Invalid,
            "/fields/0",
            "takes one field",
        ),
        (
            json!({"store": "users", "fields": ["lower(distinct name)"]}),
            Fault::Invalid,
            "/fields/0",
            "distinct has no sense",
        ),
        (
            json!({"store": "users", "aggregates": ["sum(*)"]}),
            Fault::Invalid,
            "/aggregates/0",
            "only count takes *",
        ),
        (
            json!({"store": "users", "aggregates": ["name"]}),
            Fault::Invalid,
            "/aggregates/0",
            "is of one item",
        ),
        (
            json!({"store": "users", "fields": ["name"], "aggregates": ["count(*)"]}),
            Fault::Invalid,
            "/fields/0",
            "put it into group_by",
        ),
        (
            json!({"store": "users", "fields": ["*"], "group_by": "group"}),
            Fault::Invalid,
            "/fields/0",
            "put it into group_by",
        ),
        (
            json!({"store": "users", "group_by": ["count(*)"]}),
            Fault::Invalid,
            "/group_by/0",
            "group by a field",
        ),
        (
            json!({"store": "users", "group_by": ["grup"]}),
            Fault::UnknownField,
            "/group_by/0",
            "did you mean \"group\"",
        ),
        (
            json!({"store": "users", "having": {}}),
            Fault::Invalid,
            "/having",
            "belongs to group_by",
        ),
        (
            json!({"store": "users", "group_by": "group", "aggregates": ["count(*) AS n"], "having": {"m": 1}}),
            Fault::UnknownField,
            "/having/m",
            "in the result",
        ),
        (
            json!({"store": "users", "order_by": ["nam desc"]}),
            Fault::UnknownField,
            "/order_by/0",
            "did you mean \"name\"",
        ),
        (
            json!({"store": "users", "group_by": "group", "order_by": ["name"]}),
            Fault::Invalid,
            "/order_by/0",
            "put it into group_by",
        ),
        (
            json!({"store": "users", "limit": -1}),
            Fault::Invalid,
            "/limit",
            "not negative",
        ),
        (
            json!({"store": "users", "offset": "1"}),
            Fault::Invalid,
            "/offset",
            "whole number",
        ),
        (
            json!({"store": "users", "distinct": 1}),
            Fault::Invalid,
            "/distinct",
            "true or false",
        ),
        (
            json!({"store": "users", "join": {}}),
            Fault::Invalid,
            "/join",
            "must be a list",
        ),
        (
            json!({"store": "users", "join": [{"stor": 1}]}),
            Fault::Invalid,
            "/join/0/stor",
            "did you mean \"store\"",
        ),
        (
            json!({"store": "users", "join": [{"store": "usrs"}]}),
            Fault::UnknownStore,
            "/join/0/store",
            "did you mean \"users\"",
        ),
        (
            json!({"store": "users", "join": [{"store": "users"}]}),
            Fault::Invalid,
            "/join/0",
            "alias of its own",
        ),
        (
            json!({"store": "users", "join": [{"store": "users", "alias": "u"}]}),
            Fault::NoRelation,
            "/join/0",
            "say how with on",
        ),
        (
            json!({"store": "users", "join": [{"store": "users", "alias": "u", "type": "outer"}]}),
            Fault::Invalid,
            "/join/0/type",
            "there are inner, left, right, full",
        ),
        (
            json!({"store": "users", "join": [{"store": "users", "alias": "u", "on": {}}]}),
            Fault::Invalid,
            "/join/0/on",
            "leave it out",
        ),
        (
            json!({"store": "users", "join": [{"store": "users", "alias": "u", "on": {"id": 1}}]}),
            Fault::Invalid,
            "/join/0/on/id",
            "name of a field",
        ),
        (
            json!({"store": "users", "join": [{"store": "users", "alias": "u", "on": {"id": "idd"}}]}),
            Fault::UnknownField,
            "/join/0/on/id",
            "in u; did you mean \"id\"",
        ),
        (
            json!({"store": "users", "join": [{"store": "users", "alias": "u", "on": {"id": "id"}}], "filter": {"id": 1}}),
            Fault::AmbiguousField,
            "/filter/id",
            "write users.id or u.id",
        ),
        (
            json!({"insert": "users"}),
            Fault::Invalid,
            "/items",
            "at least one",
        ),
        (
            json!({"insert": "users", "items": [{"value": 1}]}),
            Fault::Invalid,
            "/items/0/key",
            "is missing",
        ),
        (
            json!({"insert": "users", "items": [{"key": {"idd": 1}}]}),
            Fault::UnknownField,
            "/items/0/key/idd",
            "did you mean \"id\"",
        ),
        (
            json!({"insert": "users", "items": [{"key": 1}]}),
            Fault::Invalid,
            "/items/0/key",
            "an object of id",
        ),
        (
            json!({"update": "users", "set": {"name": 1}}),
            Fault::Invalid,
            "/filter",
            "{} means all items",
        ),
        (
            json!({"update": "users", "filter": {}}),
            Fault::Invalid,
            "/set",
            "at least one",
        ),
        (
            json!({"update": "users", "filter": {}, "set": {"nam": 1}}),
            Fault::UnknownField,
            "/set/nam",
            "did you mean \"name\"",
        ),
        (
            json!({"update": "users", "filter": {}, "set": {"key": 1}}),
            Fault::Invalid,
            "/set/key",
            "can't be set by itself",
        ),
        (
            json!({"delete": "users"}),
            Fault::Invalid,
            "/filter",
            "{} means all items",
        ),
        (
            json!({"delete": "users", "filter": {}, "limit": 1}),
            Fault::Invalid,
            "/limit",
            "in a delete",
        ),
    ] {
        let error = users.compile(&document).unwrap_err();
        assert_eq!(
            (error.fault, error.pointer.as_str()),
            (fault, pointer),
            "{document}: {error}"
        );
        assert!(error.detail.contains(part), "{document}: {error}");
    }
}

#[test]
fn a_field_of_key_and_value_has_to_say_which() {
    let fixture = Fixture::new();
    let key = composite(&[("id", KeyType::I64)]);
    fixture.create(
        store("s", key, &[]),
        &[(json!({"id": 1}), json!({"id": "one"}))],
    );
    let error = fixture.filter("s", &json!({"id": 1})).unwrap_err();
    assert_eq!(error.fault, Fault::AmbiguousField);
    assert_eq!(error.suggestions, ["key.id", "value.id"]);
    for filter in [
        json!({"key.id": 1}),
        json!({"value.id": "one"}),
        json!({"key": 1}),
        json!({"key": {"$in": [1, {"id": 2}]}}),
    ] {
        let document =
            json!({"store": "s", "filter": filter, "fields": ["key.id", "value.id AS v"]});
        assert_eq!(
            json!(fixture.rows(&document)),
            json!([[1, "one"]]),
            "{filter}"
        );
    }
}

#[test]
fn text_with_a_field_twice_is_refused() {
    let error = crate::select::parse(br#"{"a": 1, "a": 2}"#).unwrap_err();
    assert!(error.detail.contains("twice"), "{error}");
    assert!(crate::select::parse(br#"{"a": 1}"#).is_ok());
}
