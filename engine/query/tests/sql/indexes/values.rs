//! Values that an index does not have as they are, or that compare as equal with others.

use super::Shop;
use sop::{Document, Key};
use sop_query::sql::Value;

#[test]
fn what_reads_back_otherwise_is_read_from_the_item() {
    let shop = Shop::new();
    shop.write("UPDATE users SET x = 0 WHERE key = 9").unwrap();
    shop.write("CREATE INDEX by_x ON users (x)").unwrap();
    for (key, x) in [
        (1, "5.0"),
        (2, "5"),
        (3, "true"),
        (4, "18446744073709551615"),
        (5, "[1, 2]"),
    ] {
        let sql = format!("UPDATE users SET value = '{{\"x\":{x}}}' WHERE key = {key}");
        shop.write(&sql).unwrap();
    }
    let long = "y".repeat(3_000);
    shop.write(&format!("UPDATE users SET x = '{long}' WHERE key = 6"))
        .unwrap();
    shop.write(&format!("UPDATE users SET x = '{long}z' WHERE key = 7"))
        .unwrap();
    let rows = shop
        .read("SELECT key, x, typeof(x) FROM users WHERE x >= 5 ORDER BY key")
        .rows;
    let types: Vec<_> = rows.iter().map(|row| row[2].clone()).collect();
    assert_eq!(
        types,
        ["real", "integer", "text", "text", "text", "text"].map(|t| Value::Text(t.to_owned()))
    );
    assert_eq!(rows[4][1], Value::Text(long.clone()));
    let sql = format!("SELECT key FROM users WHERE x = '{long}z'");
    assert_eq!(shop.read(&sql).rows, [[Value::Integer(7)]]);
    assert_eq!(shop.plan(&sql), ["index by_x[x = ?]"]);
    // The order of texts that were cut is not that of the entries.
    let sql = "SELECT key FROM users WHERE x > 'a' ORDER BY x DESC LIMIT 1";
    assert!(
        shop.plan(sql).contains(&"sort".to_owned()),
        "{:?}",
        shop.plan(sql)
    );
    assert_eq!(shop.read(sql).rows, [[Value::Integer(7)]]);
    assert_eq!(
        shop.count(&format!("SELECT count(*) FROM users WHERE x = '{long}'")),
        1
    );
    shop.assert_clean();
}

#[test]
fn a_text_that_is_cut_within_a_transaction_is_sorted_there() {
    let shop = Shop::with(&["by_name ON users (name)"]);
    let (a, b) = (
        format!("{}a", "z".repeat(2_000)),
        format!("{}b", "z".repeat(2_000)),
    );
    let sql = format!(
        "BEGIN; SELECT name FROM users ORDER BY name LIMIT 1;
         UPDATE users SET name = '{b}' WHERE key = 1; UPDATE users SET name = '{a}' WHERE key = 2;
         SELECT key FROM users ORDER BY name DESC LIMIT 2; COMMIT"
    );
    let table = shop.write(&sql).unwrap();
    assert_eq!(table.rows, [[Value::Integer(1)], [Value::Integer(2)]]);
    shop.assert_clean();
}

/// Numbers and texts that compare as equal are found, and come in the order that was asked for.
#[test]
fn values_of_other_types_are_found_as_sqlite_compares_them() {
    let shop = Shop::with(&[]);
    shop.write("CREATE STORE t (id BIGINT PRIMARY KEY, n INT)")
        .unwrap();
    shop.write("CREATE INDEX t_a ON t (a, n)").unwrap();
    for (id, a, n) in [
        (1_i64, "5", 3),
        (2, "\"5\"", 1),
        (3, "\"05\"", 2),
        (4, "5.0", 0),
        (5, "\"x\"", 9),
    ] {
        let value = Document::from_json(format!("{{\"a\":{a},\"n\":{n}}}").as_bytes()).unwrap();
        shop.db
            .transact(|tx| tx.documents("t")?.insert(&Key::from(id), &value).map(drop))
            .unwrap();
    }
    let ids = |sql: &str| -> Vec<i64> {
        let rows = shop.read(sql).rows;
        rows.iter()
            .map(|row| {
                if let Value::Integer(id) = row[0] {
                    id
                } else {
                    panic!("{row:?}")
                }
            })
            .collect()
    };
    assert_eq!(
        shop.plan("SELECT id FROM t WHERE a = 5 ORDER BY n"),
        ["index t_a[a = ?]"]
    );
    assert_eq!(ids("SELECT id FROM t WHERE a = 5 ORDER BY n"), [4, 1]);
    assert_eq!(ids("SELECT id FROM t WHERE a = '5' ORDER BY n"), [2]);
    assert_eq!(
        ids("SELECT id FROM t WHERE a = CAST('5' AS INTEGER) ORDER BY n"),
        [4, 2, 3, 1]
    );
    assert_eq!(
        ids("SELECT id FROM t WHERE a = CAST('5' AS INTEGER) ORDER BY n DESC"),
        [1, 3, 2, 4]
    );
    assert_eq!(shop.count("SELECT count(*) FROM t WHERE a = 5"), 2);
}
