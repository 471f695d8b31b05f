//! Each rule by which the planner chooses how a store is read, in the order of the list in `sql/table/plan.rs`: where it fires,
//! seen on EXPLAIN, and where it must not.

mod indexes;
mod order;

use sop::key::CelExpression;
use sop::vfs::SimVfs;
use sop::{Database, Document, Key, KeyField, KeySpec, KeyType, OpenOptions, StoreDefinition};
use sop_query::sql::{
    Catalog, EngineOptions, Params, Plan, QueryEngine, Request, Value, Visibility,
};
use std::sync::Arc;

struct Rules {
    catalog: Catalog,
    engine: QueryEngine,
    visibility: Visibility,
}

fn ascending(name: &str, kind: KeyType) -> KeyField {
    KeyField::new(name, kind)
}

fn fill(db: &Database, store: &str, items: impl Iterator<Item = (Key, String)>) {
    let items: Vec<_> = items.collect();
    db.transact(|tx| {
        let store = tx.documents(store)?;
        for (key, value) in &items {
            store.insert(key, &Document::from_json(value.as_bytes())?)?;
        }
        Ok(())
    })
    .unwrap();
}

impl Rules {
    /// `users`: 300, by number. `tracks`: 300, by album, and behind it by number downwards. `words`: by text. `sizes`: by double.
    /// `events`: several with one key. `ranked`: in the order of an expression.
    fn new() -> Self {
        let vfs = Arc::new(SimVfs::new());
        let options = OpenOptions::new().vfs(vfs).background(false);
        let db = options.open("/db").unwrap();
        let composite = |fields: Vec<KeyField>| KeySpec::composite(fields, Vec::new()).unwrap();
        let tracks = composite(vec![
            ascending("album", KeyType::I64),
            ascending("nr", KeyType::I64).descending(),
        ]);
        let words = composite(vec![
            ascending("word", KeyType::String),
            ascending("nr", KeyType::I64),
        ]);
        let ranked = composite(vec![
            ascending("group", KeyType::I64),
            ascending("rank", KeyType::I64),
        ]);
        let ranked = ranked
            .ordered_by(CelExpression::SortKey("key.rank".to_owned()))
            .unwrap();
        let definitions = [
            StoreDefinition::new("users", KeySpec::single(KeyType::I64)),
            StoreDefinition::new("tracks", tracks),
            StoreDefinition::new("words", words),
            StoreDefinition::new("sizes", KeySpec::single(KeyType::F64)),
            StoreDefinition::new("ranked", ranked),
            StoreDefinition {
                unique: false,
                ..StoreDefinition::new("events", KeySpec::single(KeyType::I64))
            },
        ];
        db.transact(|tx| {
            definitions
                .iter()
                .try_for_each(|definition| tx.create_store(definition.clone()))
        })
        .unwrap();
        let value = |n: i64| {
            format!(
                r#"{{"age":{},"name":"user {n}","big":18446744073709551615,"home":{{"zip":"z{}"}},"note":"{}"}}"#,
                n % 60,
                n % 9,
                "x".repeat(40)
            )
        };
        fill(&db, "users", (0..300).map(|n| (Key::from(n), value(n))));
        let track = |n: i64| (Key::composite([n / 10, n % 10]), value(n));
        fill(&db, "tracks", (0..300).map(track));
        let word = |n: i64| {
            let word = ["ab", "abc", "b", "Ba"][n as usize % 4];
            let key = Key::composite([sop::key::KeyValue::from(word), sop::key::KeyValue::from(n)]);
            (key, value(n))
        };
        fill(&db, "words", (0..100).map(word));
        fill(
            &db,
            "sizes",
            (0..50).map(|n| (Key::from(n as f64), value(n))),
        );
        let rank = |n: i64| (Key::composite([n, -n]), value(n));
        fill(&db, "ranked", (0..50).map(rank));
        fill(&db, "events", (0..50).map(|n| (Key::from(n / 5), value(n))));
        Self {
            catalog: Catalog::new(vec![("d".to_owned(), db)]),
            engine: QueryEngine::new(EngineOptions::default()),
            visibility: Visibility::default(),
        }
    }

