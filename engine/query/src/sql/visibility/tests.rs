//! What callers with less than all see, and what they can write.

use serde_json::json;
use sop::key::{KeyField, KeyType, KeyValue};

use super::*;
use crate::select;
use crate::sql::{Catalog, Code, Params, QueryEngine, QueryError, Request, Table, Value};
use crate::test_support::TestDatabase;

fn rules(visibility: &Visibility) -> Arc<StoreRules> {
    visibility.store("d", "s").unwrap()
}

#[test]
fn what_is_protected_is_not_in_values() {
    let seen = Visibility::default()
        .hide_field("d", "s", "a.b")
        .mask_field("d", "s", "value.c")
        .hide_field("d", "s", "x.y");
    let value = json!({
        "a": [{"b": 1, "d": 2}, [{"b": 3}], 4], "c": {"z": 1}, "x.y": 5, "x": {"y": 6, "z": 7}, "b": 8,
    });
    assert_eq!(
        rules(&seen).redacted("", value),
        json!({"a": [{"d": 2}, [{}], 4], "c": null, "x": {"z": 7}, "b": 8})
    );
    assert_eq!(
        rules(&seen).redacted("a", json!({"b": 1, "c": 2})),
        json!({"c": 2})
    );
    let whole = Visibility::default().mask_field("d", "s", "value");
    assert_eq!(rules(&whole).redacted("", json!({"a": 1})), Json::Null);
}

#[test]
fn hiding_outweighs_masking_and_holds_for_what_is_below() {
    let seen = Visibility::default()
        .mask_field("d", "s", "a")
        .hide_field("d", "s", "a")
        .mask_field("d", "s", "a")
        .mask_field("d", "s", "key.id");
    let rules = rules(&seen);
    assert_eq!(rules.value_field("a.b.c"), Some(Protection::Hidden));
    assert_eq!(rules.value_field("ab"), None);
    assert_eq!(rules.key_field("id"), Some(Protection::Masked));
    assert_eq!(rules.value_field("id"), None);
    assert_eq!(seen.store("d", "t"), None);
    assert!(seen.shows_store("d", "t"));
    let seen = seen.hide_other_stores("d").show_store("d", "u");
    assert!(!seen.shows_store("d", "t") && seen.shows_store("d", "u"));
    assert!(seen.shows_store("d", "s") && seen.shows_store("e", "t"));
}

/// Employees with pay and secrets, departments, and an audit.
struct Office {
    test: TestDatabase,
    catalog: Catalog,
    engine: QueryEngine,
    clerk: Visibility,
}

