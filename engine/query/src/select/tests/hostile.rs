//! Documents that nobody would write: no panic, and nothing of them in the statement.

use super::*;
use proptest::prelude::*;

/// Names that documents have a meaning for, so that random documents get far.
const WORDS: [&str; 44] = [
    "store",
    "filter",
    "fields",
    "join",
    "group_by",
    "aggregates",
    "having",
    "order_by",
    "limit",
    "offset",
    "distinct",
    "alias",
    "on",
    "type",
    "insert",
    "update",
    "delete",
    "set",
    "items",
    "key",
    "value",
    "users",
    "main.users",
    "id",
    "name",
    "group",
    "role",
    "dept",
    "$and",
    "$or",
    "$not",
    "$in",
    "$gt",
    "$type",
    "$bytes",
    "$regex",
    "key.id",
    "count(*) AS n",
    "name desc",
    "left",
    "*",
    "users.*",
    "sum(id)",
    "\"na",
];

fn json() -> impl Strategy<Value = Json> {
    let word = prop::sample::select(&WORDS[..]).prop_map(str::to_owned);
    let text = prop_oneof![4 => word, 1 => ".{0,12}"];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        text.clone().prop_map(Json::from),
    ];
    leaf.prop_recursive(6, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::Array),
            prop::collection::vec((text.clone(), inner), 0..6)
                .prop_map(|fields| Json::Object(fields.into_iter().collect())),
        ]
    })
}

/// Select documents that are nearly right.
fn select() -> impl Strategy<Value = Json> {
    let field = prop::sample::select(&WORDS[..11]);
    prop::collection::vec((field, json()), 0..5).prop_map(|fields| {
        let mut document = json!({"store": "users"});
        for (name, value) in fields {
            document[name] = value;
        }
        document["store"] = json!("users");
        document
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn no_document_panics_and_what_compiles_is_sql(document in prop_oneof![json(), select()]) {
        thread_local! {
            static USERS: (Schema, rusqlite::Connection) = {
                let users = users();
                (users.schema(), users.sqlite())
            };
        }
        USERS.with(|(schema, connection)| {
            for compiled in [
                compile(&document, schema),
                compile_filter(&document, schema, "users")
                    .map(|compiled| Compiled {
                        sql: format!("SELECT 1 FROM \"users\" WHERE {}", compiled.sql),
                        ..compiled
                    }),
            ] {
                match compiled {
                    Ok(compiled) => {
                        let prepared = connection.prepare(&compiled.sql);
                        prop_assert!(prepared.is_ok(), "{}: {:?}", compiled.sql, prepared.err());
                        prop_assert_eq!(prepared.unwrap().parameter_count(), compiled.params.len());
                    }
                    Err(error) => prop_assert!(
                        error.pointer.is_empty() || document.pointer(&error.pointer).is_some()
                            || error.detail.contains("missing") || error.detail.contains("must be"),
                        "{}", error
                    ),
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn nothing_of_a_value_or_an_unlisted_name_is_in_the_statement(
        text in "zq[a-z\"'; .-]{1,12}", number in 100_000_000_i64..,
    ) {
        let users = users();
        let schema = users.schema();
        let values = [json!(text), json!(number), json!([text, number]), json!({"a": text})];
        for value in &values {
            for operator in ["$eq", "$ne", "$in", "$gt", "$lt", "$prefix", "$regex", "$contains", "$between"] {
                let operand = match operator {
                    "$in" => json!([value]),
                    "$between" => json!([value, value]),
                    _ => value.clone(),
                };
                for field in ["name", "id", "dept", "group", "value", "key"] {
                    let filter = json!({field: {operator: operand}});
                    if let Ok(compiled) = compile_filter(&filter, &schema, "users") {
                        prop_assert!(!compiled.sql.contains("zq"), "{}", compiled.sql);
                        prop_assert!(!compiled.sql.contains(&number.to_string()), "{}", compiled.sql);
                        let known = quoted_names(&compiled.sql);
                        prop_assert!(known.iter().all(|name| KNOWN.contains(&name.as_str())), "{:?}", known);
                    }
                }
            }
        }
        let open = Fixture::new();
        open.create(store("open", KeySpec::single(KeyType::I64), &[]), &[]);
        let compiled = compile_filter(&json!({&text: number}), &open.schema(), "open").unwrap();
        prop_assert!(!compiled.sql.contains("zq"), "{}", compiled.sql);
        open.sqlite().prepare(&format!("SELECT 1 FROM \"open\" WHERE {}", compiled.sql)).unwrap();
    }

    #[test]
    fn a_name_of_a_result_stays_in_its_quotes(alias in "[^\\p{Cc}]{1,20}") {
        let users = users();
        let written = format!("name AS \"{}\"", alias.replace('"', "\"\""));
        let document = json!({"store": "users", "fields": [written], "order_by": [alias.clone()]});
        // An alias that reads as something else in order_by is no fault of its quotes.
        let Ok(compiled) = users.compile(&document) else { return Ok(()) };
        let (names, rows) = users.run(&compiled);
        prop_assert_eq!(names, [alias]);
        prop_assert_eq!(rows.len(), 5);
    }
}

const KNOWN: [&str; 11] = [
    "users",
    "name",
    "id",
    "dept",
    "group",
    "role",
    "value",
    "key",
    "element 1",
    "type",
    "json",
];

fn quoted_names(sql: &str) -> Vec<String> {
    let names = sql.split('"').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

#[test]
fn deep_and_wide_documents_are_refused_not_run_into() {
    let users = users();
    let mut deep = json!({"id": 1});
    for _ in 0..1_000 {
        deep = json!({"$not": deep});
    }
    let error = users.filter("users", &deep).unwrap_err();
    assert_eq!(error.fault, Fault::TooLarge);
    let wide: Vec<Json> = (0..1_001).map(|id| json!({"id": id})).collect();
    let error = users.filter("users", &json!({"$or": wide})).unwrap_err();
    assert_eq!(
        (error.fault, error.pointer.as_str()),
        (Fault::TooLarge, "/$or/1000/id")
    );
    let many: Vec<i64> = (0..32_001).collect();
    let error = users
        .filter("users", &json!({"id": {"$in": many}}))
        .unwrap_err();
    assert_eq!(error.fault, Fault::TooLarge);
    let path = vec!["a"; 5_000].join(".");
    assert_eq!(
        users.filter("users", &json!({path: 1})).unwrap_err().fault,
        Fault::TooLarge
    );
}

#[test]
fn the_widest_documents_that_are_taken_run() {
    let users = users();
    let wide: Vec<Json> = (0..1_000).map(|id| json!({"id": id})).collect();
    let mut filter = json!({"$or": wide});
    for _ in 0..30 {
        filter = json!({"$not": filter});
    }
    let document = json!({"store": "users", "fields": ["id"], "filter": filter});
    assert_eq!(users.rows(&document).len(), 5);
    let many: Vec<i64> = (0..32_000).collect();
    let document = json!({"store": "users", "fields": ["id"], "filter": {"id": {"$in": many}}});
    assert_eq!(users.rows(&document).len(), 5);
}
