//! Random filters against a plain reading of what filters mean, over items of many shapes.

use super::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};

/// What a filter means, read off the documentation. Of tests alone: the product has no second evaluator.
fn holds(item: &Json, filter: &Json) -> bool {
    filter.as_object().unwrap().iter().all(|(name, operand)| {
        let filters = || operand.as_array().unwrap().iter();
        match name.as_str() {
            "$and" => filters().all(|filter| holds(item, filter)),
            "$or" => filters().any(|filter| holds(item, filter)),
            "$nor" => !filters().any(|filter| holds(item, filter)),
            "$not" => !holds(item, operand),
            "id" | "key.id" => field_holds(item, name, &with_numbers(operand)),
            _ => field_holds(item, name, operand),
        }
    })
}

/// A condition on a key of numbers, which takes them as text too.
fn with_numbers(condition: &Json) -> Json {
    match condition {
        Json::String(text) if text.parse::<i64>().is_ok() => json!(text.parse::<i64>().unwrap()),
        Json::Array(list) => list.iter().map(with_numbers).collect(),
        Json::Object(fields) => {
            let of_text = |name: &str| matches!(name, "$prefix" | "$regex" | "$type");
            let fields = fields.iter().map(|(name, operand)| match of_text(name) {
                true => (name.clone(), operand.clone()),
                false => (name.clone(), with_numbers(operand)),
            });
            Json::Object(fields.collect())
        }
        other => other.clone(),
    }
}

fn field_holds(item: &Json, name: &str, condition: &Json) -> bool {
    let operators = condition
        .as_object()
        .filter(|object| object.keys().any(|name| name.starts_with('$')));
    let Some(operators) = operators else {
        return some(item, name, &|value| matches(value, "$eq", condition));
    };
    operators
        .iter()
        .all(|(operator, operand)| match operator.as_str() {
            "$not" => !field_holds(item, name, operand),
            "$ne" => !some(item, name, &|value| matches(value, "$eq", operand)),
            "$nin" => !some(item, name, &|value| matches(value, "$in", operand)),
            "$exists" => some(item, name, &|value| value.is_some()) == operand.as_bool().unwrap(),
            _ => some(item, name, &|value| matches(value, operator, operand)),
        })
}

/// Whether a test holds for the field, or through arrays for one of many.
fn some(item: &Json, path: &str, test: &dyn Fn(Option<&Json>) -> bool) -> bool {
    fn walk(value: Option<&Json>, steps: &[&str], test: &dyn Fn(Option<&Json>) -> bool) -> bool {
        let Some((step, rest)) = steps.split_first() else {
            return test(value);
        };
        match (value, step.parse::<usize>()) {
            (Some(Json::Array(elements)), Ok(index)) => walk(elements.get(index), rest, test),
            (Some(Json::Array(elements)), Err(_)) => elements
                .iter()
                .any(|element| walk(Some(element), steps, test)),
            (value, _) => walk(value.and_then(|value| value.get(step)), rest, test),
        }
    }
    let steps: Vec<&str> = path.split('.').collect();
    // Missing arrays have no elements for which anything could hold.
    let through = path.starts_with("lines.") && steps[1].parse::<usize>().is_err();
    if through && !item.get("lines").is_some_and(Json::is_array) {
        return false;
    }
    walk(Some(item), &steps, test)
}

fn matches(value: Option<&Json>, operator: &str, operand: &Json) -> bool {
    let itself = alone(value, operator, operand);
    let reaches = !matches!(operator, "$size" | "$type" | "$contains");
    itself
        || match value {
            Some(Json::Array(elements)) if reaches => elements
                .iter()
                .any(|element| alone(Some(element), operator, operand)),
            _ => false,
        }
}

