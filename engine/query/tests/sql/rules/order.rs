//! The order in which rows are wanted, and that of the keys.

use super::*;

#[test]
fn rule_13_rows_in_the_order_of_the_keys_are_not_sorted() {
    Rules::new().check(&[
        ("SELECT * FROM users ORDER BY key", &["scan users"]),
        (
            "SELECT * FROM users ORDER BY key DESC",
            &["scan users descending"],
        ),
        (
            "SELECT * FROM tracks ORDER BY album, nr DESC",
            &["scan tracks"],
        ),
        (
            "SELECT * FROM tracks ORDER BY album DESC, nr",
            &["scan tracks descending"],
        ),
        (
            "SELECT * FROM tracks ORDER BY album, nr",
            &["scan tracks", "sort"],
        ),
        ("SELECT * FROM tracks ORDER BY nr", &["scan tracks", "sort"]),
        ("SELECT * FROM users ORDER BY age", &["scan users", "sort"]),
        (
            "SELECT * FROM users ORDER BY key COLLATE NOCASE",
            &["scan users", "sort"],
        ),
        (
            "SELECT * FROM users ORDER BY _position DESC",
            &["scan users descending"],
        ),
    ]);
}

#[test]
fn rule_14_behind_equal_fields_the_rest_is_in_order() {
    Rules::new().check(&[
        (
            "SELECT * FROM tracks WHERE album = 1 ORDER BY nr DESC",
            &["seek tracks[album = ?]"],
        ),
        (
            "SELECT * FROM tracks WHERE album = 1 ORDER BY nr",
            &["seek tracks[album = ?] descending"],
        ),
        (
            "SELECT * FROM tracks WHERE album IN (1, 2) ORDER BY nr",
            &["seek tracks[album = ?]", "sort"],
        ),
        (
            "SELECT * FROM tracks WHERE album > 1 ORDER BY nr",
            &["seek tracks[album > ?]", "sort"],
        ),
    ]);
}

#[test]
fn rule_15_behind_a_whole_key_nothing_orders() {
    Rules::new().check(&[
        ("SELECT * FROM users ORDER BY key, name", &["scan users"]),
        (
            "SELECT * FROM events ORDER BY key, name",
            &["scan events", "sort"],
        ),
        (
            "SELECT * FROM users ORDER BY name, key",
            &["scan users", "sort"],
        ),
    ]);
}

#[test]
fn rule_16_keys_that_sql_orders_otherwise_are_sorted() {
    Rules::new().check(&[
        ("SELECT * FROM sizes ORDER BY key", &["scan sizes", "sort"]),
        (
            "SELECT * FROM sizes WHERE key > 3",
            &["seek sizes[key > ?]"],
        ),
    ]);
}
