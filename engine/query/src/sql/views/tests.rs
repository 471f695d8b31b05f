//! Views through the engine.

use super::*;
use crate::sql::{Catalog, Params, QueryEngine, Request, Table, Value, Visibility};
use crate::test_support::TestDatabase;

struct Bench {
    test: TestDatabase,
    catalog: Catalog,
    engine: QueryEngine,
}

impl Bench {
    fn new() -> Self {
        let test = TestDatabase::new();
        test.create("users", &KeySpec::single(KeyType::I64));
        test.create("orders", &KeySpec::single(KeyType::I64));
        test.fill(
            "users",
            [
                (1_i64.into(), r#"{"name":"Ann","active":true,"pay":5}"#),
                (2_i64.into(), r#"{"name":"Bo","active":false,"pay":6}"#),
            ],
        );
        test.fill("orders", [(7_i64.into(), r#"{"user":1,"total":9}"#)]);
        let catalog = Catalog::new(vec![("d".to_owned(), test.db.clone())]);
        Self {
            test,
            catalog,
            engine: QueryEngine::default(),
        }
    }

    fn run(&self, sql: &str) -> Result<Table> {
        let request = Request::new(sql, Params::None).writing();
        self.engine.collect(&self.catalog, &request)
    }

    #[track_caller]
    fn rows(&self, sql: &str) -> Vec<String> {
        let table = self.run(sql).unwrap();
        let cell = |value: &Value| match value {
            Value::Text(text) => text.clone(),
            Value::Integer(value) => value.to_string(),
            Value::Bool(value) => value.to_string(),
            other => format!("{other:?}"),
        };
        let row = |row: &Vec<Value>| row.iter().map(cell).collect::<Vec<_>>().join(" ");
        table.rows.iter().map(row).collect()
    }
}

#[test]
fn a_saved_select_is_a_table() {
    let bench = Bench::new();
    bench
        .run("CREATE VIEW active AS SELECT key AS id, name, pay FROM users WHERE active")
        .unwrap();
    bench
        .run("CREATE VIEW view.\"big one\" (who, n) AS SELECT a.name, sum(o.total) FROM view.active AS a JOIN orders o ON o.user = a.id GROUP BY a.name")
        .unwrap();
    for (sql, expected) in [
        ("SELECT * FROM view.active", "1 Ann 5"),
        (
            "SELECT active.name, View.Active.id FROM view.active",
            "Ann 1",
        ),
        ("SELECT x.name FROM view.active x WHERE x.id = 1", "Ann"),
        ("SELECT who, n FROM view.\"big one\"", "Ann 9"),
        (
            "SELECT u.name FROM users u, view.active v WHERE u.key = v.id",
            "Ann",
        ),
        ("SELECT count(*) FROM view.active", "1"),
        (
            "WITH c AS (SELECT * FROM view.active) SELECT name FROM c",
            "Ann",
        ),
        (
            "SELECT name FROM users WHERE key IN (SELECT id FROM view.active)",
            "Ann",
        ),
    ] {
        assert_eq!(bench.rows(sql), [expected], "{sql}");
    }
    let table = bench.run("SELECT * FROM view.active").unwrap();
    let columns = table
        .columns
        .iter()
        .map(|c| (c.name.as_str(), c.kind.as_str()));
    assert_eq!(
        columns.collect::<Vec<_>>(),
        [("id", "integer"), ("name", "string"), ("pay", "integer")]
    );
    // What is stored is seen by the next statement, new fields too.
    bench
        .run("INSERT INTO users (key, name, active) VALUES (3, 'Cy', 1)")
        .unwrap();
    assert_eq!(bench.rows("SELECT name FROM view.active"), ["Ann", "Cy"]);
    bench
        .run("CREATE VIEW everybody AS SELECT * FROM users")
        .unwrap();
    let width = || {
        bench
            .run("SELECT * FROM view.everybody")
            .unwrap()
            .columns
            .len()
    };
    assert_eq!(width(), 4);
    bench
        .run("INSERT INTO users (key, fresh) SELECT 9, name FROM view.active LIMIT 1")
        .unwrap();
    assert_eq!(width(), 5);
    let tx = bench.test.db.begin(sop::Mode::Read).unwrap();
    let names: Vec<_> = views(&tx)
        .unwrap()
        .into_iter()
        .map(|view| view.name)
        .collect();
    assert_eq!(names, ["active", "big one", "everybody"]);
    // They are no store to look at.
    let error = bench.run("SELECT * FROM _views").unwrap_err();
    assert_eq!(error.code, Code::StoreNotFound);
}

#[test]
fn plans_through_views_keep_their_seeks() {
    let bench = Bench::new();
    bench
        .run("CREATE VIEW v AS SELECT key AS id, name FROM users WHERE active")
        .unwrap();
    bench
        .run("CREATE VIEW w AS SELECT id, name FROM view.v")
        .unwrap();
    let request = Request::new("SELECT name FROM view.w WHERE id = 1", Params::None);
    let plan = bench
        .engine
        .explain(&bench.catalog, &request, false)
        .unwrap();
    let access: Vec<_> = plan
        .nodes
        .iter()
        .filter_map(|node| node.access.as_deref())
        .collect();
    assert_eq!(access, ["seek users[key = ?]"]);
}

#[test]
fn errors_name_the_view_and_the_place() {
    let bench = Bench::new();
    bench
        .run("CREATE VIEW a AS SELECT key, name FROM users")
        .unwrap();
    bench.run("CREATE VIEW b AS SELECT * FROM view.a").unwrap();
    for (sql, code, said, at) in [
        (
            "CREATE VIEW x AS SELECT nam FROM users",
            Code::FieldNotFound,
            "in view \"x\"",
            "x AS",
        ),
        (
            "CREATE VIEW a AS SELECT 1",
            Code::Constraint,
            "exists",
            "a AS",
        ),
        (
            "CREATE VIEW x AS SELECT ?",
            Code::Syntax,
            "in view \"x\"",
            "x AS",
        ),
        (
            "CREATE VIEW x AS DELETE FROM users",
            Code::Syntax,
            "a select",
            "DELETE",
        ),
        (
            "CREATE VIEW x AS SELECT * FROM view.x",
            Code::Unsupported,
            "stands on itself",
            "x AS",
        ),
        (
            "CREATE VIEW other.x AS SELECT 1",
            Code::Unsupported,
            "other",
            "other",
        ),
        (
            "CREATE TEMP VIEW x AS SELECT 1",
            Code::Unsupported,
            "CREATE VIEW name",
            "TEMP",
        ),
        ("DROP VIEW aa", Code::StoreNotFound, "\"a\"", "aa"),
        (
            "SELECT * FROM view.aa",
            Code::StoreNotFound,
            "view.a",
            "view.aa",
        ),
        (
            "SELECT z FROM view.a, users u",
            Code::FieldNotFound,
            "\"z\"",
            "z FROM",
        ),
        (
            "SELECT 1 FROM view.a, view.b WHERE zz",
            Code::FieldNotFound,
            "\"zz\"",
            "zz",
        ),
        ("DELETE FROM view.a", Code::Unsupported, "view", ""),
        (
            "SELECT 1; SELECT zz FROM view.a",
            Code::FieldNotFound,
            "\"zz\"",
            "zz",
        ),
    ] {
        let error = bench.run(sql).unwrap_err();
        assert_eq!(error.code, code, "{sql}: {error}");
        assert!(error.message.contains(said), "{sql}: {error}");
        if code != Code::StoreNotFound && !at.is_empty() {
            assert_eq!(error.at, sql.find(at), "{sql}: {error}");
        }
    }
}

#[test]
fn views_stand_on_one_another_to_a_depth_and_never_on_themselves() {
    let bench = Bench::new();
    for sql in [
        "CREATE VIEW a AS SELECT key, name FROM users",
        "CREATE VIEW b AS SELECT * FROM view.a",
    ] {
        bench.run(sql).unwrap();
    }
    // What a view stands on may go, or come back as something that stands on it.
    bench.run("DROP VIEW a").unwrap();
    let error = bench.run("SELECT * FROM view.b").unwrap_err();
    assert!(error.message.contains("in view \"b\""), "{error}");
    let error = bench
        .run("CREATE VIEW a AS SELECT * FROM view.b")
        .unwrap_err();
    assert!(
        error.message.contains("stands on itself: a -> b -> a"),
        "{error}"
    );
    bench.run("CREATE VIEW v0 AS SELECT 1 AS x").unwrap();
    for at in 1..16 {
        let sql = format!("CREATE VIEW v{at} AS SELECT * FROM view.v{}", at - 1);
        bench.run(&sql).unwrap();
    }
    let error = bench
        .run("CREATE VIEW v16 AS SELECT * FROM view.v15")
        .unwrap_err();
    assert_eq!(error.code, Code::TooLarge);
}

#[test]
fn views_are_part_of_their_transaction() {
    let bench = Bench::new();
    let mut dry = Request::new(
        "CREATE VIEW a AS SELECT 1 AS x; SELECT * FROM view.a",
        Params::None,
    )
    .writing();
    dry.dry_run = true;
    let table = bench.engine.collect(&bench.catalog, &dry).unwrap();
    assert_eq!(table.rows, [[Value::Integer(1)]]);
    assert_eq!(table.summary.definitions[0].store, "view.a");
    assert!(bench.run("SELECT * FROM view.a").is_err());
    assert!(
        bench
            .run("BEGIN; CREATE VIEW a AS SELECT 1; ROLLBACK; SELECT * FROM view.a")
            .is_err()
    );
    assert_eq!(
        bench.rows("BEGIN; CREATE VIEW a AS SELECT 2 AS x; COMMIT; SELECT * FROM view.a"),
        ["2"]
    );
    assert_eq!(
        bench.rows(
            "DROP VIEW a; CREATE VIEW IF NOT EXISTS a AS SELECT 3 AS x; SELECT * FROM view.a"
        ),
        ["3"]
    );
    let other = QueryEngine::default();
    let before = other
        .table(&bench.catalog, "SELECT * FROM view.a", Params::None)
        .unwrap();
    bench
        .run("DROP VIEW a; CREATE VIEW a AS SELECT 4 AS x")
        .unwrap();
    let after = other
        .table(&bench.catalog, "SELECT * FROM view.a", Params::None)
        .unwrap();
    assert_ne!(before.rows, after.rows);
    let read = Request::new("CREATE VIEW z AS SELECT 1", Params::None);
    let error = bench.engine.collect(&bench.catalog, &read).unwrap_err();
    assert_eq!(error.code, Code::ReadOnly);
}

#[test]
fn a_view_shows_its_reader_no_more_than_the_stores() {
    let bench = Bench::new();
    bench
        .run("CREATE VIEW all_users AS SELECT name, pay AS p FROM users")
        .unwrap();
    bench
        .run("CREATE VIEW rich AS SELECT name FROM users WHERE pay > 5")
        .unwrap();
    let ask = |sql: &str, visibility: Visibility| {
        let request = Request {
            visibility,
            ..Request::new(sql, Params::None)
        };
        bench.engine.collect(&bench.catalog, &request)
    };
    let masked = || Visibility::default().mask_field("d", "users", "pay");
    let table = ask("SELECT p FROM view.all_users", masked()).unwrap();
    assert_eq!(table.rows, [[Value::Null], [Value::Null]]);
    for sql in [
        "SELECT name FROM view.all_users WHERE p + 0 = 5",
        "SELECT name FROM view.all_users WHERE p = 5",
        "SELECT name FROM view.rich",
    ] {
        assert_eq!(
            ask(sql, masked()).unwrap_err().code,
            Code::Forbidden,
            "{sql}"
        );
    }
    let hidden = || Visibility::default().hide_store("d", "users");
    let error = ask("SELECT * FROM view.rich", hidden()).unwrap_err();
    assert_eq!(error.code, Code::StoreNotFound);
    let hidden = || Visibility::default().hide_field("d", "users", "pay");
    let error = ask("SELECT * FROM view.rich", hidden()).unwrap_err();
    assert_eq!(error.code, Code::FieldNotFound);
}
