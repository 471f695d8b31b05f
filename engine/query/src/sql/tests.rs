//! The paths through all of it, on small stores.

use sop::key::{Key, KeyField, KeySpec, KeyType, KeyValue};

use super::*;
use crate::test_support::TestDatabase;

fn shop() -> (TestDatabase, Catalog, QueryEngine) {
    let test = TestDatabase::new();
    let id = || KeySpec::single(KeyType::I64);
    test.create("users", &id());
    test.fill(
        "users",
        [
            (Key::from(1_i64), r#"{"name":"Alice","age":30,"active":true,"address":{"city":"Oslo"},"tags":["a","b"]}"#),
            (Key::from(2_i64), r#"{"name":"Bob","age":25,"active":false}"#),
            (Key::from(3_i64), r#"{"name":"Carol","active":true,"score":1.5}"#),
        ],
    );
    let lines = KeySpec::composite(
        vec![
            KeyField::new("user_id", KeyType::I64),
            KeyField::new("day", KeyType::Date).descending(),
        ],
        Vec::new(),
    )
    .unwrap();
    test.create("orders", &lines);
    let order = |user: i64, day: &str| {
        Key::composite([KeyValue::from(user), KeyValue::Date(day.parse().unwrap())])
    };
    test.fill(
        "orders",
        [
            (order(1, "2024-01-05"), r#"{"total":10}"#),
            (order(1, "2024-02-05"), r#"{"total":20}"#),
            (order(2, "2024-01-07"), r#"{"total":5.5}"#),
        ],
    );
    let catalog = Catalog::new(vec![("shop".to_owned(), test.db.clone())]);
    (test, catalog, QueryEngine::default())
}

/// The rows, as JSON-like text.
fn rows(table: &Table) -> Vec<String> {
    let cell = |value: &Value| match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Real(value) => format!("{value:?}"),
        Value::Text(text) => format!("'{text}'"),
        Value::Blob(bytes) => format!("x{}", bytes.len()),
        Value::Json(text) => text.clone(),
    };
    let row = |row: &Vec<Value>| row.iter().map(cell).collect::<Vec<_>>().join(" ");
    table.rows.iter().map(row).collect()
}

fn ask(sql: &str) -> Vec<String> {
    let (_test, catalog, engine) = shop();
    rows(&engine.table(&catalog, sql, Params::None).unwrap())
}

#[test]
fn values_come_out_as_they_went_in() {
    assert_eq!(
        ask("SELECT * FROM users ORDER BY key"),
        [
            "1 'Alice' 30 true {\"city\":\"Oslo\"} [\"a\",\"b\"] null",
            "2 'Bob' 25 false null null null",
            "3 'Carol' null true null null 1.5",
        ]
    );
    assert_eq!(
        ask("SELECT \"address.city\", address ->> '$.city', value FROM users WHERE key = 1").len(),
        1
    );
    assert_eq!(
        ask("SELECT name FROM users WHERE \"address.city\" = 'Oslo'"),
        ["'Alice'"]
    );
    assert_eq!(
        ask("SELECT u.name, t.value FROM users u, json_each(u.tags) t"),
        ["'Alice' 'a'", "'Alice' 'b'"]
    );
}

#[test]
fn every_way_to_read_gives_the_same() {
    for (sql, expected) in [
        ("SELECT name FROM users WHERE key = 2", &["'Bob'"][..]),
        (
            "SELECT name FROM users WHERE key IN (3, 1) ORDER BY key",
            &["'Alice'", "'Carol'"],
        ),
        (
            "SELECT name FROM users WHERE key > 1.5 ORDER BY key DESC",
            &["'Carol'", "'Bob'"],
        ),
        ("SELECT name FROM users WHERE name LIKE 'a%'", &["'Alice'"]),
        (
            "SELECT day FROM orders WHERE user_id = 1 ORDER BY day",
            &["'2024-01-05'", "'2024-02-05'"],
        ),
        (
            "SELECT day FROM orders WHERE user_id = 1 AND day >= '2024-02-01'",
            &["'2024-02-05'"],
        ),
        (
            "SELECT key FROM users ORDER BY key LIMIT 1 OFFSET 1",
            &["2"],
        ),
        (
            "SELECT key FROM users ORDER BY key DESC LIMIT 5 OFFSET 2",
            &["1"],
        ),
        ("SELECT count(*), sum(total) FROM orders", &["3 35.5"]),
        (
            "SELECT u.name, o.total FROM users u LEFT JOIN orders o ON o.user_id = u.key ORDER BY u.key, o.day",
            &["'Alice' 10", "'Alice' 20", "'Bob' 5.5", "'Carol' null"],
        ),
        (
            "SELECT a.name, b.name FROM users a JOIN users b ON a.active = b.active AND a.key < b.key",
            &["'Alice' 'Carol'"],
        ),
        ("SELECT name FROM shop.users WHERE key = 1", &["'Alice'"]),
        (
            "SELECT median(age), percentile(age, 0) FROM users",
            &["27.5 25.0"],
        ),
        (
            "SELECT name FROM users WHERE name REGEXP '^[AB]' AND starts_with(name, 'A')",
            &["'Alice'"],
        ),
    ] {
        assert_eq!(ask(sql), expected, "{sql}");
    }
}

fn refused(sql: &str) -> QueryError {
    let (_test, catalog, engine) = shop();
    let request = Request::new(sql, Params::None).writing();
    engine.collect(&catalog, &request).unwrap_err()
}

#[test]
fn errors_say_where_and_what_to_do() {
    let error = refused("SELECT * FROM user");
    assert_eq!((error.code, error.at), (Code::StoreNotFound, Some(14)));
    assert_eq!(error.suggestions, ["users"]);
    let error = refused("SELECT key,\n nam FROM users");
    assert_eq!((error.code, error.at), (Code::FieldNotFound, Some(13)));
    assert_eq!(error.suggestions, ["name"]);
    assert_eq!(refused("SELECT FROM users").code, Code::Syntax);
    assert_eq!(refused("SELECT 1; SELECT nope FROM users").at, Some(17));
    for sql in [
        "ATTACH 'x' AS y",
        "PRAGMA table_info(users)",
        "SELECT * FROM sqlite_schema",
        "SELECT * FROM pragma_table_info('users')",
        "VACUUM",
        "CREATE TEMP TRIGGER t AFTER INSERT ON users BEGIN SELECT 1; END",
        "SAVEPOINT a",
    ] {
        let error = refused(sql);
        assert!(
            matches!(
                error.code,
                Code::Forbidden | Code::Unsupported | Code::StoreNotFound | Code::Syntax
            ),
            "{sql}: {error:?}"
        );
    }
    assert_eq!(
        refused("SELECT \"text\" FROM users").code,
        Code::FieldNotFound
    );
    assert_eq!(
        refused("SELECT * FROM users WHERE key = ?").code,
        Code::Parameter
    );
}

#[test]
fn changes_are_one_transaction_each() {
    let (_test, catalog, engine) = shop();
    let run = |sql: &str| engine.collect(&catalog, &Request::new(sql, Params::None).writing());
    assert_eq!(
        run("UPDATE users SET age = age + 1 WHERE age IS NOT NULL")
            .unwrap()
            .summary
            .changed,
        2
    );
    assert_eq!(
        rows(&run("SELECT age, tags FROM users ORDER BY key LIMIT 1").unwrap()),
        ["31 [\"a\",\"b\"]"]
    );
    run("INSERT INTO users (key, name) VALUES (4, 'Dan'), (5, 'Eve')").unwrap();
    let error = run("INSERT INTO users (key, name) VALUES (6, 'Fay'), (1, 'Ann')").unwrap_err();
    assert_eq!(error.code, Code::Constraint);
    assert_eq!(
        rows(&run("SELECT count(*) FROM users").unwrap()),
        ["5"],
        "nothing of it is kept"
    );
    run("INSERT OR REPLACE INTO users (key, name) VALUES (1, 'Ann')").unwrap();
    run("INSERT OR IGNORE INTO users (key, name) VALUES (1, 'Amy'), (7, 'Gus')").unwrap();
    assert_eq!(
        rows(&run("SELECT key, name FROM users WHERE key IN (1, 7)").unwrap()),
        ["1 'Ann'", "7 'Gus'"]
    );
    assert_eq!(
        run("DELETE FROM users WHERE key > 3")
            .unwrap()
            .summary
            .changed,
        3
    );
    let both = run("BEGIN; UPDATE orders SET total = 0; DELETE FROM users; COMMIT").unwrap();
    let counts = both
        .summary
        .stores
        .iter()
        .map(|one| (one.store.as_str(), [one.inserted, one.updated, one.deleted]));
    let orders = run("SELECT count(*) FROM orders").unwrap();
    let orders = match orders.rows[0][0] {
        Value::Integer(count) => count as u64,
        _ => 0,
    };
    assert_eq!(
        counts.collect::<Vec<_>>(),
        [("orders", [0, orders, 0]), ("users", [0, 0, 3])]
    );
    let none = run("BEGIN; UPDATE orders SET total = 1; ROLLBACK").unwrap();
    assert!(none.summary.stores.is_empty());
    assert_eq!(
        rows(&run("SELECT sum(total), (SELECT count(*) FROM users) FROM orders").unwrap()),
        ["0 0"]
    );
    let read = engine
        .table(&catalog, "DELETE FROM orders", Params::None)
        .unwrap_err();
    assert_eq!(read.code, Code::ReadOnly);
    run("UPDATE orders SET user_id = 9 WHERE user_id = 2").unwrap();
    assert_eq!(
        rows(&run("SELECT user_id, day FROM orders WHERE user_id = 9").unwrap()),
        ["9 '2024-01-07'"]
    );
}

#[test]
fn a_dry_run_shows_what_it_would_change() {
    let (_test, catalog, engine) = shop();
    let mut request =
        Request::new("UPDATE users SET age = 1 WHERE key = 1", Params::None).writing();
    request.dry_run = true;
    let changes = engine.collect(&catalog, &request).unwrap().summary.changes;
    assert_eq!(changes.len(), 1);
    assert!(changes[0].before.as_ref().unwrap().contains("\"age\":30"));
    assert!(changes[0].after.as_ref().unwrap().contains("\"age\":1"));
    assert_eq!(
        rows(
            &engine
                .table(
                    &catalog,
                    "SELECT age FROM users WHERE key = 1",
                    Params::None
                )
                .unwrap()
        ),
        ["30"]
    );
}

#[test]
fn a_cut_result_says_so_and_a_cancelled_one_ends() {
    let (_test, catalog, engine) = shop();
    let mut request = Request::new("SELECT key FROM users", Params::None);
    request.limits.rows = Some(2);
    let table = engine.collect(&catalog, &request).unwrap();
    assert_eq!((table.rows.len(), table.summary.truncated), (2, true));
    request.limits.rows = Some(3);
    assert!(
        !engine
            .collect(&catalog, &request)
            .unwrap()
            .summary
            .truncated
    );
    let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    let mut request = Request::new(endless, Params::None);
    request.limits.time = Some(std::time::Duration::from_millis(1));
    assert_eq!(
        engine.collect(&catalog, &request).unwrap_err().code,
        Code::Timeout
    );
    request.limits.time = None;
    request.cancel.cancel();
    assert_eq!(
        engine.collect(&catalog, &request).unwrap_err().code,
        Code::Cancelled
    );
}

#[test]
fn new_fields_are_seen_by_the_next_statement() {
    let (test, catalog, engine) = shop();
    let error = engine
        .table(&catalog, "SELECT colour FROM users", Params::None)
        .unwrap_err();
    assert_eq!(error.code, Code::FieldNotFound);
    test.fill("users", [(Key::from(9_i64), r#"{"colour":"red"}"#)]);
    let table = engine.table(
        &catalog,
        "SELECT colour FROM users WHERE key = 9",
        Params::None,
    );
    assert_eq!(rows(&table.unwrap()), ["'red'"]);
}

#[test]
fn plans_say_how_stores_are_read() {
    let (_test, catalog, engine) = shop();
    let plan = |sql: &str| {
        engine
            .explain(&catalog, &Request::new(sql, Params::None), false)
            .unwrap()
    };
    for (sql, expected) in [
        (
            "SELECT * FROM users WHERE key = 5",
            &["seek users[key = ?]"][..],
        ),
        (
            "SELECT * FROM users WHERE name = 'x'",
            &["scan users where name = ?"],
        ),
        (
            "SELECT * FROM users ORDER BY key DESC",
            &["scan users descending"],
        ),
        (
            "SELECT * FROM users LIMIT 5 OFFSET 1",
            &["scan users from an offset"],
        ),
        (
            "SELECT * FROM orders WHERE user_id = 1 AND day > '2024-01-01'",
            &["seek orders[user_id = ?, day > ?]"],
        ),
        (
            "SELECT * FROM orders WHERE user_id = 1 ORDER BY day DESC",
            &["seek orders[user_id = ?]"],
        ),
        (
            "SELECT * FROM orders ORDER BY total",
            &["scan orders", "sort"],
        ),
        (
            "SELECT * FROM users u LEFT JOIN orders o ON o.user_id = u.key",
            &[
                "scan users as u",
                "seek orders[user_id = ?] as o, left join",
            ],
        ),
    ] {
        let plan = plan(sql);
        let shown: Vec<_> = plan
            .nodes
            .iter()
            .map(|node| {
                if node.access.is_some() {
                    node.detail.as_str()
                } else {
                    node.operator
                }
            })
            .collect();
        assert_eq!(shown, expected, "{sql}\n{plan}");
    }
    let plan = engine
        .explain(
            &catalog,
            &Request::new(
                "SELECT * FROM users a JOIN users b ON a.age = b.age",
                Params::None,
            ),
            true,
        )
        .unwrap();
    assert_eq!(plan.nodes[0].rows, Some(3), "{plan}");
    assert_eq!(plan.nodes[1].loops, Some(3), "{plan}");
    assert!(
        plan.advice[0].contains("users has no order by age"),
        "{plan}"
    );
}

#[test]
fn a_counting_statement_is_faulted_in_its_own_words() {
    let (_test, catalog, engine) = shop();
    let count = |sql: &str| engine.table(&catalog, sql, Params::None);
    // From here on the connection knows a table that has the field.
    count("SELECT count(*) FROM orders WHERE total > 1").unwrap();
    let sql = "SELECT count(*) FROM users WHERE total > 1";
    let error = count(sql).unwrap_err();
    assert_eq!(
        (error.code, error.at),
        (Code::FieldNotFound, sql.find("total"))
    );
}

/// Ranges in which nothing fits must not lie on the stack one above the other.
#[test]
fn many_ranges_of_an_index_without_a_match_are_walked() {
    let (test, catalog, engine) = shop();
    let values: Vec<String> = (0..20_000)
        .map(|n| format!(r#"{{"name":"x","age":{n}}}"#))
        .collect();
    let items = values.iter().zip(1_000_i64..);
    test.fill(
        "users",
        items.map(|(value, n)| (Key::from(n), value.as_str())),
    );
    let index = Request::new("CREATE INDEX by_age ON users (age)", Params::None).writing();
    engine.collect(&catalog, &index).unwrap();
    let values: Vec<String> = (0..20_000).map(|n| n.to_string()).collect();
    let sql = format!(
        "SELECT age FROM users WHERE age IN ({}) AND name = 'nobody'",
        values.join(",")
    );
    assert_eq!(
        rows(&engine.table(&catalog, &sql, Params::None).unwrap()).len(),
        0
    );
}

#[test]
fn counts_need_no_walk() {
    let (_test, catalog, engine) = shop();
    for (sql, expected, scanned) in [
        ("SELECT count(*) FROM users", "3", 0),
        ("SELECT count(*) AS n FROM users WHERE key > 1", "2", 0),
        (
            "SELECT count(*) FROM users WHERE key > 1 AND key > 2",
            "1",
            2,
        ),
        ("SELECT count(*) FROM orders WHERE user_id = 1", "2", 0),
        ("SELECT count(*) FROM orders WHERE user_id = 7", "0", 0),
        (
            "SELECT count(*) FROM orders WHERE user_id = 1 AND day BETWEEN '2024-01-01' AND '2024-01-31'",
            "1",
            0,
        ),
        ("SELECT count(*) FROM orders WHERE user_id = 'x'", "0", 3),
        ("SELECT count(*) FROM users WHERE name = 'Bob'", "1", 3),
    ] {
        let table = engine.table(&catalog, sql, Params::None).unwrap();
        assert_eq!(rows(&table), [expected], "{sql}");
        assert_eq!(table.summary.scanned, scanned, "{sql}");
        let name = if sql.contains("AS n") {
            "n"
        } else {
            "count(*)"
        };
        assert_eq!(table.columns[0].name, name);
    }
    let plan = engine.explain(
        &catalog,
        &Request::new("SELECT count(*) FROM users WHERE key < 9", Params::None),
        false,
    );
    assert_eq!(plan.unwrap().nodes[0].detail, "count users[key < ?]");
}
