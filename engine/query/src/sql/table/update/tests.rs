//! Writes through the engine, against plain SQLite tables.

use std::ops::ControlFlow;

use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::types::Value as Plain;

use crate::sql::{
    Catalog, Code, Column, Output, Params, QueryEngine, QueryError, Request, Table, Value, ValueRef,
};
use crate::test_support::TestDatabase;

struct Bench {
    test: TestDatabase,
    catalog: Catalog,
    engine: QueryEngine,
}

impl Bench {
    fn new(define: &str) -> Self {
        let test = TestDatabase::new();
        let catalog = Catalog::new(vec![("db".to_owned(), test.db.clone())]);
        let bench = Self {
            test,
            catalog,
            engine: QueryEngine::default(),
        };
        bench.run(define).unwrap();
        bench
    }

    fn run(&self, sql: &str) -> Result<Table, QueryError> {
        self.run_with(sql, Params::None)
    }

    fn run_with(&self, sql: &str, params: Params) -> Result<Table, QueryError> {
        let request = Request::new(sql, params).writing();
        self.engine.collect(&self.catalog, &request)
    }

    fn refused(&self, sql: &str) -> QueryError {
        match self.run(sql) {
            Ok(_) => panic!("{sql} was not refused"),
            Err(error) => error,
        }
    }
}

/// A shape of keys: the store, the table, the columns of the key.
struct Shape {
    store: &'static str,
    table: &'static str,
    key: &'static [&'static str],
    order: &'static str,
}

const SHAPES: [Shape; 3] = [
    Shape {
        store: "CREATE STORE t (key INT PRIMARY KEY, a, b)",
        table: "CREATE TABLE t (key, a, b, PRIMARY KEY (key)) WITHOUT ROWID",
        key: &["key"],
        order: "key",
    },
    Shape {
        store: "CREATE STORE t (p INT, q TEXT, a, b, PRIMARY KEY (p, q))",
        table: "CREATE TABLE t (p, q, a, b, PRIMARY KEY (p, q)) WITHOUT ROWID",
        key: &["p", "q"],
        order: "p, q",
    },
    Shape {
        store: "CREATE STORE t (p INT, q TEXT, a, b, PRIMARY KEY (p DESC, q))",
        table: "CREATE TABLE t (p, q, a, b, PRIMARY KEY (p DESC, q)) WITHOUT ROWID",
        key: &["p", "q"],
        order: "p DESC, q",
    },
];

/// A change, from which the statement for a shape is made.
#[derive(Clone, Debug)]
enum Change {
    Insert(&'static str, Vec<(i64, u8, &'static str)>),
    Set(&'static str, &'static str),
    Move(&'static str, i64, u8, i64),
    Shift(i64, i64),
    Delete(&'static str),
}

fn values() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "NULL",
        "1",
        "-7",
        "2.5",
        "4.0",
        "'x'",
        "''",
        "9007199254740993",
        "'é'",
    ])
}

fn conditions() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a IS NULL",
        "a = 1",
        "typeof(a) <> 'text' AND a > 0",
        "b = 'x'",
        "K < 5",
        "K >= 3 AND K < 8",
        "K IN (1, 4, 9)",
        "K = 6",
        "a = b",
        "1",
        "K > 2 AND b IS NOT NULL",
    ])
}

fn changes() -> impl Strategy<Value = Change> {
    let or = || prop::sample::select(vec!["", "OR REPLACE ", "OR IGNORE "]);
    let row = (0_i64..12, 0_u8..2, values());
    prop_oneof![
        4 => (or(), prop::collection::vec(row, 1..4)).prop_map(|(or, rows)| Change::Insert(or, rows)),
        2 => (
            prop::sample::select(vec!["a = b, b = a", "a = 5", "b = NULL", "b = coalesce(b, '') || 'y'", "a = a + 1, b = K"]),
            conditions()
        ).prop_map(|(set, condition)| Change::Set(set, condition)),
        2 => (or(), 0_i64..12, 0_u8..2, 0_i64..12).prop_map(|(or, from, q, to)| Change::Move(or, from, q, to)),
        1 => (-2_i64..3, 0_i64..12).prop_map(|(by, from)| Change::Shift(by, from)),
        1 => conditions().prop_map(Change::Delete),
    ]
}