fn alone(value: Option<&Json>, operator: &str, operand: &Json) -> bool {
    let present = value.filter(|value| !value.is_null());
    let order = |other: &Json| present.and_then(|value| order(value, other));
    let list = || operand.as_array().unwrap().iter();
    match operator {
        "$eq" => equal(present, operand),
        "$in" => list().any(|one| equal(present, one)),
        "$gt" => order(operand).is_some_and(std::cmp::Ordering::is_gt),
        "$gte" => order(operand).is_some_and(std::cmp::Ordering::is_ge),
        "$lt" => order(operand).is_some_and(std::cmp::Ordering::is_lt),
        "$lte" => order(operand).is_some_and(std::cmp::Ordering::is_le),
        "$between" => {
            order(&operand[0]).is_some_and(std::cmp::Ordering::is_ge)
                && order(&operand[1]).is_some_and(std::cmp::Ordering::is_le)
        }
        "$prefix" => text(present).is_some_and(|text| text.starts_with(operand.as_str().unwrap())),
        "$regex" => text(present).is_some_and(|text| {
            regex::Regex::new(operand.as_str().unwrap())
                .unwrap()
                .is_match(text)
        }),
        "$contains" => match present {
            Some(Json::Array(elements)) => elements
                .iter()
                .any(|element| equal(Some(element).filter(|element| !element.is_null()), operand)),
            Some(Json::String(text)) => operand.as_str().is_some_and(|part| text.contains(part)),
            _ => false,
        },
        "$size" => present
            .and_then(Json::as_array)
            .is_some_and(|list| list.len() as u64 == operand.as_u64().unwrap()),
        "$type" => match operand {
            Json::Array(names) => names
                .iter()
                .any(|name| is_type(value, name.as_str().unwrap())),
            name => is_type(value, name.as_str().unwrap()),
        },
        other => panic!("{other}"),
    }
}

fn text(value: Option<&Json>) -> Option<&str> {
    value.and_then(Json::as_str)
}

fn number(value: &Json) -> Option<f64> {
    value.is_number().then(|| value.as_f64()).flatten()
}

fn equal(value: Option<&Json>, other: &Json) -> bool {
    match (value, other) {
        (None, other) => other.is_null(),
        (Some(value), other) => match (number(value), number(other)) {
            (Some(one), Some(other)) => one.total_cmp(&other).is_eq(),
            // In JSON the order of fields counts.
            _ => serde_json::to_string(value).unwrap() == serde_json::to_string(other).unwrap(),
        },
    }
}

fn order(value: &Json, other: &Json) -> Option<std::cmp::Ordering> {
    match (value, other) {
        (Json::String(one), Json::String(other)) => Some(one.cmp(other)),
        (Json::Bool(one), Json::Bool(other)) => Some(one.cmp(other)),
        _ => number(value)?.partial_cmp(&number(other)?),
    }
}

fn is_type(value: Option<&Json>, name: &str) -> bool {
    let Some(value) = value else { return false };
    let is_date = |text: &str| text.len() == 10 && text.split('-').count() == 3;
    match name {
        "any" => true,
        "null" => value.is_null(),
        "bool" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "date" => value.as_str().is_some_and(is_date),
        "datetime" => value.as_str().is_some_and(|text| text.contains('T')),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other}"),
    }
}

/// Items of which some miss each field, and some have it as null or of another type.
fn items() -> Vec<(Json, Json)> {
    let scalars = [
        json!(1),
        json!(0),
        json!(true),
        json!(false),
        json!("1"),
        json!("red"),
        json!(2.5),
        json!(null),
        json!("[1]"),
        json!("{\"a\":1}"),
    ];
    let mixed = [
        json!([1, "red"]),
        json!([1]),
        json!({"a": 1}),
        json!([]),
        json!([null, true]),
        json!([[1], {"a": 1}]),
        json!({}),
    ];
    let words = [
        "red",
        "reddish",
        "Green",
        "",
        "ré",
        "z\u{10FFFF}",
        "2021-02-03",
    ];
    let pick = |list: &[Json], at: usize| list[at % list.len()].clone();
    (0..90_usize)
        .map(|number| {
            let mut value = serde_json::Map::new();
            let mut put = |name: &str, every: usize, json: Json| {
                if number % every != 0 {
                    value.insert(name.to_owned(), json);
                }
            };
            put("n", 7, if number % 5 == 0 { Json::Null } else { json!(number % 11) });
            put("s", 6, json!(words[number % words.len()]));
            put("b", 5, json!(number % 2 == 0));
            let real = number as f64 / 4.0;
            put("f", 8, if number % 3 == 0 { json!(number) } else { json!(real) });
            let m = if number % 2 == 0 { pick(&scalars, number / 2) } else { pick(&mixed, number / 2) };
            put("m", 9, m);
            put("plain", 4, pick(&scalars, number));
            let tags: Vec<&str> = words.iter().copied().skip(number % 4).take(number % 3).collect();
            put("tags", 7, if number % 10 == 0 { Json::Null } else { json!(tags) });
            put("t", 5, if number % 3 == 0 { json!(["red", "x"]) } else { json!("red") });
            put("o", 6, json!({"a": pick(&scalars, number), "c": {"d": number % 4}}));
            let lines: Vec<Json> = (0..number % 3)
                .map(|line| json!({"price": line + number % 5, "name": words[line], "deep": {"x": [line]}}))
                .collect();
            put("lines", 4, json!(lines));
            put("when", 3, json!(["2021-02-03", "2021-02-03T04:05:06", "soon"][number % 3]));
            put("we\"ird na'me", 3, json!(number % 3));
            let key = json!({"id": number, "kind": words[number % 3]});
            (key, Json::Object(value))
        })
        .collect()
}

