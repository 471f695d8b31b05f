//! Definitions through the engine.

use crate::sql::{Access, Catalog, Code, Params, QueryEngine, QueryError, Request, Table, Value};
use crate::test_support::TestDatabase;
use crate::transfer::{ImportOptions, NdjsonReader, import};

struct Bench {
    test: TestDatabase,
    other: TestDatabase,
    catalog: Catalog,
    engine: QueryEngine,
}

impl Bench {
    fn new() -> Self {
        let (test, other) = (TestDatabase::new(), TestDatabase::new());
        let named = vec![
            ("shop".to_owned(), test.db.clone()),
            ("other".to_owned(), other.db.clone()),
        ];
        Self {
            test,
            other,
            catalog: Catalog::new(named),
            engine: QueryEngine::default(),
        }
    }

    fn try_run(&self, sql: &str) -> Result<Table, QueryError> {
        let request = Request::new(sql, Params::None).writing();
        self.engine.collect(&self.catalog, &request)
    }

    fn run(&self, sql: &str) -> Table {
        match self.try_run(sql) {
            Ok(table) => table,
            Err(error) => panic!("{sql}: {error:?}"),
        }
    }

    fn refused(&self, sql: &str) -> QueryError {
        match self.try_run(sql) {
            Ok(_) => panic!("{sql} was not refused"),
            Err(error) => error,
        }
    }

    fn rows(&self, sql: &str) -> Vec<String> {
        let row = |row: &Vec<Value>| format!("{row:?}");
        self.run(sql).rows.iter().map(row).collect()
    }

    fn definition(&self, name: &str) -> serde_json::Value {
        let tx = self.test.db.begin(sop::Mode::Read).unwrap();
        serde_json::to_value(tx.documents(name).unwrap().definition()).unwrap()
    }

    fn is_there(&self, name: &str) -> bool {
        let tx = self.test.db.begin(sop::Mode::Read).unwrap();
        tx.documents(name).is_ok()
    }
}

#[test]
fn a_store_is_made_as_it_is_written() {
    let bench = Bench::new();
    bench.run("CREATE STORE made (id BIGINT, name TEXT, PRIMARY KEY (id))");
    let made = bench.definition("made");
    assert_eq!(
        made["key"],
        serde_json::json!({"type": "composite", "fields": [{"name": "id", "type": "i64", "order": "asc"}]})
    );
    assert_eq!(
        made["schema"],
        serde_json::json!({"declared": false, "fields": [{"name": "name", "type": "string", "required": false}]})
    );
    bench.run(
        "CREATE TABLE IF NOT EXISTS shop.\"line items\" (order_id u64 NOT NULL, line SMALLINT, day DATE NOT NULL, note VARCHAR(20),
            tag UUID, CONSTRAINT pk PRIMARY KEY (order_id, line DESC), FOREIGN KEY (note) REFERENCES made)
         WITH (unique = false, slot_length = 500, placement = 'segment', leaf_load_balancing = true,
               description = 'it''s', ride_on = (tag), cache = '{\"a\":1}')",
    );
    let lines = bench.definition("line items");
    assert_eq!(
        lines["key"],
        serde_json::json!({"type": "composite", "fields": [
            {"name": "order_id", "type": "u64", "order": "asc"}, {"name": "line", "type": "i16", "order": "desc"}],
            "ride_on": [{"name": "tag", "type": "uuid"}]})
    );
    assert_eq!(
        lines["schema"],
        serde_json::json!({"declared": true, "fields": [
            {"name": "day", "type": "date", "required": true}, {"name": "note", "type": "string", "required": false}]})
    );
    assert_eq!(
        (
            &lines["unique"],
            &lines["slot_length"],
            &lines["placement"],
            &lines["leaf_load_balancing"]
        ),
        (&false.into(), &500.into(), &"segment".into(), &true.into())
    );
    assert_eq!(
        (&lines["description"], &lines["cache"]["a"]),
        (&"it's".into(), &1.into())
    );
    assert_eq!(
        lines["relations"],
        serde_json::json!([{"source_fields": ["note"], "target_store": "made", "target_fields": ["id"]}])
    );
    bench.run("CREATE STORE single (key TEXT PRIMARY KEY, x INT) STRICT");
    assert_eq!(
        bench.definition("single")["key"],
        serde_json::json!({"type": "string"})
    );
    assert_eq!(bench.definition("single")["schema"]["declared"], true);
    bench.run("CREATE TABLE IF NOT EXISTS Made (id BIGINT PRIMARY KEY)");
    assert_eq!(
        bench
            .refused("CREATE TABLE Made (id BIGINT PRIMARY KEY)")
            .code,
        Code::Constraint
    );
}