impl Change {
    fn sql(&self, shape: &Shape) -> String {
        let two = shape.key.len() > 1;
        let first = shape.key[0];
        let and_q = |q: u8| {
            if two {
                format!(" AND q = 'q{q}'")
            } else {
                String::new()
            }
        };
        let condition = |text: &str| text.replace('K', first);
        match self {
            Self::Insert(or, rows) => {
                let row = |(key, q, value): &(i64, u8, &str)| match two {
                    true => format!("({key}, 'q{q}', {value}, {key} * 10)"),
                    false => format!("({key}, {value}, {key} * 10)"),
                };
                let rows: Vec<_> = rows.iter().map(row).collect();
                format!(
                    "INSERT {or}INTO t ({}, a, b) VALUES {}",
                    shape.key.join(", "),
                    rows.join(", ")
                )
            }
            Self::Set(set, given) => {
                format!("UPDATE t SET {} WHERE {}", condition(set), condition(given))
            }
            Self::Move(or, from, q, to) => {
                format!(
                    "UPDATE {or}t SET {first} = {to} WHERE {first} = {from}{}",
                    and_q(*q)
                )
            }
            Self::Shift(by, from) => {
                format!("UPDATE t SET {first} = {first} + {by} WHERE {first} >= {from}")
            }
            Self::Delete(given) => format!("DELETE FROM t WHERE {}", condition(given)),
        }
    }
}

fn plain_rows(plain: &Connection, sql: &str) -> Vec<Vec<Value>> {
    let mut statement = plain.prepare(sql).unwrap();
    let width = statement.column_count();
    let rows = statement.query_map([], |row| {
        (0..width)
            .map(|at| {
                Ok(match row.get::<_, Plain>(at)? {
                    Plain::Null => Value::Null,
                    Plain::Integer(value) => Value::Integer(value),
                    Plain::Real(value) => Value::Real(value),
                    Plain::Text(text) => Value::Text(text),
                    Plain::Blob(bytes) => Value::Blob(bytes),
                })
            })
            .collect()
    });
    rows.unwrap().map(Result::unwrap).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// After each request the store has the rows of a plain table with the same key, and both took it or both refused it.
    #[test]
    fn changes_do_what_they_do_to_a_plain_table(
        shape in 0_usize..3,
        requests in prop::collection::vec((prop::collection::vec(changes(), 1..4), 0_u8..4), 1..12),
    ) {
        let shape = &SHAPES[shape];
        let bench = Bench::new(shape.store);
        let plain = Connection::open_in_memory().unwrap();
        plain.execute_batch(shape.table).unwrap();
        for (changes, end) in &requests {
            let statements: Vec<_> = changes.iter().map(|change| change.sql(shape)).collect();
            let (sql, block) = match (end, statements.as_slice()) {
                (0, [one, ..]) => (one.clone(), false),
                (1, all) => (format!("BEGIN; {}; ROLLBACK", all.join("; ")), true),
                (_, all) => (format!("BEGIN; {}; COMMIT", all.join("; ")), true),
            };
            let ours = bench.run(&sql);
            let theirs = plain.execute_batch(&sql);
            if theirs.is_err() && block {
                plain.execute_batch("ROLLBACK").unwrap();
            }
            prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{}: {:?} {:?}", sql, ours.err(), theirs);
            if let Err(error) = &ours {
                prop_assert_eq!(error.code, Code::Constraint, "{}", sql);
            }
            let state = format!("SELECT {}, a, b FROM t", shape.key.join(", "));
            let expected = plain_rows(&plain, &format!("{state} ORDER BY {}", shape.order));
            let table = bench.run(&format!("{state} ORDER BY {}", shape.order)).unwrap();
            prop_assert_eq!(&table.rows, &expected, "{}", sql);
            let count = bench.run("SELECT count(*) FROM t").unwrap();
            prop_assert_eq!(&count.rows, &vec![vec![Value::Integer(expected.len() as i64)]]);
        }
    }
}

