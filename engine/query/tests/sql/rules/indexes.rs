//! Rules 19 to 24: when an index is read.

use super::{AGE, Rules, fill};
use sop::{IndexDefinition, Key};
use sop_query::sql::Params;

#[test]
fn rule_19_an_index_is_read_like_keys() {
    Rules::with(&[AGE]).check(&[
        (
            "SELECT * FROM users WHERE age = 3",
            &["index by_age[age = ?]"],
        ),
        (
            "SELECT * FROM users WHERE age IN (3, 4)",
            &["index by_age[age = ?]"],
        ),
        (
            "SELECT * FROM users WHERE age IS NULL",
            &["index by_age[age is null]"],
        ),
        (
            "SELECT * FROM users WHERE age = 3 AND name > 'user 2'",
            &["index by_age[age = ?, name > ?]"],
        ),
        (
            "SELECT * FROM users WHERE name = 'user 2'",
            &["scan users where name = ?"],
        ),
        (
            "SELECT * FROM users WHERE age = 3 AND note = 'x'",
            &["index by_age[age = ?] where note = ?"],
        ),
    ]);
}

#[test]
fn rule_20_an_index_has_to_be_cheaper() {
    Rules::with(&[AGE]).check(&[
        (
            "SELECT * FROM users WHERE age > 57",
            &["index by_age[age > ?]"],
        ),
        (
            "SELECT * FROM users WHERE age > 1",
            &["scan users where age > ?"],
        ),
        (
            "SELECT * FROM users WHERE age = 3 AND key = 3",
            &["seek users[key = ?] where age = ?"],
        ),
    ]);
}

#[test]
fn rule_21_an_index_is_a_hash_that_is_there() {
    let sql = "SELECT * FROM tracks a LEFT JOIN users b ON b.age = a.nr";
    Rules::with(&[AGE]).check(&[(sql, &["scan tracks", "index by_age[age = ?]"])]);
    Rules::with(&["by_name ON users (name)"]).check(&[(sql, &["scan tracks", "hash users[age]"])]);
}

#[test]
fn rule_22_an_index_in_the_order_asked_for_saves_a_sort() {
    Rules::with(&[AGE]).check(&[
        (
            "SELECT * FROM users ORDER BY age LIMIT 3",
            &["index by_age"],
        ),
        (
            "SELECT age, name FROM users ORDER BY age DESC, name",
            &["index by_age descending"],
        ),
        (
            "SELECT age, name FROM users ORDER BY age, name",
            &["scan users", "sort"],
        ),
        ("SELECT age FROM users", &["scan users"]),
    ]);
}

#[test]
fn rule_23_an_index_of_cut_texts_has_no_order() {
    let rules = Rules::new();
    let long = format!(r#"{{"name":"{}"}}"#, "long ".repeat(2_000));
    let (_, db) = rules.catalog.iter().next().unwrap();
    fill(db, "users", std::iter::once((Key::from(1_000_i64), long)));
    db.transact(|tx| tx.create_index(&IndexDefinition::new("by_name", "users", &["name"])))
        .unwrap();
    db.build_indexes().unwrap();
    rules.check(&[
        (
            "SELECT * FROM users ORDER BY name LIMIT 3",
            &["scan users", "sort"],
        ),
        (
            "SELECT * FROM users WHERE name = 'user 7'",
            &["index by_name[name = ?]"],
        ),
    ]);
}

#[test]
fn rule_24_entries_that_have_everything_are_enough() {
    let rules = Rules::with(&[AGE]);
    let nodes = |sql: &str| {
        let table = rules.engine.table(&rules.catalog, sql, Params::None);
        table.unwrap().summary.nodes_read
    };
    let covered = nodes("SELECT key, age, name FROM users WHERE age = 3");
    let fetched = nodes("SELECT key, age, name, note FROM users WHERE age = 3");
    assert!(covered < fetched, "{covered} nodes, {fetched} nodes");
}