#[test]
fn an_import_and_a_definition_make_the_same_key() {
    let bench = Bench::new();
    let mut options = ImportOptions::new("imported");
    options.create = true;
    options.key = vec!["id".to_owned()];
    let mut reader = NdjsonReader::new("{\"id\":1,\"name\":\"a\"}\n".as_bytes(), 1_000);
    import(&bench.test.db, &mut reader, &options, &mut |_| {}).unwrap();
    bench.run("CREATE STORE made (id BIGINT, name TEXT, PRIMARY KEY (id)); INSERT INTO made (id, name) VALUES (1, 'a')");
    assert_eq!(
        bench.definition("made")["key"],
        bench.definition("imported")["key"]
    );
    assert_eq!(bench.test.dump("made"), bench.test.dump("imported"));
}

#[test]
fn definitions_are_part_of_their_transaction() {
    let bench = Bench::new();
    bench.run(
        "BEGIN; CREATE STORE a (key INT PRIMARY KEY, n INT); INSERT INTO a (key, n) VALUES (1, 10), (2, 20);
         CREATE STORE b (n INT PRIMARY KEY); INSERT INTO b SELECT n FROM a WHERE n > 10; COMMIT",
    );
    assert_eq!(bench.test.dump("b"), ["{\"n\":20}={}"]);
    // What a rollback undid is not seen, and neither is what was made before it under the same name.
    bench.run("BEGIN; DROP STORE b; CREATE STORE b (x TEXT, y TEXT, PRIMARY KEY (x, y)); INSERT INTO b VALUES ('p', 'q'); ROLLBACK");
    assert_eq!(bench.rows("SELECT * FROM b"), ["[Integer(20)]"]);
    bench.run("BEGIN; DROP STORE b; CREATE STORE b (x TEXT, y TEXT, PRIMARY KEY (x, y)); INSERT INTO b VALUES ('p', 'q'); COMMIT");
    assert_eq!(
        bench.rows("SELECT * FROM B WHERE x = 'p'"),
        ["[Text(\"p\"), Text(\"q\")]"]
    );
    // A block that fails leaves nothing.
    let error = bench.refused(
        "BEGIN; CREATE STORE c (key INT PRIMARY KEY); INSERT INTO c (key) VALUES (1), (1); COMMIT",
    );
    assert_eq!(error.code, Code::Constraint);
    assert!(!bench.is_there("c"));
    assert_eq!(
        bench
            .refused("BEGIN; DROP STORE a; SELECT * FROM a; COMMIT")
            .code,
        Code::StoreNotFound
    );
    assert!(bench.is_there("a"));
    // Two databases cannot be changed in one transaction.
    let error = bench.refused(
        "BEGIN; CREATE STORE other.x (key INT PRIMARY KEY); INSERT INTO a (key) VALUES (5); COMMIT",
    );
    assert_eq!(error.code, Code::Unsupported);
    bench.run("CREATE STORE other.x (key INT PRIMARY KEY); INSERT INTO other.x (key, v) VALUES (5, 'five')");
    assert_eq!(bench.other.dump("x"), ["5={\"v\":\"five\"}"]);
}