    fn with(indexes: &[&str]) -> Self {
        let rules = Self::new();
        for index in indexes {
            let sql = format!("CREATE INDEX {index}");
            let request = Request::new(sql, Params::None).writing();
            rules.engine.collect(&rules.catalog, &request).unwrap();
        }
        rules
    }

    fn explained(&self, sql: &str, params: Params, analyze: bool) -> Plan {
        let request = Request {
            visibility: self.visibility.clone(),
            ..Request::new(sql, params).writing()
        };
        self.engine
            .explain(&self.catalog, &request, analyze)
            .unwrap_or_else(|error| panic!("{error}: {sql}"))
    }

    /// The ways in which stores are read, and the other steps by their names.
    fn plan(&self, sql: &str) -> Vec<String> {
        let plan = self.explained(sql, Params::None, false);
        let shown = plan.nodes.iter().map(|node| match &node.access {
            Some(access) => access.clone(),
            None => node.operator.to_owned(),
        });
        shown.collect()
    }

    #[track_caller]
    fn check(&self, cases: &[(&str, &[&str])]) {
        let mut faults = Vec::new();
        for (sql, expected) in cases {
            let plan = self.plan(sql);
            if plan != *expected {
                faults.push(format!("{sql}\n  {plan:?}, not {expected:?}"));
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    fn scanned(&self, sql: &str) -> u64 {
        let table = self.engine.table(&self.catalog, sql, Params::None);
        table.unwrap().summary.scanned
    }

    /// Rows that were expected of the first store.
    fn estimated(&self, sql: &str, params: Params) -> f64 {
        let plan = self.explained(sql, params, false);
        let mut stores = plan.nodes.iter().filter_map(|node| node.estimated_rows);
        stores.next().unwrap()
    }
}

#[test]
fn rule_01_an_item_is_found_by_its_place() {
    let rules = Rules::new();
    rules.check(&[
        (
            "SELECT * FROM users WHERE _position = x'00'",
            &["item users at a place"],
        ),
        ("SELECT * FROM users WHERE _version = 1", &["scan users"]),
    ]);
}

#[test]
fn rule_02_a_whole_key_is_one_item() {
    let rules = Rules::new();
    rules.check(&[
        (
            "SELECT * FROM users WHERE key = 5",
            &["seek users[key = ?]"],
        ),
        (
            "SELECT * FROM tracks WHERE nr = 2 AND album = 1",
            &["seek tracks[album = ?, nr = ?]"],
        ),
        ("SELECT * FROM users WHERE key + 0 = 5", &["scan users"]),
        (
            "SELECT * FROM users WHERE key = 5 OR age = 5",
            &["scan users"],
        ),
        ("SELECT * FROM users WHERE key <> 5", &["scan users"]),
    ]);
    let one = |sql: &str| rules.estimated(sql, Params::None) < 1.5;
    assert!(one("SELECT * FROM users WHERE key = 5"));
    assert!(!one("SELECT * FROM events WHERE key = 5"));
}

#[test]
fn rule_03_leading_fields_of_a_key_are_a_range() {
    Rules::new().check(&[
        (
            "SELECT * FROM tracks WHERE album = 1",
            &["seek tracks[album = ?]"],
        ),
        ("SELECT * FROM tracks WHERE nr = 2", &["scan tracks"]),
        (
            "SELECT * FROM users WHERE age = 2",
            &["scan users where age = ?"],
        ),
    ]);
}

#[test]
fn rule_04_limits_on_the_next_field_narrow_it() {
    Rules::new().check(&[
        (
            "SELECT * FROM users WHERE key > 5",
            &["seek users[key > ?]"],
        ),
        (
            "SELECT * FROM users WHERE key BETWEEN 5 AND 6",
            &["seek users[key >= ?, key <= ?]"],
        ),
        (
            "SELECT * FROM tracks WHERE album = 1 AND nr <= 5 AND nr > 1",
            &["seek tracks[album = ?, nr > ?, nr <= ?]"],
        ),
        (
            "SELECT * FROM tracks WHERE album > 1 AND nr = 5",
            &["seek tracks[album > ?]"],
        ),
        ("SELECT * FROM tracks WHERE nr > 5", &["scan tracks"]),
    ]);
}

#[test]
fn rule_05_a_list_is_a_range_for_each_value() {
    Rules::new().check(&[
        (
            "SELECT * FROM users WHERE key IN (1, 5, 9)",
            &["seek users[key = ?]"],
        ),
        (
            "SELECT * FROM tracks WHERE album IN (1, 2) AND nr IN (3, 4)",
            &["seek tracks[album = ?, nr = ?]"],
        ),
        (
            "SELECT * FROM users WHERE key NOT IN (1, 5)",
            &["scan users"],
        ),
        (
            "SELECT * FROM users WHERE age IN (1, 5)",
            &["scan users where age in (?)"],
        ),
    ]);
    assert_eq!(
        Rules::new().scanned("SELECT name FROM users WHERE key IN (1, 5, 9, 999)"),
        3
    );
}

#[test]
fn rule_06_missing_fields_of_a_composite_key_have_a_place() {
    Rules::new().check(&[
        (
            "SELECT * FROM tracks WHERE album IS NULL",
            &["seek tracks[album is null]"],
        ),
        ("SELECT * FROM users WHERE key IS NULL", &["scan users"]),
        (
            "SELECT * FROM tracks WHERE album IS NOT NULL",
            &["scan tracks"],
        ),
    ]);
}

#[test]
fn rule_07_the_beginning_of_a_pattern_is_a_prefix() {
    Rules::new().check(&[
        (
            "SELECT * FROM words WHERE word LIKE 'ab%'",
            &["prefix words[word like ?]"],
        ),
        (
            "SELECT * FROM words WHERE word = 'b' AND nr LIKE '1%'",
            &["seek words[word = ?]"],
        ),
        ("SELECT * FROM users WHERE key LIKE '1%'", &["scan users"]),
        (
            "SELECT * FROM users WHERE name LIKE 'user 1%'",
            &["scan users where name like ?"],
        ),
    ]);
    let rules = Rules::new();
    assert_eq!(
        rules.scanned("SELECT nr FROM words WHERE word LIKE 'ab%'"),
        50
    );
    // Nothing is known of the beginning.
    assert_eq!(
        rules.scanned("SELECT nr FROM words WHERE word LIKE '%b'"),
        100
    );
}

#[test]
fn rule_08_other_collations_have_another_order() {
    Rules::new().check(&[
        (
            "SELECT * FROM words WHERE word = 'b' COLLATE NOCASE",
            &["scan words"],
        ),
        (
            "SELECT * FROM words WHERE word = 'b' COLLATE BINARY",
            &["seek words[word = ?]"],
        ),
        (
            "SELECT * FROM users WHERE name = 'b' COLLATE NOCASE",
            &["scan users"],
        ),
    ]);
}

#[test]
fn rule_09_in_the_order_of_an_expression_only_whole_keys_have_a_place() {
    Rules::new().check(&[
        (
            "SELECT * FROM ranked WHERE \"group\" = 3 AND rank = -3",
            &["seek ranked[group = ?, rank = ?]"],
        ),
        ("SELECT * FROM ranked WHERE \"group\" = 3", &["scan ranked"]),
        ("SELECT * FROM ranked WHERE \"group\" > 3", &["scan ranked"]),
        (
            "SELECT * FROM ranked ORDER BY \"group\"",
            &["scan ranked", "sort"],
        ),
    ]);
}

#[test]
fn rule_10_places_bound_a_walk() {
    Rules::new().check(&[
        (
            "SELECT * FROM users WHERE _position > x'00' ORDER BY _position",
            &["seek users[behind a place]"],
        ),
        (
            "SELECT * FROM users WHERE key > 5 AND _position < x'00'",
            &["seek users[key > ?, before a place]"],
        ),
        (
            "SELECT * FROM users WHERE _position <> x'00'",
            &["scan users"],
        ),
    ]);
}

#[test]
fn rule_11_values_that_are_known_are_counted_for_the_estimate() {
    let rules = Rules::new();
    for (below, items) in [(7, 70.0), (25, 250.0)] {
        let sql = format!("SELECT * FROM tracks WHERE album < {below}");
        let known = rules.estimated(&sql, Params::None);
        assert!((known - items).abs() < items / 10.0, "{known}, not {items}");
    }
    // The same for all values that are not.
    let of = |value| {
        let params = Params::Positional(vec![Value::Integer(value)]);
        rules.estimated("SELECT * FROM tracks WHERE album < ?", params)
    };
    assert!((of(7) - of(25)).abs() < 1.0);
}

#[test]
fn rule_12_a_field_that_joins_is_hashed() {
    let rules = Rules::new();
    rules.check(&[
        (
            "SELECT * FROM tracks a LEFT JOIN users b ON b.age = a.nr",
            &["scan tracks", "hash users[age]"],
        ),
        (
            "SELECT * FROM tracks a LEFT JOIN users b ON b.key = a.nr AND b.age = a.nr",
            &["scan tracks", "seek users[key = ?] where age = ?"],
        ),
        (
            "SELECT * FROM tracks a LEFT JOIN users b ON b.age = a.nr AND b.key > 5",
            &["scan tracks", "hash users[age]"],
        ),
        (
            "SELECT * FROM tracks a LEFT JOIN users b ON b.age > a.nr",
            &["scan tracks", "scan users where age > ?"],
        ),
        // One value is found by one walk.
        (
            "SELECT * FROM users WHERE age = 5",
            &["scan users where age = ?"],
        ),
    ]);
    assert_eq!(
        rules.scanned("SELECT count(*) FROM tracks a LEFT JOIN users b ON b.age = a.nr"),
        // All tracks, users once without and once for the hash, and what is found.
        300 + 300 + 300 + 299 * 5
    );
}

#[test]
fn rule_17_an_offset_is_a_rank() {
    let rules = Rules::new();
    rules.check(&[
        (
            "SELECT * FROM users LIMIT 5 OFFSET 100",
            &["scan users from an offset"],
        ),
        (
            "SELECT * FROM users ORDER BY key DESC LIMIT 5 OFFSET 100",
            &["scan users descending from an offset"],
        ),
        (
            "SELECT * FROM users WHERE age > 3 LIMIT 5 OFFSET 100",
            &["scan users where age > ?"],
        ),
        (
            "SELECT * FROM users ORDER BY age LIMIT 5 OFFSET 100",
            &["scan users", "sort"],
        ),
        (
            "SELECT * FROM users WHERE key > 3 LIMIT 5 OFFSET 100",
            &["seek users[key > ?]"],
        ),
    ]);
    assert!(rules.scanned("SELECT name FROM users LIMIT 5 OFFSET 200") <= 6);
}

#[test]
fn rule_18_counting_is_one_row() {
    let rules = Rules::new();
    rules.check(&[
        ("SELECT count(*) FROM users", &["count users"]),
        (
            "SELECT count(*) FROM tracks WHERE album = 1 AND nr < 3",
            &["count tracks[album = ?, nr < ?]"],
        ),
        (
            "SELECT count(*) FROM users WHERE age > 3",
            &["count users where age > ?"],
        ),
        (
            "SELECT count(*) FROM users WHERE key > 5 AND age = 3",
            &["count users[key > ?] where age = ?"],
        ),
        // Another field of the key cannot be tested apart.
        ("SELECT count(*) FROM tracks WHERE nr < 3", &["scan tracks"]),
        (
            "SELECT count(*) FROM users WHERE age + 0 > 3",
            &["scan users"],
        ),
        ("SELECT count(age) FROM users", &["scan users"]),
    ]);
    // What only SQLite can compare is walked all the same.
    let sql = "SELECT count(*) FROM users WHERE big > 3";
    let table = rules.engine.table(&rules.catalog, sql, Params::None);
    assert_eq!(table.unwrap().rows[0][0], Value::Integer(300));
    assert_eq!(
        rules.scanned("SELECT count(*) FROM users WHERE key < 100"),
        0
    );
    assert_eq!(
        rules.scanned("SELECT count(*) FROM users WHERE age > 3"),
        300
    );
}

const AGE: &str = "by_age ON users (age, name DESC)";

#[test]
fn rule_25_conditions_on_fields_are_tested_before_sqlite_sees_the_item() {
    let rules = Rules::new();
    rules.check(&[
        (
            "SELECT * FROM users WHERE age > 3 AND name <> 'x' AND note IS NOT NULL AND \"home.zip\" LIKE 'z1%'",
            &["scan users where age > ? and home.zip like ? and note is not null and name <> ?"],
        ),
        ("SELECT * FROM users WHERE key > 5 AND age = 3", &["seek users[key > ?] where age = ?"]),
        ("SELECT * FROM users WHERE age > 3 ORDER BY key DESC", &["scan users descending where age > ?"]),
        // These only SQLite can tell.
        ("SELECT * FROM users WHERE age + 1 > 3", &["scan users"]),
        ("SELECT * FROM users WHERE age > 3 OR name = 'x'", &["scan users"]),
        ("SELECT * FROM users WHERE name GLOB '[a-z]*'", &["scan users"]),
        ("SELECT * FROM users WHERE age IS 3", &["scan users"]),
    ]);
    // Rows of a join that has none are not lost.
    let sql = "SELECT count(*) FROM users a LEFT JOIN users b ON b.key = a.key AND b.age > 100 WHERE b.age IS NULL";
    let table = rules
        .engine
        .table(&rules.catalog, sql, Params::None)
        .unwrap();
    assert_eq!(table.rows[0][0], Value::Integer(300));
}

#[test]
fn rule_26_what_is_seen_in_part_is_read_by_its_keys_alone() {
    let mut rules = Rules::with(&[AGE]);
    rules.visibility = Visibility::default().hide_field("d", "users", "note");
    rules.check(&[
        ("SELECT * FROM users WHERE age = 3", &["scan users"]),
        (
            "SELECT * FROM users WHERE key = 3",
            &["seek users[key = ?]"],
        ),
    ]);
}

#[test]
fn rule_27_groups_in_the_order_of_keys_need_no_table() {
    Rules::new().check(&[
        (
            "SELECT album, count(*) FROM tracks GROUP BY album",
            &["scan tracks"],
        ),
        ("SELECT DISTINCT album FROM tracks", &["scan tracks"]),
        (
            "SELECT age, count(*) FROM users GROUP BY age",
            &["scan users in groups of age"],
        ),
    ]);
}

#[test]
fn rule_28_items_are_gathered_by_groups_where_they_fit() {
    let rules = Rules::with(&[AGE]);
    rules.check(&[
        (
            "SELECT name, count(*) FROM users GROUP BY name",
            &["scan users in groups of name"],
        ),
        (
            "SELECT name, sum(age) FROM users WHERE note LIKE 'x%' AND key > 5 GROUP BY 1 ORDER BY 2 DESC LIMIT 3",
            &["seek users[key > ?] where note like ? in groups of name", "sort"],
        ),
        (
            "SELECT name, \"home.zip\", count(*) FROM users WHERE big IN ('1', '2') GROUP BY 2, 1",
            &["scan users where big in (?) in groups of home.zip, name"],
        ),
        ("SELECT DISTINCT name FROM users", &["scan users in groups of name"]),
        (
            "SELECT u.name, count(*) FROM users u JOIN events e ON e.key = u.key GROUP BY u.name",
            &["scan users in groups of name", "seek events[key = ?]"],
        ),
        // An index, or the keys, have the order.
        ("SELECT age, count(*) FROM users GROUP BY age", &["index by_age"]),
        ("SELECT key, count(*) FROM users GROUP BY key", &["scan users"]),
        // SQLite has to be given all in an order, or by more than a field.
        ("SELECT name, count(*) FROM users GROUP BY name ORDER BY name", &["scan users", "group"]),
        ("SELECT name FROM users ORDER BY name", &["scan users", "sort"]),
        ("SELECT lower(name), count(*) FROM users GROUP BY 1", &["scan users", "group"]),
        ("SELECT name COLLATE nocase, count(*) FROM users GROUP BY 1", &["scan users", "group"]),
        // What else is wanted is not a value of the item.
        ("SELECT name, max(_version) FROM users GROUP BY name", &["scan users", "group"]),
        // What is found changes with the other item.
        (
            "SELECT b.name, count(*) FROM users a CROSS JOIN users b WHERE b.note > a.note GROUP BY b.name",
            &["scan users", "scan users where note > ?", "group"],
        ),
    ]);
    let sorting = Rules {
        engine: QueryEngine::new(EngineOptions {
            group_bytes: 10_000,
            ..EngineOptions::default()
        }),
        ..Rules::new()
    };
    sorting.check(&[(
        "SELECT name, count(*) FROM users GROUP BY name",
        &["scan users", "group"],
    )]);
}