const PATHS: [&str; 24] = [
    "n",
    "s",
    "b",
    "f",
    "m",
    "plain",
    "tags",
    "t",
    "o",
    "o.a",
    "o.c.d",
    "o.c",
    "lines.price",
    "lines.name",
    "lines.0.price",
    "lines.1",
    "lines.deep.x",
    "tags.0",
    "when",
    "we\"ird na'me",
    "key.id",
    "id",
    "kind",
    "value.n",
];

fn operand() -> impl Strategy<Value = Json> {
    let scalars = vec![
        json!(null),
        json!(0),
        json!(1),
        json!(2),
        json!(3.5),
        json!(2.5),
        json!(7),
        json!(true),
        json!(false),
        json!("red"),
        json!("re"),
        json!(""),
        json!("1"),
        json!("Green"),
        json!("[1]"),
        json!("{\"a\":1}"),
        json!([1]),
        json!([]),
        json!({"a": 1}),
        json!({}),
        json!(["red", "x"]),
        json!({"d": 1}),
        json!("z"),
        json!("2021-02-03"),
        json!([1, "red"]),
        json!(1.0),
    ];
    prop::sample::select(scalars)
}

fn ordered() -> impl Strategy<Value = Json> {
    operand().prop_filter("ordered", |operand| {
        !operand.is_null() && !operand.is_array() && !operand.is_object()
    })
}

fn condition() -> impl Strategy<Value = Json> {
    let named = |names: &'static [&'static str], operand: BoxedStrategy<Json>| {
        (prop::sample::select(names), operand).prop_map(|(name, operand)| json!({name: operand}))
    };
    let between = (0..12_i64, 0..6_i64).prop_map(|(low, more)| json!([low, low + more]));
    let words = prop::sample::select(vec![
        json!(["a", "red"]),
        json!(["", "z"]),
        json!([0.5, 2.5]),
    ]);
    let texts = prop::sample::select(vec!["", "r", "re", "red", "z", "z\u{10FFFF}", "[", "1"]);
    let types = prop::sample::select(vec![
        "any", "null", "bool", "integer", "number", "string", "date", "datetime", "array", "object",
    ]);
    let leaf = prop_oneof![
        3 => operand(),
        3 => named(&["$eq", "$ne", "$contains"], operand().boxed()),
        3 => named(&["$gt", "$gte", "$lt", "$lte"], ordered().boxed()),
        2 => named(&["$in", "$nin"], prop::collection::vec(operand(), 0..4).prop_map(Json::Array).boxed()),
        1 => named(&["$between"], prop_oneof![between, words].boxed()),
        1 => named(&["$prefix"], texts.prop_map(Json::from).boxed()),
        1 => named(&["$regex"], prop::sample::select(vec![json!("^re"), json!("d$"), json!("(?i)green|1")]).boxed()),
        1 => named(&["$exists"], any::<bool>().prop_map(Json::from).boxed()),
        1 => named(&["$size"], (0..3_i64).prop_map(Json::from).boxed()),
        1 => named(&["$type"], types.clone().prop_map(Json::from).boxed()),
        1 => named(&["$type"], prop::collection::vec(types.prop_map(Json::from), 1..3).prop_map(Json::Array).boxed()),
    ];
    let object = leaf.clone().prop_map(|json| match json {
        Json::Object(object) if object.keys().any(|name| name.starts_with('$')) => {
            json!({"$not": Json::Object(object)})
        }
        other => json!({"$not": other}),
    });
    prop_oneof![5 => leaf, 1 => object]
}