#[test]
fn a_dry_run_says_what_it_would_make() {
    let bench = Bench::new();
    bench.run("CREATE STORE old (key INT PRIMARY KEY)");
    let sql = "CREATE STORE made (key INT PRIMARY KEY, n INT); INSERT INTO made VALUES (1, 2); DROP STORE old;
               ALTER STORE made SET (description = 'x')";
    let mut request = Request::new(sql, Params::None).writing();
    request.dry_run = true;
    let summary = bench
        .engine
        .collect(&bench.catalog, &request)
        .unwrap()
        .summary;
    let said: Vec<_> = summary
        .definitions
        .iter()
        .map(|there| {
            (
                there.store.as_str(),
                there.before.is_some(),
                there.after.is_some(),
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            ("made", false, true),
            ("old", true, false),
            ("made", true, true)
        ]
    );
    assert_eq!(summary.changes.len(), 1);
    assert!(!bench.is_there("made") && bench.is_there("old"));
    // The connection that ran it is used again and knows nothing of it.
    assert_eq!(
        bench.refused("SELECT * FROM made").code,
        Code::StoreNotFound
    );
    bench.run("SELECT * FROM old");
}

#[test]
fn selects_fill_new_stores() {
    let bench = Bench::new();
    bench.run(
        "CREATE STORE users (key INT PRIMARY KEY);
         INSERT INTO users (key, name, active, tags, big) VALUES (1, 'Ann', 1, '[1,2]', '18446744073709551615'), (2, 'Bob', 0, NULL, '7')",
    );
    bench.test.fill(
        "users",
        [(
            sop::key::Key::from(3_i64),
            r#"{"name":"Cid","flag":true,"price":1.5,"huge":18446744073709551615}"#,
        )],
    );
    bench.run("CREATE STORE copy PRIMARY KEY (key) AS SELECT * FROM users");
    assert_eq!(bench.test.dump("copy"), bench.test.dump("users"));
    bench.run("CREATE STORE counts PRIMARY KEY (first TEXT) WITH (description = 'd') AS SELECT substr(name, 1, 1) AS first, count(*) AS n FROM users GROUP BY 1");
    assert_eq!(bench.test.dump("counts").len(), 3);
    bench.run(
        "CREATE TABLE listed (n INT, w TEXT, PRIMARY KEY (w DESC)) AS VALUES (1, 'a'), (2, 'b')",
    );
    assert_eq!(
        bench.test.dump("listed"),
        ["{\"w\":\"b\"}={\"n\":2}", "{\"w\":\"a\"}={\"n\":1}"]
    );
    let error = bench.refused("CREATE STORE no AS SELECT * FROM users");
    assert!(
        error.message.contains("PRIMARY KEY (column, …) before AS"),
        "{error}"
    );
    let error = bench
        .refused("CREATE STORE no PRIMARY KEY (first) AS SELECT upper(name) AS first FROM users");
    assert!(
        error.message.contains("PRIMARY KEY (first TEXT)"),
        "{error}"
    );
    let sql = "CREATE STORE no PRIMARY KEY (name) AS SELECT nam FROM users";
    let error = bench.refused(sql);
    assert_eq!(
        (error.code, error.at),
        (Code::FieldNotFound, sql.find("nam FROM"))
    );
    let error =
        bench.refused("CREATE STORE no PRIMARY KEY (n INT) AS SELECT 1 AS n UNION ALL SELECT 1");
    assert_eq!(error.code, Code::Constraint);
    assert!(!bench.is_there("no"), "half of it was kept");
}

#[test]
fn stores_are_altered_and_dropped() {
    let bench = Bench::new();
    bench.run("CREATE STORE a (key INT PRIMARY KEY, n INT); CREATE STORE b (x INT, y INT, PRIMARY KEY (x, y)); INSERT INTO a VALUES (1, 2)");
    bench.run("ALTER STORE a ADD COLUMN note TEXT, ADD RELATION (n) TO b (x), SET (description = 'new', declared = true)");
    let a = bench.definition("a");
    assert_eq!(
        (&a["description"], &a["schema"]["declared"]),
        (&"new".into(), &true.into())
    );
    assert_eq!(a["relations"].as_array().unwrap().len(), 1);
    let error = bench.refused("UPDATE a SET note = 5 WHERE key = 1");
    assert_eq!(error.code, Code::SchemaViolation);
    assert!(
        error.message.contains("key 1") && error.message.contains("\"note\""),
        "{error}"
    );
    let error = bench.refused("ALTER STORE a ADD must TEXT NOT NULL");
    assert_eq!(
        error.code,
        Code::SchemaViolation,
        "an item has no such field"
    );
    bench.run("UPDATE a SET note = 'x'; ALTER TABLE a DROP COLUMN note, DROP RELATION (n) TO b");
    assert_eq!(
        bench.rows("SELECT note FROM a"),
        ["[Text(\"x\")]"],
        "items keep their fields"
    );
    assert!(
        bench.definition("a")["relations"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    // Seen at once, within the same transaction too.
    bench.run("BEGIN; ALTER STORE a ADD COLUMN extra INT; UPDATE a SET extra = 1; SELECT extra FROM a; ROLLBACK");
    assert_eq!(
        bench.refused("SELECT extra FROM a").code,
        Code::FieldNotFound
    );
    for (sql, code) in [
        ("ALTER STORE a RENAME TO c", Code::Unsupported),
        ("ALTER STORE a RENAME COLUMN n TO m", Code::Unsupported),
        ("ALTER STORE a SET (slot_length = 7)", Code::Unsupported),
        ("ALTER STORE a DROP COLUMN key", Code::Unsupported),
        ("ALTER STORE a ADD COLUMN N TEXT", Code::Constraint),
        ("ALTER STORE a DROP COLUMN nn", Code::FieldNotFound),
        (
            "ALTER STORE a ADD RELATION (m) TO b (x)",
            Code::FieldNotFound,
        ),
        ("ALTER STORE a ADD RELATION (n) TO b", Code::InvalidValue),
        ("ALTER STORE a ADD RELATION (n) TO c", Code::InvalidValue),
        ("ALTER STORE a DROP RELATION (n) TO b", Code::InvalidValue),
        ("ALTER STORE aa ADD COLUMN x INT", Code::StoreNotFound),
        ("DROP STORE aa", Code::StoreNotFound),
        ("DROP STORE nodb.a", Code::StoreNotFound),
    ] {
        assert_eq!(bench.refused(sql).code, code, "{sql}");
    }
    bench.run("DROP STORE IF EXISTS aa; DROP TABLE a");
    assert!(!bench.is_there("a"));
}

/// Statements, the code, where in the text the error is (empty: at its end), and a part of the message.
const REFUSED: &[(&str, Code, &str, &str)] = &[
    (
        "CREATE STORE a (id INT PRIMARY KEY, n INT DEFAULT 5)",
        Code::Unsupported,
        "DEFAULT",
        "no defaults",
    ),
    (
        "CREATE STORE a (id INT PRIMARY KEY AUTOINCREMENT)",
        Code::Unsupported,
        "AUTO",
        "uuid()",
    ),
    (
        "CREATE STORE a (id INT PRIMARY KEY, e TEXT UNIQUE)",
        Code::Unsupported,
        "UNIQUE",
        "CREATE UNIQUE INDEX",
    ),
    (
        "CREATE STORE a (id INT PRIMARY KEY, CHECK (id > 0))",
        Code::Unsupported,
        "CHECK",
        "CHECKs",
    ),
    (
        "CREATE STORE a (id INT PRIMARY KEY REFERENCES b (x) ON DELETE CASCADE)",
        Code::Unsupported,
        "ON DEL",
        "not enforced",
    ),
    (
        "CREATE STORE a (id INTT PRIMARY KEY)",
        Code::InvalidValue,
        "INTT",
        "\"int\"",
    ),
    (
        "CREATE STORE a (id JSON PRIMARY KEY)",
        Code::InvalidValue,
        "JSON",
        "cannot be a key",
    ),
    (
        "CREATE STORE a (id INT, n TEXT)",
        Code::InvalidValue,
        "a (",
        "needs a key",
    ),
    (
        "CREATE STORE a (id INT, PRIMARY KEY (idd))",
        Code::FieldNotFound,
        "idd",
        "\"id\"",
    ),
    (
        "CREATE STORE a (id INT, Id TEXT, PRIMARY KEY (id))",
        Code::InvalidValue,
        "Id",
        "two columns",
    ),
    (
        "CREATE STORE a (id INT PRIMARY KEY) WITH (slotlength = 5)",
        Code::InvalidValue,
        "slotl",
        "\"slot_length\"",
    ),
    (
        "CREATE STORE a (id INT PRIMARY KEY) WITH (unique = 'x')",
        Code::InvalidValue,
        "'x'",
        "true or false",
    ),
    (
        "CREATE STORE a (id INT PRIMARY KEY, n INT NOT NULL) WITH (declared = false)",
        Code::InvalidValue,
        "n INT",
        "declared",
    ),
    (
        "CREATE STORE a (key INT, PRIMARY KEY (key DESC))",
        Code::InvalidValue,
        "key DESC",
        "ascending",
    ),
    (
        "CREATE STORE a (id INT PRIMARY KEY",
        Code::Syntax,
        "",
        "ends here",
    ),
    (
        "CREATE STORE 'a' (id INT PRIMARY KEY)",
        Code::Syntax,
        "'a'",
        "double quotes",
    ),
    (
        "CREATE STORE a (id INT PRIMARY KEY) x",
        Code::Syntax,
        "x",
        "end of the statement",
    ),
    (
        "CREATE TEMP TABLE a (id INT PRIMARY KEY)",
        Code::Forbidden,
        "TEMP",
        "WITH x AS",
    ),
    (
        "CREATE INDEX i ON nope (b)",
        Code::StoreNotFound,
        "nope",
        "no store",
    ),
    (
        "SELECT 1; DROP STORE nope",
        Code::StoreNotFound,
        "nope",
        "no store",
    ),
];

#[test]
fn what_is_not_there_is_said_where_it_stands() {
    let bench = Bench::new();
    for (sql, code, mark, part) in REFUSED.iter().copied() {
        let error = bench.refused(sql);
        let at = if mark.is_empty() {
            Some(sql.len())
        } else {
            sql.find(mark)
        };
        assert_eq!((error.code, error.at), (code, at), "{sql}: {error}");
        assert!(error.message.contains(part), "{sql}: {error}");
    }
    let mut request = Request::new("CREATE STORE a (key INT PRIMARY KEY)", Params::None);
    request.access = Access::ReadOnly;
    assert_eq!(
        bench
            .engine
            .collect(&bench.catalog, &request)
            .unwrap_err()
            .code,
        Code::ReadOnly
    );
}

#[test]
fn new_fields_need_no_definition() {
    let bench = Bench::new();
    bench.run(
        "CREATE STORE users (key INT PRIMARY KEY); INSERT INTO users (key, name) VALUES (1, 'Ann')",
    );
    bench.run("INSERT INTO users (key, nickname, prefs) VALUES (2, 'bo', json_object('a', 1))");
    bench.run(
        "UPDATE users SET (age, \"address.city\") = (5, 'Oslo'), nickname = 'x' WHERE key = 1",
    );
    assert_eq!(
        bench.test.dump("users"),
        [
            r#"1={"name":"Ann","nickname":"x","age":5,"address":{"city":"Oslo"}}"#,
            r#"2={"nickname":"bo","prefs":{"a":1}}"#
        ]
    );
    // Within a block the field is there from then on; what changed nothing leaves none behind.
    bench.run("BEGIN; UPDATE users SET mood = 'good'; SELECT mood FROM users WHERE mood = 'good'; ROLLBACK");
    assert_eq!(
        bench.refused("SELECT mood FROM users").code,
        Code::FieldNotFound
    );
    bench.run("UPDATE users SET mood = 1 WHERE key = 99");
    assert_eq!(
        bench.refused("SELECT mood FROM users").code,
        Code::FieldNotFound
    );
    assert_eq!(
        bench.refused("UPDATE users SET age = agee").code,
        Code::FieldNotFound
    );
    let error = bench.refused("UPDATE users SET \"name.first\" = 'x' WHERE key = 1");
    assert!(error.message.contains("has a text there"), "{error}");
    // A declared schema and values that are no objects take none.
    bench.run("CREATE STORE strict (id INT PRIMARY KEY, name TEXT) STRICT");
    for sql in [
        "INSERT INTO strict (id, nam) VALUES (1, 'x')",
        "UPDATE strict SET nam = 'x'",
    ] {
        let error = bench.refused(sql);
        assert_eq!(
            (error.code, error.at),
            (Code::FieldNotFound, sql.find("nam")),
            "{sql}: {error}"
        );
        assert_eq!(error.suggestions, ["name"]);
    }
    bench.run("CREATE STORE numbers (key INT PRIMARY KEY); INSERT INTO numbers (key, value) VALUES (1, '5')");
    assert_eq!(
        bench.refused("UPDATE numbers SET x = 1").code,
        Code::FieldNotFound
    );
}

proptest::proptest! {
    /// Whatever the text, an error has its place within it; what is cut off is never taken for whole.
    #[test]
    fn any_text_is_read_or_refused_with_its_place(
        words in proptest::collection::vec(proptest::sample::select(vec![
            "CREATE", "STORE", "ALTER", "DROP", "a", "\"b\"", "(", ")", ",", ".", "INT", "PRIMARY", "KEY", "NOT", "NULL", "WITH", "=", "'x'", "5",
            "AS", "SELECT", "ADD", "RELATION", "TO", "SET", "REFERENCES", "FOREIGN", "é", "IF", "EXISTS", "DESC", "TABLE",
        ]), 0..25),
        start in 0_usize..4,
    ) {
        let starts = ["", "CREATE STORE a (id INT,", "ALTER STORE a ADD", "CREATE STORE a PRIMARY KEY"];
        let sql = format!("{} {}", starts[start], words.join(" "));
        if let Err(error) = super::parse(&sql) {
            let at = error.at.unwrap_or(usize::MAX);
            proptest::prop_assert!(at <= sql.len() && sql.is_char_boundary(at), "{}: {:?}", sql, error);
        }
    }
}