#[test]
fn what_is_not_set_stays_to_the_last_digit() {
    let bench = Bench::new("CREATE STORE t (key INT PRIMARY KEY)");
    let filler = "z".repeat(200_000);
    let json = format!(
        r#"{{"a":1,"price":1.10,"huge":18446744073709551615,"tiny":1E-400,"many":123456789012345678901234567890,"b":{{"$bytes":"AP8="}},"n":null,"e":[],"o":{{"y":2.0,"x":null}},"filler":"{filler}"}}"#
    );
    bench
        .run_with(
            "INSERT INTO t (key, value) VALUES (1, ?)",
            Params::Positional(vec![Value::Json(json.clone())]),
        )
        .unwrap();
    assert_eq!(bench.test.dump("t"), [format!("1={json}")]);
    bench
        .run("UPDATE t SET a = 2, \"o.z\" = 3 WHERE price > 1")
        .unwrap();
    let changed = json
        .replace("\"a\":1", "\"a\":2")
        .replace("\"x\":null", "\"x\":null,\"z\":3");
    assert_eq!(bench.test.dump("t"), [format!("1={changed}")]);
    // To another key, and to another store as a whole.
    bench.run("UPDATE t SET key = 9; CREATE STORE u (key INT PRIMARY KEY); INSERT INTO u (key, value) SELECT key, value FROM t").unwrap();
    assert_eq!(bench.test.dump("t"), [format!("9={changed}")]);
    assert_eq!(bench.test.dump("u"), [format!("9={changed}")]);
    // Set to itself: what an expression has exactly comes back.
    bench
        .run("UPDATE t SET huge = huge, b = b, e = e, o = o, filler = filler")
        .unwrap();
    assert_eq!(bench.test.dump("t"), [format!("9={changed}")]);
}