fn filter() -> impl Strategy<Value = Json> {
    let any = (prop::sample::select(&PATHS[..]), condition())
        .prop_map(|(path, condition)| json!({path: condition}));
    let likely = vec![
        json!({"n": 3}),
        json!({"n": {"$gt": 2}}),
        json!({"n": {"$between": [2, 6]}}),
        json!({"n": null}),
        json!({"s": "red"}),
        json!({"s": {"$prefix": "re"}}),
        json!({"s": {"$in": ["", "Green"]}}),
        json!({"b": true}),
        json!({"b": {"$ne": true}}),
        json!({"f": {"$lt": 5.5}}),
        json!({"f": {"$type": "integer"}}),
        json!({"m": {"$exists": false}}),
        json!({"m": 1}),
        json!({"m": {"$type": ["array", "bool"]}}),
        json!({"plain": "[1]"}),
        json!({"plain": {"$gte": 1}}),
        json!({"tags": "red"}),
        json!({"tags": {"$size": 1}}),
        json!({"tags": {"$contains": "reddish"}}),
        json!({"t": {"$regex": "^x"}}),
        json!({"o.a": {"$in": [1, true, null]}}),
        json!({"o.c": {"d": 1}}),
        json!({"o.c.d": {"$gte": 2}}),
        json!({"lines.price": {"$gt": 3}}),
        json!({"lines.0.price": 2}),
        json!({"lines.deep.x": 1}),
        json!({"when": {"$type": "date"}}),
        json!({"key.id": {"$lte": 40}}),
        json!({"kind": "red"}),
        json!({"key": {"id": 3, "kind": "red"}}),
        json!({"kind": {"$prefix": "red"}}),
    ];
    let leaf = prop_oneof![any, prop::sample::select(likely)];
    leaf.prop_recursive(3, 8, 3, |inner| {
        let several = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            (
                prop::sample::select(vec!["$and", "$or", "$nor"]),
                several.clone()
            )
                .prop_map(|(name, filters)| json!({name: filters})),
            inner.clone().prop_map(|filter| json!({"$not": filter})),
            several.prop_map(|filters| {
                let fields = filters.into_iter().flat_map(|filter| match filter {
                    Json::Object(fields) => fields,
                    _ => serde_json::Map::new(),
                });
                Json::Object(fields.collect())
            }),
        ]
    })
}

fn mixed() -> (Fixture, Vec<(Json, Json)>) {
    let fixture = Fixture::new();
    let items = items();
    let key = composite(&[("id", KeyType::I64), ("kind", KeyType::String)]);
    fixture.create(store("mixed", key, &[]), &items);
    (fixture, items)
}

#[test]
fn random_filters_find_what_they_mean() {
    let (fixture, items) = mixed();
    let schema = fixture.schema();
    let connection = fixture.sqlite();
    let stores = fixture.stores();
    let mut runner = TestRunner::new(Config::with_cases(1_500));
    let mut found = 0_usize;
    let mut partly = 0_usize;
    let outcome = runner.run(&filter(), |filter| {
        let compiled = compile_filter(&filter, &schema, "mixed").unwrap();
        let sql = format!(
            "SELECT \"id\" FROM \"mixed\" WHERE {} ORDER BY 1",
            compiled.sql
        );
        let (_, rows) = rows(&connection, &sql, &compiled.params);
        let rows: Vec<u64> = rows.iter().map(|row| row[0].as_u64().unwrap()).collect();
        let expected: Vec<u64> = items
            .iter()
            .filter(|(key, value)| {
                let mut item = value.clone();
                item["id"] = key["id"].clone();
                item["kind"] = key["kind"].clone();
                item["key"] = key.clone();
                item["value"] = value.clone();
                holds(&item, &filter)
            })
            .map(|(key, _)| key["id"].as_u64().unwrap())
            .collect();
        let (_, in_stores) = stores.rows(&sql, &compiled.params);
        let in_stores: Vec<u64> = in_stores
            .iter()
            .map(|row| row[0].as_u64().unwrap())
            .collect();
        prop_assert_eq!(
            &in_stores,
            &rows,
            "in stores: {} as {}",
            filter,
            compiled.sql
        );
        prop_assert_eq!(rows, expected, "{} as {}", filter, compiled.sql);
        Ok(())
    });
    // How much the cases tell is seen from how many find some items and not all.
    runner = TestRunner::deterministic();
    for _ in 0..300 {
        let filter = filter().new_tree(&mut runner).unwrap().current();
        let compiled = compile_filter(&filter, &schema, "mixed").unwrap();
        let sql = format!("SELECT count(*) FROM \"mixed\" WHERE {}", compiled.sql);
        let count = rows(&connection, &sql, &compiled.params).1[0][0]
            .as_u64()
            .unwrap();
        found += usize::from(count > 0);
        partly += usize::from(count > 0 && count < 90);
    }
    outcome.unwrap();
    assert!(found > 150 && partly > 100, "{found} {partly}");
}