fn office() -> Office {
    let test = TestDatabase::new();
    let fields = ["dept", "id"].map(|name| KeyField::new(name, KeyType::I64));
    let key = KeySpec::composite(fields.to_vec(), Vec::new()).unwrap();
    test.create("emp", &key);
    test.create("dept", &KeySpec::single(KeyType::I64));
    test.create("audit", &KeySpec::single(KeyType::I64));
    let id = |dept: i64, id: i64| Key::composite([KeyValue::from(dept), KeyValue::from(id)]);
    test.fill(
        "emp",
        [
            (
                id(1, 1),
                r#"{"name":"Ann","pay":10,"secret":"s1","note":{"open":1,"closed":2},"tags":[{"t":1,"x":7}]}"#,
            ),
            (id(1, 2), r#"{"name":"Bo","pay":20,"secret":"s2"}"#),
            (id(2, 3), r#"{"name":"Cy","pay":30}"#),
        ],
    );
    test.fill("dept", [(1_i64.into(), r#"{"title":"Ops","pay":10}"#)]);
    test.fill("audit", [(1_i64.into(), r#"{"what":"x"}"#)]);
    let clerk = Visibility::default()
        .hide_store("d", "audit")
        .hide_field("d", "emp", "secret")
        .hide_field("d", "emp", "tags.x")
        .mask_field("d", "emp", "note.closed")
        .mask_field("d", "emp", "pay");
    Office {
        catalog: Catalog::new(vec![("d".to_owned(), test.db.clone())]),
        engine: QueryEngine::default(),
        test,
        clerk,
    }
}

impl Office {
    fn request(&self, sql: &str) -> Request {
        Request {
            visibility: self.clerk.clone(),
            ..Request::new(sql, Params::None).writing()
        }
    }

    fn run(&self, sql: &str) -> Result<Table, QueryError> {
        self.engine.collect(&self.catalog, &self.request(sql))
    }

    #[track_caller]
    fn rows(&self, sql: &str) -> Vec<String> {
        let table = self.run(sql).unwrap();
        let cell = |value: &Value| match value {
            Value::Null => "null".to_owned(),
            Value::Integer(value) => value.to_string(),
            Value::Text(text) | Value::Json(text) => text.clone(),
            other => format!("{other:?}"),
        };
        let rows = table.rows.iter();
        rows.map(|row| row.iter().map(cell).collect::<Vec<_>>().join(" "))
            .collect()
    }

    /// The error, which says nothing of what is hidden.
    #[track_caller]
    fn refused(&self, sql: &str) -> QueryError {
        let error = match self.run(sql) {
            Err(error) => error,
            Ok(table) => panic!("{sql}: {:?}", table.rows),
        };
        for hidden in ["s1", "s2", "audit"] {
            let named = sql.contains(hidden);
            let all = format!("{error:?}");
            assert!(named || !all.contains(hidden), "{sql}: {all}");
        }
        error
    }
}

#[test]
fn a_hidden_store_does_not_exist() {
    let office = office();
    for sql in [
        "SELECT * FROM audit",
        "SELECT * FROM d.audit",
        "SELECT * FROM \"AUDIT\"",
        "SELECT count(*) FROM audit",
        "SELECT * FROM emp WHERE EXISTS (SELECT 1 FROM audit)",
        "INSERT INTO audit (key) VALUES (5)",
        "UPDATE audit SET what = 'y'",
        "DELETE FROM audit",
        "DROP STORE audit",
        "ALTER STORE audit SET (description = 'x')",
    ] {
        let error = office.refused(sql);
        assert_eq!(error.code, Code::StoreNotFound, "{sql}: {error}");
        assert!(error.suggestions.is_empty(), "{sql}: {error:?}");
    }
    for sql in ["SELECT * FROM audi", "SELECT * FROM d.audits"] {
        assert!(office.refused(sql).suggestions.is_empty(), "{sql}");
    }
    let error = office.refused("CREATE STORE audit (key BIGINT PRIMARY KEY)");
    assert_eq!(error.code, Code::Forbidden);
    // A relation may name what is not there.
    for (store, target) in [("r", "audit"), ("q", "nothing")] {
        let sql =
            format!("CREATE STORE {store} (key BIGINT PRIMARY KEY, a BIGINT REFERENCES {target}");
        office.run(&format!("{sql} (key))")).unwrap();
        let error = office.run(&format!("{sql}))")).unwrap_err();
        assert_ne!(error.code, Code::Forbidden, "{error}");
    }
    assert_eq!(office.test.dump("audit"), [r#"1={"what":"x"}"#]);
}

#[test]
fn a_hidden_field_is_nowhere() {
    let office = office();
    assert_eq!(
        office.rows("SELECT * FROM emp WHERE id < 3"),
        [
            r#"1 1 Ann null {"open":1,"closed":null} [{"t":1}]"#,
            "1 2 Bo null null null"
        ]
    );
    assert_eq!(
        office.rows("SELECT value FROM emp WHERE id = 1"),
        [r#"{"name":"Ann","pay":null,"note":{"open":1,"closed":null},"tags":[{"t":1}]}"#]
    );
    for sql in [
        "SELECT secret FROM emp",
        "SELECT name FROM emp WHERE secret = 's1'",
        "SELECT name FROM emp ORDER BY \"secret\"",
        "SELECT name FROM emp GROUP BY emp.Secret",
        "SELECT \"value.secret\" FROM emp",
        "SELECT \"tags.x\" FROM emp",
        "SELECT 1 FROM dept JOIN emp USING (secret)",
        "UPDATE emp SET secret = 'x'",
        "INSERT INTO emp (dept, id, secret) VALUES (5, 5, 'x')",
        "INSERT INTO emp (dept, id) VALUES (5, 5) ON CONFLICT DO UPDATE SET secret = 'x'",
        "UPDATE emp SET name = secret",
        "DELETE FROM emp RETURNING secret",
        "EXPLAIN QUERY PLAN SELECT secret FROM emp",
    ] {
        let error = office.refused(sql);
        assert!(
            matches!(error.code, Code::FieldNotFound | Code::Syntax),
            "{sql}: {error}"
        );
        assert!(
            !error.suggestions.iter().any(|name| name.contains("secret")),
            "{sql}"
        );
    }
    assert!(
        office
            .refused("SELECT secre FROM emp")
            .suggestions
            .is_empty()
    );
    for sql in [
        "SELECT name FROM emp WHERE value ->> '$.secret' = 's1'",
        "SELECT name FROM emp WHERE json_extract(value, '$.secret') IS NOT NULL",
        "SELECT j.key FROM emp, json_each(emp.value) AS j WHERE j.key = 'secret'",
        "SELECT j.fullkey FROM emp, json_tree(emp.value) AS j WHERE j.key = 'x'",
        "SELECT tags ->> '$[0].x' AS x FROM emp WHERE x IS NOT NULL",
        "SELECT name FROM emp WHERE value LIKE '%s1%'",
    ] {
        assert_eq!(office.rows(sql), [""; 0], "{sql}");
    }
}

#[test]
fn a_masked_field_is_null_and_nothing_is_found_by_it() {
    let office = office();
    for (sql, expected) in [
        ("SELECT pay FROM emp WHERE id = 1", "null"),
        (
            "SELECT e.pay AS p, name FROM emp e WHERE id = 1",
            "null Ann",
        ),
        ("SELECT pay FROM (SELECT * FROM emp) WHERE id = 1", "null"),
        ("SELECT title, pay FROM dept WHERE pay = 10", "Ops 10"),
        (
            "SELECT emp.pay, title FROM emp JOIN dept ON dept.key = emp.dept WHERE id = 1",
            "null Ops",
        ),
        ("SELECT DISTINCT pay FROM emp", "null"),
        ("SELECT \"note.closed\" FROM emp WHERE id = 1", "null"),
        ("SELECT count(*) FROM emp", "3"),
    ] {
        assert_eq!(office.rows(sql), [expected], "{sql}");
    }
    for sql in [
        "SELECT name FROM emp WHERE pay > 5",
        "SELECT name FROM emp WHERE pay + 0 > 5",
        "SELECT name FROM emp WHERE pay IS NULL",
        "SELECT name FROM emp ORDER BY pay",
        "SELECT name, pay FROM emp ORDER BY 2",
        "SELECT * FROM emp ORDER BY 4",
        "SELECT name, pay AS p FROM emp ORDER BY p",
        "SELECT max(pay) FROM emp",
        "SELECT count(pay) FROM emp",
        "SELECT count(*) FROM emp WHERE pay = 10",
        "SELECT pay * 2 FROM emp",
        "SELECT name FROM emp GROUP BY pay",
        "SELECT name FROM emp GROUP BY name HAVING sum(pay) > 1",
        "SELECT 1 FROM emp JOIN dept ON dept.pay = emp.pay",
        "SELECT 1 FROM emp JOIN dept USING (pay)",
        "SELECT 1 FROM emp NATURAL JOIN dept",
        "SELECT 1 FROM dept WHERE pay IN (SELECT pay FROM emp)",
        "WITH c(a) AS (SELECT pay FROM emp) SELECT * FROM c WHERE a = 10",
        "SELECT * FROM (SELECT pay AS x FROM emp) WHERE x = 10",
        "SELECT name, sum(pay) OVER () FROM emp",
        "SELECT name FROM emp WHERE \"note.closed\" = 2",
        "SELECT name FROM emp WHERE note ->> '$.closed' = 2",
        "SELECT value ->> '$.pay' FROM emp",
        "DELETE FROM emp WHERE pay = 10",
        "UPDATE emp SET name = 'x' WHERE pay = 10",
        "UPDATE emp SET name = pay",
        "UPDATE emp SET pay = 5",
        "UPDATE emp SET note = '{\"closed\":5}' WHERE id = 1",
        "UPDATE emp SET \"note.closed\" = 5 WHERE id = 1",
        "INSERT INTO emp (dept, id, pay) VALUES (9, 9, 1)",
        "INSERT INTO emp (dept, id) VALUES (1, 1) ON CONFLICT DO UPDATE SET pay = 1",
        "INSERT INTO emp VALUES (9, 9, 'Z', 5, NULL, NULL)",
    ] {
        let error = office.refused(sql);
        assert_eq!(error.code, Code::Forbidden, "{sql}: {error}");
        let names = error.message.contains("pay") || error.message.contains("closed");
        assert!(names && error.message.contains("masked"), "{sql}: {error}");
        // A second time it is not taken for checked.
        assert_eq!(office.refused(sql).code, Code::Forbidden, "{sql}");
    }
    let request = office.request("SELECT name FROM emp WHERE pay > 5");
    let error = office.engine.explain(&office.catalog, &request, true);
    assert_eq!(error.unwrap_err().code, Code::Forbidden);
}

#[test]
fn writes_keep_what_is_not_seen() {
    let office = office();
    let before = office.test.dump("emp");
    assert_eq!(before.len(), 3);
    for sql in [
        "UPDATE emp SET name = 'N' WHERE id = 1",
        "UPDATE emp SET value = '{\"name\":\"N\",\"pay\":null,\"note\":{\"open\":1},\"tags\":[{\"t\":1}]}' WHERE id = 1",
        "INSERT OR REPLACE INTO emp (dept, id, name, note, tags) VALUES (1, 1, 'N', '{\"open\":1}', '[{\"t\":1}]')",
        "INSERT INTO emp (dept, id) VALUES (1, 1) ON CONFLICT DO UPDATE SET name = 'N'",
        "UPDATE emp SET name = d.title FROM (SELECT 'N' AS title) AS d WHERE id = 1",
        "UPDATE emp SET name = 'N', id = 1 WHERE id = 1",
    ] {
        let mut request = office.request(sql);
        request.dry_run = true;
        let table = office.engine.collect(&office.catalog, &request).unwrap();
        let changes = format!("{:?}", table.summary.changes);
        assert!(
            changes.contains("Ann") && !changes.contains("s1"),
            "{sql}: {changes}"
        );
        assert!(
            !changes.contains("10") && !changes.contains("\\\"x"),
            "{sql}: {changes}"
        );
        office.run(sql).unwrap();
        let after = office.test.dump("emp");
        assert_eq!(after[0], before[0].replace("Ann", "N"), "{sql}");
        assert_eq!(after[1..], before[1..], "{sql}");
        office
            .run("UPDATE emp SET name = 'Ann' WHERE id = 1")
            .unwrap();
    }
    assert_eq!(
        office.rows("UPDATE emp SET name = 'B' WHERE id = 2 RETURNING name, pay, value"),
        [r#"B null {"name":"B","pay":null}"#]
    );
    for sql in [
        "UPDATE emp SET note = NULL WHERE id = 1",
        "UPDATE emp SET tags = '[]' WHERE id = 1",
        "UPDATE emp SET value = '{}' WHERE id = 1",
        "UPDATE emp SET value = '5' WHERE id = 1",
        "DROP STORE emp",
        "ALTER STORE emp ADD COLUMN z TEXT",
    ] {
        assert_eq!(office.refused(sql).code, Code::Forbidden, "{sql}");
    }
    let sql = r#"UPDATE emp SET value = '{"name":"x","secret":"s"}' WHERE id = 2"#;
    assert_eq!(office.refused(sql).code, Code::FieldNotFound);
    assert!(office.test.dump("emp")[1].contains(r#""secret":"s2""#));
}

#[test]
fn keys_that_are_not_shown_come_out_nowhere() {
    let mut office = office();
    office.clerk = Visibility::default()
        .hide_field("d", "emp", "key.dept")
        .mask_field("d", "emp", "key.id");
    assert_eq!(
        office.rows("SELECT id, key, name FROM emp LIMIT 1"),
        ["null {\"id\":null} Ann"]
    );
    for sql in [
        "SELECT _position FROM emp",
        "SELECT name FROM emp WHERE _position > x'00'",
        "SELECT name FROM emp ORDER BY emp.\"_Position\"",
        "SELECT name FROM emp WHERE id = 1",
        "UPDATE emp SET id = 7",
        "UPDATE emp SET key = '{\"dept\":1,\"id\":9}' WHERE name = 'Ann'",
        "DELETE FROM emp WHERE name = 'Ann' RETURNING _position",
    ] {
        assert_eq!(office.refused(sql).code, Code::Forbidden, "{sql}");
    }
    assert_eq!(
        office.refused("SELECT dept FROM emp").code,
        Code::FieldNotFound
    );
    office
        .run("UPDATE emp SET name = 'N' WHERE name = 'Ann'")
        .unwrap();
    assert!(office.test.dump("emp")[0].starts_with(r#"{"dept":1,"id":1}={"name":"N""#));
    let mut request = office.request("DELETE FROM emp WHERE name = 'N'");
    request.dry_run = true;
    let table = office.engine.collect(&office.catalog, &request).unwrap();
    assert_eq!(table.summary.changes[0].key, r#"{"id":null}"#);
    // The key that is there already is not told.
    office.clerk = Visibility::default().mask_field("d", "emp", "key.id");
    let key = Key::composite([KeyValue::from(2_i64), KeyValue::from(1_i64)]);
    office.test.fill("emp", [(key, r#"{"name":"Di"}"#)]);
    let error = office.refused("UPDATE emp SET dept = 1 WHERE name = 'Di'");
    assert_eq!(error.code, Code::Constraint);
    assert!(!error.message.contains("id"), "{error}");
    let error = office.refused("INSERT INTO emp (name) VALUES ('x')");
    assert_eq!(error.code, Code::Constraint);
}

#[test]
fn callers_do_not_share_tables_and_statements() {
    let office = office();
    let all = || {
        let table = office
            .engine
            .table(&office.catalog, "SELECT * FROM emp", Params::None);
        table.unwrap().rows[0].len()
    };
    let part = || office.run("SELECT * FROM emp").unwrap().rows[0].len();
    for _ in 0..3 {
        assert_eq!((all(), part()), (7, 6));
    }
    assert_eq!(office.clerk.clone(), office.clerk);
    assert_ne!(
        office.clerk.clone().mask_field("d", "emp", "name"),
        office.clerk
    );
}

#[test]
fn documents_know_no_more_than_statements() {
    let office = office();
    let tx = office.test.db.begin(sop::Mode::Read).unwrap();
    let compile = |document: Json| {
        let names = select::mentioned(&document);
        let schema = select::Schema::seen_by(&office.clerk, &[("d", &tx)], &names).unwrap();
        select::compile(&document, &schema)
    };
    let error = compile(json!({"store": "audit"})).unwrap_err();
    assert_eq!(error.fault, select::Fault::UnknownStore);
    assert!(error.suggestions.is_empty());
    let error = compile(json!({"store": "emp", "filter": {"secret": 1}})).unwrap_err();
    assert_eq!(error.fault, select::Fault::UnknownField);
    assert!(!error.suggestions.contains(&"secret".to_owned()));
    let compiled = compile(json!({"store": "emp", "filter": {"pay": 10}})).unwrap();
    let request = Request {
        params: Params::Positional(compiled.params),
        ..office.request(&compiled.sql)
    };
    let error = office
        .engine
        .collect(&office.catalog, &request)
        .unwrap_err();
    assert_eq!(error.code, Code::Forbidden);
    let compiled = compile(json!({"store": "emp", "fields": ["pay"], "limit": 1})).unwrap();
    let request = Request {
        params: Params::Positional(compiled.params),
        ..office.request(&compiled.sql)
    };
    let table = office.engine.collect(&office.catalog, &request).unwrap();
    assert_eq!(table.rows, [[Value::Null]]);
}