#[test]
fn bytes_and_bools_are_written_as_such() {
    let bench =
        Bench::new("CREATE STORE t (key BLOB PRIMARY KEY, raw BLOB, ok BOOLEAN, day DATE) STRICT");
    bench
        .run("INSERT INTO t (key, raw, ok, day) VALUES (x'00ff', x'0102', TRUE, '2024-02-29')")
        .unwrap();
    assert_eq!(
        bench.test.dump("t"),
        [r#""AP8="={"raw":{"$bytes":"AQI="},"ok":true,"day":"2024-02-29"}"#]
    );
    let rows = bench
        .run("SELECT * FROM t WHERE key = x'00ff'")
        .unwrap()
        .rows;
    let blob = |bytes: &[u8]| Value::Blob(bytes.to_vec());
    assert_eq!(
        rows,
        [[
            blob(&[0, 255]),
            blob(&[1, 2]),
            Value::Bool(true),
            Value::Text("2024-02-29".to_owned())
        ]]
    );
    let error = bench.refused("INSERT INTO t (key, raw) VALUES (x'01', 'text')");
    assert_eq!(error.code, Code::SchemaViolation);
    assert!(
        error.message.contains("\"AQ==\"") && error.message.contains("\"raw\""),
        "{error}"
    );
}

/// SQLite compares a column as the type that it was declared with, and that is what its values were before.
#[test]
fn values_of_another_kind_are_compared_as_what_they_are() {
    let bench =
        Bench::new("CREATE STORE t (key INT PRIMARY KEY); INSERT INTO t (key, a) VALUES (1, 'x')");
    let rows = |sql: &str| bench.run(sql).unwrap().rows;
    let found =
        rows("BEGIN; INSERT INTO t (key, a) VALUES (2, 5); SELECT key FROM t WHERE a = 5; COMMIT");
    assert_eq!(found, [[Value::Integer(2)]]);
    // Fields of whole values are there for the next statement too.
    let found = rows(
        "BEGIN; INSERT INTO t (key, value) VALUES (3, '{\"fresh\":7}'); SELECT key FROM t WHERE fresh = 7; ROLLBACK",
    );
    assert_eq!(found, [[Value::Integer(3)]]);
    assert_eq!(
        bench.refused("SELECT fresh FROM t").code,
        Code::FieldNotFound
    );
}

#[test]
fn other_forms_of_writes() {
    let bench = Bench::new(
        "CREATE STORE t (key INT PRIMARY KEY, n INT); CREATE STORE u (id INT PRIMARY KEY, m INT);
         INSERT INTO t VALUES (1, 10), (2, 20); INSERT INTO u VALUES (1, 100), (3, 300)",
    );
    let rows = |sql: &str| bench.run(sql).unwrap().rows;
    let int = Value::Integer;
    assert_eq!(
        rows("INSERT INTO t (key, n) SELECT id + 10, m FROM u RETURNING key, n * 2"),
        [[int(11), int(200)], [int(13), int(600)]]
    );
    bench
        .run("UPDATE t SET n = u.m FROM u WHERE u.id = t.key")
        .unwrap();
    assert_eq!(
        rows("SELECT n FROM t WHERE key < 3"),
        [[int(100)], [int(20)]]
    );
    bench
        .run("INSERT INTO t SELECT key + 100, n FROM t")
        .unwrap();
    assert_eq!(
        rows("SELECT count(*), sum(key) FROM t"),
        [[int(8), int(454)]]
    );
    bench.run("WITH big AS (SELECT max(key) AS k FROM t) DELETE FROM t WHERE key = (SELECT k FROM big)").unwrap();
    assert_eq!(rows("SELECT count(*) FROM t"), [[int(7)]]);
    for (sql, code, part) in [
        (
            "INSERT INTO t DEFAULT VALUES",
            Code::Constraint,
            "give key a value",
        ),
        (
            "INSERT INTO u (m) VALUES (1)",
            Code::Constraint,
            "give id a value",
        ),
        (
            "INSERT INTO t (key) VALUES ('x')",
            Code::InvalidValue,
            "\"key\"",
        ),
        (
            "INSERT INTO t (key, _version) VALUES (50, 1)",
            Code::InvalidValue,
            "_version",
        ),
        ("UPDATE t SET _version = 1", Code::InvalidValue, "_version"),
        (
            "DELETE FROM t LIMIT 1",
            Code::Syntax,
            "key IN (SELECT key FROM",
        ),
    ] {
        let error = bench.refused(sql);
        assert_eq!(error.code, code, "{sql}: {error}");
        assert!(error.message.contains(part), "{sql}: {error}");
    }
}

const UPSERTS: &[&str] = &[
    "INSERT INTO t (p, q, n) VALUES (1, 'a', 5), (3, 'c', 7) ON CONFLICT (p, q) DO NOTHING",
    "INSERT INTO t (p, q, n) VALUES (1, 'a', 5), (4, 'd', 7) ON CONFLICT (q, p) DO UPDATE SET n = n + excluded.n, s = excluded.s",
    "INSERT INTO t AS old (p, q, n, s) VALUES (1, 'a', -5, 'it''s'), (2, 'a', -9, NULL) ON CONFLICT (p, q) DO UPDATE SET n = old.n-excluded.n, s = coalesce(excluded.s, old.s) WHERE excluded.n > -7 RETURNING p, q, n, s",
    "INSERT INTO t (p, q, n) VALUES (5, 'e', 1), (5, 'e', 2), (5, 'e', 3) ON CONFLICT DO UPDATE SET n = n * 10 + excluded.n RETURNING n",
    "INSERT INTO t SELECT p, q, n, s FROM t WHERE 1 ON CONFLICT (p, q) DO UPDATE SET (n, s) = (excluded.n + 1, 'again')",
    "UPDATE t SET n = n + 1 WHERE p < 3 RETURNING p, n, upper(s) AS shout",
    "UPDATE t SET p = p + 100 WHERE p > 3 RETURNING *",
    "UPDATE t SET n = 0 WHERE p = 99999 RETURNING p",
    "WITH low AS (SELECT 2 AS top) DELETE FROM t WHERE p <= (SELECT top FROM low) RETURNING p, q, n",
    "DELETE FROM t AS x WHERE x.p = 99999 RETURNING *",
];

#[test]
fn upserts_and_returning_do_what_they_do_to_a_plain_table() {
    let bench = Bench::new(
        "CREATE STORE t (p INT, q TEXT, n INT, s TEXT, PRIMARY KEY (p, q DESC)); INSERT INTO t VALUES (1, 'a', 1, 'x'), (2, 'a', 2, 'y')",
    );
    let plain = Connection::open_in_memory().unwrap();
    plain
        .execute_batch("CREATE TABLE t (p, q, n, s, PRIMARY KEY (p, q DESC)) WITHOUT ROWID; INSERT INTO t VALUES (1, 'a', 1, 'x'), (2, 'a', 2, 'y')")
        .unwrap();
    for sql in UPSERTS.iter().copied() {
        let ours = bench
            .run(sql)
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let mut theirs = plain_rows(&plain, sql);
        let mut rows = ours.rows;
        let text = |row: &Vec<Value>| format!("{row:?}");
        // SQLite gives a row each time that it was changed; what it is at the end is given here.
        if sql.contains("(5, 'e', 1)") {
            theirs = vec![vec![Value::Integer(123)]];
            rows.dedup();
        }
        rows.sort_by_key(text);
        theirs.sort_by_key(text);
        assert_eq!(rows, theirs, "{sql}");
        let all = "SELECT p, q, n, s FROM t ORDER BY p, q DESC";
        assert_eq!(
            bench.run(all).unwrap().rows,
            plain_rows(&plain, all),
            "{sql}"
        );
    }
    let error = bench.refused("INSERT INTO t (p, q) VALUES (1, 'a') ON CONFLICT (p) DO NOTHING");
    assert!(error.message.contains("ON CONFLICT (p, q)"), "{error}");
    let error = bench.refused(
        "INSERT INTO t (p, q) VALUES (77, 'a') ON CONFLICT (p, q) DO UPDATE SET n = nn + 1",
    );
    assert_eq!(
        (error.code, error.suggestions),
        (Code::FieldNotFound, vec!["n".to_owned()])
    );
    bench.run("CREATE STORE many (key INT PRIMARY KEY) WITH (unique = false); INSERT INTO many VALUES (1), (1)").unwrap();
    let error = bench.refused("INSERT INTO many VALUES (1) ON CONFLICT (key) DO NOTHING");
    assert_eq!(error.code, Code::Unsupported);
    assert_eq!(
        bench
            .run("UPDATE many SET x = 5 RETURNING key, x")
            .unwrap()
            .rows
            .len(),
        2
    );
    assert_eq!(
        bench
            .run("UPDATE many SET key = 2 RETURNING key")
            .unwrap()
            .rows
            .len(),
        2
    );
    // Parameters keep their values wherever their part of the statement runs.
    let values =
        |all: &[i64]| Params::Positional(all.iter().copied().map(Value::Integer).collect());
    let sql = "INSERT INTO t (p, q, n) VALUES (?, 'k', ?) ON CONFLICT (p, q) DO UPDATE SET n = excluded.n * ? RETURNING n + ?";
    assert_eq!(
        bench.run_with(sql, values(&[7, 3, 10, 1000])).unwrap().rows,
        [[Value::Integer(1003)]]
    );
    assert_eq!(
        bench.run_with(sql, values(&[7, 4, 10, 1000])).unwrap().rows,
        [[Value::Integer(1040)]]
    );
    // More than are looked up together, and cut.
    bench.run("WITH RECURSIVE i(n) AS (SELECT 1000 UNION ALL SELECT n + 1 FROM i WHERE n < 1349) INSERT INTO t (p, q) SELECT n, 'z' FROM i").unwrap();
    assert_eq!(
        bench
            .run("UPDATE t SET n = p WHERE p >= 1000 RETURNING n")
            .unwrap()
            .rows
            .len(),
        350
    );
    let mut request = Request::new(
        "UPDATE t SET n = p WHERE p >= 1000 RETURNING n",
        Params::None,
    )
    .writing();
    request.limits.rows = Some(150);
    let table = bench.engine.collect(&bench.catalog, &request).unwrap();
    assert_eq!(
        (
            table.rows.len(),
            table.summary.truncated,
            table.summary.changed
        ),
        (150, true, 350)
    );
}

/// Runs something when the first row comes.
struct Between<F>(Option<F>);

impl<F: FnOnce()> Output for Between<F> {
    fn columns(&mut self, _: &[Column]) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn row(&mut self, _: &[ValueRef<'_>]) -> ControlFlow<()> {
        if let Some(work) = self.0.take() {
            work();
        }
        ControlFlow::Continue(())
    }
}

#[test]
fn a_conflict_is_an_error_and_nothing_is_half_done() {
    let bench = Bench::new(
        "CREATE STORE t (key INT PRIMARY KEY, n INT); INSERT INTO t VALUES (1, 1), (2, 2)",
    );
    let other = QueryEngine::default();
    let elsewhere = Catalog::new(vec![("same".to_owned(), bench.test.db.clone())]);
    let conflict = |block: &str, meanwhile: &str| {
        let request = Request::new(block, Params::None).writing();
        let mut output = Between(Some(|| {
            let request = Request::new(meanwhile, Params::None).writing();
            other.collect(&elsewhere, &request).unwrap();
        }));
        let result = bench.engine.run(&bench.catalog, &request, &mut output);
        assert!(output.0.is_none(), "{block} gave no row");
        result
    };
    let block =
        "BEGIN; UPDATE t SET n = n + 10; INSERT INTO t VALUES (3, 3); SELECT n FROM t; COMMIT";
    let error = conflict(block, "UPDATE t SET n = 50 WHERE key = 2").unwrap_err();
    assert_eq!(error.code, Code::Conflict);
    assert_eq!(bench.test.dump("t"), [r#"1={"n":1}"#, r#"2={"n":50}"#]);
    // A store that went away, and a name that two make.
    let error = conflict(
        "BEGIN; INSERT INTO t VALUES (4, 4); SELECT n FROM t; COMMIT",
        "DROP STORE t",
    )
    .unwrap_err();
    assert_eq!(error.code, Code::Conflict);
    let error = conflict(
        "BEGIN; CREATE STORE v (key INT PRIMARY KEY); SELECT 1; COMMIT",
        "CREATE STORE v (id TEXT PRIMARY KEY)",
    );
    assert_eq!(error.unwrap_err().code, Code::Conflict);
    // Run again it does what was asked.
    bench
        .run("CREATE STORE t (key INT PRIMARY KEY, n INT); INSERT INTO t VALUES (1, 1)")
        .unwrap();
    bench.run(block).unwrap();
    assert_eq!(bench.test.dump("t"), [r#"1={"n":11}"#, r#"3={"n":3}"#]);
}

#[test]
fn an_insert_of_an_object_keeps_the_fields_that_have_columns_of_their_own() {
    let bench = Bench::new("CREATE STORE t (key INT PRIMARY KEY)");
    let items = [
        r#"INSERT INTO t (key, a) VALUES (1, '{"b":1,"c":{"d":2}}')"#,
        r#"INSERT INTO t (key, a) VALUES (2, '{"b":3,"c":{"d":4}}')"#,
        r#"INSERT OR REPLACE INTO t (key, a, "a.b") VALUES (1, '{"c":{"d":2}}', 5)"#,
    ];
    for sql in items {
        bench.run(sql).unwrap();
    }
    assert_eq!(
        bench.test.dump("t"),
        [
            r#"1={"a":{"c":{"d":2},"b":5}}"#,
            r#"2={"a":{"b":3,"c":{"d":4}}}"#
        ]
    );
}
