//! Statements over stores with indexes: which plan they get, what it looks at, and that it gives the rows of any other.

mod values;

use sop::vfs::SimVfs;
use sop::{Database, Document, Key, KeySpec, KeyType, Mode, OpenOptions, StoreDefinition};
use sop_query::sql::{
    Catalog, Code, Params, QueryEngine, QueryError, Request, Table, Value, Visibility,
};
use std::sync::Arc;

struct Shop {
    db: Database,
    catalog: Catalog,
    engine: QueryEngine,
}

impl Shop {
    /// 50 users, 2,000 orders of them: user `n % 50`, status of three, total `n`.
    fn new() -> Self {
        let vfs = Arc::new(SimVfs::new());
        let db = OpenOptions::new()
            .vfs(vfs)
            .background(false)
            .open("/db")
            .unwrap();
        db.transact(|tx| {
            for name in ["users", "orders"] {
                tx.create_store(StoreDefinition::new(name, KeySpec::single(KeyType::I64)))?;
            }
            let users = tx.documents("users")?;
            for n in 0..50_i64 {
                let value = format!(r#"{{"name":"user {n}","country":"c{}"}}"#, n % 7);
                users.insert(&Key::from(n), &Document::from_json(value.as_bytes())?)?;
            }
            let orders = tx.documents("orders")?;
            for n in 0..2_000_i64 {
                let status = ["new", "paid", "sent"][n as usize % 3];
                let value = format!(
                    r#"{{"user_id":{},"status":"{status}","total":{n}.5,"ship":{{"zip":"{:05}"}},"note":"{}"}}"#,
                    n % 50,
                    n % 100,
                    "x".repeat(40),
                );
                orders.insert(&Key::from(n), &Document::from_json(value.as_bytes())?)?;
            }
            Ok(())
        })
        .unwrap();
        let catalog = Catalog::new(vec![("shop".to_owned(), db.clone())]);
        Self {
            db,
            catalog,
            engine: QueryEngine::default(),
        }
    }

    fn with(indexes: &[&str]) -> Self {
        let shop = Self::new();
        for index in indexes {
            shop.write(&format!("CREATE INDEX {index}")).unwrap();
        }
        shop
    }

    fn write(&self, sql: &str) -> Result<Table, QueryError> {
        let request = Request::new(sql, Params::None).writing();
        self.engine.collect(&self.catalog, &request)
    }

    fn read(&self, sql: &str) -> Table {
        self.engine.table(&self.catalog, sql, Params::None).unwrap()
    }

    fn plan(&self, sql: &str) -> Vec<String> {
        let request = Request::new(sql, Params::None).writing();
        let plan = self.engine.explain(&self.catalog, &request, false).unwrap();
        let shown = plan.nodes.iter().map(|node| match &node.access {
            Some(access) => access.clone(),
            None => node.operator.to_owned(),
        });
        shown.collect()
    }

    fn count(&self, sql: &str) -> i64 {
        match self.read(sql).rows[0][0] {
            Value::Integer(count) => count,
            ref other => panic!("{other:?}"),
        }
    }

    fn assert_clean(&self) {
        let report = self.db.check().unwrap();
        assert!(report.is_clean(), "{:?}", report.problems);
    }
}

const BY_USER: &str = "orders_by_user ON orders (user_id)";
const BY_STATUS: &str = "by_status ON orders (status, total DESC)";
const BY_ZIP: &str = "by_zip ON orders (ship.zip)";

/// Statements, and how the stores are read that they name.
const PLANS: &[(&str, &[&str])] = &[
    (
        "SELECT * FROM orders WHERE user_id = 7",
        &["index orders_by_user[user_id = ?]"],
    ),
    (
        "SELECT * FROM orders WHERE user_id IN (1, 2)",
        &["index orders_by_user[user_id = ?]"],
    ),
    (
        "SELECT * FROM orders WHERE user_id > 47",
        &["index orders_by_user[user_id > ?]"],
    ),
    (
        "SELECT * FROM orders WHERE user_id BETWEEN 3 AND 4",
        &["index orders_by_user[user_id >= ?, user_id <= ?]"],
    ),
    // Almost all of it: a walk is better.
    (
        "SELECT * FROM orders WHERE user_id >= 0",
        &["scan orders where user_id >= ?"],
    ),
    (
        "SELECT * FROM orders WHERE user_id IS NULL",
        &["index orders_by_user[user_id is null]"],
    ),
    (
        "SELECT * FROM orders WHERE user_id = 7 AND key > 1000",
        &["index orders_by_user[user_id = ?, key > ?]"],
    ),
    (
        "SELECT * FROM orders WHERE key = 7 AND user_id = 7",
        &["seek orders[key = ?] where user_id = ?"],
    ),
    (
        "SELECT * FROM orders WHERE user_id = 7 ORDER BY key",
        &["index orders_by_user[user_id = ?]"],
    ),
    (
        "SELECT * FROM orders WHERE user_id = 7 ORDER BY key DESC",
        &["index orders_by_user[user_id = ?] descending"],
    ),
    (
        "SELECT * FROM orders ORDER BY user_id LIMIT 3",
        &["index orders_by_user"],
    ),
    (
        "SELECT user_id, key FROM orders ORDER BY user_id DESC, key DESC",
        &["index orders_by_user descending"],
    ),
    (
        "SELECT user_id, key FROM orders ORDER BY user_id DESC, key",
        &["scan orders", "sort"],
    ),
    (
        "SELECT user_id, count(*) FROM orders GROUP BY user_id",
        &["index orders_by_user"],
    ),
    (
        "SELECT DISTINCT user_id FROM orders",
        &["index orders_by_user"],
    ),
    (
        "SELECT total FROM orders WHERE status = 'paid' ORDER BY total DESC LIMIT 2",
        &["index by_status[status = ?]"],
    ),
    (
        "SELECT total FROM orders WHERE status = 'paid' ORDER BY total",
        &["index by_status[status = ?] descending"],
    ),
    (
        "SELECT * FROM orders WHERE status = 'new' AND total < 20",
        &["index by_status[status = ?, total < ?]"],
    ),
    (
        "SELECT * FROM orders WHERE status LIKE 'z%'",
        &["index by_status[status like ?]"],
    ),
    (
        "SELECT * FROM orders WHERE status GLOB 'q*'",
        &["index by_status[status >= ?, status < ?]"],
    ),
    (
        "SELECT * FROM orders WHERE \"ship.zip\" = '00007'",
        &["index by_zip[ship.zip = ?]"],
    ),
    (
        "SELECT count(*) FROM orders WHERE user_id = 7",
        &["count orders_by_user[user_id = ?]"],
    ),
    (
        "DELETE FROM orders WHERE user_id = 7",
        &["index orders_by_user[user_id = ?]"],
    ),
    (
        "SELECT * FROM users u JOIN orders o ON o.user_id = u.key WHERE u.key < 5",
        &["seek users[key < ?]", "index orders_by_user[user_id = ?]"],
    ),
    (
        "SELECT u.name, (SELECT count(*) FROM orders o WHERE o.user_id = u.key) FROM users u",
        &[
            "scan users",
            "subquery",
            "index orders_by_user[user_id = ?]",
        ],
    ),
];

#[test]
fn each_rule_of_the_planner() {
    let shop = Shop::with(&[BY_USER, BY_STATUS, BY_ZIP]);
    let mut faults = Vec::new();
    for (sql, expected) in PLANS {
        let plan = shop.plan(sql);
        if plan != *expected {
            faults.push(format!("{sql}\n  {plan:?}, not {expected:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn rows_are_the_same_with_and_without() {
    let (with, without) = (Shop::with(&[BY_USER, BY_STATUS, BY_ZIP]), Shop::new());
    for (sql, _) in PLANS.iter().filter(|(sql, _)| sql.starts_with("SELECT")) {
        let sorted = |table: Table| {
            let mut rows: Vec<String> = table.rows.iter().map(|row| format!("{row:?}")).collect();
            if !sql.contains("ORDER BY") {
                rows.sort();
            }
            rows
        };
        if sql.contains("ORDER BY user_id LIMIT") {
            continue;
        }
        assert_eq!(sorted(with.read(sql)), sorted(without.read(sql)), "{sql}");
    }
}

#[test]
fn statements_look_at_what_they_need() {
    let shop = Shop::with(&[BY_USER, BY_STATUS]);
    for (sql, most) in [
        ("SELECT * FROM orders WHERE user_id = 7", 41),
        ("SELECT count(*) FROM orders WHERE user_id = 7", 0),
        (
            "SELECT count(*) FROM orders WHERE user_id BETWEEN 7 AND 9",
            0,
        ),
        (
            "SELECT count(*) FROM orders WHERE status = 'paid' AND total > 100",
            0,
        ),
        ("SELECT * FROM orders ORDER BY user_id LIMIT 3", 5),
        (
            "SELECT u.name, o.total FROM users u JOIN orders o ON o.user_id = u.key WHERE u.key = 3",
            42,
        ),
        ("SELECT max(total) FROM orders WHERE status = 'paid'", 2),
    ] {
        let scanned = shop.read(sql).summary.scanned;
        assert!(
            scanned <= most,
            "{scanned} items, not at most {most}: {sql}"
        );
    }
    assert_eq!(
        shop.count("SELECT count(*) FROM orders WHERE user_id = 7"),
        40
    );
    assert_eq!(
        shop.count("SELECT count(*) FROM orders WHERE user_id BETWEEN 7 AND 9"),
        120
    );
    // Entries alone: no node of the store itself.
    let covered = shop
        .read("SELECT key, user_id FROM orders WHERE user_id = 7")
        .summary;
    let fetched = shop
        .read("SELECT key, user_id, note FROM orders WHERE user_id = 7")
        .summary;
    assert!(
        covered.nodes_read < fetched.nodes_read,
        "{covered:?} {fetched:?}"
    );
}

#[test]
fn indexes_come_and_go_by_statements() {
    let shop = Shop::new();
    let sql = "SELECT * FROM orders WHERE user_id = 7";
    assert_eq!(shop.plan(sql), ["scan orders where user_id = ?"]);
    assert_eq!(shop.read(sql).rows.len(), 40);
    shop.write("CREATE INDEX orders_by_user ON orders (user_id)")
        .unwrap();
    assert_eq!(shop.plan(sql), ["index orders_by_user[user_id = ?]"]);
    assert_eq!(shop.read(sql).rows.len(), 40);
    shop.write("CREATE INDEX IF NOT EXISTS orders_by_user ON orders (user_id)")
        .unwrap();
    shop.write("INSERT INTO orders (key, user_id) VALUES (9000, 7)")
        .unwrap();
    shop.write("UPDATE orders SET user_id = user_id + 1 WHERE user_id >= 7")
        .unwrap();
    shop.write("DELETE FROM orders WHERE user_id = 20").unwrap();
    assert_eq!(shop.read(sql).rows.len(), 0);
    assert_eq!(
        shop.read("SELECT * FROM orders WHERE user_id = 8")
            .rows
            .len(),
        41
    );
    // The index itself is a store that can be read.
    assert_eq!(
        shop.count("SELECT count(*) FROM orders_by_user"),
        2_001 - 40
    );
    assert_eq!(
        shop.read("SELECT user_id, key FROM orders_by_user LIMIT 1")
            .rows[0][0],
        Value::Integer(0)
    );
    shop.assert_clean();
    shop.write("DROP INDEX orders_by_user").unwrap();
    shop.write("DROP INDEX IF EXISTS orders_by_user").unwrap();
    assert_eq!(shop.plan(sql), ["scan orders where user_id = ?"]);
    assert_eq!(
        shop.read("SELECT * FROM orders WHERE user_id = 8")
            .rows
            .len(),
        41
    );
}

#[test]
fn within_a_transaction_indexes_are_as_it_made_them() {
    let shop = Shop::new();
    let table = shop
        .write(
            "BEGIN; CREATE STORE t (id INT PRIMARY KEY, a INT, b TEXT); CREATE INDEX t_a ON t (a, b);
             INSERT INTO t VALUES (1, 5, 'x'), (2, 5, 'w'), (3, 6, 'v');
             SELECT id FROM t WHERE a = 5 ORDER BY b; COMMIT",
        )
        .unwrap();
    assert_eq!(table.rows, [[Value::Integer(2)], [Value::Integer(1)]]);
    assert_eq!(
        shop.plan("SELECT id FROM t WHERE a = 5 ORDER BY b"),
        ["index t_a[a = ?]"]
    );
    shop.write("BEGIN; DROP INDEX t_a; INSERT INTO t VALUES (4, 5, 'y'); ROLLBACK")
        .unwrap();
    assert_eq!(shop.count("SELECT count(*) FROM t WHERE a = 5"), 2);
    let mut dry = Request::new("CREATE INDEX t_b ON t (b)", Params::None).writing();
    dry.dry_run = true;
    let table = shop.engine.collect(&shop.catalog, &dry).unwrap();
    assert_eq!(table.summary.definitions.len(), 1);
    shop.write("CREATE INDEX t_b ON t (b)").unwrap();
    shop.write("DROP STORE t").unwrap();
    assert!(shop.db.begin(Mode::Read).unwrap().documents("t_b").is_err());
    shop.assert_clean();
}

#[test]
fn unique_indexes_are_kept_by_statements() {
    let shop = Shop::with(&[]);
    shop.write("CREATE UNIQUE INDEX one_name ON users (name)")
        .unwrap();
    let error = shop
        .write("UPDATE users SET name = 'user 1' WHERE key = 2")
        .unwrap_err();
    assert_eq!(error.code, Code::Constraint, "{error}");
    assert!(
        error.message.contains("key 2") && error.message.contains("name"),
        "{error}"
    );
    assert_eq!(
        shop.plan("SELECT * FROM users WHERE name = 'user 1'"),
        ["index one_name[name = ?]"]
    );
    let error = shop
        .write("CREATE UNIQUE INDEX one_country ON users (country)")
        .unwrap_err();
    assert_eq!(error.code, Code::Constraint, "{error}");
    assert!(
        shop.db
            .begin(Mode::Read)
            .unwrap()
            .documents("one_country")
            .is_err()
    );
    shop.assert_clean();
}

#[test]
fn what_cannot_be_says_why() {
    let shop = Shop::with(&[BY_USER]);
    for (sql, code, part) in [
        (
            "CREATE INDEX i ON orders (user_idd)",
            Code::FieldNotFound,
            "user_idd",
        ),
        (
            "CREATE INDEX i ON ordrs (user_id)",
            Code::StoreNotFound,
            "ordrs",
        ),
        (
            "CREATE INDEX users ON orders (user_id)",
            Code::Constraint,
            "is a store",
        ),
        (
            "CREATE INDEX orders_by_user ON orders (status)",
            Code::Constraint,
            "exists already",
        ),
        (
            "CREATE INDEX i ON orders (lower(status))",
            Code::Unsupported,
            "not by expressions",
        ),
        (
            "CREATE INDEX i ON orders (total + 1)",
            Code::Syntax,
            "not by expressions",
        ),
        (
            "CREATE INDEX i ON orders (status) WHERE total > 1",
            Code::Unsupported,
            "WHERE",
        ),
        (
            "CREATE INDEX i ON orders (status COLLATE NOCASE)",
            Code::Unsupported,
            "COLLATE",
        ),
        (
            "CREATE INDEX i ON orders (_version)",
            Code::InvalidValue,
            "is no field",
        ),
        (
            "CREATE INDEX i ON orders_by_user (user_id)",
            Code::InvalidValue,
            "is an index itself",
        ),
        ("DROP INDEX orders", Code::InvalidValue, "DROP STORE"),
        ("DROP INDEX nothing", Code::StoreNotFound, "nothing"),
        (
            "DROP STORE orders_by_user",
            Code::InvalidValue,
            "DROP INDEX",
        ),
        (
            "DELETE FROM orders_by_user",
            Code::Unsupported,
            "kept by the database",
        ),
        (
            "ALTER STORE orders_by_user ADD COLUMN x INT",
            Code::Unsupported,
            "kept by the database",
        ),
    ] {
        let error = shop.write(sql).unwrap_err();
        assert_eq!(error.code, code, "{sql}: {error}");
        assert!(error.message.contains(part), "{sql}: {error}");
    }
}

#[test]
fn a_plan_without_an_index_says_which_would_help() {
    let shop = Shop::new();
    let sql = "SELECT * FROM users u LEFT JOIN orders o ON o.user_id = u.key";
    let plan = shop
        .engine
        .explain(&shop.catalog, &Request::new(sql, Params::None), false)
        .unwrap();
    let statement = "CREATE INDEX orders_by_user_id ON orders (user_id)";
    assert!(plan.advice[0].contains(statement), "{plan}");
    shop.write(statement).unwrap();
    let plan = shop
        .engine
        .explain(&shop.catalog, &Request::new(sql, Params::None), false)
        .unwrap();
    assert!(plan.advice.is_empty(), "{plan}");
    assert!(
        plan.to_string()
            .contains("index orders_by_user_id[user_id = ?] of o"),
        "{plan}"
    );
}

/// A store whose key begins with another's needs no index: the link is a prefix of its keys.
#[test]
fn a_link_store_is_sought_by_its_prefix() {
    let shop = Shop::new();
    shop.write(
        "CREATE STORE links (user_id INT, order_id INT, PRIMARY KEY (user_id, order_id),
         FOREIGN KEY (user_id) REFERENCES users, FOREIGN KEY (order_id) REFERENCES orders)",
    )
    .unwrap();
    shop.write("INSERT INTO links (user_id, order_id) SELECT user_id, key FROM orders")
        .unwrap();
    let sql = "SELECT u.name, o.total FROM users u JOIN links l ON l.user_id = u.key
               JOIN orders o ON o.key = l.order_id WHERE u.key = 3";
    assert_eq!(
        shop.plan(sql),
        [
            "seek users[key = ?]",
            "seek links[user_id = ?]",
            "seek orders[key = ?]"
        ]
    );
    assert_eq!(shop.read(sql).rows.len(), 40);
}

/// An index has the stored values: who sees a store in part sees nothing of its indexes.
#[test]
fn what_is_not_seen_is_not_seen_through_an_index() {
    let shop = Shop::with(&[BY_USER]);
    let ask = |sql: &str, visibility: Visibility| {
        let request = Request {
            visibility,
            ..Request::new(sql, Params::None).writing()
        };
        shop.engine.collect(&shop.catalog, &request)
    };
    let masked = || Visibility::default().mask_field("shop", "orders", "user_id");
    let rows = ask("SELECT user_id FROM orders LIMIT 1", masked())
        .unwrap()
        .rows;
    assert_eq!(rows, [[Value::Null]]);
    for sql in [
        "SELECT user_id FROM orders_by_user",
        "DROP INDEX orders_by_user",
        "CREATE INDEX other ON orders (status)",
    ] {
        ask(sql, masked()).unwrap_err();
    }
    let hidden = Visibility::default().hide_store("shop", "orders");
    ask("SELECT * FROM orders_by_user", hidden).unwrap_err();
    // Not shown, and used all the same.
    let others = Visibility::default()
        .hide_other_stores("shop")
        .show_store("shop", "orders");
    let counted = ask("SELECT count(*) FROM orders WHERE user_id = 7", others).unwrap();
    assert_eq!(
        (counted.rows, counted.summary.scanned),
        (vec![vec![Value::Integer(40)]], 0)
    );
}
